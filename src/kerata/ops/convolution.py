"""Convolutions and their transposes, in any number of spatial axes."""

from collections.abc import Sequence
from typing import Any

from kerata import engines
from kerata.core.arrays import as_array, dtype_of
from kerata.core.config import standardize_data_format
from kerata.core.op import op
from kerata.core.types import Tensor, TensorLike, Tree
from kerata.engines.shapes import window_output
from kerata.ops import numpy as knp
from kerata.ops.lengths import lengths_of, run_time_shape  # noqa: F401  (used from here, too)
from kerata.ops.promotion import promote


def _spatial(value, rank, name):
    """One number for each spatial axis."""
    values = (value,) * rank if isinstance(value, int) else tuple(int(v) for v in value)
    if len(values) != rank or any(v < 1 for v in values):
        raise ValueError(f"{name} must be a positive integer or {rank} of them; {value!r} came.")
    return values


def to_channels_last(x: TensorLike, data_format: str | None) -> Tensor:
    """`x` with channels last."""
    if standardize_data_format(data_format) == "channels_last":
        return x
    return knp.moveaxis(x, 1, -1)


def from_channels_last(x: TensorLike, data_format: str | None) -> Tensor:
    """`x` with its channels where `data_format` has them."""
    return x if standardize_data_format(data_format) == "channels_last" else knp.moveaxis(x, -1, 1)


def _check_outputs(what, spatial, window, strides, padding, dilation):
    """Raises: ValueError if an output axis would have no length."""
    pads = [padding] * len(window) if isinstance(padding, str) else padding
    for i, (n, w, s, p, d) in enumerate(zip(spatial, window, strides, pads, dilation)):
        length = window_output(n, w, s, p, d)
        if length is not None and length <= 0:
            reach = (w - 1) * d + 1
            raise ValueError(
                f"Negative dimension size caused by subtracting {reach} from {n}: {what} with a window of {w}"
                f"{f' (dilated to {reach})' if d > 1 else ''} does not fit spatial axis {i}, of length {n}. Use a smaller "
                "window, padding='same', or larger inputs."
            )


def _check_rank(what, x, kernel):
    if len(x.shape) != len(kernel.shape):
        raise ValueError(
            f"{what}: inputs and kernel have as many axes; inputs {tuple(x.shape)} and a kernel {tuple(kernel.shape)} came."
        )


def _check_padding(what, padding):
    if isinstance(padding, str) and padding not in ("valid", "same"):  # layers give pairs of lengths, too
        raise ValueError(f"{what}: padding must be 'valid' or 'same'; {padding!r} came.")


@op
def conv(
    inputs: Tree,
    kernel: TensorLike,
    strides: int | Sequence[int] = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Convolution in 1, 2 or 3 dimensions.

    Shapes: (batch, *spatial, channels), (*window, channels // groups, filters) -> (batch, *output, filters); the number
    of groups follows from the channels.

    Args:
        inputs, kernel: the tensors.
        strides: how far windows are apart: a number for all spatial axes, or one for each.
        padding: "valid", or "same" for outputs of length `ceil(length / stride)`.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.
        dilation_rate: how far the places of a window are apart: a number, or one for each spatial axis.

    Raises: ValueError if the channels do not fit, or the window does not fit the input.

    >>> conv([[[1.0], [2.0], [3.0]]], [[[1.0]], [[10.0]]]).tolist()
    [[[21.0], [32.0]]]
    """
    return _convolved(inputs, kernel, None, strides, padding, data_format, dilation_rate)


@op
def biased_conv(
    inputs: Tree,
    kernel: TensorLike,
    bias: TensorLike,
    strides: int | Sequence[int],
    padding: Any,
    data_format: str | None,
    dilation_rate: int | Sequence[int],
) -> Tensor:
    """`conv` plus a bias (filters,), which some libraries add in the same kernel."""
    return _convolved(inputs, kernel, bias, strides, padding, data_format, dilation_rate)


def _convolved(inputs, kernel, bias, strides, padding, data_format, dilation_rate):
    inputs, kernel = promote(inputs, kernel)
    rank = len(kernel.shape) - 2
    strides, dilation = _spatial(strides, rank, "strides"), _spatial(dilation_rate, rank, "dilation_rate")
    x = to_channels_last(inputs, data_format)
    padding = padding.lower() if isinstance(padding, str) else padding
    _check_padding("conv", padding)
    channels, wanted = x.shape[-1], kernel.shape[-2]
    if channels is None or channels % wanted or kernel.shape[-1] % (channels // wanted):
        raise ValueError(
            f"conv: inputs have {channels} channels; a kernel of shape {tuple(kernel.shape)} takes {wanted} of them a group."
        )
    _check_rank("conv", x, kernel)
    _check_outputs("a convolution", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    options = (strides, padding, (1,) * rank, dilation, channels // wanted)
    if bias is None:
        y = engines.current().conv(x, kernel, *options)
    else:
        y = engines.current().biased_conv(x, kernel, as_array(bias, dtype_of(x)), *options)
    return from_channels_last(y, data_format)


@op
def depthwise_conv(
    inputs: Tree,
    kernel: TensorLike,
    strides: int | Sequence[int] = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Each channel convolved by itself.

    Shapes: (batch, *spatial, channels), (*window, channels, multiplier) -> (batch, *output, channels * multiplier).

    The other arguments are those of `conv`.

    >>> depthwise_conv([[[1.0, 2.0], [3.0, 4.0]]], [[[1.0], [1.0]], [[10.0], [0.0]]]).tolist()
    [[[31.0, 2.0]]]
    """
    kernel = as_array(kernel)
    *window, channels, multiplier = kernel.shape
    return conv(inputs, knp.reshape(kernel, (*window, 1, channels * multiplier)), strides, padding, data_format, dilation_rate)


@op
def separable_conv(
    inputs: Tree,
    depthwise_kernel: TensorLike,
    pointwise_kernel: TensorLike,
    strides: int | Sequence[int] = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """A depthwise convolution, then one of window 1 over the channels.

    Shapes: (batch, *spatial, channels), (*window, channels, multiplier), (*ones, channels * multiplier, filters) ->
    (batch, *output, filters).

    The other arguments are those of `conv`, and are the depthwise convolution's.

    Source: Chollet 2017, arXiv:1610.02357.

    >>> separable_conv([[[1.0, 2.0]]], [[[1.0], [10.0]]], [[[1.0], [1.0]]]).tolist()
    [[[21.0]]]
    """
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format)


def transpose_padding(window: int, stride: int, dilation: int, padding: str, output_padding: int | None) -> tuple[int, int]:
    """How much the dilated input of a transposed convolution is padded, before and after, along one axis.

    Uncut, the output has length `(n - 1) * stride + reach`, where `reach` is that of the dilated window. Without
    `output_padding` it is cut to `n * stride` for "same", and filled up to that if shorter for "valid".
    """
    reach = (window - 1) * dilation + 1
    if output_padding is None:
        cut = reach - stride if padding == "same" else min(reach - stride, 0)
    else:
        cut = (2 * (reach // 2) if padding == "same" else 0) - output_padding
    before = max(cut, 0) // 2
    return reach - 1 - before, reach - 1 - (cut - before)


@op
def conv_transpose(
    inputs: Tree,
    kernel: TensorLike,
    strides: int | Sequence[int] = 1,
    padding: Any = "valid",
    output_padding: int | Sequence[int] | None = None,
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """The gradient of a convolution with respect to its input, as a layer ("deconvolution").

    Shapes: (batch, *spatial, channels), (*window, filters, channels) -> (batch, *output, filters).

    Args:
        inputs, kernel: the tensors.
        strides: how far the copies of the window are apart: a number for all spatial axes, or one for each.
        padding: "valid" or "same".
        output_padding: if None, an axis of length `n` comes to `n * stride` for "same"; for "valid", to
            `(n - 1) * stride + window`, or `n * stride` if that is longer. A number, or one for each axis, is added to
            `(n - 1) * stride + window`, less `2 * (window // 2)` for "same".
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.
        dilation_rate: how far the places of a window are apart, which makes the window longer by as much.

    Raises: ValueError if the channels or the numbers of axes do not fit, or for another padding.

    >>> conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[10.0]]], strides=2).tolist()
    [[[1.0], [10.0], [2.0], [20.0]]]
    """
    inputs, kernel = promote(inputs, kernel)
    rank = len(kernel.shape) - 2
    steps, dilation = _spatial(strides, rank, "strides"), _spatial(dilation_rate, rank, "dilation_rate")
    extra = (output_padding,) * rank if output_padding is None or isinstance(output_padding, int) else tuple(output_padding)
    x = to_channels_last(inputs, data_format)
    _check_rank("conv_transpose", x, kernel)
    padding = padding.lower() if isinstance(padding, str) else padding
    _check_padding("conv_transpose", padding)
    if x.shape[-1] is not None and x.shape[-1] != kernel.shape[-1]:
        raise ValueError(
            f"conv_transpose: inputs have {x.shape[-1]} channels; a kernel of shape {tuple(kernel.shape)} takes "
            f"{kernel.shape[-1]} of them."
        )
    pads = [transpose_padding(w, s, d, padding, e) for w, s, d, e in zip(kernel.shape[:-2], steps, dilation, extra)]
    flipped = knp.swapaxes(knp.flip(kernel, tuple(range(rank))), -1, -2)
    return from_channels_last(engines.current().conv(x, flipped, (1,) * rank, pads, steps, dilation, 1), data_format)


__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]
