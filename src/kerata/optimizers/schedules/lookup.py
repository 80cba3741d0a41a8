"""`serialize` and `deserialize` of learning rate schedules."""

from typing import Any

from kerata.core import serialization
from kerata.core.lookup import Namespace

deserialize = Namespace("optimizers.schedules").deserialize


def serialize(learning_rate_schedule: Any) -> Any:
    """The JSON form of a schedule; see `keras.saving.serialize_keras_object`."""
    return serialization.serialize_keras_object(learning_rate_schedule)
