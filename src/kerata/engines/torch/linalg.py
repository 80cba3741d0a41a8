"""The `linalg` namespace over PyTorch: what has other arguments or results there than in NumPy."""

import torch

det, inv, solve, eig, eigh, slogdet = (getattr(torch.linalg, n) for n in "det inv solve eig eigh slogdet".split())


def norm(x, ord=None, axis=None, keepdims=False):
    return torch.linalg.norm(x, ord, axis, keepdims)


def cholesky(x):
    """NaN where a matrix isn't positive definite."""
    lower, failed = torch.linalg.cholesky_ex(x)
    return torch.where(failed[..., None, None] > 0, torch.nan, lower)


def qr(x, mode="reduced"):
    return tuple(torch.linalg.qr(x, mode))


def svd(x, full_matrices=True, compute_uv=True):
    return tuple(torch.linalg.svd(x, full_matrices)) if compute_uv else torch.linalg.svdvals(x)


def pinv(x, rcond):
    return torch.linalg.pinv(x, rtol=rcond)


def _lu_factor(x):
    packed, pivots = torch.linalg.lu_factor(x)
    return packed, pivots - 1  # LAPACK counts from one


KERNELS = {
    "lu_factor_of_float": _lu_factor,
    "solve_triangular_of_float": lambda a, b, lower: torch.linalg.solve_triangular(a, b, upper=not lower),
}
