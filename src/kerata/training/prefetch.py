"""Batches read ahead of the steps."""

import itertools
import queue
import threading
import time
from typing import Any

import numpy as np
import optree

from kerata import engines

_END = object()
_SECONDS_WORTH_A_THREAD = 5e-4  # handing a batch from one thread to another takes a tenth of that


class Prefetcher:
    """An iterator that reads another one ahead, in a thread that works on the engine and the device in force.

    Args:
        iterator: what is read.
        prepare: applied to each item in the thread: conversion, checks, the way to the device.
        ahead: how many items wait.

    An exception in the thread is raised where the item was due.
    """

    def __init__(self, iterator, prepare, ahead=2):
        self._iterator, self._prepare = iterator, prepare
        self._queue: Any = queue.Queue(ahead)
        self._stopped = threading.Event()
        self._engine = engines.current()
        self._place = self._engine.device_in_force()
        self._thread = threading.Thread(target=self._run, name="kerata-prefetch", daemon=True)
        self._thread.start()

    def _run(self):
        with engines.use_engine(self._engine), self._place:
            self._read()

    def _read(self):
        try:
            for item in self._iterator:
                if not self._put((self._prepare(item), None)):
                    return
                del item
            self._put((_END, None))
        except BaseException as error:
            self._put((_END, error))

    def _put(self, item):
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def __iter__(self):
        return self

    def __next__(self):
        if self._queue is None:
            raise StopIteration
        item, error = self._queue.get()
        if item is _END:
            self._queue = None
            if error is not None:
                raise error
            raise StopIteration
        return item

    def is_next_ready(self):
        """Whether an item waits."""
        return self._queue is None or not self._queue.empty()

    def close(self):
        """Stop reading."""
        self._stopped.set()
        self._thread.join(timeout=5)


def copied(batch):
    """A batch in memory of its own: who gives batches may fill the same memory again."""
    return optree.tree_map(lambda x: np.array(x) if isinstance(x, np.ndarray) else x, batch)


class Source:
    """Prepared items of an iterator; those that take long to come are read ahead in a thread.

    Args:
        iterator, prepare: see `Prefetcher`.
        limit: the most items read, so that a user's generator is not asked for more than is needed.
    """

    def __init__(self, iterator, prepare, limit=None):
        self._iterator = iter(iterator) if limit is None else itertools.islice(iterator, limit)
        self._prepare = prepare
        self._read = 0
        self._ahead = None
        self._peeked = []

    def __iter__(self):
        return self

    def __next__(self):
        if self._peeked:
            return self._peeked.pop()
        if self._ahead is not None:
            return next(self._ahead)
        started = time.perf_counter()
        item = self._prepare(next(self._iterator))
        self._read += 1
        if self._read > 1 and time.perf_counter() - started > _SECONDS_WORTH_A_THREAD:  # the first makes files, buffers, pools
            item = copied(item)
            self._ahead = Prefetcher(self._iterator, lambda x: copied(self._prepare(x)))
        return item

    def is_next_ready(self):
        """Whether the next item is there, or is likely to come at once."""
        return bool(self._peeked) or self._ahead is None or self._ahead.is_next_ready()

    def upcoming(self, most):
        """Up to so many items: one, and those that are ready."""
        found: list = []
        for item in itertools.islice(self, most):
            found.append(copied(item) if most > 1 else item)
            if len(found) == most or not self.is_next_ready():
                break
        return found

    def has_ended(self):
        """Whether there is no further item; waits until that is known."""
        if not self._peeked:
            self._peeked.extend(itertools.islice(self, 1))
        return not self._peeked

    def close(self):
        """Stop reading ahead."""
        if self._ahead is not None:
            self._ahead.close()
