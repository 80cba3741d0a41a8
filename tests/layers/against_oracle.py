"""Comparison of a layer with the oracle's: the same weights and data in, the same outputs and gradients out."""

import json

import numpy as np
import optree

import kerata
from kerata import engines, ops


def random_arrays(shapes, seed=0, scale=0.5):
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal(s) * scale).astype("float32") for s in shapes]


def flat(outputs):
    return [np.asarray(x) for x in optree.tree_leaves(outputs)]


def close(ours, theirs, tolerance=1e-5):
    ours, theirs = flat(ours), flat(theirs)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def same_weights(layer, oracle, seed=1):
    """Both layers built: the same random weights in both."""
    assert [tuple(w.shape) for w in layer.weights] == [tuple(w.shape) for w in oracle.weights]
    values = random_arrays([w.shape for w in layer.weights], seed)
    layer.set_weights(values)
    for variable, value in zip(oracle.weights, values):
        variable.assign(value)


def loss_of(xp, outputs):
    return sum(xp.sum(xp.sin(y * (i + 1.0))) for i, y in enumerate(optree.tree_leaves(outputs)))


def plain_call(layer, arrays, **options):
    return layer(*arrays, **options)


def build_first(layer, arrays):
    layer.build(arrays[0].shape)


def build_both(layer, arrays):
    layer.build(arrays[0].shape, arrays[1].shape)


def check_equal(layer, oracle, arrays, call=plain_call, build=build_first, tolerance=1e-5, **options):
    """Outputs, and gradients with respect to weights and inputs, on the JAX engine; the same on the others.

    `call(layer, arrays, **options)` calls either layer, `build(layer, arrays)` builds it.
    """
    import jax
    import jax.numpy as jnp

    build(layer, arrays), build(oracle, arrays)
    same_weights(layer, oracle)
    fixed = [v.value for v in oracle.non_trainable_variables]

    def their_loss(weights, arrays):
        outputs = call(lambda *a, **k: oracle.stateless_call(weights, fixed, *a, **k)[0], arrays, **options)
        return loss_of(jnp, outputs), outputs

    values = [jnp.asarray(v.value) for v in oracle.trainable_variables]
    (_, theirs), gradients = jax.jit(jax.value_and_grad(their_loss, argnums=(0, 1), has_aux=True))(values, list(arrays))
    inputs = [kerata.Variable(x) for x in arrays]
    variables = [*layer.trainable_variables, *inputs]

    def our_loss():
        outputs = call(layer, [v.value for v in inputs], **options)
        return loss_of(ops, outputs), outputs

    compiled = engines.current().compile(lambda: ops.value_and_grad(our_loss, variables, has_aux=True), variables)
    (_, ours), our_gradients = compiled()
    close(ours, theirs, tolerance)
    close(our_gradients, [*gradients[0], *gradients[1]], 3 * tolerance)
    for name in engines.names():
        if name != "jax":
            check_engine(name, layer, arrays, call, build, ours, our_gradients, tolerance, options)
    return ours


def check_engine(name, layer, arrays, call, build, expected, gradients, tolerance, options):
    """The same layer on another engine gives the same outputs and, if the engine has them, gradients."""
    with engines.use_engine(name) as engine, engine.no_gradients():
        twin = type(layer).from_config(layer.get_config())
        build(twin, arrays)
        twin.set_weights(layer.get_weights())
        if not engine.trains:
            close(call(twin, arrays, **options), expected, tolerance)
            return
        inputs = [kerata.Variable(x) for x in arrays]

        def loss():
            outputs = call(twin, [v.value for v in inputs], **options)
            return loss_of(ops, outputs), outputs

        variables = [*twin.trainable_variables, *inputs]
        (_, outputs), found = engine.compile(lambda: ops.value_and_grad(loss, variables, has_aux=True), variables)()
        close(outputs, expected, tolerance)
        close(found, gradients, 3 * tolerance)


def check_compiled(layer, arrays, call=plain_call, **options):
    """Compiled, a layer gives what it gives eagerly."""
    eager = call(layer, arrays, **options)
    compiled = engines.current().compile(lambda *xs: call(layer, xs, **options), layer.variables)
    close(compiled(*arrays), eager, 1e-6)


def check_shapes(layer, arrays, call=plain_call, unknown=(0,), **options):
    """A symbolic call with some axes unknown gives the run-time shape, with None at most where an axis is unknown."""
    symbolic = [kerata.KerasTensor([None if i in unknown else d for i, d in enumerate(x.shape)]) for x in arrays]
    with engines.use_engine("numpy"):
        specs = optree.tree_leaves(call(layer, symbolic, **options))
        results = flat(call(layer, arrays, **options))
    assert len(specs) == len(results)
    for spec, result in zip(specs, results):
        assert len(spec.shape) == result.ndim
        assert all(s in (None, d) for s, d in zip(spec.shape, result.shape))
        assert sum(s is None for s in spec.shape) <= len(unknown) * len(arrays)


def check_config(make):
    """`make(layers)` gives a layer of ours or of the oracle: their configs are equal, and cross."""
    import keras

    ours, theirs = make(kerata.layers), make(keras.layers)
    config = json.loads(json.dumps(ours.get_config()))
    assert config == json.loads(json.dumps(theirs.get_config()))
    assert json.loads(json.dumps(type(ours).from_config(config).get_config())) == config
