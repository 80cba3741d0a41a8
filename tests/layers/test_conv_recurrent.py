"""ConvLSTM layers against the oracle."""

import numpy as np
import pytest

import kerata
from kerata import layers

from .against_oracle import check_config, check_equal, check_shapes, close, flat, random_arrays, same_weights

IMAGE = random_arrays([(2, 3, 5, 4, 2)])[0]
MASK = np.array([[1, 0, 1], [0, 1, 1]], bool)


@pytest.fixture
def numpy_engine():
    with kerata.use_engine("numpy") as engine:
        yield engine


def oracle_layers():
    import keras

    return keras.layers


def test_equals_the_oracle():
    options = {"strides": (2, 1), "dilation_rate": 1, "return_sequences": True, "return_state": True}
    ours, theirs = (of.ConvLSTM2D(3, (3, 2), **options) for of in (layers, oracle_layers()))
    check_equal(ours, theirs, [IMAGE])


FORWARD = [
    ("ConvLSTM1D", (2, 3, 6, 2), {"padding": "same", "dilation_rate": 2, "go_backwards": True}),
    ("ConvLSTM1D", (2, 3, 6, 2), {"use_bias": False, "activation": "relu", "return_sequences": True}),
    ("ConvLSTM3D", (2, 2, 3, 4, 3, 1), {"unit_forget_bias": False, "recurrent_activation": "hard_sigmoid"}),
]


@pytest.mark.parametrize("cls, shape, options", FORWARD, ids=str)
def test_outputs_equal_the_oracle(cls, shape, options):
    ours, theirs = (getattr(of, cls)(2, 2, **options) for of in (layers, oracle_layers()))
    (x,) = random_arrays([shape])
    ours.build(shape), theirs.build(shape)
    same_weights(ours, theirs)
    close(ours(x), theirs(x))


def test_layer_equals_its_cell_in_an_rnn(numpy_engine):
    for data_format in ("channels_last", "channels_first"):
        layer = layers.ConvLSTM2D(3, 2, padding="same", data_format=data_format, return_sequences=True)
        y = layer(IMAGE)
        close(layers.RNN(layer.cell, return_sequences=True)(IMAGE, initial_state=layer.get_initial_state(2)), y)
    first = layers.ConvLSTM2D(3, 2, padding="same", data_format="channels_first", return_sequences=True)
    last = layers.ConvLSTM2D(3, 2, padding="same", return_sequences=True)
    y = last(IMAGE)
    first.build((2, 3, 2, 5, 4))
    first.set_weights(last.get_weights())
    close(np.moveaxis(flat(first(np.moveaxis(IMAGE, -1, 2)))[0], 2, -1), y)


def test_masks(numpy_engine):
    """The oracle fails on masks here, so each row is compared with the sequence of its steps that count."""
    layer = layers.ConvLSTM2D(3, 2, return_state=True)
    y, h, c = (flat(part)[0] for part in layer(IMAGE, mask=MASK))
    for row in range(2):
        close([y[row], h[row], c[row]], [flat(part)[0][0] for part in layer(IMAGE[row : row + 1, MASK[row]])])


def test_static_shapes():
    check_shapes(layers.ConvLSTM2D(3, 3, return_sequences=True, return_state=True), [IMAGE], unknown=(0, 1))
    check_shapes(layers.ConvLSTM2D(3, 3, padding="same"), [IMAGE], unknown=(0, 1, 2, 3))
    check_shapes(layers.ConvLSTM1D(3, 2, strides=2), [IMAGE[..., 0]], unknown=(0, 2))


@pytest.mark.parametrize("cls", ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"])
def test_configs(cls):
    check_config(lambda of: getattr(of, cls)(3, 3, name="a"))
    options = {"strides": 2, "padding": "same", "data_format": "channels_first", "dropout": 0.1, "seed": 1, "stateful": True}
    check_config(lambda of: getattr(of, cls)(3, 3, name="a", return_state=True, bias_regularizer="l2", **options))


def test_stateful(numpy_engine):
    layer = layers.ConvLSTM2D(3, 3, stateful=True, return_sequences=True)
    halves = [flat(layer(IMAGE[:, :2]))[0], flat(layer(IMAGE[:, 2:]))[0]]
    whole = layers.ConvLSTM2D(3, 3, return_sequences=True)
    whole(IMAGE)
    whole.set_weights(layer.get_weights())
    close(np.concatenate(halves, 1), whole(IMAGE))
    layer.reset_state()
    close(layer(IMAGE[:, :2]), halves[0])


def test_dropout(numpy_engine):
    layer = layers.ConvLSTM1D(3, 2, dropout=0.5, recurrent_dropout=0.5, return_sequences=True)
    x = IMAGE[..., 0]
    assert np.abs(flat(layer(x, training=True))[0] - flat(layer(x, training=True))[0]).max() > 1e-3
    close(layer(x), layer(x))


def test_bad_inputs():
    with pytest.raises(ValueError, match=r"ConvLSTM1D: padding must be one of valid, same; 'causal' came."):
        layers.ConvLSTM1D(3, 2, padding="causal")
    with pytest.raises(ValueError, match=r"kernel_size must be a positive integer or 2 of them; \(1, 2, 3\) came."):
        layers.ConvLSTM2D(3, (1, 2, 3))
    with pytest.raises(ValueError, match="5 axes are expected"):
        layers.ConvLSTM2D(3, 2)(IMAGE[0])
