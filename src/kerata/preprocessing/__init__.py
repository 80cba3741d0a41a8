"""`keras.preprocessing`: the data tools of Keras 1 and 2, and older names of what is in `keras.utils`."""

from kerata.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
