"""Constraints on weights, applied after each update."""

from kerata.constraints.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from kerata.core import registry

max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

_ALIASES = {"nonneg": NonNeg, "unitnorm": UnitNorm, "maxnorm": MaxNorm, "minmaxnorm": MinMaxNorm}


def get(identifier):
    """A constraint from its name, config, class or itself.

    Raises: ValueError for an unknown name, with the nearest one.

    >>> type(get("non_neg")).__name__
    'NonNeg'
    """
    return registry.get(identifier, "constraints", _ALIASES)


def serialize(constraint):
    """The JSON form.

    >>> serialize(MaxNorm(3))["class_name"], serialize(MaxNorm(3))["config"]
    ('MaxNorm', {'max_value': 3, 'axis': 0})
    """
    return registry.serialize_keras_object(constraint)


def deserialize(config, custom_objects=None):
    """The constraint of a name or a JSON form.

    Args:
        config: a name, or what `serialize` gave.
        custom_objects: a dict from name to class or function, looked up first.

    Raises: ValueError for an unknown name.

    >>> deserialize(serialize(MaxNorm(3))).max_value
    3
    """
    with registry.CustomObjectScope(custom_objects):
        return get(config)


__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm", "min_max_norm", "non_neg",
    "serialize", "unit_norm",
]  # fmt: skip
