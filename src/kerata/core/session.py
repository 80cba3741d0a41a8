"""`clear_session`: a fresh start for names and draws."""

import gc

from kerata.core import naming, seeds


def clear_session(free_memory: bool = True) -> None:
    """Start automatic names again, and forget the global generator. Models free their memory by themselves.

    >>> import kerata
    >>> kerata.backend.clear_session()
    >>> kerata.layers.Dense(2).name
    'dense'
    """
    naming.reset_names()
    seeds._global.generator = None
    if free_memory:
        gc.collect()
