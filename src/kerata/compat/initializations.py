"""The initializers of Keras 1, which were functions that returned a variable, and what older programs gave as an initializer."""

import functools
import math
from typing import Any

import numpy as np

from kerata import initializers
from kerata.core import suggestions
from kerata.core.arrays import to_numpy
from kerata.core.dtypes import numpy_dtype
from kerata.core.signatures import accepts
from kerata.core.variable import Variable
from kerata.initializers import Identity, Ones, Orthogonal, RandomNormal, RandomUniform, VarianceScaling, Zeros

__all__ = [
    "get",
    "get_fans",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_uniform",
    "normal",
    "one",
    "orthogonal",
    "uniform",
    "zero",
]

# What a name meant in Keras 1: its normal distributions were not cut off, and orthogonal matrices were 1.1 times as long.
_KERAS1: dict[str, Any] = {
    "uniform": lambda scale=0.05: RandomUniform(-scale, scale),
    "random_uniform": lambda: RandomUniform(-0.05, 0.05),
    "normal": lambda scale=0.05: RandomNormal(0.0, scale),
    "random_normal": lambda: RandomNormal(0.0, 0.05),
    "lecun_uniform": lambda: VarianceScaling(1.0, "fan_in", "uniform"),
    "glorot_normal": lambda: VarianceScaling(1.0, "fan_avg", "untruncated_normal"),
    "glorot_uniform": lambda: VarianceScaling(1.0, "fan_avg", "uniform"),
    "he_normal": lambda: VarianceScaling(2.0, "fan_in", "untruncated_normal"),
    "he_uniform": lambda: VarianceScaling(2.0, "fan_in", "uniform"),
    "orthogonal": lambda scale=1.1: Orthogonal(scale),
    "identity": lambda scale=1.0: Identity(scale),
    "zero": Zeros,
    "zeros": Zeros,
    "one": Ones,
    "ones": Ones,
}
_SCALED = ("lecun_uniform", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform")  # by the number of connections


def get_fans(shape, dim_ordering="th"):
    """How many numbers go into a unit, and out of it, for weights of a shape: a pair.

    Args:
        dim_ordering: whether a kernel is (filters, channels, ...), "th", or (..., channels, filters), "tf".

    Raises: ValueError for another `dim_ordering`.

    >>> get_fans((8, 3, 2, 2)), get_fans((2, 2, 3, 8), "tf")
    ((12, 32), (12, 32))
    """
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) not in (4, 5):
        return math.sqrt(math.prod(shape)), math.sqrt(math.prod(shape))
    if dim_ordering == "th":
        window = math.prod(shape[2:])
        return shape[1] * window, shape[0] * window
    if dim_ordering == "tf":
        window = math.prod(shape[:-2])
        return shape[-2] * window, shape[-1] * window
    raise ValueError(f"dim_ordering is 'th' or 'tf'; {dim_ordering!r} came.")


def of_fans(scaling, fan_in, fan_out):
    """A `VarianceScaling` as the distribution that it is for so many numbers into a unit, and out of it."""
    variance = scaling.scale / (fan_in if scaling.mode == "fan_in" else (fan_in + fan_out) / 2)
    if scaling.distribution == "uniform":
        limit = math.sqrt(3 * variance)
        return RandomUniform(-limit, limit, seed=scaling.seed)
    return RandomNormal(0.0, math.sqrt(variance), seed=scaling.seed)


def _drawn(name, shape, variable_name, dim_ordering="th", **options):
    """A variable with values as Keras 1 drew them."""
    found = _KERAS1[name](**options)
    if name in _SCALED:
        found = of_fans(found, *get_fans(shape, dim_ordering))
    value = np.asarray(found(tuple(shape), dtype="float32"))
    return Variable(value, dtype=None, name=None if variable_name is None else str(variable_name).replace("/", "_"))


def uniform(shape, scale=0.05, name=None, dim_ordering="th"):
    """Even between `-scale` and `scale`. `dim_ordering` is accepted: all values are drawn alike."""
    return _drawn("uniform", shape, name, scale=scale)


def normal(shape, scale=0.05, name=None, dim_ordering="th"):
    """Normal, with the deviation `scale`. `dim_ordering` is accepted: all values are drawn alike."""
    return _drawn("normal", shape, name, scale=scale)


def lecun_uniform(shape, name=None, dim_ordering="th"):
    """Even, with the variance `1 / inputs` (LeCun et al. 1998, Efficient BackProp)."""
    return _drawn("lecun_uniform", shape, name, dim_ordering)


def glorot_normal(shape, name=None, dim_ordering="th"):
    """Normal, with the variance `2 / (inputs + outputs)` (Glorot and Bengio 2010)."""
    return _drawn("glorot_normal", shape, name, dim_ordering)


def glorot_uniform(shape, name=None, dim_ordering="th"):
    """Even, with the variance `2 / (inputs + outputs)` (Glorot and Bengio 2010)."""
    return _drawn("glorot_uniform", shape, name, dim_ordering)


def he_normal(shape, name=None, dim_ordering="th"):
    """Normal, with the variance `2 / inputs` (He et al. 2015, arXiv:1502.01852)."""
    return _drawn("he_normal", shape, name, dim_ordering)


def he_uniform(shape, name=None, dim_ordering="th"):
    """Even, with the variance `2 / inputs` (He et al. 2015, arXiv:1502.01852)."""
    return _drawn("he_uniform", shape, name, dim_ordering)


def orthogonal(shape, scale=1.1, name=None, dim_ordering="th"):
    """Orthogonal rows or columns, `scale` long (Saxe et al. 2013, arXiv:1312.6120). `dim_ordering` is accepted, as then."""
    return _drawn("orthogonal", shape, name, scale=scale)


def identity(shape, scale=1, name=None, dim_ordering="th"):
    """`scale` times the unit matrix. `dim_ordering` is accepted: a matrix has none.

    Raises: ValueError for what is no square matrix.
    """
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"identity makes square matrices; the shape {tuple(shape)} came.")
    return _drawn("identity", shape, name, scale=scale)


def zero(shape, name=None, dim_ordering="th"):
    """Zeros. `dim_ordering` is accepted: all values are alike."""
    return _drawn("zero", shape, name)


def one(shape, name=None, dim_ordering="th"):
    """Ones. `dim_ordering` is accepted: all values are alike."""
    return _drawn("one", shape, name)


_FUNCTIONS: dict[str, Any] = {
    f.__name__: f
    for f in (
        uniform, normal, lecun_uniform, glorot_normal, glorot_uniform, he_normal, he_uniform, orthogonal, identity, zero, one
    )
} | {"zeros": zero, "ones": one}  # fmt: skip


def get(identifier, **kwargs):
    """A function `(shape, name=None, dim_ordering="th")` that returns a variable, by its name; any other as it is.

    Args:
        kwargs: accepted where a name comes, and not for functions: Keras 1 gave `dim_ordering` here.

    Raises: ValueError for an unknown name.
    """
    if not isinstance(identifier, str):
        return identifier
    if identifier not in _FUNCTIONS:
        raise ValueError(f"Keras 1 has no initialization {identifier!r}.{suggestions.hint(identifier, _FUNCTIONS)}")
    suggestions.refuse(get, kwargs, ("dim_ordering",))
    return functools.partial(_FUNCTIONS[identifier], **kwargs) if kwargs else _FUNCTIONS[identifier]


def _of_function(function):
    """A function of the shape, which returns a variable or an array, as an initializer of today."""

    def draw(shape, dtype=None):
        found = function(tuple(shape))
        host = found.numpy() if isinstance(found, Variable) else to_numpy(found)
        return np.asarray(host, numpy_dtype(dtype or "float32"))

    draw.__name__ = getattr(function, "__name__", "initializer")  # by which a file names it
    return draw


def initializer(value, generation):
    """What an older program gave as an initializer, as one of today: a name, a function of a shape, or any of today's.

    Args:
        generation: "keras1", "keras2" or "tf_keras".
    """
    if generation == "keras1" and isinstance(value, str) and value in _KERAS1:
        return _KERAS1[value]()
    if generation == "keras1" and value in _FUNCTIONS.values():
        return _KERAS1[value.__name__]()
    if not callable(value) or isinstance(value, (type, initializers.Initializer)) or accepts(value, "dtype"):
        return value
    return _of_function(value)
