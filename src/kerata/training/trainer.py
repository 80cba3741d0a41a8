"""`Trainer`: compile, fit, evaluate, predict. One trainer for all engines."""

import functools
import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import optree

from kerata import losses, optimizers
from kerata.callbacks.callback import History
from kerata.core import config, seeds, suggestions
from kerata.core.serialization import deserialize_keras_object, serialize_dict
from kerata.core.types import TensorLike
from kerata.engines.warning import warn
from kerata.layers.holder import Holder
from kerata.training import checks
from kerata.training.compilation import Compilation
from kerata.training.data import MemoryData, adapt, split, standard, to_host, unpack_x_y_sample_weight, weighted_by_class
from kerata.training.run import Run
from kerata.training.step_methods import TrainingSteps


class Trainer(TrainingSteps):
    """Training, for classes that are layers. `Model` is one."""

    loss: Any = None
    history: Any = None
    stop_training = run_eagerly = detect_anomaly = False
    steps_per_execution = 1
    _jit_compile: bool | str = "auto"
    has_constants = False  # a model's own attributes are the host's, or settled by `compile`
    _untracked = Holder._untracked | {"_compilation", "optimizer", "history", "loss", "_operations", "plan"}

    @functools.cached_property
    def _compilation(self) -> Compilation:  # type: ignore[override]
        """What `compile` settled, and all that runs ask of the model."""
        return Compilation(self)

    def __getattr__(self, name):
        if not name.startswith("_"):
            old = importlib.import_module("kerata.compat.translate").method(self, name)
            if old is not None:
                return old
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # Compile

    @suggestions.named
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | None = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
        detect_anomaly: bool = False,
    ) -> None:
        """Choose how the model is trained.

        Args:
            optimizer: a name ("adam") or an `Optimizer`.
            loss: a name ("mse"), a `Loss` or a function `(y_true, y_pred) -> (batch,)`; a list or a dict of them for
                several outputs.
            loss_weights: a list or a dict of numbers, the outputs' shares of the loss.
            metrics: a list of names, metrics or functions; lists or dicts of lists for several outputs.
            weighted_metrics: the same, computed with sample weights.
            run_eagerly: run step by step in Python, for debugging.
            steps_per_execution: steps between two calls of the batch hooks.
            jit_compile: False is as `run_eagerly=True` where an engine can't do without compilation.
            auto_scale_loss: whether the loss is scaled under the policy "mixed_float16".
            detect_anomaly: stop `fit` at the first step that gives NaN or infinity, with the model as it was before that
                step and an error that names the layer; steps take somewhat longer.

        Raises: ValueError for unknown names, with the nearest one.
        """
        if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise ValueError(f"steps_per_execution must be a positive integer; {steps_per_execution!r} came.")
        optimizer = optimizers.get(optimizer)
        if (
            auto_scale_loss
            and self.dtype_policy.name == "mixed_float16"
            and not isinstance(optimizer, optimizers.LossScaleOptimizer)
        ):
            optimizer = optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
        for x in optree.tree_leaves(loss):
            losses.get(x)
        checks.check_metrics(metrics=metrics, weighted_metrics=weighted_metrics)
        self.optimizer, self.loss = optimizer, loss
        self.run_eagerly, self.steps_per_execution, self.jit_compile = run_eagerly, steps_per_execution, jit_compile
        self.detect_anomaly = detect_anomaly
        self.stop_training = False
        self._compilation = Compilation(
            self,
            dict(
                optimizer=optimizer,
                loss=loss,
                loss_weights=loss_weights,
                metrics=metrics,
                weighted_metrics=weighted_metrics,
                run_eagerly=run_eagerly,
                steps_per_execution=steps_per_execution,
                jit_compile=jit_compile,
                detect_anomaly=detect_anomaly,
            ),
        )

    @property
    def jit_compile(self) -> bool:
        """Whether steps are compiled: as `compile` was told, or for "auto" whether engine and layers allow it."""
        if self.run_eagerly or isinstance(self._jit_compile, bool):
            return not self.run_eagerly and bool(self._jit_compile)
        return self._compilation.engine().recompiles and self._supports_compilation()

    @jit_compile.setter
    def jit_compile(self, value: bool | str) -> None:
        self._jit_compile = value

    @property
    def compiled(self) -> Any:
        """Whether `compile` was called."""
        return self._compilation.arguments is not None

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`, in JSON form; empty if the model is not compiled, None if they have no such form."""
        if not self.compiled:
            return {}
        try:
            return serialize_dict(self._compilation.config())
        except TypeError:
            warn(
                f"The arguments of compile of {self.name!r} hold functions that can't be saved; the file will hold the model "
                "without them. Register the functions with @keras.saving.register_keras_serializable() to save them too."
            )
            return None

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with the arguments that `get_compile_config` returned."""
        arguments = {k: deserialize_keras_object(v) for k, v in config.items()}
        self.compile(**{k: v for k, v in arguments.items() if k != "jit_compile" or v in (True, False, "auto")})
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    # Fit

    @suggestions.named
    def fit(
        self,
        x: TensorLike = None,
        y: TensorLike = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float | None = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: TensorLike | None = None,
        sample_weight: TensorLike | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History:
        """Train the model.

        Args:
            x: NumPy arrays (or lists, dicts of them), pandas frames, engine tensors, a generator, a `PyDataset`, a torch
                `DataLoader`, a `tf.data.Dataset`. What holds batches holds `(x, y)` or `(x, y, sample_weight)`; up to eight
                are read ahead. Arrays larger than a share of the device's memory, and those mapped to files, go there in
                blocks.
            y: the targets, where `x` is arrays.
            batch_size: 32 if None; where `x` is arrays.
            epochs: the number of the last epoch.
            verbose: 0 for nothing, 1 for a progress display, 2 for a line an epoch; "auto" is 1.
            callbacks: a list of `Callback`s.
            validation_split: the fraction of the arrays, at their end, that is kept for validation.
            validation_data: `(x, y)`, `(x, y, sample_weight)`, or data that holds batches.
            shuffle: whether the samples' order changes every epoch.
            class_weight: a dict from class number to weight, such as {0: 1.0, 1: 3.0}, where a class without one has 1;
                or "balanced".
            sample_weight: a weight for each sample.
            initial_epoch: the number of the first epoch.
            steps_per_epoch: batches in an epoch; needed for data without end. Fewer than arrays hold make the next epoch
                go on with the rest. Training ends, with a warning, when a generator does.
            validation_steps, validation_batch_size: the same for validation.
            validation_freq: validate every so many epochs, or after the epochs in a list.

        Returns: a `History`.
        """
        checks.check_compiled(self, "fit")
        checks.check_counts(epochs=epochs, initial_epoch=initial_epoch, steps_per_epoch=steps_per_epoch,
                            validation_steps=validation_steps, validation_freq=validation_freq)  # fmt: skip
        compilation, seed = self._compilation, seeds.make_default_seed()
        compilation.engine().check_trains()
        with compilation.at_home(), compilation.fitting():
            splits = bool(validation_split) and validation_data is None
            data = adapt(x, y, sample_weight, batch_size, shuffle, None if splits else class_weight,
                         seeds.host_generator(seed), self._inputs_from)  # fmt: skip
            if splits:
                data, validation_data = _split(data, validation_split, class_weight)
            epochs = min(epochs, config.max_epochs() or epochs)
            run = Run(compilation, "train", data, steps_per_epoch, seed)
            if steps_per_epoch is not None:
                data.go_on(steps_per_epoch)
            compilation.prepare(data, "train")
            run.call_back(callbacks, verbose, epochs, history=True)
            validation = None
            if validation_data is not None:
                validation = self._validation(validation_data, validation_batch_size or batch_size, validation_steps)
            run.train(range(initial_epoch, epochs), validation, lambda epoch: _validates(epoch, validation_freq))
        return self.history

    def _validation(self, validation_data, batch_size, steps):
        if isinstance(validation_data, (tuple, list)) and not hasattr(validation_data, "__next__"):
            x, y, sample_weight = unpack_x_y_sample_weight(tuple(validation_data))
        else:
            x, y, sample_weight = validation_data, None, None
        data = adapt(x, y, sample_weight, batch_size=batch_size, inputs=self._inputs_from)
        return Run(self._compilation, "test", data, steps)

    # Evaluate

    @suggestions.named
    def evaluate(
        self,
        x: TensorLike = None,
        y: TensorLike = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: TensorLike | None = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on data.

        Arguments are those of `fit`.

        Returns: the loss, or a list: what `metrics_names` names, in that order, then the other metrics in that of their
        names; a dict with `return_dict`.
        """
        checks.check_compiled(self, "evaluate")
        compilation = self._compilation
        with compilation.at_home():
            data = adapt(x, y, sample_weight, batch_size, inputs=self._inputs_from)
            run = Run(compilation, "test", data, steps).call_back(callbacks, verbose)
            with compilation.apart_from_fit():
                logs = run.evaluate()
        return logs if return_dict else self._values(logs)

    def _values(self, logs):
        """Logs in the order of `metrics_names` and of their names, or the one there is."""
        first = [name for name in self.metrics_names if name in logs]
        values = [logs[name] for name in (*first, *sorted(logs.keys() - set(first)))]
        return values[0] if len(values) == 1 else values

    # Predict

    @suggestions.named
    def predict(
        self,
        x: TensorLike,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's outputs for data, as NumPy arrays in the structure of the outputs.

        Arguments are those of `fit`.
        """
        compilation = self._compilation
        with compilation.at_home():
            if verbose == 0 and callbacks is steps is None and type(x) is np.ndarray and 0 < len(x) <= (batch_size or 32):
                return compilation.predictor.one(self._inputs_from(x))
            data = adapt(x, batch_size=batch_size, inputs=self._inputs_from)
            return Run(compilation, "predict", data, steps).call_back(callbacks, verbose).predict()

    # Single batches

    @suggestions.named
    def train_on_batch(
        self,
        x: TensorLike,
        y: TensorLike = None,
        sample_weight: TensorLike | None = None,
        class_weight: TensorLike | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of training on one batch; returns its loss and metrics."""
        checks.check_compiled(self, "train_on_batch")
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    @suggestions.named
    def test_on_batch(
        self, x: TensorLike, y: TensorLike = None, sample_weight: TensorLike | None = None, return_dict: bool = False
    ) -> Any:
        """One step of evaluation on one batch; returns its loss and metrics."""
        checks.check_compiled(self, "test_on_batch")
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(self, mode, x, y, sample_weight, class_weight, return_dict):
        compilation = self._compilation
        with compilation.at_home(), compilation.apart_from_fit():
            data = (self._inputs_from(x), standard(y), standard(sample_weight))
            if class_weight is not None:
                data = weighted_by_class(data, class_weight)
            compilation.check_batch(data)
            compilation.prepare_batch(data, mode)
            programs = compilation.programs
            programs.alone(mode, data)
            with programs.outcome_at_hand():
                logs = programs.logs(mode)
                checks.report_findings(compilation, lambda _: f"{mode}_on_batch()", batch=lambda _: (data, None))
        return logs if return_dict else self._values(logs)

    @suggestions.named
    def predict_on_batch(self, x: TensorLike) -> Any:
        """The model's outputs for one batch, as NumPy arrays."""
        with self._compilation.at_home():
            return self._compilation.predictor.one(self._inputs_from(x))

    # What a kind of model does in a way of its own

    def _inputs_from(self, x, to_host=to_host):
        """Inputs in NumPy arrays, which `to_host` makes; a model that does some of its work on the host does it here."""
        return standard(x, to_host)

    def _build_for(self, x):
        """Make the weights for inputs like `x`."""
        if not self.built or self.plan is None and any(not layer.built for layer in self._all_layers()):
            checks.build_by_call(self, x)

    def _accompanying_variables(self):
        """Those that go where the weights go: the optimizer's and the metrics'."""
        own = {id(v) for v in self.variables}
        return [v for v in self._compilation.variables() if id(v) not in own]


def _split(data, fraction, class_weight):
    """Data for training, weighted by class, and for validation."""
    if not isinstance(data, MemoryData):
        raise ValueError("validation_split needs data in arrays; give validation_data beside generators and data sets.")
    train, rest = split(data.arrays, fraction)
    if class_weight is not None:
        train = weighted_by_class(train, class_weight)
    return MemoryData(train, data.batch_size, data.shuffle), rest


def _validates(epoch, validation_freq):
    if isinstance(validation_freq, int):
        return (epoch + 1) % validation_freq == 0
    return epoch + 1 in validation_freq
