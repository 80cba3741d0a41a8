"""`get`, `serialize` and `deserialize` of constraints."""

from typing import Any

from kerata.core import serialization
from kerata.core.lookup import Namespace

_constraints = Namespace(
    "constraints", {"nonneg": "NonNeg", "unitnorm": "UnitNorm", "maxnorm": "MaxNorm", "minmaxnorm": "MinMaxNorm"}
)
get, deserialize = _constraints.get, _constraints.deserialize


def serialize(constraint: Any) -> Any:
    """The JSON form of a constraint; see `keras.saving.serialize_keras_object`."""
    return serialization.serialize_keras_object(constraint)
