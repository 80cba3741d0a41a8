"""Normalization: padded rows, masks, renormalization, precision, spectral normalization, bad arguments."""

import json

import numpy as np
import pytest

import kerata
from kerata import engines, layers, ops
from kerata.core import batch
from kerata.engines.abstract.row_rules import MixesRows
from kerata.training import padding

X = np.random.default_rng(0).standard_normal((6, 3)).astype("float32") * 2 + 1


def statistics(layer):
    return {v.name: v.numpy() for v in layer.non_trainable_weights}


def test_padded_rows_count_for_nothing(engine):
    plain, padded = layers.BatchNormalization(momentum=0.5), layers.BatchNormalization(momentum=0.5)
    y = plain(X, training=True)
    filled = np.concatenate([X, np.full((2, 3), 99, "float32")])
    with batch.valid_rows(engine.asarray(np.array([1] * 6 + [0] * 2, "float32"))):
        z = padded(filled, training=True)
    np.testing.assert_allclose(engine.to_numpy(z)[:6], engine.to_numpy(y), rtol=1e-4, atol=1e-5)
    for name, value in statistics(plain).items():
        np.testing.assert_allclose(statistics(padded)[name], value, rtol=1e-5)


def test_padded_rows_and_a_mask():
    x = np.random.default_rng(1).standard_normal((3, 4, 2)).astype("float32")
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]], bool)
    layer = layers.BatchNormalization(momentum=0.0)
    with batch.valid_rows(np.array([1, 1, 0], "float32")):
        layer(x, training=True, mask=mask)
    rows = x[:2][mask[:2]]
    np.testing.assert_allclose(statistics(layer)["moving_mean"], rows.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(statistics(layer)["moving_variance"], rows.var(0), rtol=1e-4)


def test_rows_put_together_cant_be_padded():
    layer = layers.BatchNormalization()
    layer.build((None, 3))
    rows = padding.as_rows(X)
    with padding.proof(masked=True):
        layer(rows, training=True)
    for together in (lambda x: ops.reshape(x, (2, -1, 3)), lambda x: ops.concatenate([x, x], 0), lambda x: x[:-1]):
        with padding.proof(masked=True), pytest.raises(MixesRows):
            layer(together(rows), training=True)
    with padding.proof(masked=False), pytest.raises(MixesRows):
        layer(rows, training=True)


def test_not_training_or_not_trainable_uses_the_averages(engine):
    layer = layers.BatchNormalization()
    layer.build((None, 3))
    layer.set_weights([np.ones(3), np.zeros(3), np.full(3, 2.0), np.full(3, 4.0)])
    expected = (X - 2) / np.sqrt(4.001)
    np.testing.assert_allclose(engine.to_numpy(layer(X)), expected, rtol=1e-5)
    layer.trainable = False
    np.testing.assert_allclose(engine.to_numpy(layer(X, training=True)), expected, rtol=1e-5)
    assert layer.trainable_weights == []
    assert (statistics(layer)["moving_mean"] == 2).all()


def test_statistics_stay_float32():
    layer = layers.BatchNormalization(dtype="mixed_bfloat16")
    x = np.full((64, 1), 300.5, "float32") + np.arange(64)[:, None] % 2
    y = layer(x.astype("float32"), training=True)
    assert y.dtype == "bfloat16"
    assert all(v.dtype == "float32" for v in layer.weights)


def test_updates_come_out_of_compiled_gradients():
    layer = layers.BatchNormalization(momentum=0.0)
    layer.build((None, 3))

    def step(x):
        return kerata.value_and_grad(lambda: kerata.ops.sum(layer(x, training=True) ** 3), layer.trainable_variables)

    engines.get("jax").compile(step, layer.variables)(X)
    np.testing.assert_allclose(statistics(layer)["moving_mean"], X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(statistics(layer)["moving_variance"], X.var(0), rtol=1e-5)


def test_renormalization_over_steps_equals_the_oracle():
    import keras

    arguments = {
        "renorm": True,
        "renorm_clipping": {"rmax": 1.2, "dmax": 0.5},
        "momentum": 0.7,
        "renorm_momentum": 0.6,
        "epsilon": 0.01,
    }
    mine = layers.BatchNormalization(**arguments, moving_variance_initializer=kerata.initializers.Constant(4.0))
    other = keras.layers.BatchNormalization(**arguments, moving_variance_initializer=keras.initializers.Constant(4.0))
    for i in range(3):
        np.testing.assert_allclose(mine(X + i, training=True), other(X + i, training=True), rtol=1e-4, atol=1e-5)
    for a, b in zip(mine.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`")
@pytest.mark.filterwarnings("ignore:Exception encountered")
def test_rms_scaling_equals_the_oracle():
    import keras

    mine = layers.LayerNormalization(rms_scaling=True, name="n")
    other = keras.layers.LayerNormalization(rms_scaling=True, name="n")
    np.testing.assert_allclose(mine(X), other(X), rtol=1e-5)
    assert json.loads(json.dumps(mine.get_config())) == json.loads(json.dumps(other.get_config()))
    assert [v.name for v in mine.weights] == [v.name for v in other.weights]


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_normalization(groups, engine):
    x = np.random.default_rng(2).standard_normal((2, 5, 4)).astype("float32")
    parts = x.reshape(2, 5, groups, -1)
    mean, variance = parts.mean((1, 3), keepdims=True), parts.var((1, 3), keepdims=True)
    expected = ((parts - mean) / np.sqrt(variance + 1e-3)).reshape(x.shape)
    np.testing.assert_allclose(engine.to_numpy(layers.GroupNormalization(groups)(x)), expected, rtol=1e-4, atol=1e-5)


def test_rms_normalization_along_another_axis(engine):
    x = np.random.default_rng(2).standard_normal((2, 5, 4)).astype("float32")
    expected = x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(engine.to_numpy(layers.RMSNormalization(axis=1)(x)), expected, rtol=1e-4)


def test_unit_normalization_of_zeros(engine):
    assert not engine.to_numpy(layers.UnitNormalization()(np.zeros((2, 3), "float32"))).any()


@pytest.mark.parametrize("inner", ["dense", "conv"])
def test_spectral_normalization_equals_the_oracle(inner):
    import keras

    def wrapped(package):
        layer = {
            "dense": lambda: package.layers.Dense(2, name="inner"),
            "conv": lambda: package.layers.Conv1D(2, 2, name="inner"),
        }[inner]()
        return package.layers.SpectralNormalization(layer, power_iterations=2, name="outer")

    x = {"dense": X, "conv": X[:, :, None]}[inner]
    mine, other = wrapped(kerata), wrapped(keras)
    mine.build(x.shape), other.build(x.shape)
    assert [v.path for v in mine.weights] == [v.path for v in other.weights]
    rng = np.random.default_rng(5)
    values = [rng.standard_normal(v.shape).astype("float32") for v in mine.weights]
    mine.set_weights(values), other.set_weights(values)
    for training in (True, False, True):
        np.testing.assert_allclose(mine(x, training=training), other(x, training=training), rtol=1e-4, atol=1e-5)
    for a, b in zip(mine.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    config = json.loads(json.dumps(mine.get_config()))
    assert config == json.loads(json.dumps(other.get_config()))
    assert layers.SpectralNormalization.from_config(config).get_config() == mine.get_config()


@pytest.mark.parametrize("inner, x", [(layers.Dense(4), X), (layers.Embedding(5, 4), np.array([[1, 2]]))])
def test_spectral_normalization_makes_the_largest_singular_value_one(inner, x):
    layer = layers.SpectralNormalization(inner, power_iterations=300)
    layer(x, training=True)
    assert abs(np.linalg.svd(layer.kernel.numpy())[1][0] - 1) < 1e-3


@pytest.mark.parametrize(
    "make, text",
    [
        (
            lambda: layers.BatchNormalization(axis=3).build((None, 4)),
            "BatchNormalization: axis 3 is out of range for inputs of shape (None, 4).",
        ),
        (
            lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1}),
            "BatchNormalization: renorm_clipping has keys rmin, rmax and dmax; ['max'] came.",
        ),
        (
            lambda: layers.GroupNormalization(3).build((None, 4)),
            "GroupNormalization: the 4 channels, axis -1 of inputs of shape (None, 4), must be a multiple of groups, 3.",
        ),
        (
            lambda: layers.LayerNormalization().build((None, 3, None)),
            "LayerNormalization: axis -1 of inputs of shape (None, 3, None) is out of range, or its length unknown.",
        ),
        (
            lambda: layers.SpectralNormalization(layers.ReLU()).build((None, 4)),
            "SpectralNormalization: ReLU has no kernel and no embeddings.",
        ),
        (
            lambda: layers.SpectralNormalization(layers.Dense(2), power_iterations=0),
            "SpectralNormalization: power_iterations must be a positive integer; 0 came.",
        ),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text


def test_normalized_weights_are_returned_and_not_kept(engine):
    """The vector and the kernel after one power iteration, as NumPy has them; the layer's own stay."""
    layer = layers.SpectralNormalization(layers.Dense(3))
    layer.build((None, 4))
    u, kernel = (v.numpy().astype("float64") for v in (layer.vector_u, layer.layer.kernel))
    found = [engine.to_numpy(x) for x in layer.normalized_weights()]
    v = u @ kernel.T / np.linalg.norm(u @ kernel.T)
    new = v @ kernel / np.linalg.norm(v @ kernel)
    np.testing.assert_allclose(found[0], new, rtol=1e-4)
    np.testing.assert_allclose(found[1], kernel / (v @ kernel @ new.T), rtol=1e-4)
    np.testing.assert_array_equal(layer.vector_u.numpy(), u.astype("float32"))
    np.testing.assert_array_equal(layer.layer.kernel.numpy(), kernel.astype("float32"))


def test_the_vector_of_spectral_normalization_is_like_the_kernel():
    inner = layers.Dense(2, dtype="mixed_float16")
    layer = layers.SpectralNormalization(inner, dtype="float16")
    layer.build((None, 3))
    assert layer.vector_u.dtype == inner.kernel.dtype == "float32"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "make", [lambda of, **kw: of.LayerNormalization(**kw), lambda of, **kw: of.GroupNormalization(2, **kw)]
)
def test_layers_that_cast_for_themselves_are_the_oracles(make, policy, engine):
    import keras

    mine, other = (make(of.layers, dtype=policy) for of in (kerata, keras))
    assert mine.autocast is other.autocast is False and "autocast" not in mine.get_config()
    x = np.random.default_rng(0).standard_normal((4, 6, 8)).astype("float32") * 30 + 200
    for given in (x, x.astype("float16")):
        found = mine(given)
        assert kerata.backend.standardize_dtype(found.dtype) == mine.compute_dtype == other(given).dtype
        numbers = engine.to_numpy(ops.cast(found, "float32"))
        np.testing.assert_allclose(numbers, np.asarray(other(given), "float32"), rtol=1e-2, atol=2e-3)
