"""Data sets in two parts."""

import random
from typing import Any

import numpy as np
import optree

from kerata import engines
from kerata.core.types import Seed
from kerata.training.data import _is_foreign_loader
from kerata.utils.dataset import Dataset, native


def split_dataset(
    dataset: Any,
    left_size: Any = None,
    right_size: Any = None,
    shuffle: bool = False,
    seed: Seed = None,
    preferred_backend: Any = None,
) -> Any:
    """A data set in two parts.

    Args:
        dataset: arrays of equal length (one, or a list or tuple of them), a `PyDataset`, a `tf.data.Dataset`, or a data set
            of PyTorch's or another that has a length and elements by number.
        left_size: the number of elements on the left, or as a float their fraction; the rest if None.
        right_size: the same on the right, where elements are counted from the end.
        shuffle: whether the elements are shuffled first, by `random.Random(seed)`.
        seed: of the shuffling.
        preferred_backend: the engine whose form of data set is returned; that in force if None.

    Returns: two data sets of single elements: `tf.data.Dataset`s for the TensorFlow engine (`.batch(32)` makes batches),
    and kerata's own for the others, which have `batch` too and which PyTorch's `DataLoader` takes.

    Raises: ValueError for sizes that are out of range or leave a part empty, TypeError for what is no data set.

    >>> import kerata, numpy as np
    >>> with kerata.use_engine("numpy"):
    ...     left, right = split_dataset(np.arange(10), left_size=0.8)
    >>> [int(x) for x in right]
    [8, 9]
    """
    length, fetch = _by_number(dataset)
    spec = None if isinstance(dataset, Dataset) else getattr(dataset, "element_spec", None)
    if spec is not None:  # of a `tf.data.Dataset`: batches may have several lengths
        spec = optree.tree_map(lambda s: (tuple(s.shape), s.dtype.name), spec)
    left, right = _sizes(left_size, right_size, length)
    order = list(range(length))
    if shuffle:
        random.Random(seed).shuffle(order)
    with engines.use_engine(preferred_backend or engines.concrete_name()):
        return tuple(
            native(Dataset(len(part), lambda i, part=part: fetch(part[i])), spec)
            for part in (order[:left], order[length - right :])
        )


def _by_number(dataset):
    """A data set's length, and a function from a number to an element."""
    if isinstance(dataset, (list, tuple)) and dataset and all(hasattr(x, "__array__") for x in dataset):
        arrays = tuple(np.asarray(x) for x in dataset)
        if len({len(x) for x in arrays}) > 1:
            raise ValueError(f"The arrays have different numbers of samples: {', '.join(str(len(x)) for x in arrays)}.")
        return len(arrays[0]), lambda i: tuple(x[i] for x in arrays)
    if isinstance(dataset, (np.ndarray, list, tuple)) or hasattr(dataset, "__array__") and not _is_foreign_loader(dataset):
        array = np.asarray(dataset)
        return len(array), lambda i: array[i]
    if hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__") and not isinstance(dataset, (str, bytes, dict)):
        return len(dataset), lambda i: optree.tree_map(np.asarray, dataset[i])
    if _is_foreign_loader(dataset):
        elements = [optree.tree_map(np.asarray, element) for element in dataset]
        return len(elements), elements.__getitem__
    raise TypeError(f"split_dataset takes arrays or a data set; {type(dataset).__name__} came.")


def _sizes(left_size, right_size, length):
    """The numbers of elements on the left and on the right."""
    if left_size is None and right_size is None:
        raise ValueError("split_dataset needs left_size or right_size.")
    left, right = _count("left_size", left_size, length), _count("right_size", right_size, length)
    if left is not None and right is not None and left + right > length:
        raise ValueError(f"left_size={left_size} and right_size={right_size} are more than the {length} elements.")
    left = length - right if left is None else left
    right = length - left if right is None else right
    if not left or not right:
        side = "right" if left else "left"
        raise ValueError(f"Of {length} elements none is on the {side} with left_size={left_size}, right_size={right_size}.")
    return left, right


def _count(name, size, length):
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} is an integer or a float; {type(size).__name__} came.")
    whole = isinstance(size, (int, np.integer))
    if not 0 < size < (length if whole else 1):
        raise ValueError(f"{name} is an integer from 1 to {length - 1} or a float between 0 and 1; {size} came.")
    return int(size) if whole else round(size * length)
