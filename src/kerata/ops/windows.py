"""Windows: how much each sample of a short piece of a signal counts. Their values are NumPy's."""

from typing import Any

import numpy as np

from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.config import settings
from kerata.core.op import op, xp
from kerata.core.types import Tensor, TensorLike
from kerata.engines.abstract.array import AbstractArray
from kerata.ops.creation import arange
from kerata.ops.promotion import to_float


def _window(function, x, *parameters):
    if isinstance(x, AbstractArray):
        return _cast(arange(x, dtype="int32"), settings.floatx)
    return as_array(function(int(x), *parameters), settings.floatx)


@op
def bartlett(x: TensorLike) -> Tensor:
    """The triangular window of length `x`, 0 at both ends.

    >>> bartlett(5).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return _window(np.bartlett, x)


@op
def blackman(x: TensorLike) -> Tensor:
    """Blackman's window of length `x`: 0.42 - 0.5 cos + 0.08 cos of the double angle.

    >>> [round(v, 2) + 0.0 for v in blackman(5).tolist()]
    [0.0, 0.34, 1.0, 0.34, 0.0]
    """
    return _window(np.blackman, x)


@op
def hamming(x: TensorLike) -> Tensor:
    """Hamming's window of length `x`: 0.54 - 0.46 cos.

    >>> [round(v, 2) for v in hamming(5).tolist()]
    [0.08, 0.54, 1.0, 0.54, 0.08]
    """
    return _window(np.hamming, x)


@op
def hanning(x: TensorLike) -> Tensor:
    """Hann's window of length `x`: 0.5 - 0.5 cos.

    >>> [round(v, 2) for v in hanning(5).tolist()]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return _window(np.hanning, x)


@op
def kaiser(x: TensorLike, beta: Any) -> Tensor:
    """Kaiser's window of length `x`; the larger `beta`, the lower its side lobes and the wider its main one.

    >>> [round(v, 2) for v in kaiser(5, 2.0).tolist()]
    [0.44, 0.83, 1.0, 0.83, 0.44]
    """
    return _window(np.kaiser, x, float(beta))


@op(elementwise=True)
def i0(x: TensorLike) -> Tensor:
    """The modified Bessel function of the first kind, of order 0.

    >>> [round(v, 4) for v in i0([0.0, 1.0]).tolist()]
    [1.0, 1.2661]
    """
    x = to_float(x)
    return _cast(xp().i0(x), dtype_of(x))


__all__ = ["bartlett", "blackman", "hamming", "hanning", "i0", "kaiser"]
