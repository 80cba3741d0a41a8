"""The numpy-like namespace of the TensorFlow engine: reductions, products, and what the files beside this one hold.

Kerata has promoted dtypes before it calls, except that one operand may be a Python number.
"""

import sys
import types

import numpy as np

from kerata.engines import namespace
from kerata.engines.tensorflow import linalg  # noqa: F401  (part of the namespace)
from kerata.engines.tensorflow.dtypes import is_bool, widened, without_bool
from kerata.engines.tensorflow.elementwise import *  # noqa: F403
from kerata.engines.tensorflow.library import tf
from kerata.engines.tensorflow.products import *  # noqa: F403
from kerata.engines.tensorflow.shaping import *  # noqa: F403
from kerata.engines.tensorflow.shaping import ravel

float64 = tf.float64
asarray = astype = tf.cast
dot, median, _between_tensors = namespace.over(sys.modules[__name__], "dot", "median", "linspace")


def linspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    if tf.is_tensor(start) or tf.is_tensor(stop):
        return _between_tensors(start, stop, num, endpoint, dtype, axis)
    # One constant in place of ten operations, which took six times as long.
    return tf.constant(np.linspace(start, stop, num, endpoint, dtype=tf.as_dtype(dtype).as_numpy_dtype, axis=axis))


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
