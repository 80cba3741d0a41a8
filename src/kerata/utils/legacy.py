"""`keras.utils.legacy`: the JSON form of Keras 2."""

from kerata.legacy.saving import deserialize_keras_object, serialize_keras_object

__all__ = ["deserialize_keras_object", "serialize_keras_object"]
