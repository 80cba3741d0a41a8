"""Adam and its kin."""

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.arguments import Number
from kerata.core.arrays import as_array, cast as _cast
from kerata.core.fields import dataclass
from kerata.core.types import TensorLike
from kerata.core.variable import Variable
from kerata.optimizers.arguments import LearningRate
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.updates import in_dtype_of


@dataclass
class AdamLike(Optimizer):
    """An optimizer that goes by the running means of the gradient and of its square."""

    learning_rate: LearningRate = LearningRate(0.001)
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def _moments(self, gradient, slots):
        """The running means of the gradient and of its square."""
        momentum = slots["momentum"] + (gradient - slots["momentum"]) * (1.0 - self.beta_1)
        velocity = slots["velocity"] + (ops.square(gradient) - slots["velocity"]) * (1.0 - self.beta_2)
        return momentum, velocity


@dataclass
class Adam(AdamLike):
    """Steps by the mean of the gradients over the root of the mean of their squares. Source: arXiv:1412.6980.

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: how much of the mean stays in each step.
        beta_2: how much of the mean square stays.
        epsilon: added to the root.
        amsgrad: whether the largest mean square so far is taken (Reddi et al. 2018).

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> Adam(0.1).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    elementwise = True

    amsgrad: bool = False

    def slot_groups(self) -> Any:
        hat = (("velocity_hat",),) if self.amsgrad else ()
        return (("momentum", "velocity"), *hat)

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        rate = learning_rate * ops.sqrt(1.0 - ops.power(self.beta_2, step)) / (1.0 - ops.power(self.beta_1, step))
        momentum, velocity = self._moments(gradient, slots)
        new = {"momentum": momentum, "velocity": velocity}
        if self.amsgrad:
            velocity = new["velocity_hat"] = ops.maximum(slots["velocity_hat"], velocity)
        return value - momentum * rate / (ops.sqrt(velocity) + self.epsilon), new


@dataclass
class AdamW(Adam):
    """Adam with weight decay. Source: Loshchilov and Hutter 2017, arXiv:1711.05101.

    Args:
        weight_decay: the share, times the learning rate, that weights lose in each step.

    The other arguments are those of `Adam` and `Optimizer`.

    >>> AdamW(weight_decay=0.01).weight_decay
    0.01
    """

    weight_decay: float = 0.004

    def __post_init__(self):
        super().__post_init__()
        if self.weight_decay is None:
            raise ValueError("AdamW needs a weight_decay; None came. Use Adam for none.")


@dataclass
class Adamax(AdamLike):
    """Adam with the largest gradient so far in the place of the root of the mean square. Source: arXiv:1412.6980.

    Arguments as for `Adam`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> Adamax(0.1).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    slots = (("momentum", "norm"),)
    elementwise = True

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        momentum = slots["momentum"] + (gradient - slots["momentum"]) * (1.0 - self.beta_1)
        norm = ops.maximum(self.beta_2 * slots["norm"], ops.absolute(gradient))
        new = value - learning_rate * momentum / ((1.0 - ops.power(self.beta_1, step)) * (norm + self.epsilon))
        return new, {"momentum": momentum, "norm": norm}


@dataclass
class Nadam(AdamLike):
    """Adam with Nesterov's momentum. Source: Dozat 2015. Arguments as for `Adam`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> Nadam(0.1).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.8937
    """

    slots = (("momentum", "velocity"),)
    elementwise = True

    def build(self, var_list: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(var_list)
        # The product of the momentum's schedule so far.
        self._product = self.add_variable((), "ones", "float32", name="u_product")

    def _schedule(self, step):
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, step))

    def _update(self, grads, variables):
        self._product.assign(self._product.value * self._schedule(self.step()))
        super()._update(grads, variables)

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        product = in_dtype_of(value, as_array(self._product))
        now, ahead = self._schedule(step), self._schedule(step + 1.0)
        momentum, velocity = self._moments(gradient, slots)
        mean = ahead * momentum / (1.0 - product * ahead) + (1.0 - now) * gradient / (1.0 - product)
        square = velocity / (1.0 - ops.power(self.beta_2, step))
        new = value - mean * learning_rate / (ops.sqrt(square) + self.epsilon)
        return new, {"momentum": momentum, "velocity": velocity}


@dataclass
class Lamb(AdamLike):
    """Adam's step, as long as the weight's norm. Source: You et al. 2019, arXiv:1904.00962. Arguments as for `Adam`.

    >>> import kerata
    >>> w = kerata.Variable([3.0, 4.0])  # of norm 5: a step is 5 times the learning rate long
    >>> Lamb(0.1).apply([[1.0, 0.0]], [w])
    >>> [round(x, 4) for x in w.numpy().tolist()]
    [2.5, 4.0]
    """

    slots = (("momentum", "velocity"),)

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        momentum, velocity = self._moments(gradient, slots)
        mean = momentum / (1.0 - ops.power(self.beta_1, step))
        root = ops.sqrt(velocity / (1.0 - ops.power(self.beta_2, step)))
        direction = mean / (root + self.epsilon)
        size, length = (ops.sqrt(ops.sum(ops.square(x))) for x in (value, direction))
        both = ops.logical_and(size > 0, length > 0)
        trust = ops.where(both, size / ops.where(length > 0, length, 1.0), 1.0)
        return value - trust * learning_rate * direction, {"momentum": momentum, "velocity": velocity}


@dataclass
class Lion(Optimizer):
    """Steps of one length, by the sign of the momentum. Source: Chen et al. 2023, arXiv:2302.06675.

    Args:
        learning_rate: a number, a schedule or a function; about a tenth of that for Adam, as all steps are of full length.
        beta_1: how much of the momentum, against the gradient, the sign is taken of.
        beta_2: how much of the momentum stays in each step.

    The other arguments are those of `Optimizer`.

    Raises: ValueError unless `beta_1` is above 0 and at most 1.

    >>> import kerata
    >>> w = kerata.Variable([1.0, 1.0])
    >>> Lion(0.1).apply([[3.0, -0.01]], [w])
    >>> [round(x, 4) for x in w.numpy().tolist()]
    [0.9, 1.1]
    """

    slots = (("momentum",),)
    elementwise = True

    learning_rate: LearningRate = LearningRate(0.001)
    beta_1: Number = Number(0.9, above=0, most=1)
    beta_2: float = 0.99

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        mixed = slots["momentum"] * self.beta_1 + gradient * (1.0 - self.beta_1)
        momentum = slots["momentum"] * self.beta_2 + gradient * (1.0 - self.beta_2)
        return value - learning_rate * ops.sign(mixed), {"momentum": momentum}


@dataclass
class ScheduleFreeAdamW(Optimizer):
    """AdamW that needs no schedule, by averaging its iterates. Source: Defazio et al. 2024, arXiv:2405.15682.

    Args:
        learning_rate: a number.
        beta_1: where, between the fast iterate and the average, gradients are taken.
        beta_2: how much of the mean square stays.
        epsilon: added to its root.
        warmup_steps: over so many updates the learning rate rises to its value.

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> ScheduleFreeAdamW(0.1).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    slots = (("momentum", "velocity"),)
    elementwise = True

    learning_rate: LearningRate = LearningRate(0.0025)
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    warmup_steps: int = 0

    def build(self, var_list: Sequence[Variable]) -> None:
        """Make the state for the model's variables; the fast iterate starts where the weights are."""
        if self.built:
            return
        super().build(var_list)
        for variable, fast in zip(self._trainable_variables, self._slots["momentum"]):
            if fast is not None:
                fast.assign(_cast(variable.value + 0.0, fast.dtype))  # a buffer of its own

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        if self.warmup_steps:
            learning_rate = learning_rate * ops.minimum(step / float(self.warmup_steps), 1.0)
        velocity = self.beta_2 * slots["velocity"] + (1.0 - self.beta_2) * ops.square(gradient)
        root = ops.sqrt(velocity / (1.0 - ops.power(self.beta_2, step))) + self.epsilon
        direction = gradient / root
        share = 1.0 / step
        fast = slots["momentum"]
        new = value + (fast - value) * share + direction * (learning_rate * (self.beta_1 * (1.0 - share) - 1.0))
        return new, {"momentum": fast - learning_rate * direction, "velocity": velocity}
