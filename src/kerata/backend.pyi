"""`keras.backend`: settings and helpers. (The old `K.` functions come with the compatibility layer.)"""

from kerata.core.config import (
    backend as backend,
    epsilon as epsilon,
    floatx as floatx,
    image_data_format as image_data_format,
    set_epsilon as set_epsilon,
    set_floatx as set_floatx,
    set_image_data_format as set_image_data_format,
)
from kerata.core.dtypes import (
    is_float_dtype as is_float_dtype,
    is_int_dtype as is_int_dtype,
    result_type as result_type,
    standardize_dtype as standardize_dtype,
)
from kerata.core.graph import is_keras_tensor as is_keras_tensor
from kerata.core.naming import get_uid as get_uid
from kerata.core.session import clear_session as clear_session
