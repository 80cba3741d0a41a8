"""`Trainer`: compile, fit, evaluate, predict. One trainer for all engines."""

import contextlib
import importlib

import optree

from kerata import engines
from kerata.core import config, seeds, suggestions
from kerata.engines.warning import warn
from kerata.layers.tracking import unchanging
from kerata.training import checks
from kerata.training.compiled import CompiledLoss, CompiledMetrics
from kerata.training.data import MemoryData, adapt, split, standard, unpack_x_y_sample_weight, weighted_by_class
from kerata.training.loop import Runner
from kerata.training.predictor import Predictor
from kerata.training.step_methods import TrainingSteps
from kerata.training.steps import CompiledSteps
from kerata.training.trainability import Trainability


class Trainer(TrainingSteps):
    """Training, for classes that are layers. `Model` is one."""

    def __new__(cls, *args, **kwargs):
        instance = super().__new__(cls, *args, **kwargs)
        vars(instance).update(_compiled_steps=None, stop_training=False, optimizer=None, _loss_tracker=None, history=None)
        vars(instance).update(_compile_loss=None, _compile_metrics=None, _compile_arguments=None, steps_per_execution=1)
        vars(instance).update(run_eagerly=False, detect_anomaly=False, loss=None, jit_compile="auto", _predictor=None)
        vars(instance).update(_trainability=None, _in_fit=False)
        return instance

    has_constants = False  # a model's own attributes are the host's, or settled by `compile`

    def __getattr__(self, name):
        if not name.startswith("_"):
            old = importlib.import_module("kerata.compat.translate").method(self, name)
            if old is not None:
                return old
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def _untracked(self):
        names = (
            "_compiled_steps",
            "optimizer",
            "_predictor",
            "history",
            "_compile_loss",
            "_compile_metrics",
            "_loss_tracker",
            "_trainability",
        )
        return super()._untracked | frozenset(names) | {"loss", "_operations", "plan", "_compile_arguments"}

    # Compile

    @suggestions.named
    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
        detect_anomaly=False,
    ):
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
        from kerata import losses, optimizers

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
        for x in optree.tree_leaves((metrics, weighted_metrics)):
            checks.check_metric(x)
        self._compile_arguments = dict(
            optimizer=optimizer,
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            detect_anomaly=detect_anomaly,
        )
        self.optimizer, self.loss = optimizer, loss
        self.run_eagerly, self.steps_per_execution, self.jit_compile = run_eagerly, steps_per_execution, jit_compile
        self.detect_anomaly = detect_anomaly
        names = getattr(self, "output_names", None)
        self._compile_loss = CompiledLoss(loss, loss_weights, names) if loss is not None else None
        self._compile_metrics = (
            CompiledMetrics(metrics, weighted_metrics, names) if metrics is not None or weighted_metrics is not None else None
        )
        from kerata.metrics import Mean

        self._loss_tracker = Mean(name="loss")
        self.stop_training = False
        self._trainability = Trainability(self)
        self._forget_compiled()

    @property
    def compiled(self):
        """Whether `compile` was called."""
        return self._compile_arguments is not None

    def _forget_compiled(self):
        """Drop compiled functions: the model changed."""
        self._compiled_steps, self._predictor = None, None

    def get_compile_config(self):
        """The arguments of `compile`, in JSON form; None if the model is not compiled or they have none."""
        from kerata.core.registry import serialize_dict

        if not self.compiled:
            return None
        try:
            arguments = {k: v for k, v in self._compile_arguments.items() if k not in ("run_eagerly", "detect_anomaly")}
            return serialize_dict(arguments)
        except TypeError:
            warn(
                f"The arguments of compile of {self.name!r} hold functions that can't be saved; the file will hold the model "
                "without them. Register the functions with @keras.saving.register_keras_serializable() to save them too."
            )
            return None

    def compile_from_config(self, config):
        """Compile with the arguments that `get_compile_config` returned."""
        from kerata.core.registry import deserialize_keras_object

        arguments = {k: deserialize_keras_object(v) for k, v in config.items()}
        self.compile(**{k: v for k, v in arguments.items() if k != "jit_compile" or v in (True, False, "auto")})
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    # Fit

    @suggestions.named
    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ):
        """Train the model.

        Args:
            x: NumPy arrays (or lists, dicts of them), pandas frames, engine tensors, a generator, a `PyDataset`, a torch
                `DataLoader`, a `tf.data.Dataset`. What holds batches holds `(x, y)` or `(x, y, sample_weight)`.
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
        engine = self._engine()
        if not engine.trains:
            engine.value_and_grad(None, [])
        with self._at_home(), self._fitting():
            return self._fit(**{k: v for k, v in locals().items() if k not in ("self", "engine")})

    def _fit(self, x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data, shuffle, class_weight,
             sample_weight, initial_epoch, steps_per_epoch, validation_steps, validation_batch_size, validation_freq):  # fmt: skip
        from kerata.callbacks import CallbackList

        checks.check_counts(epochs=epochs, initial_epoch=initial_epoch, steps_per_epoch=steps_per_epoch,
                            validation_steps=validation_steps, validation_freq=validation_freq)  # fmt: skip
        seed = seeds.make_default_seed()
        generator = seeds.host_generator(seed)
        splits = bool(validation_split) and validation_data is None
        data = adapt(x, y, sample_weight, batch_size, shuffle, None if splits else class_weight, generator,
                     self._standard_inputs)  # fmt: skip
        if splits:
            data, validation_data = self._split(data, validation_split, class_weight)
        epochs = min(epochs, config.max_epochs() or epochs)
        steps = _bounded(steps_per_epoch, data)
        if steps_per_epoch is not None:
            data.go_on(steps_per_epoch)
        self._prepare_to_run(data, "train")
        runner = Runner(self, "train", data, steps)
        runner.seed = seed
        shown = _verbosity(verbose)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks, add_history=True, add_progbar=shown != 0, model=self, verbose=shown, epochs=epochs,
                steps=runner.steps or getattr(data, "steps", None),
            )  # fmt: skip
        self._shown_batch_size = getattr(data, "batch_size", None)
        validation = None
        if validation_data is not None:
            validation = self._validation(validation_data, validation_batch_size or batch_size, validation_steps)
        self.stop_training = False
        self._initial_epoch = None  # a callback that restores a backup sets it
        logs = {}
        callbacks.on_train_begin()
        if self._initial_epoch is not None:
            initial_epoch = self._initial_epoch
        try:
            for epoch in range(initial_epoch, epochs):
                if runner.has_ended(epochs - epoch):
                    break
                shuffler = seeds.host_generator(seed + epoch)  # an epoch's order depends on its number alone: resumable
                found = self._fit_epoch(epoch, epochs, runner, callbacks, shuffler, validation, validation_freq)
                if found is None:
                    break
                logs = found
                if self.stop_training:
                    break
        finally:
            runner.close()
        self._flush_gradients()
        self._finalize_optimizer()
        callbacks.on_train_end(logs)
        return self.history

    def _fit_epoch(self, epoch, epochs, runner, callbacks, generator, validation, validation_freq):
        """An epoch and its validation; returns the logs, None if the data had no batch any more."""
        self.reset_metrics()
        runner.epoch = epoch
        callbacks.on_epoch_begin(epoch)
        if self._trainability is not None:
            self._trainability.tell(self)
        steps = runner.run(callbacks, generator, epochs - epoch)
        if steps == 0:
            _no_batch(runner)
            return None
        if runner.steps is None:
            callbacks.params["steps"] = steps
        logs = self._steps.logs("train")
        self._flush_gradients()
        if validation is not None and _validates(epoch, validation_freq) and not validation.has_ended():
            logs = {**logs, **{f"val_{k}": v for k, v in self._evaluate(validation, callbacks).items()}}
        callbacks.on_epoch_end(epoch, logs)
        return logs

    def _split(self, data, fraction, class_weight):
        """Data for training, weighted by class, and for validation."""
        if not isinstance(data, MemoryData):
            raise ValueError("validation_split needs data in arrays; give validation_data beside generators and data sets.")
        train, rest = split(data.arrays, fraction)
        if class_weight is not None:
            train = weighted_by_class(train, class_weight)
        return MemoryData(train, data.batch_size, data.shuffle), rest

    def _validation(self, validation_data, batch_size, steps):
        if isinstance(validation_data, (tuple, list)) and not hasattr(validation_data, "__next__"):
            parts = unpack_x_y_sample_weight(tuple(validation_data))
        else:
            parts = (validation_data, None, None)
        data = adapt(*parts, batch_size=batch_size, inputs=self._standard_inputs)
        return Runner(self, "test", data, _bounded(steps, data))

    def _as_compiled(self):
        """A context in which layers are trainable that were so when the model was compiled."""
        return contextlib.nullcontext() if self._trainability is None else self._trainability.in_force()

    def _finalize_optimizer(self):
        if getattr(self.optimizer, "use_ema", False):
            with self._as_compiled():
                self.optimizer.finalize_variable_values(self.trainable_variables)

    def _flush_gradients(self):
        if getattr(self.optimizer, "gradient_accumulation_steps", None):
            with self._as_compiled():
                self.optimizer.flush_accumulated_gradients(self.trainable_variables)

    # Evaluate

    @suggestions.named
    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
    ):
        """The loss and the metrics on data.

        Arguments are those of `fit`.

        Returns: the loss, or a list of the loss and the metrics in the order of `metrics_names`; a dict with
        `return_dict`.
        """
        from kerata.callbacks import CallbackList

        checks.check_compiled(self, "evaluate")
        with self._at_home():
            data = adapt(x, y, sample_weight, batch_size, inputs=self._standard_inputs)
            runner = Runner(self, "test", data, _bounded(steps, data))
            shown = _verbosity(verbose)
            if not isinstance(callbacks, CallbackList):
                callbacks = CallbackList(
                    callbacks, add_progbar=shown != 0, model=self, verbose=shown, epochs=1,
                    steps=runner.steps or getattr(data, "steps", None),
                )  # fmt: skip
            with self._apart_from_fit():
                logs = self._evaluate(runner, callbacks)
        if return_dict:
            return logs
        values = [logs[name] for name in self.metrics_names if name in logs] or list(logs.values())
        return values[0] if len(values) == 1 else values

    @contextlib.contextmanager
    def _fitting(self):
        outer, self._in_fit = self._in_fit, True
        try:
            yield
        finally:
            self._in_fit = outer

    @contextlib.contextmanager
    def _apart_from_fit(self):
        """Inside, metrics start anew; those of an epoch of `fit` that is under way go on afterwards as they were."""
        if not self._in_fit:
            yield
            return
        variables = [v for metric in self.metrics for v in metric.variables] + [self._steps.findings.record]
        values = [v.numpy() for v in variables]
        parts = dict(self._steps.parts)
        try:
            yield
        finally:
            known = {id(v) for v in variables}
            for metric in self.metrics:
                if any(id(v) not in known for v in metric.variables):  # made meanwhile
                    metric.reset_state()
            for v, value in zip(variables, values):
                v.assign(value)
            self._steps.parts.update(parts)

    def _evaluate(self, runner, callbacks):
        self.reset_metrics()
        self._prepare_to_run(runner.data, "test")
        stopped, self.stop_training = self.stop_training, False  # a stopped training is still evaluated in full
        callbacks.on_test_begin()
        try:
            steps = runner.run(callbacks, None)
        finally:
            runner.close()
            self.stop_training = self.stop_training or stopped
        if steps == 0:
            _no_batch(runner)
        logs = self._steps.logs("test") if steps else {}
        callbacks.on_test_end(logs)
        return logs

    # Predict

    @suggestions.named
    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """The model's outputs for data, as NumPy arrays in the structure of the outputs.

        Arguments are those of `fit`.
        """
        if self._predictor is None:
            self._predictor = Predictor(self)
        with self._at_home():
            return self._predictor.run(x, batch_size, verbose, steps, callbacks)

    # Single batches

    @suggestions.named
    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One step of training on one batch; returns its loss and metrics."""
        checks.check_compiled(self, "train_on_batch")
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    @suggestions.named
    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """One step of evaluation on one batch; returns its loss and metrics."""
        checks.check_compiled(self, "test_on_batch")
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(self, mode, x, y, sample_weight, class_weight, return_dict):
        with self._at_home(), self._apart_from_fit():
            data = (self._standard_inputs(x), standard(y), standard(sample_weight))
            if class_weight is not None:
                data = weighted_by_class(data, class_weight)
            self._check_batch(data)
            self._build_for(data)
            self._build_metrics(*data[:2])
            if mode == "train" and self._trainability is not None:
                self._trainability.tell(self)
            with unchanging({}):
                self._steps.watch()
                self._steps.run_alone(mode, data)
                logs = self._steps.logs(mode)
                names = self.metrics_names
            checks.report_findings(self, lambda _: f"{mode}_on_batch()", batch=lambda _: (data, None))
        if return_dict:
            return logs
        values = [logs[name] for name in names if name in logs] or list(logs.values())
        return values[0] if len(values) == 1 else values

    @suggestions.named
    def predict_on_batch(self, x):
        """The model's outputs for one batch, as NumPy arrays."""
        if self._predictor is None:
            self._predictor = Predictor(self)
        with self._at_home():
            return self._predictor.one(self._standard_inputs(x))

    # The machinery

    def _engine(self):
        from kerata.engines.state import local

        if local.engine is not None and self._engine_name is None:
            return local.engine
        return engines.get(self._engine_name or engines.current_name())

    @contextlib.contextmanager
    def _at_home(self):
        """In force are the model's engine and the device that its weights were moved to."""
        with engines.use_engine(self._engine()), self._place:
            yield

    def _standard_inputs(self, x):
        """Inputs in NumPy arrays of numbers; a model that does some of its work on the host does it here."""
        return standard(x)

    def _eager(self):
        return bool(self.run_eagerly or self.jit_compile is False and not engines.current().has_graphs)

    def _optimize(self):
        return self.jit_compile if isinstance(self.jit_compile, bool) else None

    def _prepare_to_run(self, data, mode):
        """Build the model, and check the first batch, before anything is compiled."""
        if data.in_memory:
            self._build_for(data.first())
            self._check_batch(data.arrays)
        for v in self._all_variables():  # metrics and optimizers may have been made where another engine was in force
            v.to_engine(engines.current_name())

    def _build_for(self, batch):
        x, y, _ = unpack_x_y_sample_weight(batch)
        if not self.built or self.plan is None and any(not layer.built for layer in self._flatten_layers()):
            checks.build_by_call(self, x)
        ours = not self._overrides("train_step") or checks.takes_state(type(self), "train_step")
        if self.optimizer is not None and not self.optimizer.built and ours:
            with self._as_compiled():
                self.optimizer.build(self.trainable_variables)
        if self._overrides("train_step"):  # a step of one's own may update the metrics one by one
            self._build_metrics(x, y)

    def _build_metrics(self, x, y):
        """Make the metrics for the outputs, where these can be told beforehand."""
        metrics = self._compile_metrics
        if metrics is not None and metrics.by_output is None and y is not None:
            spec = checks.output_spec(self, x)
            if spec is not None:
                metrics.build(y, spec)

    def _check_batch(self, batch):
        """Raises: ValueError for labels out of range."""
        checks.check_batch(self, batch)

    def _accompanying_variables(self):
        """Those that go where the weights go: the optimizer's and the metrics'."""
        own = {id(v) for v in self.variables}
        return [v for v in self._all_variables() if id(v) not in own]

    def _all_variables(self):
        found = {id(v): v for v in self.variables}
        if self.optimizer is not None:
            found.update((id(v), v) for v in self.optimizer.variables)
        for metric in self.metrics:
            found.update((id(v), v) for v in metric.variables)
        return list(found.values())

    @property
    def _steps(self):
        """The compiled steps; dropped when the model changes."""
        if self._compiled_steps is None:
            self._compiled_steps = CompiledSteps(self)
        return self._compiled_steps


def _no_batch(runner):
    """What is done after a pass over data that gave no batch: an error if it was the first one, else a warning.

    Raises: ValueError.
    """
    if not runner.passes:
        raise ValueError("The data gave no batch: it is empty, or a generator that was used up before.")
    runner.warn_ended()


def _bounded(steps, data):
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


def _verbosity(verbose):
    if verbose == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    return int(verbose)


def _validates(epoch, validation_freq):
    if isinstance(validation_freq, int):
        return (epoch + 1) % validation_freq == 0
    return epoch + 1 in validation_freq
