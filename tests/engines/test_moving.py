"""A model moves from engine to engine with its optimizer and its random state, and training goes on as if it had stayed."""

import itertools

import numpy as np
import pytest

import kerata
from kerata import engines, layers

TRAINING = [name for name in engines.names() if engines.get(name).trains]
X = np.random.default_rng(0).normal(size=(40, 6, 6, 2)).astype("float32")
Y = np.random.default_rng(1).integers(0, 3, 40)


def model():
    kerata.utils.set_random_seed(0)
    found = kerata.Sequential(
        [
            kerata.Input((6, 6, 2)),
            layers.Conv2D(4, 3, use_bias=False),  # a bias before a normalization would be trained by rounding errors
            layers.BatchNormalization(),
            layers.Reshape((4, 16)),
            layers.GRU(5),
            layers.Dense(3, activation="softmax"),
        ]
    )
    found.compile(kerata.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return found


def losses(path):
    """The losses of an epoch on each engine of `path` in turn."""
    with engines.use_engine(path[0]):
        found = model()
    history = []
    for name in path:
        found.to_engine(name)
        with engines.use_engine(name):
            history += found.fit(X, Y, batch_size=16, verbose=0).history["loss"]
    return history, found.predict(X, verbose=0), found.evaluate(X, Y, verbose=0)


@pytest.fixture(scope="module")
def expected():
    return losses(["jax"] * 3)


@pytest.mark.parametrize("path", list(itertools.permutations(TRAINING, 2)), ids="-".join)
def test_training_goes_on_on_another_engine(path, expected):
    history, predictions, results = losses([*path, path[0]])
    np.testing.assert_allclose(history, expected[0], rtol=2e-4)
    np.testing.assert_allclose(predictions, expected[1], atol=2e-3)
    np.testing.assert_allclose(results, expected[2], rtol=5e-3)


@pytest.mark.parametrize("name", TRAINING)
def test_one_seed_trains_alike_on_every_engine(name, expected):
    history, predictions, _ = losses([name] * 3)
    np.testing.assert_allclose(history, expected[0], rtol=2e-4)
    np.testing.assert_allclose(predictions, expected[1], atol=2e-3)


@pytest.mark.parametrize("name", TRAINING)
def test_random_states_move_too(name):
    """Dropout draws on: the state counts its draws, on whatever engine they are made."""
    kerata.utils.set_random_seed(0)
    found = kerata.Sequential([kerata.Input((4,)), layers.Dropout(0.5), layers.Dense(1)])
    found.compile("sgd", "mse")
    x = np.ones((8, 4), "float32")
    found.fit(x, x[:, :1], batch_size=4, verbose=0)
    state = found.layers[0].seed_generator.state
    assert state.numpy()[1] == 2
    found.to_engine(name)
    assert state.engine_name == name
    found.fit(x, x[:, :1], batch_size=4, verbose=0)
    assert state.numpy()[1] == 4
