"""Activation functions."""

import types

from kerata.core import registry
from kerata.ops import activation as _ops
from kerata.ops import numpy as _knp
from kerata.ops.activation import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    swish,
    tanh_shrink,
    threshold,
)
from kerata.ops.numpy import tanh

_ALIASES = {"swish": silu, "hard_swish": hard_silu}


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
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
        y = _ops.relu(x)
    elif threshold == 0.0:
        y = _ops.leaky_relu(x, negative_slope)
    else:
        x = _knp.multiply(x, 1.0)
        y = _knp.where(x > threshold, x, negative_slope * (x - threshold))
    if max_value is None:
        return y
    return _ops.relu6(x) if (negative_slope, threshold, max_value) == (0.0, 0.0, 6) else _knp.minimum(y, max_value)


def gelu(x, approximate=False):
    """x times the normal distribution function at x; by tanh if `approximate`.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.

    >>> gelu([0.0, 1.0]).tolist()
    [0.0, 0.8413...]
    """
    return _ops.gelu(x, approximate)


def exponential(x):
    """e to the power of x.

    >>> exponential([0.0, 1.0]).tolist()
    [1.0, 2.7182...]
    """
    return _knp.exp(x)


def linear(x):
    """x as it is.

    >>> linear(2.5)
    2.5
    """
    return x


def get(identifier):
    """An activation function from its name, its config, itself or None (`linear`).

    Raises: ValueError for an unknown name, with the nearest one.

    >>> get("relu").__name__
    'relu'
    """
    return linear if identifier is None else registry.get(identifier, "activations", _ALIASES)


def serialize(activation):
    """The name of a built-in function; the JSON form of one of the user's.

    >>> serialize(relu)
    'relu'
    """
    config = registry.serialize_keras_object(activation)
    if not isinstance(activation, types.FunctionType):
        return config
    if registry.builtins("activations").get(activation.__name__) is activation:
        return activation.__name__
    return config | {"config": registry.get_registered_name(activation)}


def deserialize(config, custom_objects=None):
    """The function of a name or of a JSON form.

    Args:
        config: what `serialize` returned.
        custom_objects: functions by name that are looked up, too.

    Raises: ValueError for an unknown name, with the nearest one.

    >>> deserialize("silu") is silu
    True
    """
    with registry.CustomObjectScope(custom_objects):
        return get(config)


__all__ = [
    "celu", "deserialize", "elu", "exponential", "gelu", "get", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "serialize", "sigmoid",
    "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
    "swish", "tanh", "tanh_shrink", "threshold",
]  # fmt: skip
