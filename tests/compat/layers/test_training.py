"""Layers that Keras 3 lacks train, are saved and found again, and refuse what makes no sense."""

import numpy as np
import pytest

import kerata
from tests.compat.layers.era import keras
from tests.compat.layers.programs import line

K1, K2, TF = keras("keras1"), keras("keras2"), keras("tf_keras")

CASES = {
    "Highway": lambda: (K1.layers.Highway(input_shape=(4,)), (4, 4)),
    "MaxoutDense": lambda: (K1.layers.MaxoutDense(3, 2, input_shape=(4,)), (4, 4)),
    "SReLU": lambda: (K1.layers.SReLU(input_shape=(4,)), (4, 4)),
    "ParametricSoftplus": lambda: (K1.layers.ParametricSoftplus(input_shape=(4,)), (4, 4)),
    "LSTM of Keras 1": lambda: (K1.layers.LSTM(3, dropout_W=0.2, input_shape=(3, 2)), (4, 3, 2)),
    "GRU of Keras 1": lambda: (K1.layers.GRU(3, dropout_U=0.2, consume_less="gpu", input_shape=(3, 2)), (4, 3, 2)),
    "Deconvolution2D": lambda: (
        K1.layers.Deconvolution2D(2, 3, 3, (None, 5, 5, 2), subsample=(2, 2), dim_ordering="tf", input_shape=(2, 2, 3)),
        (2, 2, 2, 3),
    ),
    "LocallyConnected1D": lambda: (TF.layers.LocallyConnected1D(2, 2, implementation=3, input_shape=(4, 2)), (4, 4, 2)),
    "LocallyConnected2D": lambda: (TF.layers.LocallyConnected2D(2, 2, implementation=2, input_shape=(3, 3, 2)), (4, 3, 3, 2)),
    "LocallyConnected2D of places": lambda: (K2.layers.LocallyConnected2D(2, 2, input_shape=(3, 3, 2)), (4, 3, 3, 2)),
    "RandomFourierFeatures": lambda: (
        TF.layers.experimental.RandomFourierFeatures(5, "gaussian", trainable=True, input_shape=(4,)),
        (4, 4),
    ),
    "BatchNormalization 1": lambda: (K1.layers.BatchNormalization(mode=1, input_shape=(4,)), (4, 4)),
    "BatchNormalization 2": lambda: (K1.layers.BatchNormalization(mode=2, input_shape=(4,)), (4, 4)),
}
SAVED = [name for name in CASES if "Normalization" not in name]


@pytest.mark.parametrize("name", CASES)
def test_a_step_changes_the_weights(name, training_engine):
    kerata.utils.set_random_seed(1)
    layer, shape = CASES[name]()
    model = kerata.Sequential([layer, kerata.layers.Flatten(), kerata.layers.Dense(1)])
    before = layer.get_weights()
    model.compile("sgd", "mse")
    history = model.fit(line(shape, -1, 1), np.ones((shape[0], 1)), epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    changed = [not np.array_equal(a, b) for a, b in zip(before, layer.get_weights())]
    assert any(changed)


@pytest.mark.parametrize("name", SAVED)
def test_a_model_is_saved_and_read_back(name, tmp_path):
    layer, shape = CASES[name]()
    model = kerata.Sequential([layer])
    x = line(shape, -1, 1)
    model.save(tmp_path / "model.keras")
    read = kerata.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(read.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    copied = type(layer).from_config(layer.get_config())
    assert copied.get_config() == layer.get_config()


def test_merge_of_models_begins_a_sequential(training_engine, tmp_path):
    left, right = kerata.Sequential(), kerata.Sequential()
    left.add(K1.layers.Dense(3, input_dim=2))
    right.add(K1.layers.Dense(3, input_dim=4))
    merged = K1.layers.Merge([left, right], mode="sum")
    assert merged.output.shape == (None, 3) and len(merged.trainable_weights) == 4

    from kerata.compat.layers import BeginsWithMerge

    class Sequential(BeginsWithMerge, kerata.Sequential):
        pass

    model = Sequential()
    model.add(merged)
    model.add(K1.layers.Dense(1))
    model.compile("sgd", "mse")
    data = [line((4, 2)), line((4, 4))]
    before = left.layers[0].get_weights()[0]
    model.fit(data, np.ones((4, 1)), verbose=0)
    assert model.predict(data, verbose=0).shape == (4, 1)
    assert not np.array_equal(before, left.layers[0].get_weights()[0])


def test_merge_by_a_function(engine):
    a, b = K1.layers.Input((3,)), K1.layers.Input((3,))
    difference = K1.layers.merge([a, b], mode=lambda xs, by: (xs[0] - xs[1]) * by, output_shape=(3,), arguments={"by": 2.0})
    found = kerata.Model([a, b], difference).predict([np.ones((2, 3)), np.zeros((2, 3))], verbose=0)
    np.testing.assert_allclose(found, np.full((2, 3), 2.0))
    by_lambda = K1.layers.merge([a, b], mode=K1.layers.Lambda(lambda xs: xs[0]), output_shape=lambda shapes: shapes[0])
    assert by_lambda.shape == (None, 3)


def test_merge_saved_in_a_graph(tmp_path):
    a, b = K1.layers.Input((3,)), K1.layers.Input((3,))
    model = kerata.Model([a, b], K1.layers.merge([a, b], mode="cos"))
    model.save(tmp_path / "model.keras")
    data = [line((2, 3)), line((2, 3), 1, 2)]
    read = kerata.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(read.predict(data, verbose=0), model.predict(data, verbose=0))


def test_the_functions_of_keras_2(engine):
    x, y = np.ones((2, 3), "float32"), np.full((2, 3), 2.0, "float32")
    layers = K2.layers
    assert np.asarray(layers.add([x, y]))[0, 0] == 3 and np.asarray(layers.concatenate([x, y], axis=0)).shape == (4, 3)
    assert np.asarray(layers.dot([x, y], 1, normalize=True)).round(4).tolist() == [[1.0], [1.0]]
    assert np.asarray(layers.subtract([x, y]))[0, 0] == -1 and np.asarray(layers.multiply([x, y]))[0, 0] == 2


def test_random_lengths():
    images = line((2, 10, 8, 1))
    height = TF.layers.RandomHeight(0.5, seed=3)
    lengths = {height(images, training=True).shape for _ in range(5)}
    assert len(lengths) > 1 and all(5 <= shape[1] <= 15 and shape[2] == 8 for shape in lengths)
    np.testing.assert_allclose(height(images), images)
    assert TF.layers.RandomWidth(0.5)(kerata.Input((10, 8, 1))).shape == (None, 10, None, 1)


def test_embedding_drops_whole_rows():
    layer = K1.layers.Embedding(50, 4, dropout=0.5, input_length=6)
    indices = np.arange(48).reshape(8, 6)
    layer(indices)
    kept = np.asarray(layer(indices, training=True)).reshape(48, 4)
    zero = (kept == 0).all(axis=1)
    assert 5 < zero.sum() < 43 and (kept[~zero] != 0).all()


def test_a_layer_that_is_adapted():
    class Mean(TF.layers.experimental.preprocessing.PreprocessingLayer):
        def build(self, input_shape):
            self.total, self.rows = 0.0, 0

        def update_state(self, data):
            self.total, self.rows = self.total + np.sum(data), self.rows + len(data)

        def call(self, x):
            return x - self.total / self.rows

    layer = Mean()
    layer.adapt(np.arange(70.0, dtype="float32"), batch_size=32)
    assert layer.is_adapted and float(layer(np.array([34.5], "float32"))[0]) == 0.0


def test_weights_of_a_graph_are_shown_as_then():
    first = K1.layers.Convolution2D(2, 3, 3, dim_ordering="th", input_shape=(1, 5, 5))
    kerata.Sequential([first])
    assert [w.shape for w in first.get_weights()] == [(2, 1, 3, 3), (2,)]
    with pytest.raises(ValueError, match="Keras 1"):
        first.set_weights([np.ones((3, 3, 1, 2)), np.ones(2)])
    both = K1.layers.Bidirectional(K1.layers.LSTM(2), input_shape=(3, 2))
    kerata.Sequential([both])
    assert len(both.get_weights()) == 24


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: K1.layers.Dense(), TypeError, "units"),
        (lambda: K1.layers.Dense(3, "uniform", output_dim=2), TypeError, "twice"),
        (lambda: K1.layers.LSTM(3, forget_bias_init="normal"), ValueError, "forget_bias_init"),
        (lambda: K1.layers.LSTM(3, consume_less="disk"), ValueError, "consume_less"),
        (lambda: K1.layers.BatchNormalization(mode=3), ValueError, "mode"),
        (lambda: K1.layers.Embedding(3, 2, dropout=1.0), ValueError, "dropout"),
        (lambda: K1.layers.ThresholdedReLU(-1.0), ValueError, "theta"),
        (lambda: K1.layers.Merge(mode="product"), ValueError, "mode"),
        (lambda: K1.layers.Merge([K1.layers.Dense(2), K1.layers.Dense(2)]), ValueError, "called"),
        (lambda: K1.layers.Deconvolution2D(2, 3, 3, (5, 5)), ValueError, "output_shape"),
        (lambda: TF.layers.LocallyConnected1D(2, 2, padding="same"), ValueError, "implementation"),
        (lambda: TF.layers.LocallyConnected1D(2, 2)(kerata.Input((None, 2))), ValueError, "lengths"),
        (lambda: TF.layers.RandomHeight((0.5, 0.1)), ValueError, "factor"),
        (lambda: TF.layers.experimental.RandomFourierFeatures(3, "cubic"), ValueError, "gaussian"),
        (lambda: TF.layers.DenseFeatures([]), NotImplementedError, "FeatureSpace"),
        (lambda: K1.regularizers.get("l3"), ValueError, "l3"),
        (lambda: K1.initializations.get("glorot"), ValueError, "glorot"),
        (lambda: TF.layers.Merge, AttributeError, "Merge"),
        (lambda: K1.layers.AbstractRNNCell, AttributeError, "AbstractRNNCell"),
    ],
)
def test_what_is_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()
