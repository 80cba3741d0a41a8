"""Elementwise ops. An op is a row until it needs a body."""

from typing import Any

from kerata.core.types import Tensor, TensorLike

def abs(x: TensorLike) -> Tensor:
    """Absolute value."""

def absolute(x: TensorLike) -> Tensor:
    """Absolute value."""

def add(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 + x2."""

def allclose(x1: TensorLike, x2: TensorLike, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Tensor:
    """Whether all pairs are equal within tolerances, as in `isclose`: one bool."""

def angle(x: TensorLike) -> Tensor:
    """The angle of each complex number, from -pi to pi: 0 or pi for real ones."""

def arccos(x: TensorLike) -> Tensor:
    """Inverse cosine."""

def arccosh(x: TensorLike) -> Tensor:
    """Inverse hyperbolic cosine."""

def arcsin(x: TensorLike) -> Tensor:
    """Inverse sine."""

def arcsinh(x: TensorLike) -> Tensor:
    """Inverse hyperbolic sine."""

def arctan(x: TensorLike) -> Tensor:
    """Inverse tangent."""

def arctan2(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The angle of the point (x2, x1)."""

def arctanh(x: TensorLike) -> Tensor:
    """Inverse hyperbolic tangent."""

def bitwise_and(x: TensorLike, y: TensorLike) -> Tensor:
    """Bitwise and."""

def bitwise_invert(x: TensorLike) -> Tensor:
    """Every bit inverted; of bools, whether each is false."""

def bitwise_left_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """x shifted y bits left."""

def bitwise_not(x: TensorLike) -> Tensor:
    """Every bit inverted; of bools, whether each is false."""

def bitwise_or(x: TensorLike, y: TensorLike) -> Tensor:
    """Bitwise or."""

def bitwise_right_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """x shifted y bits right."""

def bitwise_xor(x: TensorLike, y: TensorLike) -> Tensor:
    """Bitwise exclusive or."""

def cbrt(x: TensorLike) -> Tensor:
    """Cube root."""

def ceil(x: TensorLike) -> Tensor:
    """The next integer above."""

def clip(x: TensorLike, x_min: TensorLike, x_max: TensorLike) -> Tensor:
    """`x`, no less than `x_min` and no more than `x_max`; in floats if a bound is one."""

def conj(x: TensorLike) -> Tensor:
    """Complex conjugate."""

def conjugate(x: TensorLike) -> Tensor:
    """Complex conjugate."""

def cos(x: TensorLike) -> Tensor:
    """Cosine."""

def cosh(x: TensorLike) -> Tensor:
    """Hyperbolic cosine."""

def deg2rad(x: TensorLike) -> Tensor:
    """Degrees to radians."""

def divide(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 / x2."""

def divide_no_nan(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 / x2, and 0 where x2 is 0."""

def equal(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 == x2."""

def exp(x: TensorLike) -> Tensor:
    """e to the power of x."""

def exp2(x: TensorLike) -> Tensor:
    """2 to the power of x."""

def expm1(x: TensorLike) -> Tensor:
    """exp(x) - 1, exact near 0."""

def fabs(x: TensorLike) -> Tensor:
    """The absolute value, as a float."""

def floor(x: TensorLike) -> Tensor:
    """The next integer below."""

def floor_divide(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The integer part, downwards, of x1 / x2; of bools, as integers."""

def fmax(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The larger of each pair; where one is NaN, the other."""

def fmin(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The smaller of each pair; where one is NaN, the other."""

def fmod(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The remainder of x1 / x2, with the sign of x1; of bools, as integers."""

def gcd(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The greatest common divisor of each pair of integers."""

def greater(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 > x2."""

def greater_equal(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 >= x2."""

def heaviside(x1: TensorLike, x2: TensorLike) -> Tensor:
    """0 where x1 is negative, 1 where it is positive, x2 where it is 0."""

def hypot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The length of the hypotenuse."""

def imag(x: TensorLike) -> Tensor:
    """The imaginary part: zeros for real numbers."""

def isclose(x1: TensorLike, x2: TensorLike, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Tensor:
    """Whether each pair is equal within tolerances: `|x1 - x2| <= atol + rtol * |x2|`."""

def isfinite(x: TensorLike) -> Tensor:
    """Whether each element is neither infinite nor NaN."""

def isinf(x: TensorLike) -> Tensor:
    """Whether each element is infinite."""

def isnan(x: TensorLike) -> Tensor:
    """Whether each element is NaN."""

def isneginf(x: TensorLike) -> Tensor:
    """Whether each element is negative infinity."""

def isposinf(x: TensorLike) -> Tensor:
    """Whether each element is positive infinity."""

def isreal(x: TensorLike) -> Tensor:
    """Whether the imaginary part of each element is 0."""

def lcm(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The least common multiple of each pair of integers."""

def ldexp(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 * 2 ** x2, for integers x2."""

def left_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """x shifted y bits left."""

def less(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 < x2."""

def less_equal(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 <= x2."""

def log(x: TensorLike) -> Tensor:
    """Natural logarithm."""

def log10(x: TensorLike) -> Tensor:
    """Logarithm to base 10."""

def log1p(x: TensorLike) -> Tensor:
    """log(1 + x), exact near 0."""

def log2(x: TensorLike) -> Tensor:
    """Logarithm to base 2."""

def logaddexp(x1: TensorLike, x2: TensorLike) -> Tensor:
    """log(exp(x1) + exp(x2))."""

def logaddexp2(x1: TensorLike, x2: TensorLike) -> Tensor:
    """log2(2 ** x1 + 2 ** x2)."""

def logical_and(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether both are true."""

def logical_not(x: TensorLike) -> Tensor:
    """Whether each element is false."""

def logical_or(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether one is true."""

def logical_xor(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether exactly one is true."""

def maximum(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The larger of each pair."""

def minimum(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The smaller of each pair."""

def mod(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The remainder of x1 / x2, with the sign of x2; of bools, as integers."""

def multiply(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 * x2."""

def nan_to_num(x: TensorLike, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Tensor:
    """`x` with NaN and infinities replaced."""

def negative(x: TensorLike) -> Tensor:
    """-x; of bools, as integers."""

def nextafter(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The float after x1, towards x2."""

def not_equal(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 != x2."""

def power(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 to the power of x2; of bools, as integers."""

def rad2deg(x: TensorLike) -> Tensor:
    """Radians to degrees."""

def real(x: TensorLike) -> Tensor:
    """The real part."""

def reciprocal(x: TensorLike) -> Tensor:
    """1 / x."""

def right_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """x shifted y bits right."""

def round(x: TensorLike, decimals: Any = 0) -> Tensor:
    """The nearest number with so many decimals; halves go to the even one."""

def select_by(condition: Any, x1: TensorLike, x2: TensorLike) -> Tensor:
    """`where` for a condition and operands that are arrays or numbers already."""

def sign(x: TensorLike) -> Tensor:
    """-1, 0 or 1; of bools, as integers."""

def signbit(x: TensorLike) -> Tensor:
    """Whether each element is negative, -0.0 being so."""

def sin(x: TensorLike) -> Tensor:
    """Sine."""

def sinc(x: TensorLike) -> Tensor:
    """sin(pi x) / (pi x), by its series near 0, where the quotient's derivative is a difference of large numbers."""

def sinh(x: TensorLike) -> Tensor:
    """Hyperbolic sine."""

def sqrt(x: TensorLike) -> Tensor:
    """Square root."""

def square(x: TensorLike) -> Tensor:
    """x * x; of bools, as integers."""

def subtract(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 - x2."""

def tan(x: TensorLike) -> Tensor:
    """Tangent."""

def tanh(x: TensorLike) -> Tensor:
    """Hyperbolic tangent."""

def true_divide(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 / x2."""

def trunc(x: TensorLike) -> Tensor:
    """The integer part."""

__all__: list[str] = [
    "abs",
    "absolute",
    "add",
    "allclose",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "clip",
    "conj",
    "conjugate",
    "cos",
    "cosh",
    "deg2rad",
    "divide",
    "divide_no_nan",
    "equal",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "gcd",
    "greater",
    "greater_equal",
    "heaviside",
    "hypot",
    "imag",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "lcm",
    "ldexp",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "nan_to_num",
    "negative",
    "nextafter",
    "not_equal",
    "power",
    "rad2deg",
    "real",
    "reciprocal",
    "right_shift",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
]
