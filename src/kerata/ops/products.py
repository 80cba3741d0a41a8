"""Products of vectors, matrices and tensors."""

import functools
from collections.abc import Sequence
from typing import Any

from kerata.core import suggestions
from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.op import op, xp
from kerata.core.types import Tensor, TensorLike
from kerata.engines.shapes import einsum_shape, normalize_axis
from kerata.ops.creation import arange
from kerata.ops.elementwise import add, multiply, subtract
from kerata.ops.indexing import get_item, take
from kerata.ops.joining import common, stack
from kerata.ops.promotion import arrays_of, float_arrays_of
from kerata.ops.reductions import sum
from kerata.ops.shaping import diagonal, expand_dims, flip, moveaxis, pad, ravel, reshape


def _wide_bytes(*xs):
    """int8 as int32, in which products of it are added up: what matrix units of hardware give."""
    return [_cast(x, "int32") if dtype_of(x) == "int8" else x for x in xs]


def _with_bools(product, *xs):
    """A product; of bools, whether any term is true."""
    if dtype_of(xs[0]) != "bool":
        return product(*xs)
    return _cast(product(*[_cast(x, "int32") for x in xs]), "bool")


@op
def matmul(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The matrix product over the last two axes: (..., n, k), (..., k, m) -> (..., n, m).

    Raises: ValueError if the inner dimensions differ, or one operand is a number.

    >>> matmul([[1, 2], [3, 4]], [[1, 0], [0, 10]]).tolist(), int(matmul([1, 2], [3, 4]))
    ([[1, 20], [3, 40]], 11)
    """
    x1, x2 = arrays_of(x1, x2)
    if not len(x1.shape) or not len(x2.shape):
        raise ValueError(f"matmul takes vectors and matrices; shapes {tuple(x1.shape)} and {tuple(x2.shape)} came.")
    inner = x2.shape[-2 if len(x2.shape) > 1 else 0]
    if x1.shape[-1] is not None and inner is not None and x1.shape[-1] != inner:
        raise ValueError(f"matmul: shapes {tuple(x1.shape)} and {tuple(x2.shape)} don't fit: {x1.shape[-1]} != {inner}.")
    return _with_bools(xp().matmul, *_wide_bytes(x1, x2))


@op
def dot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of products over the last axis of `x1` and the last but one of `x2`, or its only one; numbers multiply all.

    Shapes: (..., n), (..., n, m) -> (..., ..., m): (n,), (n,) -> (), and (k, n), (n, m) -> (k, m).

    >>> int(dot([1, 2], [3, 4])), dot([[1, 2], [3, 4]], [1, 10]).tolist()
    (11, [21, 43])
    """
    x1, x2 = arrays_of(x1, x2)
    return _with_bools(xp().dot, x1, x2)


@op
def tensordot(x1: TensorLike, x2: TensorLike, axes: int | Sequence[int | Sequence[int]] = 2) -> Tensor:
    """The sum of products over pairs of axes: the last `axes` of `x1` and the first of `x2`, or those of two lists.

    >>> int(tensordot([[1, 2], [3, 4]], [[1, 1], [1, 1]])), tensordot([[1, 2]], [[3, 4]], axes=[[1], [1]]).tolist()
    (10, [[11]])
    """
    x1, x2 = arrays_of(x1, x2)
    return _with_bools(lambda a, b: xp().tensordot(a, b, axes=axes), x1, x2)


@op
def einsum(subscripts: Any, *operands: Any, **kwargs: Any) -> Tensor:
    """Einstein's summation: `einsum("bij,bjk->bik", a, b)`.

    Of other arguments only `optimize` is accepted; the engine chooses the order of the products in any case.

    Raises: TypeError for arguments by other names; ValueError for operands that do not fit the subscripts, or each other.

    >>> einsum("ij,j->i", [[1, 2], [3, 4]], [1, 10]).tolist()
    [21, 43]
    """
    suggestions.refuse(einsum, kwargs, ("optimize",))
    operands = _wide_bytes(*common(operands))
    if isinstance(subscripts, str):
        _einsum_shape(subscripts, tuple(static_shape(x) for x in operands))
    return _with_bools(lambda *xs: xp().einsum(subscripts, *xs), *operands)


_einsum_shape = functools.lru_cache(1 << 12)(einsum_shape)  # for the checks


@op
def einsum_of_bytes(subscripts: Any, x1: TensorLike, x2: TensorLike, terms: Any) -> Tensor:
    """Einstein's summation of int8 tensors, the sums in int32; `terms` is how many products make one.

    Computed in floats whose whole numbers reach as far as the sums do, for which every engine has fast products.
    """
    wide = "float32" if terms < 2**24 // 127**2 else "float64"
    return _cast(xp().einsum(subscripts, _cast(x1, wide), _cast(x2, wide)), "int32")


@op
def outer(x1: TensorLike, x2: TensorLike) -> Tensor:
    """All products of an element of `x1` with one of `x2`, both flattened: (m,), (n,) -> (m, n).

    >>> outer([1, 2], [1, 10]).tolist()
    [[1, 10], [2, 20]]
    """
    x1, x2 = arrays_of(x1, x2)
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


@op
def trace(x: TensorLike, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of the diagonal.

    Arguments are those of `diagonal`.

    >>> int(trace([[1, 2], [3, 4]]))
    5
    """
    return sum(diagonal(x, offset, axis1, axis2), -1)


@op
def inner(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of products over the last axes: (..., n), (..., n) -> (..., ...); numbers multiply everything.

    >>> inner([[1, 2], [3, 4]], [1, 10]).tolist()
    [21, 43]
    """
    x1, x2 = arrays_of(x1, x2)
    if not len(x1.shape) or not len(x2.shape):
        return multiply(x1, x2)
    return tensordot(x1, x2, axes=[[len(x1.shape) - 1], [len(x2.shape) - 1]])


@op
def vdot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of products of two flattened tensors, the first conjugated if complex.

    >>> int(vdot([1, 2], [3, 4]))
    11
    """
    x1, x2 = arrays_of(x1, x2)
    return dot(xp().conj(ravel(x1)) if dtype_of(x1).startswith("complex") else ravel(x1), ravel(x2))


@op
def kron(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The Kronecker product: a block of `x2` for each element of `x1`; ones are put before the shorter shape.

    >>> kron([1, 2], [1, 10]).tolist()
    [1, 10, 2, 20]
    """
    x1, x2 = arrays_of(x1, x2)
    rank = max(len(x1.shape), len(x2.shape))
    x1, x2 = (expand_dims(x, tuple(range(rank - len(x.shape)))) if len(x.shape) < rank else x for x in (x1, x2))
    blocks = multiply(expand_dims(x1, tuple(range(1, 2 * rank, 2))), expand_dims(x2, tuple(range(0, 2 * rank, 2))))
    shape = [-1 if None in (a, b) else a * b for a, b in zip(x1.shape, x2.shape)]
    return reshape(blocks, shape)


def _cross_axis(x, axis):
    axis = normalize_axis(axis, len(x.shape))
    if x.shape[axis] not in (2, 3):
        raise ValueError(f"cross takes vectors of 2 or 3 components; axis {axis} of a tensor of shape {tuple(x.shape)} came.")
    return moveaxis(x, axis, -1)


@op
def cross(x1: TensorLike, x2: TensorLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """The cross product of vectors along an axis; where both have two components, its third component alone.

    Args:
        x1, x2: tensors of vectors.
        axisa, axisb, axisc: the vectors' axes in `x1`, `x2` and the result.
        axis: one axis in place of the three.

    Raises: ValueError if the vectors have not two or three components.

    >>> cross([1, 0, 0], [0, 1, 0]).tolist()
    [0, 0, 1]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = arrays_of(x1, x2)
    x1, x2 = _cross_axis(x1, axisa), _cross_axis(x2, axisb)
    (a0, a1), (b0, b1) = (tuple(_item(x, i) for i in range(2)) for x in (x1, x2))
    third = subtract(multiply(a0, b1), multiply(a1, b0))
    if x1.shape[-1] == x2.shape[-1] == 2:
        return third
    a2, b2 = (_item(x, 2) if x.shape[-1] == 3 else xp().full_like(_item(x, 0), 0) for x in (x1, x2))
    first = subtract(multiply(a1, b2), multiply(a2, b1))
    second = subtract(multiply(a2, b0), multiply(a0, b2))
    return moveaxis(stack([first, second, third], -1), -1, axisc)


def _item(x, i):
    """The i-th element along the last axis."""
    return get_item(x, (Ellipsis, i))


@op
def correlate(x1: TensorLike, x2: TensorLike, mode: Any = "valid") -> Tensor:
    """The cross-correlation of two vectors, in floats: sums of products of `x1` with `x2` moved along it.

    Shapes: (m,), (n,) -> (max(m, n) - min(m, n) + 1,) for "valid", (max(m, n),) for "same", (m + n - 1,) for "full".

    Raises: ValueError for other than vectors, or another mode.

    >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5]).tolist()
    [3.5]
    """
    x1, x2 = float_arrays_of(x1, x2)
    if len(x1.shape) != 1 or len(x2.shape) != 1 or mode not in ("valid", "same", "full"):
        raise ValueError(
            f"correlate takes two vectors and mode 'valid', 'same' or 'full'; shapes {static_shape(x1)} and "
            f"{static_shape(x2)} and {mode!r} came."
        )
    m, n = x1.shape[0], x2.shape[0]
    if n is not None and m is not None and n > m:  # the same sums, in reverse order
        return flip(_correlated(x2, x1, mode))
    return _correlated(x1, x2, mode)


def _correlated(long, short, mode):
    n = short.shape[0]
    before, after = {"valid": (0, 0), "full": (n - 1, n - 1), "same": (n // 2, (n - 1) // 2)}[mode]
    padded = pad(long, ((before, after),))
    count = padded.shape[0] - n + 1
    places = add(expand_dims(arange(count, dtype="int32"), -1), arange(n, dtype="int32"))
    return matmul(take(padded, places, 0), xp().conj(short))


@op
def vander(x: TensorLike, N: Any = None, increasing: bool = False) -> Tensor:
    """The powers of a vector's elements as rows, the highest first: (n,) -> (n, N), N being n by default.

    Raises: ValueError for other than a vector, or a negative N.

    >>> vander([2, 3], 3).tolist()
    [[4, 2, 1], [9, 3, 1]]
    """
    x = as_array(x)
    if len(x.shape) != 1:
        raise ValueError(f"vander takes a vector; a tensor of shape {static_shape(x)} came.")
    if N is not None and N < 0:
        raise ValueError(f"vander: the number of columns must be 0 or more; {N} came.")
    count = x.shape[0] if N is None else N
    columns: list[Tensor] = []
    one = xp().full_like(x, 1)
    for _ in range(count):
        columns.append(one if not columns else multiply(columns[-1], x))
    if not columns:
        return get_item(expand_dims(x, 1), (slice(None), slice(0, 0)))
    return stack(columns if increasing else columns[::-1], 1)


__all__ = [name for name, value in list(globals().items()) if getattr(value, "__module__", None) == __name__ and name[0] != "_"]
