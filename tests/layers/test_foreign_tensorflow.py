"""Functions of a SavedModel as layers: their outputs, in models, trained further, saved and loaded."""

import numpy as np
import pytest
import tensorflow as tf

import kerata
from kerata import engines, layers

X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")


@pytest.fixture(autouse=True)
def on_tensorflow():
    with engines.use_engine("tensorflow"):
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A linear function with a twin for training, saved."""

    class Linear(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(np.full((4, 2), 0.5, "float32"))
            self.b = tf.Variable(np.ones(2, "float32"), trainable=False)

        @tf.function(input_signature=[tf.TensorSpec((None, 4))])
        def serve(self, inputs):
            return inputs @ self.w + self.b

        @tf.function(input_signature=[tf.TensorSpec((None, 4))])
        def serve_training(self, inputs):
            return inputs @ self.w - self.b

    path, module = str(tmp_path_factory.mktemp("saved") / "linear"), Linear()
    signature = tf.function(
        lambda inputs: {"outputs": module.serve(inputs)}, input_signature=[tf.TensorSpec((None, 4), name="inputs")]
    )
    tf.saved_model.save(module, path, signatures={"serving_default": signature.get_concrete_function()})
    return path


def test_outputs_and_weights(folder):
    layer = layers.TFSMLayer(folder, call_training_endpoint="serve_training")
    expected = X @ np.full((4, 2), 0.5, "float32")
    np.testing.assert_allclose(layer(X), expected + 1, rtol=1e-5)
    np.testing.assert_allclose(layer(X, training=True), expected - 1, rtol=1e-5)
    np.testing.assert_allclose(layers.TFSMLayer(folder)(X, training=True), expected + 1, rtol=1e-5)
    np.testing.assert_allclose(layers.TFSMLayer(folder, "serving_default")(X)["outputs"], expected + 1, rtol=1e-5)
    assert {(tuple(w.shape), w.trainable) for w in layer.weights} == {((4, 2), True), ((2,), False)}
    layer.trainable_weights[0].assign(np.zeros((4, 2)))
    np.testing.assert_allclose(layer(X), np.ones((16, 2)))


def test_it_is_trained_further(folder):
    model = kerata.Sequential([kerata.Input((4,)), layers.TFSMLayer(folder)])
    assert model.output_shape == (None, 2)
    model.compile(kerata.optimizers.SGD(0.1), "mse")
    history = model.fit(X, X[:, :2] + 1, batch_size=8, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.05 * history[0]
    np.testing.assert_allclose(model.predict(X, verbose=0), X[:, :2] + 1, atol=0.3)
    assert (model.layers[0].non_trainable_weights[0].numpy() == 1).all()


def test_saving_and_loading(folder, tmp_path):
    model = kerata.Sequential([kerata.Input((4,)), layers.TFSMLayer(folder, name="saved")])
    model.layers[0].trainable_weights[0].assign(np.ones((4, 2)))
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="holds a SavedModel of TensorFlow.*safe_mode=False"):
        kerata.models.load_model(tmp_path / "model.keras")
    loaded = kerata.models.load_model(tmp_path / "model.keras", safe_mode=False)
    np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    config = loaded.layers[0].get_config()
    assert (config["filepath"], config["call_endpoint"], config["call_training_endpoint"]) == (folder, "serve", None)


def test_errors(folder):
    with pytest.raises(ValueError, match="has no function 'nothing'; it has .*serve.*serving_default"):
        layers.TFSMLayer(folder, "nothing")
    for name in ("jax", "torch", "numpy"):
        with engines.use_engine(name), pytest.raises(ValueError, match=f"runs on the TensorFlow engine; '{name}' is in force"):
            layers.TFSMLayer(folder)
