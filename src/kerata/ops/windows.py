"""Windows: how much each sample of a short piece of a signal counts. Their values are NumPy's."""

import numpy as np

from kerata.core.arrays import as_array, dtype_of
from kerata.core.arrays import cast as _cast
from kerata.core.config import settings
from kerata.core.op import op, xp
from kerata.engines.abstract_array import AbstractArray
from kerata.ops.creation import arange
from kerata.ops.elementwise import to_float


def _window(function, x, *parameters):
    if isinstance(x, AbstractArray):
        return _cast(arange(x, dtype="int32"), settings.floatx)
    return as_array(function(int(x), *parameters), settings.floatx)


@op
def bartlett(x):
    """The triangular window of length `x`, 0 at both ends."""
    return _window(np.bartlett, x)


@op
def blackman(x):
    """Blackman's window of length `x`: 0.42 - 0.5 cos + 0.08 cos of the double angle."""
    return _window(np.blackman, x)


@op
def hamming(x):
    """Hamming's window of length `x`: 0.54 - 0.46 cos."""
    return _window(np.hamming, x)


@op
def hanning(x):
    """Hann's window of length `x`: 0.5 - 0.5 cos."""
    return _window(np.hanning, x)


@op
def kaiser(x, beta):
    """Kaiser's window of length `x`; the larger `beta`, the lower its side lobes and the wider its main one."""
    return _window(np.kaiser, x, float(beta))


@op(elementwise=True)
def i0(x):
    """The modified Bessel function of the first kind, of order 0."""
    x = to_float(x)
    return _cast(xp().i0(x), dtype_of(x))


__all__ = ["bartlett", "blackman", "hamming", "hanning", "i0", "kaiser"]
