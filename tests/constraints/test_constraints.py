"""Constraints against the oracle."""

import keras
import numpy as np
import pytest

from kerata import constraints

X = (3 * np.random.default_rng(0).normal(size=(3, 2, 4))).astype("float32")
CASES = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 1.5, "axis": (0, 1)}),
    ("MaxNorm", {"axis": [0, 2]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": -1}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 2.0, "rate": 0.3, "axis": 1}),
]


@pytest.mark.parametrize("name,kwargs", CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)])
class TestParity:
    def test_value(self, name, kwargs, engine):
        oracle_kwargs = {k: tuple(v) if isinstance(v, list) else v for k, v in kwargs.items()}
        want = np.asarray(getattr(keras.constraints, name)(**oracle_kwargs)(X))
        np.testing.assert_allclose(np.asarray(getattr(constraints, name)(**kwargs)(X)), want, rtol=1e-5, atol=1e-7)
        zeros = np.asarray(getattr(constraints, name)(**kwargs)(np.zeros_like(X)))
        assert np.isfinite(zeros).all()

    def test_config(self, name, kwargs):
        ours, oracle = getattr(constraints, name)(**kwargs), getattr(keras.constraints, name)(**kwargs)
        assert ours.get_config() == oracle.get_config()
        assert constraints.serialize(ours) == keras.constraints.serialize(oracle)
        assert constraints.deserialize(constraints.serialize(ours)).get_config() == ours.get_config()


@pytest.mark.parametrize("name", [n for n in dir(keras.constraints) if not n.startswith("_")])
def test_every_name(name):
    assert hasattr(constraints, name)


def test_get():
    for name in "max_norm MaxNorm non_neg NonNeg unit_norm min_max_norm".split():
        assert type(constraints.get(name)).__name__ == type(keras.constraints.get(name)).__name__
    assert constraints.get(None) is None
    assert isinstance(constraints.get("nonneg"), constraints.NonNeg)
    assert constraints.get(abs) is abs
    with pytest.raises(ValueError, match="Did you mean 'max_norm'"):
        constraints.get("max_nrm")
    assert constraints.Constraint()(X) is X
