"""The padding of a batch: which of its rows are real. The trainer pads the last batch so that one compiled step serves."""

import contextlib
import threading


class CannotPad(Exception):
    """A loss or metric would count padded rows; the trainer then takes the rows as they are, in a smaller batch."""


class _Batch(threading.local):
    valid = None


local = _Batch()


@contextlib.contextmanager
def valid_rows(mask):
    """Inside, rows with 0 in `mask`, a (batch,) float array, count for nothing in losses and metrics.

    >>> import numpy as np
    >>> with valid_rows(np.array([1.0, 0.0])):
    ...     local.valid.tolist()
    [1.0, 0.0]
    """
    before, local.valid = local.valid, mask
    try:
        yield
    finally:
        local.valid = before


def refuse_padding(what):
    """Raises: CannotPad in a padded batch, for what mixes the rows of a batch."""
    if local.valid is not None:
        raise CannotPad(f"{what} mixes the rows of a batch: padded rows would change it.")


def check_rows(shape, what):
    """Raises: CannotPad in a padded batch, if a result of this shape has not one part for each row."""
    if local.valid is not None and (not shape or shape[0] != local.valid.shape[0]):
        raise CannotPad(f"{what} gives shape {tuple(shape)}, not one value for each of {local.valid.shape[0]} rows.")
