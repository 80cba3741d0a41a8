"""Penalties on weights and outputs."""

from kerata.core import registry
from kerata.regularizers.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer

l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

_ALIASES = {"l1l2": L1L2, "orthogonal": OrthogonalRegularizer}


def get(identifier):
    """A regularizer from its name, config, class or itself.

    Raises: ValueError for an unknown name, with the nearest one.

    >>> get("l2").l2
    0.01
    """
    if isinstance(identifier, str) and identifier == "l1_l2":  # named by a string it is a penalty, as in Keras 1 and 2
        return L1L2(0.01, 0.01)
    return registry.get(identifier, "regularizers", _ALIASES)


def serialize(regularizer):
    """The JSON form.

    >>> serialize(L2(0.5))["class_name"], serialize(L2(0.5))["config"]
    ('L2', {'l2': 0.5})
    """
    return registry.serialize_keras_object(regularizer)


def deserialize(config, custom_objects=None):
    """The regularizer of a name or a JSON form.

    Args:
        config: a name, or what `serialize` gave.
        custom_objects: a dict from name to class or function, looked up first.

    Raises: ValueError for an unknown name.

    >>> deserialize(serialize(L2(0.5))).l2
    0.5
    """
    with registry.CustomObjectScope(custom_objects):
        return get(config)


__all__ = [
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2",
    "orthogonal_regularizer", "serialize",
]  # fmt: skip
