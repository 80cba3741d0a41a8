"""Pooling: the largest, the smallest or the mean of each window."""

from collections.abc import Sequence
from typing import Any

from kerata import engines
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op
from kerata.core.types import Tensor, TensorLike, Tree
from kerata.ops import numpy as knp
from kerata.ops.convolution import _check_outputs, _spatial, from_channels_last, to_channels_last
from kerata.ops.lengths import lengths_of, run_time_shape  # noqa: F401  (used from here, too)
from kerata.ops.promotion import to_float, widened


def _pool(inputs, pool_size, strides, padding, data_format, kind):
    inputs = as_array(inputs)
    rank = len(inputs.shape) - 2
    window = _spatial(pool_size, rank, "pool_size")
    strides = window if strides is None else _spatial(strides, rank, "strides")
    x, padding = to_channels_last(inputs, data_format), padding.lower()
    _check_outputs("pooling", x.shape[1:-1], window, strides, padding, (1,) * rank)
    return x, window, strides, padding, engines.current().pool(x, window, strides, padding, kind)


def _extreme(inputs, pool_size, strides, padding, data_format, kind):
    """The largest or the smallest element of each window, in the dtype of the inputs."""
    given = as_array(inputs)
    dtype = dtype_of(given)
    numbers = _cast(given, "uint8") if dtype == "bool" else given  # libraries pool nothing else
    pooled = _pool(numbers, pool_size, strides, padding, data_format, kind)[-1]
    return from_channels_last(_cast(pooled, dtype), data_format)


@op
def max_pool(
    inputs: Tree,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Any = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The largest element of each window.

    Shapes: (batch, *spatial, channels) -> (batch, *output, channels), or with channels second.

    Args:
        inputs: a tensor with 1, 2 or 3 spatial axes.
        pool_size, strides: a number for all spatial axes, or one for each; `strides` are `pool_size` if None.
        padding: "valid", or "same" for windows that reach beyond the edges.
        data_format: "channels_last" or "channels_first".

    Raises: ValueError if the window does not fit the input.

    >>> max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).tolist()
    [[[3.0], [2.0]]]
    """
    return _extreme(inputs, pool_size, strides, padding, data_format, "max")


@op
def min_pool(
    inputs: Tree,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Any = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The smallest element of each window."""
    return _extreme(inputs, pool_size, strides, padding, data_format, "min")


@op
def average_pool(
    inputs: Tree,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Any = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The mean of each window; places outside the input are not counted.

    Shapes and arguments are those of `max_pool`; integers give floats.

    Raises: ValueError if the window does not fit the input.

    >>> average_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).tolist()
    [[[2.0], [1.0]]]
    """
    dtype = dtype_of(to_float(inputs))
    x, window, strides, padding, total = _pool(widened(inputs), pool_size, strides, padding, data_format, "sum")
    if padding == "valid":
        count = 1
        for w in window:
            count *= w
        mean = knp.divide(total, count)
    else:
        mean = knp.divide(total, engines.current().pool(knp.ones_like(x), window, strides, padding, "sum"))
    return from_channels_last(_cast(mean, dtype), data_format)


def _bins(xp, length, size):
    """Where each of `size` windows that cover an axis begins and ends, (size, 1); neighbours may overlap by one."""
    places = xp.arange(size, dtype="int64")[:, None]
    return places * length // size, -(-(places + 1) * length // size)


def along_axis(matrix: TensorLike, x: TensorLike, axis: int) -> Tensor:
    """The product of a matrix (outputs, inputs) with `x` along an axis."""
    return knp.moveaxis(knp.tensordot(x, matrix, axes=([axis], [1])), -1, axis)


def _output_size(output_size, x):
    return _spatial(output_size, len(x.shape) - 2, "output_size")


@op
def adaptive_average_pool(inputs: Tree, output_size: int | Sequence[int], data_format: str | None = None) -> Tensor:
    """The means of windows chosen so that the output has a given length along each spatial axis.

    Shapes: (batch, *spatial, channels) -> (batch, *output_size, channels), or with channels second.

    Args:
        inputs: a tensor with 1, 2 or 3 spatial axes; integers become floats.
        output_size: a number for all spatial axes, or one for each.
        data_format: "channels_last" or "channels_first".

    Raises: ValueError unless the sizes are positive integers.

    >>> adaptive_average_pool([[[1.0], [3.0], [5.0]]], 2).tolist()
    [[[2.0], [4.0]]]
    """
    x = to_channels_last(to_float(inputs), data_format)
    for axis, size in enumerate(_output_size(output_size, x), 1):
        xp, length = lengths_of(x, axis)
        if length is None:
            matrix = knp.zeros((size, None), dtype_of(x))
        else:
            start, end = _bins(xp, length, size)
            places = xp.arange(length, dtype="int64")
            inside = (places >= start) & (places < end)
            matrix = as_array(xp.where(inside, 1 / (end - start), 0.0), dtype_of(x))
        x = along_axis(matrix, x, axis)
    return from_channels_last(x, data_format)


@op
def adaptive_max_pool(inputs: Tree, output_size: int | Sequence[int], data_format: str | None = None) -> Tensor:
    """The maxima of windows chosen so that the output has a given length along each spatial axis.

    Shapes: (batch, *spatial, channels) -> (batch, *output_size, channels), or with channels second.

    Args:
        inputs: a tensor with 1, 2 or 3 spatial axes.
        output_size: a number for all spatial axes, or one for each.
        data_format: "channels_last" or "channels_first".

    Raises: ValueError unless the sizes are positive integers.

    >>> adaptive_max_pool([[[1.0], [3.0], [5.0]]], 2).tolist()
    [[[3.0], [5.0]]]
    """
    x = to_channels_last(as_array(inputs), data_format)
    for axis, size in enumerate(_output_size(output_size, x), 1):
        xp, length = lengths_of(x, axis)
        start, end = _bins(xp, size if length is None else length, size)
        places = xp.minimum(start + xp.arange(xp.max(end - start), dtype="int64"), end - 1)
        x = knp.max(knp.take(x, as_array(places, "int32"), axis), axis=axis + 1)
    return from_channels_last(x, data_format)


__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool", "min_pool"]
