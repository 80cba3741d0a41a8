"""What functions and constructors take."""

import inspect


def accepts(fn, name):
    """Whether `fn` takes an argument called `name`."""
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):
        return False
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
