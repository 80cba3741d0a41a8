"""The different elements of a tensor."""

import math
from typing import Any

from kerata import engines
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op
from kerata.core.types import Axis, Tensor, TensorLike
from kerata.engines.shapes import normalize_axis
from kerata.ops import numpy as knp
from kerata.ops.lengths import lengths_of
from kerata.ops.segments import segment_min, segment_sum


def _order(rows):
    """The order of rows (n, k), by the first column, then the next; equal ones stay as they are."""
    order = None
    for column in reversed(range(rows.shape[1])):
        keys = knp.get_item(rows, (slice(None), column))
        step = knp.argsort(keys if order is None else knp.take(keys, order, 0), 0)
        order = step if order is None else knp.take(order, step, 0)
    return order if order is not None else knp.arange(lengths_of(rows, 0)[1], dtype="int32")


def _groups(rows):
    """The number of each row's group of equals, groups in ascending order: (n, k) -> (n,), and how many there are."""
    order = _order(rows)
    ordered = knp.take(rows, order, 0)
    differs = knp.any(knp.not_equal(knp.get_item(ordered, slice(1, None)), knp.get_item(ordered, slice(0, -1))), 1)
    steps = knp.cumsum(_cast(knp.pad(differs, ((1, 0),)), "int32"), 0)
    inverse = knp.take(steps, knp.argsort(order, 0), 0)  # back into the order of the rows
    return _cast(inverse, "int32"), steps


def _count(steps, size):
    """How many groups there are, as a number.

    Raises: ValueError in a compiled function, unless a size is given.
    """
    if size is not None:
        return size
    engine = engines.current()
    if engine.is_abstract:
        return engine.told_by_shapes(None)
    if not engine.is_concrete(steps):
        raise ValueError("unique in a compiled function needs a size: the length of its result can't depend on values.")
    return int(engine.to_numpy(steps)[-1]) + 1


def _filled(values, first, filler):
    """Values of groups that there are, and the filler for others."""
    there = first < 2**31 - 1
    there = knp.expand_dims(there, tuple(range(1, len(values.shape)))) if len(values.shape) > 1 else there
    return knp.where(there, values, filler)


@op
def unique(
    x: TensorLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Axis = None,
    size: Any = None,
    fill_value: Any = None,
) -> Tensor:
    """The different elements of a tensor in ascending order, or its different slices along an axis.

    Args:
        sorted: False accepts any order; it is the ascending one in any case.
        return_index: whether the number of the first element of each kind is returned, too.
        return_inverse: whether the place of every element among the different ones is returned, too.
        return_counts: whether it is returned how often each one is there, too.
        axis: None for the elements of the flattened tensor.
        size: how many results there are: the last ones are left out, or the result is filled up, with counts of 0. Needed
            in compiled functions.
        fill_value: what it is filled up with; by default the smallest element.

    Returns: the elements, or a tuple of them and what else was asked for.

    Raises: ValueError without a size in a compiled function.

    >>> unique([3, 1, 2, 1]).tolist()
    [1, 2, 3]
    >>> values, counts = unique([3, 1, 2, 1], size=4, fill_value=0, return_counts=True)
    >>> values.tolist(), counts.tolist()
    ([1, 2, 3, 0], [2, 1, 1, 0])
    """
    x = as_array(x)
    flat = knp.ravel(x) if axis is None else knp.moveaxis(x, normalize_axis(axis, len(x.shape)), 0)
    length = lengths_of(flat, 0)[1]
    inner = flat.shape[1:]
    width = -1 if None in inner else math.prod(inner)  # of no rows it can't be computed
    rows = knp.expand_dims(flat, 1) if len(flat.shape) == 1 else knp.reshape(flat, (-1 if length is None else length, width))
    inverse, steps = _groups(rows)
    count = 0 if length == 0 and size is None else _count(steps, size)
    first = segment_min(knp.arange(length, dtype="int32"), inverse, count)
    index = knp.where(first < 2**31 - 1, first, _least_of(first))
    values = knp.take(flat, index, 0)
    if fill_value is not None:
        values = _filled(values, first, as_array(fill_value, dtype_of(values)))
    results = [values if axis is None else knp.moveaxis(values, 0, normalize_axis(axis, len(x.shape)))]
    results += [index] if return_index else []
    results += [knp.reshape(inverse, x.shape) if axis is None else inverse] if return_inverse else []
    results += [segment_sum(knp.ones_like(inverse), inverse, count)] if return_counts else []
    return tuple(results) if len(results) > 1 else results[0]


def _least_of(first):
    """The number of the first of the smallest elements, that of the first group."""
    return knp.get_item(first, slice(0, 1))


__all__ = ["unique"]
