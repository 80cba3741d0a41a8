"""Convolutions of each channel by itself, alone or followed by one over the channels."""

from typing import Any

from kerata.core.fields import dataclass
from kerata.core.types import Shape, Tree
from kerata.layers.arguments import (
    Activation,
    Constraint,
    DataFormat,
    Initializer,
    PerAxis,
    PositiveInt,
    Regularizer,
    make_weight,
)
from kerata.layers.conv import Padding, Windowed
from kerata.ops.convolution import depthwise_conv, separable_conv


@dataclass(after={"activity_regularizer": "bias_regularizer"})
class DepthwiseConv(Windowed):
    """Each channel convolved with its own filters.

    Shapes: (batch, *spatial, channels) -> (batch, *output, channels * depth_multiplier), or with channels second.

    Args:
        kernel_size: the window's length, one number or one for each spatial axis.
        strides: the step of the window.
        padding: "valid" or "same"; in one dimension also "causal".
        depth_multiplier: the number of filters for each channel.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        dilation_rate: the distance of the window's elements.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        depthwise_initializer, bias_initializer: how the weights start.
        depthwise_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        depthwise_constraint, bias_constraint: applied after each update.

    >>> import kerata, numpy as np
    >>> kerata.layers.DepthwiseConv2D(3, depth_multiplier=2)(np.ones((2, 9, 9, 3))).shape
    (2, 7, 7, 6)
    """

    kernel_size: PerAxis
    strides: PerAxis = PerAxis(1)
    padding: Padding = Padding("valid")
    depth_multiplier: PositiveInt = PositiveInt(1)
    data_format: DataFormat = DataFormat(None)
    dilation_rate: PerAxis = PerAxis(1)
    activation: Activation = Activation(None)
    use_bias: bool = True
    depthwise_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    depthwise_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    depthwise_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel (*window, channels, depth_multiplier) and the bias."""
        channels = self._channels(input_shape)
        self.kernel = make_weight(self, "kernel", (*self.kernel_size, channels, self.depth_multiplier), kind="depthwise")
        self._make_bias(channels * self.depth_multiplier)

    def call(self, inputs: Tree) -> Any:
        """The convolution, the bias and the activation."""
        return self._finish(
            depthwise_conv(inputs, self.kernel, self.strides, self._pads(), self.data_format, self.dilation_rate)
        )


@dataclass
class DepthwiseConv1D(DepthwiseConv):
    rank = 1
    paddings = ("valid", "same", "causal")


@dataclass
class DepthwiseConv2D(DepthwiseConv):
    rank = 2


@dataclass(after={"activity_regularizer": "bias_regularizer"})
class SeparableConv(Windowed):
    """A depthwise convolution, then one of window 1 over the channels (Chollet 2017, arXiv:1610.02357).

    Shapes: (batch, *spatial, channels) -> (batch, *output, filters), or with channels second.

    Args:
        filters: the number of output channels.
        kernel_size: the window's length, one number or one for each spatial axis.
        strides: the step of the window.
        padding: "valid" or "same"; in one dimension also "causal".
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        dilation_rate: the distance of the window's elements.
        depth_multiplier: the number of depthwise filters for each channel.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: how the weights start.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        depthwise_constraint, pointwise_constraint, bias_constraint: applied after each update.

    >>> import kerata, numpy as np
    >>> kerata.layers.SeparableConv2D(4, 3)(np.ones((2, 9, 9, 3))).shape
    (2, 7, 7, 4)
    """

    filters: PositiveInt
    kernel_size: PerAxis
    strides: PerAxis = PerAxis(1)
    padding: Padding = Padding("valid")
    data_format: DataFormat = DataFormat(None)
    dilation_rate: PerAxis = PerAxis(1)
    depth_multiplier: PositiveInt = PositiveInt(1)
    activation: Activation = Activation(None)
    use_bias: bool = True
    depthwise_initializer: Initializer = Initializer("glorot_uniform")
    pointwise_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    depthwise_regularizer: Regularizer = Regularizer(None)
    pointwise_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    depthwise_constraint: Constraint = Constraint(None)
    pointwise_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)

    def build(self, input_shape: Shape) -> None:
        """Make the depthwise kernel, the pointwise kernel and the bias."""
        channels = self._channels(input_shape)
        inner = channels * self.depth_multiplier
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = make_weight(self, "depthwise_kernel", depthwise, kind="depthwise")
        pointwise = (*(1,) * self.rank, inner, self.filters)
        self.pointwise_kernel = make_weight(self, "pointwise_kernel", pointwise, kind="pointwise")
        self._make_bias(self.filters)

    def call(self, inputs: Tree) -> Any:
        """Both convolutions, the bias and the activation."""
        kernels = self.depthwise_kernel, self.pointwise_kernel
        return self._finish(separable_conv(inputs, *kernels, self.strides, self._pads(), self.data_format, self.dilation_rate))


@dataclass
class SeparableConv1D(SeparableConv):
    rank = 1
    paddings = ("valid", "same", "causal")


@dataclass
class SeparableConv2D(SeparableConv):
    rank = 2


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
