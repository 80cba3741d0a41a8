"""Gradient descent, with momentum if asked for."""

from kerata.optimizers.optimizer import Optimizer


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

    defaults = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}
    elementwise = True

    def _check_arguments(self):
        super()._check_arguments()
        if not isinstance(self.momentum, (int, float)) or not 0 <= self.momentum <= 1:
            raise ValueError(f"momentum must be from 0 to 1; {self.momentum!r} came.")

    def build(self, variables):
        """Make the state for the model's variables."""
        super().build(variables)

    def slot_groups(self):
        return (("momentum",),) if self.momentum else ()

    def rule(self, gradient, value, learning_rate, step, slots):
        if not self.momentum:
            return value - learning_rate * gradient, {}
        momentum = self.momentum * slots["momentum"] - learning_rate * gradient
        ahead = self.momentum * momentum - learning_rate * gradient if self.nesterov else momentum
        return value + ahead, {"momentum": momentum}
