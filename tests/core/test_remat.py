"""Rematerialization changes when values are computed, never which."""

import numpy as np
import pytest

import kerata as k
from kerata.core import remat as module


class Counting(k.layers.Layer):
    """Counts how often its `call` runs."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.runs = []

    def build(self, input_shape):
        self.w = self.add_weight(shape=(), initializer="ones")

    def call(self, inputs):
        if not k.engines.current().is_abstract:
            self.runs.append(1)
        return k.ops.sin(inputs * self.w)


def gradient(layer, x):
    (value, _), (grad,) = k.value_and_grad(lambda: (k.ops.sum(layer(x)), None), layer.trainable_variables, has_aux=True)
    return float(value), float(grad)


@pytest.mark.parametrize("mode", ["full", "larger_than", "list_of_layers", "activations"])
def test_values_and_gradients_stay(training_engine, mode):
    x = np.array([0.3, -1.2, 2.0], "float32")
    with k.RematScope(mode, output_size_threshold=2, layer_names=["mine"]):
        layer = Counting(name="mine")
    layer.build((3,))
    value, grad = gradient(layer, x)
    np.testing.assert_allclose([value, grad], [np.sin(x).sum(), (x * np.cos(x)).sum()], rtol=1e-5)


@pytest.mark.parametrize(
    "arguments, twice",
    [
        ({}, True),
        ({"mode": None}, False),
        ({"mode": "larger_than", "output_size_threshold": 2}, True),
        ({"mode": "larger_than", "output_size_threshold": 3}, False),
        ({"mode": "list_of_layers", "layer_names": ["mine"]}, True),
        ({"mode": "list_of_layers", "layer_names": ["other"]}, False),
    ],
)
def test_the_scope_says_which_layers_run_again(arguments, twice):
    """PyTorch runs Python again in the backward pass, so that runs can be counted."""
    with k.use_engine("torch"):
        with k.RematScope(**arguments):
            layer = Counting(name="mine")
        layer.build((3,))
        gradient(layer, np.ones(3, "float32"))
        assert len(layer.runs) == 1 + twice


def test_a_layer_made_outside_follows_the_scope_of_its_call():
    with k.use_engine("torch"):
        layer = Counting()
        layer.build((3,))
        with k.RematScope():
            gradient(layer, np.ones(3, "float32"))
        assert len(layer.runs) == 2
        gradient(layer, np.ones(3, "float32"))
        assert len(layer.runs) == 3


def test_scopes_nest():
    with k.RematScope() as outer:
        with k.RematScope("activations") as inner:
            assert module.current_scope() is inner
        assert module.current_scope() is outer
    assert module.current_scope() is None


def test_an_activation_alone_runs_again(training_engine):
    runs = []

    def activation(x):
        if not k.engines.current().is_abstract:
            runs.append(1)
        return k.ops.tanh(x)

    x = np.ones((2, 3), "float32")
    with k.RematScope("activations"):
        layer = k.layers.Dense(1, activation=activation, kernel_initializer="ones", use_bias=False)
    layer.build((2, 3))
    grads = k.value_and_grad(lambda: k.ops.sum(layer(x)), layer.trainable_variables)[1]
    np.testing.assert_allclose(k.ops.convert_to_numpy(grads[0]), np.full((3, 1), 2 / np.cosh(3) ** 2), rtol=1e-3)
    assert len(runs) == 2 if k.config.backend() == "torch" else runs
    assert layer.activation is activation


def test_models_train_as_before(training_engine):
    x, y = np.random.default_rng(0).standard_normal((32, 4)).astype("float32"), np.zeros((32, 1), "float32")
    weights = []
    for mode in (None, "full", "activations", "larger_than"):
        k.utils.set_random_seed(3)
        with k.RematScope(mode, output_size_threshold=4):
            model = k.Sequential([k.layers.Dense(8, "relu"), k.layers.BatchNormalization(), k.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False)
        weights.append(model.get_weights())
    for others in weights[1:]:
        for first, other in zip(weights[0], others):
            np.testing.assert_allclose(other, first, rtol=1e-4, atol=1e-6)


def test_remat_takes_structures_and_other_values(engine):
    f = k.remat(lambda xs, power, flag: {"out": xs["a"] ** power + xs["b"] if flag else None})
    a, b = (k.ops.convert_to_tensor(v) for v in (2.0, 1.0))
    assert float(f({"a": a, "b": b}, 3, flag=True)["out"]) == 9.0


def test_another_mode_raises():
    with pytest.raises(ValueError, match="'full'.*'half' came"):
        k.RematScope("half")


def test_a_function_tells_its_shapes():
    x, y = k.Input((3,)), k.Input((4,))
    both = k.Function([x, y], [k.ops.concatenate([x, y], -1), x + 1])
    assert both.compute_output_shape([(5, 3), (None, 4)][:1] + [(5, 4)]) == [(5, 7), (5, 3)]
    assert k.Function(x, x @ k.ops.ones((3, 2))).compute_output_shape((None, 3)) == (None, 2)
    assert k.Function(x, x + 1).compute_output_spec(k.KerasTensor((7, 3))).shape == (7, 3)
    with pytest.raises(ValueError, match="2 inputs; 1 shapes"):
        both.compute_output_shape([(5, 3)])
