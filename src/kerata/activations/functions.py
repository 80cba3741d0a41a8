"""Activations that differ from the op of the same name, or have none."""

from typing import Any

from kerata import ops
from kerata.core.types import TensorLike


def relu(x: TensorLike, negative_slope: float = 0.0, max_value: Any = None, threshold: Any = 0.0) -> Any:
    """The rectifier and its variants.

    Args:
        x: a tensor.
        negative_slope: the slope below the threshold.
        max_value: the value that nothing exceeds, if given.
        threshold: below it, `negative_slope * (x - threshold)`.

    >>> relu([-2.0, 1.0, 5.0], negative_slope=0.5, max_value=4.0).tolist()
    [-1.0, 1.0, 4.0]
    """
    if negative_slope == 0.0 and threshold == 0.0:
        y = ops.relu(x)
    elif threshold == 0.0:
        y = ops.leaky_relu(x, negative_slope)
    else:
        below = ops.multiply(ops.subtract(x, threshold), negative_slope)
        y = ops.where(ops.greater(x, threshold), x, below)
    if max_value is None:
        return y
    return ops.relu6(x) if (negative_slope, threshold, max_value) == (0.0, 0.0, 6) else ops.minimum(y, max_value)


def gelu(x: TensorLike, approximate: bool = False) -> Any:
    """x times the normal distribution function at x; by tanh if `approximate`.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.

    >>> gelu([0.0, 1.0]).tolist()
    [0.0, 0.8413...]
    """
    return ops.gelu(x, approximate)


def exponential(x: TensorLike) -> Any:
    """e to the power of x.

    >>> exponential([0.0, 1.0]).tolist()
    [1.0, 2.7182...]
    """
    return ops.exp(x)


def linear(x: TensorLike) -> Any:
    """x as it is.

    >>> linear(2.5)
    2.5
    """
    return x
