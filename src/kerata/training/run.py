"""A run: what `fit`, `evaluate` or `predict` was asked for, and how it goes through the data."""

import contextlib
import itertools
import time
from typing import Any

import numpy as np
import optree

from kerata import engines
from kerata.callbacks import CallbackList
from kerata.callbacks.log_names import Logs
from kerata.core import config, seeds
from kerata.engines.warning import warn
from kerata.training import checks, parts
from kerata.training.data import pad_rows, standard, unpack_x_y_sample_weight
from kerata.training.prefetch import Source, copied

# How long a block of steps may take: short while somebody watches, longer when nobody does (Ctrl-C still answers).
_SECONDS_WATCHED, _SECONDS_UNWATCHED = 0.1, 0.5
_PARTS_UNDER_WAY = 4  # of a stream


class Run:
    """A run over data of one kind.

    Args:
        compilation: what the model was compiled for.
        mode: "train", "test" or "predict".
        data: `MemoryData` or `StreamData`.
        steps: batches in a pass, None for all.
        seed: that of the first pass's order, where epochs may be parts of passes.
    """

    def __init__(self, compilation, mode, data, steps=None, seed=None):
        self.compilation, self.model, self.mode = compilation, compilation.model, mode
        self.data, self.seed = data, seed
        self.steps = bounded(steps, data)
        self.callbacks: Any = None
        self.epoch = None  # the epoch's number; None when evaluating
        self._block, self._seconds_a_step = 1, None
        self._reported = False  # whether NaN was reported
        self._passes = 0  # how many times the data gave batches
        self._told = False  # whether the user was warned that the data ended
        self._source: Any = None
        self._prepared_for_stream = False
        self._batch_of = None

    def call_back(self, callbacks, verbose, epochs=1, history=False):
        """Make the list of callbacks that are told of the run, unless the user gave one."""
        if not isinstance(callbacks, CallbackList):
            shown = verbosity(verbose)
            callbacks = CallbackList(
                callbacks, add_history=history, add_progbar=shown != 0, model=self.model, verbose=shown, epochs=epochs,
                steps=self.steps or getattr(self.data, "steps", None),
            )  # fmt: skip
        self.callbacks = callbacks
        return self

    # Training

    def train(self, epochs, validation=None, validates=None):
        """Train for the epochs in a range, and give the logs of the last.

        Args:
            validation: the `Run` of mode "test" over the data for validation.
            validates: whether to validate after the epoch of a number.
        """
        compilation, model, callbacks, logs = self.compilation, self.model, self.callbacks, {}
        compilation.batch_size, compilation.initial_epoch = getattr(self.data, "batch_size", None), None
        model.stop_training = False
        callbacks.on_train_begin()
        if compilation.initial_epoch is not None:  # a callback has restored a backup
            epochs = range(compilation.initial_epoch, epochs.stop)
        try:
            for epoch in epochs:
                remaining = epochs.stop - epoch
                if self._has_ended(remaining):
                    break
                self._begin_epoch(epoch)
                steps = self._pass(remaining)
                if steps == 0:
                    self._no_batch()
                    break
                logs = self._end_epoch(epoch, steps, validation if validates and validates(epoch) else None)
                if model.stop_training:
                    break
        finally:
            self._close()
        self._flush_gradients()
        if getattr(model.optimizer, "use_ema", False):
            with compilation.as_compiled():
                model.optimizer.finalize_variable_values(model.trainable_variables)
        callbacks.on_train_end(logs)

    def _begin_epoch(self, epoch):
        self.model.reset_metrics()
        self.epoch = epoch
        self.callbacks.on_epoch_begin(epoch)
        if self.compilation.trainability is not None:
            self.compilation.trainability.tell(self.model)

    def _end_epoch(self, epoch, steps, validation):
        """Validate, and give the epoch's logs."""
        if self.steps is None:
            self.callbacks.params["steps"] = steps
        logs = self.compilation.programs.logs("train")
        self._flush_gradients()
        if validation is not None and not validation._has_ended():
            validation.callbacks = self.callbacks
            logs = Logs(sorted({**logs, **{f"val_{k}": v for k, v in validation.evaluate().items()}}.items()))
        self.callbacks.on_epoch_end(epoch, logs)
        return logs

    def _flush_gradients(self):
        if getattr(self.model.optimizer, "gradient_accumulation_steps", None):
            with self.compilation.as_compiled():
                self.model.optimizer.flush_accumulated_gradients(self.model.trainable_variables)

    # Evaluation

    def evaluate(self):
        """One pass; returns the logs."""
        self.model.reset_metrics()
        self.compilation.prepare(self.data, self.mode)
        with self._not_stopped():
            self.callbacks.on_test_begin()
            try:
                steps = self._pass()
            finally:
                self._close()
        if steps == 0:
            self._no_batch()
        logs = self.compilation.programs.logs("test") if steps else {}
        self.callbacks.on_test_end(logs)
        return logs

    @contextlib.contextmanager
    def _not_stopped(self):
        """Inside, training that was told to stop is still evaluated, or predicts, in full."""
        stopped, self.model.stop_training = self.model.stop_training, False
        try:
            yield
        finally:
            self.model.stop_training = self.model.stop_training or stopped

    # One pass

    def _pass(self, remaining_epochs=1):
        """One pass over the data; calls the batch hooks and returns the number of steps made."""
        self._watched = bool(self.callbacks.by_batch[self.mode])
        self._each = self.callbacks.each_batch(self.mode)
        programs, data = self.compilation.programs, self.data
        programs.findings.clear()
        programs.watch()
        data.begin_epoch()
        if data.in_memory and not self.compilation.eager:
            found, total = parts.of_arrays(programs, self.mode, data, list(self._orders()))
        else:
            batches = self._batches(remaining_epochs)
            ready = self._source.is_next_ready if self._goes_together() else None
            found, total = parts.of_batches(programs, self.mode, batches, ready), None
        ahead, done = _Ahead(found), 0
        try:
            for part, stop in self._executed(ahead, total):
                program, *arguments = part.program(done, stop, self._each and self.model.steps_per_execution == 1)
                program(*arguments)
                done = stop
        finally:
            found.close()
        if total is None:
            self._end_stream(done)
        data.end_epoch()
        self._passes += done > 0
        self._report()
        return done

    def _executed(self, ahead, total):
        """Parts, each with the number up to which its steps are to be made next; the hooks are called in between."""
        programs, done, self._shown, self._under_way = self.compilation.programs, 0, 0.0, 0
        begin = getattr(self.callbacks, f"on_{self.mode}_batch_begin")
        while (part := ahead.part(done)) is not None:
            begin(done)
            started, begun, ran = time.perf_counter(), done, self.mode in programs.ran
            with programs.executing():
                wanted = self._steps_wanted(part, begun, total)
                while done < begun + wanted and (part := ahead.part(done)) is not None:
                    stop = min(begun + wanted, part.stop)
                    yield part, stop
                    done = stop
            self._batch_of = ahead.batch
            programs.ran.add(self.mode)
            look = self._look(started, None if total is None else done < total, ran, done - begun)
            self._end_batch(begun, done, look)
            if self.model.stop_training:
                break

    def _look(self, started, goes_on, ran, steps):
        """Whether the logs are shown now; waits for the steps where it must be known how long they took.

        Args:
            goes_on: whether there are further steps; None if that is not known.
            ran: whether the program had run before: the first run compiles it.
        """
        if goes_on is not None:
            if not self._each and (self._watched or self._seconds_a_step is None or goes_on):
                self.compilation.programs.wait()
                if ran:
                    self._note_speed((time.perf_counter() - started) / steps)
            return self._watched
        look = self._watched and (self._each or started - self._shown > _SECONDS_WATCHED)
        self._shown = started if look else self._shown
        self._under_way = (self._under_way + 1) % _PARTS_UNDER_WAY
        if not look and not self._under_way:
            self.compilation.programs.wait()
        return look

    def _steps_wanted(self, part, begun, total):
        """How many steps are made between two calls of the hooks."""
        several = self.model.steps_per_execution
        if self._each or several > 1:
            return several if total is None else min(several, total - begun)
        return part.stop - begun if total is None else min(self._quick_enough(), part.stop - begun)

    def _quick_enough(self):
        if self._seconds_a_step is None:
            return self._block
        limit = _SECONDS_WATCHED if self._watched else _SECONDS_UNWATCHED
        return max(1, min(int(limit / max(self._seconds_a_step, 1e-7)), self._block * 8))

    def _note_speed(self, seconds):
        self._seconds_a_step = seconds
        self._block = self._quick_enough()

    def _end_batch(self, begun, done, look):
        """The hook after the batches of one execution; `look`: whether the host waits for the logs, and for findings.

        As in Keras the batch's number is that of the last step of a whole execution, where the data ended before too.
        """
        programs, logs = self.compilation.programs, None
        if look:
            with programs.outcome_at_hand():
                self._report()
                logs = programs.logs(self.mode)
        elif self.model.detect_anomaly:
            self._report()
        last = max(done, begun + self.model.steps_per_execution) - 1
        getattr(self.callbacks, f"on_{self.mode}_batch_end")(last, logs)

    def _report(self):
        def where(number):
            return f"step {number + 1} of " + (f"epoch {self.epoch + 1}" if self.epoch is not None else "evaluate()")

        found = checks.report_findings(self.compilation, where, self.data, self._batch_of, self._reported)
        self._reported = self._reported or found

    # Data in memory

    def _orders(self):
        """The rows of an epoch: all, or where it has fewer steps, those that the epochs before have left, pass after pass."""
        data = self.data
        if self.epoch is None or self.steps is None or self.seed is None:
            generator = None if self.epoch is None or self.seed is None else seeds.host_generator(self.seed + self.epoch)
            yield data.order(generator)[: None if self.steps is None else self.steps * data.batch_size]
            return
        first, stop = self.epoch * self.steps, (self.epoch + 1) * self.steps
        while first < stop:
            number, at = divmod(first, data.steps)
            end = min(stop - first + at, data.steps)
            order = data.order(seeds.host_generator(self.seed + number))  # it depends on the pass's number alone: resumable
            yield order[at * data.batch_size : end * data.batch_size]
            first += end - at

    # Streams

    def _goes_together(self):
        """Whether batches are run by one loop: where a call of a compiled program costs something, and nobody reads each."""
        return engines.current().recompiles and not self.compilation.eager

    def _batches(self, remaining_epochs):
        """The batches of a pass over a stream, `(data, valid)`."""
        if getattr(self.data, "kept", False) and self._passes and self._source_of(remaining_epochs).has_ended():
            self._close()
        batches = self._source_of(remaining_epochs)
        return map(self._padded, itertools.islice(batches, self.steps))

    def _source_of(self, remaining_epochs):
        if self._source is None:
            if self.data.in_memory:
                iterator = itertools.chain.from_iterable(map(self.data.batches, self._orders()))
            else:
                iterator = iter(self.data.batches())
            limit = None
            if self.steps is not None:
                limit = self.steps * (remaining_epochs if self._keeps_source() else 1)
            self._source = Source(iterator, self._prepared, limit)
        return self._source

    def _keeps_source(self, ended=False):
        """Whether the iterator serves the next epoch too."""
        return getattr(self.data, "endless", False) or getattr(self.data, "kept", False) and not ended

    def _prepared(self, batch):
        """A batch in NumPy arrays, checked."""
        x, y, sample_weight = unpack_x_y_sample_weight(batch)
        data = (self.compilation.inputs_from(x), standard(y), standard(sample_weight))
        self.compilation.check_batch(data)
        return data

    def _padded(self, data):
        """A batch, with rows added up to the size of those before where that is proven to change nothing; which are real."""
        if not self._prepared_for_stream:
            self._prepared_for_stream = True
            self.compilation.build_for(data)
            self.compilation.check_batch(data)  # which could not be checked while the outputs' shapes were not known
            self.compilation.bring_variables()
        rows = len(optree.tree_leaves(data)[0])
        target = self.data.batch_size = max(self.data.batch_size or rows, rows)
        if rows == target or not self.model.built or not self.compilation.programs.can_pad(self.mode, data):
            return data, None
        return optree.tree_map(lambda a: pad_rows(a, target), data), (np.arange(target) < rows).astype("float32")

    def _end_stream(self, done):
        stopped = self.model.stop_training
        ended = not stopped and (self.steps is None or done < self.steps)
        if ended and done and self.steps is not None:
            self._warn_ended(done)
        if stopped or not self._keeps_source(ended):
            self._close()

    def _close(self):
        """Stop reading ahead."""
        if self._source is not None:
            self._source.close()
            self._source = None

    # The data's end

    def _has_ended(self, remaining_epochs=1):
        """Whether the data, of which there is one iterator for all epochs, have no batch for another; the user is told."""
        if not self._passes or not getattr(self.data, "endless", False):
            return False
        ended = self._source_of(remaining_epochs).has_ended()
        if ended and not self._told:
            self._warn_ended()
        return ended

    def _no_batch(self):
        """What is done after a pass over data that gave no batch: an error if it was the first one, else a warning.

        Raises: ValueError.
        """
        if not self._passes:
            raise ValueError(_NO_BATCH)
        self._warn_ended()

    def _warn_ended(self, done=0):
        """Say that the data ended after so many steps of an epoch, 0 where there is none for it at all."""
        self._told = True
        if self.mode == "predict":
            outcome = "the predictions are those for these"
        elif self.mode == "test":
            outcome = "the results are those of these" if done else "there is no validation from here on"
        else:
            outcome = "training ends here" if not done or getattr(self.data, "endless", False) else "the epoch ends here"
        what = f"{done} of {self.steps} steps" if done else "one epoch" if self._passes == 1 else f"{self._passes} epochs"
        warn(
            f"The data ended after {what}: {outcome}. Give a generator that goes on for epochs * steps_per_epoch batches, data "
            "that can be read again in each epoch, such as arrays or a keras.utils.PyDataset, or ask for fewer steps."
        )

    # Prediction

    def predict(self):
        """The outputs for all batches, joined."""
        data = self.data
        self.callbacks.on_predict_begin()
        data.begin_epoch()
        batches = data.batches(np.arange(data.size)) if data.in_memory else iter(data.batches())
        source = Source(batches, lambda batch: self.compilation.inputs_from(unpack_x_y_sample_weight(batch)[0]), self.steps)
        with self._not_stopped():
            try:
                outputs = [part for parts in self._outputs(source) for part in parts]
            finally:
                source.close()
            data.end_epoch()
            if self.steps is not None and 0 < len(outputs) < self.steps and not self.model.stop_training:
                self._warn_ended(len(outputs))
        self.callbacks.on_predict_end()
        if not outputs:
            raise ValueError(_NO_BATCH)
        return _joined(outputs)

    def _outputs(self, source):
        """The outputs of the batches between two calls of the hooks, in turn."""
        begun, several = 0, self.model.steps_per_execution
        watched = bool(self.callbacks.by_batch["predict"])
        at_once = several if watched or several > 1 or not self._goes_together() else parts.TOGETHER
        while not self.model.stop_training:
            batches = source.upcoming(at_once) if at_once != several else self._execution_of(source, several)
            if not batches:
                return
            self.callbacks.on_predict_batch_begin(begun)
            outputs = self._predicted(batches, not watched)
            begun += at_once
            if watched:
                shown = outputs[0] if several == 1 else _joined(outputs)
                self.callbacks.on_predict_batch_end(begun - 1, {"outputs": shown})
            yield outputs

    @staticmethod
    def _execution_of(source, several):
        return [copied(x) if several > 1 else x for x in itertools.islice(source, several)]

    def _predicted(self, batches, together):
        """The outputs of batches: from one call where they fit together, else with all begun before the first is awaited."""
        predictor = self.compilation.predictor
        if together and self._goes_together() and self.model.built and parts.fit_together(batches):
            return predictor.together(batches)
        return [predictor.finish(*begun) for begun in [predictor.start(x) for x in batches]]


class _Ahead:
    """The parts of a pass as they are needed, and those before as long as their batches may be asked for."""

    def __init__(self, parts):
        self._parts, self._seen, self._last = parts, [], None

    def part(self, number):
        """The part that has the step of this number; None at the end."""
        if self._last is None or number >= self._last.stop:
            part = next(self._parts, None)
            if part is None:
                return None
            if self._last is not None:
                self._last.release()
            self._seen = [*self._seen[-_PARTS_UNDER_WAY:], part]
            self._last = part
        return self._last

    def batch(self, number):
        """The batch of a step that was made, `(data, valid)`."""
        return next(part for part in self._seen if part.first <= number < part.stop).batch(number)


_NO_BATCH = "The data gave no batch: it is empty, or a generator that was used up before."


def _joined(outputs):
    return optree.tree_map(lambda *parts: np.concatenate(parts) if parts[0].ndim else np.stack(parts), *outputs)


def bounded(steps, data):
    """The number of steps of an epoch: as asked for, no more than the data has, no more than the user's bound.

    None for arrays and data sets, which end of themselves.
    """
    limit = config.max_steps_per_epoch()
    if steps is not None and data.in_memory and steps > data.steps:
        warn(
            f"{steps} steps are asked for of arrays that hold {data.steps} batches of {data.batch_size}: each pass over them "
            "ends there. Ask for fewer steps, or more epochs."
        )
        steps = data.steps
    if steps is None and not data.in_memory and data.source is None:
        steps = data.steps
    if limit is not None:
        steps = min(limit, steps) if steps is not None else limit
    return steps


def verbosity(verbose):
    """0, 1 or 2 for what the user asked for."""
    if verbose == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    return int(verbose)
