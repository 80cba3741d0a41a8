"""`get`, `serialize` and `deserialize` of activations."""

import types
from typing import Any

from kerata.activations.functions import linear
from kerata.core import registry, serialization
from kerata.core.lookup import Namespace


class _Activations(Namespace):
    def get(self, identifier: Any) -> Any:
        """An activation function from its name, its config, itself or None (`linear`).

        Raises: ValueError for an unknown name, with the nearest one.

        >>> import kerata
        >>> kerata.activations.get("relu").__name__, kerata.activations.get(None).__name__
        ('relu', 'linear')
        """
        return linear if identifier is None else super().get(identifier)


_activations = _Activations("activations", {"swish": "silu", "hard_swish": "hard_silu"})
get, deserialize = _activations.get, _activations.deserialize


def serialize(activation: Any) -> Any:
    """The name of a built-in function; the JSON form of one of the user's.

    >>> import kerata
    >>> serialize(kerata.activations.relu)
    'relu'
    """
    config = serialization.serialize_keras_object(activation)
    if not isinstance(activation, types.FunctionType):
        return config
    if registry.builtins("activations").get(activation.__name__) is activation:
        return activation.__name__
    return config | {"config": registry.get_registered_name(activation)}
