"""Anything to an array of the engine in force: numbers, lists, NumPy arrays, variables, other engines' tensors."""

import numpy as np

from kerata import engines
from kerata.core import dtypes, sparse
from kerata.core.config import settings
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.kinds import kind_of

_PYTHON_NUMBERS = (bool, int, float, complex)


def is_variable(x):
    """Whether `x` is a `Variable` (asked without reading it, which would draw its value)."""
    return getattr(type(x), "holds_state", False)


def is_text(x):
    """Whether an array holds texts, or anything but numbers."""
    dtype = getattr(x, "dtype", None)
    return getattr(dtype, "kind", None) in ("O", "U", "S", "T") or getattr(dtype, "name", None) == "string"


def dtype_of(x):
    """The dtype's name of an array, a variable, a symbolic tensor or a Python number."""
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        return {bool: "bool", int: "int32", float: settings.floatx, complex: "complex64"}.get(type(x)) or np.asarray(
            x
        ).dtype.name
    return dtype if type(dtype) is str else dtypes.name_of(dtype)


def as_array(x, dtype=None):
    """`x` as an array of the engine in force.

    Python floats become `floatx()`, Python integers int32. Raises: ValueError for what is no array (text, objects, rows
    of different lengths), and OverflowError for integers that do not fit the dtype.
    """
    engine = engines.current()
    if not engine.is_array(x):
        x = _foreign(engine, x, dtype)
    return x if dtype is None or dtype_of(x) == dtype else engine.cast(x, dtype)


def _foreign(engine, x, dtype):
    if is_variable(x):  # a Variable
        return x.value
    if type(x) in _PYTHON_NUMBERS:
        return engine.asarray(x, dtype or _python_dtype(x))
    if isinstance(x, AbstractArray):
        raise TypeError(
            f"{x!r} is a symbolic tensor: it has no values yet. It can be passed to layers and to the functions of `ops` "
            "only, not mixed with tensors that hold values."
        )
    if engine.is_abstract:
        return engine.asarray(x, dtype or (_weak_dtype(x) if isinstance(x, (list, tuple)) else narrowed(x)))
    own = engine.as_own_array(x)
    if own is not None:
        return own
    if kind_of(x) is not None:
        return sparse.dense(x)
    if isinstance(x, (list, tuple)) and any(engine.is_array(part) for part in x):
        return engine.xp.stack([as_array(part) for part in x])
    return engine.asarray(_host_array(x, dtype), dtype)


_HALVED = {"float64": "float32", "complex128": "complex64", "int64": "int32", "uint64": "uint32"}


def narrowed(x):
    """The dtype that a new variable's engine gives a NumPy array of 64 bits, None if it keeps it as it is."""
    dtype = _HALVED.get(getattr(getattr(x, "dtype", None), "name", ""))
    return dtype if dtype and not engines.get(engines.concrete_name()).keeps_64_bits else None


def _host_array(x, dtype):
    """`x` as a NumPy array of a dtype that tensors can have."""
    weak = isinstance(x, (list, tuple))
    if hasattr(x, "detach"):
        x = to_numpy(x)
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(
            f"A tensor needs rows of equal length; {str(error)[:200]}. Pad them first, with keras.utils.pad_sequences."
        ) from None
    if array.dtype.kind in "OUS":
        raise ValueError(
            f"A tensor holds numbers; an array of dtype {array.dtype} came (first element {array.ravel()[:1].tolist()}). "
            "Convert it first: x.astype('float32') for numbers kept as objects, keras.layers.TextVectorization for text."
        )
    if weak and dtype is None:
        dtype = _weak_dtype(array)
        return checked_cast(array, dtype).astype(dtypes.numpy_dtype(dtype), copy=False) if dtype else array
    return checked_cast(array, dtype)


def checked_cast(array, dtype):
    """A NumPy array for `dtype`.

    Raises: OverflowError if an integer does not fit, where the cast would silently wrap around.
    """
    narrowed = "int32" if dtype is None and not engines.current().keeps_64_bits else None
    target = dtype or {"int64": narrowed, "uint64": narrowed}.get(array.dtype.name)
    if target in ("int32", "int16", "int8") and array.dtype.kind in "iu" and array.dtype.itemsize > 4 and array.size:
        limits = np.iinfo(target)
        if array.max() > limits.max or array.min() < limits.min:
            raise OverflowError(
                f"Integers from {int(array.min())} to {int(array.max())} don't fit {target}. Scale or hash them first."
            )
    return array


def _weak_dtype(x):
    kind = np.asarray(x).dtype.kind if not isinstance(x, np.ndarray) else x.dtype.kind
    return {"f": settings.floatx, "i": "int32", "u": "int32", "b": "bool", "c": "complex64"}.get(kind)


def _python_dtype(x):
    return {bool: "bool", int: "int32", float: settings.floatx, complex: "complex64"}[type(x)]


def cast(x, dtype):
    """`x` in another dtype."""
    return x if dtype_of(x) == dtype else engines.current().cast(x, dtype)


def to_numpy(x):
    """`x` as a NumPy array on the host."""
    if isinstance(x, np.ndarray):
        return x
    if is_variable(x):
        return x.numpy()
    if hasattr(x, "detach"):
        return engines.get("torch").to_numpy(x)
    if x is None or isinstance(x, AbstractArray):
        raise ValueError(f"{x!r} has no value that could become a NumPy array.")
    if sparse.is_sparse(x):
        return engines.current().to_numpy(sparse.dense(x))
    return np.asarray(x) if kind_of(x) is None else sparse.to_numpy(x)


def static_shape(x):
    """The shape as a tuple, for anything that has one."""
    shape = getattr(x, "shape", None)
    return np.shape(x) if shape is None else tuple(shape)
