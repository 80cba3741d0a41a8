"""`keras.dtype_policies`."""

from kerata.core.policies import *  # noqa: F403
