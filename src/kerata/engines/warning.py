"""Warnings that point to the user's line, however deep inside they are found."""

import sys
import warnings

# Packages whose frames lie between a user's line and the place where something is found.
_BETWEEN = frozenset("kerata jax jaxlib torch tensorflow optree contextlib functools importlib threading concurrent".split())


def is_between(frame):
    """Whether a frame is kerata's, or of a library that it calls or is called by."""
    return frame.f_globals.get("__name__", "").partition(".")[0] in _BETWEEN


def warn(message, category=UserWarning):
    """Warn about the innermost line that is none of kerata's nor of the libraries that it calls.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn("nothing is wrong")
    >>> str(caught[0].message)
    'nothing is wrong'
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and is_between(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
