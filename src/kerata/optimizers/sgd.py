"""Gradient descent, with momentum if asked for."""

from collections.abc import Sequence
from typing import Any

from kerata.core.arguments import Share
from kerata.core.fields import dataclass
from kerata.core.types import TensorLike
from kerata.core.variable import Variable
from kerata.optimizers.arguments import LearningRate
from kerata.optimizers.optimizer import Optimizer


@dataclass
class SGD(Optimizer):
    """w -= learning_rate * g; with momentum v = momentum * v - learning_rate * g and w += v.

    Args:
        learning_rate: a number, a schedule or a function.
        momentum: from 0 to 1.
        nesterov: whether the gradient is taken as if ahead, after Nesterov.

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> SGD(0.5).apply([[1.0]], [w])
    >>> w.numpy().tolist()
    [0.5]
    """

    elementwise = True

    learning_rate: LearningRate = LearningRate(0.01)
    momentum: Share = Share(0.0)
    nesterov: bool = False

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)

    def slot_groups(self) -> Any:
        return (("momentum",),) if self.momentum else ()

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        if not self.momentum:
            return value - learning_rate * gradient, {}
        momentum = self.momentum * slots["momentum"] - learning_rate * gradient
        ahead = self.momentum * momentum - learning_rate * gradient if self.nesterov else momentum
        return value + ahead, {"momentum": momentum}
