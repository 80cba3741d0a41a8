"""Recurrent layers against the oracle, in every variant of their arguments."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops

from .against_oracle import check_compiled, check_config, check_equal, check_shapes, close, flat, random_arrays, same_weights

X = random_arrays([(3, 5, 4)])[0]
MASK = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 0, 1], [1, 1, 1, 1, 1]], bool)
STATES = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}


def oracle_layers():
    import keras

    return keras.layers


@pytest.fixture
def numpy_engine():
    """An engine that has no kernels of its own and compiles nothing: the test is of the layers alone."""
    with kerata.use_engine("numpy") as engine:
        yield engine


ALL = {"return_sequences": True, "return_state": True, "masked": True, "started": True}
CASES = [
    ("LSTM", {}),
    ("LSTM", ALL),
    ("LSTM", {"go_backwards": True, "masked": True, "use_bias": False, "zero_output_for_mask": True}),
    ("LSTM", {"unroll": True, "activation": "relu", "recurrent_activation": "hard_sigmoid", "unit_forget_bias": False}),
    ("GRU", ALL),
    ("GRU", {"go_backwards": True, "return_sequences": True, "use_bias": False}),
    ("GRU", {"reset_after": False, "go_backwards": True, "masked": True, "unroll": True}),
    ("SimpleRNN", ALL),
    ("SimpleRNN", {"return_sequences": True, "go_backwards": True, "masked": True, "zero_output_for_mask": True}),
]


@pytest.mark.parametrize("cls, variant", CASES, ids=str)
def test_equals_the_oracle(cls, variant):
    options = dict(variant)
    masked, started = options.pop("masked", False), options.pop("started", False)
    ours, theirs = getattr(layers, cls)(2, **options), getattr(oracle_layers(), cls)(2, **options)
    arrays = [X, *random_arrays([(3, 2)] * STATES[cls] * started, 2)]

    def call(layer, xs, **kwargs):
        return layer(xs[0], initial_state=list(xs[1:]), **kwargs) if started else layer(xs[0], **kwargs)

    check_equal(ours, theirs, arrays, call, **({"mask": MASK} if masked else {}))


def test_compiled_equals_eager():
    check_compiled(layers.GRU(2, return_sequences=True, return_state=True), [X], mask=MASK)
    check_compiled(layers.RNN(layers.LSTMCell(2), go_backwards=True), [X], mask=MASK)


@pytest.mark.parametrize("cls", STATES)
def test_static_shapes(cls):
    check_shapes(getattr(layers, cls)(2, return_sequences=True, return_state=True), [X], unknown=(0, 1))
    check_shapes(getattr(layers, cls)(2, unroll=True, go_backwards=True), [X], unknown=(0, 1))


@pytest.mark.parametrize("cls", STATES)
def test_configs(cls):
    check_config(
        lambda of: getattr(of, cls)(3, name="a", seed=1, dropout=0.2, recurrent_regularizer="l2", bias_constraint="non_neg")
    )
    check_config(
        lambda of: getattr(of, cls)(3, name="a", stateful=True, activation="relu", zero_output_for_mask=True, dtype="float16")
    )
    check_config(lambda of: getattr(of, cls + "Cell")(3, name="a", seed=1, use_bias=False, recurrent_dropout=1.5))


def test_configs_of_cells_in_layers():
    def stacked(of):
        return of.RNN([of.LSTMCell(3, name="b"), of.GRUCell(2, name="c")], name="a", return_state=True)

    def single(of):
        return of.RNN(of.GRUCell(2, name="c", reset_after=False), name="a", zero_output_for_mask=True)

    check_config(single)
    import keras

    ours, theirs = (layer.get_config() for layer in (stacked(layers), stacked(keras.layers)))
    assert ours["cell"]["config"].pop("name").startswith("stacked_rnn_cells")
    theirs["cell"]["config"].pop("name")
    assert ours == theirs
    check_config(lambda of: of.StackedRNNCells([of.LSTMCell(3, name="b"), of.SimpleRNNCell(2, name="c")], name="a"))


def test_arguments_are_read_from_the_cell():
    layer = layers.GRU(3, dropout=0.1, seed=5)
    assert (layer.units, layer.dropout, layer.seed, layer.reset_after) == (3, 0.1, 5, True)
    assert layer.activation is kerata.activations.tanh
    assert layers.LSTM(2, implementation=1, dropout=1.5).dropout == 1.0


def test_weights_live_in_the_cell():
    layer = layers.LSTM(3, name="a", dtype="mixed_bfloat16", trainable=False)
    layer.build((None, 5, 4))
    assert [w.path for w in layer.weights] == ["a/lstm_cell/" + n for n in ("kernel", "recurrent_kernel", "bias")]
    assert layer.trainable_variables == [] and layer.cell.compute_dtype == "bfloat16"
    assert layer.cell.bias.numpy().tolist() == [0] * 3 + [1] * 3 + [0] * 6
    assert str(layer(X).dtype) == "bfloat16"


def test_stacked_cells_equal_the_oracle():
    def make(of):
        return of.RNN([of.LSTMCell(3), of.GRUCell(2)], return_state=True, return_sequences=True)

    ours, theirs = make(layers), make(oracle_layers())
    ours.build(X.shape), theirs.build(X.shape)
    same_weights(ours, theirs)
    close(ours(X), theirs(X))
    y, first, second = make(layers)(X)
    assert [s.shape for s in first] == [(3, 3)] * 2 and [s.shape for s in second] == [(3, 2)]
    check_shapes(make(layers), [X], unknown=(0, 1))


@pytest.mark.parametrize("cls", STATES)
def test_cells_equal_the_oracle(cls):
    ours, theirs = getattr(layers, cls + "Cell")(2), getattr(oracle_layers(), cls + "Cell")(2)
    arrays = [X[:, 0], *random_arrays([(3, 2)] * STATES[cls], 2)]
    ours.build(X[:, 0].shape), theirs.build(X[:, 0].shape)
    same_weights(ours, theirs)
    close(ours(arrays[0], arrays[1:]), theirs(arrays[0], arrays[1:]))


@pytest.mark.parametrize("cls", STATES)
def test_layer_equals_its_cell_in_an_rnn(cls, numpy_engine):
    layer = getattr(layers, cls)(2, return_sequences=True, go_backwards=True)
    other = layers.RNN(getattr(layers, cls + "Cell")(2), return_sequences=True, go_backwards=True)
    layer(X), other(X)
    other.set_weights(layer.get_weights())
    close(layer(X, mask=MASK), other(X, mask=MASK))
    close(layer(X, mask=MASK), layers.RNN(layer.cell, return_sequences=True, go_backwards=True, unroll=True)(X, mask=MASK))


class Average:
    """A user's cell that is no layer: the running mean of the inputs; its output is not its first state."""

    state_size = [1, 4]
    output_size = 4

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, 1)), ops.zeros((batch_size, 4))]

    def call(self, inputs, states):
        count, total = states[0] + 1, states[1] + inputs
        return total / count, (count, total)


class KerasTwoCell(layers.Layer):
    """A user's cell in the style of Keras 2, with a layer inside."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.state_size = units
        self.dense = layers.Dense(units, use_bias=False)

    def build(self, input_shape):
        self.gain = self.add_weight(shape=(self.state_size,), initializer="ones", name="gain")

    def call(self, inputs, states, training=None):
        h = self.gain * ops.tanh(self.dense(inputs)) + 0.5 * states[0] * (2.0 if training else 1.0)
        return h, [h]

    def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
        return ops.ones((batch_size, self.state_size), dtype)


def test_users_cells(numpy_engine):
    y, count, total = layers.RNN(Average(), return_sequences=True, return_state=True)(X)
    close(y, np.cumsum(X, 1) / np.arange(1, 6)[:, None])
    close([count, total], [np.full((3, 1), 5.0), X.sum(1)])
    masked = flat(layers.RNN(Average(), return_sequences=True)(X, mask=MASK))[0]
    close(masked[1, 0], np.zeros(4))  # no output yet, and the first state has another shape
    close(masked[0, 4], X[0, [0, 1, 3]].mean(0))
    layer = layers.RNN(KerasTwoCell(2))
    kernel = np.ones((4, 2), "float32")
    layer(X)
    assert [w.name for w in layer.weights] == ["gain", "kernel"]
    layer.cell.dense.set_weights([kernel])
    for training, factor in ((False, 0.5), (True, 1.0)):
        h = np.ones((3, 2))
        for t in range(5):
            h = np.tanh(X[:, t] @ kernel) + factor * h
        close(layer(X, training=training), h)


def test_masks_go_on(numpy_engine):
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    x = layers.Embedding(5, 4, mask_zero=True)(ids)
    lstm = layers.LSTM(3, return_sequences=True)
    close(lstm(x), lstm(np.asarray(x), mask=ids != 0))
    assert kerata.core.masks.get_mask(lstm(x)).tolist() == (ids != 0).tolist()
    assert kerata.core.masks.get_mask(layers.LSTM(3)(x)) is None
    y, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    assert kerata.core.masks.get_mask(y) is not None and kerata.core.masks.get_mask(h) is None
    assert lstm.compute_mask(x, "mask") == "mask"
    row = layers.GRU(3, return_sequences=True)
    close(row(np.asarray(x), mask=np.array([True, False]))[1], np.zeros((3, 3)))


def test_states_in_a_list(numpy_engine):
    h, c = random_arrays([(3, 2), (3, 2)], 4)
    layer = layers.LSTM(2)
    close(layer([X, h, c]), layer(X, initial_state=[h, c]))
    inputs = [kerata.Input((5, 4)), kerata.Input((2,)), kerata.Input((2,))]
    assert layer(inputs).shape == (None, 2)
    gru = layers.GRU(2)
    close(gru([X, h]), gru(X, initial_state=h))


@pytest.mark.parametrize("cls", STATES)
def test_stateful(cls):
    ours, theirs = (getattr(of, cls)(2, stateful=True, return_sequences=True) for of in (layers, oracle_layers()))
    assert ours.states is None
    ours.reset_states()
    ours(X), theirs(X)
    same_weights(ours, theirs)
    ours.reset_state(), theirs.reset_state()
    for _ in range(2):
        close(ours(X), theirs(X))
    close([s.numpy() for s in ours.states], [np.asarray(s.value) for s in theirs.states])
    assert len(ours.weights) == 3 and all(not s.trainable for s in ours.states)
    whole = getattr(layers, cls)(2, return_sequences=True)
    twice = np.concatenate([X, X], 1)
    whole(X)
    whole.set_weights(ours.get_weights())
    ours.reset_states()
    close(np.concatenate([flat(ours(X))[0], flat(ours(X))[0]], 1), whole(twice))


def test_stateful_compiled_and_symbolic():
    layer = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], stateful=True)
    assert layer(kerata.Input(batch_shape=(3, None, 4))).shape == (3, 2)
    assert [[s.shape for s in part] for part in layer.states] == [[(3, 3), (3, 3)], [(3, 2)]]
    run = kerata.engines.current().compile(lambda x: layer(x), layer.variables)
    first, second = flat(run(X))[0], flat(run(X))[0]
    layer.reset_state()
    close([layer(X), layer(X)], [first, second])


def test_dropout(training_engine):
    kernel = {"kernel_initializer": "identity", "recurrent_initializer": "zeros", "activation": None, "return_sequences": True}
    x = np.ones((2, 6, 50), "float32")
    y = flat(layers.SimpleRNN(50, dropout=0.4, seed=1, **kernel)(x, training=True))[0]
    assert np.ptp(y, axis=1).max() == 0  # one mask for all steps
    assert set(np.unique(y.round(4))) == {0.0, np.float32(1 / 0.6).round(4)} and 0.2 < (y == 0).mean() < 0.6
    del kernel["return_sequences"]
    cell = layers.SimpleRNNCell(50, dropout=0.4, seed=1, **kernel)
    z = flat(layers.RNN(cell, return_sequences=True)(x, training=True))[0]
    close(y, z)
    layer = layers.LSTM(8, dropout=0.3, recurrent_dropout=0.3, seed=3, return_sequences=True)
    first, second, still = (flat(layer(x, training=t))[0] for t in (True, True, False))
    assert np.abs(first - second).max() > 1e-3
    close(still, layer(x))
    assert layer.cell._masks is None
    again = layers.LSTM(8, dropout=0.3, recurrent_dropout=0.3, seed=3, return_sequences=True)
    again.build((None, 6, 50))
    again.set_weights(layer.get_weights())
    close(again(x, training=True), first)


def test_recurrent_dropout_is_one_mask():
    layer = layers.SimpleRNN(
        40, recurrent_dropout=0.5, activation=None, kernel_initializer="zeros", recurrent_initializer="identity", seed=2
    )
    y = flat(layer(np.zeros((1, 3, 1), "float32"), initial_state=np.ones((1, 40), "float32"), training=True))[0]
    assert set(np.unique(y)) == {0.0, 8.0}


def test_regularizers_and_constraints():
    layer = layers.GRU(2, kernel_regularizer="l2", activity_regularizer="l1", recurrent_constraint="max_norm")
    y = layer(X)
    assert layer.cell.recurrent_kernel.constraint is not None
    kernel = layer.cell.kernel.numpy()
    expected = [0.01 * (kernel**2).sum(), 0.01 * np.abs(np.asarray(y)).sum() / 3]  # a sample's share of the second
    close(sorted(float(v) for v in layer.losses), sorted(expected))


def bad(run, *parts):
    with pytest.raises(ValueError) as caught:
        run()
    for part in parts:
        assert part in str(caught.value), caught.value


def test_bad_inputs():
    bad(lambda: layers.LSTM(0), "LSTM: units must be a positive integer; 0 came.")
    bad(lambda: layers.RNN(3), "A recurrent cell needs a method call(inputs, states); 3 has none.")
    bad(lambda: layers.RNN(layers.Dense(3, name="d")), "A recurrent cell needs an attribute state_size")
    bad(lambda: layers.LSTM(3, name="a")(X[0]), 'Layer "a" (LSTM): input has shape (5, 4); 3 axes are expected')
    bad(lambda: layers.LSTM(3)(X[:, :0]), "at least one step")
    bad(
        lambda: layers.LSTM(3, name="a")(X, initial_state=[X[:, 0, :3]]),
        'Layer "a" (LSTM) has 2 states; 1 came as initial_state.',
    )
    bad(
        lambda: layers.GRU(3, stateful=True, name="a")(kerata.Input((5, 4))),
        'Layer "a" is stateful, so it must know the batch size: give it with Input(batch_shape=(32, 10, 8))',
    )
    stateful = layers.GRU(3, stateful=True, name="a")
    stateful(X)
    bad(lambda: stateful(X[:2]), 'Layer "a" is stateful and keeps states for batches of 3; a batch of 2 came.')
    layer = layers.GRU(3, name="b")
    layer(X)
    bad(lambda: layer(X[..., :2]), "axis 2 must have length 4")


def test_stacked_cells_hand_further_arguments_to_each():
    class Scaled(layers.SimpleRNNCell):
        def call(self, inputs, states, training=False, scale=1.0):
            output, states = super().call(inputs, states, training=training)
            return output * scale, states

    cells = layers.StackedRNNCells([Scaled(2), Scaled(2)])
    x, states = np.ones((1, 3), "float32"), [[np.zeros((1, 2), "float32")], [np.zeros((1, 2), "float32")]]
    plain, scaled = cells(x, states)[0], cells(x, states, scale=0.0)[0]
    assert np.asarray(plain).any() and not np.asarray(scaled).any()
    with pytest.raises(TypeError, match="scale"):
        layers.StackedRNNCells([layers.GRUCell(2)])(x, states[:1], scale=0.0)
