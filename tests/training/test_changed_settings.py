"""A layer's setting changed between calls of `fit` and `predict` counts from then on, though steps were compiled before."""

import numpy as np

import kerata
from kerata.core.structure import Structure

X = np.random.default_rng(0).normal(size=(96, 4)).astype("float32")


def test_a_changed_rate_changes_training(training_engine):
    dropout = kerata.layers.Dropout(1.0 - 1e-6)
    model = kerata.Sequential([kerata.Input((4,)), dropout, kerata.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(kerata.optimizers.SGD(0.0), "mse")
    y = np.zeros((96, 1), "float32")
    for _ in range(3):  # nine steps: PyTorch records the step meanwhile
        assert model.fit(X, y, verbose=0).history["loss"][0] < 1e-6
    dropout.rate = 0.0
    expected = float(np.mean(X.sum(1) ** 2))
    for _ in range(3):
        np.testing.assert_allclose(model.fit(X, y, verbose=0).history["loss"][0], expected, rtol=1e-5)


def test_a_changed_activation_changes_predictions(engine):
    dense = kerata.layers.Dense(2, kernel_initializer="ones")
    model = kerata.Sequential([kerata.Input((4,)), dense])
    before = model.predict(X, verbose=0)
    dense.activation = kerata.activations.relu
    np.testing.assert_allclose(model.predict(X, verbose=0), np.maximum(before, 0), rtol=1e-6)


def test_training_itself_changes_no_setting(training_engine):
    layers = kerata.layers
    stack = [kerata.Input((6, 4)), layers.Bidirectional(layers.LSTM(3, stateful=False)), layers.BatchNormalization()]
    model = kerata.Sequential([*stack, layers.Dropout(0.1), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.zeros((32, 6, 4), "float32"), np.zeros((32, 1), "float32")
    model.fit(x, y, epochs=2, verbose=0, validation_data=(x, y))
    count = Structure.version
    model.fit(x, y, epochs=2, verbose=0, validation_data=(x, y))
    model.predict(x, verbose=0)
    model.trainable = False
    model.evaluate(x, y, verbose=0)
    assert Structure.version == count


def test_a_quantized_layer_changes_predictions(engine):
    model = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(3)])
    before = model.predict(X, verbose=0)
    model.layers[0].quantize("int8")
    after = model.predict(X, verbose=0)
    np.testing.assert_allclose(after, engine.to_numpy(model(X)), atol=1e-6)
    assert 0 < np.abs(after - before).max() < 0.1
