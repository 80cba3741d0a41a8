"""First values of weights, drawn on the host so that a seed gives the same ones on every engine."""

from kerata.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
