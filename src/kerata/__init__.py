"""kerata: Keras code of every generation, on every engine, at the speed of the engine itself.

`import kerata as keras` and go on as usual. Importing kerata imports no engine and no layer: each part is loaded when it
is first used. The names, and where they are, stand in `__init__.pyi`.
"""

from kerata.core import lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)


def version() -> str:
    """kerata's version.

    >>> import kerata
    >>> kerata.version() == kerata.__version__
    True
    """
    return __version__
