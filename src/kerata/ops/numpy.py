"""The numpy-like ops, gathered: the names of `keras.ops.numpy`."""

from kerata.ops.creation import *  # noqa: F403
from kerata.ops.elementwise import *  # noqa: F403
from kerata.ops.elementwise import as_number, promote, to_float, widened  # noqa: F401  (for other ops)
from kerata.ops.indexing import *  # noqa: F403
from kerata.ops.products import *  # noqa: F403
from kerata.ops.reductions import *  # noqa: F403
from kerata.ops.shaping import *  # noqa: F403
from kerata.ops.statistics import *  # noqa: F403
from kerata.ops.windows import *  # noqa: F403

__all__ = [name for name in dir() if not name.startswith("_") and name not in ("as_number", "promote", "to_float", "widened")]

# Names of this namespace from files that are built on it.
_ABOVE = frozenset("bincount slogdet unique vectorize view".split())


def __getattr__(name):
    if name in _ABOVE:
        from kerata import ops

        return getattr(ops, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
