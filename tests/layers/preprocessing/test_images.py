"""Layers that change images: with the same transformation the oracle's pixels, in models, pipelines, on each engine."""

import json

import numpy as np
import pytest

import kerata
from kerata import engines, layers

from ...oracle import keras

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 255, (2, 8, 10, 3)).astype("float32")
IMAGES = np.ascontiguousarray(np.moveaxis(X, -1, 1))
YES = np.array([True, False])


def per_image(*values):
    return np.array(values, "float32").reshape(2, 1, 1, 1)


def rotation(*degrees):
    rows = []
    for angle in np.radians(degrees):
        cos, sin = np.cos(angle), np.sin(angle)
        rows.append([cos, -sin, (9 - (cos * 9 - sin * 7)) / 2, sin, cos, (7 - (sin * 9 + cos * 7)) / 2, 0, 0])
    shape = {"image_height": 8, "image_width": 10, "batch_size": 2}
    return {"angle": np.array(degrees, "float32"), "rotation_matrix": np.array(rows, "float32")} | shape


SHAPE = {"input_shape": (2, 8, 10, 3)}
START = np.array([[[0, 0], [9, 0], [0, 7], [9, 7]]] * 2, "float32")
END = START + RNG.uniform(-1, 1, START.shape).astype("float32")
# Name, arguments, a transformation.
CASES = [
    ("RandomBrightness", {"factor": 0.2}, {"rgb_delta": per_image(30, -40)}),
    ("RandomContrast", {"factor": 0.2}, {"contrast_factor": per_image(1.2, 0.7)}),
    ("RandomHue", {"factor": 0.3}, {"factor": np.array([0.2, -0.4], "float32")}),
    ("RandomSaturation", {"factor": 0.3}, {"factor": np.array([0.2, 0.7], "float32")}),
    ("RandomColorDegeneration", {"factor": 0.3}, {"factor": per_image(0.2, 0.9)}),
    ("RandomSharpness", {"factor": 0.3}, {"factor": np.array([0.2, 0.9], "float32")}),
    ("RandomPosterization", {"factor": 4}, {"shift_factor": np.array([3, 6], "uint8")}),
    ("Solarization", {"addition_factor": 0.1, "threshold_factor": 0.2}, {"additions": per_image(10, 0), "thresholds": per_image(90, 0)}),
    ("RandomInvert", {"factor": 0.5}, {"apply_inversion": YES}),
    ("RandomRotation", {"factor": 0.2}, rotation(30, -77)),
    ("RandomRotation", {"factor": 0.2, "fill_mode": "constant", "fill_value": 3.0, "interpolation": "nearest"}, rotation(30, -77)),
    ("RandomZoom", {"height_factor": 0.2}, {"height_zoom": np.array([[1.3], [0.8]], "float32"), "width_zoom": np.array([[0.7], [1.2]], "float32")} | SHAPE),
    ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.3, "fill_mode": "wrap"}, {"translations": np.array([[1.5, 2.0], [-3.0, 0.5]], "float32")} | SHAPE),
    ("RandomShear", {"x_factor": 0.2, "y_factor": 0.2}, {"shear_factor": np.array([[0.2, 0.0], [-0.1, 0.3]], "float32")} | SHAPE),
    ("RandomPerspective", {}, {"apply_perspective": YES, "start_points": START, "end_points": END} | SHAPE),
    ("RandomFlip", {"mode": "horizontal"}, {"flips": YES.reshape(2, 1, 1, 1)} | SHAPE),
    ("RandomFlip", {"mode": "vertical"}, {"flips": YES.reshape(2, 1, 1, 1)} | SHAPE),
    ("RandomCrop", {"height": 4, "width": 5}, (2, 3)),
    ("Resizing", {"height": 4, "width": 5}, (8, 10)),
    ("Resizing", {"height": 5, "width": 4, "crop_to_aspect_ratio": True, "antialias": True}, (8, 10)),
    ("CenterCrop", {"height": 4, "width": 6}, SHAPE),
]  # fmt: skip
every_case = pytest.mark.parametrize("name, arguments, transformation", CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])


def as_json(config):
    return json.loads(json.dumps(config))


@every_case
def test_oracle(name, arguments, transformation, engine):
    """The oracle's pixels for the same transformation, also with channels first; an equal config."""
    import jax

    mine, other = (getattr(m.layers, name)(**arguments, name="l", data_format="channels_last") for m in (kerata, keras()))
    expected = np.asarray(other.transform_images(jax.numpy.asarray(X), jax.tree.map(lambda a: jax.numpy.asarray(a) if isinstance(a, np.ndarray) else a, transformation)))  # fmt: skip
    found = engine.to_numpy(mine.transform_images(engine.asarray(X), transformation))
    close(found, expected)
    first = getattr(layers, name)(**arguments, data_format="channels_first")
    turned = transformation
    if isinstance(transformation, dict) and "input_shape" in transformation:
        turned = transformation | {"input_shape": (2, 3, 8, 10)}
    close(np.moveaxis(engine.to_numpy(first.transform_images(engine.asarray(IMAGES), turned)), 1, -1), expected)
    mine, other = (as_json(layer.get_config()) for layer in (mine, other))
    assert mine.keys() == other.keys()
    assert getattr(layers, name).from_config(other).get_config().keys() == other.keys()


def close(found, expected):
    """Equal but for pixels on an edge between two, which rounding may put to either."""
    assert found.shape == expected.shape
    off = np.abs(found - expected) > 2e-2
    assert off.mean() < 0.01, (off.mean(), np.abs(found - expected).max())


@every_case
def test_calls(name, arguments, transformation, engine):
    """Batches, single images, bytes, symbolic inputs; nothing random when not training; the same draws from a seed."""
    random = name not in ("Resizing", "CenterCrop")
    make = lambda: getattr(layers, name)(**arguments, **({"seed": 3} if random else {}), data_format="channels_last")
    layer = make()
    y = layer(X, training=True)
    assert engine.is_array(y)
    shape = layer.compute_output_shape(X.shape)
    assert tuple(y.shape) == shape and tuple(layer(X[0], training=True).shape) == shape[1:]
    symbolic = layer(kerata.Input(X.shape[1:]))
    assert symbolic.shape == (None, *shape[1:]) and symbolic.dtype == "float32"
    assert tuple(layer(X.astype("uint8"), training=True).shape) == shape
    if random:
        np.testing.assert_array_equal(engine.to_numpy(make()(X, training=True)), engine.to_numpy(y))
        if name != "RandomCrop":
            np.testing.assert_array_equal(engine.to_numpy(layer(X, training=False)), X)


@pytest.mark.parametrize("engine_name", ["jax", "torch", "tensorflow"])
def test_kinds_in_a_tf_data_pipeline(engine_name):
    """All numbers come in the layer's floats there, as in Keras; the images' size may be open."""
    import tensorflow as tf

    with engines.use_engine(engine_name):
        images = tf.data.Dataset.from_tensor_slices(X.astype("uint8"))
        for layer in (layers.Resizing(4, 5), layers.Rescaling(0.5), layers.RandomBrightness(0.2)):
            assert images.map(layer).element_spec.dtype == images.batch(2).map(layer).element_spec.dtype == tf.float32
        seen = []

        class Seeing(layers.Rescaling):
            def call(self, inputs):
                seen.append(self.backend.name)
                return self.backend.numpy.add(super().call(inputs), 1)

        Seeing(0.5)(X), images.map(Seeing(0.5))
        assert seen == [engine_name, "tensorflow"]
        parts = tf.data.Dataset.from_tensor_slices({"images": X, "bounding_boxes": WHOLE}).batch(2)
        spec = parts.map(layers.RandomFlip(bounding_box_format="xyxy")).element_spec
        assert spec["bounding_boxes"]["boxes"].shape.as_list() == [None, 3, 4]
        assert spec["bounding_boxes"]["labels"].dtype == tf.float32
        open_size = tf.data.Dataset.from_generator(lambda: iter(X), output_signature=tf.TensorSpec((None, None, 3), "float32"))
        for layer in (layers.RandomRotation(0.1), layers.RandomShear(0.1), layers.RandAugment(), layers.AugMix()):
            assert next(iter(open_size.map(layer))).shape == X.shape[1:]


@pytest.mark.parametrize("engine_name", ["jax", "torch", "tensorflow"])
def test_in_a_tf_data_pipeline(engine_name):
    """Each batch has draws of its own."""
    import tensorflow as tf

    with engines.use_engine(engine_name):
        layer = layers.Pipeline([layers.RandomFlip(seed=1), layers.RandomBrightness(0.5, seed=2), layers.RandomCrop(4, 4)])
        data = tf.data.Dataset.from_tensor_slices(np.repeat(X[:1], 8, 0)).batch(4).map(layer)
        assert data.element_spec.shape.as_list() == [None, 4, 4, 3]
        found = np.concatenate(list(data.as_numpy_iterator()))
    assert len({image.sum().round(2) for image in found}) > 5


def test_in_a_model(training_engine):
    model = kerata.Sequential(
        [
            kerata.Input((8, 10, 3)),
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
            layers.RandomContrast(0.2),
            layers.Resizing(4, 4),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    model.fit(np.repeat(X, 4, 0), np.ones(8), batch_size=4, epochs=2, verbose=0)
    expected = training_engine.to_numpy(model.layers[-1](layers.Flatten()(layers.Resizing(4, 4)(X))))
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("factor", [0.0, 0.2, 0.5, 0.7, 1.0])
def test_saturation_and_hue_mean_what_they_mean_in_keras(factor):
    images = X / 255
    ours, theirs = layers.RandomSaturation((factor, factor), (0, 1)), keras().layers.RandomSaturation((factor, factor), (0, 1))
    np.testing.assert_allclose(np.asarray(ours(images, training=True)), np.asarray(theirs(images, training=True)), atol=2e-3)
    turned = np.asarray(layers.RandomHue((factor, factor), (0, 1), seed=1)(images, training=True))
    if factor in (0.0, 1.0):  # the sign is drawn, and makes no difference
        expected = keras().layers.RandomHue((factor, factor), (0, 1), seed=1)(images, training=True)
        np.testing.assert_allclose(turned, np.asarray(expected), atol=1e-5)


def test_what_is_beside_images_is_left_alone():
    data = {"images": X, "path": np.array(["a", "b"])}
    for training in (True, False):
        assert layers.RandomFlip(seed=1)(data, training=training)["path"] is data["path"]


def test_numbers_of_numpy():
    assert layers.RandomRotation(np.float32(0.5)).factor == (-0.5, 0.5)
    assert layers.RandomGrayscale(np.float64(0.5)).factor == layers.Dropout(np.float32(0.5)).rate == 0.5
    assert type(layers.Dropout(np.float32(0.5)).rate) is float
    assert layers.MixUp(np.int64(1)).alpha == 1 and layers.RandomZoom(np.array([-0.5, 0.5])).get_config()
    assert layers.Conv2D(2, np.array([3, 2])).kernel_size == (3, 2)


# Distributions


def many(layer, key, count=4000):
    return np.asarray(layer.get_random_transformation(np.zeros((count, 8, 10, 3), "float32"))[key])


@pytest.mark.parametrize(
    "make, key, low, high",
    [
        (lambda: layers.RandomBrightness(0.2, seed=1), "rgb_delta", -51, 51),
        (lambda: layers.RandomBrightness((0.1, 0.2), seed=1), "rgb_delta", 25.5, 51),
        (lambda: layers.RandomContrast(0.3, seed=1), "contrast_factor", 0.7, 1.3),
        (lambda: layers.RandomHue(0.3, seed=1), "factor", -0.15, 0.15),
        (lambda: layers.RandomRotation(0.25, seed=1), "angle", -90, 90),
        (lambda: layers.RandomZoom((-0.3, 0.1), seed=1), "height_zoom", 0.7, 1.1),
        (lambda: layers.RandomTranslation(0.5, 0.5, seed=1), "translations", -5, 5),
        (lambda: layers.RandomShear(0.2, 0.2, seed=1), "shear_factor", -0.2, 0.2),
        (lambda: layers.Solarization(0.2, 0.2, seed=1), "thresholds", 0, 51),
    ],
)
def test_distributions(make, key, low, high):
    values = many(make(), key)
    assert low <= values.min() < low + 0.02 * (high - low) and high - 0.02 * (high - low) < values.max() <= high
    if key != "translations":
        assert abs(values.mean() - (low + high) / 2) < 0.02 * (high - low)


def test_chances():
    assert abs(many(layers.RandomFlip("horizontal", seed=1), "flips").mean() - 0.5) < 0.03
    assert abs(many(layers.RandomInvert((0.3, 0.3), seed=1), "apply_inversion").mean() - 0.3) < 0.03
    assert abs(many(layers.RandomInvert(1.0, seed=1), "apply_inversion").mean() - 0.5) < 0.03
    grey = layers.RandomGrayscale(0.2, seed=1).get_random_transformation(np.zeros((4000, 2, 2, 3), "float32"))
    assert abs(np.asarray(grey).mean() - 0.2) < 0.03


def test_grayscale(engine):
    y = engine.to_numpy(layers.RandomGrayscale(1.0)(X, training=True))
    np.testing.assert_allclose(y, np.repeat(X @ np.array([[0.2989], [0.587], [0.114]], "float32"), 3, -1), rtol=1e-4)


def test_random_crops_differ(engine):
    layer = layers.RandomCrop(4, 5, seed=1)
    places = set()
    for _ in range(30):
        y = engine.to_numpy(layer(X, training=True))
        places.add(next((i, j) for i in range(5) for j in range(6) if np.allclose(y, X[:, i : i + 4, j : j + 5])))
    assert len(places) > 10


def test_color_jitter(engine):
    layer = layers.RandomColorJitter(brightness_factor=0.2, contrast_factor=0.2, saturation_factor=(0.5, 1.0), hue_factor=0.1)
    y = engine.to_numpy(layer(X, training=True))
    assert y.min() >= 0 and y.max() <= 255 and np.abs(y - X).mean() > 1
    np.testing.assert_array_equal(engine.to_numpy(layer(X, training=False)), X)


def test_what_elastic_transforms_are_made_of():
    mine, other = (m.layers.RandomElasticTransform() for m in (kerata, keras()))
    for height, width, factor in ((100, 200, 0.5), (64, 32, 0.3), (8, 10, 2.0)):
        expected = other.get_elastic_transform_params(height, width, factor)
        np.testing.assert_allclose(mine.get_elastic_transform_params(height, width, factor), expected)


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_elastic(scale, engine):
    """Pixels of the middle move as far, and as much alike, as the oracle's; masks move with the images."""
    places = np.stack(np.meshgrid(np.arange(48.0), np.arange(48.0), indexing="ij"), -1)[None].repeat(100, 0).astype("float32")
    arguments = {"factor": (1.0, 1.0), "scale": (scale, scale), "fill_mode": "nearest", "seed": 1}
    layer, other = (m.layers.RandomElasticTransform(**arguments) for m in (kerata, keras()))
    transformation = layer.get_random_transformation(places)
    moved = engine.to_numpy(layer.transform_images(places, transformation)) - places
    expected = np.asarray(other(places, training=True)) - places
    for shift in range(4):
        near, theirs = ((d[:, 12:-12, 12 : 36 - shift] * d[:, 12:-12, 12 + shift : 36]).mean() for d in (moved, expected))
        np.testing.assert_allclose(near, theirs, atol=0.12 * (expected[:, 12:-12, 12:-12] ** 2).mean())
    masks = engine.to_numpy(layer.transform_segmentation_masks(places.astype("int32"), transformation))
    assert masks.dtype == np.int32 and np.abs(masks - places - moved).max() <= 0.51 + 1e-3


def test_elastic_transforms_leave_boxes_and_keep_to_the_range(engine):
    layer = layers.RandomElasticTransform((1.0, 1.0), bounding_box_format="xyxy", value_range=(0, 100), seed=1)
    result = layer(data(bounding_boxes=BOXES), training=True)
    np.testing.assert_array_equal(engine.to_numpy(result["bounding_boxes"]["boxes"]), BOXES["boxes"])
    assert engine.to_numpy(result["images"]).max() == 100
    assert layer(kerata.Input((None, None, 3))).shape == (None, None, None, 3)
    np.testing.assert_array_equal(engine.to_numpy(layer(X, training=False)), X)
    never = layers.RandomElasticTransform((0.0, 0.0))
    np.testing.assert_allclose(engine.to_numpy(never(X, training=True)), X)


def test_shear_goes_either_way():
    """A pair of factors says how far; which way is as likely as the other, and the same along both axes."""
    values = many(layers.RandomShear((0.1, 0.2), (0.3, 0.4), seed=1), "shear_factor")
    theirs = np.asarray(
        keras()
        .layers.RandomShear((0.1, 0.2), (0.3, 0.4), seed=1)
        .get_random_transformation(np.zeros((4000, 8, 10, 3), "float32"))["shear_factor"]
    )
    for found in (values, theirs):
        assert (np.sign(found[:, 0]) == np.sign(found[:, 1])).all() and abs((found < 0).mean() - 0.5) < 0.03
        assert np.abs(found).min(0) == pytest.approx([0.1, 0.3], abs=0.01) and np.abs(found).max(0) == pytest.approx(
            [0.2, 0.4], abs=0.01
        )


# What belongs to images


def data(**more):
    return {
        "images": X,
        "labels": np.array([[1.0, 0.0], [0.0, 1.0]], "float32"),
        "segmentation_masks": (X[..., :1] > 99).astype("int32"),
    } | more


@every_case
def test_masks_follow(name, arguments, transformation, engine):
    """Masks come to where the same image would, in whole pixels; labels stay."""
    layer = getattr(layers, name)(**arguments, data_format="channels_last")
    result = layer(data(), training=True)
    assert set(result) == {"images", "labels", "segmentation_masks"}
    np.testing.assert_array_equal(engine.to_numpy(result["labels"]), data()["labels"])
    assert tuple(result["segmentation_masks"].shape) == (*result["images"].shape[:3], 1)
    one = layer({key: part[0] for key, part in data().items()}, training=True)
    assert {key: tuple(part.shape) for key, part in one.items()} == {k: tuple(p.shape[1:]) for k, p in result.items()}


BOXES = {"boxes": np.array([[[2, 1, 5, 4], [-1, -1, -1, -1]]] * 2, "float32"), "labels": np.array([[7, -1]] * 2, "int32")}


@pytest.mark.parametrize(
    "name, arguments, transformation, expected",
    [
        ("RandomFlip", {"mode": "horizontal"}, {"flips": YES.reshape(2, 1, 1, 1)} | SHAPE, [[5, 1, 8, 4], [2, 1, 5, 4]]),
        ("RandomFlip", {"mode": "vertical"}, {"flips": YES.reshape(2, 1, 1, 1)} | SHAPE, [[2, 4, 5, 7], [2, 1, 5, 4]]),
        ("RandomTranslation", {"height_factor": 0.5, "width_factor": 0.5}, {"translations": np.array([[1, 2], [-3, 0]], "float32")} | SHAPE, [[3, 3, 6, 6], [0, 1, 2, 4]]),
        ("RandomRotation", {"factor": 0.5}, rotation(180, 0), [[4, 3, 7, 6], [2, 1, 5, 4]]),
        ("RandomZoom", {"height_factor": 0.5}, {"height_zoom": np.array([[0.5], [1]], "float32"), "width_zoom": np.array([[2], [1]], "float32")} | SHAPE, [[3.25, 0, 4.75, 4.5], [2, 1, 5, 4]]),
        ("RandomPerspective", {}, {"apply_perspective": YES, "start_points": START, "end_points": START + 1} | SHAPE, [[3, 2, 6, 5], [2, 1, 5, 4]]),
        ("Resizing", {"height": 4, "width": 20}, (8, 10), [[4, 0.5, 10, 2]] * 2),
        ("CenterCrop", {"height": 6, "width": 6}, SHAPE, [[0, 0, 3, 3]] * 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("box_format", ["xyxy", "rel_xywh", "center_yxhw"])
def test_boxes_follow(name, arguments, transformation, expected, box_format, engine):
    from kerata.ops.boxes import convert_format

    layer = getattr(layers, name)(**arguments, bounding_box_format=box_format, data_format="channels_last")
    given = convert_format(BOXES["boxes"], "xyxy", box_format, 8, 10)
    given = np.where(BOXES["boxes"] == -1, -1, engine.to_numpy(given)).astype("float32")
    result = layer.transform_bounding_boxes(BOXES | {"boxes": given}, transformation)
    size = layer.compute_output_shape(X.shape)[1:3]
    found = engine.to_numpy(convert_format(result["boxes"], box_format, "xyxy", *size))
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-3)
    np.testing.assert_array_equal(engine.to_numpy(result["labels"]), [[7, -1]] * 2)


WHOLE = {
    "boxes": np.array([[[2, 1, 5, 4], [0, 0, 10, 8], [6, 5, 9, 7.5]]] * 2, "float32"),
    "labels": np.array([[7, 3, 1]] * 2, "int32"),
}
MOVES = [
    c
    for c in CASES
    if c[0] in ("RandomRotation", "RandomZoom", "RandomTranslation", "RandomShear", "RandomPerspective", "RandomFlip")
]
MOVES += [("RandomFlip", {}, {"flips": YES.reshape(2, 1, 1, 1)} | SHAPE)]
MOVES += [("CenterCrop", {"height": height, "width": width}, SHAPE) for height, width in ((4, 6), (12, 9), (5, 7))]
MOVES += [("Resizing", {"height": 5, "width": 9}, (8, 10))]
MOVES += [
    ("Resizing", {"height": height, "width": width, f"{how}_to_aspect_ratio": True}, (8, 10))
    for how in ("crop", "pad")
    for height, width in ((6, 5), (7, 3), (3, 11), (32, 22), (6, 14))
]


@pytest.mark.parametrize("name, arguments, transformation", MOVES, ids=[f"{i}-{c[0]}" for i, c in enumerate(MOVES)])
def test_boxes_are_the_oracles(name, arguments, transformation, engine):
    """Also where they are off their images: by half a pixel (an edge is taken for the middle of a pixel) or, turned, a whole
    one, and in sheared images that are no squares. (Keras's boxes of random crops move with rows and columns exchanged, and
    its turned ones are right in "xyxy" alone: kerata's follow the image.)"""
    import jax

    mine, other = (getattr(m.layers, name)(**arguments, bounding_box_format="xyxy") for m in (kerata, keras()))
    as_jax = lambda tree: jax.tree.map(lambda x: jax.numpy.asarray(x) if isinstance(x, np.ndarray) else x, tree)
    expected = other.transform_bounding_boxes(as_jax(WHOLE), as_jax(transformation))
    found = mine.transform_bounding_boxes(WHOLE, transformation)
    np.testing.assert_allclose(engine.to_numpy(found["boxes"]), np.asarray(expected["boxes"]), atol=1e-3)
    np.testing.assert_array_equal(engine.to_numpy(found["labels"]), np.asarray(expected["labels"]))


@pytest.mark.parametrize("how", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
@pytest.mark.parametrize("size", [(10, 8), (6, 14), (32, 22)])
def test_boxes_of_images_resized_in_their_proportions(how, size, engine):
    """A bright rectangle and its box come to the same place, to a pixel or two."""
    images = np.zeros((1, 16, 20, 1), "float32")
    images[:, 4:12, 6:14] = 1.0
    boxes = {"boxes": np.array([[[6, 4, 14, 12]]], "float32"), "labels": np.array([[1]])}
    layer = layers.Resizing(*size, interpolation="nearest", bounding_box_format="xyxy", **{how: True})
    result = layer({"images": images, "bounding_boxes": boxes})
    rows, columns = np.nonzero(engine.to_numpy(result["images"])[0, :, :, 0])
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(engine.to_numpy(result["bounding_boxes"]["boxes"])[0, 0], expected, atol=1.6)


DTYPES = [
    ("RandomFlip", {}, True), ("RandomRotation", {"factor": 0.2}, True), ("RandomZoom", {"height_factor": 0.2}, True),
    ("CutMix", {}, True), ("Solarization", {}, True), ("RandomSharpness", {"factor": 0.2}, True), ("CenterCrop", {"height": 4, "width": 4}, True),
    ("RandomErasing", {}, True), ("AutoContrast", {}, True), ("RandomHue", {"factor": 0.2}, True), ("RandomContrast", {"factor": 0.2}, True),
    ("RandomColorDegeneration", {"factor": 0.2}, True), ("RandomInvert", {}, True), ("RandomPosterization", {"factor": 4}, True),
    ("RandomColorJitter", {"brightness_factor": 0.2}, True), ("Equalization", {}, True),
    ("Resizing", {"height": 4, "width": 4}, True), ("RandomBrightness", {"factor": 0.2}, True), ("RandomGrayscale", {}, True),
    ("RandomSaturation", {"factor": 0.2}, False),
]  # fmt: skip


@pytest.mark.parametrize("name, arguments, trains", DTYPES, ids=[c[0] for c in DTYPES])
@pytest.mark.parametrize("training", [True, False])
def test_dtypes_are_the_oracles(name, arguments, trains, training, engine):
    """Whole numbers in: the layer's floats, or the same dtype (of Keras's saturation none in training: it fails)."""
    images = X.astype("uint8")
    mine, other = (getattr(m.layers, name)(**arguments) for m in (kerata, keras()))
    found = engine.to_numpy(mine(images, training=training))
    if trains or not training:
        assert found.dtype == np.asarray(other(images, training=training)).dtype
    if not training and name not in ("CenterCrop", "Resizing", "AutoContrast"):
        np.testing.assert_array_equal(found, images)


@pytest.mark.parametrize("name, arguments, floats", [("RandomFlip", {}, True), ("RandomCrop", {"height": 4, "width": 4}, True), ("CenterCrop", {"height": 4, "width": 4}, True), ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}, False)])  # fmt: skip
def test_dtypes_of_masks(name, arguments, floats, engine):
    """In the oracle's: where masks are cut or flipped as images are, they come in floats, as those do."""
    mine, other = (getattr(m.layers, name)(**arguments) for m in (kerata, keras()))
    masks = {"images": X, "segmentation_masks": data()["segmentation_masks"]}
    for layer in (mine, other):
        assert ("float32" in str(layer(masks, training=True)["segmentation_masks"].dtype)) == floats


def test_methods_for_boxes_and_points(engine):
    """The oracle's numbers for the same arguments."""
    rows = np.array([[0.8, 0.1, 0.7, 0.2, 1.1, -0.4, 0.05, 0.02]], "float32")
    points = np.array([3.0, 1.0], "float32"), np.array([5.0, 2.0], "float32")
    for name in ("RandomShear", "RandomTranslation", "RandomZoom"):
        mine, other = (getattr(m.layers, name)(0.1, 0.1) for m in (kerata, keras()))
        found = [engine.to_numpy(x) for x in mine.get_transformed_x_y(*points, rows)]
        np.testing.assert_allclose(found, [np.asarray(x) for x in other.get_transformed_x_y(*points, rows)], rtol=1e-5)
        method, numbers = ("get_clipped_bbox", (5, 1, 3, 2)) if name == "RandomZoom" else ("get_shifted_bbox", (0.5, 0.25))
        expected = getattr(other, method)(dict(WHOLE), *numbers)
        np.testing.assert_allclose(
            engine.to_numpy(getattr(mine, method)(WHOLE, *numbers)["boxes"]), np.asarray(expected["boxes"])
        )


def test_methods_that_users_override():
    """Each layer hands labels, boxes and masks to its own methods, by name."""

    class Marked(layers.RandomBrightness):
        def transform_labels(self, labels, transformation, training=True):
            return labels + 1

        def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
            return segmentation_masks * 0 + (2 if training and transformation is not None else 3)

    result = Marked(0.1)(data(), training=True)
    np.testing.assert_array_equal(np.asarray(result["labels"]), data()["labels"] + 1)
    assert (np.asarray(result["segmentation_masks"]) == 2).all()
    assert (np.asarray(Marked(0.1)(data(), training=False)["segmentation_masks"]) == 3).all()


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.RandomBrightness(2.0), "RandomBrightness: factor must be a number or a pair (low, high) from -1.0 to 1.0"),
        (lambda: layers.RandomBrightness(0.2, value_range=(1, 0)), "value_range must be a pair (low, high); (1, 0) came"),
        (lambda: layers.RandomRotation(0.1, fill_mode="x"), "fill_mode must be one of constant, reflect, wrap, nearest; 'x' came"),
        (lambda: layers.RandomFlip("x"), "mode must be 'horizontal', 'vertical' or"),
        (lambda: layers.Resizing(0, 3), "height must be a positive integer; 0 came"),
        (lambda: layers.RandomCrop(3, 3)(np.ones((2, 3))), "images have 3 or 4 axes; shape (2, 3) came"),
        (lambda: layers.RandomFlip()({"labels": np.ones(2)}), "a dict of data has the key 'images'"),
        (lambda: layers.RandomFlip()(data(bounding_boxes=BOXES)), "data with bounding_boxes needs bounding_box_format="),
        (lambda: layers.AutoContrast()(data(bounding_boxes=BOXES)), "data with bounding_boxes needs bounding_box_format="),
        (lambda: layers.RandomShear(-0.1), "x_factor must be a number or a pair (low, high) from 0.0 to 1.0; -0.1 came"),
        (lambda: layers.RandomZoom(1.5), "height_factor must be a number or a pair (low, high) from -1.0 to 1.0; 1.5 came"),
        (lambda: layers.RandomZoom((0, 3)), "height_factor must be a number or a pair (low, high) from -1.0 to 1.0; (0, 3) came"),
        (lambda: layers.RandomGaussianBlur(sigma=2.0), "sigma must be a number or a pair (low, high) from 0.0 to 1.0; 2.0 came"),
        (lambda: layers.RandomPerspective(scale=2.0), "scale must be a number from 0 to 1; 2.0 came"),
    ],
)  # fmt: skip
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)


def test_grayscale_leaves_what_is_not_pixels_and_refuses_unknown_arguments():
    layer, labels = layers.RandomGrayscale(), np.ones(2)
    assert layer.transform_labels(labels, transformation=None, training=True) is labels
    for method in (layer.transform_labels, layer.transform_bounding_boxes, layer.transform_segmentation_masks):
        with pytest.raises(TypeError, match="has no argument 'trainin'. Did you mean 'training'?"):
            method(labels, trainin=True)
