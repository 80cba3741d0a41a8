"""Every op, once. The names here are those of `keras.ops`."""

from kerata.ops import image, nn, numpy  # noqa: F401
from kerata.ops import linear_algebra as linalg  # noqa: F401
from kerata.ops.activation import *  # noqa: F403
from kerata.ops.complex_numbers import *  # noqa: F403
from kerata.ops.core import *  # noqa: F403
from kerata.ops.crossentropy import *  # noqa: F403
from kerata.ops.ctc_decoding import *  # noqa: F403
from kerata.ops.distances import *  # noqa: F403
from kerata.ops.layouts import *  # noqa: F403
from kerata.ops.linear_algebra import *  # noqa: F403
from kerata.ops.nn import *  # noqa: F403
from kerata.ops.numpy import *  # noqa: F403
from kerata.ops.segments import *  # noqa: F403
from kerata.ops.sets import *  # noqa: F403
from kerata.ops.signal import *  # noqa: F403
from kerata.ops.special import *  # noqa: F403
from kerata.ops.vectorizing import *  # noqa: F403
