"""The optimizers of Keras 1 and Keras 2: their rules, and `decay`.

What differs from today's: `decay` makes the learning rate fall, `lr / (1 + decay * iterations)`; `clipnorm` is the norm of all
gradients together; epsilon is added outside of roots; Adagrad starts from 0, and Nadam has a schedule of its own.
"""

from typing import Any

from kerata import ops, optimizers
from kerata.compat import editions
from kerata.compat.by_generation import ByGeneration
from kerata.core.arguments import Number
from kerata.core.fields import dataclass, field
from kerata.core.types import TensorLike
from kerata.optimizers.arguments import LearningRate
from kerata.optimizers.optimizer import Optimizer as TodaysOptimizer
from kerata.optimizers.updates import float32

__all__ = ["Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "RMSprop", "SGD", "TFOptimizer", "clip_norm"]


@dataclass
class Decaying(TodaysOptimizer):
    """An optimizer whose learning rate falls with the steps.

    Args:
        decay: after so many steps as its inverse the learning rate is half of what it was.
    """

    decay: Number = field(default=0.0, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if self.clipnorm is not None:
            self.clipnorm, self.global_clipnorm = None, self.clipnorm

    def _current_learning_rate(self):
        rate = super()._current_learning_rate()
        return float32(rate) / (1.0 + self.decay * float32(self.iterations)) if self.decay else rate

    @property  # type: ignore[misc]  # the argument of the name is kept under another one
    def learning_rate(self) -> Any:
        """The learning rate at the beginning: a variable, which may be set at any time."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        TodaysOptimizer.learning_rate.fset(self, value)  # type: ignore[attr-defined]

    lr = learning_rate


@dataclass
class SGD2(Decaying, optimizers.SGD):
    """Gradient descent, with momentum."""

    public_name = "SGDWithDecay"


@dataclass
class Adam2(Decaying, optimizers.Adam):
    """Adam. Source: arXiv:1412.6980."""

    public_name = "AdamWithDecay"


@dataclass
class Adamax2(Decaying, optimizers.Adamax):
    """Adamax. Source: arXiv:1412.6980, section 7.1."""

    public_name = "AdamaxWithDecay"

    learning_rate: LearningRate = LearningRate(0.002)

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        momentum = self.beta_1 * slots["momentum"] + (1.0 - self.beta_1) * gradient
        norm = ops.maximum(self.beta_2 * slots["norm"], ops.absolute(gradient))
        rate = learning_rate / (1.0 - ops.power(self.beta_1, step))
        return value - rate * momentum / (norm + self.epsilon), {"momentum": momentum, "norm": norm}


@dataclass
class RMSprop2(Decaying):
    """Steps over the root of the mean of the squared gradients.

    Source: Tieleman and Hinton 2012, Lecture 6.5.
    """

    slots = (("velocity",),)
    elementwise = True
    public_name = "RMSpropWithDecay"

    learning_rate: LearningRate = LearningRate(0.001)
    rho: Number = 0.9  # type: ignore[assignment]
    epsilon: Number = 1e-7  # type: ignore[assignment]

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        velocity = self.rho * slots["velocity"] + (1.0 - self.rho) * ops.square(gradient)
        return value - learning_rate * gradient / (ops.sqrt(velocity) + self.epsilon), {"velocity": velocity}


@dataclass
class Adagrad2(Decaying):
    """Steps over the root of the sum of the squared gradients. Source: Duchi et al. 2011."""

    slots = (("accumulator",),)
    elementwise = True
    public_name = "AdagradWithDecay"

    learning_rate: LearningRate = LearningRate(0.01)
    epsilon: Number = 1e-7  # type: ignore[assignment]

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        accumulator = slots["accumulator"] + ops.square(gradient)
        return value - learning_rate * gradient / (ops.sqrt(accumulator) + self.epsilon), {"accumulator": accumulator}


@dataclass
class Adadelta2(Decaying):
    """Steps in the units of the weights. Source: Zeiler 2012, arXiv:1212.5701."""

    slots = (("accumulated_grad", "accumulated_delta_var"),)
    elementwise = True
    public_name = "AdadeltaWithDecay"

    learning_rate: LearningRate = LearningRate(1.0)
    rho: Number = 0.95  # type: ignore[assignment]
    epsilon: Number = 1e-7  # type: ignore[assignment]

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        squares = self.rho * slots["accumulated_grad"] + (1.0 - self.rho) * ops.square(gradient)
        before = slots["accumulated_delta_var"]
        delta = gradient * ops.sqrt(before + self.epsilon) / ops.sqrt(squares + self.epsilon)
        deltas = self.rho * before + (1.0 - self.rho) * ops.square(delta)
        return value - learning_rate * delta, {"accumulated_grad": squares, "accumulated_delta_var": deltas}


@dataclass
class Nadam2(Decaying, optimizers.Nadam):
    """Adam with Nesterov's momentum, whose momentum grows by a schedule. Source: Dozat 2015."""

    public_name = "NadamWithSchedule"

    learning_rate: LearningRate = LearningRate(0.002)
    schedule_decay: Number = field(default=0.004, kw_only=True)

    def _schedule(self, step):
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, step * self.schedule_decay))


def _then(cls, today):
    """The class of Keras 1 and Keras 2; the others have today's."""

    def make(generation):
        if generation.name not in ("keras1", "keras2"):
            return None
        name = today.__name__
        return editions.edition_of_class(editions.Call(generation.name, cls, "optimizers", name, {}), stands_for=today)

    return ByGeneration(make)


Adadelta = _then(Adadelta2, optimizers.Adadelta)
Adagrad = _then(Adagrad2, optimizers.Adagrad)
Adam = _then(Adam2, optimizers.Adam)
Adamax = _then(Adamax2, optimizers.Adamax)
Nadam = _then(Nadam2, optimizers.Nadam)
RMSprop = _then(RMSprop2, optimizers.RMSprop)
SGD = _then(SGD2, optimizers.SGD)


def TFOptimizer(optimizer: Any) -> Any:
    """Refused: an optimizer of TensorFlow 1 works on its graph.

    Raises: TypeError.
    """
    raise TypeError(
        f"{type(optimizer).__name__} is an optimizer of TensorFlow 1's graphs. Use the one of the same name in keras.optimizers."
    )


def clip_norm(g: TensorLike, c: float, n: TensorLike) -> Any:
    """The gradient `g` scaled so that a norm `n` becomes `c` where it is larger; as it is for c <= 0.

    >>> clip_norm([3.0, 4.0], 1.0, 5.0).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    if c <= 0:
        return g
    return ops.where(ops.greater_equal(n, c), ops.multiply(g, ops.divide(c, n)), g)
