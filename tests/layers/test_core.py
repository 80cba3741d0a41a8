"""Activation, Masking, Lambda and others without weights."""

import json

import numpy as np
import pytest

import kerata
from kerata import engines, layers, ops
from kerata.core import masks
from kerata.core.graph import KerasTensor
from kerata.core.registry import register_keras_serializable

X = np.arange(6, dtype="float32").reshape(2, 3)


@register_keras_serializable("layers_tests")
def double(x, times=2.0):
    return x * times


def test_masking(engine):
    x = np.array([[[0.0, 0.0], [0.0, 1.0], [2.0, 2.0]]], "float32")
    y = layers.Masking()(x)
    np.testing.assert_array_equal(masks.get_mask(y), [[False, True, True]])
    y = layers.Masking(2.0)(x)
    np.testing.assert_array_equal(engine.to_numpy(y)[0], [[0, 0], [0, 1], [0, 0]])
    np.testing.assert_array_equal(masks.get_mask(layers.Activation("relu")(y)), [[True, True, False]])


def test_activity_regularization(engine):
    layer = layers.ActivityRegularization(l1=0.5, l2=2.0)
    layer(np.array([[1.0, -2.0]], "float32"))
    (loss,) = layer.losses
    assert float(loss) == 0.5 * 3 + 2 * 5


def test_identity_of_structures():
    y = layers.Identity()({"a": X, "b": [X, X]})
    assert sorted(y) == ["a", "b"] and len(y["b"]) == 2


def test_lambda_of_ops_and_of_the_engines_own_functions():
    import jax.numpy as jnp

    for function in (lambda x: ops.sum(x, -1) * 2, lambda x: jnp.sum(x, -1) * 2):
        layer = layers.Lambda(function)
        np.testing.assert_array_equal(layer(X), X.sum(-1) * 2)
        assert layer(KerasTensor((None, 3))).shape == (None,)
        assert layer.compute_output_shape((None, 3)) == (None,)


def test_lambda_arguments():
    seen = {}

    def function(x, times, training=None, mask=None):
        seen.update(training=training, mask=mask)
        return x * times

    layer = layers.Lambda(function, arguments={"times": 3.0})
    np.testing.assert_array_equal(layer(X, training=True), X * 3)
    assert seen["training"] is True and seen["mask"] is None
    layer(layers.Masking()(X[..., None]))
    np.testing.assert_array_equal(seen["mask"], X != 0)


@pytest.mark.parametrize("given, expected", [((7,), (None, 7)), (lambda shape: (shape[0], 9), (None, 9)), (None, (None, 3))])
def test_lambda_output_shape(given, expected):
    layer = layers.Lambda(lambda x: x, given)
    assert layer(KerasTensor((None, 3))).shape == expected
    assert layer.compute_output_shape((None, 3)) == expected


def test_lambda_mask():
    mask = np.array([True, False])
    assert masks.get_mask(layers.Lambda(lambda x: x, mask=mask)(X)) is mask
    y = layers.Lambda(lambda x: x, mask=lambda x, before: ops.any(ops.not_equal(x, 0), -1))(X * [[0], [1]])
    np.testing.assert_array_equal(masks.get_mask(y), [False, True])
    y = layers.Masking()(X[..., None])
    assert masks.get_mask(layers.Lambda(lambda x: x + 1)(y)) is None


@pytest.mark.parametrize("function", [double, ops.abs, ops.relu])
def test_lambda_of_a_named_function_is_saved_by_its_name(function):
    layer = layers.Lambda(function, arguments={"times": 3.0} if function is double else {}, output_shape=(3,))
    config = json.loads(json.dumps(layer.get_config()))
    again = layers.Lambda.from_config(config)
    assert again.function is function and again.get_config() == config
    np.testing.assert_array_equal(again(-X), layer(-X))


def test_lambda_config_is_the_oracles():
    import keras

    for arguments in ({}, {"output_shape": (3,)}, {"arguments": {"a": 1}}):
        mine = layers.Lambda(ops.abs, **arguments, name="l").get_config()
        other = keras.layers.Lambda(keras.ops.abs, **arguments, name="l").get_config()
        assert json.loads(json.dumps(mine)) == json.loads(json.dumps(other))


def test_a_lambda_is_not_saved():
    with pytest.raises(TypeError, match="can't be saved in general: files hold no byte code. Write it as a named function"):
        layers.Lambda(lambda x: x).get_config()


@pytest.mark.parametrize("stored", [{"class_name": "__lambda__", "config": {"code": "4wEA"}}, ["4wEA", None, None]])
def test_byte_code_is_not_run(stored):
    with pytest.raises(
        ValueError, match="The file holds a Python lambda as byte code. Loading it would run code from the file"
    ):
        layers.Lambda.from_config({"name": "l", "function": stored})


def test_lambda_needs_a_function():
    with pytest.raises(ValueError, match="Lambda needs a function; 3 came."):
        layers.Lambda(3)


def test_errors_name_the_layer_once():
    inner = layers.Lambda(lambda x: ops.matmul(x, np.ones((5, 2), "float32")), name="inner")
    with pytest.raises(ValueError) as error:
        inner(X)
    assert str(error.value).count("In layer") == 1
    assert 'In layer "inner" (Lambda), input shape (2, 3).' in str(error.value)


def test_compiled_lambda_with_state():
    counter = kerata.Variable(0.0)
    layer = layers.Lambda(lambda x: x + counter.assign_add(1.0).value)
    run = engines.get("jax").compile(lambda x: layer(x), [counter])
    run(X)
    np.testing.assert_array_equal(run(X), X + 2)
