"""Layers that users wrote for older generations run, and tell what they told then."""

import numpy as np
import pytest

import kerata
from kerata import ops
from tests.compat.layers.era import keras

K1, K2, TF = keras("keras1"), keras("keras2"), keras("tf_keras")
ROWS = np.arange(6.0, dtype="float32").reshape(2, 3)


class MyDense(K1.layers.Layer):
    """As the documentation of Keras 1 showed it."""

    def __init__(self, output_dim, weights=None, **kwargs):
        self.output_dim = output_dim
        self.initial_weights = weights
        self.init = K1.initializations.get("glorot_uniform")
        super().__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 2
        self.input_spec = [K1.layers.InputSpec(dtype="float32", shape=(None, input_shape[1]))]
        self.W = self.init((input_shape[1], self.output_dim), name=f"{self.name}_W")
        self.b = kerata.Variable(np.zeros(self.output_dim, "float32"))
        self.untrained = kerata.Variable(np.ones((), "float32"))
        self.trainable_weights = [self.W, self.b]
        self.constraints = {self.W: K1.constraints.get("nonneg")}
        if self.initial_weights is not None:
            self.set_weights(self.initial_weights)
            del self.initial_weights
        self.built = True

    def call(self, x, mask=None):
        return ops.matmul(x, self.W) + self.b * self.untrained

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.output_dim)


def test_a_layer_of_keras_1_trains(training_engine):
    model = kerata.Sequential([MyDense(2, input_shape=(3,), name="mine"), K1.layers.Dense(1)])
    layer = model.layers[0]
    assert model.output_shape == (None, 1) if hasattr(model, "output_shape") else True
    assert layer.output_shape == (None, 2) and layer.input_shape == (None, 3)
    before = layer.get_weights()
    model.compile("sgd", "mse")
    model.fit(ROWS, np.ones((2, 1)), epochs=2, verbose=0)
    assert len(layer.trainable_weights) == 2 and not layer.untrained.trainable
    assert not np.allclose(before[1], layer.get_weights()[1])
    assert float(layer.untrained.numpy()) == 1.0
    assert layer.W.numpy().min() >= 0


def test_names_have_numbers_from_the_first_on():
    kerata.utils.clear_session()
    assert [MyDense(1).name, MyDense(1).name, K1.layers.BatchNormalization().name] == [
        "mydense_1",
        "mydense_2",
        "batchnormalization_1",
    ]
    assert K2.layers.BatchNormalization().name == "batch_normalization_1"


def test_a_layer_of_keras_2():
    class Scale(K2.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight("kernel", (input_shape[1],), initializer="ones")
            self.bias = self.add_weight(name="a/bias", shape=(input_shape[1],), initializer="zeros", trainable=False)
            super().build(input_shape)

        def call(self, x):
            return x * self.kernel + self.bias

        def compute_output_shape(self, input_shape):
            return input_shape

    layer = Scale()
    np.testing.assert_allclose(layer(ROWS), ROWS)
    assert [w.shape for w in layer.trainable_weights] == [(3,)] and len(layer.non_trainable_weights) == 1
    layer.more = layer.add_weight(shape=(2,), initializer="zeros", name="more")  # a built layer may grow
    assert len(layer.trainable_weights) == 2


@pytest.mark.parametrize(
    "arguments, named",
    [
        (((3,), "ones"), {"name": "w"}),
        (("w", (3,)), {"initializer": "ones"}),
        (("w", (3,), "float32", "ones"), {}),
        ((), {"name": "w", "shape": (3,), "initializer": "ones", "use_resource": True}),
        (((3,), lambda shape, name=None: kerata.Variable(np.ones(shape, "float32"))), {"name": "w"}),
    ],
)
def test_add_weight_in_each_order(arguments, named):
    weight = K1.layers.Layer().add_weight(*arguments, **named)
    assert weight.name == "w" and weight.numpy().tolist() == [1.0, 1.0, 1.0]


def test_add_weight_refuses_what_it_never_took():
    layer = TF.layers.Layer()
    with pytest.raises(TypeError, match="twice"):
        layer.add_weight("w", (3,), shape=(3,))
    with pytest.raises(TypeError, match="initializer"):
        layer.add_weight("w", (3,), initialiser="ones")
    with pytest.raises(ValueError, match="partitioner"):
        layer.add_weight("w", (3,), partitioner=len)


def test_weights_put_into_the_list_are_the_layers():
    layer = K2.layers.Layer()
    w, fixed = kerata.Variable(np.ones(2)), kerata.Variable(np.ones(2))
    layer.trainable_weights.append(w)
    layer.non_trainable_weights += [fixed]
    assert [v is w for v in layer.trainable_weights] == [True]
    assert [v is fixed for v in layer.non_trainable_weights] == [True]
    layer.trainable_weights = []
    assert len(layer.non_trainable_weights) == 2
    with pytest.raises(TypeError, match="variables"):
        layer.trainable_weights = [1.0]


def test_losses_and_updates(training_engine):
    class Counts(K2.layers.Layer):
        def build(self, input_shape):
            self.count = self.add_weight("count", (), initializer="zeros", trainable=False)
            super().build(input_shape)

        def call(self, x):
            self.add_update([(self.count, self.count + 1.0)], inputs=x)
            self.add_loss([ops.sum(x) * 0.5], inputs=x)
            return x

    model = kerata.Sequential([Counts(input_shape=(3,)), K2.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(ROWS, np.ones((2, 1)), epochs=3, verbose=0)
    model.predict(ROWS, verbose=0)
    assert float(model.layers[0].count.numpy()) == 3.0  # not while predicting
    model.layers[0](ROWS)
    assert [float(loss) for loss in model.layers[0].losses] == [7.5]
    assert len(model.layers[0].updates) == 1


def test_a_loss_in_build_would_be_a_constant():
    class Wrong(K2.layers.Layer):
        def build(self, input_shape):
            self.add_loss(ops.ones(()))

    with pytest.raises(ValueError, match="add_weight"):
        Wrong().build((None, 3))


@pytest.mark.parametrize("generation, factor", [(K1, 4.0), (K2, 4.0), (TF, 1.0)])
def test_activity_is_that_of_the_whole_batch_before_tf_keras(generation, factor):
    layer = generation.layers.ActivityRegularization(l2=0.5)
    layer(np.ones((4, 3), "float32"))
    assert float(layer.losses[0]) == 1.5 * factor


def test_the_graph_is_told():
    x = K2.layers.Input((3,))
    first, second = K2.layers.Dense(4, name="first"), K2.layers.Dense(2)
    y = second(first(x))
    assert first.get_output_shape_at(0) == (None, 4) and second.get_input_at(0) is first.output
    assert [node.operation for node in first.outbound_nodes] == [second] and len(first.inbound_nodes) == 1
    first(K2.layers.Input((2, 3)[1:]))
    assert first.get_input_shape_at(1) == (None, 3) and y is second.get_output_at(0)
    first.outbound_nodes = []
    assert first.outbound_nodes == []
    with pytest.raises(ValueError, match="node 7"):
        first.get_input_at(7)
    with pytest.raises(AttributeError, match="output shape"):
        _ = K2.layers.Dense(2).output_shape


def test_arguments_are_read_by_their_old_names():
    layer = K1.layers.Convolution2D(4, 2, 3, border_mode="same", dim_ordering="th", subsample=(2, 1), input_shape=(3, 5, 5))
    assert (layer.nb_filter, layer.nb_row, layer.nb_col, layer.border_mode) == (4, 2, 3, "same")
    assert (layer.dim_ordering, layer.subsample, layer.bias) == ("th", (2, 1), True) or layer.use_bias
    kerata.Sequential([layer])
    assert layer.W is layer.kernel and layer.W_regularizer is None
    assert K1.layers.Convolution1D(4, 3).filter_length == 3
    assert K1.layers.Dropout(0.25).p == 0.25 and K1.layers.Dropout(0.25).uses_learning_phase
    assert K1.layers.LSTM(4).output_dim == 4 and not K1.layers.Dense(2).stateful
    with pytest.raises(AttributeError, match="nb_filter"):
        _ = K1.layers.Dense(2).nb_filter


class Sum(K1.layers.Recurrent):
    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.W = self.add_weight((input_shape[2], self.output_dim), initializer="one", name="W")
        self.states = [None]

    def preprocess_input(self, x):
        return ops.matmul(x, self.W)

    def get_constants(self, x):
        return [ops.ones((1, 1))]

    def step(self, x, states):
        previous, one = states
        return previous + x * one, [previous + x]

    def get_output_shape_for(self, shape):
        return (shape[0], shape[1], self.output_dim) if self.return_sequences else (shape[0], self.output_dim)


def test_a_recurrent_layer_of_keras_1(engine):
    x = np.ones((2, 4, 3), "float32")
    np.testing.assert_allclose(Sum(2, input_shape=(4, 3))(x), np.full((2, 2), 12.0))
    outputs = np.asarray(Sum(2, return_sequences=True)(x))
    assert outputs[0, :, 0].tolist() == [3.0, 6.0, 9.0, 12.0]
    masked = kerata.Sequential([K1.layers.Masking(), Sum(2)])
    x[:, 2:] = 0.0
    np.testing.assert_allclose(masked(x), np.full((2, 2), 6.0))


def test_a_stateful_recurrent_layer_of_keras_1(engine):
    layer = Sum(2, stateful=True, batch_input_shape=(2, 4, 3))
    x = np.ones((2, 4, 3), "float32")
    assert [float(layer(x)[0, 0]) for _ in range(2)] == [12.0, 24.0]
    layer.reset_states()
    assert float(layer(x)[0, 0]) == 12.0


def test_a_cell_of_keras_2_and_one_of_tf_keras(engine):
    class Cell(K2.layers.Layer):
        def __init__(self, units, **kwargs):
            self.units = self.state_size = units
            super().__init__(**kwargs)

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", name="kernel")
            self.built = True

        def call(self, inputs, states):
            output = ops.matmul(inputs, self.kernel) + states[0]
            return output, [output]

    class Counter(TF.layers.AbstractRNNCell):
        state_size = 3

        def call(self, inputs, states):
            return states[0] + inputs, [states[0] + inputs]

    x = np.ones((2, 4, 3), "float32")
    np.testing.assert_allclose(K2.layers.RNN(Cell(2))(x), np.full((2, 2), 12.0))
    np.testing.assert_allclose(TF.layers.RNN(Counter())(x), np.full((2, 3), 4.0))
    with pytest.raises(NotImplementedError, match="state_size"):
        _ = TF.layers.AbstractRNNCell().state_size


def test_states_can_be_set():
    layer = K2.layers.LSTM(2, stateful=True, batch_input_shape=(1, 3, 2))
    kerata.Sequential([layer])
    layer.reset_states([np.ones((1, 2)), np.zeros((1, 2))])
    assert layer.states[0].numpy().tolist() == [[1.0, 1.0]]
    with pytest.raises(ValueError, match="2 states"):
        layer.reset_states([np.ones((1, 2))])
    with pytest.raises(AttributeError, match="stateful"):
        K2.layers.LSTM(2).reset_states()


def test_a_wrapper_of_the_users():
    class Twice(K2.layers.Wrapper):
        def build(self, input_shape):
            self.layer.build(input_shape)
            super().build()

        def call(self, inputs):
            return self.layer(self.layer(inputs))

    layer = Twice(K2.layers.Dense(3, kernel_initializer="identity"))
    np.testing.assert_allclose(layer(ROWS), ROWS)
    assert len(layer.trainable_weights) == 2
