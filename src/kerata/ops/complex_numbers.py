"""Complex numbers and pairs of real ones, and the bits of any numbers."""

from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op, xp
from kerata.core.types import DType, Tensor, TensorLike
from kerata.ops import numpy as knp
from kerata.ops.promotion import float_arrays_of


def complex_of(real, imaginary):
    """`real + 1j * imaginary`."""
    dtype = "complex128" if "float64" in (dtype_of(real), dtype_of(imaginary)) else "complex64"
    turned = xp().multiply(_cast(imaginary, dtype), as_array(1j, dtype))
    return xp().add(_cast(real, dtype), turned)


@op
def polar(abs_: TensorLike, angle: TensorLike) -> Tensor:
    """The complex numbers with these absolute values and angles.

    >>> polar([2.0], [0.0]).tolist()
    [(2+0j)]
    """
    size, angle = float_arrays_of(abs_, angle)
    return complex_of(knp.multiply(size, knp.cos(angle)), knp.multiply(size, knp.sin(angle)))


@op
def view_as_complex(x: TensorLike) -> Tensor:
    """Pairs of real numbers as complex64: (..., 2) -> (...).

    Raises: ValueError if the last axis has another length.

    >>> view_as_complex([[1.0, 2.0]]).tolist()
    [(1+2j)]
    """
    x = _cast(as_array(x), "float32")
    if not len(x.shape) or x.shape[-1] != 2:
        raise ValueError(f"view_as_complex takes pairs, (..., 2); a tensor of shape {tuple(x.shape)} came.")
    return complex_of(knp.get_item(x, (Ellipsis, 0)), knp.get_item(x, (Ellipsis, 1)))


@op
def view_as_real(x: TensorLike) -> Tensor:
    """Complex numbers as pairs of real ones: (...) -> (..., 2).

    >>> view_as_real([1 + 2j]).tolist()
    [[1.0, 2.0]]
    """
    x = as_array(x)
    return knp.stack([knp.real(x), knp.imag(x)], -1)


def _bytes(dtype):
    return 1 if dtype == "bool" else dtypes.numpy_dtype(dtype).itemsize


@op
def view(x: TensorLike, dtype: DType = None) -> Tensor:
    """The same bits as numbers of another dtype; the last axis is longer or shorter where their size differs.

    Raises: ValueError if the last axis does not hold whole numbers of the other dtype.

    >>> view([1.0], "int32").tolist()
    [1065353216]
    """
    x = as_array(x)
    old, new = dtype_of(x), dtypes.standardize_dtype(dtype_of(x) if dtype is None else dtype)
    if old == new:
        return x
    ratio = _bytes(old) / _bytes(new)
    if ratio != 1 and (not len(x.shape) or x.shape[-1] is not None and x.shape[-1] * ratio % 1):
        raise ValueError(f"view: {old} numbers of shape {tuple(x.shape)} can't be seen as {new}: the sizes don't fit.")
    return view_of_array(x, new, ratio)


@op
def view_of_array(x, dtype, ratio):
    """The inner part of `view`."""
    return xp().view(x, dtype, ratio)


__all__ = ["polar", "view", "view_as_complex", "view_as_real"]
