"""Special functions: erf and its inverse, logistic, logsumexp, rsqrt, top_k. An engine has kernels for the inner ones."""

import math
from typing import Any

from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op, xp
from kerata.core.types import Axis, Tensor, TensorLike
from kerata.ops import numpy as knp
from kerata.ops.promotion import to_float

# Rational approximations of erf on |x| <= 0.5, 0.5 < |x| <= 4 and |x| > 4 (Cody 1969, doi:10.2307/2004390).
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
# erfinv by the variable w = -log(1 - x^2) (Giles 2012, "Approximating the erfinv function"), then Newton's steps.
_CENTRAL = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
_TAIL = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def _polynomial(coefficients, x):
    result = coefficients[0]
    for c in coefficients[1:]:
        result = result * x + c
    return result


@op
def erf_of_float(x):
    """The inner part of `erf`."""
    size = knp.minimum(knp.absolute(x), 6.0)
    square = knp.where(size <= 0.5, x * x, 0.0)
    small = x * _polynomial(_SMALL[0], square) / _polynomial(_SMALL[1], square)
    large = 1.0 - knp.exp(-size * size) * _polynomial(_MIDDLE[0], size) / _polynomial(_MIDDLE[1], size)
    return knp.where(size <= 0.5, small, knp.sign(x) * large)


@op(elementwise=True)
def erf(x: TensorLike) -> Tensor:
    """The error function.

    >>> erf([0.0, 1.0]).tolist()
    [0.0, 0.8427...]
    """
    return erf_of_float(to_float(x))


# erfc beyond 4, in 1 / x ** 2 (Cody 1969).
_FAR = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242,
        1.87295284992346047,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)


@op
def erfc_of_float(x):
    """The inner part of `erfc`."""
    size = knp.absolute(x)
    near, far = knp.minimum(size, 4.0), knp.maximum(size, 4.0)
    small = 1.0 - knp.absolute(erf_of_float(knp.minimum(size, 0.5)))
    middle = knp.exp(-near * near) * _polynomial(_MIDDLE[0], near) / _polynomial(_MIDDLE[1], near)
    inverse = 1.0 / (far * far)
    rest = inverse * _polynomial(_FAR[0], inverse) / _polynomial(_FAR[1], inverse)
    tail = knp.exp(-far * far) / far * (1.0 / math.sqrt(math.pi) - rest)
    above = knp.where(size <= 0.5, small, knp.where(size <= 4.0, middle, tail))
    return knp.where(x < 0, 2.0 - above, above)


@op(elementwise=True)
def erfc(x: TensorLike) -> Tensor:
    """1 - erf(x), exact also where erf(x) is nearly 1.

    >>> erfc([0.0, 1.0]).tolist()
    [1.0, 0.1572...]
    """
    return erfc_of_float(to_float(x))


@op
def erfinv_of_float(x):
    """The inner part of `erfinv`."""
    inside = knp.clip(x, -1.0 + 1e-16, 1.0 - 1e-16) if dtype_of(x) == "float64" else knp.clip(x, -1.0 + 6e-8, 1.0 - 6e-8)
    w = -knp.log1p(-inside * inside)
    y = inside * knp.where(w < 5.0, _polynomial(_CENTRAL, w - 2.5), _polynomial(_TAIL, knp.sqrt(knp.maximum(w, 5.0)) - 3.0))
    for _ in range(2 if dtype_of(x) == "float64" else 0):
        y = y - (erf_of_float(y) - inside) * (math.sqrt(math.pi) / 2) * knp.exp(y * y)
    edge = knp.where(x == 1.0, math.inf, knp.where(x == -1.0, -math.inf, y))
    return knp.where(knp.absolute(x) > 1.0, math.nan, edge)


@op(elementwise=True)
def erfinv(x: TensorLike) -> Tensor:
    """The inverse of the error function, on (-1, 1); infinite at the ends, NaN beyond.

    >>> erfinv([0.0, 0.5]).tolist()
    [0.0, 0.4769...]
    """
    return erfinv_of_float(to_float(x))


@op
def logistic_of_float(x):
    """The inner part of `sigmoid`: no exponential of a positive number."""
    z = knp.exp(knp.where(x >= 0, -x, x))
    return knp.where(x >= 0, 1.0 / (1.0 + z), z / (1.0 + z))


@op(elementwise=True)
def rsqrt(x: TensorLike) -> Tensor:
    """1 / sqrt(x).

    >>> rsqrt([4.0, 16.0]).tolist()
    [0.5, 0.25]
    """
    return 1.0 / knp.sqrt(x)


@op
def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over axes, without overflow.

    >>> float(logsumexp([1000.0, 1000.0]))
    1000.6931...
    """
    x = to_float(x)
    top = knp.max(x, axis, keepdims=True)
    top = knp.where(knp.isfinite(top), top, 0.0)
    result = knp.log(knp.sum(knp.exp(x - top), axis, keepdims=True)) + top
    return result if keepdims else knp.squeeze(result, axis if axis is not None else tuple(range(len(x.shape))))


@op
def top_k_of_array(x, k):
    """The inner part of `top_k`."""
    signed = x if dtype_of(x).startswith(("float", "bfloat", "int")) else _cast(x, "int32")
    order = xp().argsort(-signed, axis=-1, kind="stable")
    indices = _cast(knp.get_item(order, (Ellipsis, slice(0, k))), "int32")
    return knp.take_along_axis(x, indices, -1), indices


@op
def top_k(x: TensorLike, k: int, sorted: bool = True) -> Tensor:
    """The `k` largest elements along the last axis, largest first, and their indices.

    Shapes: (..., n) -> (..., k), (..., k).

    Args:
        x: a tensor.
        k: how many.
        sorted: False accepts any order; it is this one in any case.

    Raises: ValueError if there are fewer than `k`.

    >>> values, indices = top_k([1.0, 3.0, 2.0], 2)
    >>> indices.tolist()
    [1, 2]
    """
    x = as_array(x)
    if x.shape and x.shape[-1] is not None and x.shape[-1] < k:
        raise ValueError(f"top_k with k={k} needs at least {k} elements along the last axis; the shape is {tuple(x.shape)}.")
    return top_k_of_array(x, k)


@op
def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Whether each row's target class is among the `k` with the highest predictions; ties at the border count.

    Shapes: (batch,), (batch, classes) -> (batch,).

    >>> in_top_k([0, 2], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], 2).tolist()
    [True, False]
    """
    targets, predictions = as_array(targets), as_array(predictions)
    classes = predictions.shape[-1]
    known = knp.logical_and(targets >= 0, targets < classes)
    chosen = knp.take_along_axis(predictions, knp.expand_dims(knp.where(known, targets, 0), -1), -1)
    better = knp.sum(_cast(predictions > chosen, "int32"), -1)
    finite = knp.isfinite(knp.squeeze(chosen, -1))
    return knp.logical_and(knp.logical_and(known, finite), better < k)


@op
def totals_at(index, values, size):
    """The sum of the values at each index from 0 to `size`, the end left out; others are dropped: (n,), (n,) -> (size,)."""
    hits = knp.equal(knp.expand_dims(index, -1), knp.arange(size, dtype="int32"))
    return knp.sum(knp.where(hits, knp.expand_dims(values, -1), knp.zeros_like(knp.expand_dims(values, -1))), 0)


__all__ = ["erf", "erfc", "erfinv", "rsqrt", "logsumexp", "top_k", "in_top_k"]
