"""`get`, `serialize` and `deserialize` of optimizers."""

from typing import Any

from kerata.core import serialization
from kerata.core.lookup import Namespace


class _Optimizers(Namespace):
    def get(self, identifier: Any) -> Any:
        """An optimizer from its name, config, class or itself; None for None.

        Raises: ValueError for an unknown name, with the nearest one, and for what is no optimizer.

        >>> import kerata
        >>> kerata.optimizers.get({"class_name": "SGD", "config": {"momentum": 0.5}}).momentum
        0.5
        """
        found = super().get(identifier)
        if found is not None and not hasattr(found, "apply"):
            raise ValueError(f"{identifier!r} can't be understood as an optimizer: give a name, a config or an Optimizer.")
        return found


_optimizers = _Optimizers("optimizers")
get, deserialize = _optimizers.get, _optimizers.deserialize


def serialize(optimizer: Any) -> Any:
    """The JSON form of an optimizer; see `keras.saving.serialize_keras_object`."""
    return serialization.serialize_keras_object(optimizer)
