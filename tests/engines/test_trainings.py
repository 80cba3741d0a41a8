"""Short real trainings from the same weights over the same batches: the engines' losses are equal, their results alike."""

import functools
import importlib.util
import pathlib

import numpy as np
import pytest

import kerata as keras
from kerata import engines, layers

COMMON = pathlib.Path(__file__).parents[2] / "examples" / "common.py"
ENGINES = ["jax", "torch", "tensorflow"]


@functools.cache
def examples():
    """What the examples share: their data."""
    spec = importlib.util.spec_from_file_location("common", COMMON)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def part(data, learned=1200, tested=300):
    """The first samples to learn from, and the first to be tested on."""
    (x, y), (x_test, y_test) = data
    return (x[:learned], y[:learned]), (x_test[:tested], y_test[:tested])


def digits():
    return part(examples().mnist())


def reviews():
    return part(examples().movie_reviews(words=1000, length=16))


def weather():
    """Temperatures in tens of degrees."""
    return part([(x, y[:, None] / 10) for x, y in examples().weather(days=7)])


def digits_model():
    return [
        keras.Input((28, 28, 1)), layers.Conv2D(8, 3, strides=2, activation="relu"), layers.BatchNormalization(),
        layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10, activation="softmax"),
    ]  # fmt: skip


def reviews_model():
    return [
        keras.Input((None,), dtype="int32"), layers.Embedding(1000, 16, mask_zero=True), layers.LSTM(12),
        layers.Dense(1, activation="sigmoid"),
    ]  # fmt: skip


def weather_model():
    return [keras.Input((7, 6)), layers.GRU(12), layers.Dense(1)]


# Data, layers, loss, metric, what the metric must reach, and by how much the engines may differ in it.
TRAININGS = {
    "digits": (digits, digits_model, "sparse_categorical_crossentropy", "accuracy", lambda value: value > 0.7, 0.03),
    "reviews": (reviews, reviews_model, "binary_crossentropy", "accuracy", lambda value: value > 0.52, 0.05),
    "weather": (weather, weather_model, "huber", "mae", lambda value: value < 0.4, 0.02),
}


class FirstLosses(keras.callbacks.Callback):
    """The losses of the first ten steps."""

    def on_train_begin(self, logs=None):
        self.values = []

    def on_train_batch_end(self, batch, logs=None):
        if len(self.values) < 10:
            before = sum(self.values)
            self.values.append(logs["loss"] * (batch + 1) - before)  # logs have the mean since the epoch began


def trained(engine, name):
    """The losses of the first steps and of the epochs, and the loss and the metric on data never seen."""
    load, make_layers, loss, metric, *_ = TRAININGS[name]
    (x, y), test = load()
    with engines.use_engine(engine):
        keras.utils.set_random_seed(3)
        model = keras.Sequential(make_layers())
        model.compile(keras.optimizers.Adam(0.01), loss, metrics=[metric])
        first = FirstLosses()
        history = model.fit(x, y, batch_size=50, epochs=3, callbacks=[first], verbose=0).history
        return first.values, history["loss"], model.evaluate(*test, batch_size=50, verbose=0)


@pytest.mark.parametrize("name", TRAININGS)
def test_engines_train_alike(name):
    *_, reached, noise = TRAININGS[name]
    first, epochs, results = zip(*[trained(engine, name) for engine in ENGINES])
    for steps, losses, result in zip(first, epochs, results):
        np.testing.assert_allclose(steps, first[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(losses, epochs[0], rtol=0.02)
        assert losses[-1] < losses[0] < steps[0]
        assert reached(result[1])
        assert abs(result[1] - results[0][1]) < noise
