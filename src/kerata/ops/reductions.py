"""Ops that make one number of many: sums, means, extremes, norms, and running sums; with NaN left out, too."""

import builtins
import math
from typing import Any

from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op, xp
from kerata.core.types import Axis, DType, Tensor, TensorLike
from kerata.engines.shapes import normalize_axes
from kerata.ops.elementwise import (  # type: ignore[attr-defined]  # the stub shows public names alone
    _named,
    absolute,
    divide,
    equal,
    isnan,
    logical_not,
    maximum,
    minimum,
    not_equal,
    power,
    select_by,
    sqrt,
    square,
    subtract,
)
from kerata.ops.promotion import to_float, widened
from kerata.ops.shaping import ravel, squeeze

_ARGUMENTS = """
    Args:
        x: a tensor.
        axis: an axis, or several; all of them if None.
        keepdims: whether the axes stay, with length one.
"""


def _reduction(name, doc, floats=False, dtype=None):
    def body(x, axis=None, keepdims=False):
        x = to_float(x) if floats else as_array(x)
        axis = _axis(axis, x)
        y = getattr(xp(), name)(x, axis=axis, keepdims=keepdims)
        result = dtype(dtype_of(x)) if callable(dtype) else dtype
        return y if result is None else _cast(y, result)

    return _named(body, name, doc, elementwise=False, module=__name__, more=_ARGUMENTS)


def _axis(axis, x):
    return None if axis is None else normalize_axes(axis, len(x.shape))


def _accumulator(dtype):
    """The dtype of a sum: small integers add up in 32 bits."""
    if dtype in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else dtype


sum = _reduction("sum", ("The sum over axes.", "sum([[1, 2], [3, 4]], axis=0)", "[4, 6]"), dtype=_accumulator)
any = _reduction(
    "any",
    ("Whether any element along axes is true.", "any([[True, False], [False, False]], axis=1)", "[True, False]"),
    dtype="bool",
)
all = _reduction(
    "all",
    ("Whether all elements along axes are true.", "all([[True, True], [True, False]], axis=1)", "[True, False]"),
    dtype="bool",
)


@op
def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False, dtype: DType = None) -> Tensor:
    """The product over axes, computed in `dtype` if given.

    `axis` and `keepdims` are those of `sum`.

    >>> prod([[1, 2], [3, 4]], axis=1).tolist()
    [2, 12]
    """
    x = as_array(x, None if dtype is None else dtypes.standardize_dtype(dtype))
    y = xp().prod(x, axis=_axis(axis, x), keepdims=keepdims)
    return _cast(y, _accumulator(dtype_of(x)) if dtype is None else dtype_of(x))


def _extreme(name, pick, x, axis, keepdims, initial):
    x = as_array(x)
    axis = _axis(axis, x)
    if initial is not None and 0 in x.shape:  # some libraries refuse the extreme of nothing
        return _full_of(x, axis, keepdims, initial)
    y = getattr(xp(), name)(x, axis=axis, keepdims=keepdims)
    return y if initial is None else pick(y, initial)


def _full_of(x, axis, keepdims, value):
    """One value in the shape of a reduction of `x`."""
    some = xp().sum(xp().full_like(x, 0), axis=axis, keepdims=keepdims)
    return xp().full_like(_cast(some, dtype_of(x)), value)


@op
def max(x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The largest element along axes, `initial` among them if given.

    `axis` and `keepdims` are those of `sum`. An `initial` value also stands for the extreme of nothing.

    >>> max([[1, 2], [3, 4]], axis=0).tolist(), int(max([1, 2], initial=5))
    ([3, 4], 5)
    """
    return _extreme("max", maximum, x, axis, keepdims, initial)


@op
def min(x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The smallest element along axes, `initial` among them if given.

    `axis` and `keepdims` are those of `sum`. An `initial` value also stands for the extreme of nothing.

    >>> min([[1, 2], [3, 4]], axis=1).tolist(), int(min([1, 2], initial=0))
    ([1, 3], 0)
    """
    return _extreme("min", minimum, x, axis, keepdims, initial)


@op
def amax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element along axes.

    `axis` and `keepdims` are those of `sum`.

    >>> amax([[1, 2], [3, 4]], axis=1).tolist()
    [2, 4]
    """
    return _extreme("max", maximum, x, axis, keepdims, None)


@op
def amin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element along axes.

    `axis` and `keepdims` are those of `sum`.

    >>> amin([[1, 2], [3, 4]], axis=0).tolist()
    [1, 2]
    """
    return _extreme("min", minimum, x, axis, keepdims, None)


@op
def ptp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The distance between the largest and the smallest element along axes.

    `axis` and `keepdims` are those of `sum`.

    >>> ptp([[1, 5], [3, 4]], axis=1).tolist()
    [4, 1]
    """
    return subtract(amax(x, axis, keepdims), amin(x, axis, keepdims))


@op
def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axes; low-precision floats are added up in float32.

    `axis` and `keepdims` are those of `sum`. Integers give floats.

    >>> mean([[1, 2], [3, 6]], axis=1).tolist()
    [1.5, 4.5]
    """
    x = to_float(x)
    return _cast(xp().mean(widened(x), axis=_axis(axis, x), keepdims=keepdims), dtype_of(x))


@op
def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance over axes, of the whole population.

    `axis` and `keepdims` are those of `sum`. Integers give floats; low-precision floats are added up in float32.

    >>> var([[1.0, 3.0], [2.0, 6.0]], axis=1).tolist()
    [1.0, 4.0]
    """
    x = to_float(x)
    return _cast(xp().var(widened(x), axis=_axis(axis, x), keepdims=keepdims), dtype_of(x))


@op
def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation over axes, of the whole population.

    `axis` and `keepdims` are those of `sum`. Integers give floats.

    >>> std([[1.0, 3.0], [2.0, 6.0]], axis=1).tolist()
    [1.0, 2.0]
    """
    return sqrt(var(x, axis, keepdims))


@op
def argmax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The index of the first largest element along an axis, or in the flattened tensor.

    >>> argmax([[1, 3, 3], [5, 4, 0]], axis=1).tolist(), int(argmax([[1, 2], [9, 4]]))
    ([1, 0], 2)
    """
    return _cast(xp().argmax(as_array(x), axis=axis, keepdims=keepdims), "int32")


@op
def argmin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The index of the first smallest element along an axis, or in the flattened tensor.

    >>> argmin([[2, 1, 1], [5, 4, 0]], axis=1).tolist(), int(argmin([[1, 2], [0, 4]]))
    ([1, 2], 2)
    """
    return _cast(xp().argmin(as_array(x), axis=axis, keepdims=keepdims), "int32")


def _running(name, doc):
    def body(x, axis=None, dtype=None):
        x = as_array(x, dtype)
        y = getattr(xp(), name)(ravel(x) if axis is None else x, axis=0 if axis is None else axis)
        return _cast(y, "int32" if dtype_of(x) == "bool" else dtype_of(x))

    return _named(body, name, doc, elementwise=False, module=__name__)


cumsum = _running("cumsum", ("Running sums along an axis, or over the flattened tensor.", "cumsum([1, 2, 3])", "[1, 3, 6]"))
cumprod = _running(
    "cumprod", ("Running products along an axis, or over the flattened tensor.", "cumprod([2, 3, 4])", "[2, 6, 24]")
)


@op
def count_nonzero(x: TensorLike, axis: Axis = None) -> Tensor:
    """The number of elements that are not 0, along axes or in all.

    >>> count_nonzero([[0, 1], [2, 3]], axis=1).tolist()
    [1, 2]
    """
    return sum(_cast(not_equal(x, 0), "int32"), axis)


@op
def norm(x: TensorLike, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors along an axis, or of matrices along two: (..., n) -> (...), or (..., m, n) -> (...).

    Args:
        x: a tensor; it is one vector or matrix if there is no axis.
        ord: None for the square root of the sum of squares. Of vectors, the exponent of the norm: inf for the largest absolute
            value, -inf for the smallest, 0 for the number of elements that are not 0. Of matrices "fro", 1 or inf for the
            largest sum of absolute values of a column or a row (-1 and -inf for the smallest), 2 for the largest singular value
            (-2 for the smallest), "nuc" for the sum of them.
        axis: an axis, or two of matrices.
        keepdims: whether the axes stay, with length one.

    Raises: ValueError for a norm that vectors or matrices don't have, or of more than two axes.

    >>> float(norm([3.0, 4.0])), float(norm([[1.0, -2.0], [3.0, 4.0]], ord=1))
    (5.0, 6.0)
    """
    return _cast(_norm(widened(x), ord, axis, keepdims), dtype_of(to_float(x)))


_MATRIX_NORMS = (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)


def _norm(x, ord, axis, keepdims):
    axes = normalize_axes(axis, len(x.shape))
    known = len(axes) == 1 and not isinstance(ord, str) or len(axes) == 2 and ord in _MATRIX_NORMS
    if not known and (ord is not None or len(axes) > 2 and axis is not None):
        raise ValueError(f"norm: there is no {ord!r} over {len(axes)} axes.")
    if ord in (None, "fro") or ord == 2 and len(axes) == 1:
        return sqrt(sum(square(absolute(x)), axis, keepdims))
    if len(axes) == 1:
        if ord in (math.inf, -math.inf):
            return (max if ord > 0 else min)(absolute(x), axis, keepdims)
        if ord == 0:
            return _cast(sum(not_equal(x, 0), axis, keepdims), dtype_of(x))
        return power(sum(power(absolute(x), ord), axis, keepdims), 1.0 / ord)
    if ord in (1, -1, math.inf, -math.inf):
        over, inner = (axes[1], axes[0]) if builtins.abs(ord) == 1 else (axes[0], axes[1])
        sums = sum(absolute(x), inner, keepdims=True)
        result = (max if ord > 0 else min)(sums, over, keepdims=True)
        return result if keepdims else squeeze(result, axes)
    return xp().linalg.norm(x, ord=ord, axis=axis, keepdims=keepdims)


# With NaN left out


def _may_be_nan(x):
    return dtype_of(x).startswith(("float", "bfloat", "complex"))


def _without_nan(x, value):
    """`x` with a value in place of NaN."""
    x = as_array(x)
    return select_by(isnan(x), value, x) if _may_be_nan(x) else x


def _number_of_others(x, axis, keepdims):
    """How many elements along axes are not NaN, in the dtype of `x`."""
    return sum(_cast(logical_not(isnan(x)), dtype_of(x)), axis, keepdims)


@op
def nansum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axes, NaN left out.

    `axis` and `keepdims` are those of `sum`.

    >>> float(nansum([1.0, float("nan"), 2.0]))
    3.0
    """
    return sum(_without_nan(x, 0.0), axis, keepdims)


@op
def nanprod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over axes, NaN left out.

    `axis` and `keepdims` are those of `sum`.

    >>> float(nanprod([2.0, float("nan"), 3.0]))
    6.0
    """
    return prod(_without_nan(x, 1.0), axis, keepdims)


@op
def nancumsum(x: TensorLike, axis: Axis = None, dtype: DType = None) -> Tensor:
    """Running sums along an axis, or over the flattened tensor; NaN counts 0.

    >>> nancumsum([1.0, float("nan"), 2.0]).tolist()
    [1.0, 1.0, 3.0]
    """
    return cumsum(_without_nan(x, 0.0), axis, dtype)


@op
def nancumprod(x: TensorLike, axis: Axis = None, dtype: DType = None) -> Tensor:
    """Running products along an axis, or over the flattened tensor; NaN counts 1.

    >>> nancumprod([2.0, float("nan"), 3.0]).tolist()
    [2.0, 2.0, 6.0]
    """
    return cumprod(_without_nan(x, 1.0), axis, dtype)


def _nan_extreme(of, x, axis, keepdims, otherwise):
    x = as_array(x)
    if not _may_be_nan(x):
        return of(x, axis, keepdims)
    y = of(_without_nan(x, otherwise), axis, keepdims)
    return select_by(all(isnan(x), axis, keepdims), math.nan, y)


@op
def nanmax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element along axes, NaN left out; NaN where there is nothing else.

    `axis` and `keepdims` are those of `sum`.

    >>> float(nanmax([1.0, float("nan"), 2.0]))
    2.0
    """
    return _nan_extreme(amax, x, axis, keepdims, -math.inf)


@op
def nanmin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element along axes, NaN left out; NaN where there is nothing else.

    `axis` and `keepdims` are those of `sum`.

    >>> float(nanmin([1.0, float("nan"), 2.0]))
    1.0
    """
    return _nan_extreme(amin, x, axis, keepdims, math.inf)


def _nan_index(of, x, axis, keepdims, otherwise):
    x = as_array(x)
    if not _may_be_nan(x):
        return of(x, axis, keepdims)
    nothing = all(isnan(x), axis, keepdims)
    return select_by(nothing, -1, of(_without_nan(x, otherwise), axis, keepdims))


@op
def nanargmax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The index of the first largest element along an axis, NaN left out; -1 where there is nothing else.

    >>> int(nanargmax([1.0, float("nan"), 2.0]))
    2
    """
    return _nan_index(argmax, x, axis, keepdims, -math.inf)


@op
def nanargmin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The index of the first smallest element along an axis, NaN left out; -1 where there is nothing else.

    >>> int(nanargmin([float("nan"), 1.0, 2.0]))
    1
    """
    return _nan_index(argmin, x, axis, keepdims, math.inf)


@op
def nanmean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axes, NaN left out; NaN where there is nothing else.

    `axis` and `keepdims` are those of `sum`.

    >>> float(nanmean([1.0, float("nan"), 2.0]))
    1.5
    """
    dtype = dtype_of(to_float(x))
    x = widened(x)
    count = _number_of_others(x, axis, keepdims)
    return _cast(divide(nansum(x, axis, keepdims), select_by(equal(count, 0.0), math.nan, count)), dtype)


@op
def nanvar(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance over axes, NaN left out; NaN where there is nothing else.

    `axis` and `keepdims` are those of `sum`.

    >>> float(nanvar([1.0, float("nan"), 3.0]))
    1.0
    """
    dtype = dtype_of(to_float(x))
    x = widened(x)
    missing = isnan(x)
    centred = select_by(missing, 0.0, subtract(_without_nan(x, 0.0), nanmean(x, axis, keepdims=True)))
    count = _number_of_others(x, axis, keepdims)
    count = select_by(equal(count, 0.0), math.nan, count)
    return _cast(divide(sum(square(centred), axis, keepdims), count), dtype)


@op
def nanstd(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation over axes, NaN left out; NaN where there is nothing else.

    `axis` and `keepdims` are those of `sum`.

    >>> float(nanstd([1.0, float("nan"), 5.0]))
    2.0
    """
    return sqrt(nanvar(x, axis, keepdims))


__all__ = [name for name, value in list(globals().items()) if getattr(value, "__module__", None) == __name__ and name[0] != "_"]
