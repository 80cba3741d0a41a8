"""A model's steps as compiled functions, their logs, and what they find wrong."""

import contextlib
import math
from typing import Any

import numpy as np
import optree

from kerata import engines, ops
from kerata.callbacks.log_names import Logs
from kerata.core import batch as current_batch, sparse
from kerata.core.arrays import as_array, dtype_of, static_shape
from kerata.core.configurable import is_own
from kerata.core.findings import Findings, note_not_finite
from kerata.core.structure import Contents, Structure, settings
from kerata.core.variable import Variable
from kerata.engines.state import thread_context
from kerata.training import anomaly, checks, padding


class Programs:
    """The steps of one model, each compiled when it is first needed.

    A program is found again as long as `Structure.version` is the same; where it is not, by what the program has for
    constants: which layers are trainable, their settings, and the optimizer.

    Args:
        compilation: what the model was compiled for.
    """

    def __init__(self, compilation):
        self.compilation = compilation
        self.findings = Findings()
        self.contents = Contents(())
        self._made, self._at_hand = {}, {}
        self._version, self._trains = -1, None
        self.generation = 0  # how often the model was looked at anew: a program found in one is right in that one
        self._settings = ()
        self._output_spec = None  # (spec,) once it is known
        self._logs = {}  # mode -> the logs of an overridden step, as variables
        self._outcome = None  # a function that gives what the last step left in variables, by their ids, if it told
        self.ran: set = set()  # the modes that have run: the first run compiles

    # Finding a program

    def _program(self, mode, make, *kind):
        """The program of a mode and a kind that fits the model as it is."""
        if mode != "predict" or not self.is_current:
            self._refresh()
        key = (mode, *kind)
        program = self._at_hand.get(key)
        if program is None:
            with self.compilation.as_compiled(mode):
                trainable = tuple([layer._trainable for layer in self.compilation.layers()])
            whole = (*key, trainable, self._settings, self.compilation.model.optimizer)
            if whole not in self._made:
                self._made[whole] = make()
            program = self._at_hand[key] = self._made[whole]
        return program

    def _refresh(self):
        """Look at the model anew if anything was changed."""
        trains = [self.compilation.model.optimizer, *[layer._trainable for layer in self.compilation.layers()]]
        if self._version != Structure.version:
            self._settings = settings(self.compilation.objects())
        elif trains == self._trains:
            return
        self._version, self._trains = Structure.version, trains
        self._at_hand.clear()
        self.generation += 1

    @property
    def is_current(self):
        """Whether nothing was changed since the last program was asked for."""
        return self._version == Structure.version

    def watch(self):
        """Compare what users' objects hold from here on with what they held after the last step."""
        before, self.contents = self.contents, Contents(self.compilation.objects())
        self.contents.follow(before)

    @contextlib.contextmanager
    def executing(self):
        """Around steps: what was changed in place before them counts; what they change themselves does not."""
        if self.contents.users:
            self.contents.look()
        if not self.is_current:
            self._refresh()
        self._outcome = None
        yield
        if self.contents.users:
            self.contents.note()
        self._version = Structure.version

    # The step in its forms

    def loop(self, mode, padded):
        """Many steps on rows of arrays: `loop(start, stop, arrays, index, size, first)`."""

        def make():
            return engines.current().compile_loop(self._by_rows(mode, padded), self._variables(), self.compilation.optimize)

        return self._program(mode, make, "loop", padded)

    def single(self, mode, padded):
        """One of these steps: `single(i, arrays, index, size, first)`. A loop of one takes longer to begin and to end."""

        def make():
            return self._telling(mode, self._by_rows(mode, padded))

        return self._program(mode, make, "single", padded)

    def _by_rows(self, mode, padded):
        step = self._guarded(mode)

        def run(i, arrays, index, size, first):
            rows = ops.get_item(index, i)
            data = optree.tree_map(lambda a: engines.current().take_rows(a, rows), arrays)
            with self._within_step(mode, ops.add(i, first), _valid(i, index.shape[1], size) if padded else None):
                step(sparse.as_tensors(data))

        return run

    def step(self, mode, anew=False):
        """One step on one batch: `step(data, valid, number)`; `anew`: metrics begin with it."""

        def make():
            return self._telling(mode, self._on_batch(mode, anew))

        return self._program(mode, make, "step", anew)

    def alone(self, mode, data):
        """One step whose metrics are those of its batch alone."""
        inside = self._resets_inside()
        if not inside:
            self.compilation.model.reset_metrics()
        with self.executing():
            self.step(mode, anew=inside)(data, None, np.int32(0))

    def predict(self):
        """The outputs for one batch: `predict(x)`."""
        return self._program("predict", lambda: self._compiled(self._outputs, self._predicting()))

    def predict_together(self):
        """The outputs for several batches of one size, stacked, one after another: `predict(xs)`."""

        def each(xs):
            return engines.current().scan(lambda carry, x: (carry, self._outputs(x)), ops.zeros((), "int32"), xs)[1]

        return self._program("predict", lambda: self._compiled(each, self._predicting()), "together")

    def _outputs(self, data):
        with thread_context(in_step=True), engines.current().no_gradients(), self.findings.collecting():
            model, data = self.compilation.model, sparse.as_tensors(data)
            takes_state = checks.takes_state(type(model), "predict_step")
            return checks.step_with_state(model, "predict_step", data) if takes_state else model.predict_step(data)

    def _predicting(self):
        return [*self.compilation.model.variables, self.findings.record]

    def can_pad(self, mode, batch):
        """Whether batches like this one may be padded; see `padding`."""
        if not engines.current().recompiles:
            return False
        proven = lambda: padding.why_not(self.compilation, mode, batch) is None
        return self._program(mode, proven, "pads", padding.kind_of(batch))

    def output_spec(self, x):
        """The outputs' shapes and dtypes for a batch `x`; None if they can't be told, or not yet."""
        if self._output_spec is None and self.compilation.model.built:
            self._output_spec = (checks.output_spec(self.compilation.model, x),)
        return self._output_spec and self._output_spec[0]

    def _variables(self):
        return [*self.compilation.variables(), self.findings.record]

    def _compiled(self, step, variables, donate=False):
        if self.compilation.eager:
            return step
        return engines.current().compile(step, variables, donate, self.compilation.optimize)

    def _telling(self, mode, step):
        """A compiled step, which leaves what is behind the logs in `_outcome` where that is quicker than to read variables."""
        if self.compilation.eager or not engines.current().reads_slowly:
            return self._compiled(step, self._variables(), donate=mode == "train")
        told: list = []

        def run(*args):
            step(*args)
            kept = self._logs.get(mode)
            metrics = self.compilation.all_metrics() if kept is None else ()
            variables = [*(kept or {}).values(), *[v for metric in metrics for v in metric.variables]]
            told[:] = [v for v in variables if v.dtype == "float32"]  # the same ones in each trace
            floats = [ops.reshape(v.value, (-1,)) for v in told]
            return ops.concatenate(floats) if floats else ops.zeros((0,)), self.findings.record.value

        compiled = self._compiled(run, self._variables(), donate=mode == "train")

        def program(*args):
            floats, record = compiled(*args)
            self._outcome = lambda: self._told(told, floats, record)

        return program

    def _told(self, variables, floats, record):
        host, start = engines.current().to_numpy(floats), 0
        if len(host) != sum(math.prod(v.shape) for v in variables):
            return None  # logs of other shapes than in the last trace
        values = {id(self.findings.record): engines.current().to_numpy(record)}
        for v in variables:
            end = start + math.prod(v.shape)
            values[id(v)] = host[start:end].reshape(v.shape)
            start = end
        return values

    def _resets_inside(self):
        """Whether a compiled step can reset the metrics: kerata's own, all of whose variables are there."""
        metrics = self.compilation.metrics
        if metrics is not None and metrics.by_output is None or self.compilation.overrides("reset_metrics"):
            return False
        return all(is_own(type(m)) and getattr(m, "_built", True) for m in self.compilation.single_metrics())

    def _on_batch(self, mode, anew):
        step = self._guarded(mode)

        def run(data, valid, number):
            with self._within_step(mode, number, valid):
                if anew:
                    self.compilation.model.reset_metrics()
                step(sparse.as_tensors(data))

        return run

    @contextlib.contextmanager
    def _within_step(self, mode, number, valid):
        """Around a step: what is found wrong is noted with its number, and rows that are not `valid` are left out."""
        keeps = contextlib.nullcontext() if mode == "train" else engines.current().no_gradients()
        wanted, rows = self.compilation.as_compiled(mode), current_batch.valid_rows(valid)
        with thread_context(in_step=True), wanted, keeps, self.findings.collecting(number), rows:
            yield

    def _guarded(self, mode):
        """The step, which undoes itself where it finds NaN and the user asked for that."""
        guards = mode == "train" and self.compilation.model.detect_anomaly
        return anomaly.guarded(self.compilation, self.plain(mode), self.findings) if guards else self.plain(mode)

    def plain(self, mode):
        """The stateful step on a batch; an overridden step's logs go into variables, so that they outlive the loop."""
        model, name = self.compilation.model, f"{mode}_step"
        if not any(self.compilation.overrides(part) for part in (name, "compute_metrics", "get_metrics_result")):
            self._logs.pop(mode, None)
            return self.compilation.step(mode)
        step, takes_state = getattr(model, name), checks.takes_state(type(model), name)

        def keep_logs(data):
            data = tuple(data)
            while data and data[-1] is None:
                data = data[:-1]
            data = data if len(data) != 1 or isinstance(data[0], (tuple, list)) else data[0]
            self._keep_logs(mode, checks.step_with_state(model, name, data) if takes_state else step(data))

        return keep_logs

    # Logs

    def _keep_logs(self, mode, logs):
        if logs is None or not isinstance(logs, dict):
            raise ValueError(f"{mode}_step must return a dict from name to value; {type(logs).__name__} came.")
        logs = _one_by_one(logs)
        kept = self._logs.setdefault(mode, {})
        for name in [n for n in kept if n not in logs]:
            del kept[name]
        for name, value in logs.items():
            value = value.value if isinstance(value, Variable) else value
            value = as_array(value.result() if hasattr(value, "result") else value)
            shape = static_shape(value)
            if name not in kept or kept[name].shape != shape:
                kept[name] = Variable(np.zeros(shape), dtype=dtype_of(value), trainable=False, name="log")
            kept[name].assign(value)
            if "loss" in name:
                note_not_finite(f"the log {name!r}", value)

    @contextlib.contextmanager
    def outcome_at_hand(self):
        """Inside, where nothing is assigned, what the last step gave for the logs and findings need not be read from variables."""
        with thread_context(host_values=self._outcome and self._outcome()):
            yield

    def logs(self, mode):
        """The logs as Python numbers, computed on the host so that nothing is compiled to show them."""
        if mode in self._logs:
            values = {k: v.numpy() for k, v in self._logs[mode].items()}
        else:
            values = self.compilation.results()
        return Logs((k, _plain(values[k])) for k in sorted(values))

    def wait(self):
        """Wait for the steps that are under way."""
        tracker = self.compilation.tracker or next(iter(self.compilation.model.metrics), None)
        if tracker is not None and tracker.variables:
            tracker.variables[0].numpy()


def _valid(i, width, size):
    """Which rows of step `i` are real: 1 for them, 0 for padding."""
    position = ops.add(ops.multiply(i, width), ops.arange(width, dtype="int32"))
    return ops.cast(ops.less(position, size), "float32")


def _plain(value):
    host = np.asarray(value)
    return float(host) if host.ndim == 0 else host


def _one_by_one(logs):
    """Logs, those in dicts (what several metrics as one give) taken apart."""
    found: dict[str, Any] = {}
    for name, value in logs.items():
        found.update(_one_by_one(value) if isinstance(value, dict) else {name: value})
    return found
