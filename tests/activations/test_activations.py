"""Activations against the oracle: values, gradients, both engines, compiled."""

import jax
import keras
import numpy as np
import pytest

import kerata.activations as activations
from kerata import engines, ops
from kerata.core import registry
from kerata.core.graph import KerasTensor
from kerata.core.variable import Variable

X = np.concatenate([np.linspace(-6.03, 6.07, 46), [-0.25, 0.75]]).astype("float32").reshape(6, 8)
CASES = [
    (name, {})
    for name in (
        "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid "
        "log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid "
        "squareplus swish tanh tanh_shrink"
    ).split()
] + [
    ("celu", {"alpha": 2.0}),
    ("elu", {"alpha": 0.3}),
    ("gelu", {"approximate": True}),
    ("leaky_relu", {"negative_slope": 0.1}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 3.0}),
    ("relu", {"max_value": 6.0}),
    ("relu", {"negative_slope": 0.2, "max_value": 3.0, "threshold": 1.0}),
    ("softmax", {"axis": 0}),
    ("log_softmax", {"axis": 0}),
    ("squareplus", {"b": 1}),
    ("threshold", {"threshold": 0.4, "default_value": 9.0}),
]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(CASES)]


@pytest.mark.parametrize("name,kwargs", CASES, ids=IDS)
class TestParity:
    def test_value(self, name, kwargs, engine):
        want = np.asarray(getattr(keras.activations, name)(X, **kwargs))
        got = np.asarray(getattr(activations, name)(X, **kwargs))
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)
        assert got.dtype == np.float32

    def test_gradient_and_compiled(self, name, kwargs):
        weights = np.linspace(0.5, 1.5, 48, dtype="float32").reshape(6, 8)

        def total(fn, x):
            y = fn(x, **kwargs)
            return (y * weights[:, : y.shape[-1]]).sum()

        want = jax.grad(lambda x: total(getattr(keras.activations, name), x))(X)
        x = Variable(X)
        fn = getattr(activations, name)
        step = engines.current().compile(lambda: ops.value_and_grad(lambda: total(fn, ops.add(x, 0.0)), [x]))
        _, (got,) = step()
        np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-4, atol=1e-5)

    def test_spec(self, name, kwargs):
        got = getattr(activations, name)(KerasTensor((None, 8)), **kwargs)
        assert got.shape == (None, 4 if name == "glu" else 8) and got.dtype == "float32"


@pytest.mark.parametrize("name,kwargs", [c for c in CASES if c[0] not in ("exponential", "glu")], ids=lambda c: str(c))
def test_safe_at_the_edges(name, kwargs):
    """No NaN in values or gradients for huge, tiny and zero inputs."""
    x = Variable(np.array([[-1e4, -100.0, -1e-30, 0.0, 1e-30, 100.0, 1e4, 88.0]], "float32"))
    value, (gradient,) = ops.value_and_grad(lambda: ops.sum(getattr(activations, name)(x.value, **kwargs)), [x])
    assert np.isfinite(np.asarray(value)) and np.isfinite(np.asarray(gradient)).all()


def test_sparsemax_is_the_projection_on_the_simplex(engine):
    """The oracle's does not sum to 1 for spread scores, so the truth is the definition: a bisection for the threshold."""
    for axis, x in ((-1, X), (0, X / 5)):
        rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis]).astype("float64")
        low, high = rows.min(1) - 1, rows.max(1)
        for _ in range(80):
            middle = (low + high) / 2
            above = np.maximum(rows - middle[:, None], 0).sum(1) > 1
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        want = np.maximum(rows - low[:, None], 0)
        got = np.moveaxis(np.asarray(activations.sparsemax(x, axis)), axis, -1).reshape(want.shape)
        np.testing.assert_allclose(got, want, atol=1e-5)


def test_softmax_over_several_axes(engine):
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    y = np.asarray(ops.softmax(x, axis=(1, 2)))
    np.testing.assert_allclose(y, np.exp(x) / np.exp(x).sum((1, 2), keepdims=True), rtol=1e-5)


def test_relu_gradient_at_zero_and_nan():
    x = Variable(np.zeros(2, "float32"))
    _, (gradient,) = ops.value_and_grad(lambda: ops.sum(activations.relu(x.value)), [x])
    assert np.asarray(gradient).tolist() == [0.0, 0.0]
    assert np.isnan(np.asarray(activations.relu(np.float32("nan"))))


@pytest.mark.parametrize("name", [n for n in dir(keras.activations) if not n.startswith("_")])
def test_every_name(name):
    assert hasattr(activations, name)
    if name not in ("get", "serialize", "deserialize"):
        assert activations.get(name) is not None
        assert activations.serialize(getattr(activations, name)) == keras.activations.serialize(
            getattr(keras.activations, name)
        )
        assert activations.deserialize(activations.serialize(getattr(activations, name))) is activations.get(name)


def test_get():
    assert activations.get(None) is activations.linear
    assert activations.get(np.tanh) is np.tanh
    config = {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function"}
    assert activations.get(config) is activations.relu
    with pytest.raises(ValueError, match="softmx.*Did you mean 'softmax'"):
        activations.get("softmx")
    with pytest.raises(ValueError, match="can't be understood"):
        activations.get(3)


def test_users_function():
    @registry.register_keras_serializable("tests")
    def doubled(x):
        return x * 2

    config = activations.serialize(doubled)
    assert config["config"] == "tests>doubled"
    assert activations.deserialize("tests>doubled") is doubled
    assert activations.deserialize("mine", {"mine": doubled}) is doubled


def test_bad_inputs():
    with pytest.raises(ValueError, match="even"):
        activations.glu(np.ones((2, 3)))
    with pytest.raises(ValueError, match="at least 4 elements"):
        ops.top_k([1.0, 2.0], 4)
