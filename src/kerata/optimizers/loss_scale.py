"""`LossScaleOptimizer`: keeps gradients of low precision from vanishing."""

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core import serialization
from kerata.core.arrays import as_array
from kerata.core.fields import Field, dataclass, field, fields
from kerata.core.variable import Variable
from kerata.optimizers import lookup
from kerata.optimizers.arguments import LearningRate
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.updates import run_if


class InnerOptimizer(Field[Optimizer | str | dict[str, Any], Optimizer]):
    """An optimizer, its name or its JSON form."""

    def convert(self, value, name, owner):
        """Raises: TypeError for what is none."""
        found = lookup.get(value) if isinstance(value, (str, dict, type)) else value
        if not isinstance(found, Optimizer):
            raise TypeError(f"{name} must be an optimizer; {value!r} came.")
        return found


@dataclass
class _WithoutRate(Optimizer):
    """An optimizer that has no learning rate of its own."""

    learning_rate: LearningRate = field(default=0.0, init=False)

    def __post_init__(self):
        self._learning_rate = 0.0
        super().__post_init__()


@dataclass(unlisted=tuple(name for name in fields(_WithoutRate) if name != "name"))
class LossScaleOptimizer(_WithoutRate):
    """Multiplies the loss, and divides gradients, by a scale that falls when gradients overflow and rises when they don't.

    A step whose gradients are not finite is left out; the inner optimizer, and its schedule, do not advance then.

    Args:
        inner_optimizer: the optimizer that makes the updates.
        initial_scale: where the scale starts.
        dynamic_growth_steps: after so many finite steps in a row it is doubled.
        name: the first part of its variables' paths.

    Raises: ValueError for arguments of the inner optimizer, which are given to that; TypeError for an inner one that is none.

    >>> from kerata.optimizers.sgd import SGD
    >>> LossScaleOptimizer(SGD(), initial_scale=8.0).inner_optimizer.name[:3]
    'sgd'
    """

    inner_optimizer: InnerOptimizer
    initial_scale: float = 32768.0
    dynamic_growth_steps: int = 2000

    def __post_init__(self):
        super().__post_init__()
        for name, argument in fields(_WithoutRate).items():
            if name != "name" and getattr(self, name, None) not in (None, argument.default) and name != "learning_rate":
                raise ValueError(f"LossScaleOptimizer takes no {name}: give it to the inner optimizer.")
        self.step_counter: Any = None
        self.dynamic_scale: Any = None

    def build(self, var_list: Sequence[Variable]) -> None:
        """Make the state of both optimizers."""
        if self.built:
            return
        start = float(self.initial_scale)
        self.step_counter = self.add_variable((), "zeros", "int32", name="step_counter")
        self.dynamic_scale = self.add_variable((), "ones", "float32", name="dynamic_scale")
        self.dynamic_scale.assign(as_array(start))
        self.inner_optimizer.build(var_list)
        super().build(var_list)

    @property
    def variables(self) -> Any:
        """The state of both."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """How many updates were made."""
        return self.inner_optimizer.iterations

    def _current_learning_rate(self):
        return self.inner_optimizer.learning_rate

    @property  # type: ignore[misc]  # the argument of the name is kept under another one
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    def check_finite(self, grads: Any) -> Any:
        """Whether all gradients are finite: a boolean scalar."""
        finite = as_array(True)
        for g in grads:
            finite = ops.logical_and(finite, ops.all(ops.isfinite(g)))
        return finite

    def apply(self, grads: Any, trainable_variables: Sequence[Variable] | None = None) -> None:
        """Update the variables by their scaled gradients, if these are finite; then adapt the scale."""
        grads = list(grads)
        if not grads:
            return
        variables = self._checked(grads, trainable_variables)
        finite = self.check_finite([g for g in grads if g is not None])
        scale, count = self.dynamic_scale.value, self.step_counter.value
        plain = [None if g is None else as_array(g) / scale for g in grads]
        run_if(finite, lambda: self.inner_optimizer.apply(plain, variables))
        full = ops.equal(count, self.dynamic_growth_steps - 1)
        grown = ops.where(full, scale * 2.0, scale)
        self.dynamic_scale.assign(ops.where(finite, grown, scale / 2.0))
        again = ops.logical_or(full, ops.logical_not(finite))
        self.step_counter.assign(ops.where(again, ops.zeros_like(count), count + 1))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale."""
        return loss * (self.dynamic_scale.value if self.built else float(self.initial_scale))

    def flush_accumulated_gradients(self, variables: Sequence[Variable] | None = None) -> None:
        self.inner_optimizer.flush_accumulated_gradients(variables)

    def exclude_from_weight_decay(self, var_list: Sequence[Variable] | None = None, var_names: Any = None) -> None:
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "inner_optimizer": serialization.serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        inner = serialization.deserialize_keras_object(config["inner_optimizer"], custom_objects=custom_objects)
        return cls(**config | {"inner_optimizer": inner})
