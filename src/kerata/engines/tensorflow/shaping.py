"""TensorFlow's numpy-like namespace: arrays that are made, in other shapes, and elements by index.

Lengths that a graph leaves open are None in a shape; functions here then compute with the length at run time.
"""

import builtins
import sys

import numpy as np

from kerata.engines import namespace
from kerata.engines.shapes import normalize_axis
from kerata.engines.tensorflow.dtypes import TILES, lacking, typed
from kerata.engines.tensorflow.library import tf

unsqueeze = tf.expand_dims
moveaxis, swapaxes, expand_dims, split = namespace.over(sys.modules[__name__], "moveaxis", "swapaxes", "expand_dims", "split")

# Making


def full(shape, fill_value, dtype=None):
    value = tf.cast(fill_value, dtype) if dtype is not None else tf.convert_to_tensor(fill_value)
    return tf.broadcast_to(value, known_shape(shape))


def zeros(shape, dtype=None):
    return tf.zeros(known_shape(shape), dtype or "float32")


def ones(shape, dtype=None):
    return tf.ones(known_shape(shape), dtype or "float32")


def full_like(x, fill_value, dtype=None):
    dtype = dtype or x.dtype
    if not tf.is_tensor(fill_value) and fill_value in (0, 1):
        return (tf.zeros_like, tf.ones_like)[int(fill_value)](x, dtype)
    return tf.broadcast_to(tf.cast(fill_value, dtype), tf.shape(x) if None in x.shape.as_list() else x.shape)


def arange(start, stop=None, step=1, dtype=None):
    if builtins.any(tf.is_tensor(v) for v in (start, stop, step)):
        start, stop = (0, start) if stop is None else (start, stop)
        wide = "float64" if tf.as_dtype(dtype).is_floating else "int64"
        return tf.cast(tf.range(tf.cast(start, wide), tf.cast(stop, wide), tf.cast(step, wide)), dtype)
    values = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
    return tf.constant(values.astype(tf.as_dtype(dtype).as_numpy_dtype))


def eye(N, M=None, k=0, dtype=None):
    return tf.constant(np.eye(N, M, k), tf.as_dtype(dtype or "float32"))


def tri(N, M=None, k=0, dtype=None):
    return tf.cast(tf.constant(np.tri(N, M, k)), dtype or "float32")


def meshgrid(*xs, indexing="xy"):
    return tf.meshgrid(*xs, indexing=indexing)


# Shapes


def _batch():
    """How many rows the graph's first input with an open number of rows has: what None stands for, first in a shape."""
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        for operation in graph.get_operations():
            if operation.type == "Placeholder":
                x = operation.outputs[0]
                if x.shape.rank and x.shape[0] is None:
                    return tf.shape(x)[0]
        graph = getattr(graph, "outer_graph", None)
    raise ValueError("The number of rows is not known here: give a number in place of None.")


def known_shape(shape):
    """A shape as TensorFlow takes it.

    Raises: ValueError for None in another place than the first.
    """
    if None in shape[1:]:
        raise ValueError(f"A tensor of shape {tuple(shape)} can't be made: give its lengths in the model's Input.")
    return [_batch() if d is None else d for d in shape]


def shape(x):
    """The lengths as numbers of the graph, known or not."""
    return tf.unstack(tf.shape(x, out_type=tf.int64), num=x.shape.rank)


def reshape(x, shape):
    """None in the shape stands for the lengths that `x` leaves open, in order, or for the batch and the rest."""
    shape = [shape] if isinstance(shape, int) else list(shape)
    if shape.count(None) > 1 or builtins.any(isinstance(d, int) and d == -1 for d in shape):
        lengths = tf.shape(x)
        unknown = [lengths[i] for i, d in enumerate(x.shape) if d is None]
        if len(unknown) < shape.count(None):
            unknown = [_batch(), -1] if shape[0] is None and -1 not in shape else [_batch()]
        if len(unknown) < shape.count(None):
            raise ValueError(f"A tensor of shape {tuple(x.shape)} can't be reshaped to {tuple(shape)}: give lengths.")
        shape = [unknown.pop(0) if d is None else d for d in shape]
    return tf.reshape(x, [-1 if d is None else d for d in shape])


def ravel(x):
    return tf.reshape(x, [-1])


def transpose(x, axes=None):
    return tf.transpose(x, axes)


def squeeze(x, axis=None):
    return x if axis == () else tf.squeeze(x, axis if axis is None or isinstance(axis, int) else list(axis))


def broadcast_to(x, shape):
    lengths = [x.shape.rank - len(shape) + i for i in range(len(shape))]
    return tf.broadcast_to(x, [tf.shape(x)[i] if d is None and i >= 0 else d for i, d in zip(lengths, shape)])


def concatenate(xs, axis=0):
    return tf.concat(list(xs), axis)


def stack(xs, axis=0):
    return tf.stack(list(xs), axis)


def parts(x, lengths, axis):
    """`x` cut into parts of these lengths; None is the rest, or as much for each part."""
    if len(set(lengths)) == 1:
        return tf.split(x, len(lengths), axis)
    return tf.split(x, [-1 if n is None else n for n in lengths], axis)


def tile(x, repeats):
    repeats = [repeats] if isinstance(repeats, int) else list(repeats)
    rank = builtins.max(len(repeats), x.shape.rank)
    repeats = [1] * (rank - len(repeats)) + repeats
    x = expand_dims(x, tuple(range(rank - x.shape.rank)))
    return lacking(TILES)(lambda x: tf.tile(x, repeats))(x)


def repeat(x, repeats, axis=None):
    if axis is None:
        x, axis = ravel(x), 0
    length = x.shape[axis]
    if length is None or tf.is_tensor(repeats) and tf.is_symbolic_tensor(repeats):
        return tf.repeat(x, repeats, axis)
    return tf.gather(x, np.repeat(np.arange(length), np.asarray(repeats)).astype("int32"), axis=axis)


def roll(x, shift, axis=None):
    if axis is None:
        return tf.reshape(tf.roll(ravel(x), shift, 0), tf.shape(x))
    return tf.roll(x, shift, axis)


def pad(x, pad_width, mode="constant", constant_values=0):
    if mode == "constant":
        return tf.pad(x, pad_width, constant_values=typed(constant_values, x))
    for axis, pair in enumerate(pad_width):
        if tuple(pair) != (0, 0) and x.shape[axis] is not None:
            x = tf.gather(x, np.pad(np.arange(x.shape[axis], dtype="int32"), pair, mode), axis=axis)
        elif tuple(pair) != (0, 0):
            x = tf.pad(x, [pair if i == axis else (0, 0) for i in range(x.shape.rank)], mode)
    return x


# Elements by index


def _in_range(indices, length):
    """Indices counted from the beginning. In a graph those out of range are moved into it: compiled code doesn't raise."""
    if tf.is_tensor(indices) and indices.dtype.name not in ("int32", "int64"):
        indices = tf.cast(indices, "int32")
    length = tf.cast(length, indices.dtype)
    indices = tf.where(indices < 0, indices + length, indices)
    return indices if tf.executing_eagerly() else tf.clip_by_value(indices, 0, tf.maximum(length - 1, 0))


def take(x, indices, axis=None):
    if axis is None:
        x, axis = ravel(x), 0
    length = x.shape[axis]
    return tf.gather(x, _in_range(indices, tf.shape(x)[axis] if length is None else length), axis=axis)


def take_along_axis(x, indices, axis=None):
    if axis is None:
        return tf.gather(ravel(x), _in_range(ravel(indices), tf.size(x)))
    last = x.shape.rank - 1
    axis = normalize_axis(axis, x.shape.rank)
    if axis != last:
        return swapaxes(take_along_axis(swapaxes(x, axis, last), swapaxes(indices, axis, last), last), axis, last)
    indices = _in_range(indices, tf.shape(x)[last] if x.shape[last] is None else x.shape[last])
    if x.shape[:-1].as_list() != indices.shape[:-1].as_list() or None in x.shape[:-1].as_list():
        rows = tf.broadcast_dynamic_shape(tf.shape(x)[:-1], tf.shape(indices)[:-1])
        static = tf.broadcast_static_shape(x.shape[:-1], indices.shape[:-1])
        widths = x.shape[-1:], indices.shape[-1:]
        x, indices = (tf.broadcast_to(v, tf.concat([rows, tf.shape(v)[-1:]], 0)) for v in (x, indices))
        x, indices = (tf.ensure_shape(v, static + width) for v, width in zip((x, indices), widths))
    return tf.gather(x, indices, batch_dims=last, axis=last)


def searchsorted(sorted_sequence, values, side="left"):
    if sorted_sequence.dtype != values.dtype:
        sorted_sequence, values = tf.cast(sorted_sequence, "float64"), tf.cast(values, "float64")
    return tf.reshape(tf.searchsorted(sorted_sequence, ravel(values), side), tf.shape(values))


def diagonal(x, offset=0, axis1=0, axis2=1):
    return tf.linalg.diag_part(moveaxis(x, (axis1, axis2), (-2, -1)), k=offset)


def _lower(x, k):
    rows, columns = (tf.range(tf.shape(x)[i] if x.shape[i] is None else x.shape[i]) for i in (-2, -1))
    return columns - rows[:, None] <= k


def tril(x, k=0):
    return tf.where(_lower(x, k), x, tf.zeros_like(x))


def triu(x, k=0):
    return tf.where(_lower(x, k - 1), tf.zeros_like(x), x)
