"""First values of weights, drawn on the host so that a seed gives the same ones on every engine."""

import numpy as np

from kerata.core import registry
from kerata.core.arrays import to_numpy
from kerata.initializers.constant import STFT, Constant, Identity, Ones, Zeros
from kerata.initializers.initializer import Initializer, RandomInitializer
from kerata.initializers.random import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    compute_fans,
)

IdentityInitializer = identity = Identity
OrthogonalInitializer = orthogonal = Orthogonal
STFTInitializer = stft = STFT
constant, ones, zeros = Constant, Ones, Zeros
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling = VarianceScaling

_ALIASES = {"zero": Zeros, "one": Ones, "uniform": RandomUniform, "normal": RandomNormal}


def get(identifier):
    """An initializer from its name, config, class, itself, an array or a number.

    A name gives a new one, with a seed of its own. Raises: ValueError for an unknown name, with the nearest one.

    >>> get("he_normal").scale, get(0.5)((2,)).tolist()
    (2.0, [0.5, 0.5])
    """
    if isinstance(identifier, (np.ndarray, np.generic, int, float)) and not isinstance(identifier, bool):
        return Constant(identifier)
    if hasattr(identifier, "shape") and hasattr(identifier, "dtype"):
        return Constant(to_numpy(identifier))
    return registry.get(identifier, "initializers", _ALIASES)


def serialize(initializer):
    """The JSON form.

    >>> serialize(Constant(2.0))["class_name"], serialize(Constant(2.0))["config"]
    ('Constant', {'value': 2.0})
    """
    return registry.serialize_keras_object(initializer)


def deserialize(config, custom_objects=None):
    """The initializer of a name or a JSON form.

    Args:
        config: a name, or what `serialize` gave.
        custom_objects: a dict from name to class or function, looked up first.

    Raises: ValueError for an unknown name.

    >>> deserialize(serialize(Constant(2.0)))((2,)).tolist()
    [2.0, 2.0]
    """
    with registry.CustomObjectScope(custom_objects):
        return get(config)


__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer", "Initializer",
    "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomInitializer", "RandomNormal",
    "RandomUniform", "STFT", "STFTInitializer", "TruncatedNormal", "VarianceScaling", "Zeros", "compute_fans", "constant",
    "deserialize", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "serialize", "stft", "truncated_normal",
    "variance_scaling", "zeros",
]  # fmt: skip
