"""The padding of a batch: which of its rows are real. The trainer pads the last batch so that one compiled step serves."""

import contextlib

from kerata.engines.state import context as context, thread_context


@contextlib.contextmanager
def valid_rows(mask):
    """Inside, rows with 0 in `mask`, a (batch,) float array, count for nothing in losses and metrics.

    >>> import numpy as np
    >>> with valid_rows(np.array([1.0, 0.0])):
    ...     context.valid.tolist()
    [1.0, 0.0]
    """
    with thread_context(valid=mask):
        yield
