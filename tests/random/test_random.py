"""Draws: distributions by their moments and by SciPy, seeds, shapes, compiled code."""

import keras
import numpy as np
import pytest
import scipy.stats

from kerata import engines, ops, random
from kerata.core.graph import KerasTensor

N = 4000
CASES = [
    ("uniform", (-1.0, 3.0), scipy.stats.uniform(-1, 4)),
    ("normal", (1.0, 2.0), scipy.stats.norm(1, 2)),
    ("truncated_normal", (1.0, 2.0), scipy.stats.truncnorm(-2, 2, 1, 2)),
    ("gamma", (2.5,), scipy.stats.gamma(2.5)),
    ("beta", (2.0, 3.0), scipy.stats.beta(2, 3)),
]


@pytest.mark.parametrize("name,args,law", CASES, ids=[c[0] for c in CASES])
class TestContinuous:
    def test_distribution(self, name, args, law, engine):
        draw = np.asarray(getattr(random, name)((N,), *args, seed=3))
        assert draw.dtype == np.float32
        assert scipy.stats.kstest(draw, law.cdf).pvalue > 1e-3

    def test_seeds(self, name, args, law, engine):
        draw = getattr(random, name)
        first, second = (np.asarray(draw((5,), *args, seed=3)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        seeds = random.SeedGenerator(3)
        first, second = (np.asarray(draw((5,), *args, seed=seeds)) for _ in range(2))
        assert (first != second).any()
        assert (np.asarray(draw((5,), *args)) != np.asarray(draw((5,), *args))).any()

    def test_dtype_and_compiled(self, name, args, law):
        with pytest.raises(ValueError, match="floats"):
            getattr(random, name)((2,), *args, dtype="int32")
        if name in ("gamma", "beta"):  # slow to compile
            return
        assert getattr(random, name)((2,), *args, dtype="bfloat16", seed=1).dtype.name == "bfloat16"
        seeds = random.SeedGenerator(3)
        run = engines.current().compile(lambda: getattr(random, name)((5,), *args, seed=seeds))
        assert (np.asarray(run()) != np.asarray(run())).any()


def test_integers(engine):
    draw = np.asarray(random.randint((N,), -2, 3, seed=1))
    assert draw.dtype == np.int32 and set(draw.tolist()) == {-2, -1, 0, 1, 2}
    assert scipy.stats.chisquare(np.bincount(draw + 2)).pvalue > 1e-3
    with pytest.raises(ValueError, match="integers"):
        random.randint((2,), 0, 2, dtype="float32")


def test_binomial(engine):
    draw = np.asarray(random.binomial((N,), 10.0, 0.3, seed=1))
    np.testing.assert_allclose([draw.mean(), draw.var()], [3.0, 2.1], rtol=0.1)


def test_categorical(engine):
    logits = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], "float32"))
    draw = np.asarray(random.categorical(logits, N, seed=1))
    assert draw.shape == (2, N) and draw.dtype == np.int32
    for row, p in zip(draw, ([0.5, 0.25, 0.25], [0.1, 0.1, 0.8])):
        assert scipy.stats.chisquare(np.bincount(row), np.array(p) * N).pvalue > 1e-3


def test_shuffle(engine):
    x = np.arange(99).reshape(9, 11)
    for axis in (0, 1):
        draw = np.asarray(random.shuffle(x, axis, seed=1))
        assert (draw != x).any()
        np.testing.assert_array_equal(np.sort(draw.sum(1 - axis)), np.sort(x.sum(1 - axis)))


def test_dropout(engine):
    x = np.ones((100, 50), "float32")
    draw = np.asarray(random.dropout(x, 0.3, seed=1))
    assert set(np.unique(draw).round(5)) == {0.0, np.float32(1 / 0.7).round(5)}
    assert abs((draw == 0).mean() - 0.3) < 0.02
    draw = np.asarray(random.dropout(x, 0.5, noise_shape=(None, 1), seed=1))
    assert (draw.std(1) == 0).all() and 0 < draw.mean() < 2
    np.testing.assert_array_equal(np.asarray(random.dropout(x, 0.0)), x)
    assert (np.asarray(random.dropout(x, 1.0)) == 0).all()
    with pytest.raises(ValueError, match="rate"):
        random.dropout(x, 1.5)


def test_arrays_as_parameters(engine):
    draw = np.asarray(random.uniform((N, 2), np.array([0.0, 10.0], "float32"), np.array([1.0, 12.0], "float32"), seed=1))
    np.testing.assert_allclose(draw.mean(0), [0.5, 11.0], rtol=0.05)
    assert random.gamma((2,), [1.0, 2.0], seed=1).shape == (2,)


def test_symbolic():
    assert random.dropout(KerasTensor((None, 3)), 0.5).shape == (None, 3)
    assert random.categorical(KerasTensor((None, 3)), 4).shape == (None, 4)
    assert random.shuffle(KerasTensor((None, 3))).shape == (None, 3)


@pytest.mark.parametrize("name", [n for n in dir(keras.random) if not n.startswith("_")])
def test_every_name(name):
    assert hasattr(random, name)


def test_seed_generator():
    assert random.SeedGenerator(3).get_config()["seed"] == keras.random.SeedGenerator(3).get_config()["seed"]
    with pytest.raises(ValueError, match="seed"):
        random.SeedGenerator(-1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_draws_in_half_precision(dtype, engine):
    for draw in (
        random.gamma((100,), 2.0, dtype=dtype, seed=1),
        random.beta((100,), 2.0, 3.0, dtype=dtype, seed=1),
        random.binomial((100,), 5.0, 0.5, dtype=dtype, seed=1),
        random.truncated_normal((100,), dtype=dtype, seed=1),
    ):
        values = engine.to_numpy(ops.cast(draw, "float32"))
        assert ops.dtype(draw) == dtype and np.isfinite(values).all() and values.std() > 0


def test_integers_of_every_kind(engine):
    for dtype in ("uint8", "uint16", "uint32", "int8", "int16", None):
        draw = random.randint((50,), 3, 9, dtype=dtype, seed=1)
        values = engine.to_numpy(draw)
        assert ops.dtype(draw) == (dtype or "int32") and values.min() >= 3 and values.max() <= 8


def test_shapes_that_do_not_fit(engine):
    for logits in (np.ones(3, "float32"), np.ones((2, 2, 3), "float32")):
        with pytest.raises(ValueError, match="categorical"):
            random.categorical(logits, 2)
    with pytest.raises(ValueError, match="noise_shape"):
        random.dropout(np.ones((2, 3), "float32"), 0.5, noise_shape=(2, 3, 1))
