"""Normalization, bins and category vectors: the oracle's numbers, adapted from data of every kind."""

import json

import numpy as np
import pytest

import kerata
from kerata import engines, layers
from kerata.layers.preprocessing.quantiles import QuantileSketch

from ...oracle import keras

X = np.random.default_rng(0).standard_normal((12, 3, 4)).astype("float32") * 3 + 1


class Batches(kerata.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return X[4 * index : 4 * index + 4]


def tf_dataset():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(X).batch(5)


KINDS = {
    "array": lambda: X,
    "list": lambda: X.tolist(),
    "generator": lambda: (X[i : i + 4] for i in range(0, 12, 4)),
    "PyDataset": Batches,
    "tf.data": tf_dataset,
}


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None, (2, 1)])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization(axis, invert, engine):
    mine = layers.Normalization(axis=axis, invert=invert)
    other = keras().layers.Normalization(axis=axis, invert=invert)
    mine.adapt(X), other.adapt(X)
    assert [(v.name, v.shape, v.dtype, v.trainable) for v in mine.variables][:2] == [
        (v.name, v.shape, v.dtype, v.trainable) for v in other.variables
    ][:2]
    np.testing.assert_allclose(engine.to_numpy(mine.mean), other.mean, rtol=1e-5)
    np.testing.assert_allclose(engine.to_numpy(mine(X)), other(X), rtol=1e-4, atol=1e-5)
    assert mine.compute_output_shape((None, 3, 4)) == (None, 3, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_normalization_adapts_to_all_kinds_of_data(kind):
    layer = layers.Normalization(axis=(1, 2))
    layer.adapt(KINDS[kind]())
    np.testing.assert_allclose(layer.adapt_mean.numpy(), X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), X.var(0), rtol=1e-5)
    assert layer.count.numpy() == 12
    layer.adapt(X[:2])  # anew, not on top of what it knew
    np.testing.assert_allclose(layer.adapt_mean.numpy(), X[:2].mean(0), rtol=1e-5)


def test_normalization_with_given_moments(engine):
    x = np.array([[1.0, 2.0, 3.0]], "float32")
    for mean, variance in ((3.0, 2.0), ([1.0, 2.0, 0.0], [4.0, 0.0, 1.0])):
        mine, other = (m.layers.Normalization(mean=mean, variance=variance, name="n") for m in (kerata, keras()))
        np.testing.assert_allclose(engine.to_numpy(mine(x)), other(x), rtol=1e-6)
        assert as_json(mine.get_config()) == as_json(other.get_config())
        assert layers.Normalization.from_config(as_json(mine.get_config())).get_config() == mine.get_config()
    assert mine.variables == []


def as_json(config):
    return json.loads(json.dumps(config))


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.Normalization(mean=1.0), "mean and variance are given together; 1.0 and None came"),
        (lambda: layers.Normalization(axis=3).build((None, 2)), "axis (3,) is out of range for inputs of shape (None, 2)"),
        (lambda: layers.Normalization().build((None, None)), "the length along axis 1, which axis=(-1,) keeps, must be known"),
        (lambda: layers.Normalization(mean=0.0, variance=1.0).adapt(X), "given its mean and variance is not adapted"),
        (lambda: layers.Normalization().adapt(iter([])), "gave no batch"),
        (lambda: layers.Normalization().adapt(iter([X, X[:, :, :2]])), "other shapes than the first"),
    ],
)
def test_normalization_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)


# Bins

VALUES = np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]], "float32")


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(2, 4), (8,), (8, 1)])
def test_discretization(mode, shape, engine):
    mine, other = (m.layers.Discretization([0.0, 1.0, 2.0], output_mode=mode, name="d") for m in (kerata, keras()))
    x = VALUES.reshape(shape)
    found, expected = mine(x), np.asarray(other(x))
    assert engine.dtype(found) == expected.dtype.name
    np.testing.assert_array_equal(engine.to_numpy(found), expected)
    symbolic = mine(kerata.KerasTensor((None, *shape[1:])))
    assert symbolic.dtype == expected.dtype.name and len(symbolic.shape) == expected.ndim or shape == (8,)
    assert as_json(mine.get_config()) == as_json(other.get_config())


def test_discretization_of_integers(engine):
    np.testing.assert_array_equal(engine.to_numpy(layers.Discretization([0.5, 1.5])(np.array([[0, 1, 2]]))), [[0, 1, 2]])


@pytest.mark.parametrize("bins", [2, 3, 4, 8])
def test_discretization_adapts(bins):
    mine, other = (m.layers.Discretization(num_bins=bins, name="d") for m in (kerata, keras()))
    mine.adapt(VALUES), other.adapt(VALUES)
    np.testing.assert_allclose(mine.bin_boundaries, other.bin_boundaries, rtol=1e-6)
    assert as_json(mine.get_config()).keys() == as_json(other.get_config()).keys()
    again = keras().layers.Discretization.from_config(as_json(mine.get_config()))
    np.testing.assert_array_equal(again(VALUES), mine(VALUES))
    back = layers.Discretization.from_config(as_json(other.get_config()))
    assert back.bin_boundaries == other.bin_boundaries and back.num_bins == bins


@pytest.mark.parametrize("kind", KINDS)
def test_discretization_adapts_to_all_kinds_of_data(kind):
    layer = layers.Discretization(num_bins=4)
    layer.adapt(KINDS[kind]())
    np.testing.assert_allclose(layer.bin_boundaries, np.sort(X.ravel())[[35, 71, 107]], rtol=1e-6)


@pytest.mark.parametrize("epsilon", [0.1, 0.01])
def test_quantiles_of_many_numbers(epsilon):
    """The ranks of the quantiles are off by less than epsilon, whatever the order of the numbers and of merging."""
    rng = np.random.default_rng(1)
    for values in (rng.standard_normal(50_000), np.sort(rng.exponential(size=50_000)), np.arange(50_000.0)[::-1]):
        first, second = QuantileSketch(epsilon), QuantileSketch(epsilon)
        for i, part in enumerate(np.array_split(values, 70)):
            (first if i % 3 else second).update(part)
        first.merge(second)
        fractions = np.linspace(0.05, 0.95, 19)
        ranks = np.searchsorted(np.sort(values), first.quantiles(fractions)) / len(values)
        assert np.abs(ranks - fractions).max() < epsilon
        assert sum(map(len, first.levels)) < 40 / epsilon


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.Discretization(), "exactly one of bin_boundaries and num_bins"),
        (lambda: layers.Discretization([0.0], num_bins=2), "exactly one of bin_boundaries and num_bins"),
        (lambda: layers.Discretization([2.0, 1.0]), "increasing order; [2.0, 1.0] came"),
        (lambda: layers.Discretization([0.0], output_mode="x"), "output_mode must be one of int, one_hot, multi_hot, count"),
        (lambda: layers.Discretization([0.0], epsilon=2), "epsilon must be between 0 and 1; 2 came"),
        (lambda: layers.Discretization([0.0]).adapt(VALUES), "given bin_boundaries is not adapted"),
        (lambda: layers.Discretization(num_bins=3)(VALUES), "the boundaries are not known yet"),
        (lambda: layers.Discretization(num_bins=3).adapt(np.zeros((0, 2))), "the data is empty"),
    ],
)
def test_discretization_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)


# Category vectors


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2), (3, 2, 2)])
def test_category_encoding(mode, shape, engine):
    mine, other = (m.layers.CategoryEncoding(5, output_mode=mode, name="c") for m in (kerata, keras()))
    x = np.random.default_rng(0).integers(0, 5, shape).astype("int32")
    if mode == "one_hot" or shape != (3, 2, 2):  # there the oracle reduces another axis than it documents
        np.testing.assert_array_equal(engine.to_numpy(mine(x)), other(x))
    assert mine.compute_output_shape((None, *shape[1:])) == (None, *np.shape(mine(x))[1:]) or shape == (3,)
    assert mine(kerata.KerasTensor(shape, "int32")).shape == np.shape(mine(x)) == other.compute_output_shape(shape)
    assert as_json(mine.get_config()) == as_json(other.get_config())


def test_category_encoding_weights(engine):
    x, weights = np.array([[0, 1], [0, 0], [3, 1]]), np.array([[0.1, 0.2], [0.1, 0.1], [0.4, 0.2]])
    layer = layers.CategoryEncoding(4, "count")
    np.testing.assert_allclose(
        engine.to_numpy(layer(x, count_weights=weights)), [[0.1, 0.2, 0, 0], [0.2, 0, 0, 0], [0, 0.2, 0, 0.4]], rtol=1e-6
    )


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.CategoryEncoding(), "num_tokens must be given"),
        (lambda: layers.CategoryEncoding(0), "num_tokens must be a positive integer; 0 came"),
        (lambda: layers.CategoryEncoding(4, "int"), "output_mode must be one of one_hot, multi_hot, count; 'int' came"),
        (lambda: layers.CategoryEncoding(4)([[4]]), "Category 4 is out of range for num_tokens=4 (0 to 3)"),
        (lambda: layers.CategoryEncoding(4)([[-1]]), "Category -1 is out of range"),
        (lambda: layers.CategoryEncoding(4)([[1]], count_weights=[[1.0]]), "count_weights go with output_mode='count'"),
    ],
)
def test_category_encoding_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)


# In models and pipelines


def test_in_a_model(training_engine, tmp_path):
    x = X.reshape(36, 4)
    scaled, bins = layers.Normalization(), layers.Discretization(num_bins=5, output_mode="multi_hot")
    scaled.adapt(x), bins.adapt(x)
    inputs = kerata.Input((4,))
    features = layers.Concatenate()([scaled(inputs), bins(inputs)])
    model = kerata.Model(inputs, layers.Dense(1)(features))
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], epochs=2, verbose=0)
    expected = model.predict(x, verbose=0)
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(kerata.saving.load_model(tmp_path / "model.keras").predict(x, verbose=0), expected, rtol=1e-6)
    np.testing.assert_allclose(
        keras().saving.load_model(tmp_path / "model.keras").predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("name", ["jax", "torch", "numpy", "tensorflow"])
def test_in_a_tf_data_pipeline(name):
    import tensorflow as tf

    scaled, bins, vectors = layers.Normalization(), layers.Discretization([0.0, 1.0]), layers.CategoryEncoding(3, "count")
    with engines.use_engine(name):
        scaled.adapt(X)
        data = tf.data.Dataset.from_tensor_slices(X.reshape(36, 4)).batch(9)
        found = np.concatenate([y for _, y in data.map(lambda x: (scaled(x), vectors(bins(x)))).as_numpy_iterator()])
    expected = keras().layers.Discretization([0.0, 1.0], output_mode="count")(X.reshape(36, 4))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "make,data",
    [
        (lambda k: k.layers.CategoryEncoding(4, output_mode="one_hot"), [3, 2, 0, 1]),
        (lambda k: k.layers.CategoryEncoding(4), [[0, 1], [0, 0]]),
        (lambda k: k.layers.Discretization([1.0, 2.0]), [[1.5, 3.0]]),
        (lambda k: k.layers.Discretization([1.0, 2.0]), 1.5),
        (lambda k: k.layers.Rescaling(2.0, 1.0), [[1.0, 2.0]]),
        (lambda k: k.layers.Pipeline([k.layers.Rescaling(2.0)]), [[1.0]]),
        (lambda k: k.layers.MelSpectrogram(16, 16, 16, num_mel_bins=4), [0.5] * 64),
    ],
)
def test_lists_are_data(engine, make, data):
    """As in the documented examples; layers with weights refuse them, as Keras's do."""
    found = engine.to_numpy(make(kerata)(data))
    np.testing.assert_allclose(found, np.asarray(make(keras())(data)), rtol=1e-4, atol=1e-5)


def test_lists_are_no_data_for_other_layers(engine):
    for layer in (layers.Dense(2), layers.Flatten(), layers.ReLU()):
        with pytest.raises(ValueError, match="takes tensors by position"):
            layer([[1.0, 2.0]])
