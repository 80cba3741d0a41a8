"""The elementwise functions of TensorFlow's numpy-like namespace."""

import math

from kerata.engines.tensorflow.dtypes import (
    WIDE_FLOATS,
    as_tensors,
    binary,
    bitwise,
    computed_in,
    is_bool,
    lacking,
    logical,
    signed,
    test_of_floats,
    typed,
    without_bool,
)
from kerata.engines.tensorflow.library import tf


def cbrt(x):
    return tf.sign(x) * tf.pow(tf.abs(x), 1 / 3)


def sinc(x):
    scaled = tf.where(x == 0, tf.ones_like(x), x * math.pi)
    return tf.where(x == 0, tf.ones_like(x), tf.sin(scaled) / scaled)


def trunc(x):
    return tf.where(x < 0, tf.math.ceil(x), tf.floor(x)) if x.dtype.is_floating else x


def hypot(x1, x2):
    x1, x2 = (tf.abs(x) for x in as_tensors(x1, x2))
    large, small = tf.maximum(x1, x2), tf.minimum(x1, x2)
    ratio = small / tf.where(large == 0, tf.ones_like(large), large)
    return large * tf.sqrt(1 + ratio * ratio)


def logaddexp(x1, x2):
    x1, x2 = as_tensors(x1, x2)
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
    x = tf.where(tf.math.is_nan(x), typed(nan, x), x)
    infinite = tf.math.is_inf(x)
    x = tf.where(infinite & (x > 0), typed(float(x.dtype.max) if posinf is None else posinf, x), x)
    return tf.where(infinite & (x < 0), typed(float(x.dtype.min) if neginf is None else neginf, x), x)


def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    x1, x2 = as_tensors(x1, x2)
    if not (x1.dtype.is_floating or x1.dtype.is_complex):
        x1, x2 = tf.cast(x1, "float64"), tf.cast(x2, "float64")
    size = tf.abs(x2)
    near = (tf.abs(x1 - x2) <= typed(atol, size) + typed(rtol, size) * size) & isfinite(x2)
    near = near | (x1 == x2)
    return near | (isnan(x1) & isnan(x2)) if equal_nan else near


def where(condition, x1=None, x2=None):
    if x1 is None:
        return tuple(tf.unstack(tf.cast(tf.where(condition), "int32"), num=condition.shape.rank, axis=1))
    return tf.where(condition, *as_tensors(x1, x2))


def signbit(x):
    return tf.bitcast(x, {2: tf.int16, 4: tf.int32, 8: tf.int64}[x.dtype.size]) < 0


def nextafter(x1, x2):
    """By the bits: those of floats of one sign are in the order of their values."""
    x1, x2 = as_tensors(x1, x2)
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


def fmod(x1, x2):
    x1, x2 = as_tensors(x1, x2)
    known = x1.dtype.name in ("int32", "int64", "float32", "float64")
    wide = "float32" if x1.dtype.is_floating else "int64"
    rest = tf.truncatemod(x1, x2) if known else computed_in(wide, tf.truncatemod, x1, x2)
    if not x1.dtype.is_floating:
        return rest
    # TensorFlow has no derivative of it: it comes from the difference, the value from the function.
    difference = x1 - tf.stop_gradient(trunc(x1 / x2)) * x2
    return difference + tf.stop_gradient(rest - difference)


def gcd(x1, x2):
    """Euclid's algorithm for all pairs at once."""
    pair = [tf.abs(tf.cast(x, "int64")) for x in as_tensors(x1, x2)]
    zero = tf.zeros_like(pair[0] + pair[1])
    start = [zero + x for x in pair]

    def body(a, b):
        done = b == 0
        return tf.where(done, a, b), tf.where(done, b, a % tf.where(done, tf.ones_like(b), b))

    a, _ = tf.while_loop(lambda a, b: tf.reduce_any(b != 0), body, start)
    return tf.cast(a, as_tensors(x1, x2)[0].dtype)


def view(x, dtype, ratio):
    if ratio == 1 or x.dtype == tf.bool:
        x = tf.cast(x, tf.uint8) if x.dtype == tf.bool else x
        return tf.cast(x, dtype) if dtype == "bool" else tf.bitcast(x, dtype)
    if ratio > 1:
        parts = tf.bitcast(x, dtype)
        return tf.reshape(parts, tf.concat([tf.shape(x)[:-1], [tf.shape(x)[-1] * int(ratio)]], 0))
    groups = tf.concat([tf.shape(x)[:-1], [-1, int(1 / ratio)]], 0)
    return tf.bitcast(tf.reshape(x, groups), dtype)


_power = binary(signed(tf.pow))


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
    "abs": lambda x: x if x.dtype.is_unsigned or is_bool(x) else tf.abs(x),
    "negative": signed(tf.negative),
    "sign": signed(tf.sign),
    "square": without_bool(tf.square),
    "conj": tf.math.conj, "real": tf.math.real, "imag": tf.math.imag, "bitwise_not": tf.bitwise.invert,
    "i0": lacking(WIDE_FLOATS)(tf.math.bessel_i0),
    "isfinite": test_of_floats(tf.math.is_finite, True),
    "isinf": test_of_floats(tf.math.is_inf, False),
    "isnan": test_of_floats(tf.math.is_nan, False),
    "logical_not": lambda x: tf.logical_not(tf.cast(x, "bool")),
}  # fmt: skip
_BINARY = {
    "add": without_bool(tf.add), "subtract": without_bool(tf.subtract), "multiply": without_bool(tf.multiply),
    "divide": tf.divide, "true_divide": tf.divide, "arctan2": tf.atan2,
    "floor_divide": without_bool(tf.math.floordiv), "mod": without_bool(tf.math.floormod),
    "maximum": without_bool(tf.maximum), "minimum": without_bool(tf.minimum),
    "equal": tf.equal, "not_equal": tf.not_equal,
}  # fmt: skip
_ORDER = {"less": tf.less, "less_equal": tf.less_equal, "greater": tf.greater, "greater_equal": tf.greater_equal}
_LOGICAL = {"logical_and": tf.logical_and, "logical_or": tf.logical_or, "logical_xor": tf.math.logical_xor}


def _ordered(fn):
    def run(x1, x2):
        x1, x2 = as_tensors(x1, x2)
        return fn(tf.cast(x1, "int32"), tf.cast(x2, "int32")) if is_bool(x1) else fn(x1, x2)

    return run


globals().update(_FLOATS | _UNARY)
globals().update({name: binary(fn) for name, fn in _BINARY.items()})
globals().update({name: _ordered(fn) for name, fn in _ORDER.items()})
globals().update({name: logical(fn) for name, fn in _LOGICAL.items()})
absolute = globals()["abs"]
isfinite, isnan, square = (globals()[name] for name in ("isfinite", "isnan", "square"))
maximum, minimum = globals()["maximum"], globals()["minimum"]
bitwise_and = bitwise(tf.bitwise.bitwise_and, tf.logical_and)
bitwise_or = bitwise(tf.bitwise.bitwise_or, tf.logical_or)
bitwise_xor = bitwise(tf.bitwise.bitwise_xor, tf.math.logical_xor)
left_shift, right_shift = bitwise(tf.bitwise.left_shift), bitwise(tf.bitwise.right_shift)
