"""`keras.tree`."""

from kerata.core.tree import *  # noqa: F403
