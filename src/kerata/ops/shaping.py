"""Ops that change shapes: reshaping, joining, parting, repeating, borders, diagonals."""

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.op import op, xp
from kerata.core.types import Axis, Shape, Tensor, TensorLike
from kerata.engines.shapes import normalize_axes, normalize_axis, reshaped
from kerata.ops.creation import arange
from kerata.ops.elementwise import equal, select_by, subtract
from kerata.ops.lengths import lengths_of


@op
def reshape(x: TensorLike, newshape: Shape) -> Tensor:
    """`x` in another shape of the same size; one -1, or None from a symbolic tensor's shape, is computed.

    Raises: ValueError if the sizes differ.

    >>> reshape([1, 2, 3, 4, 5, 6], (2, -1)).tolist()
    [[1, 2, 3], [4, 5, 6]]
    """
    x = as_array(x)
    newshape = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    if newshape.count(None) == 1 and -1 not in newshape:
        newshape = tuple(-1 if d is None else d for d in newshape)
    if builtins.all(type(d) is int for d in (*newshape, *static_shape(x))):
        newshape = reshaped(static_shape(x), newshape)
    return xp().reshape(x, newshape)


@op
def ravel(x: TensorLike) -> Tensor:
    """`x` with one axis.

    >>> ravel([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    return xp().reshape(as_array(x), (-1,))


@op
def transpose(x: TensorLike, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in another order, reversed if none is given.

    >>> transpose([[1, 2, 3], [4, 5, 6]]).tolist()
    [[1, 4], [2, 5], [3, 6]]
    """
    x = as_array(x)
    return xp().transpose(x, None if axes is None else tuple(axes))


@op
def moveaxis(x: TensorLike, source: TensorLike, destination: Any) -> Tensor:
    """Some axes moved to other places; the others keep their order.

    >>> import numpy as np
    >>> moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return xp().moveaxis(as_array(x), source, destination)


@op
def swapaxes(x: TensorLike, axis1: Any, axis2: Any) -> Tensor:
    """Two axes exchanged.

    >>> import numpy as np
    >>> swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    return xp().swapaxes(as_array(x), axis1, axis2)


@op
def expand_dims(x: TensorLike, axis: Axis) -> Tensor:
    """A new axis of length one, or several.

    >>> expand_dims([1, 2], 0).tolist(), expand_dims([1, 2], -1).tolist()
    ([[1, 2]], [[1], [2]])
    """
    return xp().expand_dims(as_array(x), tuple(axis) if isinstance(axis, list) else axis)


@op
def squeeze(x: TensorLike, axis: Axis = None) -> Tensor:
    """Axes of length one taken away.

    Raises: ValueError if a named axis is longer.

    >>> squeeze([[[1], [2]]]).tolist(), squeeze([[[1], [2]]], axis=0).tolist()
    ([1, 2], [[1], [2]])
    """
    x = as_array(x)
    for a in () if axis is None else normalize_axes(axis, len(x.shape)):
        if x.shape[a] not in (1, None):
            raise ValueError(
                f"Axis {a} of a tensor of shape {tuple(x.shape)} has length {x.shape[a]}: it can't be squeezed away."
            )
    return xp().squeeze(x, axis=None if axis is None else normalize_axes(axis, len(x.shape)))


@op
def broadcast_to(x: TensorLike, shape: Shape) -> Tensor:
    """`x` repeated to a shape.

    Raises: ValueError if the shapes don't fit.

    >>> broadcast_to([1, 2], (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    x, shape = as_array(x), (shape,) if isinstance(shape, int) else tuple(shape)
    if len(x.shape) > len(shape) or builtins.any(
        n not in (1, None, m) and m is not None for n, m in zip(x.shape[::-1], shape[::-1])
    ):
        raise ValueError(f"A tensor of shape {static_shape(x)} can't be repeated to the shape {shape}.")
    return xp().broadcast_to(x, shape)


@op
def split(x: TensorLike, indices_or_sections: Any, axis: Axis = 0) -> Tensor:
    """A list of parts along an axis: so many equal ones, or those between indices.

    >>> [part.tolist() for part in split([1, 2, 3, 4], 2)]
    [[1, 2], [3, 4]]
    >>> [part.tolist() for part in split([1, 2, 3, 4], [1, 3])]
    [[1], [2, 3], [4]]
    """
    x = as_array(x)
    if not isinstance(indices_or_sections, int):
        indices_or_sections = [int(i) for i in indices_or_sections]
    return list(xp().split(x, indices_or_sections, axis=axis))


@op
def tile(x: TensorLike, repeats: int | Sequence[int]) -> Tensor:
    """`x` laid side by side along each axis.

    >>> tile([1, 2], 2).tolist(), tile([[1, 2]], (2, 1)).tolist()
    ([1, 2, 1, 2], [[1, 2], [1, 2]])
    """
    return xp().tile(as_array(x), repeats if isinstance(repeats, int) else tuple(repeats))


@op
def repeat(x: TensorLike, repeats: int | Sequence[int], axis: Axis = None) -> Tensor:
    """Each element repeated along an axis, or of the flattened tensor; `repeats` may be a number for each element.

    Raises: ValueError if there is another number of numbers than of elements.

    >>> repeat([1, 2], 2).tolist(), repeat([[1, 2]], 2, axis=0).tolist()
    ([1, 1, 2, 2], [[1, 2], [1, 2]])
    """
    x = as_array(x) if axis is not None else ravel(x)
    axis = normalize_axis(0 if axis is None else axis, len(x.shape))
    counts = np.asarray(repeats) if isinstance(repeats, (list, tuple)) else repeats
    if isinstance(counts, np.ndarray):
        if counts.size not in (1, x.shape[axis]) and x.shape[axis] is not None or counts.ndim > 1:
            raise ValueError(
                f"repeat: {counts.tolist()} has not a number for each of {x.shape[axis]} elements along axis {axis}."
            )
        counts = int(counts.item()) if counts.size == 1 else counts
    return xp().repeat(x, counts, axis=axis)


@op
def flip(x: TensorLike, axis: Axis = None) -> Tensor:
    """The elements in reverse order along axes, or along all.

    >>> flip([[1, 2], [3, 4]]).tolist(), flip([[1, 2], [3, 4]], axis=0).tolist()
    ([[4, 3], [2, 1]], [[3, 4], [1, 2]])
    """
    x = as_array(x)
    axes = normalize_axes(axis, len(x.shape))
    return engines.current().getitem(x, tuple(slice(None, None, -1) if a in axes else slice(None) for a in range(len(x.shape))))


@op
def roll(x: TensorLike, shift: Any, axis: Axis = None) -> Tensor:
    """The elements moved round along axes, or in the flattened tensor.

    `shift` is how many places, towards the end; a number for each axis if there are several.

    >>> roll([1, 2, 3, 4], 1).tolist()
    [4, 1, 2, 3]
    """
    x = as_array(x)
    if axis is not None:
        normalize_axes(axis, len(x.shape))
    return xp().roll(x, shift, axis=axis)


_BORDERS = "constant edge linear_ramp maximum mean median minimum reflect symmetric wrap empty circular".split()


@op
def pad(x: TensorLike, pad_width: Any, mode: Any = "constant", constant_values: Any = None) -> Tensor:
    """`x` with borders.

    Args:
        x: a tensor.
        pad_width: how many elements are put before and after: a number, a pair, or a pair for each axis.
        mode: "constant", or another of `numpy.pad` that the engine has, such as "reflect".
        constant_values: what a constant border holds; 0 if None.

    Raises: ValueError for another mode, or `constant_values` with another one than "constant", and TypeError for widths that
        are no integers.

    >>> pad([1, 2], (1, 2)).tolist(), pad([[1]], ((0, 0), (1, 0)), constant_values=9).tolist()
    ([0, 1, 2, 0, 0], [[9, 1]])
    """
    x, widths = as_array(x), np.asarray(pad_width)
    if widths.dtype.kind not in "iu":
        raise TypeError(f"pad takes integers as widths; {pad_width!r} came.")
    if mode not in _BORDERS:
        raise ValueError(f"pad: mode must be one of {', '.join(_BORDERS)}; {mode!r} came.")
    pairs = [tuple(p) for p in np.broadcast_to(widths, (len(x.shape), 2)).tolist()]
    if mode == "constant":
        fill = 0 if constant_values is None else constant_values
        if dtype_of(x) == "bool":
            return _cast(xp().pad(_cast(x, "uint8"), pairs, mode=mode, constant_values=int(builtins.bool(fill))), "bool")
        return xp().pad(x, pairs, mode=mode, constant_values=int(fill) if dtypes.is_int_dtype(dtype_of(x)) else fill)
    if constant_values is not None:
        raise ValueError(f"constant_values goes with mode='constant', not with mode={mode!r}.")
    return xp().pad(x, pairs, mode=mode)


@op
def diagonal(x: TensorLike, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of two axes.

    Args:
        x: a tensor.
        offset: how far the diagonal is above the main one, or below if negative.
        axis1, axis2: the axes; the diagonal comes last in the result.

    Raises: ValueError for one axis twice, or tensors of one axis.

    >>> diagonal([[1, 2], [3, 4]]).tolist(), diagonal([[1, 2], [3, 4]], offset=1).tolist()
    ([1, 4], [2])
    """
    x = _needs_axes("diagonal", x, 2)
    if len(set(normalize_axes((axis1, axis2), len(x.shape)))) < 2:
        raise ValueError(f"diagonal takes two different axes; {axis1} and {axis2} of shape {tuple(x.shape)} came.")
    return xp().diagonal(x, offset, axis1, axis2)


@op
def tril(x: TensorLike, k: int = 0) -> Tensor:
    """`x` with 0 above the k-th diagonal.

    >>> tril([[1, 2], [3, 4]]).tolist()
    [[1, 0], [3, 4]]
    """
    return xp().tril(as_array(x), k)


@op
def triu(x: TensorLike, k: int = 0) -> Tensor:
    """`x` with 0 below the k-th diagonal.

    >>> triu([[1, 2], [3, 4]]).tolist()
    [[1, 2], [0, 4]]
    """
    return xp().triu(as_array(x), k)


@op
def array_split(x: TensorLike, indices_or_sections: Any, axis: Axis = 0) -> Tensor:
    """So many parts along an axis, the first ones longer by one if they can't be equal, or those between indices.

    Arguments are those of `split`.

    >>> [len(part) for part in array_split([1, 2, 3, 4, 5], 3)]
    [2, 2, 1]
    """
    x = as_array(x)
    length = static_shape(x)[axis]
    if isinstance(indices_or_sections, int) and indices_or_sections < 1:
        raise ValueError(f"array_split makes one part or more; {indices_or_sections} came.")
    if not isinstance(indices_or_sections, int) or length is None:
        return split(x, indices_or_sections, axis)
    least, longer = divmod(length, indices_or_sections)
    lengths = [least + 1] * longer + [least] * (indices_or_sections - longer)
    return split(x, np.cumsum(lengths)[:-1].tolist(), axis)


def _needs_axes(what, x, rank):
    x = as_array(x)
    if len(x.shape) < rank:
        raise ValueError(f"{what} takes tensors of {rank} axes or more; shape {tuple(x.shape)} came.")
    return x


@op
def hsplit(x: TensorLike, indices_or_sections: Any) -> Tensor:
    """Parts along the second axis, of a vector along the first.

    >>> [part.tolist() for part in hsplit([[1, 2], [3, 4]], 2)]
    [[[1], [3]], [[2], [4]]]
    """
    x = _needs_axes("hsplit", x, 1)
    return split(x, indices_or_sections, 1 if len(x.shape) > 1 else 0)


@op
def vsplit(x: TensorLike, indices_or_sections: Any) -> Tensor:
    """Parts along the first axis of a tensor of two axes or more.

    >>> [part.tolist() for part in vsplit([[1, 2], [3, 4]], 2)]
    [[[1, 2]], [[3, 4]]]
    """
    return split(_needs_axes("vsplit", x, 2), indices_or_sections, 0)


@op
def dsplit(x: TensorLike, indices_or_sections: Any) -> Tensor:
    """Parts along the third axis.

    >>> [part.tolist() for part in dsplit([[[1, 2]]], 2)]
    [[[[1]]], [[[2]]]]
    """
    return split(_needs_axes("dsplit", x, 3), indices_or_sections, 2)


@op
def fliplr(x: TensorLike) -> Tensor:
    """The columns in reverse order.

    >>> fliplr([[1, 2], [3, 4]]).tolist()
    [[2, 1], [4, 3]]
    """
    return flip(_needs_axes("fliplr", x, 2), 1)


@op
def flipud(x: TensorLike) -> Tensor:
    """The rows in reverse order.

    >>> flipud([[1, 2], [3, 4]]).tolist()
    [[3, 4], [1, 2]]
    """
    return flip(_needs_axes("flipud", x, 1), 0)


@op
def rot90(array: TensorLike, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """The plane of two axes turned by `k` right angles, from the first axis towards the second.

    Raises: ValueError unless there are two different axes.

    >>> rot90([[1, 2], [3, 4]]).tolist()
    [[2, 4], [1, 3]]
    """
    x = as_array(array)
    if len(axes) != 2 or len(set(normalize_axes(tuple(axes), len(x.shape)))) != 2:
        raise ValueError(
            f"rot90 turns the plane of two different axes; axes {axes!r} of a tensor of shape {tuple(x.shape)} came."
        )
    first, second = axes
    turns = k % 4
    if turns in (0, 2):
        return flip(flip(x, first), second) if turns else x
    return swapaxes(flip(x, second), first, second) if turns == 1 else flip(swapaxes(x, first, second), second)


@op
def diag(x: TensorLike, k: int = 0) -> Tensor:
    """A matrix with a vector on its k-th diagonal; of a matrix, that diagonal.

    Raises: ValueError for tensors of other than one or two axes.

    >>> diag([1, 2]).tolist()
    [[1, 0], [0, 2]]
    """
    x = as_array(x)
    rank = len(x.shape)
    if rank not in (1, 2):
        raise ValueError(f"diag takes a vector or a matrix; a tensor of shape {tuple(x.shape)} came.")
    if rank == 2:
        return diagonal(x, k)
    dtype = dtype_of(x)
    x = _cast(x, "uint8") if dtype == "bool" else x
    row = xp().pad(x, [(builtins.max(k, 0), builtins.max(-k, 0))], mode="constant", constant_values=0)
    places = arange(lengths_of(row, 0)[1], dtype="int32")
    on = equal(subtract(expand_dims(places, 0), expand_dims(places, 1)), k)
    return _cast(select_by(on, expand_dims(row, 0), as_array(0, dtype_of(row))), dtype)


@op
def diagflat(x: TensorLike, k: int = 0) -> Tensor:
    """A matrix with the elements of a tensor on its k-th diagonal.

    >>> diagflat([[1], [2]]).tolist()
    [[1, 0], [0, 2]]
    """
    return diag(ravel(x), k)


def shape(x: TensorLike) -> Tensor:
    """The shape as a tuple; None for what is unknown while a model is being built.

    >>> shape([[1, 2, 3]])
    (1, 3)
    """
    return static_shape(x)


@op
def size(x: TensorLike) -> Tensor:
    """The number of elements; of a symbolic tensor, a symbolic int32.

    >>> size([[1, 2, 3], [4, 5, 6]])
    6
    """
    engine = engines.current()
    if engine.is_abstract:
        return engine.told_by_shapes(as_array(np.int32(0)))
    return math.prod(static_shape(x))


def ndim(x: TensorLike) -> Tensor:
    """The number of axes.

    >>> ndim([[1, 2, 3]])
    2
    """
    return len(static_shape(x))


__all__ = [name for name, value in list(globals().items()) if getattr(value, "__module__", None) == __name__ and name[0] != "_"]
