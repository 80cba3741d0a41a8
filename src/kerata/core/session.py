"""`clear_session`: a fresh start for names, draws and switches."""

import gc

from kerata.core import naming, seeds
from kerata.core.config import settings


def clear_session(free_memory: bool = True) -> None:
    """Start automatic names again, forget the global generator, and set the dtype policy and the switches to their defaults.

    The switches are those of interactive logging, traceback filtering and flash attention; `floatx`, `epsilon` and the image
    format stay. Models free their memory by themselves.

    Args:
        free_memory: whether Python's garbage is collected, which may take a while.

    >>> import kerata
    >>> kerata.backend.clear_session()
    >>> kerata.layers.Dense(2).name
    'dense'
    """
    naming.reset_names()
    seeds._global.generator = None
    settings.start_session()
    if free_memory:
        gc.collect()
