"""Optimizers whose steps adapt to the size of past gradients: RMSprop, Adagrad, Adadelta, Adafactor, Ftrl."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata import ops
from kerata.core.arguments import Number
from kerata.core.fields import dataclass
from kerata.core.types import TensorLike
from kerata.core.variable import Variable
from kerata.optimizers.arguments import LearningRate
from kerata.optimizers.optimizer import Optimizer


def _filled(value):
    return lambda shape, dtype: np.full(shape, value, "float32")


@dataclass
class RMSprop(Optimizer):
    """The gradient over the root of the running mean of its square. Source: Tieleman and Hinton 2012.

    Args:
        learning_rate: a number, a schedule or a function.
        rho: how much of the mean square stays in each step.
        momentum: how much of the last step stays.
        epsilon: added to the mean square.
        centered: whether the square of the mean is taken off.

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> RMSprop(0.1).apply([[3.0]], [w])  # 1 - 0.1 / sqrt(0.1)
    >>> round(float(w.numpy()[0]), 4)
    0.6838
    """

    elementwise = True

    learning_rate: LearningRate = LearningRate(0.001)
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    def slot_groups(self) -> Any:
        momentum = (("momentum",),) if self.momentum > 0 else ()
        return (("velocity",), *momentum, *((("average_gradient",),) if self.centered else ()))

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        new = {"velocity": self.rho * slots["velocity"] + (1.0 - self.rho) * ops.square(gradient)}
        square = new["velocity"] + self.epsilon
        if self.centered:
            new["average_gradient"] = self.rho * slots["average_gradient"] + (1.0 - self.rho) * gradient
            square = square - ops.square(new["average_gradient"])
        move = learning_rate * gradient / ops.sqrt(square)
        if self.momentum > 0:
            move = new["momentum"] = self.momentum * slots["momentum"] + move
        return value - move, new


@dataclass
class Adagrad(Optimizer):
    """The gradient over the root of the sum of its squares. Source: Duchi et al. 2011, JMLR 12.

    Args:
        learning_rate: a number, a schedule or a function.
        initial_accumulator_value: where the sum starts.
        epsilon: added to the sum.

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w, optimizer = kerata.Variable([1.0]), Adagrad(0.1, initial_accumulator_value=0.0)
    >>> for step in range(2):
    ...     optimizer.apply([[3.0]], [w])
    ...     print(round(float(w.numpy()[0]), 4))
    0.9
    0.8293
    """

    slots = (("accumulator",),)
    elementwise = True

    learning_rate: LearningRate = LearningRate(0.001)
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7

    def start(self, slot: Any) -> Any:
        return _filled(self.initial_accumulator_value)

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        total = slots["accumulator"] + ops.square(gradient)
        return value - learning_rate * gradient / ops.sqrt(total + self.epsilon), {"accumulator": total}


@dataclass
class Adadelta(Optimizer):
    """Steps in the units of the weights: past steps over past gradients. Source: Zeiler 2012, arXiv:1212.5701.

    Args:
        learning_rate: a number, a schedule or a function; 1.0 in the paper.
        rho: how much of the running means stays in each step.
        epsilon: added to them.

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> Adadelta(1.0, epsilon=1e-4).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9553
    """

    slots = (("accumulated_grad", "accumulated_delta_var"),)
    elementwise = True

    learning_rate: LearningRate = LearningRate(0.001)
    rho: float = 0.95
    epsilon: float = 1e-7

    def update_step(self, grad: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable and its slots."""
        super().update_step(grad, variable, learning_rate)

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        squares = self.rho * slots["accumulated_grad"] + (1.0 - self.rho) * ops.square(gradient)
        moves = slots["accumulated_delta_var"]
        move = -ops.sqrt(moves + self.epsilon) * gradient / ops.sqrt(squares + self.epsilon)
        moves = self.rho * moves + (1.0 - self.rho) * ops.square(move)
        return value + learning_rate * move, {"accumulated_grad": squares, "accumulated_delta_var": moves}


@dataclass
class Adafactor(Optimizer):
    """Adam with the mean squares of a matrix kept as row and column sums. Source: arXiv:1804.04235.

    Args:
        learning_rate: a number, a schedule or a function.
        beta_2_decay: the power of the step by which the mean square forgets.
        epsilon_1: added to squares.
        epsilon_2: the least size of a weight, for relative steps.
        clip_threshold: steps of a larger root mean square are made smaller.
        relative_step: whether the learning rate is at most 1 / sqrt(step).

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> optimizer = Adafactor(0.1)
    >>> optimizer.build([kerata.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])])
    >>> [v.shape for v in optimizer.variables if v.shape]  # rows, columns, and the mean square that vectors use
    [(2,), (3,), (2, 3)]
    """

    learning_rate: LearningRate = LearningRate(0.001)
    beta_2_decay: float = -0.8
    epsilon_1: float = 1e-30
    epsilon_2: float = 0.001
    clip_threshold: float = 1.0
    relative_step: bool = True

    def build(self, var_list: Sequence[Variable]) -> None:
        """Make the state: rows, columns and mean squares; vectors have placeholders for the first two, as in Keras's files."""
        if self.built:
            return
        super().build(var_list)
        self._slots = {"row": [], "column": [], "velocity": []}
        for variable in self._trainable_variables:
            for name, made in zip(self._slots, self._state_of(variable)):
                self._slots[name].append(made)

    def _state_of(self, variable):
        if variable.overwrite_with_gradient:
            return None, None, None
        shape = variable.shape
        if len(shape) < 2:
            first, second = (Variable(np.int32(0), trainable=False, autocast=False, name=variable.name) for _ in range(2))
            self._variables += [first, second]
        else:
            first = self.add_variable(shape[:-1], "zeros", variable.dtype, name=variable.name)
            second = self.add_variable((*shape[:-2], shape[-1]), "zeros", variable.dtype, name=variable.name)
        return first, second, self.add_variable_from_reference(variable, "velocity")

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        keep = 1.0 - ops.power(step, self.beta_2_decay)
        if self.relative_step:
            learning_rate = ops.minimum(learning_rate, 1.0 / ops.sqrt(step))
        rate = ops.maximum(self.epsilon_2, _root_mean_square(value)) * learning_rate
        squares = ops.square(gradient) + self.epsilon_1
        new = {}
        if len(value.shape) >= 2:
            row = new["row"] = keep * slots["row"] + (1.0 - keep) * ops.mean(squares, -1)
            column = new["column"] = keep * slots["column"] + (1.0 - keep) * ops.mean(squares, -2)
            share = row / ops.mean(row, -1, keepdims=True)
            velocity = ops.expand_dims(share, -1) * ops.expand_dims(column, -2)
        else:
            velocity = keep * slots["velocity"] + (1.0 - keep) * squares
        move = gradient / ops.sqrt(velocity)
        move = move / ops.maximum(1.0, _root_mean_square(move) / self.clip_threshold)
        return value - rate * move, new | {"velocity": velocity}


def _root_mean_square(x):
    return ops.sqrt(ops.mean(ops.square(x)))


@dataclass
class Ftrl(Optimizer):
    """Follow the regularized leader: sparse weights. Source: McMahan et al. 2013, doi:10.1145/2487575.2488200.

    Args:
        learning_rate: a number, a schedule or a function.
        learning_rate_power: at most 0; how the learning rate falls.
        initial_accumulator_value: where the sum of squares starts; not negative.
        l1_regularization_strength, l2_regularization_strength: penalties on the weights.
        l2_shrinkage_regularization_strength: a penalty on their size that does not depend on the gradient.
        beta: added to the root of the sum of squares.

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w = kerata.Variable([1.0, 1.0])
    >>> Ftrl(0.1, l1_regularization_strength=5.0).apply([[30.0, 0.1]], [w])
    >>> [round(x, 4) for x in w.numpy().tolist()]
    [0.8728, 0.0]
    """

    slots = (("accumulator", "linear"),)
    elementwise = True

    learning_rate: LearningRate = LearningRate(0.001)
    learning_rate_power: Number = Number(-0.5, most=0)
    initial_accumulator_value: Number = Number(0.1, least=0)
    l1_regularization_strength: Number = Number(0.0, least=0)
    l2_regularization_strength: Number = Number(0.0, least=0)
    l2_shrinkage_regularization_strength: Number = Number(0.0, least=0)
    beta: float = 0.0

    def start(self, slot: Any) -> Any:
        return _filled(self.initial_accumulator_value) if slot == "accumulator" else "zeros"

    def rule(self, gradient: TensorLike, value: Any, learning_rate: Any, step: Any, slots: Any) -> Any:
        power, l1 = -self.learning_rate_power, self.l1_regularization_strength
        shrunk = gradient + 2.0 * self.l2_shrinkage_regularization_strength * value
        before, total = slots["accumulator"], slots["accumulator"] + ops.square(gradient)
        linear = slots["linear"] + shrunk
        linear = linear - (ops.power(total, power) - ops.power(before, power)) / learning_rate * value
        l2 = self.l2_regularization_strength + self.beta / (2.0 * learning_rate)
        quadratic = ops.power(total, power) / learning_rate + 2.0 * l2
        return (ops.clip(linear, -l1, l1) - linear) / quadratic, {"accumulator": total, "linear": linear}
