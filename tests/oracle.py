"""Keras 3.15.1 on JAX, the oracle of parity tests, imported when first asked for."""

import functools
import warnings


@functools.cache
def keras():
    """The oracle's module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

    assert keras.backend.backend() == "jax"
    return keras
