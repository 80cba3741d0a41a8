"""What `compile` settled for a model, and all that runs and programs ask of a model: they read nothing else of it."""

import contextlib
import types
from typing import Any

import optree

from kerata import engines
from kerata.core.configurable import is_own
from kerata.engines.state import context
from kerata.metrics import Mean
from kerata.metrics.group import single_metrics
from kerata.training import checks
from kerata.training.compiled import CompiledLoss, CompileMetrics
from kerata.training.data import unpack_x_y_sample_weight
from kerata.training.predictor import Predictor
from kerata.training.program import Programs
from kerata.training.trainability import Trainability

_JSON_LACKS = ("detect_anomaly",)


class Compilation:
    """A model's loss, metrics and programs.

    Args:
        model: the model.
        arguments: those of `compile`, checked; None of a model that was not compiled, which can still predict.

    Attributes:
        loss, metrics: a `CompiledLoss` and a `CompileMetrics`, None without.
        tracker: the mean of the loss.
        trainability: what was trainable, a `Trainability`.
        programs: the model's steps as compiled functions.
        initial_epoch: the epoch with which a run begins, where a callback brought back an earlier one's state.
        batch_size: that of the data of the last run, for display.
    """

    loss: Any
    metrics: Any
    trainability: Any

    def __init__(self, model, arguments=None):
        self.model, self.arguments = model, arguments
        self.loss = self.metrics = self.tracker = self.trainability = None
        self.initial_epoch = self.batch_size = None
        self.in_fit = False
        if arguments is not None:
            names = getattr(model, "output_names", None)
            loss, metrics = arguments["loss"], (arguments["metrics"], arguments["weighted_metrics"])
            self.loss = None if loss is None else CompiledLoss(loss, arguments["loss_weights"], names)
            self.metrics = None if metrics == (None, None) else CompileMetrics(*metrics, names)
            self.tracker = Mean(name="loss")
            self.trainability = Trainability(model)
        self.forget_programs()

    def forget_programs(self):
        """Drop the compiled programs: the model changed."""
        self.programs = Programs(self)
        self.predictor = Predictor(self)

    def __getstate__(self):
        """What is pickled and copied: all but the programs, which are made again."""
        return {name: value for name, value in vars(self).items() if name not in ("programs", "predictor")}

    def __setstate__(self, state):
        vars(self).update(state)
        self.forget_programs()

    def config(self):
        """The arguments of `compile` that files hold."""
        return {name: value for name, value in self.arguments.items() if name not in _JSON_LACKS}

    # Where the model runs

    def engine(self):
        """The model's engine."""
        own = self.model._engine_name
        if context.engine is not None and own is None:
            return context.engine
        return engines.get(own or engines.current_name())

    @contextlib.contextmanager
    def at_home(self):
        """In force are the model's engine and the device that its weights were moved to."""
        with engines.use_engine(self.engine()), self.model._place:
            yield

    @contextlib.contextmanager
    def fitting(self):
        """Around `fit`."""
        outer, self.in_fit = self.in_fit, True
        try:
            yield
        finally:
            self.in_fit = outer

    @contextlib.contextmanager
    def apart_from_fit(self):
        """Inside, metrics start anew; those of an epoch of `fit` that is under way go on afterwards as they were."""
        if not self.in_fit:
            yield
            return
        variables = [v for metric in self.model.metrics for v in metric.variables] + [self.programs.findings.record]
        values = [v.numpy() for v in variables]
        try:
            yield
        finally:
            known = {id(v) for v in variables}
            for metric in self.model.metrics:
                if any(id(v) not in known for v in metric.variables):  # made meanwhile
                    metric.reset_state()
            for v, value in zip(variables, values):
                v.assign(value)

    @property
    def eager(self):
        """Whether steps run as they stand, uncompiled."""
        model = self.model
        wanted = model._jit_compile
        compiles = wanted is not False and (wanted is True or model._supports_compilation())
        return bool(model.run_eagerly or not compiles and not engines.current().has_graphs)

    @property
    def optimize(self):
        """Whether kernels are fused by a compiler; None for what the engine finds best."""
        wanted = self.model._jit_compile
        return wanted if isinstance(wanted, bool) else None

    # What steps touch

    def layers(self):
        """The model and all layers inside it."""
        return self.model._all_layers()

    def objects(self):
        """What steps call: the layers, losses, metrics and the optimizer."""
        others = [x for x in self.measures() if not isinstance(x, types.FunctionType)]
        optimizer = self.model.optimizer
        return [*self.layers(), *others, *([] if optimizer is None else [optimizer])]

    def measures(self):
        """The losses and metrics, as they were given or made."""
        given = [] if self.loss is None else [self.loss.loss]
        return [x for x in optree.tree_leaves(given) if not isinstance(x, str)] + self.single_metrics()

    def all_metrics(self):
        """The metrics: the loss, those given to `compile` as one, each output's loss, and those that layers hold."""
        found: list[Any] = [metric for metric in (self.tracker, self.metrics) if metric is not None]
        if self.loss is not None:
            found += self.loss.trackers
        held = self.model._all_metrics()
        known = {*map(id, single_metrics(found))} if held else ()
        return found + [metric for metric in held if id(metric) not in known]

    def single_metrics(self):
        """The metrics one by one."""
        return single_metrics(self.model.metrics)

    def variables(self):
        """The model's, the optimizer's and the metrics' variables, each once."""
        found = {id(v): v for v in self.model.variables}
        if self.model.optimizer is not None:
            found.update((id(v), v) for v in self.model.optimizer.variables)
        for metric in self.model.metrics:
            found.update((id(v), v) for v in metric.variables)
        return list(found.values())

    def overrides(self, name):
        """Whether the user's class has a method, or a property, of this name."""
        return not is_own(next(c for c in type(self.model).__mro__ if name in vars(c)))

    def as_compiled(self, mode="train"):
        """A context in which the layers are trainable that are to be: in training, those that were so for `compile`."""
        settled = self.trainability is not None and mode == "train"
        return self.trainability.in_force() if settled else contextlib.nullcontext()

    # What the model computes

    def inputs_from(self, x):
        """A batch's inputs in NumPy arrays."""
        return self.model._inputs_from(x)

    def step(self, mode):
        """The model's own step on a batch, which gives no logs."""
        return self.model._train_quietly if mode == "train" else self.model._test_quietly

    def without_update(self, batch, training):
        """A batch through the model, its loss and its metrics."""
        return self.model._run_on_batch(batch, training)

    def results(self):
        """The metrics' values as a dict, computed on the host."""
        return self.model._results(lambda metric: metric.result_on_host())

    # Before the first step

    def prepare(self, data, mode):
        """Build the model, and check data in memory, before anything is compiled."""
        if data.in_memory:
            self.build_for(data.first())
            self.check_batch(data.arrays)
        if mode == "train" and self.trainability is not None:
            self.trainability.tell(self.model)
        self.bring_variables()

    def prepare_batch(self, batch, mode):
        """Build the model, and the metrics, for one batch alone, unless nothing was changed since that was done."""
        if not self.model.built or not self.programs.is_current:
            self.build_for(batch)
            self.build_metrics(*batch[:2])
            self.programs.watch()
        if mode == "train" and self.trainability is not None:
            self.trainability.tell(self.model)

    def bring_variables(self):
        """Move variables here: metrics and optimizers may have been made where another engine was in force."""
        name = engines.current_name()
        for v in self.variables():
            v.to_engine(name)

    def build_for(self, batch):
        """Make the weights and the optimizer's slots for a batch like this one."""
        model, (x, y, _) = self.model, unpack_x_y_sample_weight(batch)
        model._build_for(x)
        step_is_ours = not self.overrides("train_step") or checks.takes_state(type(model), "train_step")
        if model.optimizer is not None and not model.optimizer.built and step_is_ours:
            with self.as_compiled():
                model.optimizer.build(model.trainable_variables)
        if self.overrides("train_step"):  # a step of one's own may update the metrics one by one
            self.build_metrics(x, y)

    def build_metrics(self, x, y):
        """Make the metrics for the outputs, where these can be told beforehand."""
        if self.metrics is not None and self.metrics.by_output is None and y is not None:
            spec = checks.output_spec(self.model, x)
            if spec is not None:
                self.metrics.build(y, spec)

    def check_batch(self, batch):
        """Raises: ValueError for labels that are no class of the model's output."""
        if self.loss is not None and batch[1] is not None and self.loss.takes_labels:
            spec = self.programs.output_spec(batch[0])
            if spec is not None:
                self.loss.check_labels(batch[1], spec)
