"""`LossScaleOptimizer`: keeps gradients of low precision from vanishing."""

from kerata.core import registry
from kerata.core.arrays import as_array
from kerata.ops import numpy as knp
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.updates import run_if


class LossScaleOptimizer(Optimizer):
    """Multiplies the loss, and divides gradients, by a scale that falls when gradients overflow and rises when they don't.

    A step whose gradients are not finite is left out; the inner optimizer, and its schedule, do not advance then.

    Args:
        inner_optimizer: the optimizer that makes the updates.
        initial_scale: where the scale starts.
        dynamic_growth_steps: after so many finite steps in a row it is doubled.
        name: the first part of its variables' paths.

    Raises: ValueError if the inner optimizer scales losses itself; TypeError for other arguments.

    >>> from kerata.optimizers.sgd import SGD
    >>> LossScaleOptimizer(SGD(), initial_scale=8.0).inner_optimizer.name[:3]
    'sgd'
    """

    def __init__(self, inner_optimizer, initial_scale=32768.0, dynamic_growth_steps=2000, name=None, **kwargs):
        inner_optimizer = inner_optimizer if isinstance(inner_optimizer, Optimizer) else _optimizer(inner_optimizer)
        super().__init__(learning_rate=0.0, name=name, **kwargs)
        self.inner_optimizer = inner_optimizer
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        self.step_counter = self.dynamic_scale = None

    def build(self, var_list):
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
    def variables(self):
        """The state of both."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self):
        """How many updates were made."""
        return self.inner_optimizer.iterations

    def _current_learning_rate(self):
        return self.inner_optimizer.learning_rate

    @property
    def learning_rate(self):
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        self.inner_optimizer.learning_rate = value

    def check_finite(self, grads):
        """Whether all gradients are finite: a boolean scalar."""
        finite = as_array(True)
        for g in grads:
            finite = knp.logical_and(finite, knp.all(knp.isfinite(g)))
        return finite

    def apply(self, grads, trainable_variables=None):
        """Update the variables by their scaled gradients, if these are finite; then adapt the scale."""
        grads = list(grads)
        if not grads:
            return
        variables = self._checked(grads, trainable_variables)
        finite = self.check_finite([g for g in grads if g is not None])
        scale, count = self.dynamic_scale.value, self.step_counter.value
        plain = [None if g is None else as_array(g) / scale for g in grads]
        run_if(finite, lambda: self.inner_optimizer.apply(plain, variables))
        full = knp.equal(count, self.dynamic_growth_steps - 1)
        grown = knp.where(full, scale * 2.0, scale)
        self.dynamic_scale.assign(knp.where(finite, grown, scale / 2.0))
        again = knp.logical_or(full, knp.logical_not(finite))
        self.step_counter.assign(knp.where(again, knp.zeros_like(count), count + 1))

    def scale_loss(self, loss):
        """The loss times the scale."""
        return loss * (self.dynamic_scale.value if self.built else float(self.initial_scale))

    def flush_accumulated_gradients(self, variables=None):
        """See `Optimizer.flush_accumulated_gradients`."""
        self.inner_optimizer.flush_accumulated_gradients(variables)

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """See `Optimizer.exclude_from_weight_decay`."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def finalize_variable_values(self, var_list):
        """See `Optimizer.finalize_variable_values`."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self):
        """The constructor's arguments."""
        return {
            "name": self.name,
            "inner_optimizer": registry.serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """An optimizer from its config."""
        inner = registry.deserialize_keras_object(config["inner_optimizer"], custom_objects=custom_objects)
        return cls(**config | {"inner_optimizer": inner})


def _optimizer(identifier):
    found = registry.get(identifier, "optimizers")
    if not isinstance(found, Optimizer):
        raise TypeError(f"inner_optimizer must be an optimizer; {identifier!r} came.")
    return found
