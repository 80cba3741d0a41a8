"""`keras.backend`: settings and helpers. (The old `K.` functions come with the compatibility layer.)"""

from kerata.core.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from kerata.core.dtypes import is_float_dtype, is_int_dtype, result_type, standardize_dtype
from kerata.core.graph import is_keras_tensor
from kerata.core.naming import get_uid
from kerata.core.session import clear_session

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
