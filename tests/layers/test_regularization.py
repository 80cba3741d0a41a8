"""Noise layers: distributions, shapes of the noise, seeds, and that they do nothing when not training."""

import numpy as np
import pytest

from kerata import engines, layers

SHAPE = (40, 50, 20)
ONES = np.ones(SHAPE, "float32")


def run(layer, x, engine, **kwargs):
    return engine.to_numpy(layer(x, training=True, **kwargs))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_statistics(rate, engine):
    y = run(layers.Dropout(rate, seed=1), ONES, engine)
    np.testing.assert_allclose(np.unique(y), [0, 1 / (1 - rate)], rtol=1e-6)
    assert abs((y == 0).mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / y.size)


@pytest.mark.parametrize(
    "layer, constant",
    [
        (lambda: layers.Dropout(0.5, noise_shape=(None, 1, None), seed=1), (1,)),
        (lambda: layers.Dropout(0.5, noise_shape=(40, 1, 1), seed=1), (1, 2)),
        (lambda: layers.SpatialDropout1D(0.5, seed=1), (1,)),
        (lambda: layers.AlphaDropout(0.5, noise_shape=(None, 1, None), seed=1), (1,)),
    ],
)
def test_noise_shapes(layer, constant, engine):
    y = run(layer(), ONES, engine)
    assert (y.max(constant) == y.min(constant)).all()
    assert len(np.unique(y)) == 2


@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_spatial_dropout(rank, data_format, engine):
    spatial = tuple(range(1, rank + 1)) if data_format == "channels_last" else tuple(range(2, rank + 2))
    x = np.ones((8, *(6,) * (rank + 1)), "float32")
    y = run(getattr(layers, f"SpatialDropout{rank}D")(0.5, data_format, seed=3), x, engine)
    assert (y.max(spatial) == y.min(spatial)).all()
    assert 0.2 < (y == 0).mean() < 0.8


def test_alpha_dropout_keeps_mean_and_variance(engine):
    x = np.random.default_rng(0).standard_normal((400, 500)).astype("float32")
    y = run(layers.AlphaDropout(0.3, seed=1), x, engine)
    assert abs(y.mean()) < 0.01 and abs(y.std() - 1) < 0.01


def test_gaussian_dropout(engine):
    y = run(layers.GaussianDropout(0.2, seed=1), ONES * 3, engine)
    assert abs(y.mean() - 3) < 0.03 and abs(y.std() - 3 * 0.5) < 0.03


def test_gaussian_noise(engine):
    y = run(layers.GaussianNoise(0.2, seed=1), ONES * 3, engine)
    assert abs(y.mean() - 3) < 0.01 and abs(y.std() - 0.2) < 0.01


RANDOM = {
    "Dropout": {"rate": 0.5},
    "SpatialDropout1D": {"rate": 0.5},
    "AlphaDropout": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
}


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name, engine):
    def make():
        return getattr(layers, name)(**RANDOM[name], seed=7)

    first = make()
    a, b, c = run(first, ONES, engine), run(first, ONES, engine), run(make(), ONES, engine)
    assert (a != b).any()  # a new draw each time
    assert (a == c).all()  # the same draws from the same seed
    assert [v.name for v in first.variables] == ["seed_generator_state"]
    assert first.weights == []


@pytest.mark.parametrize("name", RANDOM)
def test_nothing_when_not_training(name, engine):
    layer = getattr(layers, name)(**RANDOM[name])
    x = engine.asarray(ONES)
    assert layer(x) is x and layer(x, training=False) is x
    key = next(iter(RANDOM[name]))
    assert getattr(layers, name)(**{key: 0.0})(x, training=True) is x


def test_compiled_draws_differ():
    layer = layers.Dropout(0.5, seed=1)
    step = engines.get("jax").compile(lambda x: layer(x, training=True), layer.variables)
    assert (np.asarray(step(ONES)) != np.asarray(step(ONES))).any()


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "float16"])
def test_low_precision(precision):
    for name, arguments in RANDOM.items():
        layer = getattr(layers, name)(**arguments, dtype=precision)
        assert layer(ONES[:2], training=True).dtype == layer.compute_dtype


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.Dropout(1.5), "Dropout: rate must be a number from 0 to 1; 1.5 came."),
        (lambda: layers.SpatialDropout2D(-0.1), "SpatialDropout2D: rate must be a number from 0 to 1; -0.1 came."),
        (lambda: layers.GaussianNoise("big"), "GaussianNoise: stddev must be a number from 0 to 1; 'big' came."),
        (
            lambda: layers.Dropout(0.5, noise_shape=(0, 1)),
            "Dropout: noise_shape must be a tuple of positive integers and None; (0, 1) came.",
        ),
        (
            lambda: layers.Dropout(0.5, noise_shape=(None, 1), name="d")(ONES, training=True),
            "noise_shape (None, 1) and the input of shape (40, 50, 20) must have as many axes.\n"
            'In layer "d" (Dropout), input shape (40, 50, 20).',
        ),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text


def test_activity_regularization_by_nothing_adds_nothing():
    layer = layers.ActivityRegularization()
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(layer(x), x)
    assert [float(x) for x in layer.losses] == [0.0]


def test_spatial_dropout_has_no_noise_shape_of_its_own():
    assert [kind(0.5).noise_shape for kind in (layers.SpatialDropout1D, layers.SpatialDropout2D)] == [None, None]
