"""`keras.mixed_precision`: the names under which Keras 2 knew dtype policies."""

from kerata.core.config import (
    dtype_policy as dtype_policy,
    set_dtype_policy as set_dtype_policy,
)
from kerata.core.policies import DTypePolicy as DTypePolicy
from kerata.optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
