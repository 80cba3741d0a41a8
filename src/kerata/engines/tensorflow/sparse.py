"""TensorFlow's sparse and ragged tensors; see `engines/README.md`."""

import numpy as np

from kerata.engines.tensorflow.library import tf

HAS_RAGGED = True


def is_own(x):
    """Whether `x` is a sparse or ragged tensor of TensorFlow."""
    return isinstance(x, (tf.SparseTensor, tf.RaggedTensor))


def plain(x):
    """`x` itself: each place is there once."""
    return x


def new(values, indices, shape):
    """A sparse tensor from values (places,) and indices (places, axes), each once; what is outside of the shape is left out."""
    values, indices = _inside(values, indices, shape)
    return tf.sparse.reorder(tf.SparseTensor(indices, values, tf.cast(tuple(shape), "int64")))


def _inside(values, indices, shape):
    indices = tf.cast(indices, "int64")
    inside = tf.reduce_all((indices >= 0) & (indices < tf.cast(tuple(shape), "int64")), axis=1)
    return tf.boolean_mask(values, inside), tf.boolean_mask(indices, inside)


def summed(values, indices, shape):
    """A sparse tensor whose values of one place are added up."""
    values, indices = _inside(values, indices, shape)
    strides = tf.math.cumprod(tf.cast(tuple(shape), "int64"), exclusive=True, reverse=True)
    places, which = tf.unique(tf.reduce_sum(indices * strides, axis=1))
    values = tf.math.unsorted_segment_sum(values, which, tf.size(places))
    return new(values, tf.transpose(tf.unravel_index(places, tf.cast(tuple(shape), "int64"))), shape)


def parts(x):
    """Values (places,) and indices (places, axes)."""
    return x.values if x.values.shape.rank == 1 else tf.reshape(x.values, [-1]), x.indices


def coordinates(x):
    """Values, indices and shape on the host; of the rows of a gradient, too."""
    if isinstance(x, tf.IndexedSlices):
        x = from_dense(tf.convert_to_tensor(x))
    return np.asarray(x.values), np.asarray(x.indices), np.asarray(x.dense_shape)


def lengths(x):
    """The axes' lengths, as tensors where they are known at run time alone."""
    return [x.dense_shape[i] if n is None else n for i, n in enumerate(x.shape)]


def with_values(x, values):
    """`x` with other values."""
    return x.with_values(values)


def to_dense(x):
    """The tensor with its zeros."""
    return tf.sparse.to_dense(x)


def from_dense(x):
    """The sparse tensor of a dense one."""
    return tf.sparse.from_dense(x)


def at_places(dense, x):
    """The values of a dense tensor at the places of `x`."""
    return tf.gather_nd(dense, x.indices)


def union(x, y):
    """The places of both, whatever their values."""
    return tf.sparse.add(_zeros(x), _zeros(y))


def _zeros(x):
    return x.with_values(tf.zeros_like(x.values))


def transpose(x, axes):
    """`x` with its axes in another order."""
    return tf.sparse.transpose(x, axes)


def reshape(x, shape):
    """`x` in another shape."""
    return tf.sparse.reshape(x, shape)


def concatenate(xs, axis):
    """Sparse tensors beside each other."""
    return tf.sparse.concat(axis, xs)


def add(x, y):
    """The sum of two of one shape."""
    return tf.sparse.add(x, y)


def total(x, axes, keepdims):
    """The sum over axes."""
    result = tf.sparse.reduce_sum(x, axes, keepdims=keepdims, output_is_sparse=True)
    shape = [1 if i in axes else n for i, n in enumerate(lengths(x)) if keepdims or i not in axes]
    return tf.sparse.reshape(result, tf.cast(shape, "int64") if shape else shape)  # whose length TensorFlow does not know


def matmul(x, y):
    """The product; sparse where both are, `NotImplemented` for other than matrices."""
    if len(x.shape) != 2 or len(y.shape) != 2 or not (x.dtype.is_floating or x.dtype.is_complex):
        return NotImplemented
    if not is_own(x):
        return tf.transpose(tf.sparse.sparse_dense_matmul(tf.sparse.transpose(y), tf.transpose(x)))
    product = tf.sparse.sparse_dense_matmul(x, to_dense(y) if is_own(y) else y)
    return from_dense(product) if is_own(y) else product


# Ragged tensors


def padded(x):
    """A ragged tensor as a dense one, its rows filled up with zeros."""
    return x.to_tensor() if isinstance(x, tf.RaggedTensor) else NotImplemented


def ragged(x, lengths=None):
    """The ragged tensor of a dense one whose rows are filled up with zeros, or are of these lengths."""
    return tf.RaggedTensor.from_tensor(x, lengths, padding=tf.zeros((), x.dtype) if lengths is None else None)


def ragged_rows(x):
    """A ragged tensor in NumPy: its rows filled up with zeros, and their lengths."""
    if not isinstance(x, tf.RaggedTensor):  # a value of a data set
        x = tf.RaggedTensor.from_nested_row_splits(x.flat_values, x.nested_row_splits)
    return x.to_tensor().numpy(), x.row_lengths().numpy()


def on_flat_values(fn, *args):
    """`fn` on the values of ragged tensors whose rows have the same lengths."""
    return tf.ragged.map_flat_values(fn, *args)
