"""The numpy-like namespace of the TensorFlow engine: a table of names, and the deviations written out.

Kerata has promoted dtypes before it calls, except that one operand may be a Python number. Lengths that a graph leaves
open are None in a shape; functions here then compute with the length at run time.
"""

import builtins
import math
import types

import numpy as np

from kerata.engines import tensorflow_linalg as linalg  # noqa: F401  (part of the namespace)
from kerata.engines.abstract import normalize_axes, normalize_axis
from kerata.engines.tensorflow_import import tf

_SMALL_SIGNED, _SMALL_UNSIGNED = ("bool", "int8", "int16"), ("uint8", "uint16")


# Dtypes: some of TensorFlow's functions lack some dtypes, and are then computed in a wider one


def _is_bool(x):
    return x.dtype == tf.bool


def _in(dtype, fn, *xs):
    """`fn` computed in `dtype`; the result in the dtype of the first argument."""
    return tf.cast(fn(*[tf.cast(x, dtype) for x in xs]), xs[0].dtype)


def _without_bool(fn):
    """A function that takes bools too, as 0 and 1."""
    return lambda x, *others: _in("int32", fn, x, *others) if _is_bool(x) else fn(x, *others)


def _signed(fn):
    """A function that takes unsigned integers and bools too."""

    def run(x, *others):
        unsigned = x.dtype.is_unsigned or _is_bool(x)
        return _in("int64", fn, x, *others) if unsigned else fn(x, *others)

    return run


def _widened(x):
    """`x` in the dtype in which it is added up."""
    if x.dtype.name in _SMALL_SIGNED:
        return tf.cast(x, "int32")
    return tf.cast(x, "uint32") if x.dtype.name in _SMALL_UNSIGNED else x


def _typed(x, like):
    """A Python number in the dtype of an array."""
    if tf.is_tensor(x):
        return x
    return tf.constant(int(x) if isinstance(x, bool) and like.dtype != tf.bool else x, like.dtype)


def _pair(x1, x2):
    if tf.is_tensor(x1):
        return x1, _typed(x2, x1)
    if tf.is_tensor(x2):
        return _typed(x1, x2), x2
    return tf.convert_to_tensor(x1), tf.convert_to_tensor(x2)


def _binary(fn):
    return lambda x1, x2: fn(*_pair(x1, x2))


def _logical(fn):
    return lambda x1, x2: fn(*[tf.cast(x, "bool") for x in _pair(x1, x2)])


def _bitwise(fn, of_bools=None):
    def run(x1, x2):
        x1, x2 = _pair(x1, x2)
        if _is_bool(x1):
            return of_bools(x1, x2) if of_bools else _in("int32", fn, x1, x2)
        return fn(x1, x2)

    return run


def _test(fn, otherwise):
    """A test of floats; integers all pass or all fail."""

    def run(x):
        floating = x.dtype.is_floating or x.dtype.is_complex
        return fn(x) if floating else tf.fill(tf.shape(x), otherwise)

    return run


# Elementwise


def cbrt(x):
    return tf.sign(x) * tf.pow(tf.abs(x), 1 / 3)


def sinc(x):
    scaled = tf.where(x == 0, tf.ones_like(x), x * math.pi)
    return tf.where(x == 0, tf.ones_like(x), tf.sin(scaled) / scaled)


def trunc(x):
    return tf.where(x < 0, tf.math.ceil(x), tf.floor(x)) if x.dtype.is_floating else x


def hypot(x1, x2):
    x1, x2 = (tf.abs(x) for x in _pair(x1, x2))
    large, small = tf.maximum(x1, x2), tf.minimum(x1, x2)
    ratio = small / tf.where(large == 0, tf.ones_like(large), large)
    return large * tf.sqrt(1 + ratio * ratio)


def logaddexp(x1, x2):
    x1, x2 = _pair(x1, x2)
    difference = tf.where((x1 == x2) & tf.math.is_inf(x1), tf.zeros_like(x1 - x2), x1 - x2)
    return tf.where(difference >= 0, x1 + tf.math.softplus(-difference), x2 + tf.math.softplus(difference))


def round(x, decimals=0):
    if not x.dtype.is_floating and decimals >= 0:
        return x
    if decimals == 0:
        return tf.round(x)
    scale = 10.0**decimals
    wide = x if x.dtype.is_floating else tf.cast(x, "float64")
    return tf.cast(tf.round(wide * scale) / scale, x.dtype)


def clip(x, low=None, high=None):
    x = x if low is None else maximum(x, low)
    return x if high is None else minimum(x, high)


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    if not x.dtype.is_floating:
        return x
    x = tf.where(tf.math.is_nan(x), _typed(nan, x), x)
    infinite = tf.math.is_inf(x)
    x = tf.where(infinite & (x > 0), _typed(float(x.dtype.max) if posinf is None else posinf, x), x)
    return tf.where(infinite & (x < 0), _typed(float(x.dtype.min) if neginf is None else neginf, x), x)


def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    x1, x2 = _pair(x1, x2)
    if not (x1.dtype.is_floating or x1.dtype.is_complex):
        x1, x2 = tf.cast(x1, "float64"), tf.cast(x2, "float64")
    size = tf.abs(x2)
    near = (tf.abs(x1 - x2) <= _typed(atol, size) + _typed(rtol, size) * size) & isfinite(x2)
    near = near | (x1 == x2)
    return near | (isnan(x1) & isnan(x2)) if equal_nan else near


def where(condition, x1=None, x2=None):
    if x1 is None:
        return tuple(tf.unstack(tf.cast(tf.where(condition), "int32"), num=condition.shape.rank, axis=1))
    return tf.where(condition, *_pair(x1, x2))


def real(x):
    return tf.math.real(x)


def imag(x):
    return tf.math.imag(x)


def bitwise_not(x):
    return tf.bitwise.invert(x)


def signbit(x):
    return tf.bitcast(x, {2: tf.int16, 4: tf.int32, 8: tf.int64}[x.dtype.size]) < 0


def nextafter(x1, x2):
    """By the bits: those of floats of one sign are in the order of their values."""
    x1, x2 = _pair(x1, x2)
    if x1.dtype.size > 2:
        return tf.math.nextafter(x1, x2)
    x1, x2 = x1 + tf.zeros_like(x2), x2 + tf.zeros_like(x1)
    bits = tf.cast(tf.bitcast(x1, tf.int16), "int32")
    outwards = (x2 > x1) == (x1 > 0)
    least = tf.where(x2 > 0, 1, -32767)
    moved = tf.where(x1 == 0, least, tf.where(outwards, bits + 1, bits - 1))
    result = tf.bitcast(tf.cast(moved, "int16"), x1.dtype)
    return tf.where(x1 == x2, x2, tf.where(isnan(x1) | isnan(x2), x1 + x2, result))


def ldexp(x1, x2):
    half = x2 // 2  # in two steps: 2 ** x2 itself may be out of range
    return (
        x1
        * tf.pow(tf.constant(2, x1.dtype), tf.cast(half, x1.dtype))
        * tf.pow(tf.constant(2, x1.dtype), tf.cast(x2 - half, x1.dtype))
    )


def i0(x):
    return tf.math.bessel_i0(x) if x.dtype.size > 2 else _in("float32", tf.math.bessel_i0, x)


def fmod(x1, x2):
    x1, x2 = _pair(x1, x2)
    known = x1.dtype.name in ("int32", "int64", "float32", "float64")
    wide = "float32" if x1.dtype.is_floating else "int64"
    rest = tf.truncatemod(x1, x2) if known else _in(wide, tf.truncatemod, x1, x2)
    if not x1.dtype.is_floating:
        return rest
    # TensorFlow has no derivative of it: it comes from the difference, the value from the function.
    difference = x1 - tf.stop_gradient(trunc(x1 / x2)) * x2
    return difference + tf.stop_gradient(rest - difference)


def gcd(x1, x2):
    """Euclid's algorithm for all pairs at once."""
    pair = [tf.abs(tf.cast(x, "int64")) for x in _pair(x1, x2)]
    zero = tf.zeros_like(pair[0] + pair[1])
    start = [zero + x for x in pair]

    def body(a, b):
        done = b == 0
        return tf.where(done, a, b), tf.where(done, b, a % tf.where(done, tf.ones_like(b), b))

    a, _ = tf.while_loop(lambda a, b: tf.reduce_any(b != 0), body, start)
    return tf.cast(a, _pair(x1, x2)[0].dtype)


def view(x, dtype, ratio):
    if ratio == 1 or x.dtype == tf.bool:
        x = tf.cast(x, tf.uint8) if x.dtype == tf.bool else x
        return tf.cast(x, dtype) if dtype == "bool" else tf.bitcast(x, dtype)
    if ratio > 1:
        parts = tf.bitcast(x, dtype)
        return tf.reshape(parts, tf.concat([tf.shape(x)[:-1], [tf.shape(x)[-1] * int(ratio)]], 0))
    groups = tf.concat([tf.shape(x)[:-1], [-1, int(1 / ratio)]], 0)
    return tf.bitcast(tf.reshape(x, groups), dtype)


def left_shift(x1, x2):
    return _bitwise(tf.bitwise.left_shift)(x1, x2)


_power = _binary(_signed(tf.pow))


def power(x1, x2):
    return square(x1) if not tf.is_tensor(x2) and x2 == 2 else _power(x1, x2)


_FLOATS = {
    "arccos": tf.acos, "arccosh": tf.acosh, "arcsin": tf.asin, "arcsinh": tf.asinh, "arctan": tf.atan, "arctanh": tf.atanh,
    "cos": tf.cos, "cosh": tf.cosh, "sin": tf.sin, "sinh": tf.sinh, "tan": tf.tan, "tanh": tf.tanh,
    "exp": tf.exp, "expm1": tf.math.expm1, "log": tf.math.log, "log1p": tf.math.log1p, "sqrt": tf.sqrt,
    "reciprocal": tf.math.reciprocal, "floor": tf.floor, "ceil": tf.math.ceil,
    "exp2": lambda x: tf.exp(x * math.log(2)),
    "log2": lambda x: tf.math.log(x) / math.log(2),
    "log10": lambda x: tf.math.log(x) / math.log(10),
    "deg2rad": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
}  # fmt: skip
_UNARY = {
    "abs": lambda x: x if x.dtype.is_unsigned or _is_bool(x) else tf.abs(x),
    "negative": _signed(tf.negative),
    "sign": _signed(tf.sign),
    "square": _without_bool(tf.square),
    "conj": tf.math.conj,
    "isfinite": _test(tf.math.is_finite, True),
    "isinf": _test(tf.math.is_inf, False),
    "isnan": _test(tf.math.is_nan, False),
    "logical_not": lambda x: tf.logical_not(tf.cast(x, "bool")),
}
_BINARY = {
    "add": _without_bool(tf.add), "subtract": _without_bool(tf.subtract), "multiply": _without_bool(tf.multiply),
    "divide": tf.divide, "true_divide": tf.divide, "arctan2": tf.atan2,
    "floor_divide": _without_bool(tf.math.floordiv), "mod": _without_bool(tf.math.floormod),
    "maximum": _without_bool(tf.maximum), "minimum": _without_bool(tf.minimum),
    "equal": tf.equal, "not_equal": tf.not_equal,
}  # fmt: skip
_ORDER = {"less": tf.less, "less_equal": tf.less_equal, "greater": tf.greater, "greater_equal": tf.greater_equal}
_LOGICAL = {"logical_and": tf.logical_and, "logical_or": tf.logical_or, "logical_xor": tf.math.logical_xor}


def _ordered(fn):
    def run(x1, x2):
        x1, x2 = _pair(x1, x2)
        return fn(tf.cast(x1, "int32"), tf.cast(x2, "int32")) if _is_bool(x1) else fn(x1, x2)

    return run


globals().update(_FLOATS | _UNARY)
globals().update({name: _binary(fn) for name, fn in _BINARY.items()})
globals().update({name: _ordered(fn) for name, fn in _ORDER.items()})
globals().update({name: _logical(fn) for name, fn in _LOGICAL.items()})
absolute = globals()["abs"]
conjugate = globals()["conj"]
isfinite, isnan, square = (globals()[name] for name in ("isfinite", "isnan", "square"))
maximum, minimum = globals()["maximum"], globals()["minimum"]
bitwise_and = _bitwise(tf.bitwise.bitwise_and, tf.logical_and)
bitwise_or = _bitwise(tf.bitwise.bitwise_or, tf.logical_or)
bitwise_xor = _bitwise(tf.bitwise.bitwise_xor, tf.math.logical_xor)
right_shift = _bitwise(tf.bitwise.right_shift)


# Reductions


def sum(x, axis=None, keepdims=False):
    return tf.reduce_sum(_widened(x), axis, keepdims)


def prod(x, axis=None, keepdims=False):
    return tf.reduce_prod(_widened(x), axis, keepdims)


def mean(x, axis=None, keepdims=False):
    return tf.reduce_mean(x, axis, keepdims)


def var(x, axis=None, keepdims=False):
    return tf.math.reduce_variance(x, axis, keepdims)


def any(x, axis=None, keepdims=False):
    return tf.reduce_any(tf.cast(x, "bool"), axis, keepdims)


def all(x, axis=None, keepdims=False):
    return tf.reduce_all(tf.cast(x, "bool"), axis, keepdims)


def max(x, axis=None, keepdims=False):
    return (tf.reduce_any if _is_bool(x) else tf.reduce_max)(x, axis, keepdims)


def min(x, axis=None, keepdims=False):
    return (tf.reduce_all if _is_bool(x) else tf.reduce_min)(x, axis, keepdims)


def _index_of(fn):
    def run(x, axis=None, keepdims=False):
        x = tf.cast(x, "int32") if _is_bool(x) else x
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
    return tf.cumsum(_widened(x) if _is_bool(x) else x, axis)


def cumprod(x, axis=0):
    return tf.math.cumprod(_widened(x) if _is_bool(x) else x, axis)


def sort(x, axis=-1):
    return _without_bool(lambda x: tf.sort(x, axis))(x)


def argsort(x, axis=-1, kind=None):
    return tf.argsort(tf.cast(x, "int32") if _is_bool(x) else x, axis, stable=True)


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


def moveaxis(x, source, destination):
    rank = x.shape.rank
    source, destination = normalize_axes(source, rank), normalize_axes(destination, rank)
    order = [i for i in range(rank) if i not in source]
    for to, come in sorted(zip(destination, source)):
        order.insert(to, come)
    return x if order == list(range(rank)) else tf.transpose(x, order)


def swapaxes(x, axis1, axis2):
    order = list(range(x.shape.rank))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return tf.transpose(x, order)


def expand_dims(x, axis):
    if isinstance(axis, int):
        return tf.expand_dims(x, axis)
    rank = x.shape.rank + len(axis)
    for a in sorted(normalize_axis(a, rank) for a in axis):
        x = tf.expand_dims(x, a)
    return x


def squeeze(x, axis=None):
    return x if axis == () else tf.squeeze(x, axis if axis is None or isinstance(axis, int) else list(axis))


def broadcast_to(x, shape):
    lengths = [x.shape.rank - len(shape) + i for i in range(len(shape))]
    return tf.broadcast_to(x, [tf.shape(x)[i] if d is None and i >= 0 else d for i, d in zip(lengths, shape)])


def concatenate(xs, axis=0):
    return tf.concat(list(xs), axis)


def stack(xs, axis=0):
    return tf.stack(list(xs), axis)


def split(x, indices_or_sections, axis=0):
    if isinstance(indices_or_sections, int):
        return tf.split(x, indices_or_sections, axis)
    length = x.shape[axis]
    bounds = [0, *indices_or_sections, length]
    if length is None:
        return tf.split(x, [b - a for a, b in zip(bounds[:-2], bounds[1:-1])] + [-1], axis, num=len(bounds) - 1)
    bounds = [builtins.min(b, length) for b in bounds]
    return tf.split(x, [b - a for a, b in zip(bounds, bounds[1:])], axis)


def tile(x, repeats):
    repeats = [repeats] if isinstance(repeats, int) else list(repeats)
    rank = builtins.max(len(repeats), x.shape.rank)
    repeats = [1] * (rank - len(repeats)) + repeats
    x = expand_dims(x, tuple(range(rank - x.shape.rank)))
    return _in("uint32", lambda x: tf.tile(x, repeats), x) if x.dtype == tf.uint16 else tf.tile(x, repeats)


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
        return tf.pad(x, pad_width, constant_values=_typed(constant_values, x))
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


# Products


def _in_known_dtype(fn):
    """A product that takes small integers too."""

    def run(*xs):
        small = xs[0].dtype.name in ("bool", "int8", "int16", "uint8", "uint16", "uint32", "uint64")
        return _in("int64" if xs[0].dtype.size > 2 else "int32", fn, *xs) if small else fn(*xs)

    return run


@_binary
@_in_known_dtype
def matmul(x1, x2):
    if x1.shape.rank == 1 and x2.shape.rank == 1:
        return tf.tensordot(x1, x2, 1)
    if x1.shape.rank == 1:
        return tf.squeeze(tf.matmul(x1[None], x2), -2)
    if x2.shape.rank == 1:
        return tf.squeeze(tf.matmul(x1, x2[:, None]), -1)
    if x2.shape.rank == 2 and x1.shape.rank > 2:
        return tf.tensordot(x1, x2, [[-1], [0]])
    return tf.matmul(x1, x2)


@_binary
@_in_known_dtype
def dot(x1, x2):
    if not x1.shape.rank or not x2.shape.rank:
        return x1 * x2
    return tf.tensordot(x1, x2, [[-1], [-1 if x2.shape.rank == 1 else -2]])


def tensordot(x1, x2, axes=2):
    return _in_known_dtype(lambda x1, x2: tf.tensordot(x1, x2, axes))(*_pair(x1, x2))


def einsum(subscripts, *operands):
    return _in_known_dtype(lambda *xs: tf.einsum(subscripts, *xs))(*operands)


fft = types.SimpleNamespace(
    fft=tf.signal.fft,
    fft2=tf.signal.fft2d,
    ifft2=tf.signal.ifft2d,
    rfft=tf.signal.rfft,
    irfft=lambda z, n: tf.signal.irfft(z, [n]),
)


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


def zeros_like(x, dtype=None):
    return tf.zeros_like(x, dtype)


def ones_like(x, dtype=None):
    return tf.ones_like(x, dtype)


def arange(start, stop=None, step=1, dtype=None):
    if builtins.any(tf.is_tensor(v) for v in (start, stop, step)):
        start, stop = (0, start) if stop is None else (start, stop)
        wide = "float64" if tf.as_dtype(dtype).is_floating else "int64"
        return tf.cast(tf.range(tf.cast(start, wide), tf.cast(stop, wide), tf.cast(step, wide)), dtype)
    values = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
    return tf.constant(values.astype(tf.as_dtype(dtype).as_numpy_dtype))


def linspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    if not tf.is_tensor(start) and not tf.is_tensor(stop):
        values = np.linspace(start, stop, num, endpoint=endpoint, axis=axis)
        return tf.constant(values.astype(tf.as_dtype(dtype or "float32").as_numpy_dtype))
    start, stop = (tf.cast(v, "float64") for v in (start, stop))
    start, stop = start + tf.zeros_like(stop), stop + tf.zeros_like(start)
    places = tf.reshape(tf.range(num, dtype="float64"), [-1] + [1] * start.shape.rank)
    values = start + (stop - start) * places / builtins.max(1, num - 1 if endpoint else num)
    return tf.cast(moveaxis(values, 0, axis), dtype or "float32")


def eye(N, M=None, k=0, dtype=None):
    return tf.constant(np.eye(N, M, k), tf.as_dtype(dtype or "float32"))


def tri(N, M=None, k=0, dtype=None):
    return tf.cast(tf.constant(np.tri(N, M, k)), dtype or "float32")


def meshgrid(*xs, indexing="xy"):
    return tf.meshgrid(*xs, indexing=indexing)
