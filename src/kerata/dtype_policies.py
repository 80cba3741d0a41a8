"""`keras.dtype_policies`."""

from kerata.core.policies import *  # noqa: F403
from kerata.core.quantized_policies import (  # noqa: F401
    AWQDTypePolicy,
    GPTQDTypePolicy,
    Int4DTypePolicy,
    QuantizedDTypePolicy,
    QuantizedFloat8DTypePolicy,
)
