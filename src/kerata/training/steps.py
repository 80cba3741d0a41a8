"""A model's steps as compiled functions, their logs, and what they find wrong."""

import contextlib

import numpy as np
import optree

from kerata import engines, ops
from kerata.core import batch as current_batch
from kerata.core.arrays import as_array, dtype_of, static_shape
from kerata.core.configurable import is_own
from kerata.core.findings import Findings, note_not_finite
from kerata.core.setting_changes import Contents, SettingChanges, settings
from kerata.core.variable import Variable
from kerata.engines.state import standing
from kerata.layers.tracking import unchanging
from kerata.training import anomaly, checks, padding


class CompiledSteps:
    """The steps of one model, compiled when first needed; a model that changes makes new ones."""

    def __init__(self, model):
        self.model = model
        self.ran = set()  # the modes that have run: the first run compiles
        self.findings = Findings()
        self.parts = {}  # what the model's layers hold; see `unchanging`
        self.output_spec = None  # (spec,) once it is known
        self._functions = {}
        self._changes, self._known_settings = None, ()
        self.contents = Contents(())
        self._logs = {}  # mode -> the logs of an overridden step, as variables

    def _compiled(self, key, make):
        with self._as_wanted(key[0]):
            key = (*key, self._trainable_key(), self._settings(), self.model.optimizer)
        if key not in self._functions:
            self._functions[key] = make()
        return self._functions[key]

    def _trainable_key(self):
        """What decides which variables are trained: a model is compiled anew when layers were frozen."""
        return tuple(layer._trainable for layer in self.model._flatten_layers())

    def _as_wanted(self, mode):
        """A context in which layers are trainable as they are to be in a mode: in training as when the model was compiled."""
        return self.model._as_compiled() if mode == "train" else contextlib.nullcontext()

    def _settings(self):
        """What compiled steps have for constants: a model is compiled anew when a layer's setting was changed."""
        if self._changes != SettingChanges.count:
            self._changes = SettingChanges.count
            self._known_settings = settings(self.objects())
        return self._known_settings

    def watch(self):
        """Compare what users' objects hold from here on with what they held after the last step."""
        before, self.contents = self.contents, Contents(self.objects())
        self.contents.follow(before)

    def objects(self):
        """What the steps call: the model and its layers, losses, metrics and the optimizer."""
        return [*self.model._flatten_layers(), *self.model._objects_of_steps()]

    def _variables(self):
        return [*self.model._all_variables(), self.findings.record]

    # The step in its two forms

    def loop(self, mode, padded):
        """Many steps on data in memory: `loop(start, stop, arrays, index, size, first)`."""

        def make():
            step = self._collecting(mode)

            def body(i, arrays, index, size, first):
                rows = ops.get_item(index, i)
                data = optree.tree_map(lambda a: engines.current().take_rows(a, rows), arrays)
                step(data, _valid(i, index.shape[1], size) if padded else None, ops.add(i, first))

            return engines.current().compile_loop(body, self._variables(), self.model._optimize())

        return self._compiled((mode, "loop", padded), make)

    def step(self, mode, anew=False):
        """One step on one batch: `step(data, valid, number)`; `anew`: metrics begin with it."""

        def make():
            step = self._collecting(mode, anew)
            if self.model._eager():
                return step
            return engines.current().compile(step, self._variables(), mode == "train", self.model._optimize())

        return self._compiled((mode, "step", anew), make)

    def can_pad(self, mode, batch):
        """Whether batches like this one may be padded; see `padding`."""
        if not engines.current().recompiles:
            return False
        return self._compiled((mode, "pads", padding.kind_of(batch)), lambda: padding.why_not(self.model, mode, batch) is None)

    def run(self, mode, data, valid, number=0):
        """One step; `valid` says which rows are real, None for all."""
        self.contents.look()
        self.step(mode)(data, valid, np.int32(number))
        self.contents.note()
        self.ran.add(mode)

    def run_alone(self, mode, data):
        """One step whose metrics are those of its batch alone."""
        inside = self._resets_inside()
        if not inside:
            self.model.reset_metrics()
        self.contents.look()
        self.step(mode, anew=inside)(data, None, np.int32(0))
        self.contents.note()
        self.ran.add(mode)

    def _resets_inside(self):
        """Whether the compiled step can reset the metrics: kerata's own, all of whose variables are there."""
        model = self.model
        unbuilt = model._compile_metrics is not None and model._compile_metrics.by_output is None
        if unbuilt or model._overrides("reset_metrics"):
            return False
        return all(is_own(type(m)) and getattr(m, "_built", True) for m in model.metrics)

    def _collecting(self, mode, anew=False):
        step = self.plain(mode)
        if mode == "train" and self.model.detect_anomaly:
            step = anomaly.guarded(self.model, step, self.findings)

        def run(data, valid, number):
            engine = engines.current()
            keeps = contextlib.nullcontext() if mode == "train" else engine.no_gradients()
            known = unchanging(self.parts if mode in self.ran else None)
            wanted = self._as_wanted(mode)
            with (
                standing(in_step=True),
                wanted,
                keeps,
                known,
                self.findings.collecting(number),
                current_batch.valid_rows(valid),
            ):
                if anew:
                    self.model.reset_metrics()
                step(data)

        return run

    def plain(self, mode):
        """The stateful step on a batch; an overridden step's logs go into variables, so that they outlive the loop."""
        model, name = self.model, f"{mode}_step"
        step = getattr(model, name)
        if not any(model._overrides(part) for part in (name, "compute_metrics", "get_metrics_result")):
            self._logs.pop(mode, None)
            return getattr(model, f"_{mode}_quietly")
        takes_state = checks.takes_state(type(model), name)

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

    def logs(self, mode):
        """The logs as Python numbers, computed on the host so that nothing is compiled to show them."""
        if mode in self._logs:
            values = {k: v.numpy() for k, v in self._logs[mode].items()}
        else:
            values = self.model._results(lambda metric: metric.result_on_host())
        return {k: _plain(v) for k, v in sorted(values.items(), key=lambda item: item[0])}

    def wait(self):
        """Wait for the steps that are under way."""
        tracker = self.model._loss_tracker or next(iter(self.model.metrics), None)
        variables = tracker.variables if tracker is not None else []
        if variables:
            engines.current().block_until_ready(variables[0].stored)


def _valid(i, width, size):
    """Which rows of step `i` are real: 1 for them, 0 for padding."""
    position = ops.add(ops.multiply(i, width), ops.arange(width, dtype="int32"))
    return ops.cast(ops.less(position, size), "float32")


def _plain(value):
    host = np.asarray(value)
    return float(host) if host.ndim == 0 else host
