"""`get`, `serialize` and `deserialize` of quantizers."""

from typing import Any

from kerata.core import serialization
from kerata.core.lookup import Namespace

_quantizers = Namespace("quantizers", instantiate=False)
deserialize = _quantizers.deserialize


def get(identifier: Any, **kwargs: Any) -> Any:
    """A quantizer from its name, config, class, itself, or None.

    Args:
        identifier: such as "abs_max_quantizer".
        kwargs: the constructor's arguments, with a name or a class.

    Raises: ValueError for an unknown name, with the nearest one.

    >>> get("abs_max_quantizer", axis=-1).axis
    (-1,)
    """
    found = _quantizers.get(identifier)
    return found(**kwargs) if isinstance(found, type) else found


def serialize(initializer: Any) -> Any:
    """The JSON form of a quantizer; see `keras.saving.serialize_keras_object`."""
    return serialization.serialize_keras_object(initializer)
