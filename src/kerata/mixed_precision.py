"""`keras.mixed_precision`: the names under which Keras 2 knew dtype policies."""

from kerata.core.config import dtype_policy, set_dtype_policy
from kerata.core.policies import DTypePolicy
from kerata.optimizers import LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
