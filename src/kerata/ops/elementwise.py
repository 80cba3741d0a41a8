"""Elementwise ops. An op is a row until it needs a body."""

import math

from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.op import op, xp
from kerata.core.types import Tensor, TensorLike
from kerata.engines.shapes import broadcast_shapes
from kerata.ops.promotion import NUMBERS, arrays_of, as_number, float_arrays_of, is_inexact, promote, to_float

_BROADCAST = """
    The operands broadcast together, in their common dtype.

    Raises: ValueError if their shapes can't be broadcast.
"""


def _unary(name, doc, floats=False, numbers=False, keeps_bools=False):
    def body(x):
        x = to_float(x) if floats else as_number(x) if numbers else as_array(x)
        return x if keeps_bools and dtype_of(x) == "bool" else getattr(xp(), name)(x)

    return _named(body, name, doc)


def _two(name, x1, x2, floats=False, numbers=False):
    x1, x2 = promote(x1, x2)
    dtype = dtype_of(x2 if type(x1) in NUMBERS else x1)
    if floats and not is_inexact(dtype):
        x1, x2 = to_float(x1), to_float(x2)
    if numbers and dtype == "bool":
        x1, x2 = _cast(as_array(x1), "int32"), _cast(as_array(x2), "int32")
    _check_broadcast(name, x1, x2)
    return getattr(xp(), name)(x1, x2)


def _binary(name, doc, **options):
    def body(x1, x2):
        return _two(name, x1, x2, **options)

    return _named(body, name, doc, more=_BROADCAST)


def _bits(name, doc, called=None, **options):
    def body(x, y):
        return _two(called or name, x, y, **options)

    return _named(body, name, doc, more=_BROADCAST)


def _check_broadcast(name, x1, x2):
    s1, s2 = static_shape(x1), static_shape(x2)
    if s1 != s2:
        try:
            broadcast_shapes(s1, s2)
        except ValueError:
            raise ValueError(f"{name}: shapes {s1} and {s2} can't be broadcast together.") from None


def _named(body, name, doc, elementwise=True, module=__name__, more=""):
    """The op of a row: `doc` is its purpose, a call, and what the call gives."""
    purpose, call, result = doc
    body.__name__ = body.__qualname__ = name
    body.__module__ = module
    body.__doc__ = f"{purpose}\n{more}\n    >>> {call}.tolist()\n    {result}\n    "
    return op(body, elementwise=elementwise)


_FLOAT_UNARY = {
    "arccos": ("Inverse cosine.", "arccos([1.0, -1.0])", "[0.0, 3.1415...]"),
    "arccosh": ("Inverse hyperbolic cosine.", "arccosh([1.0, 2.0])", "[0.0, 1.3169...]"),
    "arcsin": ("Inverse sine.", "arcsin([0.0, 1.0])", "[0.0, 1.5707...]"),
    "arcsinh": ("Inverse hyperbolic sine.", "arcsinh([0.0, 1.0])", "[0.0, 0.8813...]"),
    "arctan": ("Inverse tangent.", "arctan([0.0, 1.0])", "[0.0, 0.7853...]"),
    "arctanh": ("Inverse hyperbolic tangent.", "arctanh([0.0, 0.5])", "[0.0, 0.5493...]"),
    "cbrt": ("Cube root.", "cbrt([0.0, 2.0])", "[0.0, 1.2599...]"),
    "ceil": ("The next integer above.", "ceil([1.5, -1.5])", "[2.0, -1.0]"),
    "cos": ("Cosine.", "cos([0.0, 1.0])", "[1.0, 0.5403...]"),
    "cosh": ("Hyperbolic cosine.", "cosh([0.0, 1.0])", "[1.0, 1.5430...]"),
    "deg2rad": ("Degrees to radians.", "deg2rad([0.0, 180.0])", "[0.0, 3.1415...]"),
    "exp": ("e to the power of x.", "exp([0.0, 1.0])", "[1.0, 2.7182...]"),
    "exp2": ("2 to the power of x.", "exp2([0.0, 3.0, -1.0])", "[1.0, 8.0, 0.5]"),
    "expm1": ("exp(x) - 1, exact near 0.", "expm1([0.0, 1.0])", "[0.0, 1.7182...]"),
    "floor": ("The next integer below.", "floor([1.5, -1.5])", "[1.0, -2.0]"),
    "log": ("Natural logarithm.", "log([1.0, 2.0])", "[0.0, 0.6931...]"),
    "log10": ("Logarithm to base 10.", "log10([1.0, 2.0])", "[0.0, 0.3010...]"),
    "log1p": ("log(1 + x), exact near 0.", "log1p([0.0, 1.0])", "[0.0, 0.6931...]"),
    "log2": ("Logarithm to base 2.", "log2([1.0, 3.0])", "[0.0, 1.5849...]"),
    "rad2deg": ("Radians to degrees.", "rad2deg([0.0, 1.0])", "[0.0, 57.2957...]"),
    "reciprocal": ("1 / x.", "reciprocal([2.0, -4.0])", "[0.5, -0.25]"),
    "sin": ("Sine.", "sin([0.0, 1.0])", "[0.0, 0.8414...]"),
    "sinh": ("Hyperbolic sine.", "sinh([0.0, 1.0])", "[0.0, 1.1752...]"),
    "sqrt": ("Square root.", "sqrt([4.0, 2.0])", "[2.0, 1.4142...]"),
    "tan": ("Tangent.", "tan([0.0, 1.0])", "[0.0, 1.5574...]"),
    "tanh": ("Hyperbolic tangent.", "tanh([0.0, 1.0])", "[0.0, 0.7615...]"),
}
_SAME_UNARY = {
    "abs": ("Absolute value.", "abs([-1, 2])", "[1, 2]"),
    "absolute": ("Absolute value.", "absolute([-1.5, 2.0])", "[1.5, 2.0]"),
    "conj": ("Complex conjugate.", "conj([1 + 2j])", "[(1-2j)]"),
    "trunc": ("The integer part.", "trunc([-1.5, 2.7])", "[-1.0, 2.0]"),
}
_NUMBER_UNARY = {
    "negative": ("-x; of bools, as integers.", "negative([1, -2])", "[-1, 2]"),
    "sign": ("-1, 0 or 1; of bools, as integers.", "sign([-3, 0, 5])", "[-1, 0, 1]"),
    "square": ("x * x; of bools, as integers.", "square([-3, 2])", "[9, 4]"),
}
_BOOL_UNARY = {
    "isfinite": ("Whether each element is neither infinite nor NaN.", 'isfinite([1.0, float("nan")])', "[True, False]"),
    "isinf": ("Whether each element is infinite.", 'isinf([1.0, float("-inf")])', "[False, True]"),
    "isnan": ("Whether each element is NaN.", 'isnan([1.0, float("nan")])', "[False, True]"),
    "logical_not": ("Whether each element is false.", "logical_not([True, False])", "[False, True]"),
}
_SAME_BINARY = {
    "add": ("x1 + x2.", "add([1, 2], 10)", "[11, 12]"),
    "subtract": ("x1 - x2.", "subtract([1, 2], 10)", "[-9, -8]"),
    "multiply": ("x1 * x2.", "multiply([1, 2], [3, 4])", "[3, 8]"),
    "maximum": ("The larger of each pair.", "maximum([1, 5], [3, 4])", "[3, 5]"),
    "minimum": ("The smaller of each pair.", "minimum([1, 5], [3, 4])", "[1, 4]"),
    "equal": ("x1 == x2.", "equal([1, 2], 2)", "[False, True]"),
    "not_equal": ("x1 != x2.", "not_equal([1, 2], 2)", "[True, False]"),
    "less": ("x1 < x2.", "less([1, 2], 2)", "[True, False]"),
    "less_equal": ("x1 <= x2.", "less_equal([1, 2, 3], 2)", "[True, True, False]"),
    "greater": ("x1 > x2.", "greater([2, 3], 2)", "[False, True]"),
    "greater_equal": ("x1 >= x2.", "greater_equal([1, 2, 3], 2)", "[False, True, True]"),
    "logical_and": ("Whether both are true.", "logical_and([True, True, False], [True, False, False])", "[True, False, False]"),
    "logical_or": ("Whether one is true.", "logical_or([True, True, False], [True, False, False])", "[True, True, False]"),
    "logical_xor": (
        "Whether exactly one is true.",
        "logical_xor([True, True, False], [True, False, False])",
        "[False, True, False]",
    ),
}
_NUMBER_BINARY = {
    "floor_divide": ("The integer part, downwards, of x1 / x2; of bools, as integers.", "floor_divide([7, -7], 2)", "[3, -4]"),
    "fmod": ("The remainder of x1 / x2, with the sign of x1; of bools, as integers.", "fmod([7, -7], 3)", "[1, -1]"),
    "mod": ("The remainder of x1 / x2, with the sign of x2; of bools, as integers.", "mod([7, -7], 3)", "[1, 2]"),
    "power": ("x1 to the power of x2; of bools, as integers.", "power([2, 3], [3, 2])", "[8, 9]"),
}
_FLOAT_BINARY = {
    "divide": ("x1 / x2.", "divide([1, 6], 4)", "[0.25, 1.5]"),
    "true_divide": ("x1 / x2.", "true_divide([1, 6], 4)", "[0.25, 1.5]"),
    "arctan2": ("The angle of the point (x2, x1).", "arctan2([0.0, 1.0], [1.0, 1.0])", "[0.0, 0.7853...]"),
    "hypot": ("The length of the hypotenuse.", "hypot([3.0], [4.0])", "[5.0]"),
    "logaddexp": ("log(exp(x1) + exp(x2)).", "logaddexp([0.0], [0.0])", "[0.6931...]"),
    "nextafter": ("The float after x1, towards x2.", "nextafter([1.0], [2.0])", "[1.00000011...]"),
}
_BITS = {
    "bitwise_and": ("Bitwise and.", "bitwise_and([6, 3], 5)", "[4, 1]"),
    "bitwise_or": ("Bitwise or.", "bitwise_or([6, 3], 5)", "[7, 7]"),
    "bitwise_xor": ("Bitwise exclusive or.", "bitwise_xor([6, 3], 5)", "[3, 6]"),
}
_SHIFTS = {
    "left_shift": ("x shifted y bits left.", "left_shift([1, 3], 2)", "[4, 12]"),
    "right_shift": ("x shifted y bits right.", "right_shift([8, 5], 1)", "[4, 2]"),
}
for _table, _row, _options in (
    (_FLOAT_UNARY, _unary, {"floats": True}),
    (_SAME_UNARY, _unary, {"keeps_bools": True}),
    (_NUMBER_UNARY, _unary, {"numbers": True}),
    (_BOOL_UNARY, _unary, {}),
    (_SAME_BINARY, _binary, {}),
    (_NUMBER_BINARY, _binary, {"numbers": True}),
    (_FLOAT_BINARY, _binary, {"floats": True}),
    (_BITS, _bits, {}),
    (_SHIFTS, _bits, {"numbers": True}),
):
    for _name, _doc in _table.items():
        globals()[_name] = _row(_name, _doc, **_options)
for _name, (_purpose, _call, _result) in _SHIFTS.items():
    _doc = (_purpose, f"bitwise_{_call}", _result)
    globals()[f"bitwise_{_name}"] = _bits(f"bitwise_{_name}", _doc, called=_name, numbers=True)
conjugate = globals()["conj"]


@op(elementwise=True)
def sinc(x: TensorLike) -> Tensor:
    """sin(pi x) / (pi x), by its series near 0, where the quotient's derivative is a difference of large numbers.

    >>> sinc([0.0, 0.5]).tolist()
    [1.0, 0.6366...]
    """
    x = multiply(to_float(x), math.pi)
    near = less(absolute(x), 0.25)
    squared, far = square(select_by(near, x, 0.0)), select_by(near, 1.0, x)
    series = 1.0
    for term in (110.0, 72.0, 42.0, 20.0, 6.0):
        series = subtract(1.0, multiply(divide(squared, term), series))
    return select_by(near, series, divide(sin(far), far))


@op(elementwise=True)
def clip(x: TensorLike, x_min: TensorLike, x_max: TensorLike) -> Tensor:
    """`x`, no less than `x_min` and no more than `x_max`; in floats if a bound is one.

    >>> clip([-1, 2, 5], 0, 3).tolist()
    [0, 2, 3]
    """
    x = as_number(x)
    bounds = [b for b in (x_min, x_max) if b is not None]
    dtype = dtypes.result_type(dtype_of(x), *[type(b) if type(b) in NUMBERS else dtype_of(as_array(b)) for b in bounds])
    low, high = (None if b is None else as_array(b, dtype) for b in (x_min, x_max))
    return xp().clip(_cast(x, dtype), low, high)


@op(elementwise=True)
def round(x: TensorLike, decimals: int = 0) -> Tensor:
    """The nearest number with so many decimals; halves go to the even one.

    >>> round([0.5, 1.5, -2.7]).tolist()
    [0.0, 2.0, -3.0]
    """
    x = as_number(x)
    if decimals < 0 and dtypes.is_int_dtype(dtype_of(x)):
        unit = 10**-decimals
        return _cast(multiply(xp().round(divide(x, unit), 0), unit), dtype_of(x))
    return xp().round(x, decimals)


@op(elementwise=True)
def nan_to_num(x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """`x` with NaN and infinities replaced.

    Args:
        x: a tensor.
        nan: what stands for NaN.
        posinf, neginf: what stands for the infinities; the largest and the smallest number of the dtype if None.

    >>> nan_to_num([float("nan"), 1.0, float("inf")], posinf=9.0).tolist()
    [0.0, 1.0, 9.0]
    """
    return xp().nan_to_num(as_array(x), nan=nan, posinf=posinf, neginf=neginf)


@op
def isclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether each pair is equal within tolerances: `|x1 - x2| <= atol + rtol * |x2|`.

    Args:
        x1, x2: tensors that broadcast together.
        rtol, atol: how far they may be apart, as a share of `x2` and in itself; the defaults are NumPy's.
        equal_nan: whether NaN is equal to NaN.

    >>> isclose([1.0, 1.0], [1.000001, 1.1]).tolist()
    [True, False]
    """
    x1, x2 = promote(x1, x2)
    return xp().isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


@op
def allclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all pairs are equal within tolerances, as in `isclose`: one bool.

    >>> bool(allclose([1.0, 2.0], [1.000001, 2.0])), bool(allclose([1.0], [1.1]))
    (True, False)
    """
    return xp().all(isclose(x1, x2, rtol, atol, equal_nan))


def _is_complex(x):
    return dtype_of(x).startswith("complex")


@op(elementwise=True)
def real(x: TensorLike) -> Tensor:
    """The real part.

    >>> real([1 + 2j]).tolist()
    [1.0]
    """
    x = as_array(x)
    return xp().real(x) if _is_complex(x) else x


@op(elementwise=True)
def imag(x: TensorLike) -> Tensor:
    """The imaginary part: zeros for real numbers.

    >>> imag([1 + 2j]).tolist()
    [2.0]
    """
    x = as_array(x)
    return xp().imag(x) if _is_complex(x) else _cast(xp().full_like(x, 0), dtype_of(x))


@op(elementwise=True)
def isreal(x: TensorLike) -> Tensor:
    """Whether the imaginary part of each element is 0.

    >>> isreal([1 + 2j, 3 + 0j]).tolist()
    [False, True]
    """
    x = as_array(x)
    return equal(xp().imag(x), 0) if _is_complex(x) else _cast(xp().full_like(x, 1), "bool")


@op(elementwise=True)
def angle(x: TensorLike) -> Tensor:
    """The angle of each complex number, from -pi to pi: 0 or pi for real ones.

    >>> angle([1.0, -1.0]).tolist(), angle([1 + 1j]).tolist()
    ([0.0, 3.1415...], [0.7853...])
    """
    x = to_float(x)
    return arctan2(xp().imag(x), xp().real(x)) if _is_complex(x) else arctan2(imag(x), x)


@op(elementwise=True)
def fabs(x: TensorLike) -> Tensor:
    """The absolute value, as a float.

    >>> fabs([-1, 2]).tolist()
    [1.0, 2.0]
    """
    return absolute(to_float(x))


@op(elementwise=True)
def signbit(x: TensorLike) -> Tensor:
    """Whether each element is negative, -0.0 being so.

    >>> signbit([-1.0, -0.0, 0.0]).tolist()
    [True, True, False]
    """
    x = as_array(x)
    return xp().signbit(x) if is_inexact(dtype_of(x)) else less(as_number(x), 0)


def _is_infinity(x, sign):
    x = as_array(x)
    return logical_and(isinf(x), greater(x, 0) if sign > 0 else less(x, 0))


@op(elementwise=True)
def isposinf(x: TensorLike) -> Tensor:
    """Whether each element is positive infinity.

    >>> isposinf([1.0, float("inf"), float("-inf")]).tolist()
    [False, True, False]
    """
    return _is_infinity(as_number(x), 1)


@op(elementwise=True)
def isneginf(x: TensorLike) -> Tensor:
    """Whether each element is negative infinity.

    >>> isneginf([1.0, float("inf"), float("-inf")]).tolist()
    [False, False, True]
    """
    return _is_infinity(as_number(x), -1)


@op(elementwise=True)
def bitwise_not(x: TensorLike) -> Tensor:
    """Every bit inverted; of bools, whether each is false.

    >>> bitwise_not([0, 5]).tolist(), bitwise_not([True]).tolist()
    ([-1, -6], [False])
    """
    x = as_array(x)
    return logical_not(x) if dtype_of(x) == "bool" else xp().bitwise_not(x)


@op(elementwise=True)
def bitwise_invert(x: TensorLike) -> Tensor:
    """Every bit inverted; of bools, whether each is false.

    >>> bitwise_invert([0, 5]).tolist(), bitwise_invert([True]).tolist()
    ([-1, -6], [False])
    """
    return bitwise_not(x)


@op(elementwise=True)
def divide_no_nan(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 / x2, and 0 where x2 is 0.

    >>> divide_no_nan([1.0, 1.0], [0.0, 2.0]).tolist()
    [0.0, 0.5]
    """
    x1, x2 = float_arrays_of(x1, x2)
    by_zero = equal(x2, 0)
    return select_by(by_zero, 0.0, divide(x1, select_by(by_zero, 1.0, x2)))


def select_by(condition, x1, x2):
    """`where` for a condition and operands that are arrays or numbers already."""
    return xp().where(condition, *promote(x1, x2))


def _other_of_nan(name, x1, x2):
    """The larger or smaller of each pair; the other one where one is NaN."""
    x1, x2 = arrays_of(x1, x2)
    result = getattr(xp(), name)(x1, x2)
    return select_by(isnan(x1), x2, select_by(isnan(x2), x1, result)) if is_inexact(dtype_of(x1)) else result


@op(elementwise=True)
def fmax(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The larger of each pair; where one is NaN, the other.

    >>> fmax([1.0, float("nan")], [2.0, 3.0]).tolist()
    [2.0, 3.0]
    """
    return _other_of_nan("maximum", x1, x2)


@op(elementwise=True)
def fmin(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The smaller of each pair; where one is NaN, the other.

    >>> fmin([1.0, float("nan")], [2.0, 3.0]).tolist()
    [1.0, 3.0]
    """
    return _other_of_nan("minimum", x1, x2)


def _integers(name, x1, x2):
    x1, x2 = arrays_of(x1, x2)
    if not dtypes.is_int_dtype(dtype_of(x1)):
        raise ValueError(f"{name} is defined for integers; tensors of dtype {dtype_of(x1)} came.")
    return x1, x2


@op(elementwise=True)
def gcd(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The greatest common divisor of each pair of integers.

    Raises: ValueError for other dtypes.

    >>> gcd([12, 7], [18, 0]).tolist()
    [6, 7]
    """
    return xp().gcd(*_integers("gcd", x1, x2))


@op(elementwise=True)
def lcm(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The least common multiple of each pair of integers.

    Raises: ValueError for other dtypes.

    >>> lcm([4, 7], [6, 0]).tolist()
    [12, 0]
    """
    x1, x2 = _integers("lcm", x1, x2)
    divisor = xp().gcd(x1, x2)
    return absolute(multiply(floor_divide(x1, maximum(divisor, 1)), x2))


@op(elementwise=True)
def heaviside(x1: TensorLike, x2: TensorLike) -> Tensor:
    """0 where x1 is negative, 1 where it is positive, x2 where it is 0.

    >>> heaviside([-2.0, 0.0, 3.0], 0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    x1, x2 = float_arrays_of(x1, x2)
    step = select_by(less(x1, 0), 0.0, select_by(equal(x1, 0), x2, 1.0))
    return select_by(isnan(x1), x1, step)


@op(elementwise=True)
def ldexp(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 * 2 ** x2, for integers x2.

    Raises: TypeError if x2 is not of an integer dtype.

    >>> ldexp([0.75, 1.5], [1, 2]).tolist()
    [1.5, 6.0]
    """
    x1, x2 = to_float(x1), as_array(x2)
    if not dtypes.is_int_dtype(dtype_of(x2)):
        raise TypeError(f"ldexp takes integers as exponents; a tensor of dtype {dtype_of(x2)} came.")
    return xp().ldexp(x1, _cast(x2, "int32"))


@op(elementwise=True)
def logaddexp2(x1: TensorLike, x2: TensorLike) -> Tensor:
    """log2(2 ** x1 + 2 ** x2).

    >>> logaddexp2([1.0], [1.0]).tolist()
    [2.0]
    """
    x1, x2 = float_arrays_of(x1, x2)
    return divide(logaddexp(multiply(x1, math.log(2.0)), multiply(x2, math.log(2.0))), math.log(2.0))


__all__ = [name for name, value in list(globals().items()) if getattr(value, "__module__", None) == __name__ and name[0] != "_"]
__all__.remove("select_by")
