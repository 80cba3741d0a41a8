"""`keras.backend`: settings and helpers. (The old `K.` functions come with the compatibility layer.)"""

from kerata.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
