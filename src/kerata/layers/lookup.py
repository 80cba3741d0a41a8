"""`serialize` and `deserialize` of layers."""

from typing import Any

from kerata.core import serialization
from kerata.layers.layer import Layer


def serialize(layer: Layer) -> dict[str, Any]:
    """The layer's JSON form.

    >>> import kerata
    >>> serialize(kerata.layers.Dense(3))["class_name"], serialize(kerata.layers.Dense(3))["config"]["units"]
    ('Dense', 3)
    """
    return serialization.serialize_keras_object(layer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Layer:
    """A layer from its JSON form.

    Raises: ValueError if the config names what is unknown, or no layer.

    >>> import kerata
    >>> deserialize(serialize(kerata.layers.Dense(3))).units
    3
    """
    layer = serialization.deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(f"The config makes a {type(layer).__name__}, not a layer: {config!r:.200}")
    return layer
