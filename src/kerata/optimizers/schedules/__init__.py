"""Learning rate schedules."""

from kerata.core import registry
from kerata.optimizers.schedules.schedule import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)


def serialize(learning_rate_schedule):
    """The JSON form.

    >>> serialize(CosineDecay(0.1, 10))["config"]["decay_steps"]
    10
    """
    return registry.serialize_keras_object(learning_rate_schedule)


def deserialize(config, custom_objects=None):
    """The schedule of a JSON form.

    Args:
        config: what `serialize` gave.
        custom_objects: a dict from name to class or function, looked up first.

    Raises: ValueError for an unknown name.

    >>> deserialize(serialize(CosineDecay(0.1, 10))).decay_steps
    10
    """
    with registry.CustomObjectScope(custom_objects):
        return registry.get(config, "optimizers.schedules")


__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule",
    "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize",
]  # fmt: skip
