"""Utilities."""

from kerata.core.naming import get_uid
from kerata.core.registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from kerata.core.seeds import set_random_seed
from kerata.training.data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from kerata.training.py_dataset import PyDataset, Sequence
from kerata.utils import legacy
from kerata.utils.numerical import normalize, to_categorical
from kerata.utils.sequences import pad_sequences

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "get_uid",
    "legacy",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
