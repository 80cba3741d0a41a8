"""Every op, once. The names here are those of `keras.ops`."""

from kerata.ops import image  # noqa: F401
from kerata.ops.activation import *  # noqa: F403
from kerata.ops.core import *  # noqa: F403
from kerata.ops.crossentropy import *  # noqa: F403
from kerata.ops.nn import *  # noqa: F403
from kerata.ops.numpy import *  # noqa: F403
from kerata.ops.special import *  # noqa: F403
