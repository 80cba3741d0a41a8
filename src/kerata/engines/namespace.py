"""Functions of the numpy-like namespaces that follow from other functions there, each written once.

An engine's namespace takes from here what its library lacks or does in another way: `over(xp, name)` is the function made
of the namespace's own primitives. JAX and NumPy have all of their own.
"""

import functools

from kerata.engines.shapes import normalize_axes, normalize_axis


def over(xp, *names):
    """The functions of these names, made of the primitives of a namespace."""
    return [functools.partial(globals()[name], xp) for name in names]


# Shapes


def moveaxis(xp, x, source, destination):
    rank = len(x.shape)
    source, destination = normalize_axes(source, rank), normalize_axes(destination, rank)
    order = [a for a in range(rank) if a not in source]
    for to, a in sorted(zip(destination, source)):
        order.insert(to, a)
    return x if order == list(range(rank)) else xp.transpose(x, order)


def swapaxes(xp, x, axis1, axis2):
    rank = len(x.shape)
    (axis1, axis2), order = normalize_axes((axis1, axis2), rank), list(range(rank))
    order[axis1], order[axis2] = axis2, axis1
    return xp.transpose(x, order)


def expand_dims(xp, x, axis):
    """Made of `unsqueeze`, which adds one axis."""
    if isinstance(axis, int):
        return xp.unsqueeze(x, axis)
    rank = len(x.shape) + len(axis)
    for a in sorted([normalize_axis(a, rank) for a in axis]):
        x = xp.unsqueeze(x, a)
    return x


def stack(xp, xs, axis=0):
    return xp.concatenate([xp.unsqueeze(x, axis) for x in xs], axis)


def split(xp, x, indices_or_sections, axis=0):
    """Made of `parts`, which takes the lengths of the parts; None stands for one that isn't known."""
    axis, count = normalize_axis(axis, len(x.shape)), indices_or_sections
    length = x.shape[axis]
    if not isinstance(count, int):
        starts = count if length is None else [slice(i).indices(length)[1] for i in count]
        bounds = [0, *starts, length]
        return xp.parts(x, [None if b is None else max(b - a, 0) for a, b in zip(bounds, bounds[1:])], axis)
    if length is not None and length % count:
        raise ValueError(f"An axis of length {length} can't be split into {count} equal parts.")
    return xp.parts(x, [None if length is None else length // count] * count, axis)


# Values


def dot(xp, x1, x2):
    if not len(x1.shape) or not len(x2.shape):
        return xp.multiply(x1, x2)
    return xp.tensordot(x1, x2, ([len(x1.shape) - 1], [max(len(x2.shape) - 2, 0)]))


def linspace(xp, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """Computed in float64; integers are those below."""
    start, stop = (xp.asarray(x, dtype=xp.float64) for x in (start, stop))
    places = xp.arange(num, dtype=xp.float64)
    places = xp.reshape(places, (num, *[1] * max(len(start.shape), len(stop.shape))))
    values = places * ((stop - start) / max(num - 1 if endpoint else num, 1)) + start
    if endpoint and num > 1:
        values = xp.where(places == num - 1, stop, values)
    values = xp.floor(values) if "int" in str(dtype) else values
    return xp.astype(xp.moveaxis(values, 0, axis), dtype)


def median(xp, x, axis=None, keepdims=False):
    axes, rank = normalize_axes(axis, len(x.shape)), len(x.shape)
    rest = [a for a in range(rank) if a not in axes]
    rows = xp.reshape(xp.transpose(x, (*rest, *axes)), (*[x.shape[a] for a in rest], -1))
    ordered, count = xp.sort(rows, axis=-1), rows.shape[-1]
    count = xp.shape(rows)[-1] if count is None else count
    middle = (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2
    middle = xp.where(xp.any(xp.isnan(rows), -1), float("nan"), middle)
    return xp.expand_dims(middle, axes) if keepdims else middle
