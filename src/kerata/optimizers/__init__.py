"""Optimizers."""

from kerata.core import registry
from kerata.optimizers import legacy, schedules
from kerata.optimizers.adam import Adam, Adamax, AdamW, Lamb, Lion, Nadam, ScheduleFreeAdamW
from kerata.optimizers.adaptive import Adadelta, Adafactor, Adagrad, Ftrl, RMSprop
from kerata.optimizers.loss_scale import LossScaleOptimizer
from kerata.optimizers.multi import MultiOptimizer, OptimizerMap
from kerata.optimizers.muon import Muon
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.sgd import SGD


def get(identifier):
    """An optimizer from its name, config, class or itself.

    Raises: ValueError for an unknown name, with the nearest one.

    >>> type(get("adam")).__name__, get({"class_name": "SGD", "config": {"momentum": 0.5}}).momentum
    ('Adam', 0.5)
    """
    found = registry.get(identifier, "optimizers")
    if found is not None and not isinstance(found, Optimizer) and not hasattr(found, "apply"):
        raise ValueError(f"{identifier!r} can't be understood as an optimizer: give a name, a config or an Optimizer.")
    return found


def serialize(optimizer):
    """The JSON form.

    >>> serialize(SGD(0.5))["class_name"], serialize(SGD(0.5))["config"]["learning_rate"]
    ('SGD', 0.5)
    """
    return registry.serialize_keras_object(optimizer)


def deserialize(config, custom_objects=None):
    """The optimizer of a name or a JSON form; class names in any case.

    Args:
        config: a name, or what `serialize` gave.
        custom_objects: a dict from name to class or function, looked up first.

    Raises: ValueError for an unknown name.

    >>> deserialize(serialize(SGD(momentum=0.9))).momentum
    0.9
    """
    with registry.CustomObjectScope(custom_objects):
        return get(config)


__all__ = [
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "LossScaleOptimizer",
    "MultiOptimizer", "Muon", "Nadam", "Optimizer", "OptimizerMap", "RMSprop", "SGD", "ScheduleFreeAdamW", "deserialize", "get",
    "legacy", "schedules", "serialize",
]  # fmt: skip
