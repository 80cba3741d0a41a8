"""`PyDataset` (once `Sequence`): batches by number, read by several workers, in order."""

import atexit
import collections
import concurrent.futures
import functools
import itertools
import multiprocessing
import pathlib
import pickle
import sys
import tempfile
from typing import Any


class PyDataset:
    """A data set that gives its batches by number.

    A subclass writes `__getitem__(index)`, which returns a whole batch `(x, y)` or `(x, y, sample_weight)`, and
    `__len__()`, the number of batches (or a property `num_batches`; None for an endless one). `on_epoch_begin()` is called
    before the first batch of each epoch is read, `on_epoch_end()` after the last: once for each pass over the data, those of
    validation among them.

    Args:
        workers: how many threads or processes read ahead; 1 reads in the loop's own background thread.
        use_multiprocessing: processes instead of threads. They are started anew, so the data set must be picklable.
        max_queue_size: how many batches are read ahead.

    Batches come in order, whatever the number of workers; an error in one is raised with its index.

    >>> import numpy as np
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return np.full((2, 1), index), np.full((2, 1), index**2)
    >>> [int(y[0, 0]) for x, y in iterate(Squares(workers=2))]
    [0, 1, 4]
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self._workers, self._use_multiprocessing, self._max_queue_size = workers, use_multiprocessing, max_queue_size

    workers = property(
        lambda self: getattr(self, "_workers", 1),
        lambda self, value: setattr(self, "_workers", value),
        doc="How many workers read.",
    )
    use_multiprocessing = property(
        lambda self: getattr(self, "_use_multiprocessing", False),
        lambda self, value: setattr(self, "_use_multiprocessing", value),
        doc="Whether the workers are processes.",
    )
    max_queue_size = property(
        lambda self: getattr(self, "_max_queue_size", 10),
        lambda self, value: setattr(self, "_max_queue_size", value),
        doc="How many batches are read ahead.",
    )

    def __getitem__(self, index):
        """The batch with this number."""
        raise TypeError(f"{type(self).__name__} has no __getitem__(self, index): write one that returns a batch.")

    @property
    def num_batches(self) -> Any:
        """The number of batches, None for an endless data set."""
        if type(self).__len__ is not PyDataset.__len__:
            return len(self)
        raise TypeError(f"{type(self).__name__} has neither __len__ nor num_batches: write one of them.")

    def __len__(self):
        count = self.num_batches
        if count is None:
            raise TypeError("An endless data set has no length.")
        return count

    def on_epoch_begin(self) -> None:
        """Called before the first batch of each epoch is read."""

    def on_epoch_end(self) -> None:
        """Called after the last batch of each epoch."""


Sequence = PyDataset


# A server that was made before any threads were, and forks; it has imported what each worker needs.
_START = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_SEVERAL = 4  # batches that a process reads for one message: to send one takes longer than to read a small batch


@functools.cache
def _processes(workers):
    """So many processes, which wait for the next data set when they are done with one."""
    context = multiprocessing.get_context(_START)
    if _START == "forkserver":
        context.set_forkserver_preload([__name__])
    return concurrent.futures.ProcessPoolExecutor(workers, context)


atexit.register(_processes.cache_clear)  # while there is still what ends them


class Readers:
    """What reads a data set's batches ahead, pass after pass: its workers, or nobody.

    Processes are started once; what the data set holds at the beginning of a pass is sent to them then.
    """

    def __init__(self, dataset):
        self.dataset = dataset
        self.workers = getattr(dataset, "workers", 1) or 1
        self.processes = bool(getattr(dataset, "use_multiprocessing", False))
        self.queued = max(self.workers, getattr(dataset, "max_queue_size", 10))

    def batches(self, order=None):
        """The batches in the given order of their numbers (0, 1, ... if None)."""
        if order is None:
            count = self.dataset.num_batches if isinstance(self.dataset, PyDataset) else len(self.dataset)
            order = range(count) if count is not None else range(sys.maxsize)
        if self.processes:
            with tempfile.TemporaryDirectory(prefix="kerata-data-set-") as folder:
                file = pathlib.Path(folder, "pickled")
                file.write_bytes(pickle.dumps(self.dataset, pickle.HIGHEST_PROTOCOL))
                several = max(1, min(_SEVERAL, self.queued // self.workers))
                yield from self._ahead(_processes(self.workers), functools.partial(_fetch_from, str(file)), order, several)
        elif self.workers > 1:
            with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
                yield from self._ahead(pool, functools.partial(_fetch_all, self.dataset), order, 1)
        else:
            for index in order:
                yield _fetch(self.dataset, int(index))

    def _ahead(self, pool, fetch, order, several):
        """What `fetch(indices)` gives for all of `order`, read ahead by a pool, `several` indices at a time."""
        order = iter(order)
        pending: collections.deque[Any] = collections.deque()
        try:
            while indices := [int(i) for i in itertools.islice(order, several)]:
                pending.append(pool.submit(fetch, indices))
                if len(pending) * several > self.queued:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        except concurrent.futures.BrokenExecutor:
            _processes.cache_clear()
            raise
        finally:
            for future in pending:
                future.cancel()
            concurrent.futures.wait(pending)


def iterate(dataset, order=None):
    """The batches of a data set in the given order of their numbers (0, 1, ... if None), read ahead by its workers."""
    return Readers(dataset).batches(order)


def _fetch(dataset, index):
    try:
        return dataset[index]
    except Exception as error:
        error.add_note(f"in {type(dataset).__name__}.__getitem__({index})")
        raise


def _fetch_all(dataset, indices):
    return [_fetch(dataset, index) for index in indices]


@functools.lru_cache(1)
def _read(path):
    return pickle.loads(pathlib.Path(path).read_bytes())


def _fetch_from(path, indices):
    return _fetch_all(_read(path), indices)
