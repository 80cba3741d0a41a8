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


LAMBDAS = {
    "operators": lambda x: -x / (1 + abs(x)) ** 2,
    "indexing": lambda x: x[:, 1:] - x[..., :-1],
    "ops with arguments": lambda x: ops.concatenate([ops.relu(x), ops.sum(x, -1, keepdims=True)], axis=-1),
    "constants": lambda x: x * np.array([1.0, 2.0, 3.0], "float32") + 1,
    "a shape with an unknown axis": lambda x: ops.reshape(x, (ops.shape(x)[0], 3, 1)),
    "several results of an op": lambda x: ops.split(x, 3, axis=-1)[1],
    "variadic": lambda x: ops.einsum("bi,bj->bij", x, x),
    "another dtype": lambda x: ops.cast(x > 0, "int32"),
}


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_lambda_of_ops_is_saved_as_their_graph(name, tmp_path):
    model = kerata.Sequential([kerata.Input((3,)), layers.Lambda(LAMBDAS[name])])
    model.save(tmp_path / "model.keras")
    again = kerata.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(X), model(X))
    again.save(tmp_path / "again.keras")
    np.testing.assert_array_equal(kerata.models.load_model(tmp_path / "again.keras")(X), model(X))


def test_a_lambda_of_several_inputs_with_arguments_is_saved(tmp_path):
    inputs = [kerata.Input((3,)), kerata.Input((3,), dtype="int32")]
    combine = layers.Lambda(lambda pair, times: pair[0] * times + ops.cast(pair[1], "float32"), arguments={"times": 3.0})
    model = kerata.Model(inputs, combine(inputs))
    model.save(tmp_path / "model.keras")
    again = kerata.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again([X, np.ones((2, 3), "int32")]), X * 3 + 1)


def test_clones_keep_the_function():
    import jax.numpy as jnp

    model = kerata.Sequential([kerata.Input((3,)), layers.Lambda(lambda x: jnp.sin(x))])
    np.testing.assert_allclose(kerata.models.clone_model(model)(X), np.sin(X), rtol=1e-6)


def own_functions(x):
    import jax.numpy as jnp

    return jnp.sin(x)


UNSAVED = {
    "it can't be run on symbolic tensors": lambda x: own_functions(x),
    "it uses the layer 'inner'": lambda x: layers.Dense(2, name="inner")(x),
    "its result does not come from its input": lambda x: 3.0,
    "it draws numbers, or makes tensors that do not come from its input": lambda x: x + kerata.random.normal((2, 3)),
}


@pytest.mark.parametrize("why", UNSAVED)
def test_another_lambda_is_not_saved(why):
    layer = layers.Lambda(UNSAVED[why], name="mine")
    with pytest.raises(TypeError, match="the layer has not been called yet, so its input's shape is not known"):
        layer.get_config()
    layer(X)
    with pytest.raises(TypeError) as caught:
        layer.get_config()
    message = str(caught.value)
    assert message.startswith('Layer "mine": its lambda (') and why in message
    assert message.endswith("or write it as a named function and register it with @keras.saving.register_keras_serializable().")


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


def test_an_input_spec_of_the_class_holds(engine):
    class Rows(layers.Layer):
        input_spec = kerata.InputSpec(ndim=2, axes={-1: 3})

        def call(self, inputs):
            return inputs

    np.testing.assert_array_equal(engine.to_numpy(Rows()(X)), X)
    with pytest.raises(ValueError, match="axis -1 must have length 3"):
        Rows()(X[:, :2])
    free = Rows()
    free.input_spec = None
    np.testing.assert_array_equal(engine.to_numpy(free(X[:, :2])), X[:, :2])
    assert layers.Identity().input_spec is None
