"""Sequences of different lengths as one array."""

from typing import Any

import numpy as np

from kerata.core.types import DType, Tree


def pad_sequences(
    sequences: Tree,
    maxlen: int | None = None,
    dtype: DType = "int32",
    padding: Any = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Any:
    """Sequences filled up, or cut, to one length.

    Args:
        sequences: a list of sequences.
        maxlen: the length; that of the longest if None.
        padding, truncating: "pre" or "post": at which end.
        value: what is filled in.

    Shapes: a list of (steps, ...) -> (samples, maxlen, ...).

    Raises: ValueError for something that is no list of sequences.

    >>> pad_sequences([[1, 2, 3], [4]], maxlen=2).tolist()
    [[2, 3], [0, 4]]
    """
    for name, given in (("padding", padding), ("truncating", truncating)):
        if given not in ("pre", "post"):
            raise ValueError(f"{name} is 'pre' or 'post'; {given!r} came.")
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"pad_sequences takes a list of sequences; {sequences!r} came.")
    for i, s in enumerate(sequences):
        if not hasattr(s, "__len__"):
            raise ValueError(f"pad_sequences takes a list of sequences; its entry {i} is {s!r}.")
    length = max((len(s) for s in sequences), default=0) if maxlen is None else maxlen
    rest = next((np.shape(s)[1:] for s in sequences if len(s)), ())
    result = np.full((len(sequences), length, *rest), value, dtype=object if dtype in (object, "object") else dtype)
    for row, s in zip(result, sequences):
        part = s[-length:] if truncating == "pre" else s[:length]
        if len(part) and length:
            row[slice(-len(part), None) if padding == "pre" else slice(len(part))] = np.asarray(part)
    return result
