"""Ops that join tensors: one behind another, or along a new axis."""

import builtins

from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.op import op, xp
from kerata.core.types import Axis, Tensor, TensorLike
from kerata.engines.shapes import normalize_axis, same_dim
from kerata.ops.promotion import arrays_of
from kerata.ops.shaping import expand_dims, ravel


def common(xs):
    """Several arrays in their common dtype."""
    xs = [as_array(x) for x in xs]
    dtype = dtypes.result_type(*[dtype_of(x) for x in xs])
    return [_cast(x, dtype) for x in xs]


@op
def concatenate(xs: TensorLike, axis: Axis = 0) -> Tensor:
    """Tensors joined along an axis, in their common dtype; the lengths of the other axes are equal.

    Raises: ValueError if they are not.

    >>> concatenate([[[1, 2]], [[3, 4]]]).tolist(), concatenate([[[1, 2]], [[3, 4]]], axis=1).tolist()
    ([[1, 2], [3, 4]], [[1, 2, 3, 4]])
    """
    xs = common(xs)
    if xs and builtins.any(x.shape != xs[0].shape for x in xs[1:]):
        _check_lengths(xs, axis)
    return xp().concatenate(xs, axis=axis)


def _check_lengths(xs, axis):
    first = static_shape(xs[0])
    axis = normalize_axis(axis, len(first))
    for other in builtins.map(static_shape, xs):
        fits = builtins.all(same_dim(n, m) or a == axis for a, (n, m) in enumerate(zip(first, other)))
        if len(other) != len(first) or not fits:
            raise ValueError(f"Tensors of shapes {first} and {other} can't be joined along axis {axis}: other lengths differ.")


@op
def stack(x: TensorLike, axis: Axis = 0) -> Tensor:
    """Tensors of one shape joined along a new axis, in their common dtype.

    >>> stack([[1, 2], [3, 4]]).tolist(), stack([[1, 2], [3, 4]], axis=1).tolist()
    ([[1, 2], [3, 4]], [[1, 3], [2, 4]])
    """
    return xp().stack(common(x), axis=axis)


@op
def hstack(xs: TensorLike) -> Tensor:
    """Tensors joined along the second axis, vectors along the first.

    Raises: ValueError if they have different numbers of axes.

    >>> hstack([[1, 2], [3]]).tolist(), hstack([[[1], [2]], [[3], [4]]]).tolist()
    ([1, 2, 3], [[1, 3], [2, 4]])
    """
    xs = [expand_dims(x, 0) if not static_shape(x) else x for x in xs]
    if len({len(static_shape(x)) for x in xs}) > 1:
        raise ValueError(f"hstack joins tensors of as many axes; shapes {[static_shape(x) for x in xs]} came.")
    return concatenate(xs, 0 if len(static_shape(xs[0])) < 2 else 1)


_WITH_TWO_AXES: dict[int, Axis] = {0: (0, 1), 1: 0}


@op
def vstack(xs: TensorLike) -> Tensor:
    """Tensors joined along the first axis, vectors as rows.

    >>> vstack([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return concatenate([expand_dims(x, _WITH_TWO_AXES[len(static_shape(x))]) if len(static_shape(x)) < 2 else x for x in xs], 0)


@op
def append(x1: TensorLike, x2: TensorLike, axis: Axis = None) -> Tensor:
    """`x2` behind `x1` along an axis, or both flattened.

    >>> append([[1, 2]], [[3, 4]]).tolist(), append([[1, 2]], [[3, 4]], axis=0).tolist()
    ([1, 2, 3, 4], [[1, 2], [3, 4]])
    """
    x1, x2 = arrays_of(x1, x2)
    return concatenate([ravel(x1), ravel(x2)], 0) if axis is None else concatenate([x1, x2], axis)


@op
def dstack(xs: TensorLike) -> Tensor:
    """Tensors joined along the third axis; vectors become (1, n, 1), matrices (m, n, 1).

    >>> dstack([[1, 2], [3, 4]]).tolist()
    [[[1, 3], [2, 4]]]
    """
    return concatenate([_with_three_axes(x) for x in xs], 2)


def _with_three_axes(x):
    missing: dict[int, Axis] = {0: (0, 1, 2), 1: (0, 2), 2: 2}
    rank = len(static_shape(x))
    return x if rank > 2 else expand_dims(x, missing[rank])


__all__ = ["append", "concatenate", "dstack", "hstack", "stack", "vstack"]
