"""Linear algebra: the names of `keras.ops.linalg`, over the engines' own decompositions.

Matrices are the last two axes; integers and bools become floats. Half-precision floats are computed in float32.
"""

import functools
from typing import Any

import numpy as np
import optree

from kerata import engines
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op, xp
from kerata.core.types import Tensor, TensorLike
from kerata.ops import numpy as knp
from kerata.ops.core import value_and_grad
from kerata.ops.numpy import norm
from kerata.ops.promotion import float_arrays_of, to_float, widened


def _matrix(what, x, square=True):
    """`x` in a dtype in which decompositions are computed, and the dtype of the result.

    Raises: ValueError if it is no matrix, or not a square one.
    """
    x = to_float(x)
    shape, dtype = tuple(x.shape), dtype_of(x)
    unlike = len(shape) > 1 and shape[-1] != shape[-2] and (None not in shape[-2:] or engines.current().is_abstract)
    if len(shape) < 2 or square and unlike:
        raise ValueError(
            f"{what} takes {'square ' if square else ''}matrices {'(..., n, n)' if square else '(..., m, n)'}; a tensor of "
            f"shape {shape} came."
        )
    return widened(x), dtype


def _transposed(x):
    return knp.conj(knp.swapaxes(x, -1, -2))


@op
def cholesky(x: TensorLike, upper: bool = False) -> Tensor:
    """The triangular `l` with `l @ l.T` equal to a symmetric, positive definite matrix; or its transpose with `upper`.

    Shapes: (..., n, n) -> (..., n, n).

    Raises: ValueError for other than square matrices, and for one that isn't positive definite. (In compiled functions, which
    can't look at values, engines give NaN or raise errors of their own.)

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]]).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    x, dtype = _matrix("cholesky", x)
    lower, engine = xp().linalg.cholesky(x), engines.current()
    if engine.is_concrete(lower) and np.isnan(engine.to_numpy(lower)).any():
        raise ValueError("cholesky: the matrix is not positive definite.")
    return _cast(_transposed(lower) if upper else lower, dtype)


@op
def cholesky_inverse(x: TensorLike, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor `x` is: of `x @ x.T`, or of `x.T @ x` with `upper`.

    Shapes: (..., n, n) -> (..., n, n).

    Raises: ValueError for other than square matrices.

    >>> cholesky_inverse([[2.0, 0.0], [0.0, 4.0]]).tolist()
    [[0.25, 0.0], [0.0, 0.0625]]
    """
    x, dtype = _matrix("cholesky_inverse", x)
    one = knp.multiply(knp.eye(x.shape[-1], dtype=dtype_of(x)), knp.ones_like(x))
    inverse = solve_triangular_of_float(x, one, not upper)
    product = knp.matmul(inverse, _transposed(inverse)) if upper else knp.matmul(_transposed(inverse), inverse)
    return _cast(product, dtype)


@op
def det(x: TensorLike) -> Tensor:
    """The determinant: (..., n, n) -> (...).

    Raises: ValueError for other than square matrices.

    >>> float(det([[2.0, 0.0], [1.0, 3.0]]))
    6.0
    """
    x, dtype = _matrix("det", x)
    return _cast(xp().linalg.det(x), dtype)


@op
def slogdet(x: TensorLike) -> Tensor:
    """The determinant's sign, and the logarithm of its absolute value: (..., n, n) -> (...), (...).

    Raises: ValueError for other than square matrices.

    >>> [float(part) for part in slogdet([[0.0, 1.0], [1.0, 0.0]])]
    [-1.0, 0.0]
    """
    x, dtype = _matrix("slogdet", x)
    return tuple(_cast(part, dtype) for part in xp().linalg.slogdet(x))


@op
def logdet(x: TensorLike) -> Tensor:
    """The logarithm of the determinant of a symmetric, positive definite matrix: (..., n, n) -> (...).

    >>> float(logdet([[2.0, 0.0], [0.0, 2.0]]))
    1.3862...
    """
    return slogdet(x)[1]


@op
def inv(x: TensorLike) -> Tensor:
    """The inverse: (..., n, n) -> (..., n, n).

    Raises: ValueError for other than square matrices.

    >>> inv([[2.0, 0.0], [0.0, 4.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    x, dtype = _matrix("inv", x)
    return _cast(xp().linalg.inv(x), dtype)


@op
def eig(x: TensorLike) -> Tensor:
    """The eigenvalues and eigenvectors (as columns), complex: (..., n, n) -> (..., n), (..., n, n).

    Raises: ValueError for other than square matrices.

    >>> values, vectors = eig([[2.0, 0.0], [0.0, 3.0]])
    >>> values.tolist()
    [(2+0j), (3+0j)]
    """
    x, _ = _matrix("eig", x)
    dtype = "complex128" if dtype_of(x) in ("float64", "complex128") else "complex64"
    return tuple(_cast(part, dtype) for part in xp().linalg.eig(x))


@op
def eigh(x: TensorLike) -> Tensor:
    """The eigenvalues, in ascending order, and eigenvectors (as columns) of a symmetric or Hermitian matrix.

    Shapes: (..., n, n) -> (..., n), (..., n, n).

    Raises: ValueError for other than square matrices.

    >>> values, vectors = eigh([[3.0, 0.0], [0.0, 1.0]])
    >>> values.tolist()
    [1.0, 3.0]
    """
    x, dtype = _matrix("eigh", x)
    values, vectors = xp().linalg.eigh(x)
    return (values if dtype.startswith("complex") else _cast(values, dtype)), _cast(vectors, dtype)


@op
def qr(x: TensorLike, mode: Any = "reduced") -> Tensor:
    """Orthonormal columns `q` and an upper triangular `r` with `q @ r` equal to `x`.

    Shapes: (..., m, n) -> (..., m, k), (..., k, n), where k is the smaller of m and n, or m for `mode="complete"`.

    Raises: ValueError for another mode, what is no matrix, or one whose lengths are open.

    >>> import kerata
    >>> q, r = qr([[3.0, 1.0], [4.0, 2.0]])
    >>> kerata.ops.round(kerata.ops.matmul(q, r)).tolist()
    [[3.0, 1.0], [4.0, 2.0]]
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode must be 'reduced' or 'complete'; {mode!r} came.")
    x, dtype = _matrix("qr", x, square=False)
    if engines.current().is_abstract and None in x.shape[-2:]:
        raise ValueError(f"qr takes matrices of known lengths; a tensor of shape {tuple(x.shape)} came.")
    return tuple(_cast(part, dtype) for part in xp().linalg.qr(x, mode=mode))


@op
def svd(x: TensorLike, full_matrices: bool = True, compute_uv: bool = True) -> Tensor:
    """The singular value decomposition: `x` equals `u * s @ vh`, the singular values in descending order.

    Shapes: (..., m, n) -> (..., m, m), (..., k), (..., n, n), where k is the smaller of m and n; without `full_matrices`
    (..., m, k), (..., k), (..., k, n); without `compute_uv` the singular values alone.

    Raises: ValueError for what is no matrix.

    >>> svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False).tolist()
    [4.0, 3.0]
    """
    x, dtype = _matrix("svd", x, square=False)
    result = xp().linalg.svd(x, full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple(_cast(part, dtype) for part in result) if compute_uv else _cast(result, dtype)


@op
def lu_factor_of_float(x: TensorLike) -> Tensor:
    """The inner part of `lu_factor`: elimination column by column, with the largest element as the pivot."""
    m, n = x.shape[-2:]
    if None in (m, n):
        return x, _cast(
            knp.get_item(x, (Ellipsis, 0) if n is None or m is not None and m > n else (Ellipsis, 0, slice(None))), "int32"
        )
    rows, columns, pivots = knp.arange(m, dtype="int32"), knp.arange(n, dtype="int32"), []
    for k in range(min(m, n)):
        below = knp.where(rows >= k, knp.absolute(knp.get_item(x, (Ellipsis, k))), -1.0)
        pivot = knp.expand_dims(_cast(knp.argmax(below, -1), "int32"), -1)  # (..., 1)
        order = knp.where(knp.equal(rows, k), pivot, knp.where(knp.equal(rows, pivot), k, rows))
        x = knp.take_along_axis(x, knp.add(knp.expand_dims(order, -1), knp.zeros_like(x, "int32")), -2)
        divisor = knp.get_item(x, (Ellipsis, slice(k, k + 1), slice(k, k + 1)))
        factors = knp.divide(knp.get_item(x, (Ellipsis, slice(k, k + 1))), knp.where(knp.equal(divisor, 0), 1.0, divisor))
        under, right = knp.expand_dims(rows > k, -1), columns > k
        change = knp.multiply(factors, knp.get_item(x, (Ellipsis, slice(k, k + 1), slice(None))))
        x = knp.where(knp.logical_and(under, right), knp.subtract(x, change), x)
        x = knp.where(knp.logical_and(under, knp.equal(columns, k)), factors, x)
        pivots.append(pivot)
    return x, knp.concatenate(pivots, -1)


@op
def lu_factor(x: TensorLike) -> Tensor:
    """The lower and the upper triangle of a decomposition in one matrix (the lower one's ones left out), and the pivots.

    Shapes: (..., m, n) -> (..., m, n), (..., k), where k is the smaller of m and n: row i was exchanged with row `pivots[i]`.

    Raises: ValueError for what is no matrix.

    Source: Golub and Van Loan, "Matrix Computations", 2013, section 3.4.

    >>> packed, pivots = lu_factor([[1.0, 2.0], [4.0, 4.0]])
    >>> packed.tolist(), pivots.tolist()
    ([[4.0, 4.0], [0.25, 1.0]], [1, 1])
    """
    x, dtype = _matrix("lu_factor", x, square=False)
    packed, pivots = lu_factor_of_float(x)
    return _cast(packed, dtype), _cast(pivots, "int32")


def _system(what, a, b):
    """A square matrix and the right side as a matrix, in one dtype; whether it was a vector; the dtype of the result."""
    a, b = float_arrays_of(a, b)
    a, dtype = _matrix(what, a)
    is_vector = len(b.shape) == len(a.shape) - 1
    b = _cast(knp.expand_dims(b, -1) if is_vector else b, dtype_of(a))
    if len(b.shape) < 2 or None not in (a.shape[-1], b.shape[-2]) and a.shape[-1] != b.shape[-2]:
        raise ValueError(f"{what}: matrices {tuple(a.shape)} and right sides {tuple(b.shape)} don't fit.")
    return a, b, is_vector, dtype


@op
def solve(a: TensorLike, b: TensorLike) -> Tensor:
    """`x` with `a @ x = b`: (..., n, n) and (..., n) or (..., n, k) -> the shape of `b`.

    Raises: ValueError for other than square matrices, or a right side of another length.

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).tolist()
    [1.0, 0.5]
    """
    a, b, is_vector, dtype = _system("solve", a, b)
    x = xp().linalg.solve(a, b)
    return _cast(knp.squeeze(x, -1) if is_vector else x, dtype)


@op
def solve_triangular_of_float(a: TensorLike, b: TensorLike, lower: Any) -> Tensor:
    """The inner part of `solve_triangular`, for right sides (..., n, k)."""
    return xp().linalg.solve(knp.tril(a) if lower else knp.triu(a), b)


@op
def solve_triangular(a: TensorLike, b: TensorLike, lower: bool = False) -> Tensor:
    """`x` with `a @ x = b` for a triangular `a`, the other triangle of which isn't looked at.

    Shapes: (..., n, n) and (..., n) or (..., n, k) -> the shape of `b`.

    `lower` says which triangle it is.

    Raises: ValueError for other than square matrices, or a right side of another length.

    >>> solve_triangular([[2.0, 0.0], [1.0, 1.0]], [2.0, 3.0], lower=True).tolist()
    [1.0, 2.0]
    """
    a, b, is_vector, dtype = _system("solve_triangular", a, b)
    x = solve_triangular_of_float(a, b, lower)
    return _cast(knp.squeeze(x, -1) if is_vector else x, dtype)


def _epsilon(x):
    """The distance from 1 to the next float of the dtype of `x`."""
    return float(np.finfo({"complex64": "float32", "complex128": "float64"}.get(dtype_of(x), dtype_of(x))).eps)


def _least(x, rcond):
    """Below which share of the largest singular value one counts as 0: as many rounding errors as the matrix is long."""
    if rcond is not None:
        return rcond
    m, n = x.shape[-2:]
    return 10.0 * max(m or 1, n or 1) * _epsilon(x)


@op
def pinv(x: TensorLike, rcond: float | None = None) -> Tensor:
    """The Moore-Penrose pseudoinverse: (..., m, n) -> (..., n, m).

    Singular values of less than `rcond` times the largest count as 0; by default `10 * max(m, n)` times the smallest
    difference of floats near 1.

    Raises: ValueError for what is no matrix.

    >>> import kerata
    >>> kerata.ops.round(pinv([[2.0], [0.0]]), 1).tolist()
    [[0.5, 0.0]]
    """
    x, dtype = _matrix("pinv", x, square=False)
    return _cast(xp().linalg.pinv(x, _least(x, rcond)), dtype)


@op
def lstsq(a: TensorLike, b: TensorLike, rcond: float | None = None) -> Tensor:
    """The shortest of the `x` for which `a @ x` is nearest to `b`: (m, n) and (m,) or (m, k) -> (n,) or (n, k).

    Singular values of less than `rcond` times the largest count as 0, as in `pinv`.

    Raises: ValueError for what is no matrix, or a right side of another length.

    >>> import kerata
    >>> kerata.ops.round(lstsq([[1.0], [1.0]], [1.0, 3.0])).tolist()
    [2.0]
    """
    a, b = float_arrays_of(a, b)
    a, dtype = _matrix("lstsq", a, square=False)
    b = _cast(b, dtype_of(a))
    if len(a.shape) != 2 or len(b.shape) not in (1, 2) or None not in (a.shape[-2], b.shape[0]) and a.shape[-2] != b.shape[0]:
        raise ValueError(f"lstsq: a matrix {tuple(a.shape)} and right sides {tuple(b.shape)} don't fit.")
    return _cast(knp.matmul(xp().linalg.pinv(a, _least(a, rcond)), b), dtype)


@op
def matrix_rank(x: TensorLike, tol: float | None = None) -> Tensor:
    """How many singular values are larger than `tol`: (..., m, n) -> (...), int32.

    By default `tol` is `max(m, n)` rounding errors of the largest singular value.

    Raises: ValueError for what is no matrix.

    >>> int(matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    x, _ = _matrix("matrix_rank", x, square=False)
    values = xp().linalg.svd(x, full_matrices=False, compute_uv=False)
    if tol is None:
        share = max(n or 1 for n in x.shape[-2:]) * _epsilon(x)
        tol = knp.multiply(knp.max(values, -1, keepdims=True), share)
    return knp.sum(_cast(knp.greater(values, tol), "int32"), -1)


@op
def jvp(fun: Any, primals: TensorLike, tangents: TensorLike, has_aux: bool = False) -> Tensor:
    """The value of `fun` and the derivative along the tangents: `(value, derivative)`, or `(value, derivative, aux)`.

    Args:
        fun: a function of as many tensors, or structures of them, as there are primals; with `has_aux` it returns a pair,
            whose second part isn't differentiated.
        primals, tangents: tuples or lists; each tangent has the shape of its primal.

    The derivative is that of the gradient of `sum(value * u)` along the tangents, by `u`: two passes backwards, so that an
    engine needs no pass forwards (Townsend 2017, "A new trick for calculating Jacobian vector products").

    Raises: ValueError if the numbers of primals and tangents differ.

    >>> import kerata
    >>> value, slope = jvp(lambda x: x * x, (3.0,), (1.0,))
    >>> float(value), float(slope)
    (9.0, 6.0)
    """
    inputs, form = optree.tree_flatten(tuple(primals))
    directions, other = optree.tree_flatten(tuple(tangents))
    if form != other:
        raise ValueError(f"jvp takes a tangent for each primal, in the same structure; {form} and {other} came.")
    inputs = [to_float(x) for x in inputs]
    directions = [as_array(t, dtype_of(x)) for t, x in zip(directions, inputs)]

    def run(*arrays):
        result = fun(*optree.tree_unflatten(form, list(arrays)))
        return result if has_aux else (result, None)

    value, aux = run(*inputs)
    engine = engines.current()
    if engine.is_abstract:  # derivatives along a tangent are of the shape of the value
        value = engine.told_by_shapes(value)
        return (value, value, aux) if has_aux else (value, value)
    outputs, shape_of = optree.tree_flatten(value)
    weights = [knp.zeros_like(y) for y in outputs]

    def slope(*weights):
        def weighted(*arrays):
            results = optree.tree_leaves(run(*arrays)[0])
            return functools.reduce(knp.add, [knp.sum(knp.multiply(y, u)) for y, u in zip(results, weights)])

        _, gradients = value_and_grad(weighted, inputs)
        return functools.reduce(knp.add, [knp.sum(knp.multiply(g, t)) for g, t in zip(gradients, directions)])

    _, derivatives = value_and_grad(slope, weights)
    derivative = optree.tree_unflatten(shape_of, derivatives)
    return (value, derivative, aux) if has_aux else (value, derivative)


__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eig",
    "eigh",
    "inv",
    "jvp",
    "logdet",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]
