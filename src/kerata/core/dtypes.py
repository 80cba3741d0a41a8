"""Dtypes, and the one table by which they are promoted.

The rules are those that JAX publishes (https://docs.jax.dev/en/latest/type_promotion.html) and Keras 3 follows: a
lattice in which Python numbers are weak. They are applied before an engine sees the arrays.
"""

import functools
from typing import Any

import numpy as np

from kerata.core.config import settings
from kerata.core.types import DType
from kerata.engines.base import numpy_dtype  # noqa: F401

BOOL = ("bool",)
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
SIGNED = ("int8", "int16", "int32", "int64")
INTEGERS = (*UNSIGNED, *SIGNED)
FLOATS = ("bfloat16", "float16", "float32", "float64")
FLOATS8 = ("float8_e4m3fn", "float8_e5m2")
COMPLEX = ("complex64", "complex128")
ALLOWED = (*BOOL, *INTEGERS, *FLOATS, *FLOATS8, *COMPLEX, "string", "int4", "uint4")

# Each dtype's least upper neighbours in the lattice; "int", "float" and "complex" are Python's weak numbers.
_LATTICE = {
    "bool": ["int"],
    "int": ["uint8", "int8"],
    "uint8": ["int16", "uint16"],
    "uint16": ["int32", "uint32"],
    "uint32": ["int64", "uint64"],
    "uint64": ["float"],
    "int8": ["int16"],
    "int16": ["int32"],
    "int32": ["int64"],
    "int64": ["float"],
    "float": ["float8_e4m3fn", "float8_e5m2", "bfloat16", "float16", "complex"],
    "float8_e4m3fn": [],
    "float8_e5m2": [],
    "bfloat16": ["float32"],
    "float16": ["float32"],
    "float32": ["float64", "complex64"],
    "float64": ["complex128"],
    "complex": ["complex64"],
    "complex64": ["complex128"],
    "complex128": [],
    "string": [],
    "int4": [],
    "uint4": [],
}
_WEAK = {int: "int", float: "float", complex: "complex", bool: "bool"}


@functools.cache
def _above(name):
    """`name` and all that is above it."""
    found, frontier = {name}, [name]
    while frontier:
        frontier = [up for low in frontier for up in _LATTICE[low] if up not in found]
        found.update(frontier)
    return frozenset(found)


@functools.cache
def _join(names):
    bounds = frozenset.intersection(*map(_above, names))
    least = [b for b in bounds if bounds <= _above(b)]
    if not least:
        raise ValueError(f"No dtype holds {' and '.join(sorted(names))}: cast one of them first.")
    return least[0]


@functools.cache
def _promoted(names, floatx):
    weak = {"int": "int32", "float": floatx, "complex": "complex64"}
    if not names:
        return floatx
    result = _join(names)
    return weak.get(result, result)


def result_type(*dtypes: Any) -> Any:
    """The dtype of a result computed from operands of `dtypes`: names, dtypes, arrays, or Python's int and float.

    Raises: ValueError if no dtype can hold them all.

    >>> from kerata.core.dtypes import result_type
    >>> result_type("int64", "float16"), result_type("int32", float), result_type("bfloat16", "float16")
    ('float16', 'float32', 'float32')
    """
    names = frozenset(
        _WEAK[d] if d in _WEAK else standardize_dtype(d if isinstance(d, type) else getattr(d, "dtype", d)) for d in dtypes
    )
    return _promoted(names, settings.floatx)


def _numpy_name(dtype):
    try:
        return np.dtype(dtype).name
    except TypeError:
        return str(dtype)


@functools.lru_cache(maxsize=1024)
def name_of(dtype):
    """The name of a dtype, whatever library it comes from.

    Raises: ValueError if the dtype is unknown.
    """
    name = {"half": "float16", "float": "float32", "double": "float64", "str": "string", "int": "int32", "long": "int64"}.get(
        dtype, dtype
    )
    if not isinstance(name, str):
        if isinstance(name, type) and name in (bool, int, float, complex, str):
            return {bool: "bool", int: "int32", float: settings.floatx, complex: "complex64", str: "string"}[name]
        text = str(name)
        if "torch" in text or "tf." in text:
            name = text.replace("'", " ").split(".")[-1].split()[0].rstrip(">")
        else:
            name = getattr(name, "name", None) or _numpy_name(name)
    if name.startswith(("str", "object", "<U")):
        name = "string"
    if name not in ALLOWED:
        raise ValueError(f"There is no dtype {dtype!r}. Known ones: {', '.join(ALLOWED)}.")
    return name


def standardize_dtype(dtype: DType) -> Any:
    """The name of a dtype, whatever library it comes from; `floatx()` for None.

    Raises: ValueError if the dtype is unknown.

    >>> import numpy as np
    >>> standardize_dtype(np.int8), standardize_dtype(float), standardize_dtype(None)
    ('int8', 'float32', 'float32')
    """
    return settings.floatx if dtype is None else name_of(dtype)


def is_float_dtype(dtype: DType) -> bool:
    """Whether `dtype` is a float.

    >>> is_float_dtype("bfloat16"), is_float_dtype("int8")
    (True, False)
    """
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: DType) -> bool:
    """Whether `dtype` is an integer, signed or not.

    >>> is_int_dtype("uint8"), is_int_dtype("bool")
    (True, False)
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))
