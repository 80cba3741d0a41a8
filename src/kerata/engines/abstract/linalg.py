"""Shapes and dtypes of the namespaces `linalg` and `fft`, for the abstract engine."""

from kerata.engines.abstract.array import AbstractArray
from kerata.engines.shapes import broadcast_shapes, reduced_shape


def _smaller(m, n):
    """The smaller of two lengths, None if that can't be told."""
    return min(m, n) if None not in (m, n) else 0 if 0 in (m, n) else None


class AbstractLinearAlgebra:
    """The `linalg` namespace of abstract arrays."""

    def norm(self, x, ord=None, axis=None, keepdims=False):
        return AbstractArray(reduced_shape(x.shape, axis, keepdims), x.dtype)

    def det(self, x):
        return AbstractArray(x.shape[:-2], x.dtype)

    def slogdet(self, x):
        return self.det(x), self.det(x)

    def inv(self, x):
        return x

    cholesky = inv

    def solve(self, a, b):
        return AbstractArray((*broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-1], b.shape[-1]), b.dtype)

    def eigh(self, x):
        return AbstractArray(x.shape[:-1], x.dtype), x

    def eig(self, x):
        dtype = {"float32": "complex64", "float64": "complex128"}.get(x.dtype, x.dtype)
        return AbstractArray(x.shape[:-1], dtype), AbstractArray(x.shape, dtype)

    def qr(self, x, mode="reduced"):
        *batch, rows, columns = x.shape
        inner = rows if mode == "complete" else _smaller(rows, columns)
        return AbstractArray((*batch, rows, inner), x.dtype), AbstractArray((*batch, inner, columns), x.dtype)

    def svd(self, x, full_matrices=True, compute_uv=True):
        *batch, rows, columns = x.shape
        inner = _smaller(rows, columns)
        values = AbstractArray((*batch, inner), x.dtype)
        if not compute_uv:
            return values
        left, right = (rows, columns) if full_matrices else (inner, inner)
        return AbstractArray((*batch, rows, left), x.dtype), values, AbstractArray((*batch, right, columns), x.dtype)

    def pinv(self, x, rcond):
        return AbstractArray((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)


class AbstractFourier:
    """The `fft` namespace of abstract arrays."""

    def fft(self, z):
        return z

    fft2 = ifft2 = fft

    def rfft(self, x):
        length = x.shape[-1]
        dtype = "complex128" if x.dtype == "float64" else "complex64"
        return AbstractArray((*x.shape[:-1], None if length is None else length // 2 + 1), dtype)

    def irfft(self, z, n):
        return AbstractArray((*z.shape[:-1], n), "float64" if z.dtype == "complex128" else "float32")
