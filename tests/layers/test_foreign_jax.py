"""Functions of JAX and modules of Flax as layers: the oracle's numbers and weights, trained, saved and loaded with the model."""

import flax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import kerata
from kerata import engines, layers
from kerata.saving import register_keras_serializable

from ..oracle import keras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 4)).astype("float32")
Y = X.sum(1, keepdims=True) @ np.ones((1, 3), "float32")


@pytest.fixture(autouse=True)
def on_jax():
    with engines.use_engine("jax"):
        yield


def noisy_call(params, state, rng, inputs, training):
    outputs = inputs @ params["w"] + params["b"]["c"]
    noise = jax.random.normal(rng, outputs.shape) * 0.01 if training else 0.0
    return outputs + noise, {"calls": state["calls"] + 1, "mean": state["mean"] * 0.9 + 0.1 * inputs.mean(0)}


def noisy_init(rng, inputs):
    width = inputs.shape[-1]
    weights = {"w": jax.random.normal(rng, (width, 3)) * 0.1, "b": {"c": jnp.zeros(3)}}
    return weights, {"calls": jnp.zeros((), "int32"), "mean": jnp.zeros(width)}


register_keras_serializable("tests")(noisy_call)
register_keras_serializable("tests")(noisy_init)


def start():
    return noisy_init(jax.random.PRNGKey(0), jnp.zeros((1, 4)))


def test_weights_and_outputs_are_the_oracles():
    params, state = start()
    mine, other = (m.layers.JaxLayer(noisy_call, params=params, state=state) for m in (kerata, keras()))
    for training in (False, False):
        np.testing.assert_allclose(mine(X, training=training), other(X, training=training), rtol=1e-5)
    form = lambda layer: [(tuple(w.shape), str(w.dtype), w.trainable) for w in layer.weights]
    assert form(mine) == form(other)
    for a, b in zip(mine.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    assert mine.get_weights()[2] == 2  # calls


@pytest.mark.parametrize(
    "call",
    [
        lambda inputs: inputs * 2,
        lambda params, inputs: inputs * params["w"],
        lambda params, inputs, training: inputs * params["w"] + (1.0 if training else 0.0),
        lambda params, rng, inputs: inputs * params["w"] + (0 if rng is None else 0 * jax.random.normal(rng, inputs.shape)),
        lambda state, inputs: (inputs * state["w"], {"w": state["w"] + 1}),
        lambda inputs, state, params, training: (inputs * params["w"], {"w": state["w"] + (1 if training else 2)}),
    ],
)
@pytest.mark.parametrize("training", [False, True])
def test_every_form_of_arguments(call, training):
    given = {"params": {"w": jnp.full(4, 2.0)}, "state": {"w": jnp.full(4, 3.0)}}
    mine, other = (m.layers.JaxLayer(call, **given) for m in (kerata, keras()))
    for _ in range(2):
        np.testing.assert_allclose(mine(X, training=training), other(X, training=training), rtol=1e-6)
    for a, b in zip(mine.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b)


def model():
    kerata.utils.set_random_seed(0)
    return kerata.Sequential([kerata.Input((4,)), layers.JaxLayer(noisy_call, noisy_init, seed=1), layers.Dense(3)])


def test_training_changes_parameters_and_state():
    found = model()
    assert found.layers[0].built and found.output_shape == (None, 3)
    found.compile(kerata.optimizers.Adam(0.05), "mse")
    before = found.layers[0].get_weights()
    history = found.fit(X, Y, batch_size=8, epochs=20, verbose=0).history["loss"]
    bias, weights, calls, mean = found.layers[0].get_weights()
    assert history[-1] < 0.1 * history[0]
    assert (bias != before[0]).any() and (weights != before[1]).any()
    assert calls == 20 * 4
    np.testing.assert_allclose(mean, X.mean(0), atol=0.4)
    assert [w.trainable for w in found.layers[0].weights] == [True, True, False, False]


def test_saving_and_loading(tmp_path):
    found = model()
    found.compile("adam", "mse")
    found.fit(X, Y, verbose=0)
    found.save(tmp_path / "model.keras")
    expected = found.predict(X, verbose=0)
    loaded = kerata.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), expected, rtol=1e-6)
    found.save_weights(tmp_path / "model.weights.h5")
    other = model()
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(other.predict(X, verbose=0), expected, rtol=1e-6)


def test_nested_inputs_and_outputs():
    call = lambda params, inputs: {"sum": inputs["a"] @ params[0] + inputs["b"][0], "rest": inputs["b"][1]}
    init = lambda rng, inputs, training: [jnp.ones((inputs["a"].shape[-1], inputs["b"][0].shape[-1])) if training else None]
    layer = layers.JaxLayer(call, init)
    outputs = layer({"a": X, "b": [Y, X]})
    np.testing.assert_allclose(outputs["sum"], X @ np.ones((4, 3)) + Y, rtol=1e-5)
    np.testing.assert_allclose(outputs["rest"], X)
    assert len(layer.trainable_weights) == 1


class Network(flax.linen.Module):
    width: int = 3

    @flax.linen.compact
    def __call__(self, inputs, training):
        x = flax.linen.Dense(self.width)(inputs)
        x = flax.linen.BatchNorm(use_running_average=not training)(x)
        return flax.linen.Dropout(0.1, deterministic=not training)(x)

    @flax.linen.compact
    def plain(self, inputs):
        return flax.linen.Dense(2)(inputs)

    def get_config(self):
        return {"width": self.width}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


register_keras_serializable("tests")(Network)


def test_a_flax_module_is_the_oracles():
    variables = Network().init(jax.random.PRNGKey(1), X, False)
    mine, other = (m.layers.FlaxLayer(Network(), variables=variables) for m in (kerata, keras()))
    np.testing.assert_allclose(mine(X), other(X), rtol=1e-5)
    np.testing.assert_allclose(mine(X), Network().apply(variables, X, False), rtol=1e-5)
    assert mine(X, training=True).shape == other(X, training=True).shape
    for a, b in zip(mine.weights, other.weights, strict=True):
        assert a.trainable == b.trainable
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


def test_a_flax_module_is_built_trained_and_saved(tmp_path):
    kerata.utils.set_random_seed(0)
    found = kerata.Sequential([kerata.Input((4,)), layers.FlaxLayer(Network(8)), layers.Dense(3)])
    assert found.layers[0].count_params() == 4 * 8 + 8 + 4 * 8
    found.compile(kerata.optimizers.Adam(0.02), "mse")
    history = found.fit(X, Y, batch_size=8, epochs=20, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    found.save(tmp_path / "model.keras")
    loaded = kerata.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), found.predict(X, verbose=0), rtol=1e-5)


@pytest.mark.parametrize("method", ["plain", Network.plain, lambda module, inputs: module.plain(inputs)])
def test_other_methods_of_a_flax_module(method):
    layer = layers.FlaxLayer(Network(), method=method)
    assert layer(X).shape == (32, 2) and len(layer.weights) == 2


def test_errors():
    array = {"w": jnp.ones(2)}
    for make, text in (
        (
            lambda: layers.JaxLayer(lambda params, x: x, params=array),
            "call_fn has the argument 'x'; it may have params, state, rng, inputs, training",
        ),
        (lambda: layers.JaxLayer(lambda params: params, params=array), "call_fn needs an argument 'inputs'; it has params"),
        (lambda: layers.JaxLayer(lambda params, inputs: inputs), "call_fn takes params: give them, or an init_fn"),
        (lambda: layers.JaxLayer(lambda params, inputs: inputs, lambda rng, x: x), "init_fn has the argument 'x'"),
        (lambda: layers.JaxLayer(lambda state, inputs: inputs, state=array)(X), "returns a pair (outputs, state)"),
        (lambda: layers.JaxLayer(lambda state, inputs: (inputs, {}), state=array)(X), "the new state has the form"),
    ):
        with pytest.raises(ValueError) as error:
            make()
        assert text in str(error.value)
    with pytest.raises(TypeError, match="FlaxLayer takes a flax.linen.Module; int came"):
        layers.FlaxLayer(3)


@pytest.mark.parametrize("name", ["torch", "tensorflow", "numpy"])
def test_other_engines(name):
    with engines.use_engine(name), pytest.raises(ValueError, match=f"runs on the JAX engine; '{name}' is in force"):
        layers.JaxLayer(lambda inputs: inputs)


def test_parameters_and_state_are_read_as_they_are_given():
    def call(params, state, inputs):
        return inputs @ params["w"], {"calls": state["calls"] + 1, "more": state["more"]}

    def init(rng, inputs):
        return {"w": jax.random.normal(rng, (inputs.shape[-1], 3))}, {"calls": np.float32(0), "more": [np.ones(2, "float32")]}

    with kerata.use_engine("jax"):
        layer, x = layers.JaxLayer(call, init), np.ones((2, 4), "float32")
        assert layer.params is None and layer.state is None
        for count in (1, 2):
            layer(x)
            assert float(layer.state["calls"].numpy()) == count
        assert layer.params["w"] is layer.trainable_weights[0] and layer.state["more"][0].shape == (2,)
        with pytest.raises(AttributeError, match="nothing"):
            layer.nothing  # noqa: B018
        assert layers.JaxLayer(call, init, dtype="mixed_bfloat16")(x).dtype == "bfloat16"
