"""Convolutions: padding, groups, bad arguments and inputs."""

import itertools

import numpy as np
import pytest

from kerata import layers, ops
from kerata.core.graph import KerasTensor
from kerata.ops.convolution import transpose_padding

ALL = [
    (window, stride, dilation, padding, extra)
    for window, stride, dilation in itertools.product((1, 2, 3, 4, 5), (1, 2, 3), (1, 2))
    for padding in ("valid", "same")
    for extra in (None, 0, 1, 2)
    if (stride == 1 or dilation == 1) and (extra is None or extra < stride)
]


def test_transposed_convolution_places_windows_as_the_oracle():
    """An impulse shows where each window lands, and how long the output is."""
    import keras

    x = np.zeros((1, 4, 1), "float32")
    x[0, 1, 0] = 1
    for window, stride, dilation, padding, extra in ALL[::3]:
        kernel = np.arange(1, window + 1, dtype="float32").reshape(window, 1, 1)
        before, after = transpose_padding(window, stride, dilation, padding, extra)
        dilated, flipped = np.zeros(3 * stride + 1), np.zeros((window - 1) * dilation + 1)
        dilated[stride], flipped[::dilation] = 1, kernel[::-1, 0, 0]
        ends = np.pad(dilated, (before, max(after, 0)))[: len(dilated) + before + after]
        mine = np.correlate(ends, flipped, "valid")
        oracle = keras.ops.conv_transpose(x, kernel, stride, padding, extra, dilation_rate=dilation)
        np.testing.assert_array_equal(mine, np.asarray(oracle)[0, :, 0], str((window, stride, dilation, padding, extra)))


def test_causal_convolution_sees_no_later_step():
    layer = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = np.random.default_rng(0).standard_normal((1, 9, 3)).astype("float32")
    changed = x.copy()
    changed[:, 5:] += 1
    before, after = layer(x), layer(changed)
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert np.abs(np.asarray(before - after))[:, 5].max() > 0


@pytest.mark.parametrize("cls", ["DepthwiseConv1D", "SeparableConv1D"])
def test_causal_padding_of_depthwise_ones(cls):
    arguments = {"kernel_size": 3, "padding": "causal"} | ({"filters": 4} if cls[0] == "S" else {})
    assert getattr(layers, cls)(**arguments)(np.ones((2, 7, 4), "float32")).shape == (2, 7, 4)


def test_stride_and_dilation_together(engine):
    """The oracle refuses this, in layers as its documentation says; a plain sum says what the op is."""
    x = np.arange(9, dtype="float32").reshape(1, 9, 1)
    y = ops.conv(x, np.ones((2, 1, 1), "float32"), 2, "valid", "channels_last", 2)
    np.testing.assert_array_equal(engine.to_numpy(y)[0, :, 0], [0 + 2, 2 + 4, 4 + 6, 6 + 8])
    for cls in (layers.Conv1D, layers.Conv2DTranspose, layers.ConvLSTM2D):
        with pytest.raises(ValueError, match="dilation_rate"):
            cls(1, 2, strides=2, dilation_rate=2)


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.Conv2D(0, 3), "Conv2D: filters must be a positive integer; 0 came."),
        (lambda: layers.Conv2D(3, 3, groups=2), "Conv2D: filters (3) must be a multiple of groups (2)."),
        (lambda: layers.Conv2D(3, (3, 0)), "Conv2D: kernel_size must be a positive integer or 2 of them; (3, 0) came."),
        (lambda: layers.Conv1D(3, (3, 1)), "Conv1D: kernel_size must be a positive integer; (3, 1) came."),
        (lambda: layers.Conv2D(3, 3, strides=1.5), "Conv2D: strides must be a positive integer or 2 of them; 1.5 came."),
        (lambda: layers.Conv2D(3, 3, padding="causal"), "Conv2D: padding must be one of valid, same; 'causal' came."),
        (
            lambda: layers.Conv2D(3, 3, data_format="nchw"),
            "data_format must be 'channels_last' or 'channels_first'; 'nchw' came.",
        ),
        (
            lambda: layers.Conv2DTranspose(3, 3, strides=2, output_padding=2),
            "Conv2DTranspose: output_padding (2, 2) must be less than strides (2, 2).",
        ),
        (
            lambda: layers.Conv2D(4, 3, groups=2).build((None, 8, 8, 3)),
            "Conv2D: the 3 input channels must be a multiple of groups (2).",
        ),
        (
            lambda: layers.Conv2D(4, 3)(KerasTensor((None, 8, 8, None))),
            "Conv2D: the number of channels, axis -1 of the input shape (None, 8, 8, None), is unknown. Give it in "
            "Input(shape=...).",
        ),
        (
            lambda: layers.Conv2D(4, 3, name="first")(np.ones((8, 8, 3), "float32")),
            'Layer "first" (Conv2D): input has shape (8, 8, 3); 4 axes are expected, (batch, height, width, channels). A batch '
            "axis or a channel axis is missing: x[None] adds the first, x[..., None] the second.",
        ),
        (
            lambda: layers.Conv2D(4, 5, dilation_rate=2, name="wide")(np.ones((1, 8, 8, 3), "float32")),
            "Negative dimension size caused by subtracting 9 from 8: a convolution with a window of 5 (dilated to 9) does not "
            "fit spatial axis 0, of length 8. Use a smaller window, padding='same', or larger inputs.\n"
            'In layer "wide" (Conv2D), input shape (1, 8, 8, 3).',
        ),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text


def test_channels_must_stay():
    layer = layers.Conv1D(2, 3)
    layer.build((None, 8, 3))
    with pytest.raises(ValueError, match="axis -1 must have length 3, as when the layer was built, and has 4"):
        layer(np.ones((1, 8, 4), "float32"))


def test_positional_arguments_of_conv3d_transpose():
    """Its fifth argument is data_format, its sixth output_padding; the other ranks have them the other way."""
    layer = layers.Conv3DTranspose(2, 3, 2, "valid", "channels_first", 1)
    assert layer.data_format == "channels_first" and layer.output_padding == (1, 1, 1)
    assert layers.Conv2DTranspose(2, 3, 2, "valid", 1, "channels_first").output_padding == (1, 1)


def test_convolution_op_can_be_overridden():
    class Standardized(layers.Conv2D):
        def convolution_op(self, inputs, kernel):
            return super().convolution_op(inputs, kernel * 0.0)

    layer = Standardized(2, 3)
    assert not np.asarray(layer(np.ones((1, 4, 4, 1), "float32"))).any()
