"""`Dataset`: elements that are made when they are asked for, read ahead by threads, in any framework's loop."""

import itertools
import os
import threading
from typing import Any

import numpy as np
import optree

from kerata import engines
from kerata.core.arrays import to_numpy
from kerata.training.py_dataset import PyDataset, iterate


class HostArray(np.ndarray):
    """A NumPy array with the method `numpy()`, which programs call on the tensors of other libraries' data sets."""

    def numpy(self):
        """The plain NumPy array."""
        return self.view(np.ndarray)


class Dataset(PyDataset):
    """Elements by number, made when asked for. `fit`, `evaluate`, `predict` and PyTorch's `DataLoader` take it too.

    Iterating gives structures of NumPy arrays, read ahead by threads. The methods that change a data set return a new one,
    and are called as those of `tf.data.Dataset` are.

    Args:
        length: the number of elements.
        fetch: a function from a number to an element: an array or a structure of arrays.
        on_epoch_end: called after each pass, so that the next may have another order.
        workers: how many threads read ahead.

    >>> squares = Dataset(5, lambda i: (np.float32(i), np.float32(i * i))).batch(2)
    >>> [y.tolist() for x, y in squares]
    [[0.0, 1.0], [4.0, 9.0], [16.0]]
    """

    _spec = None  # a structure of (shape, dtype), if it is known

    def __init__(self, length, fetch, on_epoch_end=None, workers=1):
        super().__init__(workers=workers)
        self._length, self._fetch, self._after_epoch = length, fetch, on_epoch_end

    def __len__(self):
        return self._length

    def __getitem__(self, index):
        if not -self._length <= index < self._length:
            raise IndexError(f"The data set has {self._length} elements; there is no number {index}.")
        return self._fetch(index % self._length)

    def __iter__(self):
        as_arrays = lambda x: np.asarray(x).view(HostArray)
        for element in iterate(self):
            yield optree.tree_map(as_arrays, element)
        self.on_epoch_end()

    def on_epoch_end(self):
        """Change the order, if the data set is shuffled."""
        if self._after_epoch is not None:
            self._after_epoch()

    def _derived(self, length, fetch, on_epoch_end=None):
        return Dataset(length, fetch, on_epoch_end or self.on_epoch_end, self.workers)

    def map(self, map_func, num_parallel_calls=None, deterministic=None):
        """Every element through a function, which gets a tuple's parts as its arguments and may use ops and layers.

        `num_parallel_calls` and `deterministic` are accepted: `workers` threads read ahead, and the order always stays.
        """
        name = engines.concrete_name()

        def fetch(i):
            element = self[i]
            with engines.use_engine(name):
                result = map_func(*element) if isinstance(element, tuple) else map_func(element)
                return optree.tree_map(to_numpy, result)

        return self._derived(len(self), fetch)

    def batch(self, batch_size, drop_remainder=False, num_parallel_calls=None, deterministic=None):
        """Elements stacked along a new first axis, `batch_size` at a time.

        `num_parallel_calls` and `deterministic` are accepted, as in `map`.
        """
        count = len(self) // batch_size if drop_remainder else -(-len(self) // batch_size)

        def fetch(i):
            return stacked([self[j] for j in range(i * batch_size, min((i + 1) * batch_size, len(self)))])

        return self._derived(count, fetch)

    def take(self, count):
        """The first `count` elements; all for -1."""
        return self._derived(len(self) if count < 0 else min(count, len(self)), self.__getitem__)

    def skip(self, count):
        """All but the first `count` elements; none for -1."""
        start = len(self) if count < 0 else min(count, len(self))
        return self._derived(len(self) - start, lambda i: self[start + i])

    def shuffle(self, buffer_size=None, seed=None, reshuffle_each_iteration=True):
        """The elements in a random order, a new one for each pass.

        `buffer_size` is accepted: as elements are made when asked for, it is always the whole data set that is shuffled.
        """
        order = ShuffledOrder(len(self), seed)

        def on_epoch_end():
            self.on_epoch_end()
            if reshuffle_each_iteration:
                order.reshuffle()

        return self._derived(len(self), lambda i: self[int(order.numbers[i])], on_epoch_end)

    def repeat(self, count):
        """The elements `count` times."""
        return self._derived(len(self) * count, lambda i: self[i % len(self)])

    def cache(self, filename=None):
        """Every element is made once and kept in memory. (Cached before a shuffle, a data set keeps its shuffling.)

        Raises: ValueError for the name of a file: nothing is kept on a disk.
        """
        if filename:
            raise ValueError(f"cache keeps elements in memory, not in the file {str(filename)!r}: leave the name out.")
        kept: dict[int, Any] = {}
        lock = threading.Lock()

        def fetch(i):
            with lock:
                if i in kept:
                    return kept[i]
            element = self[i]
            with lock:
                return kept.setdefault(i, element)

        return self._derived(len(self), fetch, lambda: None)

    def prefetch(self, buffer_size=None):
        """The data set itself: elements are always read ahead, so that `buffer_size` is accepted and changes nothing."""
        return self

    def cardinality(self):
        """The number of elements."""
        return np.array(len(self), "int64").view(HostArray)

    @property
    def element_spec(self):
        """The elements' shapes and dtypes as TensorFlow tells them, for programs written for `tf.data`.

        Raises: AttributeError if TensorFlow isn't installed.
        """
        try:
            return engines.get("tensorflow").as_dataset(self, self._spec or _spec_of(self)).element_spec
        except ImportError as error:
            raise AttributeError(f"element_spec needs TensorFlow's TensorSpec: {error}") from None

    def as_numpy_iterator(self):
        """An iterator over the elements."""
        return iter(self)


class ShuffledOrder:
    """An order that can be made anew.

    Args:
        length: of the order.
        seed: of the generator; None for one that differs from run to run.
    """

    def __init__(self, length, seed=None):
        self._generator = np.random.default_rng(seed)
        self.numbers = self._generator.permutation(length)

    def reshuffle(self):
        """Another order."""
        self.numbers = self._generator.permutation(len(self.numbers))


def stacked(elements):
    """Structures of arrays as one structure, with a new first axis."""
    return optree.tree_map(lambda *arrays: np.stack([np.asarray(a) for a in arrays]), elements[0], *elements[1:])


def reading_threads():
    """How many threads read files: as many as there are cores, but eight at most."""
    return min(8, os.cpu_count() or 1)


def native(dataset, spec=None, **attributes):
    """The data set in the form that the engine in force has for such, with further attributes.

    Args:
        spec: a structure of `(shape, dtype)`, shapes with None for what varies; found from the first element if None.
        **attributes: set on the result, such as `class_names`.
    """
    dataset._spec = spec or _spec_of(dataset)
    result = engines.current().as_dataset(dataset, dataset._spec)
    for name, value in attributes.items():
        setattr(result, name, value)
    return result


def _spec_of(dataset):
    if not len(dataset):
        raise ValueError("The data set is empty.")
    return optree.tree_map(lambda x: (np.shape(x), np.asarray(x).dtype.name), next(itertools.islice(dataset, 1)))
