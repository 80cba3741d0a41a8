"""Ops that find elements and take them: by index, by condition, by order."""

import math
from collections.abc import Sequence
from typing import Any

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op, xp
from kerata.core.types import Axis, Tensor, TensorLike
from kerata.engines.shapes import normalize_axis
from kerata.ops.elementwise import equal, floor_divide, logical_not, mod, not_equal
from kerata.ops.promotion import arrays_of, as_number, promote
from kerata.ops.reductions import any
from kerata.ops.shaping import expand_dims, ravel


@op
def where(condition: TensorLike, x1: TensorLike = None, x2: TensorLike = None) -> Tensor:
    """`x1` where the condition holds, else `x2`; with the condition alone, the indices where it holds.

    Raises: ValueError if one of `x1` and `x2` is missing.

    >>> where([True, False], [1, 2], 0).tolist()
    [1, 0]
    >>> [indices.tolist() for indices in where([False, True])]
    [[1]]
    """
    condition = as_array(condition, "bool")
    if x1 is None and x2 is None:
        return _indices_where(condition)
    if x1 is None or x2 is None:
        raise ValueError("where takes both x1 and x2, or the condition alone; one of them came.")
    x1, x2 = promote(x1, x2)
    return xp().where(condition, x1, x2)


@op
def nonzero(x: TensorLike) -> Tensor:
    """The indices of the elements that are not 0, one array an axis.

    >>> [indices.tolist() for indices in nonzero([[0, 7], [8, 0]])]
    [[0, 1], [1, 0]]
    """
    return _indices_where(as_array(not_equal(x, 0), "bool"))


def _indices_where(condition):
    return tuple(_cast(indices, "int32") for indices in xp().where(condition))


@op
def take(x: TensorLike, indices: TensorLike, axis: Axis = None) -> Tensor:
    """Elements by index along an axis, or of the flattened tensor; negative indices count from the end.

    Raises: ValueError for indices that are no integers.

    >>> take([10, 20, 30], [2, 0]).tolist(), take([[1, 2], [3, 4]], [1], axis=1).tolist()
    ([30, 10], [[2], [4]])
    """
    x, indices = as_array(x), as_array(indices)
    if dtype_of(indices) == "bool":
        indices = _cast(indices, "int32")
    if not dtypes.is_int_dtype(dtype_of(indices)):
        raise ValueError(f"take needs integers as indices; a tensor of dtype {dtype_of(indices)} came.")
    return xp().take(x, indices, axis=axis)


@op
def take_along_axis(x: TensorLike, indices: TensorLike, axis: Axis = None) -> Tensor:
    """Elements by index along an axis, each row by its own indices.

    Raises: ValueError if `indices` has another number of axes than `x`.

    >>> take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1).tolist()
    [[2], [3]]
    """
    x, indices = as_array(x), as_array(indices)
    if axis is not None and len(x.shape) != len(indices.shape):
        raise ValueError(
            f"take_along_axis: x of shape {tuple(x.shape)} and indices of shape {tuple(indices.shape)} have not as many axes."
        )
    return xp().take_along_axis(x, indices, axis=axis)


@op
def get_item(x: TensorLike, key: TensorLike) -> Tensor:
    """`x[key]`.

    >>> get_item([[1, 2], [3, 4]], (0, slice(None, None, -1))).tolist()
    [2, 1]
    """
    return engines.current().getitem(as_array(x), key)


@op
def argsort(x: TensorLike, axis: Axis = -1) -> Tensor:
    """The indices that sort along an axis, or the flattened tensor if it is None; int32.

    >>> argsort([30, 10, 20]).tolist()
    [1, 2, 0]
    """
    x, axis = _along(x, axis)
    return _cast(xp().argsort(x, axis=axis), "int32")


def _along(x, axis):
    """`x` and one of its axes; flattened if it is None."""
    x, axis = (ravel(x), 0) if axis is None else (as_array(x), axis)
    return x, normalize_axis(axis, len(x.shape))


@op
def sort(x: TensorLike, axis: Axis = -1) -> Tensor:
    """The elements in ascending order along an axis, or of the flattened tensor if it is None.

    >>> sort([[3, 1, 2]]).tolist()
    [[1, 2, 3]]
    """
    x, axis = _along(x, axis)
    return xp().sort(x, axis=axis)


@op
def searchsorted(sorted_sequence: TensorLike, values: TensorLike, side: str = "left") -> Tensor:
    """Where each value would be put into a sorted vector to keep it sorted: (n,), (...) -> (...), int32.

    `side` says whether that is before equal elements ("left") or behind them ("right").

    Args:
        sorted_sequence: a vector, ascending.
        values: a tensor.
        side: "left" or "right".

    Raises: ValueError if what is sorted is no vector, or for another side.

    >>> searchsorted([1, 3, 5], [0, 3, 9]).tolist(), searchsorted([1, 3, 5], [3], side="right").tolist()
    ([0, 1, 3], [2])
    """
    sorted_sequence, values = as_number(sorted_sequence), as_number(values)
    if len(sorted_sequence.shape) != 1 or side not in ("left", "right"):
        raise ValueError(
            f"searchsorted looks in a vector, from the 'left' or the 'right'; shape {tuple(sorted_sequence.shape)} and "
            f"{side!r} came."
        )
    return _cast(xp().searchsorted(sorted_sequence, values, side=side), "int32")


@op
def argpartition(x: TensorLike, kth: Any, axis: Axis = -1) -> Tensor:
    """Indices that put the `kth` smallest element, or several, at its place, smaller ones before and larger ones behind.

    Raises: ValueError if `kth` is out of range.

    >>> int(argpartition([30, 10, 20], 1)[1])
    2
    """
    x = as_array(x)
    order = argsort(x, axis)
    length = order.shape[-1 if axis is None else axis]
    for place in kth if isinstance(kth, (list, tuple)) else (kth,):
        if length is not None and not -length <= int(place) < length:
            raise ValueError(f"argpartition: kth={place} is out of range for an axis of length {length}.")
    return order


@op
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Tensor:
    """Elements of the first choice whose condition holds; `default` where none does.

    Raises: ValueError unless there is one choice for each condition.

    >>> select([[True, False, False], [True, True, False]], [[1, 2, 3], [10, 20, 30]], 5).tolist()
    [1, 20, 5]
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(f"select takes a choice for each condition; {len(condlist)} and {len(choicelist)} came.")
    choices = [as_array(c) for c in choicelist]
    dtype = dtypes.result_type(
        *map(dtype_of, choices), type(default) if type(default) in (bool, int, float) else dtype_of(default)
    )
    result = as_array(default, dtype)
    for condition, choice in reversed(list(zip(condlist, choices))):
        result = where(condition, _cast(choice, dtype), result)
    return result


@op
def isin(x1: TensorLike, x2: TensorLike, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of `x1` is among those of `x2`, or is not with `invert`.

    `assume_unique`, that neither has an element twice, is accepted: the result is the same.

    >>> isin([1, 2, 5], [2, 5, 7]).tolist()
    [False, True, True]
    """
    x1, x2 = arrays_of(x1, x2)
    found = any(equal(expand_dims(x1, -1), ravel(x2)), -1)
    return logical_not(found) if invert else found


@op
def unravel_index(indices: TensorLike, shape: Sequence[int]) -> Tensor:
    """The indices along each axis of the elements with these numbers in the flattened tensor.

    >>> [part.tolist() for part in unravel_index([1, 5], (2, 3))]
    [[0, 1], [1, 2]]
    """
    indices = as_array(indices)
    indices = indices if dtypes.is_int_dtype(dtype_of(indices)) else _cast(indices, "int32")
    total = math.prod(shape)
    rest, parts = mod(indices, total) if total else indices, []
    for length in reversed(shape):
        parts.append(mod(rest, length))
        rest = floor_divide(rest, length)
    return tuple(reversed(parts))


__all__ = [name for name, value in list(globals().items()) if getattr(value, "__module__", None) == __name__ and name[0] != "_"]
