"""What holds for every layer: it equals the oracle in values, gradients, weights and configs, on each engine."""

import functools
import inspect
import json

import numpy as np
import pytest

import kerata
from kerata import engines, layers
from kerata.core.arrays import dtype_of
from kerata.core.graph import KerasTensor

from .cases import CASES

every_case = pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)


def oracle_layers():
    import keras

    return keras.layers


def oracle_class(name):
    """The oracle's class; MinPooling is MaxPooling of the negative, negated."""
    return getattr(oracle_layers(), name.replace("Min", "Max") if "MinPooling" in name else name)


@functools.cache
def oracle(name):
    """The oracle's layer of a case, built. Its weights are set by the tests, so zeros do, and need no compilation."""
    case = next(c for c in CASES if c.name == name)
    cls = oracle_class(case.cls)
    random = {n: "zeros" for n in inspect.signature(cls.__init__).parameters if n.endswith(("l_initializer", "e_initializer"))}
    layer = cls(**({n: v for n, v in random.items() if "moving" not in n} | case.args))
    if not layer.built:
        layer.build(case.shape)
    return layer


def built(case, **extra):
    layer = getattr(layers, case.cls)(**case.args, **extra)
    shapes = [tuple(s) for s in case.shapes]
    layer.build(shapes if isinstance(case.shape, list) else shapes[0])
    layer.built = True
    return layer


def random_weights(layer):
    rng = np.random.default_rng(3)

    def value(v):
        positive = any(word in v.name for word in ("variance", "stddev"))
        return (rng.uniform(0.5, 1.5, v.shape) if positive else rng.standard_normal(v.shape) * 0.5).astype("float32")

    return [value(v) for v in layer.weights]


def weighted(case):
    """A layer with the weights of all tests."""
    layer = built(case)
    layer.set_weights(random_weights(layer))
    return layer


def call_arguments(case):
    kwargs = {}
    if case.training or "training" in inspect.signature(getattr(layers, case.cls).call).parameters:
        kwargs["training"] = case.training
    if case.mask is not None:
        kwargs["mask"] = case.mask
    return kwargs


def coefficients(shape):
    return np.random.default_rng(11).standard_normal(shape).astype("float32")


def as_list(x):
    return x if isinstance(x, list) else [x]


@functools.cache
def ours(case_name, engine="jax"):
    """Output, input gradients, weight gradients and weights afterwards, compiled."""
    case = next(c for c in CASES if c.name == case_name)
    with engines.use_engine(engine):
        layer = weighted(case)
        places = [kerata.Variable(x) for x in as_list(case.inputs())]
        kwargs = call_arguments(case)
        differentiable = [] if case.integers else places

        def step():
            def loss():
                inputs = [p.value for p in places]
                y = layer(inputs if isinstance(case.shape, list) else inputs[0], **kwargs)
                return kerata.ops.sum(kerata.ops.multiply(y, coefficients(tuple(y.shape)))), y

            (_, y), gradients = kerata.value_and_grad(loss, [*differentiable, *layer.trainable_variables], has_aux=True)
            return y, gradients

        y, gradients = engines.current().compile(step, [*layer.variables, *places])()
        count = len(differentiable)
        return (
            np.asarray(y),
            [np.asarray(g) for g in gradients[:count]],
            [np.asarray(g) for g in gradients[count:]],
            layer.get_weights(),
        )


def theirs(case):
    """The same from the oracle."""
    import jax

    layer = oracle(case.name)
    sign = -1.0 if "MinPooling" in case.cls else 1.0
    layer.set_weights(random_weights(layer))
    kwargs = call_arguments(case)
    if kwargs.get("mask") is not None:
        kwargs["mask"] = jax.numpy.asarray(kwargs["mask"])
    fixed = [v.value for v in layer.non_trainable_variables]

    def loss(inputs, trainable):
        arrays = [sign * x for x in inputs] if sign < 0 else inputs
        y, updated = layer.stateless_call(trainable, fixed, arrays if isinstance(case.shape, list) else arrays[0], **kwargs)
        y = sign * y
        return jax.numpy.sum(y * coefficients(y.shape)), (y, updated)

    trainable = [v.value for v in layer.trainable_variables]
    places = (1,) if case.integers else (0, 1)
    run = jax.jit(jax.value_and_grad(loss, places, has_aux=True))
    (_, (y, updated)), gradients = run(as_list(case.inputs()), trainable)
    by_inputs = [] if case.integers else [np.asarray(g) for g in gradients[0]]
    values = {id(v): new for v, new in zip(layer.non_trainable_variables, updated)}
    weights = [np.asarray(values.get(id(v), v.value)) for v in layer.weights]
    return np.asarray(y), by_inputs, [np.asarray(g) for g in gradients[-1]], weights


def assert_close(found, expected, tolerance=1e-5):
    np.testing.assert_allclose(np.asarray(found, "float32"), np.asarray(expected, "float32"), rtol=tolerance, atol=tolerance)


@every_case
def test_oracle(case):
    """Outputs, gradients, and weights afterwards, are the oracle's."""
    for mine, other in zip(ours(case.name), theirs(case)):
        mine, other = as_list(mine), as_list(other)
        assert len(mine) == len(other)
        for a, b in zip(mine, other):
            assert a.shape == b.shape
            assert_close(a, b, 2e-5)


@every_case
def test_engines_agree(case, engine):
    """Eager on each engine equals compiled on JAX, in value and dtype; the input is not changed."""
    layer = weighted(case)
    y = layer(case.inputs(), **call_arguments(case))
    assert engine.is_array(y)
    expected = ours(case.name)
    assert dtype_of(y) == dtype_of(expected[0])
    assert_close(engine.to_numpy(y), expected[0])
    for mine, other in zip(layer.get_weights(), expected[3]):
        assert_close(mine, other)


@every_case
def test_training_engines_agree(case, training_engine):
    """Compiled on each engine, outputs, gradients and weights afterwards are those of JAX."""
    for mine, other in zip(ours(case.name, training_engine.name), ours(case.name)):
        for a, b in zip(as_list(mine), as_list(other)):
            assert a.shape == b.shape
            assert_close(a, b, 2e-5)


@every_case
def test_static_shape(case):
    """A symbolic call gives the shape and dtype of the real one, None where the input has None."""
    expected = ours(case.name)[0]

    def symbolic(free):
        shapes = [tuple(None if i in (0, *free) else d for i, d in enumerate(s)) for s in case.shapes]
        return [KerasTensor(s, "int32" if case.integers else "float32") for s in shapes]

    layer = getattr(layers, case.cls)(**case.args)
    inputs = symbolic(())
    y = layer(inputs if isinstance(case.shape, list) else inputs[0])
    assert y.shape == (None, *expected.shape[1:])
    assert y.dtype == expected.dtype.name
    shapes = [x.shape for x in inputs]
    assert layer.compute_output_shape(shapes if isinstance(case.shape, list) else shapes[0]) == y.shape
    if case.free:
        inputs = symbolic(case.free)
        y = getattr(layers, case.cls)(**case.args)(inputs if isinstance(case.shape, list) else inputs[0])
        assert len(y.shape) == expected.ndim
        assert all(d in (None, n) for d, n in zip(y.shape, expected.shape))


@pytest.mark.parametrize(
    "case", [c for c in CASES if any("regular" in k.lower() for k in (*c.args, c.cls))], ids=lambda c: c.name
)
def test_losses(case):
    """Weights' and activities' penalties are the oracle's."""
    import keras

    mine, other = weighted(case), oracle(case.name)
    other.set_weights(random_weights(mine))
    mine(case.inputs()), other(keras.ops.convert_to_tensor(case.inputs()))
    assert len(mine.losses) == len(other.losses)
    np.testing.assert_allclose([float(x) for x in mine.losses], [float(x) for x in other.losses], rtol=1e-4)


def as_json(config):
    """A config as it comes out of a file; floats to six digits, since the oracle takes some through float32."""
    return json.loads(json.dumps(config), parse_float=lambda text: float(f"{float(text):.6g}"))


@every_case
def test_config(case):
    """The config is the oracle's; each library makes its layer from the other's; and it makes the same layer again."""
    args = case.args | {"name": "a_name"}
    mine = as_json(getattr(layers, case.cls)(**args).get_config())
    again = as_json(getattr(layers, case.cls).from_config(mine).get_config())
    assert again == mine
    if "MinPooling" not in case.cls:
        other = as_json(oracle_class(case.cls)(**args).get_config())
        assert mine == other
        assert as_json(getattr(layers, case.cls).from_config(other).get_config()) == mine
        assert as_json(oracle_class(case.cls).from_config(mine).get_config()) == mine


@every_case
def test_config_of_a_built_layer(case):
    """The config is the oracle's also after building; initializers apart, which these oracles have as zeros."""
    if "MinPooling" not in case.cls:
        mine, other = (as_json(layer.get_config()) for layer in (built(case), oracle(case.name)))
        assert {k: v for k, v in mine.items() if k != "name" and "initializer" not in k} == {
            k: v for k, v in other.items() if k != "name" and "initializer" not in k
        }


@every_case
def test_serialized_form(case):
    """`deserialize(serialize(layer))` makes an equal layer, its weights made for the same shapes."""
    layer = built(case)
    copy = layers.deserialize(as_json(layers.serialize(layer)))
    assert type(copy) is type(layer)
    assert as_json(copy.get_config()) == as_json(layer.get_config())
    assert [(v.path, v.shape, v.dtype, v.trainable) for v in copy.weights] == [
        (v.path, v.shape, v.dtype, v.trainable) for v in layer.weights
    ]


@every_case
def test_weights(case):
    """The weights' names, shapes, dtypes, order and number are the oracle's."""
    layer = built(case)
    other = oracle(case.name)
    for name in ("weights", "trainable_weights", "non_trainable_weights", "variables"):
        mine, theirs = ([(v.name, tuple(v.shape), v.dtype) for v in getattr(x, name)] for x in (layer, other))
        assert mine == theirs
    assert layer.count_params() == other.count_params()


def mixed(case):
    args = {k: v for k, v in case.args.items() if k != "trainable"}
    return getattr(layers, case.cls)(**args, dtype="mixed_bfloat16")


@every_case
def test_mixed_precision_dtypes(case):
    """Under mixed_bfloat16 the output is bfloat16 and the weights are float32."""
    inputs = [KerasTensor((None, *s[1:]), "int32" if case.integers else "float32") for s in case.shapes]
    layer = mixed(case)
    y = layer(inputs if isinstance(case.shape, list) else inputs[0], **({"training": True} if case.training else {}))
    assert y.dtype == "bfloat16"
    assert all(v.dtype == "float32" for v in layer.weights)


@pytest.mark.parametrize("case", {c.cls: c for c in CASES if "trainable" not in c.args}.values(), ids=lambda c: c.name)
def test_mixed_precision_values(case):
    """Under mixed_bfloat16 the output is near the float32 one."""
    layer = mixed(case)
    layer.build(case.shape)
    layer.set_weights(random_weights(layer))
    y = engines.get("jax").compile(lambda x: layer(x, **call_arguments(case)), layer.variables)(case.inputs())
    assert y.dtype == "bfloat16"
    np.testing.assert_allclose(np.asarray(y, "float32"), ours(case.name)[0], rtol=0.1, atol=0.1)


def test_signatures():
    """Constructors take the oracle's arguments, in its order and with its defaults."""
    for name in sorted({c.cls for c in CASES} | {n for n in vars(layers) if n[0].isupper()}):
        if "MinPooling" in name or not inspect.isclass(getattr(layers, name)) or name == "Layer":
            continue
        wanted = list(inspect.signature(getattr(oracle_layers(), name).__init__).parameters.values())[1:]
        mine = list(inspect.signature(getattr(layers, name)).parameters.values())
        assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in wanted], name


def test_aliases():
    """The oracle's names of the families covered here are all there, aliases naming the same class."""
    prefixes = ("Conv", "Depthwise", "Separable", "Max", "Avg", "Average", "Global", "Adaptive", "Batch", "Up", "Zero", "Crop")
    names = [n for n in dir(oracle_layers()) if n.startswith(prefixes) and "LSTM" not in n and "Bounding" not in n]
    for name in names:
        assert getattr(layers, name).__name__ == getattr(oracle_layers(), name).__name__
