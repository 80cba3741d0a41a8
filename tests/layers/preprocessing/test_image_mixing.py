"""Mixing, erasing, blurring, histograms, pipelines: the oracle's pixels for the same transformation; distributions."""

import json

import numpy as np
import pytest

import kerata
from kerata import layers

from ...oracle import keras
from .test_images import BOXES, X, as_json, data

MASKS = np.zeros((2, 8, 10, 3), bool)
MASKS[0, 1:4, 2:7] = MASKS[1, 5:, :3] = True
ORDER, WEIGHT = np.array([1, 0], "int32"), np.array([0.8, 0.3], "float32")
CASES = [
    ("MixUp", {}, {"mix_weight": WEIGHT, "permutation_order": ORDER}),
    ("CutMix", {}, {"mix_weight": WEIGHT.reshape(2, 1, 1, 1), "permutation_order": ORDER, "batch_masks": MASKS}),
    ("RandomErasing", {}, {"apply_erasing": np.array([True, False]), "batch_masks": MASKS, "fill_value": X[:1] / 2}),
    ("RandomGaussianBlur", {}, {"should_apply_blur": np.array([True, False]), "blur_factor": np.array([0.9, 0.5], "float32")}),
    ("RandomGaussianBlur", {"kernel_size": (5, 3)}, {"should_apply_blur": np.array([True, True]), "blur_factor": np.array([0.7, 0.7], "float32")}),
    ("AutoContrast", {}, None),
    ("AutoContrast", {"value_range": (-100, 300)}, None),
    ("Equalization", {}, None),
    ("Equalization", {"bins": 16}, None),
]  # fmt: skip
every_case = pytest.mark.parametrize("name, arguments, transformation", CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])


@every_case
def test_oracle(name, arguments, transformation, engine):
    import jax

    mine, other = (getattr(m.layers, name)(**arguments, name="l", data_format="channels_last") for m in (kerata, keras()))
    arrays = None if transformation is None else {k: jax.numpy.asarray(v) for k, v in transformation.items()}
    expected = np.asarray(other.transform_images(jax.numpy.asarray(X), arrays))
    found = engine.to_numpy(mine.transform_images(engine.asarray(X), transformation))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1.01 if name == "Equalization" else 1e-2)
    if name in ("MixUp", "CutMix"):
        labels = data()["labels"]
        np.testing.assert_allclose(
            engine.to_numpy(mine.transform_labels(engine.asarray(labels), transformation)),
            np.asarray(other.transform_labels(jax.numpy.asarray(labels), arrays)),
            rtol=1e-5,
        )
    mine, other = (as_json(layer.get_config()) for layer in (mine, other))
    assert mine.keys() == other.keys()
    assert getattr(layers, name).from_config(other).get_config().keys() == other.keys()


@every_case
def test_calls(name, arguments, transformation, engine):
    layer = getattr(layers, name)(**arguments, data_format="channels_last")
    result = layer(data(), training=True)
    assert tuple(result["images"].shape) == X.shape and tuple(result["segmentation_masks"].shape) == (2, 8, 10, 1)
    assert layer(kerata.Input(X.shape[1:])).shape == (None, *X.shape[1:])
    assert tuple(layer(X[0], training=True).shape) == X.shape[1:]
    first = getattr(layers, name)(**arguments, data_format="channels_first")
    assert tuple(first(np.moveaxis(X, -1, 1), training=True).shape) == (2, 3, 8, 10)
    if transformation is not None:
        np.testing.assert_array_equal(engine.to_numpy(layer(X, training=False)), X)


@pytest.mark.parametrize("name", ["jax", "torch", "tensorflow"])
def test_in_a_tf_data_pipeline(name):
    import tensorflow as tf

    with kerata.use_engine(name):
        prepare = layers.Pipeline([layers.AutoContrast(), layers.Equalization(), layers.RandomErasing(), layers.MixUp()])
        pairs = tf.data.Dataset.from_tensor_slices({"images": X, "labels": data()["labels"]}).batch(2)
        (found,) = pairs.map(prepare).as_numpy_iterator()
    assert found["images"].shape == X.shape
    np.testing.assert_allclose(found["labels"].sum(1), 1, rtol=1e-5)


def test_cut_mix_replaces_the_share_that_it_says(engine):
    images = np.stack([np.zeros((40, 40, 1)), np.ones((40, 40, 1))]).astype("float32")
    layer = layers.CutMix((0.6, 0.6), seed=1)
    shares = []
    for _ in range(60):
        transformation = layer.get_random_transformation(images)
        shares.append(engine.to_numpy(transformation["batch_masks"]).mean())
    assert max(shares) < 0.45 and 0.2 < np.mean(shares) < 0.4  # what lies beyond the edges is lost


def test_erased_share(engine):
    layer = layers.RandomErasing((1.0, 1.0), scale=(0.1, 0.2), fill_value=0.0, seed=1)
    y = engine.to_numpy(layer(np.ones((400, 20, 20, 3), "float32"), training=True))
    assert 0.05 < (y == 0).mean() < 0.2
    noise = engine.to_numpy(layers.RandomErasing((1.0, 1.0), scale=(1.0, 1.0), seed=1)(X, training=True))
    assert noise.min() >= 0 and noise.max() <= 255 and (noise != X).any()


def test_images_that_are_not_mixed_keep_their_dtype(engine):
    bytes_ = X.astype("uint8")
    assert engine.to_numpy(layers.MixUp()(bytes_, training=False)).dtype == "uint8"
    assert engine.to_numpy(layers.MixUp()(bytes_, training=True)).dtype == "float32"


def test_boxes_of_mix_up(engine):
    layer = layers.MixUp(bounding_box_format="xyxy")
    result = layer.transform_bounding_boxes(BOXES, {"mix_weight": WEIGHT, "permutation_order": ORDER})
    assert tuple(result["boxes"].shape) == (2, 4, 4) and tuple(result["labels"].shape) == (2, 4)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_number_of_boxes(count, engine):
    layer = layers.MaxNumBoundingBoxes(count, bounding_box_format="xyxy")
    result = layer(data(bounding_boxes=BOXES))["bounding_boxes"]
    assert tuple(result["boxes"].shape) == (2, count, 4) and tuple(result["labels"].shape) == (2, count)
    assert (engine.to_numpy(result["boxes"])[:, 2:] == -1).all()
    np.testing.assert_array_equal(engine.to_numpy(result["boxes"])[:, 0], BOXES["boxes"][:, 0])


def test_pipeline():
    layer = layers.Pipeline([layers.Resizing(4, 5), layers.RandomFlip(seed=1), layers.Rescaling(0.5)], name="p")
    again = layers.Pipeline.from_config(json.loads(json.dumps(layer.get_config())))
    assert [type(x) for x in again.layers] == [type(x) for x in layer.layers]
    np.testing.assert_allclose(layer(X, training=False), layers.Resizing(4, 5)(X) * 0.5)
    theirs = keras().layers.Pipeline.from_config(json.loads(json.dumps(layer.get_config())))
    assert [type(x).__name__ for x in theirs.layers] == ["Resizing", "RandomFlip", "Rescaling"]


def test_flat_channels(engine):
    flat = np.full((1, 4, 4, 3), 7.0, "float32")
    for layer in (layers.AutoContrast(), layers.Equalization()):
        np.testing.assert_allclose(engine.to_numpy(layer(flat)), flat)


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.MixUp(0), "alpha must be a positive number; 0 came"),
        (lambda: layers.CutMix(2.0), "factor must be a number or a pair (low, high) from 0.0 to 1.0; 2.0 came"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), "kernel_size must be an odd number or a pair of them; 4 came"),
        (lambda: layers.MaxNumBoundingBoxes(0), "max_number must be a positive integer; 0 came"),
        (lambda: layers.Equalization(bins=0), "bins must be a positive integer; 0 came"),
        (lambda: layers.AutoContrast(value_range=3), "value_range must be a pair (low, high); 3 came"),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)


def test_a_pipeline_gives_its_layers_the_mask():
    class Seen(layers.Layer):
        supports_masking = True

        def call(self, x, mask=None):
            return x if mask is None else x + kerata.ops.cast(mask, "float32")[..., None]

    x, mask = np.zeros((1, 3, 2), "float32"), np.array([[True, False, True]])
    assert np.asarray(layers.Pipeline([Seen()])(x, mask=mask))[0, :, 0].tolist() == [1, 0, 1]
    assert not np.asarray(layers.Pipeline([Seen()])(x)).any()


def test_pairs_in_falling_order_are_turned():
    assert layers.RandomRotation((0.2, 0.1)).factor == layers.RandomRotation((0.1, 0.2)).factor == (0.1, 0.2)


def test_layers_of_a_jitter_have_names():
    jitter = layers.RandomColorJitter(brightness_factor=0.2, hue_factor=0.1)
    assert jitter.random_brightness.factor == (-0.2, 0.2) and jitter.random_hue.factor == (0, 0.1)
    assert not hasattr(jitter, "random_contrast")
