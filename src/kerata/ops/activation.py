"""Activation functions, with the names and defaults of `keras.ops`."""

import math
from typing import Any

from kerata import engines
from kerata.core.op import op
from kerata.core.types import Axis, Tensor, TensorLike
from kerata.engines.shapes import normalize_axis
from kerata.ops import numpy as knp
from kerata.ops.promotion import as_number, to_float
from kerata.ops.special import erf, logistic_of_float

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


@op(elementwise=True)
def relu(x: TensorLike) -> Tensor:
    """max(x, 0), with gradient 0 at 0.

    >>> relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    x = as_number(x)
    return knp.where(x <= 0, 0, x)


@op(elementwise=True)
def relu6(x: TensorLike) -> Tensor:
    """min(max(x, 0), 6).

    >>> relu6([-1.0, 2.0, 9.0]).tolist()
    [0.0, 2.0, 6.0]
    """
    x = relu(x)
    return knp.where(x >= 6, 6, x)


@op(elementwise=True)
def sigmoid(x: TensorLike) -> Tensor:
    """1 / (1 + exp(-x)).

    >>> sigmoid([0.0, 1.0]).tolist()
    [0.5, 0.7310...]
    """
    return logistic_of_float(to_float(x))


@op(elementwise=True)
def softplus(x: TensorLike) -> Tensor:
    """log(1 + exp(x)).

    >>> softplus([0.0, 1.0]).tolist()
    [0.6931..., 1.3132...]
    """
    return knp.logaddexp(to_float(x), 0.0)


@op(elementwise=True)
def softsign(x: TensorLike) -> Tensor:
    """x / (1 + |x|).

    >>> softsign([-1.0, 3.0]).tolist()
    [-0.5, 0.75]
    """
    x = to_float(x)
    return x / (1.0 + knp.absolute(x))


@op(elementwise=True)
def silu(x: TensorLike) -> Tensor:
    """x * sigmoid(x).

    Source: Elfwing et al. 2017, arXiv:1702.03118.

    >>> silu([0.0, 1.0]).tolist()
    [0.0, 0.7310...]
    """
    x = to_float(x)
    return x * sigmoid(x)


@op(elementwise=True)
def log_sigmoid(x: TensorLike) -> Tensor:
    """log(sigmoid(x)).

    >>> log_sigmoid([0.0, 1.0]).tolist()
    [-0.6931..., -0.3132...]
    """
    return -softplus(-to_float(x))


@op(elementwise=True)
def leaky_relu(x: TensorLike, negative_slope: float = 0.2) -> Tensor:
    """x where it is positive, else negative_slope * x.

    Source: Maas et al. 2013, "Rectifier nonlinearities improve neural network acoustic models".

    >>> leaky_relu([-2.0, 3.0], negative_slope=0.5).tolist()
    [-1.0, 3.0]
    """
    x = to_float(x)
    return knp.where(x >= 0, x, negative_slope * x)


@op(elementwise=True)
def hard_sigmoid(x: TensorLike) -> Tensor:
    """relu6(x + 3) / 6.

    >>> hard_sigmoid([-4.0, 0.0, 1.5]).tolist()
    [0.0, 0.5, 0.75]
    """
    return relu6(to_float(x) + 3.0) / 6.0


@op(elementwise=True)
def hard_silu(x: TensorLike) -> Tensor:
    """x * hard_sigmoid(x).

    Source: Howard et al. 2019, arXiv:1905.02244.

    >>> hard_silu([-1.5, 1.5, 5.0]).tolist()
    [-0.375, 1.125, 5.0]
    """
    x = to_float(x)
    return x * hard_sigmoid(x)


@op(elementwise=True)
def hard_tanh(x: TensorLike) -> Tensor:
    """x between -1 and 1, those beyond.

    >>> hard_tanh([-2.0, 0.5, 3.0]).tolist()
    [-1.0, 0.5, 1.0]
    """
    return knp.clip(to_float(x), -1.0, 1.0)


@op(elementwise=True)
def elu(x: TensorLike, alpha: Any = 1.0) -> Tensor:
    """x where it is positive, else alpha * (exp(x) - 1).

    Source: Clevert et al. 2015, arXiv:1511.07289.

    >>> elu([-1.0, 2.0]).tolist()
    [-0.6321..., 2.0]
    """
    x = to_float(x)
    return knp.where(x > 0, x, alpha * knp.expm1(knp.where(x > 0, 0.0, x)))


@op(elementwise=True)
def selu(x: TensorLike) -> Tensor:
    """The scaled elu that keeps mean 0 and variance 1.

    Source: Klambauer et al. 2017, arXiv:1706.02515.

    >>> selu([-1.0, 1.0]).tolist()
    [-1.1113..., 1.0507...]
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


@op(elementwise=True)
def celu(x: TensorLike, alpha: Any = 1.0) -> Tensor:
    """max(x, 0) + min(0, alpha * (exp(x / alpha) - 1)).

    Source: Barron 2017, arXiv:1704.07483.

    >>> celu([-1.0, 2.0], alpha=2.0).tolist()
    [-0.7869..., 2.0]
    """
    x = to_float(x)
    return knp.where(x > 0, x, alpha * knp.expm1(knp.where(x > 0, 0.0, x) / alpha))


@op(elementwise=True)
def gelu(x: TensorLike, approximate: bool = True) -> Tensor:
    """x times the normal distribution function at x, by tanh if `approximate`.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.

    >>> gelu([0.0, 1.0]).tolist(), gelu([1.0], approximate=False).tolist()
    ([0.0, 0.8411...], [0.8413...])
    """
    x = to_float(x)
    if approximate:
        return 0.5 * x * (1.0 + knp.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1.0 + erf(x * math.sqrt(0.5)))


@op
def glu(x: TensorLike, axis: Axis = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the halves of `x` along an axis: (..., 2 * n) -> (..., n).

    Source: Dauphin et al. 2016, arXiv:1612.08083.

    Raises: ValueError if the axis has an odd length.

    >>> glu([[2.0, 4.0, 0.0, 0.0]]).tolist()
    [[1.0, 2.0]]
    """
    x = to_float(x)
    length = x.shape[normalize_axis(axis, len(x.shape))]
    if length is not None and length % 2:
        raise ValueError(f"glu halves axis {axis}, so its length must be even; the shape is {tuple(x.shape)}.")
    a, b = knp.split(x, 2, axis)
    return a * sigmoid(b)


@op(elementwise=True)
def tanh_shrink(x: TensorLike) -> Tensor:
    """x - tanh(x).

    >>> tanh_shrink([0.0, 1.0]).tolist()
    [0.0, 0.2384...]
    """
    x = to_float(x)
    return x - knp.tanh(x)


@op(elementwise=True)
def soft_shrink(x: TensorLike, threshold: Any = 0.5) -> Tensor:
    """x moved towards 0 by `threshold`, no further than 0.

    >>> soft_shrink([-2.0, 0.25, 1.0]).tolist()
    [-1.5, 0.0, 0.5]
    """
    x = to_float(x)
    return knp.where(x > threshold, x - threshold, knp.where(x < -threshold, x + threshold, 0.0))


@op(elementwise=True)
def hard_shrink(x: TensorLike, threshold: Any = 0.5) -> Tensor:
    """x where |x| > threshold, else 0.

    >>> hard_shrink([-2.0, 0.25, 1.0]).tolist()
    [-2.0, 0.0, 1.0]
    """
    x = to_float(x)
    return knp.where(knp.absolute(x) > threshold, x, 0.0)


@op(elementwise=True)
def threshold(x: TensorLike, threshold: Any, default_value: Any) -> Tensor:
    """x where it is above `threshold`, else `default_value`.

    >>> threshold([0.5, 1.0, 2.0], 1.0, -3.0).tolist()
    [-3.0, -3.0, 2.0]
    """
    x = to_float(x)
    return knp.where(x > threshold, x, default_value)


@op(elementwise=True)
def squareplus(x: TensorLike, b: TensorLike = 4) -> Tensor:
    """(x + sqrt(x^2 + b)) / 2.

    Source: Barron 2021, arXiv:2112.11687.

    >>> squareplus([0.0, 1.5]).tolist()
    [1.0, 2.0]
    """
    x = to_float(x)
    return (x + knp.sqrt(x * x + b)) / 2.0


@op(elementwise=True)
def sparse_plus(x: TensorLike) -> Tensor:
    """0 below -1, x above 1, (x + 1)^2 / 4 between.

    >>> sparse_plus([-2.0, 0.0, 3.0]).tolist()
    [0.0, 0.25, 3.0]
    """
    x = to_float(x)
    return knp.where(x <= -1, 0.0, knp.where(x >= 1, x, (x + 1.0) * (x + 1.0) / 4.0))


@op(elementwise=True)
def sparse_sigmoid(x: TensorLike) -> Tensor:
    """0 below -1, 1 above 1, (x + 1) / 2 between.

    >>> sparse_sigmoid([-2.0, 0.5, 3.0]).tolist()
    [0.0, 0.75, 1.0]
    """
    return knp.clip((to_float(x) + 1.0) / 2.0, 0.0, 1.0)


@op(elementwise=True)
def mish(x: TensorLike) -> Tensor:
    """x * tanh(softplus(x)).

    Source: Misra 2019, arXiv:1908.08681.

    >>> mish([0.0, 1.0]).tolist()
    [0.0, 0.8650...]
    """
    x = to_float(x)
    return x * knp.tanh(softplus(x))


def _shifted(x, axis):
    """x less its largest element along axes, which is constant to differentiation."""
    top = engines.current().stop_gradient(knp.max(x, axis, keepdims=True))
    return x - knp.where(knp.isfinite(top), top, 0.0)


@op(elementwise=True)
def softmax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis, or along several together.

    >>> softmax([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    powers = knp.exp(_shifted(to_float(x), axis))
    return powers / knp.sum(powers, axis, keepdims=True)


@op(elementwise=True)
def log_softmax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """log(softmax(x)) along an axis, or along several together.

    Computed from differences to the largest element, so that no exponential overflows.

    >>> log_softmax([0.0, 0.0]).tolist()
    [-0.6931..., -0.6931...]
    """
    shifted = _shifted(to_float(x), axis)
    return shifted - knp.log(knp.sum(knp.exp(shifted), axis, keepdims=True))


@op(elementwise=True)
def sparsemax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """The nearest point of the probability simplex along an axis: probabilities, many of them 0.

    Source: Martins and Astudillo 2016, arXiv:1602.02068.

    >>> sparsemax([1.0, 0.5, -1.0]).tolist()
    [0.75, 0.25, 0.0]
    """
    x = knp.moveaxis(to_float(x), axis, -1)
    z = x - knp.max(x, -1, keepdims=True)
    descending = knp.flip(knp.sort(z, -1), -1)
    ranks = knp.cumsum(knp.ones_like(z), -1)
    totals = knp.cumsum(descending, -1)
    support = 1.0 + ranks * descending > totals
    size = knp.sum(knp.where(support, 1.0, knp.zeros_like(z)), -1, keepdims=True)
    tau = (knp.sum(knp.where(support, descending, 0.0), -1, keepdims=True) - 1.0) / size
    return knp.moveaxis(knp.where(z > tau, z - tau, 0.0), -1, axis)


swish = silu
hard_swish = hard_silu

__all__ = [
    "relu", "relu6", "sigmoid", "softplus", "softsign", "silu", "swish", "log_sigmoid", "leaky_relu", "hard_sigmoid",
    "hard_silu", "hard_swish", "hard_tanh", "elu", "selu", "celu", "gelu", "glu", "tanh_shrink", "soft_shrink",
    "hard_shrink", "threshold", "squareplus", "sparse_plus", "sparse_sigmoid", "mish", "softmax", "log_softmax", "sparsemax",
]  # fmt: skip
