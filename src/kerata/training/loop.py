"""The loop: an epoch as a few calls of a compiled loop over blocks of steps, or one call a batch for streams."""

import time

import numpy as np
import optree

from kerata import engines, ops
from kerata.core import batch as current_batch
from kerata.core.batch import CannotPad
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
        self.pads = model._can_pad(mode)
        self.block = 1
        self.seconds_a_step = None
        self.steps = steps
        self._source = None
        self._generator = None

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
        if self.data.in_memory and not self.model._eager():
            return self._run_memory(generator)
        return self._run_stream(generator, remaining_epochs)

    # Data in memory

    def _run_memory(self, generator):
        data = self.data
        order = data.order(generator)
        if self.steps is not None:
            order = order[: self.steps * data.batch_size]
        try:
            return self._run_blocks(order, self.pads)
        except CannotPad:
            self.pads = False
            return self._run_blocks(order, False)

    def _run_blocks(self, order, pads):
        size, rows = len(order), self.data.batch_size
        whole = size // rows * rows
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
        loop = model._compiled_loop(self.mode, padded)
        engine = engines.current()
        placed = engine.asarray(index)
        arrays = self.data.on_device()
        steps, at = len(index), 0
        while at < steps:
            count = min(self._block_size(), steps - at)
            self._begin(done)
            started = time.perf_counter()
            first = self.mode not in model._ran
            loop(at, at + count, arrays, placed, np.int32(size))
            model._ran.add(self.mode)
            at, done = at + count, done + count
            if self.watched or self.seconds_a_step is None or at < steps:
                model._wait(self.mode)
                if not first:
                    self._note_speed((time.perf_counter() - started) / count)
            self._end(done - 1, model._logs(self.mode) if self.watched else None)
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
        step = model._compiled_step(self.mode)
        try:
            while self.steps is None or done < self.steps:
                try:
                    data, valid = next(source)
                except StopIteration:
                    if self.steps is not None and done < self.steps:
                        _warn_exhausted(done, self.steps)
                    break
                self._begin(done)
                model._run_step(step, self.mode, data, valid)
                done += 1
                now = time.perf_counter()
                show = self.watched and (self.each or now - shown > _SECONDS_WATCHED)
                if show:
                    shown = now
                self._end(done - 1, model._logs(self.mode) if show else None)
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
        """A batch in NumPy arrays, checked, padded to the first batch's size where that is possible."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        data = (standard(x), standard(y), standard(sample_weight))
        self.model._check_batch(data)
        valid = None
        rows = len(optree.tree_leaves(data)[0])
        if self.pads:
            target = self.data.batch_size = max(self.data.batch_size or rows, rows)
            if rows < target:
                valid = (np.arange(target) < rows).astype("float32")
                data = optree.tree_map(lambda a: pad_rows(a, target), data)
        return data, valid


def _warn_exhausted(done, steps):
    import warnings

    warnings.warn(
        f"The data ended after {done} of {steps} steps. Give a generator that goes on for epochs * steps_per_epoch batches, "
        "or a smaller steps_per_epoch.",
        stacklevel=5,
    )


def memory_step(step, padded):
    """`step(batch)` as a loop's body: `body(i, arrays, index, size)` takes the rows of step `i`."""

    def body(i, arrays, index, size):
        engine = engines.current()
        rows = ops.get_item(index, i)
        data = optree.tree_map(lambda a: engine.take_rows(a, rows), arrays)
        valid = None
        if padded:
            width = index.shape[1]
            position = ops.add(ops.multiply(i, width), ops.arange(width, dtype="int32"))
            valid = ops.cast(ops.less(position, size), "float32")
        with current_batch.valid_rows(valid):
            step(data)

    return body
