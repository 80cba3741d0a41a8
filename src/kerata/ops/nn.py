"""The ops of neural networks, gathered: the names of `keras.ops.nn`."""

from kerata.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
