"""The loop: an epoch as a few calls of a compiled loop over blocks of steps, or one call a batch for streams."""

import time

import numpy as np
import optree

from kerata import engines
from kerata.training import checks
from kerata.training.data import pad_rows, standard, unpack_x_y_sample_weight
from kerata.training.prefetch import Prefetcher

# How long a block of steps may take: short while somebody watches, longer when nobody does (Ctrl-C still answers).
_SECONDS_WATCHED, _SECONDS_UNWATCHED = 0.1, 0.5


class Runner:
    """Runs the batches of an epoch through a model's train or test step.

    Args:
        model: the model.
        mode: "train" or "test".
        data: `MemoryData` or `StreamData`.
    """

    def __init__(self, model, mode, data, steps=None):
        self.model, self.mode, self.data = model, mode, data
        self.block = 1
        self.seconds_a_step = None
        self.steps = steps
        self.epoch = None  # the epoch's number; None when evaluating
        self.reported = False  # whether NaN was reported
        self._source = None
        self._batch_of = None

    def close(self):
        """Stop reading ahead."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def run(self, callbacks, generator, remaining_epochs=1):
        """One epoch; calls the batch hooks and returns the number of steps made."""
        self.watched = bool(callbacks.by_batch[self.mode])
        self.each = callbacks.each_batch(self.mode)
        self._begin = getattr(callbacks, f"on_{self.mode}_batch_begin")
        self._end = getattr(callbacks, f"on_{self.mode}_batch_end")
        self.model._steps.findings.clear()
        self.model._steps.parts.clear()
        if self.data.in_memory and not self.model._eager():
            done = self._run_memory(generator)
        else:
            done = self._run_stream(generator, remaining_epochs)
        self._report()
        return done

    def _end_batch(self, done, look):
        """The hook after a batch; `look` says whether the host waits for the logs, and for what the steps found."""
        if look:
            self._report()
        self._end(done - 1, self.model._steps.logs(self.mode) if look else None)

    def _report(self):
        def where(number):
            return f"step {number + 1} of " + (f"epoch {self.epoch + 1}" if self.epoch is not None else "evaluate()")

        found = checks.report_findings(self.model, where, self.data, self._batch_of, self.reported)
        self.reported = self.reported or found

    def _rows_of(self, rows):
        """The batch of these rows, as the steps see it."""
        return optree.tree_map(lambda a: a[rows], self.data.arrays), None

    # Data in memory

    def _run_memory(self, generator):
        data = self.data
        order = data.order(generator)
        if self.steps is not None:
            order = order[: self.steps * data.batch_size]
        size, rows = len(order), data.batch_size
        whole = size // rows * rows
        pads = whole != size and self.model._steps.can_pad(self.mode, data.arrays)
        parts = [order] if pads or whole == size else [part for part in (order[:whole], order[whole:]) if len(part)]
        done = 0
        for part in parts:
            width = min(rows, len(part)) if not pads else rows
            index = pad_rows(part, -(-len(part) // width) * width).reshape(-1, width)
            padded = len(part) % width != 0
            done = self._run_part(index, len(part), padded, done)
            if self.model.stop_training:
                break
        return done

    def _run_part(self, index, size, padded, done):
        model = self.model
        loop = model._steps.loop(self.mode, padded)
        placed = engines.current().asarray(index)
        arrays = self.data.on_device()
        steps, at, first_step = len(index), 0, np.int32(done)
        self._batch_of = lambda number: self._rows_of(index[number - first_step])
        while at < steps:
            count = min(self._block_size(), steps - at)
            self._begin(done)
            started = time.perf_counter()
            first = self.mode not in model._steps.ran
            loop(at, at + count, arrays, placed, np.int32(size), first_step)
            model._steps.ran.add(self.mode)
            at, done = at + count, done + count
            if self.watched or self.seconds_a_step is None or at < steps:
                model._steps.wait()
                if not first:
                    self._note_speed((time.perf_counter() - started) / count)
            self._end_batch(done, self.watched or model.detect_anomaly)
            if model.stop_training:
                break
        return done

    def _block_size(self):
        if self.each or self.model.steps_per_execution > 1:
            return self.model.steps_per_execution
        if self.seconds_a_step is None:
            return self.block
        limit = _SECONDS_WATCHED if self.watched else _SECONDS_UNWATCHED
        return max(1, min(int(limit / max(self.seconds_a_step, 1e-7)), self.block * 8))

    def _note_speed(self, seconds):
        self.seconds_a_step = seconds
        self.block = self._block_size()

    # Streams

    def _run_stream(self, generator, remaining_epochs):
        source = self._source_of_batches(generator, remaining_epochs)
        model, done, shown = self.model, 0, 0.0
        try:
            while self.steps is None or done < self.steps:
                try:
                    data = next(source)
                except StopIteration:
                    if self.steps is not None and done < self.steps:
                        _warn_exhausted(done, self.steps)
                    break
                self._begin(done)
                data, valid = self._padded(data)
                model._steps.run(self.mode, data, valid, done)
                done += 1
                self._batch_of = lambda number, batch=(data, valid): batch
                now = time.perf_counter()
                show = self.watched and (self.each or now - shown > _SECONDS_WATCHED)
                if show:
                    shown = now
                self._end_batch(done, show or model.detect_anomaly)
                if model.stop_training:
                    break
        finally:
            if not getattr(self.data, "endless", False) or model.stop_training:
                self.close()
        return done

    def _source_of_batches(self, generator, remaining_epochs):
        if self._source is None:
            if self.data.in_memory:
                iterator = self.data.batches(self.data.order(generator))
            else:
                iterator = iter(self.data.batches())
            limit = None
            if self.steps is not None:
                limit = self.steps * (remaining_epochs if getattr(self.data, "endless", False) else 1)
            self._source = Prefetcher(iterator, self._prepare, limit)
        return self._source

    def _prepare(self, data):
        """A batch in NumPy arrays, checked; done ahead, in a thread of its own."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        data = (self.model._standard_inputs(x), standard(y), standard(sample_weight))
        self.model._check_batch(data)
        return data

    def _padded(self, data):
        """A batch, with rows added up to the size of those before where that is proven to change nothing; which are real."""
        rows = len(optree.tree_leaves(data)[0])
        target = self.data.batch_size = max(self.data.batch_size or rows, rows)
        if rows == target or not self.model.built or not self.model._steps.can_pad(self.mode, data):
            return data, None
        return optree.tree_map(lambda a: pad_rows(a, target), data), (np.arange(target) < rows).astype("float32")


def _warn_exhausted(done, steps):
    import warnings

    warnings.warn(
        f"The data ended after {done} of {steps} steps. Give a generator that goes on for epochs * steps_per_epoch batches, "
        "or a smaller steps_per_epoch.",
        stacklevel=5,
    )
