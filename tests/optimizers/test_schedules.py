"""Schedules against the oracle."""

import keras
import numpy as np
import pytest

from kerata import engines
from kerata.optimizers import schedules

CASES = [
    ("ExponentialDecay", (0.1, 10, 0.5), {}),
    ("ExponentialDecay", (0.1, 10, 0.5), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 10, 0.5), {}),
    ("InverseTimeDecay", (0.1, 10, 0.5), {"staircase": True}),
    ("PiecewiseConstantDecay", ([5, 20], [0.3, 0.2, 0.1]), {}),
    ("PolynomialDecay", (0.1, 15), {}),
    ("PolynomialDecay", (0.1, 15), {"power": 2.0, "end_learning_rate": 0.01, "cycle": True}),
    ("CosineDecay", (0.1, 15), {}),
    ("CosineDecay", (0.1, 15), {"alpha": 0.2, "warmup_target": 0.5, "warmup_steps": 6}),
    ("CosineDecayRestarts", (0.1, 6), {}),
    ("CosineDecayRestarts", (0.1, 6), {"t_mul": 1.0, "m_mul": 0.7, "alpha": 0.1}),
    ("CosineDecayRestarts", (0.1, 6), {"t_mul": 1.5, "m_mul": 0.9}),
]


@pytest.mark.parametrize("name,args,kwargs", CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
class TestParity:
    def test_values(self, name, args, kwargs, engine):
        ours, oracle = getattr(schedules, name)(*args, **kwargs), getattr(keras.optimizers.schedules, name)(*args, **kwargs)
        compiled = engine.compile(lambda step: ours(step))
        for step in (0, 1, 3, 5, 6, 7, 15, 20, 21, 40):
            want = float(oracle(step))
            np.testing.assert_allclose(float(ours(step)), want, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(float(compiled(np.int32(step))), want, rtol=1e-5, atol=1e-7)
        steps = np.arange(12)
        np.testing.assert_allclose(np.asarray(ours(steps)), [float(ours(int(s))) for s in steps], rtol=1e-5, atol=1e-7)

    def test_config(self, name, args, kwargs):
        ours, oracle = getattr(schedules, name)(*args, **kwargs), getattr(keras.optimizers.schedules, name)(*args, **kwargs)
        assert ours.get_config() == oracle.get_config()
        assert schedules.serialize(ours) == keras.optimizers.schedules.serialize(oracle)
        assert schedules.deserialize(schedules.serialize(ours)).get_config() == ours.get_config()


@pytest.mark.parametrize("name", [n for n in dir(keras.optimizers.schedules) if not n.startswith("_")])
def test_every_name(name):
    assert hasattr(schedules, name)


def test_bad_inputs():
    with pytest.raises(ValueError, match="one value more"):
        schedules.PiecewiseConstantDecay([1], [0.1])
    with pytest.raises(ValueError, match="decay_steps must be positive"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(NotImplementedError, match="__call__"):
        schedules.LearningRateSchedule()(0)
    assert engines.current_name() == "jax"
