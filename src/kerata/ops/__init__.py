"""Every op, once. The names here are those of `keras.ops`."""

from kerata.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
