"""Convolutions and transposed convolutions in one, two and three dimensions."""

from typing import Any

from kerata import ops
from kerata.core.fields import Field, dataclass
from kerata.core.types import Shape, TensorLike, Tree
from kerata.layers.arguments import (
    Activation,
    Constraint,
    DataFormat,
    Initializer,
    Integers,
    PerAxis,
    PositiveInt,
    Ranked,
    Regularizer,
    along_channels,
    check_strides,
    make_weight,
    one_of,
    per_axis,
)
from kerata.layers.input_spec import InputSpec
from kerata.layers.quantization.adaptable import Adaptable
from kerata.ops.convolution import biased_conv, conv, conv_transpose


class Padding(Field[str, str]):
    """What is done at the borders: one of the layer's `paddings`, "valid" for nothing."""

    def convert(self, value, name, owner):
        return one_of(owner.paddings, value, name, owner)


class OutputPadding(Field[Integers | None, tuple[int, ...] | None]):
    """One integer for each spatial axis, or None."""

    def convert(self, value, name, owner):
        """Raises: ValueError for another count, for negative ones, and for those that are no less than the strides."""
        if value is None:
            return None
        extras = per_axis(value, owner.rank, name, owner, least=0)
        if any(extra >= stride for extra, stride in zip(extras, owner.strides)):
            raise ValueError(f"{type(owner).__name__}: {name} {extras} must be less than strides {owner.strides}.")
        return extras


class Windowed(Ranked):
    """What all convolutions share: a window, its steps, a bias and an activation."""

    paddings: tuple[str, ...] = ("valid", "same")
    data_format: Any
    padding: Any
    kernel_size: Any
    dilation_rate: Any
    activation: Any
    use_bias: Any

    def _channels(self, input_shape):
        """The number of input channels, from now on required.

        Raises: ValueError if it is unknown.
        """
        axis = -1 if self.data_format == "channels_last" else 1
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(
                f"{type(self).__name__}: the number of channels, axis {axis} of the input shape {tuple(input_shape)}, is "
                "unknown. Give it in Input(shape=...)."
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def _make_bias(self, size):
        self.bias = make_weight(self, "bias", (size,)) if self.use_bias else None

    def _pads(self):
        """The padding, in the form that the op takes."""
        if self.padding != "causal":
            return self.padding
        return [((w - 1) * d, 0) for w, d in zip(self.kernel_size, self.dilation_rate)]

    def _finish(self, x):
        """The bias and the activation."""
        if self.bias is not None:
            x = ops.add(x, along_channels(self.bias, self.rank, self.data_format))
        return self.activation(x)


@dataclass(after={"activity_regularizer": "bias_regularizer"}, unlisted=("lora_rank", "lora_alpha"))
class Conv(Windowed, Adaptable):
    """A convolution: each output is a weighted sum of a window of the input.

    Shapes: (batch, *spatial, channels) -> (batch, *output, filters), or with channels second.

    Args:
        filters: the number of output channels.
        kernel_size: the window's length, one number or one for each spatial axis.
        strides: the step of the window.
        padding: "valid" for none, "same" for as much as keeps the length at stride 1, evenly on both sides; in one
            dimension also "causal", for zeros before the first step only.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        dilation_rate: the distance of the window's elements (Yu and Koltun 2016, arXiv:1511.07122).
        groups: into how many groups the channels fall, each with its own filters.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied after each update.
        lora_rank, lora_alpha: see `enable_lora`, with which the layer begins if a rank is given.

    Raises: ValueError if `filters` or the channels are no multiple of `groups`, or the window does not fit the input.

    >>> import kerata, numpy as np
    >>> kerata.layers.Conv1D(4, 3, padding="causal")(np.ones((2, 10, 3))).shape
    (2, 10, 4)
    >>> kerata.layers.Conv2D(4, 3, strides=2)(np.ones((2, 9, 9, 3))).shape
    (2, 4, 4, 4)
    """

    filters: PositiveInt
    kernel_size: PerAxis
    strides: PerAxis = PerAxis(1)
    padding: Padding = Padding("valid")
    data_format: DataFormat = DataFormat(None)
    dilation_rate: PerAxis = PerAxis(1)
    groups: PositiveInt = PositiveInt(1)
    activation: Activation = Activation(None)
    use_bias: bool = True
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)

    def __post_init__(self):
        super().__post_init__()
        check_strides(self)
        if self.filters % self.groups:
            raise ValueError(f"{type(self).__name__}: filters ({self.filters}) must be a multiple of groups ({self.groups}).")

    def build(self, input_shape: Shape) -> None:
        """Make the kernel (*window, channels // groups, filters) and the bias (filters,)."""
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{type(self).__name__}: the {channels} input channels must be a multiple of groups ({self.groups})."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = make_weight(self, "kernel", shape)
        self._make_bias(self.filters)
        self._adapt_from_the_start(shape)

    def convolution_op(self, inputs: Tree, kernel: TensorLike) -> Any:
        """The convolution alone; may be overridden."""
        return conv(inputs, kernel, self.strides, self._pads(), self.data_format, self.dilation_rate)

    def call(self, inputs: Tree) -> Any:
        """The convolution, the bias and the activation."""
        if self.bias is None or type(self).convolution_op is not Conv.convolution_op:
            return self._finish(self.convolution_op(inputs, self.kernel))
        options = (self.strides, self._pads(), self.data_format, self.dilation_rate)
        return self.activation(biased_conv(inputs, self.kernel, self.bias, *options))


@dataclass
class Conv1D(Conv):
    rank = 1
    paddings = ("valid", "same", "causal")


@dataclass
class Conv2D(Conv):
    rank = 2


@dataclass
class Conv3D(Conv):
    rank = 3


@dataclass(after={"activity_regularizer": "bias_regularizer"})
class ConvTranspose(Windowed):
    """A transposed convolution ("deconvolution"): the gradient of a convolution with respect to its input, as a layer.

    Shapes: (batch, *spatial, channels) -> (batch, *output, filters), or with channels second. Without `output_padding`
    the output length is `n * stride` for "same" and `n * stride + max(reach - stride, 0)` for "valid", where `reach` is
    the length of the dilated window.

    Args:
        filters: the number of output channels.
        kernel_size: the window's length, one number or one for each spatial axis.
        strides: the distance of the inputs in the output.
        padding: "valid" or "same".
        output_padding: how much longer the output is at its end; must be less than the stride.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        dilation_rate: the distance of the window's elements.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied after each update.

    Source: Zeiler et al. 2010, "Deconvolutional Networks".

    >>> import kerata, numpy as np
    >>> kerata.layers.Conv1DTranspose(4, 3, strides=2)(np.ones((2, 5, 3))).shape
    (2, 11, 4)
    >>> kerata.layers.Conv2DTranspose(4, 3, strides=2, padding="same")(np.ones((2, 5, 5, 3))).shape
    (2, 10, 10, 4)
    """

    filters: PositiveInt
    kernel_size: PerAxis
    strides: PerAxis = PerAxis(1)
    padding: Padding = Padding("valid")
    output_padding: OutputPadding = OutputPadding(None)
    data_format: DataFormat = DataFormat(None)
    dilation_rate: PerAxis = PerAxis(1)
    activation: Activation = Activation(None)
    use_bias: bool = True
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)

    def __post_init__(self):
        super().__post_init__()
        check_strides(self)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel (*window, filters, channels) and the bias (filters,)."""
        self.kernel = make_weight(self, "kernel", (*self.kernel_size, self.filters, self._channels(input_shape)))
        self._make_bias(self.filters)

    def call(self, inputs: Tree) -> Any:
        """The transposed convolution, the bias and the activation."""
        return self._finish(
            conv_transpose(
                inputs, self.kernel, self.strides, self.padding, self.output_padding, self.data_format, self.dilation_rate
            )
        )


@dataclass
class Conv1DTranspose(ConvTranspose):
    rank = 1


@dataclass
class Conv2DTranspose(ConvTranspose):
    rank = 2


@dataclass(after={"output_padding": "data_format"})
class Conv3DTranspose(ConvTranspose):
    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
