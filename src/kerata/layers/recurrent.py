"""Recurrent layers: a cell run along the time axis."""

from typing import Any, ClassVar

import optree

from kerata import activations, ops
from kerata.core import naming
from kerata.core.arrays import dtype_of, static_shape
from kerata.core.fields import Field, dataclass, field, fields
from kerata.core.seeds import SeedGenerator
from kerata.core.serialization import deserialize_keras_object
from kerata.core.types import Shape, TensorLike, Tree
from kerata.core.variable import Variable
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.recurrent_cells import (
    GRUArguments,
    GRUCell,
    LSTMArguments,
    LSTMCell,
    SimpleRNNArguments,
    SimpleRNNCell,
    StackedRNNCells,
    check_cell,
    initial_state,
    sequence_masks,
    step_of,
)
from kerata.ops import rnn as recurrent


class Cell(Field[Any, Any]):
    """A recurrent cell, or a list of cells that are stacked."""

    def convert(self, value, name, owner):
        """Raises: ValueError for what is no cell."""
        cell = StackedRNNCells(value) if isinstance(value, (list, tuple)) else value
        check_cell(cell)
        return cell


@dataclass
class RNN(Layer):
    """Any cell, run along the time axis.

    Shapes: (batch, time, ...) -> (batch, units), or (batch, time, units) with `return_sequences`; with `return_state` a tuple
    of that and each state.

    Args:
        cell: an object with `call(inputs, states, training=False) -> (output, new_states)` and `state_size`, an integer or a
            list of them; perhaps `output_size`, `build(input_shape)` and `get_initial_state(batch_size)`. A list of cells
            is stacked.
        return_sequences: whether all outputs are returned, or the last.
        return_state: whether the last states are returned too.
        go_backwards: whether the sequence is run from its end; the outputs come in the order in which they were computed.
        stateful: whether a batch begins with the states in which the one before ended; the batch size must be fixed.
        unroll: whether the steps are written out one by one: quicker for few steps, slow to compile for many.
        zero_output_for_mask: whether the output of a step that a mask leaves out is 0, or that of the step before.

    Call arguments: `sequences`, or a list `[sequences, *states]`; `initial_state`, a list of tensors; `mask`, booleans
    (batch, time); `training`.

    Raises: ValueError for a cell without `call` or `state_size`, for a wrong number of states, and for a stateful layer
    without a fixed batch size.

    >>> import kerata, numpy as np
    >>> class Sum:
    ...     state_size = 3
    ...     def call(self, inputs, states):
    ...         total = inputs + states[0]
    ...         return total, [total]
    >>> kerata.layers.RNN(Sum())(np.ones((1, 5, 3))).tolist()
    [[5.0, 5.0, 5.0]]
    """

    supports_masking = True

    cell: Cell
    return_sequences: bool = field(default=False, kw_only=True)
    return_state: bool = field(default=False, kw_only=True)
    go_backwards: bool = field(default=False, kw_only=True)
    stateful: bool = field(default=False, kw_only=True)
    unroll: bool = field(default=False, kw_only=True)
    zero_output_for_mask: bool = field(default=False, kw_only=True)

    def __post_init__(self):
        self.states = None

    _untracked = Layer._untracked | {"states"}

    @property
    def single_state(self) -> Any:
        """Whether the cell has one state."""
        return isinstance(self.cell.state_size, int)

    @property
    def state_size(self) -> Any:
        """A list of the states' sizes."""
        return [self.cell.state_size] if self.single_state else list(self.cell.state_size)

    def build(self, sequences_shape: Shape, initial_state_shape: Shape | None = None) -> None:
        """Build the cell for one step, and make the states of a stateful layer.

        `initial_state_shape` is accepted: the cell knows its states' shapes.
        """
        cell = self.cell
        if hasattr(cell, "build") and not getattr(cell, "built", False):
            cell.build(_step_shape(sequences_shape))
        if self.stateful:
            self._make_states(optree.tree_leaves(sequences_shape, none_is_leaf=True)[0])

    def _make_states(self, batch_size):
        if batch_size is None:
            raise ValueError(
                f'Layer "{self.path}" is stateful, so it must know the batch size: give it with Input(batch_shape=(32, 10, 8)) '
                "or Input(shape=(10, 8), batch_size=32)."
            )

        def variable(i, state):
            draw = lambda shape, dtype=None: optree.tree_leaves(self.get_initial_state(batch_size))[i]
            return Variable(draw, static_shape(state), self.variable_dtype, trainable=False, name="rnn_state")

        leaves, treedef = optree.tree_flatten(self.get_initial_state(batch_size))
        self.states = optree.tree_unflatten(treedef, [variable(i, s) for i, s in enumerate(leaves)])

    def get_initial_state(self, batch_size: int | None) -> Any:
        """A list of the states that a sequence begins with."""
        return initial_state(self.cell, batch_size, self.compute_dtype)

    def reset_state(self) -> None:
        """Set the states of a stateful layer to 0."""
        for state in optree.tree_leaves(self.states):
            state.assign(ops.zeros(state.shape, state.dtype))

    def reset_states(self) -> None:
        """Set the states of a stateful layer to 0."""
        self.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = states_apart(args, kwargs, len(self.state_size))
        return super().__call__(*args, **kwargs)

    def call(
        self, sequences: Tree, initial_state: Tree = None, mask: TensorLike | None = None, training: bool | None = False
    ) -> Any:
        """The outputs, and the states if `return_state`."""
        batch_size = static_shape(optree.tree_leaves(sequences)[0])[0]
        states = self._first_states(initial_state, sequences, batch_size)
        mask = next(iter(optree.tree_leaves(mask)), None)
        with sequence_masks(self.cell, batch_size, training):
            last_output, outputs, states = self.inner_loop(sequences, states, mask, training=bool(training))
        if self.stateful:
            for variable, state in zip(optree.tree_leaves(self.states), optree.tree_leaves(states)):
                variable.assign(state)
        output = outputs if self.return_sequences else last_output
        return (output, *states) if self.return_state else output

    def inner_loop(self, sequences: Tree, initial_state: Tree, mask: TensorLike | None, training: bool | None = False) -> Any:
        """`(last_output, outputs, states)`; the one of the first two that the layer does not return may be None."""
        return recurrent.rnn(
            step_of(self.cell, training),
            sequences,
            initial_state,
            go_backwards=self.go_backwards,
            mask=mask,
            unroll=self.unroll,
            zero_output_for_mask=self.zero_output_for_mask,
            return_all_outputs=self.return_sequences,
        )

    def _fresh_states(self, sequences, batch_size):
        return self.get_initial_state(batch_size)

    def _first_states(self, given, sequences, batch_size):
        """The given states in the cell's structure, else the kept ones, else the cell's own."""
        if given is None and not self.stateful:
            return self._fresh_states(sequences, batch_size)
        if given is None:
            fixed = optree.tree_leaves(self.states)[0].shape[0]
            if batch_size not in (None, fixed):
                raise ValueError(
                    f'Layer "{self.path}" is stateful and keeps states for batches of {fixed}; a batch of {batch_size} came. '
                    "Give batches of that size, or make the layer with stateful=False."
                )
            return optree.tree_map(lambda v: ops.cast(v.value, self.compute_dtype), self.states)
        leaves = optree.tree_leaves(given)
        treedef = optree.tree_structure(self.state_size)
        if len(leaves) != treedef.num_leaves:
            raise ValueError(
                f'Layer "{self.path}" ({type(self).__name__}) has {treedef.num_leaves} state'
                f"{'s' * (treedef.num_leaves > 1)}; {len(leaves)} came as initial_state."
            )
        is_float = lambda x: dtype_of(x).startswith(("float", "bfloat"))
        return optree.tree_unflatten(treedef, [ops.cast(x, self.compute_dtype) if is_float(x) else x for x in leaves])

    def compute_mask(self, _: Any, mask: TensorLike | None) -> Any:
        """The sequence's mask if all outputs are returned, none otherwise."""
        mask = next(iter(optree.tree_leaves(mask)), None) if self.return_sequences else None
        return [mask, *[None] * len(self.state_size)] if self.return_state else mask

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        if isinstance(config.get("cell"), dict):
            config = {**config, "cell": deserialize_keras_object(config["cell"], custom_objects=custom_objects)}
        return cls(**config)


def states_apart(args, kwargs, count):
    """The arguments of a call, where `[sequences, *states]` became `sequences, initial_state=states`."""
    sequences = args[0] if args else None
    if not isinstance(sequences, (list, tuple)) or len(sequences) != 1 + count or kwargs.get("initial_state") is not None:
        return args, kwargs
    return (sequences[0], *args[1:]), {**kwargs, "initial_state": list(sequences[1:])}


def _step_shape(shape):
    """Shapes (batch, time, ...) without the time axis."""
    if isinstance(shape, dict):
        return {name: _step_shape(part) for name, part in shape.items()}
    if shape and isinstance(shape[0], (tuple, list)):
        return type(shape)(_step_shape(part) for part in shape)
    return (shape[0], *shape[2:])


class _OfCell:
    """An argument of a layer's own cell, read and set there."""

    def __init__(self, name):
        self.name, self.__doc__ = name, f"`cell.{name}`."

    def __get__(self, layer, _=None):
        if layer is None:
            return self
        return getattr(vars(layer)["cell"], self.name) if "cell" in vars(layer) else vars(layer)[self.name]

    def __set__(self, layer, value):
        if "cell" in vars(layer):
            setattr(layer.cell, self.name, value)
        else:  # while the layer is made, which makes its cell of it
            vars(layer)[self.name] = value


def shows_cell(cls):
    """A class decorator: the layer has its cell's arguments."""
    for name in fields(cls.cell_class):
        if name != "rank":
            setattr(cls, name, _OfCell(name))
    return cls


@dataclass
class OwnCell(RNN):
    """Layers that make their cell from their own arguments."""

    cell_class: ClassVar[Any]
    _sequence_op: ClassVar[Any]

    cell: Any = field(init=False)

    def __post_init__(self):
        super().__post_init__()
        given = {name: getattr(self, name) for name in fields(self.cell_class)}
        self.cell = self.cell_class(
            **given,
            name=naming.to_snake_case(self.cell_class.__name__),
            dtype=self.dtype_policy,
            trainable=self.trainable,
        )
        for name in given.keys() & vars(self).keys():
            del vars(self)[name]


class _WholeSequence(OwnCell):
    """Layers whose cell has a whole-sequence op, used unless the recurrent state is dropped out."""

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(ndim=3)

    def build(self, sequences_shape: Shape, initial_state_shape: Shape | None = None) -> None:
        super().build(sequences_shape, initial_state_shape)
        self.input_spec = InputSpec(ndim=3, axes={2: sequences_shape[-1]})

    def _declines(self, training):
        return type(self.cell) is not self.cell_class or training and self.cell.recurrent_dropout > 0

    def inner_loop(self, sequences: Tree, initial_state: Tree, mask: TensorLike | None, training: bool | None = False) -> Any:
        if self._declines(training):
            return super().inner_loop(sequences, initial_state, mask, training)
        cell = self.cell
        if cell._masks is not None:
            sequences = ops.multiply(sequences, ops.expand_dims(cell._masks[0], 1))
        options = {
            "activation": None if cell.activation is activations.tanh else cell.activation,
            "return_sequences": self.return_sequences,
            "go_backwards": self.go_backwards,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
        }
        if hasattr(cell, "reset_after"):
            options["reset_after"] = cell.reset_after
        if hasattr(cell, "recurrent_activation"):
            default = cell.recurrent_activation is activations.sigmoid
            options["recurrent_activation"] = None if default else cell.recurrent_activation
        output, *states = self._sequence_op(
            sequences, *initial_state, cell.kernel, cell.recurrent_kernel, cell.bias, mask, **options
        )
        return output, output, states


@shows_cell
@dataclass(after={"activity_regularizer": "bias_regularizer", "seed": "unroll"}, unlisted=("zero_output_for_mask",))
class SimpleRNN(SimpleRNNArguments, _WholeSequence):
    """A fully connected recurrent layer: `h = activation(x @ kernel + bias + h @ recurrent_kernel)`.

    Shapes: (batch, time, features) -> (batch, units), or as `RNN` says.

    Args:
        units: the length of the output and of the state.
        activation: a name or a function.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout, recurrent_dropout: the shares of inputs, and of the state, set to 0 while training, the same ones at all steps
            (Gal and Ghahramani 2016, arXiv:1512.05287).
        seed: of the dropout.

    For the others see `RNN`.

    >>> import kerata, numpy as np
    >>> kerata.layers.SimpleRNN(4)(np.ones((2, 5, 3))).shape
    (2, 4)
    """

    cell_class = SimpleRNNCell
    _sequence_op = staticmethod(recurrent.simple_rnn)

    seed: int | SeedGenerator | None = field(default=None, config=False)


class UseOfCudnn(Field[bool | str, bool | str]):
    """True, False or "auto"."""

    def convert(self, value, name, owner):
        """Raises: ValueError for anything else."""
        if value not in (True, False, "auto"):
            raise ValueError(f"{type(owner).__name__}: {name} is True, False or 'auto'; {value!r} came.")
        return value


@shows_cell
@dataclass(after={"activity_regularizer": "bias_regularizer", "use_cudnn": "unroll"}, unlisted=("zero_output_for_mask",))
class LSTM(LSTMArguments, _WholeSequence):
    """Long short-term memory (Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735).

    Shapes: (batch, time, features) -> (batch, units), or as `RNN` says; the states are h and c, (batch, units) each.

    Args:
        units: the length of the output and of each state.
        activation, recurrent_activation: functions of the candidate and the state, and of the gates.
        unit_forget_bias: whether the forget gate's bias starts at 1.
        use_cudnn: taken for compatibility: the engine chooses the fastest kernel by itself.

    For the others see `SimpleRNN` and `RNN`.

    >>> import kerata, numpy as np
    >>> layer = kerata.layers.LSTM(4, return_sequences=True, return_state=True)
    >>> [x.shape for x in layer(np.ones((2, 5, 3)))]
    [(2, 5, 4), (2, 4), (2, 4)]
    """

    cell_class = LSTMCell
    _sequence_op = staticmethod(recurrent.lstm)

    use_cudnn: UseOfCudnn = UseOfCudnn("auto", config=False)


@shows_cell
@dataclass(
    after={"activity_regularizer": "bias_regularizer", "reset_after": "unroll", "use_cudnn": "reset_after"},
    unlisted=("zero_output_for_mask",),
)
class GRU(GRUArguments, _WholeSequence):
    """A layer of gated recurrent units (Cho et al. 2014, arXiv:1406.1078).

    Shapes: (batch, time, features) -> (batch, units), or as `RNN` says.

    Args:
        units: the length of the output and of the state.
        activation, recurrent_activation: functions of the candidate, and of the gates.
        reset_after: whether the reset gate comes after the recurrent product; the bias is then (2, 3 * units).
        use_cudnn: taken for compatibility: the engine chooses the fastest kernel by itself.

    For the others see `SimpleRNN` and `RNN`.

    >>> import kerata, numpy as np
    >>> kerata.layers.GRU(4, return_sequences=True)(np.ones((2, 5, 3))).shape
    (2, 5, 4)
    """

    cell_class = GRUCell
    _sequence_op = staticmethod(recurrent.gru)

    use_cudnn: UseOfCudnn = UseOfCudnn("auto", config=False)
