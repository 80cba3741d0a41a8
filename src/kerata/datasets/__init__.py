"""Data sets: `digits` ships with kerata, the others are downloaded when they are first asked for."""

from kerata.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
