"""Ops that make one number of many: sums, means, extremes, norms, and running sums; with NaN left out, too."""

import builtins
import math

from kerata.core import dtypes
from kerata.core.arrays import as_array, dtype_of
from kerata.core.arrays import cast as _cast
from kerata.core.op import op, xp
from kerata.engines.shapes import normalize_axes
from kerata.ops.elementwise import (
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
    to_float,
    widened,
)
from kerata.ops.shaping import ravel, squeeze


def _reduction(name, doc, floats=False, dtype=None):
    def body(x, axis=None, keepdims=False):
        x = to_float(x) if floats else as_array(x)
        axis = _axis(axis, x)
        y = getattr(xp(), name)(x, axis=axis, keepdims=keepdims)
        result = dtype(dtype_of(x)) if callable(dtype) else dtype
        return y if result is None else _cast(y, result)

    return _named(body, name, doc, elementwise=False, module=__name__)


def _axis(axis, x):
    return None if axis is None else normalize_axes(axis, len(x.shape))


def _accumulator(dtype):
    """The dtype of a sum: small integers add up in 32 bits."""
    if dtype in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else dtype


sum = _reduction("sum", "The sum over axes.", dtype=_accumulator)
any = _reduction("any", "Whether any element along axes is true.", dtype="bool")
all = _reduction("all", "Whether all elements along axes are true.", dtype="bool")


@op
def prod(x, axis=None, keepdims=False, dtype=None):
    """The product over axes, computed in `dtype` if given."""
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
def max(x, axis=None, keepdims=False, initial=None):
    """The largest element along axes, `initial` among them if given."""
    return _extreme("max", maximum, x, axis, keepdims, initial)


@op
def min(x, axis=None, keepdims=False, initial=None):
    """The smallest element along axes, `initial` among them if given."""
    return _extreme("min", minimum, x, axis, keepdims, initial)


@op
def amax(x, axis=None, keepdims=False):
    """The largest element along axes."""
    return _extreme("max", maximum, x, axis, keepdims, None)


@op
def amin(x, axis=None, keepdims=False):
    """The smallest element along axes."""
    return _extreme("min", minimum, x, axis, keepdims, None)


@op
def ptp(x, axis=None, keepdims=False):
    """The distance between the largest and the smallest element along axes."""
    return subtract(amax(x, axis, keepdims), amin(x, axis, keepdims))


@op
def mean(x, axis=None, keepdims=False):
    """The mean over axes; low-precision floats are added up in float32."""
    x = to_float(x)
    return _cast(xp().mean(widened(x), axis=_axis(axis, x), keepdims=keepdims), dtype_of(x))


@op
def var(x, axis=None, keepdims=False):
    """The variance over axes, of the whole population."""
    x = to_float(x)
    return _cast(xp().var(widened(x), axis=_axis(axis, x), keepdims=keepdims), dtype_of(x))


@op
def std(x, axis=None, keepdims=False):
    """The standard deviation over axes, of the whole population."""
    return sqrt(var(x, axis, keepdims))


@op
def argmax(x, axis=None, keepdims=False):
    """The index of the first largest element along an axis, or in the flattened tensor."""
    return _cast(xp().argmax(as_array(x), axis=axis, keepdims=keepdims), "int32")


@op
def argmin(x, axis=None, keepdims=False):
    """The index of the first smallest element along an axis, or in the flattened tensor."""
    return _cast(xp().argmin(as_array(x), axis=axis, keepdims=keepdims), "int32")


def _running(name, doc):
    def body(x, axis=None, dtype=None):
        x = as_array(x, dtype)
        y = getattr(xp(), name)(ravel(x) if axis is None else x, axis=0 if axis is None else axis)
        return _cast(y, "int32" if dtype_of(x) == "bool" else dtype_of(x))

    return _named(body, name, doc, elementwise=False, module=__name__)


cumsum = _running("cumsum", "Running sums along an axis, or over the flattened tensor.")
cumprod = _running("cumprod", "Running products along an axis, or over the flattened tensor.")


@op
def count_nonzero(x, axis=None):
    """The number of elements that are not 0."""
    return sum(_cast(not_equal(x, 0), "int32"), axis)


@op
def norm(x, ord=None, axis=None, keepdims=False):
    """The norm of a vector or matrix: 2 or Frobenius for None, else 1, 2, inf, -inf, "fro" or another order of a vector."""
    x = to_float(x)
    axes = normalize_axes(axis, len(x.shape))
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
def nansum(x, axis=None, keepdims=False):
    """The sum over axes, NaN left out."""
    return sum(_without_nan(x, 0.0), axis, keepdims)


@op
def nanprod(x, axis=None, keepdims=False):
    """The product over axes, NaN left out."""
    return prod(_without_nan(x, 1.0), axis, keepdims)


@op
def nancumsum(x, axis=None, dtype=None):
    """Running sums along an axis, or over the flattened tensor; NaN counts 0."""
    return cumsum(_without_nan(x, 0.0), axis, dtype)


@op
def nancumprod(x, axis=None, dtype=None):
    """Running products along an axis, or over the flattened tensor; NaN counts 1."""
    return cumprod(_without_nan(x, 1.0), axis, dtype)


def _nan_extreme(of, x, axis, keepdims, otherwise):
    x = as_array(x)
    if not _may_be_nan(x):
        return of(x, axis, keepdims)
    y = of(_without_nan(x, otherwise), axis, keepdims)
    return select_by(all(isnan(x), axis, keepdims), math.nan, y)


@op
def nanmax(x, axis=None, keepdims=False):
    """The largest element along axes, NaN left out; NaN where there is nothing else."""
    return _nan_extreme(amax, x, axis, keepdims, -math.inf)


@op
def nanmin(x, axis=None, keepdims=False):
    """The smallest element along axes, NaN left out; NaN where there is nothing else."""
    return _nan_extreme(amin, x, axis, keepdims, math.inf)


def _nan_index(of, x, axis, keepdims, otherwise):
    x = as_array(x)
    if not _may_be_nan(x):
        return of(x, axis, keepdims)
    nothing = all(isnan(x), axis, keepdims)
    return select_by(nothing, -1, of(_without_nan(x, otherwise), axis, keepdims))


@op
def nanargmax(x, axis=None, keepdims=False):
    """The index of the first largest element along an axis, NaN left out; -1 where there is nothing else."""
    return _nan_index(argmax, x, axis, keepdims, -math.inf)


@op
def nanargmin(x, axis=None, keepdims=False):
    """The index of the first smallest element along an axis, NaN left out; -1 where there is nothing else."""
    return _nan_index(argmin, x, axis, keepdims, math.inf)


@op
def nanmean(x, axis=None, keepdims=False):
    """The mean over axes, NaN left out; NaN where there is nothing else."""
    dtype = dtype_of(to_float(x))
    x = widened(x)
    count = _number_of_others(x, axis, keepdims)
    return _cast(divide(nansum(x, axis, keepdims), select_by(equal(count, 0.0), math.nan, count)), dtype)


@op
def nanvar(x, axis=None, keepdims=False):
    """The variance over axes, NaN left out; NaN where there is nothing else."""
    dtype = dtype_of(to_float(x))
    x = widened(x)
    missing = isnan(x)
    centred = select_by(missing, 0.0, subtract(_without_nan(x, 0.0), nanmean(x, axis, keepdims=True)))
    count = _number_of_others(x, axis, keepdims)
    count = select_by(equal(count, 0.0), math.nan, count)
    return _cast(divide(sum(square(centred), axis, keepdims), count), dtype)


@op
def nanstd(x, axis=None, keepdims=False):
    """The standard deviation over axes, NaN left out; NaN where there is nothing else."""
    return sqrt(nanvar(x, axis, keepdims))


__all__ = [name for name, value in list(globals().items()) if getattr(value, "__module__", None) == __name__ and name[0] != "_"]
