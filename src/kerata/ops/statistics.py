"""Statistics: averages, quantiles, histograms, correlations, differences and sums of areas."""

import builtins
from typing import Any

import numpy as np

from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.op import op, xp
from kerata.core.types import Axis, Tensor, TensorLike
from kerata.engines.shapes import normalize_axes, normalize_axis
from kerata.ops.creation import arange, ones_like
from kerata.ops.elementwise import (
    add,
    ceil,
    clip,
    divide,
    equal,
    floor,
    greater_equal,
    isnan,
    less_equal,
    logical_and,
    logical_not,
    maximum,
    minimum,
    multiply,
    not_equal,
    select_by,
    sqrt,
    subtract,
)
from kerata.ops.indexing import get_item, searchsorted, sort, take_along_axis
from kerata.ops.lengths import lengths_of
from kerata.ops.products import matmul
from kerata.ops.promotion import float_arrays_of, to_float
from kerata.ops.reductions import amax, amin, any, mean, sum
from kerata.ops.shaping import broadcast_to, expand_dims, moveaxis, ravel, reshape, squeeze, swapaxes, transpose


@op
def digitize(x: TensorLike, bins: Any) -> Tensor:
    """The number of the bin that each element falls in.

    Shapes: (...), (n,) -> (...), int32: 0 below the first of the ascending `bins`, n from the last one on.

    >>> digitize([0.5, 2.0, 9.0], [1.0, 2.0, 3.0]).tolist()
    [0, 2, 3]
    """
    return searchsorted(as_array(bins, dtype_of(as_array(x))), x, side="right")


@op
def average(x: TensorLike, axis: Axis = None, weights: Any = None) -> Tensor:
    """The mean, weighted if weights are given.

    Args:
        x: a tensor.
        axis: an axis, or several; all of them if None.
        weights: in the shape of `x`, or a vector along one axis.

    Raises: ValueError for weights of another number of axes without `axis`.

    >>> float(average([1.0, 3.0], weights=[3.0, 1.0]))
    1.5
    """
    if weights is None:
        return mean(x, axis)
    x, weights = float_arrays_of(x, weights)
    if len(weights.shape) != len(x.shape) and axis is None:
        raise ValueError(
            f"average: x of shape {static_shape(x)} and weights of shape {static_shape(weights)} came without an axis."
        )
    if static_shape(weights) != static_shape(x) and axis is not None:
        shape: Any = [1] * len(x.shape)
        shape[axis] = -1
        weights = reshape(weights, shape)
    weights = broadcast_to(weights, ones_like(x).shape)
    return divide(sum(multiply(x, weights), axis), sum(weights, axis))


@op
def median(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle value along axes.

    >>> float(median([5.0, 1.0, 2.0])), median([[1.0, 2.0], [3.0, 5.0]], axis=1).tolist()
    (2.0, [1.5, 4.0])
    """
    return xp().median(to_float(x), axis=axis, keepdims=keepdims)


_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _last_of(x, axes):
    """`x` with some axes made one, the last."""
    rest = [a for a in range(len(x.shape)) if a not in axes]
    if not rest:
        return ravel(x)
    moved = transpose(x, [*rest, *axes])
    return moved if len(axes) == 1 else reshape(moved, [*[x.shape[a] for a in rest], -1])


def _between(ordered, place, method):
    """Elements of sorted rows at places between them: (..., n), (..., k) -> (..., k)."""
    low, high = floor(place), ceil(place)
    if method == "nearest":
        low = high = xp().round(place)
    elif method in ("lower", "higher"):
        low = high = low if method == "lower" else high
    below, above = (_taken(ordered, _cast(p, "int32")) for p in (low, high))
    if method == "midpoint":
        return divide(add(below, above), 2.0)
    return below if method != "linear" else add(below, multiply(subtract(above, below), subtract(place, low)))


def _taken(ordered, places):
    if len(places.shape) == 1:
        return xp().take(ordered, places, axis=-1)
    return take_along_axis(ordered, places, -1)


def _quantile(what, x, q, axis, method, keepdims, without_nan):
    """Quantiles by sorting: NaN, if any, comes to the end as infinity, and is made NaN again or counted out."""
    if method not in _METHODS:
        raise ValueError(f"{what}: method must be one of {', '.join(_METHODS)}; {method!r} came.")
    x = to_float(x)
    dtype, axes = dtype_of(x), normalize_axes(axis, len(x.shape))
    wide = "float32" if dtype in ("float16", "bfloat16") else dtype
    q, flat = as_array(q, wide), _last_of(_cast(x, wide), axes)
    levels = ravel(q) if len(q.shape) != 1 else q
    missing = isnan(flat)
    ordered = sort(select_by(missing, float("inf"), flat), -1)
    if without_nan:
        count = sum(_cast(logical_not(missing), wide), -1, keepdims=True)
        place = multiply(levels, maximum(subtract(count, 1.0), 0.0))
        empty = equal(count, 0.0)
    else:
        last = lengths_of(flat, -1)[1]
        place = multiply(levels, 0.0 if last is None else _cast(as_array(last), wide) - 1.0)
        empty = any(missing, -1, keepdims=True)
    values = select_by(empty, float("nan"), _between(select_by(empty, 0.0, ordered), place, method))
    return _cast(_in_front(values, q, axes, keepdims), dtype)


def _in_front(values, q, axes, keepdims):
    """Quantiles along the last axis in the form of a reduction, those of each level in front."""
    values = moveaxis(values, -1, 0)
    if keepdims:
        values = expand_dims(values, tuple(a + 1 for a in sorted(axes)))
    if not len(q.shape):
        return squeeze(values, 0)
    return values if len(q.shape) == 1 else reshape(values, (*q.shape, *[-1 if n is None else n for n in values.shape[1:]]))


@op
def quantile(x: TensorLike, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The value below which a share `q` of the elements lies, along axes; several levels come first in the result.

    Args:
        q: from 0 to 1, a number or a tensor of them.
        method: between two elements, "linear" goes from one to the other, "lower", "higher" and "nearest" take one of
            them, "midpoint" takes their mean.

    Raises: ValueError for an unknown method.

    >>> quantile([1.0, 2.0, 3.0, 4.0], [0.25, 0.75]).tolist()
    [1.75, 3.25]
    """
    return _quantile("quantile", x, q, axis, method, keepdims, False)


@op
def percentile(x: TensorLike, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile`, its levels from 0 to 100.

    The other arguments are those of `quantile`.

    >>> percentile([1.0, 2.0, 3.0, 4.0], [25, 75]).tolist()
    [1.75, 3.25]
    """
    return _quantile("percentile", x, divide(to_float(q), 100.0), axis, method, keepdims, False)


@op
def nanquantile(x: TensorLike, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` of the elements that are not NaN; NaN where there are none.

    Arguments are those of `quantile`.

    >>> float(nanquantile([5.0, float("nan"), 1.0], 0.25))
    2.0
    """
    return _quantile("nanquantile", x, q, axis, method, keepdims, True)


@op
def nanpercentile(x: TensorLike, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`percentile` of the elements that are not NaN; NaN where there are none.

    Arguments are those of `percentile`.

    >>> float(nanpercentile([5.0, float("nan"), 1.0], 25))
    2.0
    """
    return _quantile("nanpercentile", x, divide(to_float(q), 100.0), axis, method, keepdims, True)


@op
def nanmedian(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle value along axes, NaN left out; NaN where there is nothing else.

    >>> float(nanmedian([5.0, float("nan"), 1.0]))
    3.0
    """
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, True)


@op
def histogram(x: TensorLike, bins: Any = 10, range: Any = None) -> Tensor:
    """How many elements fall into each of `bins` equal intervals, and the intervals' edges.

    Shapes: (n,) -> (bins,), (bins + 1,). An element on an edge belongs to the interval above it, on the last edge to the
    last. The counts are floats, as the edges are. The range goes from the smallest element to the largest if none is given.

    Raises: ValueError if there is no bin, or the range ends before it begins; TypeError if `bins` is no integer.

    >>> counts, edges = histogram([0.0, 1.0, 1.0, 4.0], bins=2)
    >>> counts.tolist(), edges.tolist()
    ([3.0, 1.0], [0.0, 2.0, 4.0])
    """
    if not isinstance(bins, int):
        raise TypeError(f"histogram: bins must be an integer; {bins!r} came.")
    if bins < 1:
        raise ValueError(f"histogram: bins must be a positive integer; {bins!r} came.")
    if range is not None and (len(range) != 2 or range[1] < range[0]):
        raise ValueError(f"histogram: range must be two numbers, the smaller first; {range!r} came.")
    x = ravel(to_float(x))
    if range is None:
        low, high = (amin(x), amax(x)) if x.shape[0] != 0 else (as_array(0.0, dtype_of(x)), as_array(1.0, dtype_of(x)))
    else:
        low, high = (as_array(float(end), dtype_of(x)) for end in range)
    same = equal(low, high)
    low, high = select_by(same, subtract(low, 0.5), low), select_by(same, add(high, 0.5), high)
    shares = as_array(np.linspace(0.0, 1.0, bins + 1), dtype_of(x))
    edges = add(multiply(shares, high), multiply(subtract(1.0, shares), low))
    inside = logical_and(greater_equal(x, low), less_equal(x, high))
    place = minimum(subtract(searchsorted(edges, x, side="right"), 1), bins - 1)
    hits = logical_and(equal(expand_dims(place, -1), arange(bins, dtype="int32")), expand_dims(inside, -1))
    return sum(_cast(hits, dtype_of(x)), 0), edges


@op
def corrcoef(x: TensorLike) -> Tensor:
    """The correlations of variables with one another: (variables, observations) -> (variables, variables).

    Raises: ValueError for tensors of more than two axes.

    >>> import kerata
    >>> kerata.ops.round(corrcoef([[1.0, 3.0], [5.0, 1.0]])).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    x = to_float(x)
    if len(x.shape) > 2:
        raise ValueError(f"corrcoef takes a matrix (variables, observations); a tensor of shape {static_shape(x)} came.")
    rows = expand_dims(x, 0) if len(x.shape) == 1 else x
    centred = subtract(rows, mean(rows, 1, keepdims=True))
    products = matmul(centred, swapaxes(centred, 0, 1))
    sizes = sqrt(sum(multiply(centred, centred), 1))
    result = clip(divide(divide(products, expand_dims(sizes, 1)), expand_dims(sizes, 0)), -1.0, 1.0)
    return squeeze(result, (0, 1)) if len(x.shape) == 1 else result


def _neighbours(x, axis):
    """The elements but the first along an axis, and those but the last."""
    key = [slice(None)] * len(x.shape)
    return [get_item(x, (*key[:axis], part, *key[axis + 1 :])) for part in (slice(1, None), slice(None, -1))]


@op
def diff(a: TensorLike, n: int = 1, axis: Axis = -1) -> Tensor:
    """The differences of neighbours along an axis, taken `n` times; of bools, whether they differ.

    Raises: ValueError if `n` is negative.

    >>> diff([1, 4, 9]).tolist(), diff([1, 4, 9], n=2).tolist()
    ([3, 5], [2])
    """
    if n < 0:
        raise ValueError(f"diff: n must be 0 or more; {n} came.")
    x = as_array(a)
    axis = normalize_axis(axis, len(x.shape))
    for _ in builtins.range(n):
        later, earlier = _neighbours(x, axis)
        x = not_equal(later, earlier) if dtype_of(x) == "bool" else subtract(later, earlier)
    return x


@op
def trapezoid(y: TensorLike, x: TensorLike = None, dx: float = 1.0, axis: Axis = -1) -> Tensor:
    """The area under a line through points at equal distances `dx`, or at the places `x`, along an axis.

    >>> float(trapezoid([1.0, 2.0, 3.0]))
    4.0
    """
    y = to_float(y)
    axis = normalize_axis(axis, len(y.shape))
    later, earlier = _neighbours(y, axis)
    heights = divide(add(later, earlier), 2.0)
    if x is None:
        return multiply(sum(heights, axis), dx)
    x = to_float(x)
    if len(x.shape) == 1:
        x = reshape(x, [-1 if a == axis else 1 for a in range(len(y.shape))])
    return sum(multiply(heights, subtract(*_neighbours(x, axis))), axis)


__all__ = [name for name, value in list(globals().items()) if getattr(value, "__module__", None) == __name__ and name[0] != "_"]
