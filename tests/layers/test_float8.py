"""Products of 8-bit floats: outputs, gradients, scales and histories as the oracle's, step after step."""

import numpy as np
import pytest

import kerata
from kerata import dtype_policies, layers, ops
from tests.layers.quantization import close, same_files
from tests.oracle import keras

X = np.random.default_rng(0).standard_normal((3, 5)).astype("float32")


def policy(module):
    return module.dtype_policies.QuantizedFloat8DTypePolicy("float8", "float32", 4)


def test_three_steps(training_engine):
    import jax
    import jax.numpy as jnp

    mine, other = layers.Dense(6, dtype=policy(kerata)), keras().layers.Dense(6, dtype=policy(keras()))
    for layer in (mine, other):
        layer.build(X.shape)
        layer.kernel.assign(np.random.default_rng(1).standard_normal((5, 6)).astype("float32"))
        layer.bias.assign(np.linspace(-1, 1, 6, dtype="float32"))
    theirs, variables = other.trainable_variables, mine.trainable_variables

    def their_loss(values, x):
        y, _ = other.stateless_call(values, [], x, training=True)
        return jnp.sum(jnp.sin(y)), y

    x = kerata.Variable(X)
    for step in (1, 2, 3):
        (_, expected), (gradients, of_inputs) = jax.value_and_grad(their_loss, argnums=(0, 1), has_aux=True)(
            [v.value for v in theirs], X * step
        )
        x.assign(X * step)

        def loss():
            y = mine(x.value, training=True)
            return ops.sum(ops.sin(y)), y

        (_, y), found = kerata.value_and_grad(loss, [*variables, x], has_aux=True)
        close(y, expected)
        close(found[-1], of_inputs, 1e-4)
        expected = {v.name: g for v, g in zip(theirs, gradients)}
        for variable, gradient in zip(variables, found):
            close(gradient, expected[variable.name], 0.01 if variable.name == "bias" else 1e-4)
            if variable.overwrite_with_gradient:
                variable.assign(gradient)
        for variable in theirs:
            if variable.overwrite_with_gradient:
                variable.assign(expected[variable.name])
    same_files(mine, other)


def test_training_follows_the_magnitudes(training_engine):
    model = kerata.Sequential([kerata.Input((5,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
    model.quantize("float8")
    model.compile(kerata.optimizers.Adam(0.01), "mse")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 5)).astype("float32")
    y = x.sum(1, keepdims=True)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=20, batch_size=32, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 0.5 * before
    layer = model.layers[0]
    assert layer.inputs_amax_history.numpy()[0] > 1
    np.testing.assert_allclose(layer.inputs_scale.numpy(), np.abs(x).max() / 448, rtol=1e-5)


@pytest.mark.parametrize("source", ["float32", "mixed_bfloat16"])
def test_einsum(engine, source):
    name = f"float8_from_{source}"
    mine = layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="d", dtype=name)
    x = np.random.default_rng(0).standard_normal((2, 3, 5)).astype("float32")
    y = mine(x)
    other = keras().layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="d", dtype=name)
    other.build(x.shape)
    other.kernel.assign(mine.kernel.numpy()), other.bias.assign(mine.bias.numpy())
    close(ops.cast(y, "float32"), np.asarray(other(x), "float32"), 1e-5 if source == "float32" else 0.05)
    assert dtype_policies.get(name).amax_history_length == mine.inputs_amax_history.shape[0] == 1024
