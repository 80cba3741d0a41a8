"""What every engine must do. A new engine is added to the fixtures in `tests/conftest.py` and held to the same tests."""

import inspect

import numpy as np
import pytest

import kerata
from kerata import engines, ops
from kerata.core.variable import Variable
from kerata.engines.base import Engine

NAMES = engines.names()


@pytest.mark.parametrize("name", [*NAMES, "abstract"])
def test_an_engine_has_the_contracts_methods_with_its_arguments(name):
    engine = type(engines.get(name))
    for method, contract in inspect.getmembers(Engine, inspect.isfunction):
        if method.startswith("_"):
            continue
        ours, theirs = (
            [p for p in inspect.signature(f).parameters if p != "self"] for f in (getattr(engine, method), contract)
        )
        assert ours == theirs, method


def test_unknown_engine_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'jax'"):
        engines.get("jaxx")


def test_arrays_go_there_and_back(engine):
    x = engine.asarray(np.arange(6.0).reshape(2, 3), "float32")
    assert engine.is_array(x)
    assert engine.dtype(x) == "float32"
    assert engine.dtype(engine.cast(x, "int32")) == "int32"
    np.testing.assert_array_equal(engine.to_numpy(engine.take_rows(x, engine.asarray([1, 0], "int32"))), [[3, 4, 5], [0, 1, 2]])


def test_devices(engine):
    with kerata.device("cpu:0"):
        np.testing.assert_array_equal(engine.to_numpy(ops.zeros((2,)) + 1.0), [1, 1])
    assert engine.devices("cpu") == ["cpu:0"]
    with pytest.raises(ValueError, match=r"engine has the devices \w+:0.*; 'tpu:3' is not there"), kerata.device("tpu:3"):
        pass


def brute_force_conv(x, kernel, strides, pads, dilation, groups):
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    window = kernel.shape[:-2]
    outputs = [(n - (w - 1) * d - 1) // s + 1 for n, w, d, s in zip(x.shape[1:-1], window, dilation, strides)]
    result = np.zeros((x.shape[0], *outputs, kernel.shape[-1]), "float64")
    width, filters = kernel.shape[-2], kernel.shape[-1] // groups
    for place in np.ndindex(*outputs):
        index = [slice(p * s, p * s + (w - 1) * d + 1, d) for p, s, w, d in zip(place, strides, window, dilation)]
        patch = x[(slice(None), *index)]
        for g in range(groups):
            part = patch[..., g * width : (g + 1) * width].reshape(len(x), -1)
            weights = kernel[..., g * filters : (g + 1) * filters].reshape(-1, filters)
            result[(slice(None), *place, slice(g * filters, (g + 1) * filters))] = part @ weights
    return result


@pytest.mark.parametrize(
    ("spatial", "window", "strides", "pads", "dilation", "groups"),
    [
        ((9,), (3,), (1,), [(0, 0)], (1,), 1),
        ((9,), (3,), (2,), [(1, 2)], (2,), 2),
        ((7, 8), (3, 2), (1, 2), [(1, 1), (0, 1)], (1, 1), 1),
        ((7, 8), (3, 3), (1, 1), [(0, 0), (2, 2)], (2, 1), 4),
        ((5, 6, 4), (2, 3, 2), (1, 1, 2), [(0, 1), (1, 1), (0, 0)], (1, 1, 1), 1),
    ],
)
def test_conv_equals_the_definition(engine, spatial, window, strides, pads, dilation, groups):
    random = np.random.default_rng(0)
    x = random.normal(size=(2, *spatial, 4)).astype("float32")
    kernel = random.normal(size=(*window, 4 // groups, 8)).astype("float32")
    ones = (1,) * len(spatial)
    result = engine.conv(engine.asarray(x), engine.asarray(kernel), strides, pads, ones, dilation, groups)
    expected = brute_force_conv(x, kernel, strides, pads, dilation, groups)
    np.testing.assert_allclose(engine.to_numpy(result), expected, atol=1e-4)
    bias = random.normal(size=kernel.shape[-1]).astype("float32")
    arrays = (engine.asarray(a) for a in (x, kernel, bias))
    biased = engine.biased_conv(*arrays, strides, pads, ones, dilation, groups)
    np.testing.assert_allclose(engine.to_numpy(biased), expected + bias, atol=1e-4)


@pytest.mark.parametrize("kind", ["max", "min", "sum"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [(2, 2), (1, 2)])
def test_pool_equals_the_definition(engine, kind, padding, strides):
    x = np.random.default_rng(1).normal(size=(2, 6, 6, 3)).astype("float32")
    reduce, fill = {"max": (np.max, -np.inf), "min": (np.min, np.inf), "sum": (np.sum, 0)}[kind]
    pads = [(0, 0)] * 4
    if padding == "same":
        totals = [max((-(-6 // s) - 1) * s + 2 - 6, 0) for s in strides]
        pads = [(0, 0), *[(t // 2, t - t // 2) for t in totals], (0, 0)]
    padded = np.pad(x, pads, constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(padded, (2, 2), (1, 2))[:, :: strides[0], :: strides[1]]
    result = engine.pool(engine.asarray(x), (2, 2), strides, padding, kind)
    np.testing.assert_allclose(engine.to_numpy(result), reduce(views, axis=(-2, -1)), rtol=1e-5)


def test_compile_reads_and_writes_variables_listed_or_not(engine):
    counter, weight = Variable(0.0, name="counter"), Variable([2.0, 3.0], name="weight")

    def fn(x):
        counter.assign_add(1.0)
        return ops.sum(weight * x)

    compiled = engine.compile(fn, [weight])  # the counter is found by itself
    assert float(compiled(engine.asarray([1.0, 1.0], "float32"))) == 5.0
    weight.assign([1.0, 1.0])
    assert float(compiled(engine.asarray([1.0, 1.0], "float32"))) == 2.0
    assert float(counter) == 2.0


def test_compile_loop_runs_a_range_of_steps(engine):
    total = Variable(0.0, name="total")

    def add(i, x):
        total.assign_add(ops.get_item(x, i))

    loop = engine.compile_loop(add)
    x = engine.asarray([1.0, 2.0, 4.0, 8.0], "float32")
    loop(0, 2, x)
    assert float(total) == 3.0
    loop(2, 4, x)
    assert float(total) == 15.0


def test_value_and_grad_keeps_what_was_assigned_inside(training_engine):
    x, seen = Variable(3.0), Variable(0.0, trainable=False)

    def fn():
        seen.assign(x * 10.0)
        return x * x, {"twice": x * 2, "text": "kept", "none": None}

    (value, aux), (gradient,) = training_engine.value_and_grad(fn, [x], has_aux=True)()
    assert (float(value), float(gradient), float(seen)) == (9.0, 6.0, 30.0)
    assert float(aux["twice"]) == 6.0
    assert aux["text"] == "kept"
    assert aux["none"] is None


def test_value_and_grad_inside_compile(training_engine):
    x = Variable(1.0)

    def step():
        value, (gradient,) = ops.value_and_grad(lambda: (x - 4.0) * (x - 4.0), [x])
        x.assign_sub(0.25 * gradient)
        return value

    compiled = training_engine.compile(step, [x], donate=True)
    values = [float(compiled()) for _ in range(3)]
    assert values == [9.0, 2.25, 0.5625]


def test_numpy_says_that_it_does_not_train():
    with engines.use_engine("numpy"), pytest.raises(RuntimeError, match="KERATA_BACKEND=jax"):
        ops.value_and_grad(lambda: None, [])


def test_cond_and_switch_assign_in_branches(engine):
    v = Variable(0.0)

    def fn(flag):
        return ops.cond(flag, lambda: v.assign(5.0).value, lambda: v.value + 1.0)

    compiled = engine.compile(fn, [v])
    assert float(compiled(engine.asarray(False))) == 1.0
    assert float(compiled(engine.asarray(True))) == 5.0
    assert float(v) == 5.0
    assert float(ops.switch(7, [lambda x: x, lambda x: -x], engine.asarray(2.0, "float32"))) == -2.0


def test_loops(engine):
    assert int(ops.while_loop(lambda i: i < 10, lambda i: i + 3, (ops.array(0),))[0]) == 12
    assert int(ops.while_loop(lambda i: i < 10, lambda i: i + 3, (ops.array(0),), maximum_iterations=2)[0]) == 6
    assert int(ops.fori_loop(0, 5, lambda i, total: total + i, ops.array(0))) == 10
    carry, ys = ops.scan(lambda c, x: (c + x, c * x), ops.array(1.0), ops.array([1.0, 2.0, 3.0]))
    assert float(carry) == 7.0
    np.testing.assert_allclose(engine.to_numpy(ys), [1.0, 4.0, 12.0])
    _, backwards = ops.scan(lambda c, x: (c + x, c), ops.array(0.0), ops.array([1.0, 2.0, 3.0]), reverse=True)
    np.testing.assert_allclose(engine.to_numpy(backwards), [5.0, 3.0, 0.0])
    sums = ops.associative_scan(lambda a, b: a + b, ops.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(engine.to_numpy(sums), [1.0, 3.0, 6.0])
    np.testing.assert_allclose(engine.to_numpy(ops.vectorized_map(lambda x: x * 2, ops.array([1.0, 2.0]))), [2.0, 4.0])


def test_a_loop_that_assigns_inside_compile(engine):
    v = Variable(0.0)

    def fn(n):
        return ops.fori_loop(0, n, lambda i, x: v.assign_add(1.0).value + x * 0, ops.array(0.0))

    engine.compile(fn, [v])(engine.asarray(4, "int32"))
    assert float(v) == 4.0


def test_custom_gradient(training_engine):
    @ops.custom_gradient
    def clipped(x):
        return x * 10.0, lambda upstream: upstream * 0 + 1.0

    x = Variable(2.0)
    value, (gradient,) = ops.value_and_grad(lambda: clipped(x.value), [x])
    assert (float(value), float(gradient)) == (20.0, 1.0)


def test_stop_gradient(training_engine):
    x = Variable(2.0)
    _, (gradient,) = ops.value_and_grad(lambda: x * ops.stop_gradient(x), [x])
    assert float(gradient) == 2.0


@pytest.mark.parametrize(
    ("kind", "shape", "parameters", "mean", "deviation"),
    [
        ("uniform", (4000,), (), 0.5, 0.2887),
        ("normal", (4000,), (), 0.0, 1.0),
        ("truncated_normal", (4000,), (), 0.0, 0.8796),
        ("gamma", (4000,), (2.0,), 2.0, 1.414),
        ("beta", (4000,), (2.0, 2.0), 0.5, 0.2236),
    ],
)
def test_draws_have_their_moments_and_follow_the_seed(engine, kind, shape, parameters, mean, deviation):
    seed = engine.asarray(np.array([7, 1], "uint32"))
    first = engine.to_numpy(engine.random(kind, seed, shape, "float32", *parameters))
    assert abs(first.mean() - mean) < 0.08
    assert abs(first.std() - deviation) < 0.08
    again = engine.to_numpy(engine.random(kind, seed, shape, "float32", *parameters))
    np.testing.assert_array_equal(first, again)
    other = engine.to_numpy(engine.random(kind, engine.asarray(np.array([7, 2], "uint32")), shape, "float32", *parameters))
    assert not np.array_equal(first, other)


def test_infer_finds_shapes_of_foreign_code(engine):
    from kerata.engines.abstract.array import AbstractArray

    spec = engine.infer(lambda x: engine.xp.concatenate([x, x[:, :1]], 1), AbstractArray((None, 3), "float32"))
    assert (spec.shape, spec.dtype) == ((None, 4), "float32")


def test_engines_agree_on_a_program():
    results = []
    for name in NAMES:
        with engines.use_engine(name):
            x = ops.reshape(ops.arange(24, dtype="float32"), (2, 3, 4))
            y = ops.matmul(x, ops.transpose(x, (0, 2, 1)))
            results.append(engines.current().to_numpy(ops.mean(y / (1.0 + ops.square(x[:, :, :1])), axis=-1)))
    for other in results[1:]:
        np.testing.assert_allclose(results[0], other, rtol=1e-6)
