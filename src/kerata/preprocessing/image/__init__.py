"""`keras.preprocessing.image`: images from arrays, folders and tables, changed at random, as Keras 1 and 2 have them."""

from kerata.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
