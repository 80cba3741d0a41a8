"""Utilities."""

from kerata.core.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from kerata.core.dtypes import standardize_dtype
from kerata.core.graph import get_source_inputs, is_keras_tensor
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
from kerata.core.session import clear_session
from kerata.layers.preprocessing.feature_space import FeatureSpace
from kerata.training.data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from kerata.training.py_dataset import PyDataset, Sequence
from kerata.utils import bounding_boxes, legacy
from kerata.utils.configuration import Config
from kerata.utils.downloads import get_file
from kerata.utils.folder_datasets import (
    audio_dataset_from_directory,
    image_dataset_from_directory,
    text_dataset_from_directory,
)
from kerata.utils.images import array_to_img, img_to_array, load_img, save_img
from kerata.utils.numerical import normalize, to_categorical
from kerata.utils.plotting import model_to_dot, plot_model
from kerata.utils.progress_bar import Progbar
from kerata.utils.sequences import pad_sequences
from kerata.utils.splitting import split_dataset
from kerata.utils.timeseries import timeseries_dataset_from_array

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "bounding_boxes",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "get_uid",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "legacy",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
