"""LSTMs whose products are convolutions."""

from typing import Any

from kerata import ops
from kerata.core.arrays import static_shape
from kerata.core.fields import dataclass
from kerata.core.seeds import SeedGenerator
from kerata.core.types import TensorLike, Tree
from kerata.engines.shapes import window_outputs
from kerata.layers.arguments import (
    Activation,
    Constraint,
    DataFormat,
    Initializer,
    OneOf,
    PerAxis,
    PositiveInt,
    Regularizer,
    along_channels,
    check_strides,
    make_weight,
)
from kerata.layers.input_spec import InputSpec
from kerata.layers.recurrent import OwnCell, shows_cell
from kerata.layers.recurrent_cells import Dropout, DropoutCell, make_lstm_bias
from kerata.ops import rnn as recurrent
from kerata.ops.lengths import run_time_shape


@dataclass
class ConvLSTMArguments:
    """The arguments of `ConvLSTM` and of its cell."""

    filters: PositiveInt
    kernel_size: PerAxis
    strides: PerAxis = PerAxis(1)
    padding: OneOf = OneOf("valid", "valid", "same")
    data_format: DataFormat = DataFormat(None)
    dilation_rate: PerAxis = PerAxis(1)
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


@dataclass(after={"rank": None})
class ConvLSTMCell(ConvLSTMArguments, DropoutCell):
    """One step of `ConvLSTM1D` and its kin, which see for the arguments; `rank` is the number of spatial axes."""

    rank: PositiveInt  # type: ignore[misc]  # it comes first, which `after` says

    def __post_init__(self):
        super().__post_init__()
        check_strides(self)
        self.state_size = [self.filters, self.filters]
        self.output_size = self.filters

    def build(self, input_shape):
        """Make the kernels (*window, channels, 4 * filters) and (*window, filters, 4 * filters), and the bias."""
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        width = 4 * self.filters
        self.kernel = make_weight(self, "kernel", (*self.kernel_size, channels, width))
        self.recurrent_kernel = make_weight(self, "recurrent_kernel", (*self.kernel_size, self.filters, width), "recurrent")
        self.bias = make_lstm_bias(self, width) if self.use_bias else None
        self._built_state_shape = self.state_shape(input_shape)

    def state_shape(self, input_shape):
        """The shape of h and of c for inputs of one step."""
        last = self.data_format == "channels_last"
        spatial = input_shape[1:-1] if last else input_shape[2:]
        outputs = window_outputs(spatial, self.kernel_size, self.strides, self.padding, self.dilation_rate)
        return (input_shape[0], *outputs, self.filters) if last else (input_shape[0], self.filters, *outputs)

    def get_initial_state(self, batch_size=None):
        """Zeros for h and for c, for inputs as large as when the cell was built."""
        shape = (batch_size, *self._built_state_shape[1:])
        return [ops.zeros(shape, self.compute_dtype), ops.zeros(shape, self.compute_dtype)]

    def project(self, inputs):
        """The inputs convolved, bias added: (batch, *spatial, channels) -> (batch, *output, 4 * filters)."""
        product = ops.conv(inputs, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)
        return product if self.bias is None else ops.add(product, along_channels(self.bias, self.rank, self.data_format))

    def step(self, projected, h, c, dropped_h):
        """New `h` and `c`; of the old `h` only what dropout left counts."""
        product = ops.conv(dropped_h, self.recurrent_kernel, 1, "same", self.data_format)
        axis = -1 if self.data_format == "channels_last" else 1
        i, f, candidate, o = ops.split(ops.add(projected, product), 4, axis)
        gate = self.recurrent_activation
        c = ops.add(ops.multiply(gate(f), c), ops.multiply(gate(i), self.activation(candidate)))
        return ops.multiply(gate(o), self.activation(c)), c

    def call(self, inputs, states, training=False):
        """`(output, new_states)`."""
        h, c = states
        inputs, dropped = self._dropped(inputs, h, training)
        h, c = self.step(self.project(inputs), h, c, dropped)
        return h, [h, c]


@shows_cell
@dataclass(after={"activity_regularizer": "bias_regularizer"}, unlisted=("unroll", "zero_output_for_mask"))
class ConvLSTM(ConvLSTMArguments, OwnCell):
    """An LSTM whose products are convolutions (Shi et al. 2015, arXiv:1506.04214); `rank` spatial axes.

    Shapes: (batch, time, *spatial, channels) -> (batch, *output, filters), or as `RNN` says; with
    `data_format="channels_first"` the channels come before the spatial axes.

    Args:
        filters: the number of channels of the output and of the states.
        kernel_size: the window, one number or one for each spatial axis.
        strides, padding, dilation_rate: of the inputs' convolution; that of the state has padding "same".
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    For the others see `LSTM` and `RNN`. The inputs of all steps are convolved at once, before the loop.
    """

    rank = 1
    cell_class = ConvLSTMCell

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def _fresh_states(self, sequences, batch_size):
        shape = static_shape(sequences)
        state = self.cell.state_shape((shape[0], *shape[2:]))
        if None in state[1:]:  # as large as what the first step gives, whatever that is
            axis = -1 if self.cell.data_format == "channels_last" else 1
            zeros = ops.zeros_like(ops.split(self.cell.project(sequences[:, 0]), 4, axis)[0])
            return [zeros, zeros]
        return [ops.zeros(state, self.compute_dtype), ops.zeros(state, self.compute_dtype)]

    def inner_loop(self, sequences: Tree, initial_state: Tree, mask: TensorLike | None, training: bool | None = False) -> Any:
        cell, shape = self.cell, static_shape(sequences)
        kept = (None, None)
        if training:
            kept = cell.draw_masks((shape[0], *shape[2:]), static_shape(initial_state[0]))
        if kept[0] is not None:
            sequences = ops.multiply(sequences, ops.expand_dims(kept[0], 1))
        lengths = run_time_shape(sequences)
        projected = cell.project(ops.reshape(sequences, (-1, *lengths[2:])))
        projected = ops.reshape(projected, (*lengths[:2], *run_time_shape(projected)[1:]))

        def step(x, states):
            h, c = states
            h, c = cell.step(x, h, c, h if kept[1] is None else ops.multiply(h, kept[1]))
            return h, [h, c]

        return recurrent.rnn(
            step,
            projected,
            initial_state,
            go_backwards=self.go_backwards,
            mask=mask,
            unroll=self.unroll,
            zero_output_for_mask=self.zero_output_for_mask,
            return_all_outputs=self.return_sequences,
        )


@dataclass
class ConvLSTM1D(ConvLSTM):
    """`ConvLSTM` with one spatial axis: (batch, time, length, channels) -> (batch, length, filters).

    >>> import kerata, numpy as np
    >>> kerata.layers.ConvLSTM1D(4, 3, padding="same")(np.ones((2, 5, 6, 3))).shape
    (2, 6, 4)
    """


@dataclass
class ConvLSTM2D(ConvLSTM):
    """`ConvLSTM` with two spatial axes: (batch, time, height, width, channels) -> (batch, height, width, filters).

    >>> import kerata, numpy as np
    >>> kerata.layers.ConvLSTM2D(4, 3)(np.ones((2, 5, 6, 7, 3))).shape
    (2, 4, 5, 4)
    """

    rank = 2


@dataclass
class ConvLSTM3D(ConvLSTM):
    """`ConvLSTM` with three spatial axes: (batch, time, depth, height, width, channels) -> (batch, ..., filters).

    >>> import kerata
    >>> kerata.layers.ConvLSTM3D(4, 3, padding="same")(kerata.Input((5, 6, 6, 6, 1))).shape
    (None, 6, 6, 6, 4)
    """

    rank = 3
