"""`get`, `serialize` and `deserialize` of initializers."""

from typing import Any

import numpy as np

from kerata.core import serialization
from kerata.core.arrays import to_numpy
from kerata.core.lookup import Namespace
from kerata.initializers.constants import Constant


class _Initializers(Namespace):
    def get(self, identifier: Any) -> Any:
        """An initializer from its name, config, class, itself, an array or a number; None for None.

        A name gives a new one, with a seed of its own. Raises: ValueError for an unknown name, with the nearest one.

        >>> import kerata
        >>> kerata.initializers.get("he_normal").scale, kerata.initializers.get(0.5)((2,)).tolist()
        (2.0, [0.5, 0.5])
        """
        if isinstance(identifier, (np.generic, int, float)) and not isinstance(identifier, bool):
            return Constant(identifier)
        if hasattr(identifier, "shape") and hasattr(identifier, "dtype"):
            whole = Constant(to_numpy(identifier))
            whole.broadcasts = False
            return whole
        return super().get(identifier)


_ALIASES = {"zero": "Zeros", "one": "Ones", "uniform": "RandomUniform", "normal": "RandomNormal"}
_initializers = _Initializers("initializers", _ALIASES)
get, deserialize = _initializers.get, _initializers.deserialize


def serialize(initializer: Any) -> Any:
    """The JSON form of an initializer; see `keras.saving.serialize_keras_object`."""
    return serialization.serialize_keras_object(initializer)
