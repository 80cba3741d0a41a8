"""`keras.config`."""

from kerata.core.config import *  # noqa: F403
