"""`PyDataset` (once `Sequence`): batches by number, read by several workers, in order."""

import collections
import concurrent.futures
import multiprocessing
import sys


class PyDataset:
    """A data set that gives its batches by number.

    A subclass writes `__getitem__(index)`, which returns a whole batch `(x, y)` or `(x, y, sample_weight)`, and
    `__len__()`, the number of batches (or a property `num_batches`; None for an endless one). `on_epoch_begin()` is called
    before the first batch of each epoch is read, `on_epoch_end()` after the last: once for each pass over the data, those of
    validation among them.

    Args:
        workers: how many threads or processes read ahead; 1 reads in the loop's own background thread.
        use_multiprocessing: processes instead of threads. They are spawned, so the data set must be picklable.
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

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
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
    def num_batches(self):
        """The number of batches, None for an endless data set."""
        if type(self).__len__ is not PyDataset.__len__:
            return len(self)
        raise TypeError(f"{type(self).__name__} has neither __len__ nor num_batches: write one of them.")

    def __len__(self):
        count = self.num_batches
        if count is None:
            raise TypeError("An endless data set has no length.")
        return count

    def on_epoch_begin(self):
        """Called before the first batch of each epoch is read."""

    def on_epoch_end(self):
        """Called after the last batch of each epoch."""


Sequence = PyDataset


def iterate(dataset, order=None):
    """The batches of a data set in the given order of their numbers (0, 1, ... if None), read ahead by its workers."""
    if order is None:
        count = dataset.num_batches if isinstance(dataset, PyDataset) else len(dataset)
        order = range(count) if count is not None else iter(range(sys.maxsize))
    workers = getattr(dataset, "workers", 1) or 1
    processes = getattr(dataset, "use_multiprocessing", False)
    if workers <= 1 and not processes:
        for index in order:
            yield _fetch(dataset, int(index))
        return
    if processes:
        context = multiprocessing.get_context("spawn")
        pool = concurrent.futures.ProcessPoolExecutor(workers, context, initializer=_keep, initargs=(dataset,))
        submit = lambda index: pool.submit(_fetch_kept, index)
    else:
        pool = concurrent.futures.ThreadPoolExecutor(workers)
        submit = lambda index: pool.submit(_fetch, dataset, index)
    pending = collections.deque()
    try:
        for index in order:
            pending.append(submit(int(index)))
            if len(pending) > max(workers, getattr(dataset, "max_queue_size", 10)):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
        pool.shutdown(wait=False, cancel_futures=True)


def _fetch(dataset, index):
    try:
        return dataset[index]
    except Exception as error:
        error.add_note(f"in {type(dataset).__name__}.__getitem__({index})")
        raise


_kept: list = []


def _keep(dataset):
    _kept[:] = [dataset]


def _fetch_kept(index):
    return _fetch(_kept[0], index)
