"""Whole runs of training, against the oracle: same weights and data in, same losses, metrics and weights out."""

import numpy as np
import pytest

import kerata
from tests.oracle import keras as oracle

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.random.default_rng(0).normal(size=(50, 6)).astype("float32")
LABELS = np.random.default_rng(1).integers(0, 3, 50).astype("int32")
WEIGHTS = np.random.default_rng(2).uniform(0.5, 2.0, 50).astype("float32")


def chain(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="tanh", kernel_regularizer=keras.regularizers.L2(1e-2)),
            layers.BatchNormalization(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def two_outputs(keras):
    x = keras.Input((6,))
    hidden = keras.layers.Dense(5, activation="relu")(x)
    return keras.Model(
        x,
        {
            "number": keras.layers.Dense(1, name="number")(hidden),
            "kind": keras.layers.Dense(3, activation="softmax", name="kind")(hidden),
        },
    )


def runs(build, compile_arguments, *fit_arguments, **fit_keywords):
    """The histories and the weights of the same run on kerata and on the oracle."""
    results, weights = [], None
    for keras in (oracle(), kerata):
        model = build(keras)
        weights = weights or model.get_weights()
        model.set_weights(weights)
        arguments = {k: v(keras) if callable(v) else v for k, v in compile_arguments.items()}
        model.compile(**arguments)
        history = model.fit(*fit_arguments, epochs=3, verbose=0, shuffle=False, **fit_keywords).history
        results.append((history, model.get_weights(), model))
    return results


def check(results, tolerance=2e-5):
    (expected, expected_weights, _), (history, weights, _) = results
    assert set(history) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=tolerance, atol=tolerance, err_msg=name)
    for w, e in zip(weights, expected_weights):
        np.testing.assert_allclose(w, e, rtol=1e-4, atol=tolerance)


CASES = {
    "sgd with a smaller last batch": ({"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}, {"batch_size": 16}),
    "adam": ({"optimizer": "adam", "loss": "sparse_categorical_crossentropy"}, {"batch_size": 10}),
    "clipping and decay": (
        {"optimizer": lambda k: k.optimizers.AdamW(1e-2, weight_decay=1e-2, global_clipnorm=0.1), "loss": "sparse_categorical_crossentropy"},
        {"batch_size": 16},
    ),
    "schedule": (
        {"optimizer": lambda k: k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5), momentum=0.9), "loss": "sparse_categorical_crossentropy"},
        {"batch_size": 16},
    ),
    "sample weights": (
        {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["acc"], "weighted_metrics": ["accuracy"]},
        {"batch_size": 16, "sample_weight": WEIGHTS},
    ),
    "class weights": ({"optimizer": "sgd", "loss": "sparse_categorical_crossentropy"}, {"batch_size": 16, "class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}),
    "validation": ({"optimizer": "rmsprop", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}, {"batch_size": 16, "validation_split": 0.3}),
    "exponential moving average": (
        {"optimizer": lambda k: k.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "loss": "sparse_categorical_crossentropy"},
        {"batch_size": 25},
    ),
    "accumulated gradients": (
        {"optimizer": lambda k: k.optimizers.SGD(0.1, gradient_accumulation_steps=2), "loss": "sparse_categorical_crossentropy"},
        {"batch_size": 25},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_chain_trains_as_in_the_oracle(name):
    compile_arguments, fit_arguments = CASES[name]
    check(runs(chain, compile_arguments, X, LABELS, **fit_arguments))


def test_two_outputs_with_their_own_losses_weights_and_metrics():
    targets = {"number": X[:, :1], "kind": LABELS}
    arguments = {
        "optimizer": "sgd",
        "loss": {"number": "mse", "kind": "sparse_categorical_crossentropy"},
        "loss_weights": {"number": 0.3, "kind": 1.0},
        "metrics": {"number": ["mae"], "kind": ["accuracy"]},
    }
    check(runs(two_outputs, arguments, X, targets, batch_size=16))


def test_evaluate_and_predict_as_in_the_oracle():
    arguments = {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    (_, _, theirs), (_, _, ours) = runs(chain, arguments, X, LABELS, batch_size=16)
    np.testing.assert_allclose(ours.predict(X, verbose=0), theirs.predict(X, verbose=0), atol=1e-5)
    expected = theirs.evaluate(X, LABELS, verbose=0, batch_size=7, return_dict=True)
    for batch_size in (1, 7, 50, 64):
        got = ours.evaluate(X, LABELS, verbose=0, batch_size=batch_size, return_dict=True)
        for name, value in expected.items():
            np.testing.assert_allclose(got[name], value, rtol=1e-5, err_msg=name)


def test_single_batches_as_in_the_oracle():
    (_, _, theirs), (_, _, ours) = runs(
        chain, {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}, X, LABELS
    )
    for _ in range(2):
        np.testing.assert_allclose(ours.train_on_batch(X[:9], LABELS[:9]), theirs.train_on_batch(X[:9], LABELS[:9]), rtol=1e-5)
    np.testing.assert_allclose(ours.test_on_batch(X[:9], LABELS[:9]), theirs.test_on_batch(X[:9], LABELS[:9]), rtol=1e-5)
    np.testing.assert_allclose(ours.predict_on_batch(X[:9]), theirs.predict_on_batch(X[:9]), rtol=1e-5)
