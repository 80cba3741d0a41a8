"""TensorFlow, imported without its notes on the user's screen, and told to leave kerata's own code as it is."""

import contextlib
import os
import sys


@contextlib.contextmanager
def _quiet():
    """Keep from the screen what TensorFlow's C++ writes while it is loaded, unless the user has set its level himself."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ or "tensorflow" in sys.modules:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def _without_keras():
    """Keep TensorFlow from importing Keras, where that is installed: it is slow, and kerata may be imported as `keras` later."""
    if "keras" in sys.modules:
        yield
        return
    sys.modules["keras"] = None  # type: ignore[assignment]  # Python's way to say that there is no such module
    try:
        yield
    finally:
        del sys.modules["keras"]


with _quiet(), _without_keras():
    import tensorflow as tf


def _leave_alone(*modules):
    """Keep AutoGraph, which rewrites what a user's `tf.function` calls, away from these modules."""
    with contextlib.suppress(ImportError, AttributeError):  # it has no public setting for that
        from tensorflow.python.autograph.core import config

        config.CONVERSION_RULES = (*map(config.DoNotConvert, modules), *config.CONVERSION_RULES)


_leave_alone("kerata", "optree")

__all__ = ["tf"]
