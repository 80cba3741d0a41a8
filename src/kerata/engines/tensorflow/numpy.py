"""The numpy-like namespace of the TensorFlow engine: reductions, products, and what the files beside this one hold.

Kerata has promoted dtypes before it calls, except that one operand may be a Python number.
"""

import types

from kerata.engines.shapes import normalize_axes
from kerata.engines.tensorflow import linalg  # noqa: F401  (part of the namespace)
from kerata.engines.tensorflow.dtypes import is_bool, widened, without_bool
from kerata.engines.tensorflow.elementwise import *  # noqa: F403
from kerata.engines.tensorflow.library import tf
from kerata.engines.tensorflow.products import *  # noqa: F403
from kerata.engines.tensorflow.shaping import *  # noqa: F403
from kerata.engines.tensorflow.shaping import expand_dims, ravel

# Reductions


def sum(x, axis=None, keepdims=False):
    return tf.reduce_sum(widened(x), axis, keepdims)


def prod(x, axis=None, keepdims=False):
    return tf.reduce_prod(widened(x), axis, keepdims)


def mean(x, axis=None, keepdims=False):
    return tf.reduce_mean(x, axis, keepdims)


def var(x, axis=None, keepdims=False):
    return tf.math.reduce_variance(x, axis, keepdims)


def any(x, axis=None, keepdims=False):
    return tf.reduce_any(tf.cast(x, "bool"), axis, keepdims)


def all(x, axis=None, keepdims=False):
    return tf.reduce_all(tf.cast(x, "bool"), axis, keepdims)


def max(x, axis=None, keepdims=False):
    return (tf.reduce_any if is_bool(x) else tf.reduce_max)(x, axis, keepdims)


def min(x, axis=None, keepdims=False):
    return (tf.reduce_all if is_bool(x) else tf.reduce_min)(x, axis, keepdims)


def _index_of(fn):
    def run(x, axis=None, keepdims=False):
        x = tf.cast(x, "int32") if is_bool(x) else x
        result = fn(ravel(x) if axis is None else x, 0 if axis is None else axis, output_type=tf.int32)
        if not keepdims:
            return result
        return tf.reshape(result, (1,) * x.shape.rank) if axis is None else tf.expand_dims(result, axis)

    return run


argmax, argmin = _index_of(tf.argmax), _index_of(tf.argmin)


def median(x, axis=None, keepdims=False):
    axes = normalize_axes(axis, x.shape.rank)
    rest = [i for i in range(x.shape.rank) if i not in axes]
    moved = tf.transpose(x, [*rest, *axes])
    flat = tf.sort(tf.reshape(moved, tf.concat([tf.shape(moved)[: len(rest)], [-1]], 0)), -1)
    length = tf.shape(flat)[-1]
    middle = (tf.gather(flat, (length - 1) // 2, axis=-1) + tf.gather(flat, length // 2, axis=-1)) / 2
    middle = tf.ensure_shape(middle, [x.shape[i] for i in rest])
    return expand_dims(middle, axes) if keepdims else middle


def cumsum(x, axis=0):
    return tf.cumsum(widened(x) if is_bool(x) else x, axis)


def cumprod(x, axis=0):
    return tf.math.cumprod(widened(x) if is_bool(x) else x, axis)


def sort(x, axis=-1):
    return without_bool(lambda x: tf.sort(x, axis))(x)


def argsort(x, axis=-1, kind=None):
    return tf.argsort(tf.cast(x, "int32") if is_bool(x) else x, axis, stable=True)


fft = types.SimpleNamespace(
    fft=tf.signal.fft,
    fft2=tf.signal.fft2d,
    ifft2=tf.signal.ifft2d,
    rfft=tf.signal.rfft,
    irfft=lambda z, n: tf.signal.irfft(z, [n]),
)
