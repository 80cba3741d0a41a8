"""Equalization of each part of an image: the oracle's pixels, the definition in NumPy, models and pipelines."""

import json

import numpy as np
import pytest

import kerata
from kerata import layers

from ...oracle import keras

CLAHE = layers.ContrastLimitedAdaptiveHistogramEqualization
RNG = np.random.default_rng(0)
X = (RNG.normal(size=(2, 13, 17, 3)) * 20 + 100).clip(0, 255).astype("uint8")


def pair(x, **arguments):
    arguments = {"data_format": "channels_last"} | arguments
    mine, other = (m.layers.ContrastLimitedAdaptiveHistogramEqualization(**arguments, name="c") for m in (kerata, keras()))
    return mine, other, np.asarray(other(x))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"tile_grid_size": (2, 5)},
        {"tile_grid_size": (1, 1), "clip_limit": 0.5},
        {"tile_grid_size": (3, 4), "clip_limit": 0.0},
        {"tile_grid_size": (13, 17), "clip_limit": 1e9},
        {"tile_grid_size": (32, 3), "clip_limit": -1},
    ],
)
def test_oracle(arguments, engine):
    """The oracle's pixels, for tiles that fit and for others, in floats and in bytes."""
    mine, other, expected = pair(X.astype("float32"), **arguments)
    found = mine(X.astype("float32"))
    assert found.dtype == engine.asarray(X.astype("float32")).dtype
    np.testing.assert_allclose(engine.to_numpy(found), expected, atol=2e-3)
    as_bytes = engine.to_numpy(mine(X))
    assert as_bytes.dtype == np.uint8 == np.asarray(other(X)).dtype
    assert np.abs(as_bytes - expected).max() < 1.001
    first = CLAHE(**arguments, data_format="channels_first")
    turned = engine.to_numpy(first(np.moveaxis(X, -1, 1).astype("float32")))
    np.testing.assert_allclose(np.moveaxis(turned, 1, -1), expected, atol=2e-3)
    np.testing.assert_allclose(engine.to_numpy(mine(X[0].astype("float32"))), expected[0], atol=2e-3)
    assert json.loads(json.dumps(mine.get_config())) == json.loads(json.dumps(other.get_config()))


@pytest.mark.parametrize("low, high", [(0, 1), (-1, 1), (10, 20)])
def test_other_ranges(low, high, engine):
    """The same picture in another range of values comes out the same, in that range."""
    between = X + 0.5  # no rounding can move these to another step
    x = (between / 255 * (high - low) + low).astype("float32")
    mine, _, expected = pair(x, value_range=(low, high))
    np.testing.assert_allclose(engine.to_numpy(mine(x)), expected, atol=1e-4)
    _, _, plain = pair(between.astype("float32"))
    np.testing.assert_allclose((expected - low) / (high - low), plain / 255, atol=1e-4)


def test_one_tile_without_a_limit_is_plain_equalization(engine):
    x = RNG.integers(0, 9, (1, 6, 7, 1)).astype("float32")
    x[0, 0, 0] = 0
    found = engine.to_numpy(CLAHE(tile_grid_size=(1, 1), clip_limit=0)(x))
    share = np.array([(x <= value).sum() for value in x.ravel()])
    expected = (share - (x == 0).sum()) / (x.size - (x == 0).sum()) * 255
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-3)


def test_flat_images_and_values_out_of_range(engine):
    for value, limit in ((77.0, 4.0), (77.0, 0), (0.0, 0), (255.0, 0), (400.0, 4.0), (-400.0, 4.0)):
        mine, _, expected = pair(np.full((1, 8, 8, 1), value, "float32"), clip_limit=limit)
        np.testing.assert_allclose(engine.to_numpy(mine(np.full((1, 8, 8, 1), value, "float32"))), expected, atol=1e-3)


def test_in_a_model_and_with_what_belongs_to_images(training_engine):
    layer = CLAHE(tile_grid_size=(2, 3), bounding_box_format="xyxy")
    model = kerata.Sequential([kerata.Input((13, 17, 3)), layer, layers.Flatten()])
    expected = training_engine.to_numpy(layer(X.astype("float32"))).reshape(2, -1)
    np.testing.assert_allclose(model.predict(X.astype("float32"), verbose=0), expected, atol=1e-3)
    assert layer(kerata.Input((None, None, 3))).shape == (None, None, None, 3)
    boxes = {"boxes": np.ones((2, 1, 4), "float32"), "labels": np.ones((2, 1), "int32")}
    result = layer({"images": X, "bounding_boxes": boxes, "labels": np.ones(2), "segmentation_masks": X[..., :1]})
    np.testing.assert_array_equal(training_engine.to_numpy(result["bounding_boxes"]["boxes"]), boxes["boxes"])
    np.testing.assert_array_equal(training_engine.to_numpy(result["segmentation_masks"]), X[..., :1])


@pytest.mark.parametrize("name", ["jax", "torch", "tensorflow"])
def test_in_a_tf_data_pipeline_with_images_of_any_size(name):
    import tensorflow as tf

    x = X.astype("float32")
    with kerata.use_engine(name):
        data = tf.data.Dataset.from_generator(
            lambda: iter([x, x[:1, :9]]), output_signature=tf.TensorSpec((None, None, None, 3))
        )
        first, second = data.map(CLAHE(tile_grid_size=(2, 3))).as_numpy_iterator()
    for given, found in ((x, first), (x[:1, :9], second)):
        np.testing.assert_allclose(found, pair(given, tile_grid_size=(2, 3))[2], atol=2e-3)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"clip_limit": "4"}, "clip_limit must be a number; '4' came"),
        ({"tile_grid_size": (0, 2)}, "tile_grid_size must be a positive integer or 2 of them; (0, 2) came"),
        ({"tile_grid_size": (2,)}, "tile_grid_size must be a positive integer or 2 of them; (2,) came"),
        ({"value_range": (1, 0)}, "value_range must be a pair (low, high); (1, 0) came"),
    ],
)
def test_errors(arguments, text):
    with pytest.raises(ValueError) as error:
        CLAHE(**arguments)
    assert text in str(error.value)


def test_no_training_is_said_by_none_too(engine):
    """As in Keras: only a call that says nothing of training changes images."""
    x = np.linspace(0, 200, 48, dtype="float32").reshape(1, 4, 4, 3)
    layer = layers.Equalization()
    changed, given, off = (engine.to_numpy(layer(x, **options)) for options in ({}, {"training": None}, {"training": False}))
    np.testing.assert_array_equal(given, off)
    assert np.abs(changed - off).max() > 1
