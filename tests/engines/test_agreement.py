"""Every op on every engine: the same values, gradients, dtypes and shapes, those of a symbolic call included."""

import functools

import numpy as np
import optree
import pytest
from tests.ops.calls import CALLS

import kerata
from kerata import engines, ops
from kerata.core.arrays import dtype_of
from kerata.core.graph import KerasTensor

every_call = pytest.mark.parametrize("call", CALLS, ids=lambda c: c.name)


def function_of(call):
    """The op of a call, by a name such as "exp" or "image.resize"."""
    return functools.reduce(getattr, call.op.split("."), ops)


def is_float(x):
    return dtype_of(x).startswith("float")


def share(y):
    """A number that every element of `y` has its own share in."""
    factors = np.random.default_rng(7).uniform(0.5, 1.5, tuple(y.shape)).astype(dtype_of(y))
    return ops.sum(ops.multiply(y, factors))


def outputs_of(call, arrays):
    return optree.tree_leaves(function_of(call)(*call.arguments(arrays), **call.kwargs))


def total(outputs):
    return functools.reduce(ops.add, [share(y) for y in outputs if is_float(y)])


def places(call):
    """Which arrays the outputs can be differentiated by."""
    differentiable = call.smooth and any(is_float(y) for y in outputs_on("numpy", call))
    return [i for i, x in enumerate(call.arrays) if is_float(x) and differentiable]


def differentiated(call, by):
    """A step that gives a call's outputs and the gradients of their `total`."""
    variables = [kerata.Variable(call.arrays[i]) for i in by]

    def step():
        def loss():
            arrays = [ops.convert_to_tensor(x) for x in call.arrays]
            for i, variable in zip(by, variables):
                arrays[i] = variable.value
            outputs = outputs_of(call, arrays)
            return total(outputs), outputs

        (_, outputs), gradients = kerata.value_and_grad(loss, variables, has_aux=True)
        return outputs, gradients

    return step, variables


@functools.cache
def outputs_on(name, call):
    """The outputs on an engine, as it gives them; on JAX those of the compiled step, if there is one."""
    if name == "jax" and places(call):
        return gradients_on(name, call)[0]
    with engines.use_engine(name) as engine, engine.no_gradients():
        return outputs_of(call, [engine.asarray(x) for x in call.arrays])


@functools.cache
def gradients_on(name, call):
    """Outputs and gradients, on JAX compiled."""
    with engines.use_engine(name) as engine, engine.no_gradients():
        step, variables = differentiated(call, places(call))
        outputs, gradients = (engine.compile(step, variables) if name == "jax" else step)()
        return outputs, [engine.to_numpy(g) for g in gradients]


@functools.cache
def differences(call):
    """The gradients by central differences in 64 bits, on the NumPy engine."""
    with engines.use_engine("numpy"):
        arrays = [x.astype("float64") if is_float(x) else x for x in call.arrays]
        return [_difference(call, arrays, i) for i in places(call)]


def _difference(call, arrays, place, step=1e-6):
    gradient = np.zeros(arrays[place].shape)
    for index in np.ndindex(gradient.shape):
        values = []
        for sign in (1, -1):
            moved = [x.copy() for x in arrays]
            moved[place][index] += sign * step
            values.append(float(total(outputs_of(call, moved))))
        gradient[index] = (values[0] - values[1]) / (2 * step)
    return gradient


@every_call
def test_values_and_dtypes(call, engine):
    expected = outputs_on("numpy", call)
    found = outputs_on(engine.name, call)
    assert [dtype_of(y) for y in found] == [dtype_of(y) for y in expected]
    for y, other in zip(found, expected):
        np.testing.assert_allclose(engine.to_numpy(y), other, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("call", [c for c in CALLS if places(c)], ids=lambda c: c.name)
def test_gradients(call, training_engine):
    outputs, gradients = gradients_on(training_engine.name, call)
    for y, expected in zip(outputs, outputs_on("numpy", call)):
        np.testing.assert_allclose(training_engine.to_numpy(y), expected, rtol=2e-5, atol=2e-6)
    for gradient, expected in zip(gradients, differences(call)):
        np.testing.assert_allclose(gradient, expected, rtol=2e-4, atol=2e-5)


def lengthened(call):
    """The call's arrays, those with a free first axis of twice the length."""
    return [np.concatenate([x, x]) if i in call.free else x for i, x in enumerate(call.arrays)]


@every_call
def test_static_shapes(call):
    """A symbolic call tells each length that does not follow from the free ones, and leaves open the others."""
    with engines.use_engine("numpy"):
        results = [outputs_of(call, arrays) for arrays in (call.arrays, lengthened(call))]
    symbolic = [
        KerasTensor((None, *x.shape[1:]) if i in call.free else x.shape, dtype_of(x)) for i, x in enumerate(call.arrays)
    ]
    found = outputs_of(call, symbolic)
    assert [y.dtype for y in found] == [dtype_of(y) for y in results[0]]
    for y, short, long in zip(found, *results):
        assert y.shape == tuple(a if a == b else None for a, b in zip(np.shape(short), np.shape(long)))


@every_call
def test_graphs_of_open_lengths(call):
    """In a graph of TensorFlow's whose first axes are open, an op gives what it gives outside."""
    import tensorflow as tf

    with engines.use_engine("tensorflow") as engine:
        signature = [
            tf.TensorSpec((None, *x.shape[1:]) if i in call.free else x.shape, dtype_of(x)) for i, x in enumerate(call.arrays)
        ]
        run = tf.function(lambda *arrays: outputs_of(call, list(arrays)), input_signature=signature)
        for arrays in (call.arrays, lengthened(call)):
            with engines.use_engine("numpy"):
                expected = outputs_of(call, arrays)
            for y, other in zip(run(*arrays), expected):
                np.testing.assert_allclose(engine.to_numpy(y), other, rtol=2e-5, atol=2e-6)
