"""Keras 1's transposed convolution, which is told the shape of its output, and its separable one."""

from typing import Any, ClassVar

from kerata import ops
from kerata.core.fields import dataclass, field
from kerata.core.types import Shape, Tree
from kerata.layers.arguments import Initializer
from kerata.layers.conv import Conv2DTranspose
from kerata.layers.depthwise_conv import SeparableConv2D


@dataclass
class Deconvolution2D(Conv2DTranspose):
    """The transpose of a convolution from images of `output_shape` to those that come in.

    Shapes: (batch, height, width, channels) -> (batch, *output, filters), or with channels second.

    Args:
        output_shape: the output's shape, the batch axis among it; that axis, and the channels, are what they are.

    For the others see `Conv2DTranspose`.

    Raises: ValueError if no convolution leads from that shape to the input's.

    >>> import numpy as np
    >>> Deconvolution2D(4, 3, output_shape=(None, 9, 9, 4), strides=2)(np.ones((1, 4, 4, 3))).shape
    (1, 9, 9, 4)
    """

    given_output_shape: ClassVar[Any]

    output_shape: Shape = field(default=None, attribute="given_output_shape")

    def __post_init__(self):
        super().__post_init__()
        if self.given_output_shape is None or len(self.given_output_shape) != 4:
            raise ValueError(
                f"Deconvolution2D: output_shape is a whole shape such as (None, 28, 28, 3); {self.given_output_shape!r} came."
            )

    def call(self, inputs: Tree) -> Any:
        last = self.data_format == "channels_last"
        x = inputs if last else ops.moveaxis(inputs, 1, -1)
        lengths = self.given_output_shape[1:3] if last else self.given_output_shape[2:]
        whole = ops.conv_transpose(x, self.kernel, self.strides, "valid", data_format="channels_last")
        cuts, pads = [slice(None)], [(0, 0)]
        for length, out, window, stride in zip(x.shape[1:3], lengths, self.kernel_size, self.strides):
            before = self._cut_before(length, out, window, stride)
            reached = (length - 1) * stride + window
            cuts.append(slice(before, before + min(out, reached - before)))
            pads.append((0, max(0, out - (reached - before))))
        y = ops.pad(whole[tuple(cuts)], [*pads, (0, 0)])
        return self._finish(y if last else ops.moveaxis(y, -1, 1))

    def _cut_before(self, length, out, window, stride):
        """How much of the whole transpose is cut off at the beginning of an axis.

        Raises: ValueError if a convolution of `out` does not give `length`.
        """
        expected = -(-out // stride) if self.padding == "same" else (out - window) // stride + 1
        if expected != length:
            raise ValueError(
                f"Deconvolution2D: a convolution makes {expected} of the {out} places of output_shape, and the input has {length}."
            )
        return max(0, (length - 1) * stride + window - out) // 2 if self.padding == "same" else 0


@dataclass
class SeparableConv2D1(SeparableConv2D):
    """Keras 1's `SeparableConvolution2D`; see `SeparableConv2D`.

    Args:
        init: how both kernels start.
    """

    public_name = "SeparableConv2D"

    init: Initializer = Initializer("glorot_uniform", config=False)

    def __post_init__(self):
        super().__post_init__()
        self.depthwise_initializer = self.pointwise_initializer = self.init
