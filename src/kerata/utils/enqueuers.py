"""Batches read ahead by threads or processes, as programs for Keras 1 and 2 ask for it themselves.

`fit`, `evaluate` and `predict` read ahead without these.
"""

import collections
import concurrent.futures
import inspect
import multiprocessing
import queue
import random
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from kerata.compat.translate import tell
from kerata.core.suggestions import refuse
from kerata.engines.warning import warn
from kerata.training.py_dataset import Readers

_A_WHILE = 0.05  # seconds between two looks at whether the other side has stopped


class SequenceEnqueuer:
    """Batches read ahead into a queue: what `OrderedEnqueuer` and `GeneratorEnqueuer` have in common.

    A subclass writes `_batches(workers, max_queue_size)`, a generator that a thread runs until `stop` is called.

    Args:
        sequence: where the batches come from.
        use_multiprocessing: whether processes read, or threads.
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False) -> None:
        self.sequence, self.use_multiprocessing = sequence, use_multiprocessing
        self.queue: Any = None
        self.stop_signal: Any = None
        self._ended = threading.Event()
        self._error: Any = None
        self._thread: Any = None

    def _batches(self, workers, max_queue_size):
        raise NotImplementedError(f"{type(self).__name__} has no _batches(self, workers, max_queue_size): write one.")

    def start(self, workers: int = 1, max_queue_size: int = 10, **kwargs: Any) -> None:
        """Begin to read.

        Args:
            workers: how many threads or processes read.
            max_queue_size: how many batches are read ahead.
            **kwargs: `nb_worker` and `max_q_size`, as Keras 1 calls them; its `wait_time` is not needed, nothing waits
                longer than it must.

        Raises: RuntimeError if it runs already, ValueError for numbers below 1.
        """
        for old, new in (("nb_worker", "workers"), ("max_q_size", "max_queue_size")):
            if old in kwargs:
                tell(f"start({old}=)", f"start({new}=)")
        workers, max_queue_size = kwargs.pop("nb_worker", workers), kwargs.pop("max_q_size", max_queue_size)
        refuse(SequenceEnqueuer.start, kwargs, ("wait_time",))
        if self.is_running():
            raise RuntimeError(f"This {type(self).__name__} runs already: stop() it first.")
        if min(workers, max_queue_size) < 1:
            raise ValueError(f"workers and max_queue_size are at least 1; {workers} and {max_queue_size} came.")
        self.queue, self.stop_signal, self._error = queue.Queue(max_queue_size), threading.Event(), None
        self._ended.clear()
        batches = self._batches(workers, max_queue_size)
        self._thread = threading.Thread(target=self._run, args=(batches,), daemon=True)
        self._thread.start()

    def _run(self, batches):
        try:
            for batch in batches:
                if not self._put(batch):
                    break
        except Exception as error:
            self._error = error
        finally:
            batches.close()
            self._ended.set()

    def _put(self, batch):
        """Whether there was room for a batch before `stop` was called."""
        while not self.stop_signal.is_set():
            try:
                self.queue.put(batch, timeout=_A_WHILE)
                return True
            except queue.Full:
                continue
        return False

    def get(self) -> Iterator[Any]:
        """The batches, one after another, until they end or `stop` is called.

        Raises: what was raised where they are read, when its turn has come; RuntimeError before `start`.
        """
        if self.queue is None:
            raise RuntimeError(f"This {type(self).__name__} was not started: call start() first.")
        while self.is_running():
            ended = self._ended.is_set()
            try:
                batch = self.queue.get(timeout=0 if ended else _A_WHILE)
            except queue.Empty:
                if ended:
                    break
                continue
            self.queue.task_done()
            yield batch
        if self._error is not None:
            self.stop()
            raise self._error

    def is_running(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self.stop_signal is not None and not self.stop_signal.is_set()

    def stop(self, timeout: float | None = None) -> None:
        """Read no further, and wait for those who read.

        Args:
            timeout: for how many seconds at most; until they are done if None.
        """
        if self.stop_signal is None:
            return
        self.stop_signal.set()
        self._thread.join(timeout)


class OrderedEnqueuer(SequenceEnqueuer):
    """The batches of a `Sequence` (`PyDataset`), read ahead and in order, pass after pass without end.

    Args:
        sequence: has `__len__` and `__getitem__`; its `on_epoch_end` is called between two passes, when all batches of the
            first are taken.
        use_multiprocessing: whether processes read, to which the sequence is sent pickled at the beginning of each pass.
        shuffle: whether each pass has another order, drawn by Python's `random`.

    >>> import numpy as np
    >>> from kerata.utils import Sequence
    >>> class Squares(Sequence):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return index**2
    >>> enqueuer = OrderedEnqueuer(Squares())
    >>> enqueuer.start(workers=2, max_queue_size=4)
    >>> batches = enqueuer.get()
    >>> [next(batches) for _ in range(7)]
    [0, 1, 4, 0, 1, 4, 0]
    >>> enqueuer.stop()
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False, shuffle: bool = False) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle

    def _batches(self, workers, max_queue_size):
        readers = Readers(self.sequence)
        readers.workers, readers.processes = workers, self.use_multiprocessing
        readers.queued = max(workers, max_queue_size)
        order: list[int] = []
        while True:
            self._tell("on_epoch_begin")
            if len(order) != len(self.sequence):
                order = list(range(len(self.sequence)))
            if not order:
                raise ValueError(f"This {type(self.sequence).__name__} has no batches: its length is 0.")
            if self.shuffle:
                random.shuffle(order)
            yield from readers.batches(order)
            while self.queue.unfinished_tasks:
                if self.stop_signal.wait(_A_WHILE / 10):
                    return
            self._tell("on_epoch_end")

    def _tell(self, hook):
        getattr(self.sequence, hook, lambda: None)()


class GeneratorEnqueuer(SequenceEnqueuer):
    """What a generator gives, read ahead.

    Args:
        generator: a generator, or anything that `next` takes. A generator's own code never runs in two threads at once, so
            that further threads gain nothing; other iterators must be safe to call from several.
        use_multiprocessing: whether processes read: each of them has a copy of the generator as it is when `start` is
            called, and what they give comes in any order. Where processes can't be copied (Windows) it is refused.
        wait_time: not needed since Keras 2.1.5; a warning says so.
        random_seed: for `numpy.random.seed` in the processes: each has this and its own number, from 0 on.

    Raises: ValueError for a seed without processes, or processes where they can't be copied.

    >>> enqueuer = GeneratorEnqueuer(n**2 for n in range(4))
    >>> enqueuer.start()
    >>> list(enqueuer.get())
    [0, 1, 4, 9]
    >>> enqueuer.stop()
    """

    def __init__(
        self,
        generator: Any,
        use_multiprocessing: bool = False,
        wait_time: float | None = None,
        random_seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if "pickle_safe" in kwargs:
            tell("GeneratorEnqueuer(pickle_safe=)", "GeneratorEnqueuer(use_multiprocessing=)")
            use_multiprocessing = kwargs.pop("pickle_safe")
        refuse(GeneratorEnqueuer, kwargs)
        if wait_time is not None:
            warn("GeneratorEnqueuer(wait_time=) is not needed: nothing waits longer than it must.", DeprecationWarning)
        if use_multiprocessing and "fork" not in multiprocessing.get_all_start_methods():
            raise ValueError("A generator can't be sent to processes here: use threads, or a Sequence and OrderedEnqueuer.")
        super().__init__(generator, use_multiprocessing)
        self.random_seed = random_seed

    def _batches(self, workers, max_queue_size):
        if self.use_multiprocessing:
            context = multiprocessing.get_context("fork")
            results = context.Queue(max_queue_size)
            seeds = [None if self.random_seed is None else self.random_seed + i for i in range(workers)]
            processes = [context.Process(target=_send, args=(self.sequence, results, seed), daemon=True) for seed in seeds]
            for process in processes:
                process.start()
            return self._of_processes(processes, results)
        if workers == 1 or inspect.isgenerator(self.sequence):
            return (batch for batch in self.sequence)
        return self._of_threads(workers)

    def _of_threads(self, workers):
        pending: collections.deque[Any] = collections.deque()
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            while True:
                while len(pending) < workers:
                    pending.append(pool.submit(next, self.sequence, _END))
                if (batch := pending.popleft().result()) is _END:
                    return
                yield batch

    def _of_processes(self, processes, results):
        left = len(processes)
        try:
            while left and not self.stop_signal.is_set():
                try:
                    kind, value = results.get(timeout=_A_WHILE)
                except queue.Empty:
                    if not any(process.is_alive() for process in processes) and results.empty():
                        raise RuntimeError("The processes that read the generator ended before it did.") from None
                    continue
                if kind == "error":
                    raise value
                if kind == "end":
                    left -= 1
                else:
                    yield value
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.join()


_END = object()


def _send(generator, results, seed):
    """What a process does: put what the generator gives into the queue."""
    if seed is not None:
        np.random.seed(seed)
    try:
        for batch in generator:
            results.put(("batch", batch))
        results.put(("end", None))
    except Exception as error:
        results.put(("error", error))
