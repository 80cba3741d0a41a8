"""NumPy as a namespace for ops: what it does otherwise than the other libraries. All other names are NumPy's own."""

from typing import Any

import numpy as np

from kerata.engines.base import numpy_dtype


def __getattr__(name):
    return getattr(np, name)


def _product(function):
    """A product, in the dtype of its operands: NumPy gives float32 for bfloat16, or refuses it."""

    def call(*args, **kwargs):
        arrays = [x for x in args if isinstance(x, (np.ndarray, np.generic))]
        dtype = arrays[0].dtype
        if dtype.name != "bfloat16":
            return function(*args, **kwargs)
        wide = [x.astype("float32") if isinstance(x, (np.ndarray, np.generic)) else x for x in args]
        return np.asarray(function(*wide, **kwargs)).astype(dtype)

    return call


matmul, dot, tensordot, einsum = (_product(f) for f in (np.matmul, np.dot, np.tensordot, np.einsum))


def clip(x, low, high):
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    if x.dtype.name != "bfloat16":
        return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    largest = 3.3895313892515355e38  # of bfloat16
    ends: dict[str, Any] = {"posinf": largest if posinf is None else posinf, "neginf": -largest if neginf is None else neginf}
    return np.nan_to_num(x.astype("float32"), nan=nan, **ends).astype(x.dtype)


def argsort(x, axis=-1, kind="stable"):
    return np.argsort(x, axis=axis, kind=kind)


def median(x, axis=None, keepdims=False):
    return np.asarray(np.median(x, axis=axis, keepdims=keepdims)).astype(x.dtype, copy=False)


def view(x, dtype, ratio):
    return np.ascontiguousarray(x).reshape(x.shape).view(numpy_dtype(dtype))


def signbit(x):
    return np.signbit(x.astype("float32")) if x.dtype.name == "bfloat16" else np.signbit(x)


def ldexp(x1, x2):
    return np.ldexp(x1.astype("float64"), x2).astype(x1.dtype)


def i0(x):
    return np.i0(x.astype("float64")).reshape(x.shape).astype(x.dtype)
