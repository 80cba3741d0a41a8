"""How far tensors are apart."""

import math
from typing import Any

from kerata.core.arrays import as_array, static_shape
from kerata.core.op import op
from kerata.core.types import Tensor, TensorLike
from kerata.ops import numpy as knp
from kerata.ops.promotion import float_arrays_of


@op
def cdist(x: TensorLike, y: TensorLike) -> Tensor:
    """The Euclidean distances between all pairs of vectors: (..., m, d), (..., n, d) -> (..., m, n).

    The derivative is 0 where two vectors are equal.

    Raises: ValueError for tensors of one axis, or vectors of different lengths.

    >>> cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]]).tolist()
    [[5.0, 0.0]]
    """
    x, y = float_arrays_of(x, y)
    if len(x.shape) < 2 or len(y.shape) < 2 or None not in (x.shape[-1], y.shape[-1]) and x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"cdist takes vectors (..., m, d) and (..., n, d); shapes {static_shape(x)} and {static_shape(y)} came."
        )
    squares = knp.sum(knp.square(knp.subtract(knp.expand_dims(x, -2), knp.expand_dims(y, -3))), -1)
    apart = squares > 0
    return knp.where(apart, knp.sqrt(knp.where(apart, squares, 1.0)), 0.0)


@op
def psnr(x1: TensorLike, x2: TensorLike, max_val: Any) -> Tensor:
    """The peak signal-to-noise ratio of two signals in decibels: `10 log10(max_val ** 2 / mean((x1 - x2) ** 2))`.

    Raises: ValueError if the shapes differ.

    >>> float(psnr([0.0, 1.0], [0.0, 0.0], 1.0))
    3.01...
    """
    x1, x2 = float_arrays_of(x1, x2)
    if len(x1.shape) != len(x2.shape) or any(a != b and None not in (a, b) for a, b in zip(x1.shape, x2.shape)):
        raise ValueError(f"psnr compares signals of one shape; {static_shape(x1)} and {static_shape(x2)} came.")
    peak = as_array(max_val, None) if not isinstance(max_val, (int, float)) else 20.0 * math.log10(max_val)
    peak = peak if isinstance(peak, float) else knp.multiply(knp.log10(peak), 20.0)
    error = knp.mean(knp.square(knp.subtract(x1, x2)))
    return knp.subtract(peak, knp.multiply(knp.log10(error), 10.0))


__all__ = ["cdist", "psnr"]
