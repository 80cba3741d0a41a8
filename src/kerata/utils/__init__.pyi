"""Utilities."""

from kerata.core.config import (
    disable_interactive_logging as disable_interactive_logging,
    enable_interactive_logging as enable_interactive_logging,
    is_interactive_logging_enabled as is_interactive_logging_enabled,
)
from kerata.core.dtypes import standardize_dtype as standardize_dtype
from kerata.core.graph import get_source_inputs as get_source_inputs, is_keras_tensor as is_keras_tensor
from kerata.core.naming import get_uid as get_uid
from kerata.core.registry import (
    CustomObjectScope as CustomObjectScope,
    custom_object_scope as custom_object_scope,
    get_custom_objects as get_custom_objects,
    get_registered_name as get_registered_name,
    get_registered_object as get_registered_object,
    register_keras_serializable as register_keras_serializable,
)
from kerata.core.seeds import set_random_seed as set_random_seed
from kerata.core.serialization import (
    deserialize_keras_object as deserialize_keras_object,
    serialize_keras_object as serialize_keras_object,
)
from kerata.core.session import clear_session as clear_session
from kerata.layers.preprocessing.feature_space import FeatureSpace as FeatureSpace
from kerata.training.data import (
    pack_x_y_sample_weight as pack_x_y_sample_weight,
    unpack_x_y_sample_weight as unpack_x_y_sample_weight,
)
from kerata.training.py_dataset import PyDataset as PyDataset, Sequence as Sequence
from kerata.utils import bounding_boxes as bounding_boxes, legacy as legacy
from kerata.utils.configuration import Config as Config
from kerata.utils.downloads import get_file as get_file
from kerata.utils.folder_datasets import (
    audio_dataset_from_directory as audio_dataset_from_directory,
    image_dataset_from_directory as image_dataset_from_directory,
    text_dataset_from_directory as text_dataset_from_directory,
)
from kerata.utils.images import (
    array_to_img as array_to_img,
    img_to_array as img_to_array,
    load_img as load_img,
    save_img as save_img,
)
from kerata.utils.numerical import normalize as normalize, to_categorical as to_categorical
from kerata.utils.plotting import model_to_dot as model_to_dot, plot_model as plot_model
from kerata.utils.progress_bar import Progbar as Progbar
from kerata.utils.sequences import pad_sequences as pad_sequences
from kerata.utils.splitting import split_dataset as split_dataset
from kerata.utils.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
