"""kerata's data sets as `tf.data.Dataset`s."""

import numpy as np
import optree
import tensorflow as tf


def as_dataset(dataset, spec):
    """A `tf.data.Dataset` of the same elements, read ahead.

    Args:
        dataset: what gives structures of arrays when iterated over, and has a length.
        spec: the same structure, of `(shape, dtype)`; text has the dtype "string".
    """
    is_spec = lambda x: isinstance(x, tuple) and len(x) == 2 and isinstance(x[1], str)
    signature = optree.tree_map(lambda s: tf.TensorSpec(s[0], _dtype(s[1])), spec, is_leaf=is_spec)
    result = tf.data.Dataset.from_generator(lambda: map(_plain, dataset), output_signature=signature)
    return result.apply(tf.data.experimental.assert_cardinality(len(dataset))).prefetch(tf.data.AUTOTUNE)


def _dtype(name):
    return tf.string if name.startswith(("str", "string", "bytes", "object")) else tf.as_dtype(name)


def _plain(element):
    as_bytes = lambda x: np.vectorize(lambda s: s.encode() if isinstance(s, str) else s, otypes=[object])(x)
    return optree.tree_map(lambda x: as_bytes(x) if x.dtype.kind in "US" else np.asarray(x), element)
