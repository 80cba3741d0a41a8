"""Shapes, with None for unknown lengths: axes, broadcasting, and what ops make of a shape."""

import math
import operator


def standardize_shape(shape):
    """A shape as a tuple of integers and None.

    Raises: ValueError for anything else, and for negative lengths.
    """
    if type(shape) is tuple:
        for d in shape:
            if d is not None and (type(d) is not int or d < 0):
                break
        else:
            return shape
    if isinstance(shape, (str, bytes)) or not hasattr(shape, "__iter__"):
        raise ValueError(f"A shape is a tuple of integers and None; {shape!r} came.")
    return tuple(None if d is None else _length(shape, d) for d in shape)


def _length(shape, length):
    try:
        length = operator.index(length)
    except TypeError:
        raise ValueError(f"A shape holds integers and None; {length!r} came, in {shape!r}.") from None
    if length < 0:
        raise ValueError(f"A shape has no negative lengths; {shape!r} came.")
    return length


def size(shape):
    """The number of elements, None if unknown."""
    return None if None in shape else math.prod(shape)


def broadcast_shapes(*shapes):
    """NumPy's rule with None for unknown: None with 1 stays None, with k > 1 is k.

    Raises: ValueError if the shapes do not fit.
    """
    rank = max(map(len, shapes))
    result = []
    for dims in zip(*[(1,) * (rank - len(s)) + tuple(s) for s in shapes]):
        known = {d for d in dims if d not in (None, 1)}
        if len(known) > 1:
            raise ValueError(f"Shapes {' and '.join(map(str, shapes))} can't be broadcast together.")
        result.append(known.pop() if known else (None if None in dims else 1))
    return tuple(result)


def same_dim(a, b):
    return a is None or b is None or a == b


class OutOfRange(ValueError, IndexError):
    """An axis or an index beyond what a tensor has; NumPy's error for axes is of both kinds, too."""


def normalize_axis(axis, rank):
    """A non-negative axis.

    Raises: OutOfRange if it is out of range.
    """
    if not -rank <= axis < rank:
        raise OutOfRange(f"Axis {axis} is out of range for a tensor of rank {rank}.")
    return axis % rank if rank else 0


def normalize_axes(axis, rank):
    if axis is None:
        return tuple(range(rank))
    return tuple(normalize_axis(int(a), rank) for a in (axis if isinstance(axis, (tuple, list)) else (axis,)))


def reduced_shape(shape, axis, keepdims):
    axes = normalize_axes(axis, len(shape))
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes)


def reshaped(shape, target):
    """The shape after `reshape(target)`, where one -1 is computed and None stands for an unknown source dimension.

    Raises: ValueError if the sizes do not fit, or there is more than one -1.
    """
    target = tuple(target)
    if target.count(-1) > 1:
        raise ValueError(f"reshape computes one length; the new shape {target} has {target.count(-1)} of -1.")
    source, rest = list(shape), list(target)
    shared = min(source.count(None), rest.count(None))
    for _ in range(shared):
        source.remove(None)
        rest.remove(None)
    fill = None
    if None not in source and None not in rest:
        total, known = math.prod(source), math.prod(d for d in rest if d != -1)
        fits = (known and total % known == 0) if -1 in rest else total == known
        if not fits and known and not shared:
            raise ValueError(f"A tensor of shape {tuple(shape)} can't be reshaped to {target}: the sizes differ.")
        fill = (total // known if known else 0) if fits else None
    return tuple(fill if d == -1 else d for d in target)


def window_output(length, window, stride, padding, dilation=1):
    """The output length of a convolution or pooling along one axis.

    `padding` is "same", "valid" or a pair (before, after).
    """
    if length is None:
        return None
    if padding == "same":
        return -(-length // stride)
    before, after = (0, 0) if padding == "valid" else padding
    return (length + before + after - (window - 1) * dilation - 1) // stride + 1


def window_outputs(spatial, window, strides, padding, dilation):
    pads = [padding] * len(spatial) if isinstance(padding, str) else padding
    return tuple(window_output(*axis) for axis in zip(spatial, window, strides, pads, dilation))


def einsum_shape(equation, shapes):
    """The result shape of `einsum(equation)`, ellipses included.

    Raises: ValueError if an axis letter stands for two lengths.
    """
    equation = equation.replace(" ", "")
    inputs, arrow, output = equation.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f"einsum {equation!r} names {len(terms)} operands; {len(shapes)} came.")
    sizes: dict[str, int | None] = {}
    ellipsis: tuple[int | None, ...] = ()
    for term, shape in zip(terms, shapes):
        before, dots, after = term.partition("...")
        extra = len(shape) - len(before) - len(after)
        if extra < 0 or (extra and not dots):
            raise ValueError(f"einsum {equation!r}: term {term!r} does not fit the shape {tuple(shape)}.")
        ellipsis = broadcast_shapes(ellipsis, shape[len(before) : len(before) + extra])
        for letter, dim in [*zip(before, shape), *zip(after, shape[len(shape) - len(after) :])]:
            known = sizes.get(letter)
            if known not in (None, 1) and dim not in (None, 1) and known != dim:
                raise ValueError(f"einsum {equation!r}: axis {letter!r} is {known} in one operand and {dim} in another.")
            sizes[letter] = dim if known in (None, 1) else known
    if not arrow:
        letters = inputs.replace(",", "").replace(".", "")
        output = ("..." if "..." in inputs else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    before, dots, after = output.partition("...")
    return (*[sizes[c] for c in before], *(ellipsis if dots else ()), *[sizes[c] for c in after])
