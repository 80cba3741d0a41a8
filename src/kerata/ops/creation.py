"""Ops that make tensors."""

import builtins
from typing import Any

import numpy as np

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, dtype_of, is_variable
from kerata.core.op import op, xp
from kerata.core.types import Axis, DType, Shape, Tensor, TensorLike
from kerata.ops.promotion import NUMBERS


def _standard(dtype):
    return dtypes.standardize_dtype(dtype)


def _dims(shape):
    return (shape,) if isinstance(shape, int) else tuple(shape)


def zeros(shape: Shape, dtype: DType = None) -> Tensor:
    """A tensor of zeros.

    `dtype` is the default float if None.

    >>> zeros((2, 2)).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    return xp().zeros(_dims(shape), dtype=_engine_dtype(dtype))


def ones(shape: Shape, dtype: DType = None) -> Tensor:
    """A tensor of ones.

    `dtype` is the default float if None.

    >>> ones(2, dtype="int32").tolist()
    [1, 1]
    """
    return xp().ones(_dims(shape), dtype=_engine_dtype(dtype))


def empty(shape: Shape, dtype: DType = None) -> Tensor:
    """A tensor whose values do not matter (zeros).

    >>> empty((2, 3)).shape
    (2, 3)
    """
    return zeros(shape, dtype)


def full(shape: Shape, fill_value: Any, dtype: DType = None) -> Tensor:
    """A tensor of one value.

    `dtype` is the default float if None, whatever the value.

    >>> full((2, 2), 7).tolist()
    [[7.0, 7.0], [7.0, 7.0]]
    """
    return xp().full(_dims(shape), fill_value, dtype=_engine_dtype(dtype if dtype is not None else None))


def _engine_dtype(dtype):
    name = _standard(dtype)
    return engines.current().known_dtype(name)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: DType = None) -> Tensor:
    """Evenly spaced numbers, the end left out.

    Args:
        start: the first number; 0 if `stop` is not given, which it then is.
        stop: the end.
        step: the distance; 1 if None.
        dtype: that of the numbers given if None.

    >>> arange(3).tolist(), arange(1.0, 2.0, 0.5).tolist()
    ([0, 1, 2], [1.0, 1.5])
    """
    if dtype is None:
        dtype = dtypes.result_type(
            *[type(v) if type(v) in NUMBERS else dtype_of(v) for v in (start, stop, step) if v is not None]
        )
    return xp().arange(start, stop, 1 if step is None else step, dtype=_engine_dtype(dtype))


@op
def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: DType = None, axis: Axis = 0
) -> Tensor:
    """So many evenly spaced numbers between two.

    Args:
        start, stop: the ends: numbers, or tensors that broadcast together.
        num: how many.
        endpoint: whether `stop` is the last of them.
        retstep: whether the distance is returned, too: `(numbers, distance)`.
        dtype: the dtype; the default float if None.
        axis: the new axis, where the ends are tensors.

    >>> linspace(0.0, 1.0, 5).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if num < 0:
        raise ValueError(f"linspace: num must be 0 or more; {num} came.")
    values = xp().linspace(start, stop, num, endpoint=endpoint, dtype=_engine_dtype(dtype), axis=axis)
    if not retstep:
        return values
    distance = (stop - start) / builtins.max(1, num - 1 if endpoint else num)
    return values, as_array(distance, _standard(dtype))


@op
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: float = 10, dtype: DType = None, axis: Axis = 0
) -> Tensor:
    """So many numbers from `base ** start` to `base ** stop`, each the same multiple of the one before.

    >>> logspace(0, 2, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    return _powers(base, start, stop, num, endpoint, dtype, axis)


@op
def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: DType = None, axis: Axis = 0) -> Tensor:
    """So many numbers from `start` to `stop`, each the same multiple of the one before.

    >>> geomspace(1, 8, 4).tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    return _powers(None, start, stop, num, endpoint, dtype, axis)


def _powers(base, start, stop, num, endpoint, dtype, axis):
    """Computed on the host, in 64 bits, where the ends are known there."""
    if engines.current().is_abstract:
        return linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)
    numbers = [v.value if is_variable(v) else v for v in (start, stop)]
    first, last = (engines.current().to_numpy(v) if engines.current().is_array(v) else v for v in numbers)
    if base is None:
        values = np.geomspace(first, last, num, endpoint=endpoint, axis=axis)
    else:
        values = np.logspace(first, last, num, endpoint=endpoint, base=base, axis=axis)
    return as_array(values.astype(dtypes.numpy_dtype(_standard(dtype))))


def eye(N: Any, M: int | None = None, k: int = 0, dtype: DType = None) -> Tensor:
    """Ones on the k-th diagonal: (N, M), or (N, N) if `M` is None; `k` is above the main diagonal if positive.

    `dtype` is the default float if None.

    >>> eye(2, 3, k=1).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return xp().eye(N, M, k=k, dtype=_engine_dtype(dtype))


def identity(n: int, dtype: DType = None) -> Tensor:
    """The identity matrix.

    >>> identity(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return eye(n, dtype=dtype)


def tri(N: Any, M: int | None = None, k: int = 0, dtype: DType = None) -> Tensor:
    """Ones on and below the k-th diagonal: (N, M), or (N, N) if `M` is None.

    >>> tri(2, 3).tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """
    return xp().tri(N, M, k, dtype=_engine_dtype(dtype))


@op
def array(x: TensorLike, dtype: DType = None) -> Tensor:
    """`x` as a tensor.

    `dtype` is that of `x` if None: int32 and the default float for Python's numbers.

    >>> array([1, 2], dtype="float32").tolist()
    [1.0, 2.0]
    """
    return as_array(x, None if dtype is None else _standard(dtype))


@op(elementwise=True)
def copy(x: TensorLike) -> Tensor:
    """A tensor of the same values.

    >>> copy([1, 2]).tolist()
    [1, 2]
    """
    return as_array(x)


@op
def zeros_like(x: TensorLike, dtype: DType = None) -> Tensor:
    """Zeros in the shape of `x`.

    `dtype` is that of `x` if None.

    >>> zeros_like([1, 2]).tolist()
    [0, 0]
    """
    return full_like(x, 0, dtype)


@op
def ones_like(x: TensorLike, dtype: DType = None) -> Tensor:
    """Ones in the shape of `x`.

    `dtype` is that of `x` if None.

    >>> ones_like([5, 6]).tolist()
    [1, 1]
    """
    return full_like(x, 1, dtype)


@op
def empty_like(x: TensorLike, dtype: DType = None) -> Tensor:
    """A tensor of the shape of `x` whose values do not matter (zeros).

    >>> empty_like([[1, 2]]).shape
    (1, 2)
    """
    return full_like(x, 0, dtype)


@op
def full_like(x: TensorLike, fill_value: Any, dtype: DType = None) -> Tensor:
    """One value in the shape of `x`.

    `dtype` is that of `x` if None.

    >>> full_like([1, 2], 7).tolist()
    [7, 7]
    """
    x = as_array(x)
    return xp().full_like(
        x, fill_value, dtype=engines.current().known_dtype(dtype_of(x) if dtype is None else _standard(dtype))
    )


@op
def meshgrid(*x: Any, indexing: str = "xy") -> Tensor:
    """Coordinate grids of vectors: (m,), (n,) -> twice (n, m), or twice (m, n) for `indexing="ij"`.

    Raises: ValueError for another indexing.

    >>> [grid.tolist() for grid in meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij'; {indexing!r} came.")
    return list(xp().meshgrid(*[as_array(v) for v in x], indexing=indexing))


__all__ = [
    "arange",
    "array",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "linspace",
    "logspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tri",
    "zeros",
    "zeros_like",
]
