"""Moments, and normalization by them."""

from collections.abc import Sequence
from typing import Any

from kerata import engines
from kerata.core import suggestions
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.config import epsilon as default_epsilon
from kerata.core.op import op
from kerata.core.types import Axis, Tensor, TensorLike
from kerata.engines.shapes import normalize_axes
from kerata.ops import numpy as knp
from kerata.ops.lengths import lengths_of, run_time_shape  # noqa: F401  (used from here, too)
from kerata.ops.promotion import to_float, widened


@op
def moments(x: TensorLike, axes: Axis, keepdims: bool = False, synchronized: bool = False) -> Tensor:
    """The mean and the variance over axes, computed in float32 at least.

    Args:
        x: a tensor; integers become floats.
        axes: an axis, or several.
        keepdims: whether the axes stay, with length one.
        synchronized: whether replicas share their statistics; accepted, as a tensor is whole on its one device.

    >>> [part.tolist() for part in moments([[1.0, 3.0], [5.0, 7.0]], [0])]
    [[3.0, 5.0], [4.0, 4.0]]
    """
    x = to_float(x)
    dtype, wide = dtype_of(x), widened(x)
    mean = knp.mean(wide, axes, keepdims=True)
    variance = knp.mean(knp.square(knp.subtract(wide, engines.current().stop_gradient(mean))), axes, keepdims=True)
    if not keepdims:
        axes = tuple(axes) if isinstance(axes, (list, tuple)) else axes
        mean, variance = knp.squeeze(mean, axes), knp.squeeze(variance, axes)
    return _cast(mean, dtype), _cast(variance, dtype)


def along(v: Any, x: TensorLike, axis: int | Sequence[int]) -> Tensor:
    """A vector shaped so that it lies along `axis` of `x`."""
    axes = {a % len(x.shape) for a in ((axis,) if isinstance(axis, int) else axis)}
    v = as_array(v)
    whole = len(v.shape) in (0, len(x.shape))
    return v if whole else knp.reshape(v, [x.shape[i] if i in axes else 1 for i in range(len(x.shape))])


@op
def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    axis: int | Sequence[int],
    offset: Any = None,
    scale: Any = None,
    epsilon: float | None = 1e-3,
) -> Tensor:
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, the statistics along `axis`.

    Shapes: x (..., channels, ...), the others (channels,) -> the same as `x`, in the common float dtype of all.

    Raises: ValueError for an axis that `x` lacks.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.

    >>> batch_normalization([[3.0, 6.0]], [1.0, 2.0], [4.0, 4.0], -1, epsilon=0.0).tolist()
    [[1.0, 2.0]]
    """
    x = to_float(x)
    normalize_axes(axis, len(x.shape))
    factor = knp.divide(1.0, knp.sqrt(knp.add(as_array(variance), epsilon)))
    if scale is not None:
        factor = knp.multiply(factor, scale)
    shift = knp.multiply(knp.negative(as_array(mean)), factor)
    if offset is not None:
        shift = knp.add(shift, offset)
    return knp.add(knp.multiply(x, along(factor, x, axis)), along(shift, x, axis))


def channel_moments(x: TensorLike, axis: int, weights: Any = None, synchronized: bool = False) -> Tensor:
    """The mean and the variance of each channel of a float32 or wider `x`; `weights` say how much each place counts.

    Shapes: x (..., channels, ...), weights that broadcast to it -> (channels,), (channels,).
    """
    axes = [a for a in range(len(x.shape)) if a != axis % len(x.shape)]
    if weights is None:
        return moments(x, axes, synchronized=synchronized)
    weights = knp.multiply(weights, knp.ones_like(x))
    total = knp.maximum(knp.sum(weights, axes, keepdims=True), 1e-7)
    mean = knp.divide(knp.sum(knp.multiply(x, weights), axes, keepdims=True), total)
    squares = knp.multiply(knp.square(knp.subtract(x, mean)), weights)
    return knp.squeeze(mean, axes), knp.divide(knp.sum(squares, axes), knp.squeeze(total, axes))


@op
def normalize_by_batch(
    x: TensorLike,
    axis: int = -1,
    offset: Any = None,
    scale: Any = None,
    epsilon: float | None = 1e-3,
    weights: Any = None,
    synchronized: bool = False,
) -> Tensor:
    """`x` normalized by its own statistics along `axis`, scaled and shifted: batch normalization while training.

    Shapes: x (..., channels, ...), offset and scale (channels,), weights that broadcast to `x` and say how much each place
    counts -> the same as `x`, (channels,), (channels,).

    Returns: `(outputs, mean, variance)`. The statistics are float32 at least; they are there to be averaged over batches,
    and are constant to differentiation. The variance is that of the batch itself: its divisor is the number of places.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
    """
    x = to_float(x)
    wide = widened(x)
    mean, variance = channel_moments(wide, axis, weights, synchronized)
    y = _cast(batch_normalization(wide, mean, variance, axis, offset, scale, epsilon), dtype_of(x))
    constant = engines.current().stop_gradient
    return y, constant(mean), constant(variance)


@op
def layer_normalization(
    x: TensorLike,
    gamma: Any = None,
    beta: Any = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Tensor:
    """`x` with mean 0 and variance 1 over `axis`, scaled and shifted: (..., features) -> (..., features).

    Args:
        x: a tensor; integers become floats.
        gamma, beta: what the result is multiplied with, and what is added, (features,) each; None for neither.
        axis: an axis, or several together.
        epsilon: added to the variance; `kerata.config.epsilon()` if None.
        kwargs: only the old `rms_scaling`; if true, the mean stays, and there is no `beta`. (`rms_normalization` divides by
            the root mean square.)

    Raises: ValueError for `beta` with `rms_scaling`; TypeError for arguments by other names.
    Source: Ba et al. 2016, arXiv:1607.06450.

    >>> layer_normalization([[0.0, 4.0]]).tolist()
    [[-1.0, 1.0]]
    """
    keeps_mean = kwargs.pop("rms_scaling", False)
    suggestions.refuse(layer_normalization, kwargs)
    if keeps_mean and beta is not None:
        raise ValueError("layer_normalization with rms_scaling=True adds nothing: leave beta out.")
    x = to_float(x)
    dtype, wide = dtype_of(x), widened(x)
    mean = knp.mean(wide, axis, keepdims=True)
    centred = knp.subtract(wide, mean)
    variance = knp.mean(knp.square(centred), axis, keepdims=True)
    factor = knp.divide(1.0, knp.sqrt(knp.add(variance, default_epsilon() if epsilon is None else epsilon)))
    y = _cast(knp.multiply(wide if keeps_mean else centred, factor), dtype)
    if gamma is not None:
        y = knp.multiply(y, along(gamma, y, axis))
    return _cast(y if beta is None else knp.add(y, along(beta, y, axis)), dtype)


@op
def rms_normalization(x: TensorLike, scale: Any = None, axis: int | Sequence[int] = -1, epsilon: float | None = None) -> Tensor:
    """`x` divided by its root mean square over `axis`, and scaled: (..., features) -> (..., features).

    Args:
        x: a tensor; integers become floats.
        scale: what the result is multiplied with, (features,); None for nothing.
        axis: an axis, or several together.
        epsilon: added to the mean of squares; `kerata.config.epsilon()` if None.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467.

    >>> rms_normalization([[4.0, -4.0]]).tolist()
    [[1.0, -1.0]]
    """
    x = to_float(x)
    dtype, wide = dtype_of(x), widened(x)
    power = knp.mean(knp.square(wide), axis, keepdims=True)
    y = _cast(knp.divide(wide, knp.sqrt(knp.add(power, default_epsilon() if epsilon is None else epsilon))), dtype)
    return y if scale is None else _cast(knp.multiply(y, along(scale, y, axis)), dtype)


__all__ = ["batch_normalization", "layer_normalization", "moments", "rms_normalization"]
