"""TimeDistributed and Bidirectional against the oracle, and against what they stand for."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops
from kerata.core import masks

from .against_oracle import check_compiled, check_config, check_equal, check_shapes, close, flat, random_arrays, same_weights

X = random_arrays([(2, 4, 3)])[0]
MASK = np.array([[1, 1, 0, 1], [0, 1, 1, 0]], bool)
MODES = ["concat", "sum", "mul", "ave", None]


@pytest.fixture
def numpy_engine():
    with kerata.use_engine("numpy") as engine:
        yield engine


def oracle_layers():
    import keras

    return keras.layers


# Bidirectional


def test_bidirectional_equals_the_oracle():
    ours, theirs = (of.Bidirectional(of.LSTM(2, return_sequences=True, return_state=True)) for of in (layers, oracle_layers()))
    arrays = [X, *random_arrays([(2, 2)] * 4, 2)]
    check_equal(ours, theirs, arrays, lambda layer, xs, **k: layer(xs[0], initial_state=list(xs[1:]), **k), mask=MASK)
    assert [w.path.split("/")[1][:8] for w in ours.weights] == ["forward_"] * 3 + ["backward"] * 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sequences", [False, True])
def test_merge_modes(mode, sequences):
    ours, theirs = (
        of.Bidirectional(of.SimpleRNN(2, return_sequences=sequences), merge_mode=mode) for of in (layers, oracle_layers())
    )
    ours.build(X.shape), theirs.build(X.shape)
    same_weights(ours, theirs)
    close(ours(X), theirs(X))
    check_shapes(ours, [X], unknown=(0, 1))
    options = {"merge_mode": mode, "name": "a"}
    check_config(lambda of: of.Bidirectional(of.SimpleRNN(2, return_sequences=sequences, name="b"), **options))


def test_bidirectional_with_own_backward_layer(numpy_engine):
    def make(of):
        return of.Bidirectional(of.GRU(2, name="f"), backward_layer=of.LSTM(3, go_backwards=True, name="b"), name="a")

    check_config(make)
    layer = make(layers)
    y = flat(layer(X))[0]
    assert y.shape == (2, 5)
    assert layer.layer is layer.forward_layer and layer.forward_layer.name == "forward_f"
    assert layer.backward_layer.name == "b"
    close(y, np.concatenate([flat(layer.forward_layer(X))[0], flat(layer.backward_layer(X))[0]], -1))


def test_bidirectional_is_two_layers(numpy_engine):
    layer = layers.Bidirectional(layers.LSTM(2, return_sequences=True, return_state=True), merge_mode=None)
    y, z, *states = layer(X, mask=MASK)
    forward, fh, fc = layer.forward_layer(X, mask=MASK)
    backward, bh, bc = layer.backward_layer(X, mask=MASK)
    close([y, z, *states], [forward, np.flip(backward, 1), fh, fc, bh, bc])
    assert layer.backward_layer.go_backwards
    h = random_arrays([(2, 2)] * 4)
    close(layer([X, *h]), layer(X, initial_state=h))
    again = layers.Bidirectional(layers.LSTM(2), weights=layer.get_weights())
    again.build(X.shape)
    close(again.get_weights(), layer.get_weights())


def test_bidirectional_masks(numpy_engine):
    x = layers.Embedding(5, 3, mask_zero=True)(np.array([[1, 2, 0], [3, 0, 0]]))
    for mode in MODES:
        y = layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode=mode)(x)
        for part in y if mode is None else [y]:
            assert masks.get_mask(part).tolist() == [[True, True, False], [True, False, False]]
    assert masks.get_mask(layers.Bidirectional(layers.GRU(2))(x)) is None


def test_bidirectional_stateful(numpy_engine):
    layer = layers.Bidirectional(layers.GRU(2, stateful=True))
    assert layer.states is None
    first, second = flat(layer(X))[0], flat(layer(X))[0]
    assert len(layer.states) == 2 and np.abs(first - second).max() > 1e-3
    layer.reset_states()
    close(layer(X), first)


def test_bidirectional_compiled():
    check_compiled(layers.Bidirectional(layers.GRU(2, return_sequences=True)), [X], mask=MASK)


def bad(run, *parts):
    with pytest.raises(ValueError) as caught:
        run()
    for part in parts:
        assert part in str(caught.value), caught.value


def test_bad_bidirectional():
    bad(
        lambda: layers.Bidirectional("x"), "Bidirectional wraps a layer, such as Bidirectional(keras.layers.LSTM(8)); 'x' came."
    )
    bad(lambda: layers.Bidirectional(layers.Dense(2)), "wraps a recurrent layer, one with go_backwards", "Dense")
    bad(
        lambda: layers.Bidirectional(layers.GRU(2), "max"),
        "merge_mode must be one of concat, sum, ave, mul or None; 'max' came.",
    )
    other = layers.GRU(2)
    bad(lambda: layers.Bidirectional(layers.GRU(2), backward_layer=other), "both have go_backwards=False")
    bad(lambda: layers.Bidirectional(layers.GRU(2, go_backwards=True)), "both have go_backwards=True", "forward layer has")
    other = layers.GRU(2, go_backwards=True, return_sequences=True)
    bad(lambda: layers.Bidirectional(layers.GRU(2), backward_layer=other), "return_sequences must be the same in both layers")


# TimeDistributed


def test_time_distributed_equals_the_oracle():
    ours, theirs = (of.TimeDistributed(of.Dense(2, activation="tanh")) for of in (layers, oracle_layers()))
    check_equal(ours, theirs, [X])
    check_config(lambda of: of.TimeDistributed(of.Dense(2, name="b"), name="a"))


@pytest.mark.parametrize("inner, shape", [("Conv2D", (2, 3, 5, 6, 2)), ("LSTM", (2, 3, 5, 2)), ("Flatten", (2, 3, 5, 2))])
def test_time_distributed_is_the_layer_at_each_step(inner, shape, numpy_engine):
    arguments = {"Conv2D": (4, 3), "LSTM": (4,), "Flatten": ()}[inner]
    (x,) = random_arrays([shape])
    layer = layers.TimeDistributed(getattr(layers, inner)(*arguments))
    y = layer(x)
    close(y, np.stack([flat(layer.layer(x[:, i]))[0] for i in range(3)], 1))
    check_shapes(layer, [x], unknown=(0, 1))
    assert layers.TimeDistributed(getattr(layers, inner)(*arguments))(kerata.Input((None, *shape[2:]))).shape[:2] == (
        None,
        None,
    )


class MaskReader(layers.Layer):
    """Zeros where the mask is False."""

    def call(self, inputs, mask=None):
        return inputs if mask is None else inputs * ops.cast(ops.expand_dims(mask, -1), "float32")


def test_time_distributed_masks(numpy_engine):
    layer = layers.TimeDistributed(MaskReader())
    close(layer(X, mask=MASK), X * MASK[..., None])
    ids = np.array([[[1, 2, 0], [0, 0, 0]]])
    embedded = layers.Embedding(5, 3, mask_zero=True)(ids)
    lstm = layers.TimeDistributed(layers.LSTM(2))
    y = flat(lstm(embedded))[0]
    close(y[:, 0], lstm.layer(np.asarray(embedded)[:, 0], mask=ids[:, 0] != 0))
    close(y[:, 1], np.zeros((1, 2)))
    x = layers.Masking()(np.concatenate([X, np.zeros_like(X)], 1))
    assert masks.get_mask(layers.TimeDistributed(layers.Dense(2))(x)).tolist() == [[True] * 4 + [False] * 4] * 2


def test_time_distributed_step_by_step(engine):
    layer = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5))
    y = flat(layer(X, training=True))[0]
    close(y.mean(0), np.zeros((4, 3)), 1e-4)  # each step by its own statistics
    mean = np.zeros(3)
    for i in range(4):
        mean = 0.5 * mean + 0.5 * X[:, i].mean(0)
    close(layer.layer.moving_mean.numpy(), mean)
    stateful = layers.TimeDistributed(layers.GRU(2, stateful=True))
    x = random_arrays([(2, 3, 4, 5)])[0]
    assert stateful(x).shape == (2, 3, 2)
    assert layers.TimeDistributed(layers.BatchNormalization())(kerata.Input((None, 3))).shape == (None, None, 3)


def test_time_distributed_structures(numpy_engine):
    layer = layers.TimeDistributed(layers.LSTM(2, return_state=True))
    y, h, c = layer(random_arrays([(2, 3, 4, 5)])[0])
    assert y.shape == h.shape == c.shape == (2, 3, 2)
    close(y, h)


def test_bad_time_distributed():
    bad(lambda: layers.TimeDistributed(3), "TimeDistributed wraps a layer")
    bad(
        lambda: layers.TimeDistributed(layers.Dense(2), name="a")(X[0]),
        'Layer "a" (TimeDistributed) needs an input with at least 3 axes, (batch, time, ...); one of shape (4, 3) came.',
    )


def test_wrapper():
    class Twice(layers.Wrapper):
        def call(self, inputs):
            return self.layer(self.layer(inputs))

    layer = Twice(layers.Dense(3), name="twice")
    y = layer(X)
    close(y, layer.layer(layer.layer(X)))
    assert [w.path for w in layer.weights] == [f"twice/{layer.layer.name}/{n}" for n in ("kernel", "bias")]
    assert Twice.from_config(layer.get_config()).layer.units == 3
    check_config(lambda of: of.Wrapper(of.Dense(2, name="b"), name="a"))
    bad(lambda: layers.Wrapper(None), "Wrapper wraps a layer")
