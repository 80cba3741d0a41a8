"""Small numerical helpers for data on the host."""

from typing import Any

import numpy as np

from kerata.core.types import TensorLike


def to_categorical(x: TensorLike, num_classes: int | None = None) -> Any:
    """Class numbers as one-hot rows.

    Args:
        x: integers of any shape; a last axis of length one is dropped.
        num_classes: one more than the largest number if None.

    Shapes: (...) -> (..., num_classes).

    Raises: ValueError if a number is out of range.

    >>> to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    x = np.asarray(x, dtype="int64")
    shape = x.shape[:-1] if x.ndim > 1 and x.shape[-1] == 1 else x.shape
    x = x.reshape(-1)
    num_classes = num_classes or (int(x.max()) + 1 if x.size else 0)
    if x.size and (x.min() < 0 or x.max() >= num_classes):
        raise ValueError(f"Class numbers from {x.min()} to {x.max()} don't fit {num_classes} classes (0 to {num_classes - 1}).")
    result = np.zeros((x.size, num_classes))
    result[np.arange(x.size), x] = 1
    return result.reshape(*shape, num_classes)


def normalize(x: TensorLike, axis: int = -1, order: Any = 2) -> Any:
    """`x` divided by its norm along an axis; zeros stay.

    >>> normalize([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    norm = np.linalg.norm(np.atleast_2d(x) if np.ndim(x) < 2 else x, order, axis, keepdims=True)
    return np.asarray(x) / np.where(norm == 0, 1, norm)
