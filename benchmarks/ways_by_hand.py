"""The ways of `ways.py` as loops written by hand over an engine's own steps (`Steps` of `by_hand_<engine>.py`).

Worker processes import this module: no engine is imported before a network is made.
"""

import collections
import concurrent.futures
import importlib
import itertools
import multiprocessing

import numpy as np

AHEAD = 10  # batches that workers read ahead


class Batches:
    """Batches by number."""

    def __init__(self, x, y, batch):
        self.x, self.y, self.batch = x, y, batch

    def __len__(self):
        return len(self.x) // self.batch

    def __getitem__(self, i):
        rows = slice(i * self.batch, (i + 1) * self.batch)
        return self.x[rows], self.y[rows]

    def __iter__(self):
        return (self[i] for i in range(len(self)))


def shuffled(batches):
    """Batches of the same rows in a new order."""
    order = np.random.permutation(len(batches.x))
    for start in range(0, len(order), batches.batch):
        rows = order[start : start + batches.batch]
        yield batches.x[rows], batches.y[rows]


def keep(batches):
    """What a worker process does first."""
    global kept
    kept = batches


def kept_batch(i):
    return kept[i]


def read_by(pool, read, count):
    """`read(0)`, `read(1)`, ... from the workers of a pool, in order."""
    with pool:
        numbers = iter(range(count))
        pending = collections.deque(pool.submit(read, i) for i in itertools.islice(numbers, AHEAD))
        while pending:
            yield pending.popleft().result()
            pending.extend(pool.submit(read, i) for i in itertools.islice(numbers, 1))


def by_threads(batches):
    return read_by(concurrent.futures.ThreadPoolExecutor(2), batches.__getitem__, len(batches))


def by_processes(batches):
    spawn = multiprocessing.get_context("spawn")  # an engine's threads don't survive a fork
    pool = concurrent.futures.ProcessPoolExecutor(2, spawn, initializer=keep, initargs=(batches,))
    return read_by(pool, kept_batch, len(batches))


def runs(engine, x, y, batch):
    """A function for each way that goes over the rows once."""
    steps = importlib.import_module(f"by_hand_{engine}").Steps()
    batches = Batches(x, y, batch)
    one = batches[0]

    def over(step, data, after=lambda: None):
        steps.reset()
        for x, y in data:
            step(x, y)
            after()
        return steps.metrics()

    def on_one(step):
        for _ in range(len(batches)):
            steps.reset()
            step(*one)
            steps.metrics()

    def predict(data):
        outputs = [steps.predict(x) for x, _ in data]
        return np.concatenate([np.asarray(output) for output in outputs])

    return {
        "arrays": lambda: over(steps.train, shuffled(batches)),
        "batch_hook": lambda: over(steps.train, shuffled(batches), lambda: None),
        "batch_hook_logs": lambda: over(steps.train, shuffled(batches), lambda: steps.metrics()[0]),
        "train_on_batch": lambda: on_one(steps.train),
        "test_on_batch": lambda: on_one(steps.test),
        "predict_on_batch": lambda: [np.asarray(steps.predict(one[0])) for _ in range(len(batches))],
        "py_dataset": lambda: over(steps.train, batches),
        "py_dataset_2_threads": lambda: over(steps.train, by_threads(batches)),
        "py_dataset_2_processes": lambda: over(steps.train, by_processes(batches)),
        "generator": lambda: over(steps.train, iter(batches)),
        "evaluate": lambda: over(steps.test, batches),
        "evaluate_stream": lambda: over(steps.test, batches),
        "predict": lambda: predict(batches),
        "predict_stream": lambda: predict(batches),
    }
