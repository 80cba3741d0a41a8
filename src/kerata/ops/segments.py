"""Sums, products and extremes of rows by the segment that each belongs to, and scattering, which is made of them."""

import math
from typing import Any

import numpy as np

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.op import op
from kerata.core.sparse import check_available
from kerata.core.types import Shape, Tensor, TensorLike, Tree
from kerata.ops import numpy as knp
from kerata.ops.lengths import lengths_of
from kerata.ops.promotion import as_number

_REDUCTIONS = {"sum": knp.sum, "prod": knp.prod, "max": knp.amax, "min": knp.amin}


def _nothing(kind, dtype):
    """What a segment without rows gives."""
    if kind in ("sum", "prod"):
        return int(kind == "prod")
    if dtype == "bool":
        return kind == "min"
    if dtypes.is_int_dtype(dtype):
        return np.iinfo(dtype).min if kind == "max" else np.iinfo(dtype).max
    return -math.inf if kind == "max" else math.inf


@op
def segment_reduce(data, segment_ids, num_segments, kind, nothing):
    """The inner part of the segment ops: every row is compared with every segment."""
    hits = knp.equal(knp.expand_dims(segment_ids, 0), knp.expand_dims(knp.arange(num_segments, dtype="int32"), 1))
    rank = len(data.shape) - 1
    hits = knp.expand_dims(hits, tuple(range(2, 2 + rank))) if rank else hits
    chosen = knp.where(hits, knp.expand_dims(data, 0), as_array(nothing, dtype_of(data)))
    return _cast(_REDUCTIONS[kind](chosen, 1), dtype_of(data))


def _segments(kind, data, segment_ids, num_segments):
    data, ids = as_array(data), as_array(segment_ids)
    name, dtype = f"segment_{kind}", dtype_of(data)
    if not dtypes.is_int_dtype(dtype_of(ids)) or len(ids.shape) != 1 or not len(data.shape):
        raise ValueError(
            f"{name} takes rows and as many integers; data of shape {static_shape(data)} and segment_ids of shape "
            f"{static_shape(ids)} and dtype {dtype_of(ids)} came."
        )
    if data.shape[0] != ids.shape[0] and None not in (data.shape[0], ids.shape[0]):
        raise ValueError(f"{name}: {data.shape[0]} rows and {ids.shape[0]} segment_ids came; each row needs one.")
    if num_segments is None:
        num_segments = _largest(name, ids)
    if dtype == "bool" and kind in ("sum", "prod"):
        data = _cast(data, "int32")
    return segment_reduce(data, _cast(ids, "int32"), num_segments, kind, _nothing(kind, dtype_of(data)))


def _largest(name, ids, length="num_segments"):
    engine = engines.current()
    if engine.is_abstract:
        return engine.told_by_shapes(None)
    if not engine.is_concrete(ids):
        raise ValueError(f"{name} in a compiled function needs {length}: the length of its result can't depend on values.")
    return int(np.max(engine.to_numpy(ids))) + 1 if 0 not in ids.shape else 0


@op
def segment_sum(data: Any, segment_ids: TensorLike, num_segments: Any = None, sorted: bool = False) -> Tensor:
    """The sums of the rows of each segment: (n, ...), (n,) -> (num_segments, ...).

    Args:
        data: rows.
        segment_ids: the segment of each row; rows with a number out of range are left out.
        num_segments: how many segments there are; one more than the largest number by default, which a compiled function
            can't know.
        sorted: whether the numbers are in ascending order; accepted, as no engine needs it.

    Raises: ValueError unless there is one integer for each row.

    >>> segment_sum([1.0, 2.0, 4.0], [0, 2, 2], 3).tolist()
    [1.0, 0.0, 6.0]
    """
    return _segments("sum", data, segment_ids, num_segments)


@op
def segment_prod(data: Any, segment_ids: TensorLike, num_segments: Any = None, sorted: bool = False) -> Tensor:
    """The products of the rows of each segment, 1 for none; see `segment_sum`, also for `sorted`.

    >>> segment_prod([2.0, 3.0, 4.0], [0, 2, 2], 3).tolist()
    [2.0, 1.0, 12.0]
    """
    return _segments("prod", data, segment_ids, num_segments)


@op
def segment_max(data: Any, segment_ids: TensorLike, num_segments: Any = None, sorted: bool = False) -> Tensor:
    """The largest element of each segment, -inf or the dtype's smallest number for none; see `segment_sum`, also for `sorted`.

    >>> segment_max([1.0, 2.0, 4.0], [0, 2, 2], 3).tolist()
    [1.0, -inf, 4.0]
    """
    return _segments("max", data, segment_ids, num_segments)


@op
def segment_min(data: Any, segment_ids: TensorLike, num_segments: Any = None, sorted: bool = False) -> Tensor:
    """The smallest element of each segment, inf or the dtype's largest number for none; see `segment_sum`, also for `sorted`.

    >>> segment_min([1.0, 2.0, 4.0], [0, 2, 2], 3).tolist()
    [1.0, inf, 2.0]
    """
    return _segments("min", data, segment_ids, num_segments)


@op
def bincount(x: TensorLike, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each integer from 0 on occurs, or the sum of its weights, along the last axis.

    Shapes: (n,) -> (length,), or (batch, n) -> (batch, length).

    Args:
        weights: a number for each element of `x`; 1 for each if None.
        minlength: the length at least; it is one more than the largest integer if that is more. In compiled functions,
            where that can't be known, it is the length.
        sparse: whether the result is a sparse tensor.

    Raises: ValueError for other than integers, other numbers of axes, `sparse=True` where there are no sparse tensors, or
    without `minlength` in a compiled function.

    >>> bincount([0, 2, 2], minlength=2).tolist()
    [1, 0, 2]
    """
    check_available("bincount", sparse)
    x = as_array(x)
    if not dtypes.is_int_dtype(dtype_of(x)) or len(x.shape) not in (1, 2):
        raise ValueError(f"bincount takes integers (n,) or (batch, n); {dtype_of(x)} of shape {static_shape(x)} came.")
    engine = engines.current()
    length: Any = minlength
    if engine.is_concrete(x) or not minlength:
        largest = _largest("bincount", x, "minlength")
        length = None if largest is None else max(minlength, largest)
    values = knp.ones_like(x, "int32") if weights is None else as_number(weights)
    if sparse:
        return _sparse_counts(x, values, length)
    if len(x.shape) == 1:
        return segment_sum(values, x, length)
    if engine.is_abstract:
        return engine.told_by_shapes(knp.zeros((x.shape[0], length), dtype_of(values)))
    x, count = _cast(x, "int32"), lengths_of(x, 0)[1]
    rows = knp.expand_dims(knp.arange(count, dtype="int32"), 1)
    places = knp.where(knp.logical_and(x >= 0, x < length), knp.add(knp.multiply(rows, length), x), -1)
    totals = segment_sum(knp.ravel(values), knp.ravel(places), count * length)
    return knp.reshape(totals, (-1, length))


def _sparse_counts(x, values, length):
    """The counts of `bincount` as a sparse tensor, (length,) or (batch, length)."""
    library, shape = engines.current().sparse, static_shape(x)
    if engines.current().is_abstract:
        return library.new(values, None, (*shape[:-1], length))
    places = [knp.ravel(p) for p in knp.meshgrid(*[knp.arange(n, dtype="int32") for n in shape], indexing="ij")]
    places[-1] = _cast(knp.ravel(x), "int32")
    return library.summed(knp.ravel(values), knp.stack(places, axis=1), (*shape[:-1], length))


def _flat_places(what, indices, shape):
    """The rows of `indices` (..., k) as numbers of places along the first `k` axes of `shape` made one; -1 if out of range."""
    indices = as_array(indices)
    depth = indices.shape[-1] if len(indices.shape) else None
    if not dtypes.is_int_dtype(dtype_of(indices)) or depth is None or depth > len(shape):
        raise ValueError(
            f"{what} takes integers as indices, (..., k) with k no more than the {len(shape)} axes of the shape {tuple(shape)}; "
            f"indices of shape {static_shape(indices)} and dtype {dtype_of(indices)} came."
        )
    place, inside = 0, True
    for axis in range(depth):
        index, length = _cast(knp.get_item(indices, (Ellipsis, axis)), "int32"), shape[axis]
        index = knp.where(index < 0, knp.add(index, length), index)
        inside = knp.logical_and(inside, knp.logical_and(index >= 0, index < length))
        place = knp.add(knp.multiply(place, length), index)
    return knp.ravel(knp.where(inside, place, -1)), depth


@op
def scatter(indices: TensorLike, values: TensorLike, shape: Shape) -> Tensor:
    """Zeros with `values` added at places: (..., k) and (..., *shape[k:]) -> `shape`.

    Values for one place add up; places out of range are left out, and negative numbers count from the end.

    Raises: ValueError for other than integers, or more of them than the shape has axes.

    >>> scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)).tolist()
    [1.0, 0.0, 5.0, 0.0]
    """
    shape, values = tuple(shape), as_array(values)
    places, depth = _flat_places("scatter", indices, shape)
    rows = knp.reshape(values, (-1, *shape[depth:]))
    return knp.reshape(segment_sum(rows, places, math.prod(shape[:depth])), shape)


_COMBINED = {"add": ("sum", knp.add), "max": ("max", knp.maximum), "min": ("min", knp.minimum), "mul": ("prod", knp.multiply)}


@op
def scatter_update(inputs: Tree, indices: TensorLike, updates: TensorLike, reduction: Any = None) -> Tensor:
    """`inputs` with elements or rows replaced at places, or combined with updates.

    Shapes: (d1, ..., dn), (..., k), (..., dk+1, ..., dn) -> (d1, ..., dn).

    Args:
        reduction: None to replace (the last update of a place counts), "add", "max", "min" or "mul".

    Raises: ValueError for another reduction, other than integers, or more of them than the inputs have axes.

    >>> scatter_update([1.0, 2.0, 3.0], [[0], [2]], [10.0, 30.0]).tolist()
    [10.0, 2.0, 30.0]
    """
    inputs = as_array(inputs)
    if reduction is not None and reduction not in _COMBINED:
        raise ValueError(f"scatter_update: reduction must be None, 'add', 'max', 'min' or 'mul'; {reduction!r} came.")
    shape, updates = static_shape(inputs), _cast(as_array(updates), dtype_of(inputs))
    if None in shape:
        return engines.current().told_by_shapes(inputs)
    places, depth = _flat_places("scatter_update", indices, shape)
    count, inner = math.prod(shape[:depth]), shape[depth:]
    flat, rows = knp.reshape(inputs, (count, *inner)), knp.reshape(updates, (-1, *inner))
    if reduction is None:
        number = knp.subtract(knp.cumsum(knp.ones_like(places), 0), 1)
        last = segment_max(number, places, count)
        hit = last >= 0
        chosen = knp.take(rows, knp.where(hit, last, 0), 0)
        result = knp.where(knp.expand_dims(hit, tuple(range(1, 1 + len(inner)))) if inner else hit, chosen, flat)
    else:
        kind, combine = _COMBINED[reduction]
        result = combine(flat, _cast(_segments(kind, rows, places, count), dtype_of(flat)))
    return knp.reshape(result, shape)


__all__ = ["bincount", "scatter", "scatter_update", "segment_max", "segment_min", "segment_prod", "segment_sum"]
