"""The loop: an epoch as a few calls of a compiled loop over blocks of steps, or one call a batch for streams."""

import dataclasses
import functools
import itertools
import time
import typing

import numpy as np
import optree

from kerata import engines
from kerata.core import seeds
from kerata.core.setting_changes import SettingChanges
from kerata.engines.warning import warn
from kerata.layers.tracking import unchanging
from kerata.training import checks
from kerata.training.data import pad_rows, standard, unpack_x_y_sample_weight
from kerata.training.prefetch import Prefetcher

# How long a block of steps may take: short while somebody watches, longer when nobody does (Ctrl-C still answers).
_SECONDS_WATCHED, _SECONDS_UNWATCHED = 0.1, 0.5


@dataclasses.dataclass
class _Part:
    """Steps of an epoch that one compiled loop makes."""

    compiled: typing.Callable  # gives the loop for the settings in force
    placed: typing.Any  # the rows of each step, on the device
    rows: np.ndarray  # the numbers of the real rows
    first: int  # the number of the first step
    stop: int  # and of the one after the last
    changes: int = -1  # when the loop was asked for

    def run(self, start, stop, arrays):
        """Those of the steps from `start` to `stop` that are of this part."""
        start, stop = max(start, self.first), min(stop, self.stop)
        if start < stop:
            if self.changes != SettingChanges.count:
                self.loop, self.changes = self.compiled(), SettingChanges.count
            first = np.int32(self.first)
            self.loop(start - self.first, stop - self.first, arrays, self.placed, np.int32(len(self.rows)), first)


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
        self.seed = None  # that of the first pass's order, where epochs may be parts of passes
        self.reported = False  # whether NaN was reported
        self.passes = 0  # how many times the data gave batches
        self.told = False  # whether the user was warned that the data ended
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
        self.model._steps.watch()
        self.data.begin_epoch()
        if self.data.in_memory and not self.model._eager():
            done = self._run_memory(generator)
        else:
            done = self._run_stream(generator, remaining_epochs)
        self.data.end_epoch()
        self.passes += done > 0
        self._report()
        return done

    def has_ended(self, remaining_epochs=1):
        """Whether the data, of which there is one iterator for all epochs, have no batch for another; the user is told."""
        if not self.passes or not getattr(self.data, "endless", False):
            return False
        ended = self._source_of_batches(None, remaining_epochs).has_ended()
        if ended and not self.told:
            self.warn_ended()
        return ended

    def warn_ended(self, done=0):
        """Say that the data ended after so many steps of an epoch, 0 where there is none for it at all."""
        self.told = True
        if self.mode == "test":
            outcome = "the results are those of these" if done else "there is no validation from here on"
        else:
            outcome = "training ends here" if not done or getattr(self.data, "endless", False) else "the epoch ends here"
        what = f"{done} of {self.steps} steps" if done else "one epoch" if self.passes == 1 else f"{self.passes} epochs"
        tell_ended(what, outcome)

    def _end_batch(self, begun, done, look):
        """The hook after the batches of one execution; `look`: whether the host waits for the logs, and for findings.

        As in Keras the batch's number is that of the last step of a whole execution, where the data ended before too.
        """
        if look or self.model.detect_anomaly:
            self._report()
        last = max(done, begun + self.model.steps_per_execution) - 1
        self._end(last, self._logs() if look else None)

    def _logs(self):
        """The logs so far, of the metrics that there were when the epoch began."""
        steps = self.model._steps
        with unchanging(steps.parts if self.mode in steps.ran else None):
            return steps.logs(self.mode)

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
        parts = []
        for order in self._orders(generator):
            parts += self._parts(order, parts[-1].stop if parts else 0)
        steps, done = parts[-1].stop, 0
        self._batch_of = functools.partial(self._batch_in, parts)
        while done < steps:
            done = self._run_block(parts, done, steps)
            if self.model.stop_training:
                break
        return done

    def _orders(self, generator):
        """The rows of an epoch: all, or where it has fewer steps, those that the epochs before have left, pass after pass."""
        data = self.data
        if self.steps is None or self.epoch is None or self.seed is None:
            return [data.order(generator)[: None if self.steps is None else self.steps * data.batch_size]]
        found, first, stop = [], self.epoch * self.steps, (self.epoch + 1) * self.steps
        while first < stop:
            number, at = divmod(first, data.steps)
            end = min(stop - first + at, data.steps)
            order = data.order(
                seeds.host_generator(self.seed + number)
            )  # a pass's order depends on its number alone: resumable
            found.append(order[at * data.batch_size : end * data.batch_size])
            first += end - at
        return found

    def _batch_in(self, parts, number):
        part = next(part for part in parts if number < part.stop)
        width = self.data.batch_size
        return self._rows_of(part.rows[(number - part.first) * width : (number - part.first + 1) * width])

    def _parts(self, order, first):
        """The steps in this order of rows: in one part, or the smaller last batch apart where it can't be padded."""
        rows, steps, parts = self.data.batch_size, self.model._steps, []
        whole = len(order) // rows * rows
        pads = whole != len(order) and steps.can_pad(self.mode, self.data.arrays)
        for part in [order] if pads else [order[:whole], order[whole:]]:
            width = rows if pads else min(rows, len(part))
            if width:
                index = pad_rows(part, -(-len(part) // width) * width).reshape(-1, width)
                placed = engines.current().asarray(index)
                compiled = functools.partial(steps.loop, self.mode, pads)
                parts.append(_Part(compiled, placed, part, first, first + len(index)))
                first += len(index)
        return parts

    def _run_block(self, parts, begun, steps):
        """A block of steps between two calls of the hooks; returns how many are done in the epoch."""
        model, arrays = self.model, self.data.on_device()
        done = begun + self._block_size(next(part.stop for part in parts if begun < part.stop) - begun, steps - begun)
        self._begin(begun)
        started = time.perf_counter()
        first = self.mode not in model._steps.ran
        model._steps.contents.look()
        for part in parts:
            part.run(begun, done, arrays)
        model._steps.contents.note()
        model._steps.ran.add(self.mode)
        if not self.each and (self.watched or self.seconds_a_step is None or done < steps):
            model._steps.wait()
            if not first:
                self._note_speed((time.perf_counter() - started) / (done - begun))
        self._end_batch(begun, done, self.watched)
        return done

    def _block_size(self, alike, left):
        """How many steps the next block has.

        Args:
            alike: how many steps to come are of one part.
            left: how many there are in the epoch.
        """
        if self.each or self.model.steps_per_execution > 1:
            return min(self.model.steps_per_execution, left)
        return min(self._quick_enough(), alike)

    def _quick_enough(self):
        if self.seconds_a_step is None:
            return self.block
        limit = _SECONDS_WATCHED if self.watched else _SECONDS_UNWATCHED
        return max(1, min(int(limit / max(self.seconds_a_step, 1e-7)), self.block * 8))

    def _note_speed(self, seconds):
        self.seconds_a_step = seconds
        self.block = self._quick_enough()

    # Streams

    def _run_stream(self, generator, remaining_epochs):
        source = self._source_of_batches(generator, remaining_epochs)
        if getattr(self.data, "kept", False) and self.passes and source.has_ended():
            self.close()
            source = self._source_of_batches(generator, remaining_epochs)
        model, done, ended = self.model, 0, False
        self._shown = 0.0
        try:
            while not ended and (self.steps is None or done < self.steps):
                wanted = model.steps_per_execution
                wanted = wanted if self.steps is None else min(wanted, self.steps - done)
                made = self._run_execution(itertools.islice(source, wanted), done)
                done, ended = done + made, made < wanted
                if model.stop_training:
                    break
            if ended and done and self.steps is not None:
                self.warn_ended(done)
        finally:
            if not self._keeps_source(ended) or model.stop_training:
                self.close()
        return done

    def _keeps_source(self, ended=False):
        """Whether the iterator serves the next epoch too."""
        return getattr(self.data, "endless", False) or getattr(self.data, "kept", False) and not ended

    def _run_execution(self, batches, begun):
        """The steps between two calls of the hooks; returns how many."""
        done, seen = begun, {}
        self._batch_of = seen.get
        for data in batches:
            if done == begun:
                self._begin(begun)
            seen[done] = self._padded(data)
            self.model._steps.run(self.mode, *seen[done], done)
            done += 1
        if done > begun:
            now = time.perf_counter()
            show = self.watched and (self.each or now - self._shown > _SECONDS_WATCHED)
            self._shown = now if show else self._shown
            self._end_batch(begun, done, show)
        return done - begun

    def _source_of_batches(self, generator, remaining_epochs):
        if self._source is None:
            if self.data.in_memory:
                iterator = itertools.chain.from_iterable(map(self.data.batches, self._orders(generator)))
            else:
                iterator = iter(self.data.batches())
            limit = None
            if self.steps is not None:
                limit = self.steps * (remaining_epochs if self._keeps_source() else 1)
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


def tell_ended(what, outcome):
    """Warn that data ended after what is said of them, and what becomes of it."""
    warn(
        f"The data ended after {what}: {outcome}. Give a generator that goes on for epochs * steps_per_epoch batches, data "
        "that can be read again in each epoch, such as arrays or a keras.utils.PyDataset, or ask for fewer steps."
    )
