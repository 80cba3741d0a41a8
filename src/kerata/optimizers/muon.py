"""Muon: momentum made orthogonal."""

import re
from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.arrays import as_array
from kerata.core.fields import dataclass, field
from kerata.core.types import TensorLike
from kerata.core.variable import Variable
from kerata.optimizers.arguments import LearningRate
from kerata.optimizers.optimizer import Optimizer


@dataclass
class Muon(Optimizer):
    """Matrices take steps whose singular values are near 1; all else is trained by AdamW.

    Source: Jordan 2024, https://kellerjordan.github.io/posts/muon; scaling by Liu et al. 2025, arXiv:2502.16982.

    Args:
        learning_rate: a number, a schedule or a function.
        adam_beta_1, adam_beta_2, epsilon: AdamW's, see `Adam`.
        adam_weight_decay: the weight decay of what AdamW trains.
        weight_decay: that of the matrices.
        exclude_layers: patterns; variables in whose paths one is found are trained by AdamW.
        exclude_embeddings: whether embeddings are trained by AdamW.
        muon_a, muon_b, muon_c: the polynomial of the Newton-Schulz iteration.
        adam_lr_ratio: AdamW's learning rate, as a multiple.
        momentum: how much of the momentum stays in each step.
        ns_steps: how many iterations.
        nesterov: whether the gradient is taken as if ahead.
        rms_rate: the root mean square of a step, times the learning rate; None for no scaling.

    The other arguments are those of `Optimizer`.

    >>> import kerata, numpy as np
    >>> w = kerata.Variable(np.zeros((2, 2)))
    >>> Muon(0.1, rms_rate=None, exclude_embeddings=False).apply([np.array([[-5.0, 0.0], [0.0, -1.0]])], [w])
    >>> np.linalg.svd(w.numpy())[1].round(1).tolist()  # the gradient's are 5 and 1
    [0.10000000149011612, 0.10000000149011612]
    """

    learning_rate: LearningRate = LearningRate(0.001)
    adam_beta_1: float = 0.9
    adam_beta_2: float = 0.999
    adam_weight_decay: float = 0.004
    epsilon: float = 1e-7
    weight_decay: float | None = field(default=0.004, kw_only=True)
    exclude_layers: Sequence[str] | None = field(default=None, kw_only=True)
    exclude_embeddings: bool = field(default=True, kw_only=True)
    muon_a: float = field(default=3.4445, kw_only=True)
    muon_b: float = field(default=-4.775, kw_only=True)
    muon_c: float = field(default=2.0315, kw_only=True)
    adam_lr_ratio: float = field(default=1, kw_only=True)
    momentum: float = field(default=0.95, kw_only=True)
    ns_steps: int = field(default=5, kw_only=True)
    nesterov: bool = field(default=True, kw_only=True)
    rms_rate: float | None = field(default=0.2, kw_only=True)

    def build(self, var_list: Sequence[Variable]) -> None:
        """Make the state: a momentum each, and a velocity for what AdamW trains."""
        if self.built:
            return
        super().build(var_list)
        self.exclude_layers = self.exclude_layers or []
        self._slots = {"momentum": [], "velocity": []}
        for variable in self._trainable_variables:
            skipped = variable.overwrite_with_gradient
            momentum = None if skipped else self.add_variable_from_reference(variable, "momentum")
            adam = not skipped and self._uses_adam(variable)
            self._slots["momentum"].append(momentum)
            self._slots["velocity"].append(self.add_variable_from_reference(variable, "velocity") if adam else None)

    def _uses_adam(self, variable):
        if len(variable.shape) != 2:
            return True
        if self.exclude_embeddings and "embedding" in variable.path.lower():
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers or ())

    def _weight_decay_of(self, variable):
        return self.adam_weight_decay if self._uses_adam(variable) else self.weight_decay

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        if "velocity" in slots:
            return self._adam(gradient, value, learning_rate * float(self.adam_lr_ratio), step, slots)
        momentum = self.momentum * slots["momentum"] + gradient
        ahead = self.momentum * momentum + gradient if self.nesterov else momentum
        move = self.lr_adjust(self.zeropower_via_newtonschulz5(ahead, self.ns_steps))
        return value - learning_rate * move, {"momentum": momentum}

    def _adam(self, gradient, value, learning_rate, step, slots):
        rate = learning_rate * ops.sqrt(1.0 - ops.power(self.adam_beta_2, step)) / (1.0 - ops.power(self.adam_beta_1, step))
        momentum = slots["momentum"] + (gradient - slots["momentum"]) * (1.0 - self.adam_beta_1)
        velocity = slots["velocity"] + (ops.square(gradient) - slots["velocity"]) * (1.0 - self.adam_beta_2)
        new = value - momentum * rate / (ops.sqrt(velocity) + self.epsilon)
        return new, {"momentum": momentum, "velocity": velocity}

    def transpose_last_axis(self, X: TensorLike) -> Any:
        """The last two axes exchanged."""
        return ops.swapaxes(X, -1, -2)

    def lr_adjust(self, x: TensorLike) -> Any:
        """A step scaled so that matrices of all shapes move alike."""
        rows, columns = x.shape[-2], x.shape[-1]
        if self.rms_rate is None:
            return x
        return x * (self.rms_rate * max(rows, columns) ** 0.5)

    def zeropower_via_newtonschulz5(self, x: TensorLike, steps: int) -> Any:
        """The nearest orthogonal matrix, roughly: singular values from 0.7 to 1.2, by a quintic iteration."""
        wide = x.shape[-2] <= x.shape[-1]
        x = x if wide else self.transpose_last_axis(x)
        x = as_array(x)
        x = x / (ops.sqrt(ops.sum(ops.square(x), (-2, -1), keepdims=True)) + self.epsilon)
        for _ in range(steps):
            gram = ops.matmul(x, self.transpose_last_axis(x))
            x = self.muon_a * x + ops.matmul(self.muon_b * gram + self.muon_c * ops.matmul(gram, gram), x)
        return x if wide else self.transpose_last_axis(x)
