"""Images with what was found in them: boxes, masks, labels; and galleries of them."""

from kerata.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
