"""Arrays in the dtypes that ops compute in: a common one, a float one, a wide one."""

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.config import settings

NUMBERS = (bool, int, float)


def to_float(x):
    """`x` as an array of a float dtype."""
    x = as_array(x)
    return x if is_inexact(dtype_of(x)) else _cast(x, settings.floatx)


def widened(x):
    """`x` as an array of a float dtype in which many can be added up: float32 at least."""
    x = to_float(x)
    return _cast(x, "float32") if dtype_of(x) in ("float16", "bfloat16") else x


def is_inexact(dtype):
    return dtype.startswith(("float", "bfloat", "complex"))


def promote(x1, x2):
    """Both operands in their common dtype; a Python number stays as it is where the dtype of the other holds it."""
    weak1, weak2 = type(x1) in NUMBERS, type(x2) in NUMBERS
    if weak1 and weak2:
        x1, weak1 = as_array(x1), False
    if weak2:
        x1 = as_array(x1)
        return _with_number(x1, x2)
    if weak1:
        x2, x1 = _with_number(as_array(x2), x1)
        return x1, x2
    x1, x2 = as_array(x1), as_array(x2)
    d1, d2 = dtype_of(x1), dtype_of(x2)
    if d1 == d2:
        return x1, x2
    dtype = dtypes.result_type(d1, d2)
    return _cast(x1, dtype), _cast(x2, dtype)


def arrays_of(x1, x2):
    """Both operands as arrays of their common dtype, a Python number being weak."""
    x1, x2 = promote(x1, x2)
    dtype = dtype_of(x2 if type(x1) in NUMBERS else x1)
    return as_array(x1, dtype), as_array(x2, dtype)


def float_arrays_of(x1, x2):
    """Both operands as arrays of their common float dtype, in which integers count for less than any float."""
    x1, x2 = (x if type(x) in NUMBERS else as_array(x) for x in (x1, x2))
    dtype = dtypes.result_type(*[type(x) if type(x) in NUMBERS else dtype_of(x) for x in (x1, x2)], float)
    return as_array(x1, dtype), as_array(x2, dtype)


def _with_number(x, number):
    dtype = dtype_of(x)
    result = dtypes.result_type(dtype, type(number))
    x = x if dtype == result else _cast(x, result)
    # NumPy knows bfloat16 from ml_dtypes only, and would widen it for a number.
    strict = engines.current().is_abstract or result.startswith(("bfloat", "float8"))
    return x, as_array(number, result) if strict else _typed(number, result)


def _typed(number, dtype):
    """A Python number as one that the engine takes for weak."""
    return float(number) if dtype.startswith("float") else number


def as_number(x):
    """`x` as an array; bools as integers."""
    x = as_array(x)
    return _cast(x, "int32") if dtype_of(x) == "bool" else x
