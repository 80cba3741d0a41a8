"""`Optimizer`: clipping, decay, averages, accumulation and state round a pure update rule."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kerata import engines, ops
from kerata.core import naming, serialization
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.configurable import is_own
from kerata.core.fields import dataclass
from kerata.core.structure import Structure
from kerata.core.types import DType, Shape, TensorLike
from kerata.core.variable import Variable, independent_copy
from kerata.engines import state
from kerata.engines.warning import warn
from kerata.ops.promotion import widened
from kerata.optimizers import clipping
from kerata.optimizers.arguments import OptimizerArguments
from kerata.optimizers.saving import SavedState
from kerata.optimizers.schedules.schedule import LearningRateSchedule
from kerata.optimizers.updates import float32, in_dtype_of, run_if


@dataclass(kwargs=True)
class Optimizer(SavedState, OptimizerArguments):
    """The base class of optimizers: an optimizer is its update rule.

    A subclass names its state in `slots`, in groups (the order of its variables in files), and writes the rule::

        class Momentum(Optimizer):
            slots = (("velocity",),)

            def rule(self, gradient, value, learning_rate, step, slots):
                velocity = 0.9 * slots["velocity"] - learning_rate * gradient
                return value + velocity, {"velocity": velocity}

    Keras's form, with `build(self, variables)` and `update_step(self, gradient, variable, learning_rate)`, works too.

    Args:
        learning_rate: a number, a schedule, or a function of no arguments.
        weight_decay: the share, times the learning rate, that weights lose in each step.
        clipnorm: each gradient's norm is at most this.
        clipvalue: each gradient's elements are at most this, either way.
        global_clipnorm: the norm of all gradients together is at most this.
        use_ema: whether a moving average of the weights is kept.
        ema_momentum: its momentum, from 0 to 1.
        ema_overwrite_frequency: after so many steps the weights become the average; None: at the end of training.
        loss_scale_factor: the loss is multiplied by it, and gradients are divided by it.
        gradient_accumulation_steps: one update is made of the mean of the gradients of so many steps, and at the end of an
            epoch of `fit` of those that are left; Keras leaves them to the next epoch, and drops the last ones.
        name: the first part of its variables' paths.

    Raises: TypeError for an unknown argument, naming the nearest; ValueError for arguments that don't go together.

    >>> import kerata
    >>> class SignDescent(Optimizer):
    ...     def rule(self, gradient, value, learning_rate, step, slots):
    ...         return value - learning_rate * kerata.ops.sign(gradient), {}
    >>> w = kerata.Variable([1.0, 1.0])
    >>> SignDescent(0.5).apply([[3.0, -0.1]], [w])
    >>> w.numpy().tolist()
    [0.5, 1.5]
    """

    slots: ClassVar[tuple[tuple[str, ...], ...]] = ()
    # Whether the rule works on each element alone, so that an engine may run it over one flat buffer.
    elementwise = False

    def __post_init__(self):
        super().__post_init__()
        self.built = False
        self._variables, self._trainable_variables, self._positions, self._is_copy = [], [], None, False
        self._slots, self._averages, self._accumulators = {}, [], []
        self._undecayed, self._undecayed_names = [], []
        self._iterations = self.add_variable((), dtype="int32", aggregation="only_first_replica", name="iteration")
        self._learning_rate: Any = self._started(self._learning_rate)

    def __setattr__(self, name, value):
        Structure.note(self, name, value)
        super().__setattr__(name, value)

    def _started(self, learning_rate):
        """The learning rate as it is kept: a schedule, a function, or a variable."""
        if isinstance(learning_rate, dict):
            learning_rate = serialization.deserialize_keras_object(learning_rate)
        if isinstance(learning_rate, LearningRateSchedule) or callable(learning_rate) and not hasattr(learning_rate, "stored"):
            return learning_rate
        if isinstance(learning_rate, (str, bool)) or learning_rate is None:
            raise ValueError(f"learning_rate must be a number, a schedule or a function; {learning_rate!r} came.")
        value = float(learning_rate)
        return self.add_variable((), lambda shape, dtype: np.full(shape, value, dtype), "float32", name="learning_rate")

    # Variables

    @property
    def variables(self) -> Any:
        """The state: iterations, learning rate, averages, accumulators, slots."""
        return list(self._variables)

    @property
    def iterations(self) -> Any:
        """How many updates were made."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    def add_variable(
        self,
        shape: Shape,
        initializer: Any = "zeros",
        dtype: DType = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Any:
        """Make a variable of the optimizer's own."""
        with naming.name_scope(self.name, absolute_path=self.name):
            variable = Variable(
                initializer, shape, dtype, trainable=False, autocast=False, aggregation=aggregation, layout=layout, name=name
            )
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Any:
        """Make a variable in the shape and dtype of one of the model's."""
        path = reference_variable.path.replace("/", "_")
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            layout=reference_variable.layout,
            name=f"{path}_{name}" if name else path,
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """Make a variable for each of the model's, or several for each if `name` is a list."""
        names = [name] if isinstance(name, str) else list(name)
        starts = [initializer] * len(names) if isinstance(initializer, str) else list(initializer)
        made: list[list[Any]] = [[] for _ in names]
        for variable in trainable_variables:
            for variables, one, start in zip(made, names, starts):
                skipped = variable.overwrite_with_gradient
                variables.append(None if skipped else self.add_variable_from_reference(variable, one, start))
        return made[0] if isinstance(name, str) else tuple(made)

    def build(self, var_list: Sequence[Variable]) -> None:
        """Make the state for the model's variables."""
        if self.built:
            return
        self._trainable_variables = list(var_list)
        self._positions = None
        if self.use_ema:
            self._averages = self.add_optimizer_variables(self._trainable_variables, "average")
        if self.gradient_accumulation_steps:
            for v in self._trainable_variables:
                self._accumulators.append(self.add_variable_from_reference(v, "gradient_accumulator"))
        for group in self.slot_groups():
            starts = [self.start(name) for name in group]
            self._slots |= zip(group, self.add_optimizer_variables(self._trainable_variables, list(group), starts))
        self.built = True

    def slot_groups(self) -> Any:
        """The groups of slots that these arguments need."""
        return self.slots

    def start(self, slot: Any) -> str:
        """The initializer of a slot."""
        return "zeros"

    def _get_variable_index(self, variable):
        return self._known()[id(variable)]

    def _known(self):
        """The places of the model's variables by their identity, which copies don't share: noted when first needed."""
        if self._positions is None:
            self._positions = {id(v): i for i, v in enumerate(self._trainable_variables)}
        return self._positions

    # The rule

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        """The new value of a variable, and of its slots.

        Args:
            gradient, value: arrays of one shape and dtype, float32 at least, which all others have too.
            learning_rate: a scalar.
            step: the number of this update, from 1, a scalar.
            slots: the slots' values by name.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define rule(...) or update_step(gradient, variable, learning_rate)."
        )

    def update_step(self, gradient: TensorLike, variable: Variable, learning_rate: Any) -> None:
        """Update one variable and its slots; the rule computes in float32 at least."""
        position = self._get_variable_index(variable)
        mine = {name: variables[position] for name, variables in self._slots.items() if variables[position] is not None}
        value = widened(variable.value)
        values = {name: _cast(v.value, dtype_of(value)) for name, v in mine.items()}
        rate, step = (in_dtype_of(value, x) for x in (float32(learning_rate), self.step()))
        new, slots = self.rule(_cast(as_array(gradient), dtype_of(value)), value, rate, step, values)
        variable.assign(_cast(new, variable.dtype))
        for name, value in slots.items():
            mine[name].assign(_cast(value, mine[name].dtype))

    def step(self) -> Any:
        """The number of the update in progress, from 1, as a float32 scalar."""
        return float32(self.iterations) + 1.0

    def assign(self, variable: Variable, value: Any) -> None:
        """Set a variable."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    # Applying gradients

    def apply_gradients(self, grads_and_vars: Any) -> Any:
        """Update variables: `apply` for pairs of gradient and variable."""
        grads, variables = zip(*grads_and_vars)
        self.apply(list(grads), list(variables))
        return self._iterations

    def apply(self, grads: Any, trainable_variables: Sequence[Variable] | None = None) -> None:
        """Update the variables by their gradients.

        Args:
            grads: one gradient for each variable; None where there is none.
            trainable_variables: the variables, those of `build` if not given.

        Raises: ValueError if no variable has a gradient, or if a variable is not one of those of `build`.
        """
        grads = list(grads)
        if not grads:
            return
        with engines.current().no_gradients():
            variables = self._checked(grads, trainable_variables)
            pairs = self._overwrite(self._with_gradients(grads, variables))
            if pairs:
                grads, variables = (list(x) for x in zip(*pairs))
                if self.loss_scale_factor is not None:
                    grads = [g / self.loss_scale_factor for g in grads]
                update = self._accumulate if self.gradient_accumulation_steps else self._update
                update(grads, variables)
            self._finish(variables)
            self._iterations.assign_add(1)

    def _checked(self, grads, variables):
        if variables is None:
            if not self.built:
                raise ValueError("apply(grads) alone needs a built optimizer: call optimizer.build(variables) first.")
            variables = self._trainable_variables
        variables = list(variables)
        if len(grads) != len(variables):
            raise ValueError(f"{len(grads)} gradients came for {len(variables)} variables: give one for each.")
        if not self.built:
            self.build(variables)
        self._check_known(variables)
        return variables

    def _check_known(self, variables):
        if self._is_copy:
            self._adopt(variables)
        for variable in variables:
            if id(variable) not in self._known():
                raise ValueError(
                    f"{self.name} was built for {len(self._known())} variables, and {variable.path!r} is none of them. "
                    "Make a new optimizer for a new model (compile again), or build it with all variables first."
                )

    def _adopt(self, variables):
        """Take variables in the place of their namesakes: an optimizer that was copied alone goes on with those it finds."""
        self._is_copy, named = False, {(v.path, v.shape, v.dtype): v for v in self._trainable_variables}
        found = {id(named.get((v.path, v.shape, v.dtype))): v for v in variables if id(v) not in self._known()}
        self._trainable_variables, self._undecayed = (
            [found.get(id(v), v) for v in mine] for mine in (self._trainable_variables, self._undecayed)
        )
        self._positions = None

    def _with_gradients(self, grads, variables):
        pairs = [(g, v) for g, v in zip(grads, variables) if g is not None]
        missing = [v.path for g, v in zip(grads, variables) if g is None]
        if not pairs:
            raise ValueError(
                f"No variable has a gradient: {', '.join(missing)}. The loss must be computed from the variables inside the "
                "function whose gradients are taken."
            )
        if missing:
            warn(
                f"Gradients do not exist for variables {missing}: the loss does not depend on them, and they stay as they are."
            )
        return [(as_array(g), v) for g, v in pairs]

    def _overwrite(self, pairs):
        """Variables whose gradient is their next value take it, of several steps the largest; the others are left."""
        steps = self.gradient_accumulation_steps
        for gradient, variable in pairs:
            if not variable.overwrite_with_gradient:
                continue
            if steps:
                total = self._accumulators[self._get_variable_index(variable)]
                gathered = ops.maximum(total.value, gradient)
                due = self._is_due()
                variable.assign(ops.where(due, gathered, variable.value))
                total.assign(ops.where(due, ops.zeros_like(gathered), gathered))
            else:
                variable.assign(gradient)
        return [(g, v) for g, v in pairs if not v.overwrite_with_gradient]

    def _is_due(self):
        """Whether the gradients of this step complete an update."""
        return ops.equal(ops.mod(self._iterations.value + 1, self.gradient_accumulation_steps), 0)

    def _accumulate(self, grads, variables):
        """Gather gradients, and update by their mean where those of enough steps are there."""
        steps = self.gradient_accumulation_steps
        totals = [self._accumulators[self._get_variable_index(v)] for v in variables]
        sums = [total.value + _cast(g, total.dtype) for total, g in zip(totals, grads)]
        due = self._is_due()
        run_if(due, lambda: self._update([s / steps for s in sums], variables))
        for total, s in zip(totals, sums):
            total.assign(ops.where(due, ops.zeros_like(s), s))

    def _update(self, grads, variables):
        """One update by complete gradients."""
        grads = clipping.clipped(grads, self.clipnorm, self.clipvalue, self.global_clipnorm)
        learning_rate = float32(self._current_learning_rate())
        self._apply_weight_decay(variables, learning_rate)
        if not self._updated_by_kernel(grads, variables, learning_rate):
            for gradient, variable in zip(grads, variables):
                self.update_step(gradient, variable, learning_rate)

    def _updated_by_kernel(self, grads, variables, learning_rate):
        """Whether the engine had a kernel for this optimizer, which has made the update."""
        update = engines.current().kernels.get(f"update_by_{type(self).__name__}")
        if update is None or not is_own(type(self)) or not state.may_change_in_place():
            return False
        slots = {name: [found[self._get_variable_index(v)] for v in variables] for name, found in self._slots.items()}
        return update(self, grads, variables, learning_rate, as_array(self.iterations), slots) is not NotImplemented

    def _finish(self, variables):
        """What follows an update: averages, then constraints."""
        if self.use_ema:
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))

    def flush_accumulated_gradients(self, variables: Sequence[Variable] | None = None) -> None:
        """Make an update of what has been accumulated since the last one; nothing if there is nothing."""
        steps = self.gradient_accumulation_steps
        if not steps or not self.built:
            return
        variables = [v for v in variables or self._trainable_variables if not v.overwrite_with_gradient]
        totals = [self._accumulators[self._get_variable_index(v)] for v in variables]
        count = ops.mod(self._iterations.value, steps)

        def update():
            share = ops.maximum(float32(count), 1.0)
            self._update([_cast(widened(t.value) / in_dtype_of(widened(t.value), share), t.dtype) for t in totals], variables)
            self._finish(variables)
            for total in totals:
                total.assign(ops.zeros_like(total.value))
            self._iterations.assign_add(steps - count)

        run_if(count > 0, update)

    def stateless_apply(self, optimizer_variables: Any, grads: Any, trainable_variables: Sequence[Variable]) -> Any:
        """`apply` without side effects: values in, `(trainable_values, optimizer_values)` out.

        Raises: ValueError if the optimizer isn't built, or the numbers of values differ.
        """
        if not self.built:
            raise ValueError("stateless_apply needs a built optimizer: call optimizer.build(variables) first.")
        own, model = self.variables, self._trainable_variables
        for what, values, expected in (("optimizer", optimizer_variables, own), ("trainable", trainable_variables, model)):
            if len(values) != len(expected):
                raise ValueError(f"There are {len(expected)} {what} variables; {len(values)} values came.")
        with state.StateScope([*own, *model], [as_array(x) for x in (*optimizer_variables, *trainable_variables)]):
            self.apply(grads)
            return [v.value for v in model], [v.value for v in own]

    # Weight decay

    def exclude_from_weight_decay(self, var_list: Sequence[Variable] | None = None, var_names: Any = None) -> None:
        """Leave variables out of weight decay: by themselves, or by patterns found in their paths."""
        self._undecayed += var_list or ()
        self._undecayed_names += [var_names] if isinstance(var_names, str) else list(var_names or ())

    def _use_weight_decay(self, variable):
        if any(v is variable for v in self._undecayed):
            return False
        return not any(re.search(n, variable.path) for n in self._undecayed_names)

    def _apply_weight_decay(self, variables, learning_rate):
        for variable in variables:
            share = self._weight_decay_of(variable)
            if share is not None and self._use_weight_decay(variable):
                value = widened(variable.value)
                lost = value * in_dtype_of(value, share * learning_rate)
                variable.assign(_cast(value - lost, variable.dtype))

    def _weight_decay_of(self, variable):
        return self.weight_decay

    # Averages

    def _average(self):
        """Take the weights into their averages, which start as the weights after the first step."""
        iterations = as_array(self.iterations)
        momentum = ops.where(ops.equal(iterations, 0), 0.0, float(self.ema_momentum))
        for variable, average in self._averaged():
            value, kept = widened(variable.value), widened(average.value)
            share = in_dtype_of(value, momentum)
            mixed = share * kept + (1.0 - share) * value
            average.assign(_cast(mixed, average.dtype))
        if self.ema_overwrite_frequency:
            due = ops.equal(ops.mod(iterations + 1, self.ema_overwrite_frequency), 0)
            for variable, average in self._averaged():
                variable.assign(ops.where(due, average.value, variable.value))

    def _averaged(self):
        return [(v, a) for v, a in zip(self._trainable_variables, self._averages) if a is not None]

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """At the end of training: the weights become their averages, if averages are kept."""
        if self.use_ema:
            wanted = {id(v) for v in var_list}
            for variable, average in self._averaged():
                if id(variable) in wanted:
                    variable.assign(average.value + 0.0)  # a buffer of its own, that a compiled step may donate

    # The learning rate

    def _current_learning_rate(self):
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations.value)
        return self._learning_rate if hasattr(self._learning_rate, "stored") else self._learning_rate()

    @property  # type: ignore[misc]  # the argument of the name is kept under another one
    def learning_rate(self) -> Any:
        """The learning rate: a variable, or the value of the schedule or function now. It may be set at any time."""
        return self._current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule) or callable(value) and not hasattr(value, "stored"):
            if hasattr(self._learning_rate, "stored"):
                self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = value
        elif not hasattr(self._learning_rate, "stored"):
            raise TypeError(
                f"{self.name} was made with a schedule, so its learning rate can't be set to {value!r}. Make it with a number "
                "(learning_rate=0.001) where a callback or your code sets it."
            )
        else:
            self._learning_rate.assign(np.float32(value) if isinstance(value, (int, float, np.generic)) else value)

    lr = property(lambda self: self.learning_rate, lambda self, value: setattr(self, "learning_rate", value))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # Copying

    def __getstate__(self):
        """What is pickled and copied."""
        return {**vars(self), "_positions": None, "_is_copy": True}

    __copy__ = independent_copy

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the learning rate as it is now."""
        config = super().get_config()
        rate = self._learning_rate
        config["learning_rate"] = float(rate.numpy()) if hasattr(rate, "stored") else serialization.serialize_keras_object(rate)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = serialization.deserialize_keras_object(
                config["learning_rate"], custom_objects=custom_objects
            )
        return cls(**config)
