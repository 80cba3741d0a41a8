"""`get`, `serialize` and `deserialize` of regularizers."""

from typing import Any

from kerata.core import serialization
from kerata.core.lookup import Namespace
from kerata.regularizers.regularizers import L1L2


class _Regularizers(Namespace):
    def get(self, identifier: Any) -> Any:
        """A regularizer from its name, config, class or itself; None for None.

        Raises: ValueError for an unknown name, with the nearest one.

        >>> import kerata
        >>> kerata.regularizers.get("l2").l2
        0.01
        """
        if isinstance(identifier, str) and identifier == "l1_l2":  # named by a string it is a penalty, as in Keras 1 and 2
            return L1L2(0.01, 0.01)
        return super().get(identifier)


_regularizers = _Regularizers("regularizers", {"l1l2": "L1L2", "orthogonal": "OrthogonalRegularizer"})
get, deserialize = _regularizers.get, _regularizers.deserialize


def serialize(regularizer: Any) -> Any:
    """The JSON form of a regularizer; see `keras.saving.serialize_keras_object`."""
    return serialization.serialize_keras_object(regularizer)
