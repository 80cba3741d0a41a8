"""Recurrent layers of older generations: Keras 1's own, bases for users' ones, and helpers."""

import math
from typing import Any

import optree

from kerata import ops
from kerata.compat.layers.mixin import Mixin
from kerata.core.arrays import static_shape
from kerata.core.fields import Field, dataclass, field
from kerata.core.signatures import accepts
from kerata.core.types import Shape, TensorLike, Tree
from kerata.core.variable import Variable
from kerata.engines.state import context
from kerata.initializers import Initializer, Orthogonal
from kerata.layers import recurrent, recurrent_cells
from kerata.layers.conv_recurrent import ConvLSTM2D, ConvLSTMCell
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.ops.rnn import rnn
from kerata.random import dropout as dropped_out


class ConsumeLess(Field[str, str]):
    """ "cpu", "mem" or "gpu"."""

    def convert(self, value, name, owner):
        """Raises: ValueError for another one."""
        if value not in ("cpu", "mem", "gpu"):
            raise ValueError(f"{type(owner).__name__}: {name} is 'cpu', 'mem' or 'gpu'; {value!r} came.")
        return value


class _Gates(Initializer):
    """A kernel of several gates side by side, each drawn for itself."""

    def __init__(self, one, count):
        self.one, self.count = one, count

    def __call__(self, shape, dtype=None):
        part = (*shape[:-1], shape[-1] // self.count)
        return ops.convert_to_numpy(ops.concatenate([self._drawn(part, dtype) for _ in range(self.count)], axis=-1))

    def _drawn(self, shape, dtype):
        one = self.one.clone() if getattr(self.one, "_given_seed", 0) is None else self.one
        if isinstance(one, Orthogonal) and len(shape) > 2:  # Keras 1 took the first axis for the rows
            return ops.reshape(one((shape[0], math.prod(shape[1:])), dtype=dtype), shape)
        return one(shape, dtype=dtype)


class _OfGates(Mixin):
    """Cells whose gates' weights are drawn one by one, as Keras 1 did."""

    per_gate = True
    recurrent_as_kernel = True  # Keras 1.2 drew both kernels of a gate with `init`

    def add_weight(self, *args: Any, name: str | None = None, initializer: Any = None, **options: Any) -> Any:
        if self.per_gate and name in ("kernel", "recurrent_kernel"):
            one = self.kernel_initializer if self.recurrent_as_kernel else initializer
            initializer = _Gates(one, self.gates)
        return super().add_weight(*args, name=name, initializer=initializer, **options)


class LSTMCell1(_OfGates, recurrent_cells.LSTMCell):
    """Keras 1's cell of an LSTM."""

    public_name = "LSTMCell"


class GRUCell1(_OfGates, recurrent_cells.GRUCell):
    """Keras 1's cell of a GRU."""

    public_name = "GRUCell"


class ConvLSTMCell1(_OfGates, ConvLSTMCell):
    """Keras 1's cell of a ConvLSTM2D."""

    public_name = "ConvLSTMCell"
    gates = 4
    recurrent_as_kernel = False


class _Keras1(Mixin):
    """Layers of Keras 1: `consume_less` says in which form their weights are shown, and whether gates are drawn apart."""

    consume_less: Any

    def __post_init__(self):
        super().__post_init__()
        self.cell.per_gate = self.consume_less != "gpu"


@dataclass
class SimpleRNN1(_Keras1, recurrent.SimpleRNN):
    """Keras 1's `SimpleRNN`, which see.

    Args:
        consume_less: accepted, of no consequence here: there is one gate.
    """

    public_name = "SimpleRNN"

    consume_less: ConsumeLess = ConsumeLess("cpu", kw_only=True, config=False)


@dataclass
class LSTM1(_Keras1, recurrent.LSTM):
    """Keras 1's `LSTM`, which see.

    Args:
        consume_less: "gpu" for one kernel of all gates, anything else for one each.
    """

    public_name = "LSTM"
    cell_class = LSTMCell1

    consume_less: ConsumeLess = ConsumeLess("cpu", kw_only=True, config=False)


@dataclass
class GRU1(_Keras1, recurrent.GRU):
    """Keras 1's `GRU`, which see: the reset gate acts before the product.

    Args:
        consume_less: "gpu" for one kernel of all gates, anything else for one each.
    """

    public_name = "GRU"
    cell_class = GRUCell1

    reset_after: bool = False
    consume_less: ConsumeLess = ConsumeLess("cpu", kw_only=True, config=False)


@dataclass
class ConvLSTM2D1(_Keras1, ConvLSTM2D):
    """Keras 1's `ConvLSTM2D`, which see.

    Args:
        consume_less: accepted, of no consequence here: each gate has its kernel.
    """

    public_name = "ConvLSTM2D"
    cell_class = ConvLSTMCell1

    consume_less: ConsumeLess = ConsumeLess("cpu", kw_only=True, config=False)

    def __post_init__(self):
        super().__post_init__()
        self.consume_less = "cpu"


@dataclass
class Recurrent(Layer):
    """The base of recurrent layers in Keras 1 and 2.0.

    A subclass makes its weights and `self.states = [None, ...]` in `build`, and computes in `step(self, x, states)`, which
    returns the output and the new states. It may have `get_initial_states(self, x)`, `get_constants(self, x)`, whose
    tensors are put behind the states, and `preprocess_input(self, x)` for what is done to all steps at once.

    Shapes: (batch, time, features) -> (batch, output_dim), or (batch, time, output_dim) with `return_sequences`.

    Args:
        return_sequences: whether all outputs are returned, or the last.
        return_state: whether the last states are returned too.
        go_backwards: whether the sequence is run from its end.
        stateful: whether a batch begins with the states in which the one before ended; the batch size must be fixed.
        unroll: whether the steps are written out one by one.
        consume_less, implementation: accepted for subclasses, which may read them.
    """

    supports_masking = True
    _untracked = Layer._untracked | {"states"}

    return_sequences: bool = field(default=False, kw_only=True)
    return_state: bool = field(default=False, kw_only=True)
    go_backwards: bool = field(default=False, kw_only=True)
    stateful: bool = field(default=False, kw_only=True)
    unroll: bool = field(default=False, kw_only=True)
    consume_less: str = field(default="cpu", kw_only=True)
    implementation: int = field(default=0, kw_only=True)

    def __post_init__(self):
        self.input_spec = [InputSpec(ndim=3)]
        self.states: Any = [None]

    def step(self, x: Tree, states: Any) -> Any:
        """`(output, new_states)` of one step. Overridden by every subclass."""
        raise NotImplementedError(f"{type(self).__name__} has no method step(self, x, states): write one.")

    def get_constants(self, inputs: Tree, training: bool | None = None) -> Any:
        """Tensors that each step gets behind the states: none, whatever `inputs` and `training` are."""
        return []

    def preprocess_input(self, inputs: Tree, training: bool | None = None) -> Any:
        """What is done to all steps at once: nothing, whatever `training` is."""
        return inputs

    def get_initial_state(self, inputs: Tree) -> Any:
        """Zeros (batch, output_dim), one for each of `states`."""
        width = next(vars(self)[name] for name in ("units", "output_dim") if name in vars(self))
        zeros = ops.zeros((ops.shape(inputs)[0], width), self.compute_dtype)
        return [zeros] * len(self.states)

    def get_initial_states(self, inputs: Tree) -> Any:
        """Keras 1's name of `get_initial_state`."""
        return self.get_initial_state(inputs)

    def call(
        self, inputs: Tree, mask: TensorLike | None = None, training: bool | None = None, initial_state: Tree = None
    ) -> Any:
        """The outputs, and the states if `return_state`."""
        phase = lambda method: {"training": training} if accepts(method, "training") else {}
        mask = next(iter(optree.tree_leaves(mask)), None)
        states = self._first_states(inputs) if initial_state is None else optree.tree_leaves(initial_state)
        constants = list(self.get_constants(inputs, **phase(self.get_constants)))
        steps = self.preprocess_input(inputs, **phase(self.preprocess_input))

        def step(x, states):
            output, new = self.step(x, [*states, *constants])
            return output, list(new)

        options = {"go_backwards": self.go_backwards, "mask": mask, "unroll": self.unroll}
        last, outputs, states = rnn(step, steps, states, return_all_outputs=self.return_sequences, **options)
        if self.stateful:
            for variable, state in zip(self.states, states):
                variable.assign(state)
        output = outputs if self.return_sequences else last
        return (output, *states) if self.return_state else output

    def _first_states(self, inputs):
        if not self.stateful or context.engine is not None and context.engine.is_abstract:
            return list(self.get_initial_states(inputs))
        if any(not isinstance(state, Variable) for state in self.states):
            self._make_states(inputs)
        return [ops.cast(v.value, self.compute_dtype) for v in self.states]

    def _make_states(self, inputs):
        """Variables of zeros; what `reset_states` of a subclass made stays.

        Raises: ValueError if the batch size is unknown.
        """
        shapes = [static_shape(state) for state in self.get_initial_states(inputs)]
        if any(None in shape for shape in shapes):
            raise ValueError(f"Layer {self.name!r} is stateful, so it must know the batch size: give batch_input_shape.")
        self.states = [Variable("zeros", shape, self.variable_dtype, trainable=False) for shape in shapes]

    def reset_states(self, states: Any = None) -> None:
        """Set the states of a stateful layer, to 0 if none are given."""
        for i, variable in enumerate(v for v in self.states if isinstance(v, Variable)):
            variable.assign(ops.zeros(variable.shape, variable.dtype) if states is None else states[i])

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """The sequence's mask if all outputs are returned, none otherwise."""
        return next(iter(optree.tree_leaves(mask)), None) if self.return_sequences else None


class OldRNN(Mixin):
    """What layers of recurrent cells could do before Keras 3. It comes before the class of today."""

    def reset_states(self, states=None):
        """Set the states of a stateful layer, to 0 if none are given.

        Raises: AttributeError for a layer that is not stateful; ValueError for another number of states, or another shape.
        """
        if not self.stateful:
            raise AttributeError(f"Layer {self.name!r} is not stateful, so it has no states to set.")
        if states is None:
            self.reset_state()
            return
        kept, given = optree.tree_leaves(self.states), optree.tree_leaves(states)
        if len(kept) != len(given):
            raise ValueError(f"Layer {self.name!r} keeps {len(kept)} states; {len(given)} came.")
        for variable, value in zip(kept, given):
            variable.assign(value)


class _TimeMajor(Mixin):
    """Layers whose sequences are (time, batch, ...) if `time_major` says so."""

    time_major: Any
    return_sequences: Any
    return_state: Any

    def build(self, sequences_shape: Shape, initial_state_shape: Shape | None = None) -> None:
        """Build the cell for one step, and make the states of a stateful layer.

        `initial_state_shape` is accepted: the cell knows its states' shapes.
        """
        if self.time_major:
            sequences_shape = (sequences_shape[1], sequences_shape[0], *sequences_shape[2:])
        super().build(sequences_shape, initial_state_shape)

    def call(
        self, sequences: Tree, initial_state: Tree = None, mask: TensorLike | None = None, training: bool | None = False
    ) -> Any:
        """The outputs, and the states if `return_state`."""
        if not self.time_major:
            return super().call(sequences, initial_state, mask, training)
        turned = optree.tree_map(lambda x: ops.swapaxes(x, 0, 1), (sequences, mask))
        found = super().call(turned[0], initial_state, turned[1], training)
        output, *states = found if self.return_state else (found,)
        output = ops.swapaxes(output, 0, 1) if self.return_sequences else output
        return (output, *states) if self.return_state else output

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        if not self.time_major:  # as layers of today are
            del config["time_major"]
        return config


@dataclass
class RNN2(_TimeMajor, recurrent.RNN):
    """`RNN` of tf.keras, which see.

    Args:
        time_major: whether sequences, masks and outputs are (time, batch, ...).
    """

    public_name = "RNN"

    time_major: bool = field(default=False, kw_only=True)


@dataclass
class LSTM2(_TimeMajor, recurrent.LSTM):
    """`LSTM` of tf.keras, which see.

    Args:
        time_major: whether sequences, masks and outputs are (time, batch, ...).
    """

    public_name = "LSTM"

    time_major: bool = field(default=False, kw_only=True)


@dataclass
class GRU2(_TimeMajor, recurrent.GRU):
    """`GRU` of tf.keras, which see.

    Args:
        time_major: whether sequences, masks and outputs are (time, batch, ...).
    """

    public_name = "GRU"

    time_major: bool = field(default=False, kw_only=True)


class AbstractRNNCell(Layer):
    """The base of users' recurrent cells in tf.keras.

    A subclass has the properties `state_size` and perhaps `output_size`, and `call(self, inputs, states)`, which returns the
    output and the new states.
    """

    @property
    def state_size(self) -> Any:
        """The length of the state, or a list of those of several.

        Raises: NotImplementedError if a subclass doesn't say.
        """
        raise NotImplementedError(f"{type(self).__name__} must have a property state_size.")

    @property
    def output_size(self) -> Any:
        """The length of the output: that of the first state."""
        return optree.tree_leaves(self.state_size)[0]

    def call(self, inputs: Tree, states: Any) -> Any:
        """`(output, new_states)`. Overridden by every subclass."""
        raise NotImplementedError(f"{type(self).__name__} has no method call(self, inputs, states): write one.")

    def get_initial_state(self, inputs: Any = None, batch_size: int | None = None, dtype: Any = None) -> Any:
        """Zeros, one for each state."""
        size = ops.shape(inputs)[0] if inputs is not None else batch_size
        lengths = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        return [ops.zeros((size, *(n if isinstance(n, (list, tuple)) else (n,))), dtype or self.compute_dtype) for n in lengths]


@dataclass
class ConvRNN2D(recurrent.RNN):
    """Any cell of images, run along the time axis.

    Shapes: (batch, time, height, width, channels) -> as the cell's outputs, with `return_sequences` behind the time axis.

    Args:
        cell: an object as for `RNN`. One without `get_initial_state` begins with the convolution of zeros:
            `cell.input_conv(zeros, kernel of zeros in cell.kernel_shape, padding=cell.padding)`.

    For the others see `RNN`.
    """

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(ndim=5)

    def _fresh_states(self, sequences, batch_size):
        cell = self.cell
        if hasattr(cell, "get_initial_state"):
            return super()._fresh_states(sequences, batch_size)
        shape = list(cell.kernel_shape)
        shape[-1] = cell.filters
        state = cell.input_conv(ops.zeros_like(sequences[:, 0]), ops.zeros(shape, self.compute_dtype), padding=cell.padding)
        return [state] * len(self.state_size)

    def build(self, sequences_shape: Shape, initial_state_shape: Shape | None = None) -> None:
        """Build the cell for one step, and make the states of a stateful layer.

        `initial_state_shape` is accepted: the cell knows its states' shapes.
        """
        super().build(sequences_shape, initial_state_shape)


def time_distributed_dense(
    x: TensorLike,
    w: TensorLike,
    b: TensorLike | None = None,
    dropout: float | None = None,
    input_dim: int | None = None,
    output_dim: int | None = None,
    timesteps: int | None = None,
) -> Any:
    """`x @ w + b` at each step: (batch, time, features) -> (batch, time, output_dim).

    Args:
        dropout: the share of features set to 0 while training, the same ones at all steps.
        input_dim, output_dim, timesteps: accepted: the tensors know their lengths.

    >>> import numpy as np
    >>> time_distributed_dense(np.ones((2, 5, 3)), np.ones((3, 4))).shape
    (2, 5, 4)
    """
    x = ops.convert_to_tensor(x)
    if dropout is not None and 0 < dropout < 1 and context.training:
        shape = ops.shape(x)
        x = x * dropped_out(ops.ones((shape[0], 1, *shape[2:]), x.dtype), dropout)
    y = ops.matmul(x, w)
    return y if b is None else y + b
