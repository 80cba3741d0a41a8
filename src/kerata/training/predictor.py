"""`predict`: few compilations whatever the sizes asked for, and little between the call and the answer."""

import itertools

import numpy as np
import optree

from kerata import engines
from kerata.core.findings import Findings
from kerata.core.setting_changes import Contents, SettingChanges
from kerata.engines.state import standing
from kerata.training import padding
from kerata.training.data import adapt, pad_rows, unpack_x_y_sample_weight
from kerata.training.loop import tell_ended
from kerata.training.prefetch import Prefetcher


class Predictor:
    """Runs a model's `predict_step`.

    Batches are padded to the next power of two, and the padding is cut off the outputs, so that a program which asks for
    many sizes compiles a few; see `padding`.
    """

    def __init__(self, model):
        self.model = model
        self.step = None
        self.changes = SettingChanges.count  # when the step was compiled
        self.findings = Findings()
        self.contents = Contents(())
        self.pads = {}  # kind of batch -> whether it may be padded

    def _compiled(self):
        if self.step is None or self.changes != SettingChanges.count:
            model, self.changes = self.model, SettingChanges.count
            self.pads.clear()
            self.contents = Contents(model._flatten_layers())
            if model._eager():
                self.step = self._collecting
            else:
                self.step = engines.current().compile(
                    self._collecting, [*model.variables, self.findings.record], optimize=model._optimize()
                )
        return self.step

    def _collecting(self, data):
        with standing(in_step=True), engines.current().no_gradients(), self.findings.collecting():
            return self.model.predict_step(data)

    def _report(self):
        finding = self.findings.first()
        if finding is not None:
            self.findings.clear()
            raise ValueError(f"{finding.message}\nThis was found in predict().")

    def one(self, x):
        """The outputs for one batch in NumPy arrays, as NumPy arrays."""
        if not self.model.built:
            self.model._build_for((x, None, None))
        if self.contents.users:
            self.contents.look()
        step, rows = self._compiled(), len(optree.tree_leaves(x)[0])
        width = self._width(rows, x)
        if width != rows:
            x = optree.tree_map(lambda a: pad_rows(a, width), x)
        outputs = step(x if self.model._overrides("predict_step") or not isinstance(x, (list, tuple)) else (x,))
        if self.contents.users:
            self.contents.note()
        self._report()
        to_numpy = engines.current().to_numpy
        if hasattr(outputs, "shape"):
            host = to_numpy(outputs)
            return host if width == rows else host[:rows]
        return optree.tree_map(lambda a: to_numpy(a) if width == rows else to_numpy(a)[:rows], outputs)

    def _width(self, rows, x):
        """The number of rows at which a batch runs: the next power of two, where rows added are proven to change nothing."""
        width = 1 << (rows - 1).bit_length()
        if width == rows or not engines.current().recompiles:
            return rows
        kind = padding.kind_of(x)
        if kind not in self.pads:
            self.pads[kind] = padding.why_not(self.model, "predict", (x, None, None)) is None
        return width if self.pads[kind] else rows

    def run(self, x, batch_size, verbose, steps, callbacks):
        """See `Trainer.predict`."""
        quiet = verbose in (0, "auto") and callbacks is None
        if quiet and steps is None and type(x) is np.ndarray and 0 < len(x) <= (batch_size or 32) and verbose == 0:
            return self.one(self.model._standard_inputs(x))
        return self._run_all(x, batch_size, verbose, steps, callbacks)

    def _run_all(self, x, batch_size, verbose, steps, callbacks):
        from kerata.callbacks import CallbackList
        from kerata.training.trainer import _bounded, _verbosity

        data = adapt(x, batch_size=batch_size, inputs=self.model._standard_inputs)
        limit = _bounded(steps, data)
        total = limit or getattr(data, "steps", None)
        shown = _verbosity(verbose)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(callbacks, add_progbar=shown != 0, model=self.model, verbose=shown, epochs=1, steps=total)
        stopped, self.model.stop_training = self.model.stop_training, False  # that of a `fit` around
        callbacks.on_predict_begin()
        data.begin_epoch()
        if data.in_memory:
            batches = data.batches(np.arange(data.size))
        else:
            batches = Prefetcher(iter(data.batches()), lambda batch: batch, limit)
        outputs = [part for parts in self._executions(itertools.islice(batches, limit), callbacks) for part in parts]
        data.end_epoch()
        if limit is not None and 0 < len(outputs) < limit and not self.model.stop_training:
            tell_ended(f"{len(outputs)} of {limit} steps", "the predictions are those for these")
        self.model.stop_training = self.model.stop_training or stopped
        callbacks.on_predict_end()
        if not outputs:
            raise ValueError("The data gave no batch: it is empty, or a generator that was used up before.")
        return _joined(outputs)

    def _executions(self, batches, callbacks):
        """The outputs of the batches between two calls of the hooks, in turn."""
        begun, count = 0, self.model.steps_per_execution
        while not self.model.stop_training:
            outputs = []
            for batch in itertools.islice(batches, count):
                if not outputs:
                    callbacks.on_predict_batch_begin(begun)
                outputs.append(self.one(self.model._standard_inputs(unpack_x_y_sample_weight(batch)[0])))
            if not outputs:
                return
            begun += count
            callbacks.on_predict_batch_end(begun - 1, {"outputs": outputs[0] if count == 1 else _joined(outputs)})
            yield outputs


def _joined(outputs):
    return optree.tree_map(lambda *parts: np.concatenate(parts) if parts[0].ndim else np.stack(parts), *outputs)
