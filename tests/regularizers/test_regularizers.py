"""Regularizers against the oracle."""

import keras
import numpy as np
import pytest

from kerata import engines, ops, regularizers
from kerata.core.variable import Variable

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
CASES = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {"l2": 0.2}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]


@pytest.mark.parametrize("name,kwargs", CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)])
class TestParity:
    def test_value(self, name, kwargs, engine):
        want = float(getattr(keras.regularizers, name)(**kwargs)(keras.ops.convert_to_tensor(X)))
        np.testing.assert_allclose(float(getattr(regularizers, name)(**kwargs)(X)), want, rtol=1e-5)

    def test_gradient(self, name, kwargs):
        import jax

        oracle, mine = getattr(keras.regularizers, name)(**kwargs), getattr(regularizers, name)(**kwargs)
        x = Variable(X)
        want = jax.grad(lambda v: oracle(v) + 0.0)(X)
        run = engines.current().compile(lambda: ops.value_and_grad(lambda: ops.add(mine(x.value), 0.0), [x]))
        np.testing.assert_allclose(np.asarray(run()[1][0]), np.asarray(want), rtol=1e-4, atol=1e-6)

    def test_config(self, name, kwargs):
        ours, oracle = getattr(regularizers, name)(**kwargs), getattr(keras.regularizers, name)(**kwargs)
        for key, value in oracle.get_config().items():
            assert ours.get_config()[key] == (value if isinstance(value, str) else pytest.approx(value))
        assert regularizers.serialize(ours) | {"config": 0} == keras.regularizers.serialize(oracle) | {"config": 0}
        assert regularizers.deserialize(regularizers.serialize(ours)).get_config() == ours.get_config()


@pytest.mark.parametrize("name", [n for n in dir(keras.regularizers) if not n.startswith("_")])
def test_every_name(name):
    assert hasattr(regularizers, name)


def test_get():
    for name in "l1 l2 L1 L2 L1L2 l1l2 orthogonal_regularizer".split():
        assert type(regularizers.get(name)).__name__ == type(keras.regularizers.get(name)).__name__
    both = regularizers.get("l1_l2")
    assert (both.l1, both.l2) == (0.01, 0.01)
    assert regularizers.get(None) is None
    assert regularizers.get({"class_name": "L2", "config": {"l2": 0.5}}).l2 == 0.5

    def mine(x):
        return 0.1 * ops.sum(x)

    assert regularizers.get(mine) is mine
    with pytest.raises(ValueError, match="There is no regularizer 'l3'"):
        regularizers.get("l3")


def test_bad_inputs():
    with pytest.raises(ValueError, match="l2 must be a finite number"):
        regularizers.L2("big")
    for bad in (-1, float("nan"), "x"):
        with pytest.raises(ValueError, match="l2 must be a finite number of at least 0"):
            regularizers.L2(bad)
    with pytest.raises(ValueError, match="mode must be"):
        regularizers.OrthogonalRegularizer(mode="diagonal")
    with pytest.raises(ValueError, match="matrices"):
        regularizers.OrthogonalRegularizer()(np.ones(3, "float32"))
