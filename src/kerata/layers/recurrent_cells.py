"""What a recurrent layer does at one step."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import optree

from kerata import ops, random
from kerata.core.arrays import to_numpy
from kerata.core.fields import Field, dataclass
from kerata.core.seeds import SeedGenerator
from kerata.core.serialization import deserialize_keras_object
from kerata.core.signatures import accepts
from kerata.core.types import Shape, TensorLike, Tree
from kerata.layers.arguments import Activation, Constraint, Initializer, PositiveInt, Regularizer, make_weight
from kerata.layers.layer import Layer
from kerata.ops.rnn import gru_step, lstm_step, simple_rnn_step, split_gru_bias


class Dropout(Field[float, float]):
    """A share; what is out of 0 to 1 is taken as the nearer of the two."""

    def convert(self, value, name, owner):
        """A number from 0 to 1."""
        return min(1.0, max(0.0, value))


class DropoutCell(Layer):
    """The base of kerata's own cells: one dropout mask for all steps of a sequence.

    A mask is drawn at each call, unless the layer around has drawn those of the sequence and put them into `_masks`.
    """

    _masks: Any = None
    dropout: Any
    recurrent_dropout: Any
    seed: Any

    def __post_init__(self):
        self.seed_generator = SeedGenerator(self.seed)

    def draw_masks(self, input_shape: Shape, state_shape: Shape) -> Any:
        """Dropout masks of the inputs and of the recurrent state, None for a rate of 0."""
        shaped = ((input_shape, self.dropout), (state_shape, self.recurrent_dropout))
        return tuple(
            random.dropout(ops.ones(shape, self.compute_dtype), rate, seed=self.seed_generator) if rate else None
            for shape, rate in shaped
        )

    def _dropped(self, inputs, h, training):
        """The inputs and the state, with dropout while training."""
        if not training:
            return inputs, h
        masks = self._masks or self.draw_masks(ops.shape(inputs), ops.shape(h))
        return [x if mask is None else ops.multiply(x, mask) for x, mask in zip((inputs, h), masks)]


class RecurrentCell(DropoutCell):
    """A cell with a kernel, a recurrent kernel and a bias."""

    gates = 1
    units: Any
    use_bias: Any

    def __post_init__(self):
        super().__post_init__()
        self.state_size = self.output_size = self.units

    def build(self, input_shape: Shape) -> None:
        """Make the kernel (features, gates * units), the recurrent kernel (units, gates * units) and the bias."""
        width = self.gates * self.units
        self.kernel = make_weight(self, "kernel", (input_shape[-1], width))
        self.recurrent_kernel = make_weight(self, "recurrent_kernel", (self.units, width), "recurrent")
        self.bias = self._make_bias(width) if self.use_bias else None

    def _make_bias(self, width):
        return make_weight(self, "bias", (width,))

    def get_initial_state(self, batch_size: int | None = None) -> Any:
        """Zeros (batch, units), one for each state."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in sizes]

    def _projected(self, inputs, bias):
        product = ops.matmul(inputs, self.kernel)
        return product if bias is None else ops.add(product, bias)


@contextlib.contextmanager
def sequence_masks(cell, batch_size, training):
    """Inside, a cell and the cells in it use one dropout mask for all steps."""
    cells = cell._flatten_layers() if training and isinstance(cell, Layer) else []
    cells = [c for c in cells if isinstance(c, RecurrentCell) and c.built and (c.dropout or c.recurrent_dropout)]
    try:
        for c in cells:
            c._masks = c.draw_masks((batch_size, c.kernel.shape[0]), (batch_size, c.units))
        yield
    finally:
        for c in cells:
            c._masks = None


def _unwrapped(states):
    """The single state, given by itself or in a list."""
    return states[0] if isinstance(states, (list, tuple)) else states


def _like(states, h):
    return [h] if isinstance(states, (list, tuple)) else h


@dataclass
class SimpleRNNArguments:
    """The arguments of `SimpleRNN` and of its cell."""

    units: PositiveInt
    activation: Activation = Activation("tanh")
    use_bias: bool = True
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    recurrent_initializer: Initializer = Initializer("orthogonal")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    recurrent_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    recurrent_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)
    dropout: Dropout = Dropout(0.0)
    recurrent_dropout: Dropout = Dropout(0.0)
    seed: int | SeedGenerator | None = None


@dataclass
class SimpleRNNCell(SimpleRNNArguments, RecurrentCell):
    """One step of `SimpleRNN`, which see for the arguments.

    Shapes: inputs (batch, features), states [(batch, units)] -> output (batch, units), [(batch, units)].

    >>> import kerata, numpy as np
    >>> output, states = kerata.layers.SimpleRNNCell(4)(np.ones((2, 3)), [np.zeros((2, 4))])
    >>> output.shape
    (2, 4)
    """

    def call(self, sequence: TensorLike, states: Tree, training: bool | None = False) -> Any:
        """`(output, new_states)`."""
        x, h = self._dropped(sequence, _unwrapped(states), training)
        h = simple_rnn_step(self._projected(x, self.bias), h, self.recurrent_kernel, self.activation)
        return h, _like(states, h)


@dataclass
class LSTMArguments:
    """The arguments of `LSTM` and of its cell."""

    units: PositiveInt
    activation: Activation = Activation("tanh")
    recurrent_activation: Activation = Activation("sigmoid")
    use_bias: bool = True
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    recurrent_initializer: Initializer = Initializer("orthogonal")
    bias_initializer: Initializer = Initializer("zeros")
    unit_forget_bias: bool = True
    kernel_regularizer: Regularizer = Regularizer(None)
    recurrent_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    recurrent_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)
    dropout: Dropout = Dropout(0.0)
    recurrent_dropout: Dropout = Dropout(0.0)
    seed: int | SeedGenerator | None = None


@dataclass
class LSTMCell(LSTMArguments, RecurrentCell):
    """One step of `LSTM`, which see for the arguments.

    Shapes: inputs (batch, features), states [h, c], both (batch, units) -> output (batch, units), [h, c].

    >>> import kerata, numpy as np
    >>> cell = kerata.layers.LSTMCell(4)
    >>> output, (h, c) = cell(np.ones((2, 3)), cell.get_initial_state(2))
    >>> output.shape
    (2, 4)
    """

    gates = 4

    def __post_init__(self):
        super().__post_init__()
        self.state_size = [self.units, self.units]

    def _make_bias(self, width):
        return make_lstm_bias(self, width)

    def call(self, inputs: Tree, states: Tree, training: bool | None = False) -> Any:
        """`(output, new_states)`."""
        h, c = states
        x, h = self._dropped(inputs, h, training)
        projected = self._projected(x, self.bias)
        h, c = lstm_step(projected, h, c, self.recurrent_kernel, self.activation, self.recurrent_activation)
        return h, [h, c]


class ForgetGateOnes:
    """The initializer of an LSTM's bias: ones for the forget gate, so that the state is kept at first.

    Source: Jozefowicz et al. 2015, "An empirical exploration of recurrent network architectures".
    """

    def __init__(self, others):
        self.others = others
        self.deferrable = getattr(others, "deferrable", False)

    def __call__(self, shape, dtype=None):
        units = shape[0] // 4
        first, rest = (to_numpy(self.others((n,), dtype=dtype)) for n in (units, 2 * units))
        return np.concatenate([first, np.ones_like(first), rest])


def make_lstm_bias(cell, width):
    """The bias of a cell with four gates."""
    initializer = ForgetGateOnes(cell.bias_initializer) if cell.unit_forget_bias else cell.bias_initializer
    return cell.add_weight(
        name="bias",
        shape=(width,),
        initializer=initializer,
        regularizer=cell.bias_regularizer,
        constraint=cell.bias_constraint,
    )


@dataclass
class GRUArguments:
    """The arguments of `GRU` and of its cell."""

    units: PositiveInt
    activation: Activation = Activation("tanh")
    recurrent_activation: Activation = Activation("sigmoid")
    use_bias: bool = True
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    recurrent_initializer: Initializer = Initializer("orthogonal")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    recurrent_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    recurrent_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)
    dropout: Dropout = Dropout(0.0)
    recurrent_dropout: Dropout = Dropout(0.0)
    reset_after: bool = True
    seed: int | SeedGenerator | None = None


@dataclass
class GRUCell(GRUArguments, RecurrentCell):
    """One step of `GRU`, which see for the arguments.

    Shapes: inputs (batch, features), states [(batch, units)] -> output (batch, units), [(batch, units)].

    >>> import kerata, numpy as np
    >>> output, states = kerata.layers.GRUCell(4)(np.ones((2, 3)), [np.zeros((2, 4))])
    >>> output.shape
    (2, 4)
    """

    gates = 3

    def _make_bias(self, width):
        return make_weight(self, "bias", (2, width) if self.reset_after else (width,))

    def call(self, inputs: Tree, states: Tree, training: bool | None = False) -> Any:
        """`(output, new_states)`."""
        h = _unwrapped(states)
        x, dropped = self._dropped(inputs, h, training)
        bias, recurrent_bias = split_gru_bias(self.bias, self.reset_after)
        h = gru_step(
            self._projected(x, bias),
            h,
            self.recurrent_kernel,
            recurrent_bias,
            self.activation,
            self.recurrent_activation,
            self.reset_after,
            dropped,
        )
        return h, _like(states, h)


class Cells(Field[Sequence[Any], list[Any]]):
    """Recurrent cells."""

    def convert(self, value, name, owner):
        """Raises: ValueError if one is no cell."""
        for cell in value:
            check_cell(cell)
        return list(value)


@dataclass
class StackedRNNCells(Layer):
    """Cells on top of each other as one cell: the output of each is the input of the next.

    Args:
        cells: a list of cells.

    Shapes: inputs (batch, features), states: a list with the states of each cell -> the last cell's output, the states.

    >>> import kerata, numpy as np
    >>> cell = kerata.layers.StackedRNNCells([kerata.layers.GRUCell(4), kerata.layers.LSTMCell(2)])
    >>> kerata.layers.RNN(cell)(np.ones((2, 5, 3))).shape
    (2, 2)
    """

    cells: Cells

    @property
    def state_size(self) -> Any:
        """The cells' state sizes."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The last cell's output size."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> Any:
        """The cells' initial states."""
        return [initial_state(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Shape) -> None:
        """Build each cell for the output of the one before."""
        for cell in self.cells:
            if hasattr(cell, "build") and not getattr(cell, "built", False):
                cell.build(input_shape)
                cell.built = True
            size = output_size(cell)
            input_shape = (input_shape[0], *((size,) if isinstance(size, int) else size))

    def call(self, inputs: Tree, states: Tree, training: bool | None = False, **kwargs: Any) -> Any:
        """`(output, new_states)`. Other arguments are given to each cell."""
        new_states = []
        for cell, state in zip(self.cells, states):
            given = state if isinstance(state, (list, tuple)) else [state]
            inputs, new = step_of(cell, training, **kwargs)(inputs, given)
            new = list(new) if isinstance(new, (list, tuple)) else [new]
            new_states.append(new if isinstance(state, (list, tuple)) else new[0])
        return inputs, new_states

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The cells from their configs."""
        cells = [deserialize_keras_object(cell, custom_objects=custom_objects) for cell in config["cells"]]
        return cls(**{**config, "cells": cells})


# Any cell, also one written by a user: `call(inputs, states)`, `state_size`, perhaps `output_size`, `build` and so on.


def check_cell(cell):
    """Raises: ValueError if `cell` is no cell."""
    if not callable(getattr(cell, "call", None)):
        raise ValueError(f"A recurrent cell needs a method call(inputs, states); {cell!r} has none.")
    if not hasattr(cell, "state_size"):
        raise ValueError(
            f"A recurrent cell needs an attribute state_size, an integer or a list of them, one for each state; "
            f"{cell!r} has none."
        )


def output_size(cell):
    """The length of a cell's output: `output_size`, else that of the first state."""
    size = getattr(cell, "output_size", None)
    return optree.tree_leaves(cell.state_size)[0] if size is None else size


def initial_state(cell, batch_size, dtype):
    """A list of the states that a cell begins with."""
    if hasattr(cell, "get_initial_state"):
        options = {"dtype": dtype} if accepts(cell.get_initial_state, "dtype") else {}
        states = cell.get_initial_state(batch_size=batch_size, **options)
    else:
        states = optree.tree_map(lambda size: ops.zeros((batch_size, size), dtype), cell.state_size)
    return list(states) if isinstance(states, (list, tuple)) else [states]


def step_of(cell, training, **more):
    """`(inputs, states) -> (output, new_states)` of a cell; `more` are further arguments of its call."""
    run = cell if callable(cell) else cell.call
    options = more | ({"training": training} if accepts(cell.call, "training") else {})
    return lambda inputs, states: run(inputs, states, **options)
