"""Every argument of an older generation's layers reaches its meaning."""

import math

import numpy as np
import pytest

import kerata
from kerata.compat import signatures, translate
from kerata.core import suggestions
from tests.compat.layers.era import keras

K1, K2, TF = keras("keras1"), keras("keras2"), keras("tf_keras")
# What a first layer tells of its input, what two arguments say together, and what kerata has another way to give.
ELSEWHERE = {
    "input_dim",
    "input_length",
    "weights",
    "nb_row",
    "nb_col",
    "kernel_dim1",
    "kernel_dim2",
    "kernel_dim3",
    "type_spec",
}
MISSING = {"DynamicEmbedding", "DynamicLookup"}  # experiments of the last versions of tf.keras
NOTHING = {"implementation", "consume_less", "sparse", "robust_masking", "softmax_robust_masking"}  # how, not what


@pytest.mark.parametrize("generation", ["keras1", "keras2", "tf_keras"])
def test_each_argument_is_known(generation):
    layers = keras(generation).layers
    for name in signatures.names(generation, "layers"):
        signature = signatures.signature(generation, "layers", name)
        if name in MISSING or signature is None:
            continue
        today = getattr(getattr(layers, name), "edition_of", getattr(layers, name))
        known = suggestions.arguments_of(today)
        for argument in signature.defaults.keys() - ELSEWHERE:
            new = translate.name_today(today, argument, known)
            assert new in known or argument in NOTHING or not isinstance(today, type), (name, argument, new)


@pytest.mark.parametrize(
    "layer, attribute, value",
    [
        (lambda: K1.layers.Dense(2, init="he_normal"), "kernel_initializer.scale", 2.0),
        (lambda: K1.layers.Dense(2, init="glorot_normal"), "kernel_initializer.distribution", "untruncated_normal"),
        (lambda: K1.layers.Dense(2, W_regularizer="l2"), "kernel_regularizer.l2", 0.01),
        (lambda: K1.layers.Dense(2, activity_regularizer="activity_l1l2"), "activity_regularizer.l1", 0.01),
        (lambda: K1.layers.Dense(2, b_constraint="nonneg"), "bias_constraint.__class__.__name__", "NonNeg"),
        (lambda: K1.layers.Dense(2, trainable=False), "trainable", False),
        (lambda: K1.layers.GRU(2), "reset_after", False),
        (lambda: K2.layers.GRU(2), "reset_after", False),
        (lambda: TF.layers.GRU(2), "reset_after", True),
        (lambda: K2.layers.CuDNNGRU(2), "reset_after", True),
        (lambda: K1.layers.LSTM(2, forget_bias_init="zero"), "unit_forget_bias", False),
        (lambda: K1.layers.LSTM(2), "recurrent_initializer.gain", 1.1),
        (lambda: K1.layers.BatchNormalization(), "momentum", 0.99),
        (lambda: TF.layers.experimental.SyncBatchNormalization(), "synchronized", True),
        (lambda: K1.layers.LeakyReLU(), "negative_slope", pytest.approx(0.3)),
        (lambda: K1.layers.Embedding(3, 2), "embeddings_initializer.maxval", 0.05),
        (lambda: K1.layers.AtrousConvolution2D(2, 3, 3, atrous_rate=(2, 2)), "dilation_rate", (2, 2)),
        (lambda: K1.layers.Convolution3D(2, 3, 4, 5, dim_ordering="th"), "kernel_size", (3, 4, 5)),
        (lambda: K1.layers.Convolution2D(2, 3, 3, dim_ordering="default"), "data_format", "channels_last"),
        (lambda: K1.layers.SeparableConvolution2D(2, 3, 3, init="zero"), "depthwise_initializer.__class__.__name__", "Zeros"),
        (lambda: K1.layers.GaussianNoise(sigma=0.2), "stddev", 0.2),
        (lambda: K1.layers.MaxPooling1D(pool_length=3), "strides", (3,)),
    ],
)
def test_arguments_mean_what_they_meant(layer, attribute, value):
    found = layer()
    for part in attribute.split("."):
        found = getattr(found, part)
    assert found == value


def test_an_initializer_that_returns_a_variable():
    def mine(shape, name=None, dim_ordering=None):
        return kerata.Variable(np.full(shape, 3.0, "float32"), name=name)

    layer = K1.layers.Dense(2, init=mine, input_dim=3)
    kerata.Sequential([layer])
    assert layer.get_weights()[0].tolist() == [[3.0, 3.0]] * 3


def test_layers_do_not_share_their_first_values():
    one, other = K1.layers.Dense(4, input_dim=3), K1.layers.Dense(4, input_dim=3)
    kerata.Sequential([one]), kerata.Sequential([other])
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


@pytest.mark.parametrize(
    "name, deviation",
    {
        "uniform": 0.02887,
        "normal": 0.05,
        "lecun_uniform": 0.07071,
        "glorot_normal": 0.07071,
        "glorot_uniform": 0.07071,
        "he_normal": 0.1,
        "he_uniform": 0.1,
        "orthogonal": 0.07778,
        "zero": 0.0,
    }.items(),
)
def test_initializations(name, deviation):  # the deviations are those of Keras 1.2.2 for (200, 200)
    found = K1.initializations.get(name)((200, 200), name="a/b")
    assert isinstance(found, kerata.Variable) and abs(found.numpy().std() - deviation) < 0.01 * max(deviation, 1e-9)


def test_initializations_of_other_kinds():
    assert K1.initializations.identity((2, 2), scale=3).numpy().tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert K1.initializations.one((2,)).numpy().tolist() == [1.0, 1.0]
    assert K1.initializations.get_fans((4, 3, 2, 2)) == K1.initializations.get_fans((2, 2, 3, 4), "tf") == (12, 16)
    assert K1.initializations.get_fans((3, 4, 5))[0] == math.sqrt(60)
    assert abs(K1.initializations.normal((500, 500), scale=0.5).numpy().std() - 0.5) < 0.01
    with pytest.raises(ValueError, match="square"):
        K1.initializations.identity((2, 3))


# Keras 1.2.2 draws gates one by one, both kernels with `init`, and counts connections in its own way.
@pytest.mark.parametrize(
    "layer, deviations",
    [
        (lambda: K1.layers.LSTM(64, input_shape=(3, 16)), {0: 0.158, 1: 0.125}),
        (lambda: K1.layers.LSTM(64, input_shape=(3, 16), consume_less="gpu"), {0: 0.0857, 1: 0.0687}),
        (lambda: K1.layers.MaxoutDense(64, input_shape=(64,)), {0: 0.0881}),
        (lambda: K1.layers.SReLU(input_shape=(4000,)), {1: 0.1257}),
        (lambda: K1.layers.LocallyConnected1D(20, 3, input_shape=(30, 8)), {0: 0.0928}),
        (lambda: K1.layers.Convolution1D(50, 3, input_shape=(5, 60)), {0: 0.0129}),
        (lambda: K1.layers.ConvLSTM2D(8, 3, 3, dim_ordering="tf", input_shape=(2, 5, 6, 3)), {1: 0.0794}),
    ],
)
def test_first_values_are_distributed_as_then(layer, deviations):
    layer = layer()
    kerata.Sequential([layer])
    weights = layer.get_weights()
    for index, deviation in deviations.items():
        assert abs(weights[index].std() - deviation) < 0.05 * deviation


def test_regularizers():
    w = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [5.0, 0.0, 1.0]], "float32")
    found = K1.regularizers
    assert float(found.l1(0.1)(w)) == pytest.approx(1.4) and float(found.activity_l2(l=0.1)(w)) == pytest.approx(4.2)
    assert float(found.WeightRegularizer(l1=0.1, l2=0.1)(w)) == pytest.approx(5.6)
    assert float(found.EigenvalueRegularizer(0.1)(w)) == pytest.approx(0.5707788, rel=1e-5)  # Keras 1.2.2's
    assert found.get({"name": "l1l2", "l1": 0.5}).l1 == 0.5 and found.l1l2().l2 == 0.01
    weight = kerata.Variable(w)
    found.l2(0.5).set_param(weight)
    assert weight.regularizer.l2 == 0.5
    layer = K1.layers.Dense(2)
    found.activity_l1(0.5).set_layer(layer)
    assert layer.activity_regularizer.l1 == 0.5
    assert K2.regularizers.l1_l2(0.1, 0.2).l2 == 0.2 and not hasattr(K2.regularizers.l2(0.1), "set_param")


def test_time_distributed_dense_is_a_function():
    x, w, b = np.ones((2, 3, 2), "float32"), np.ones((2, 4), "float32"), np.ones(4, "float32")
    assert np.asarray(K1.layers.time_distributed_dense(x, w, b, timesteps=3)).tolist() == np.full((2, 3, 4), 3.0).tolist()


@pytest.mark.parametrize(
    "padding, stride, length, out, expected",
    [("valid", 2, 4, 9, 9), ("valid", 2, 4, 10, 10), ("same", 2, 4, 7, 7), ("same", 2, 4, 8, 8), ("valid", 1, 3, 5, 5)],
)
def test_deconvolution_is_the_transpose_of_a_convolution(padding, stride, length, out, expected):
    shape = (None, out, out, 2)
    layer = K1.layers.Deconvolution2D(
        2,
        3,
        3,
        shape,
        border_mode=padding,
        subsample=(stride, stride),
        dim_ordering="tf",
        bias=False,
        input_shape=(length, length, 1),
    )
    kerata.Sequential([layer])
    y = np.random.default_rng(0).normal(size=(1, length, length, 1)).astype("float32")
    x = np.random.default_rng(1).normal(size=(1, out, out, 2)).astype("float32")
    assert layer(y).shape == (1, expected, expected, 2)
    kernel = layer.kernel.numpy()  # (window, window, filters, channels), which leads the other way
    if padding == "valid":
        forward = np.asarray(kerata.ops.conv(x, kernel, stride, padding))
        assert np.sum(forward * y) == pytest.approx(np.sum(x * np.asarray(layer(y))), rel=1e-4)


def test_deconvolution_refuses_a_shape_that_does_not_fit():
    layer = K1.layers.Deconvolution2D(2, 3, 3, (None, 20, 20, 2), subsample=(2, 2), dim_ordering="tf")
    with pytest.raises(ValueError, match="output_shape"):
        layer(np.ones((1, 4, 4, 3), "float32"))
