"""The ops of `ops.image` against the oracle and SciPy, and what they say of bad input."""

import colorsys

import numpy as np
import pytest
import scipy.ndimage
from tests.ops import image_calls
from tests.ops.image_calls import CORNERS, IMAGES, MODES, PLACES, TRANSFORMS
from tests.oracle import keras as oracle

from kerata import ops
from kerata.core.graph import KerasTensor

# On JAX the oracle (3.15.1) blurs along the channels in place of the height: `gaussian_blur` is tested against SciPy.
COMPARED = [c for c in image_calls.CALLS if c.op != "image.gaussian_blur"]


@pytest.mark.parametrize("call", COMPARED, ids=lambda c: c.name)
def test_as_in_the_oracle(call):
    name = call.op.removeprefix("image.")
    args = [np.asarray(a, "float32") if isinstance(a, list) else a for a in call.args]
    if name in ("affine_transform", "perspective_transform"):  # the oracle takes one transform for each image
        inner = 1 if name == "affine_transform" else 2
        args[1:] = [np.broadcast_to(a, (2, *a.shape[a.ndim - inner :])) for a in args[1:]]
    expected = np.asarray(getattr(oracle().ops.image, name)(*args, **call.kwargs))
    found = np.asarray(getattr(ops.image, name)(*call.args, **call.kwargs))
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", [0, 1])
def test_coordinates_as_in_scipy(engine, mode, order):
    image = IMAGES[0, :, :, 0]
    found = engine.to_numpy(ops.image.map_coordinates(image, PLACES, order, mode, 0.5))
    in_scipy = {"wrap": "grid-wrap", "constant": "grid-constant"}.get(mode, mode)
    expected = scipy.ndimage.map_coordinates(image, PLACES, order=order, mode=in_scipy, cval=0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_blur_as_in_scipy(engine):
    rows = np.exp(-(np.array([-0.5, 0.5]) ** 2) / (2 * 0.7**2))
    columns = np.exp(-(np.array([-1.0, 0.0, 1.0]) ** 2) / (2 * 1.5**2))
    found = engine.to_numpy(ops.image.gaussian_blur(IMAGES, (2, 3), (0.7, 1.5)))
    x = scipy.ndimage.correlate1d(IMAGES, rows / rows.sum(), 1, mode="constant", origin=-1)
    expected = scipy.ndimage.correlate1d(x, columns / columns.sum(), 2, mode="constant")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    whole = ops.image.gaussian_blur((255 * IMAGES).astype("uint8"))
    assert ops.dtype(whole) == "uint8"
    blurred = engine.to_numpy(ops.image.gaussian_blur((255 * IMAGES).astype("uint8").astype("float32")))
    assert np.abs(engine.to_numpy(whole) - blurred).max() <= 0.5001


def test_a_projective_transform_divides(engine):
    transform = [1.0, 0, 0, 0, 1, 0, 0.2, 0.1]
    y, x = np.meshgrid(np.arange(4), np.arange(5), indexing="ij")
    depth = 0.2 * x + 0.1 * y + 1
    expected = scipy.ndimage.map_coordinates(IMAGES[0, :, :, 0], [y / depth, x / depth], order=1)
    found = engine.to_numpy(ops.image.affine_transform(IMAGES[0], transform))
    np.testing.assert_allclose(found[..., 0], expected, rtol=1e-5, atol=1e-6)


def test_four_points_come_to_four_others(engine):
    """Each corner's colour is found where the corner went."""
    start = np.array([[1, 1], [1, 5], [6, 1], [6, 5]], "float32")
    end = np.array([[2, 1], [0, 6], [5, 2], [7, 4]], "float32")
    image = np.zeros((7, 8, 1), "float32")
    for i, (x, y) in enumerate(start.astype(int)):
        image[y, x] = i + 1
    found = engine.to_numpy(ops.image.perspective_transform(image, start, end))
    assert [found[y, x, 0].round(4) for x, y in end.astype(int)] == [1, 2, 3, 4]


def test_colours_as_in_the_standard_library(engine):
    pixels = np.concatenate([IMAGES.reshape(-1, 3), np.eye(3), np.ones((1, 3)), np.zeros((1, 3))]).astype("float32")
    expected = np.array([colorsys.rgb_to_hsv(*map(float, p)) for p in pixels])
    hsv = engine.to_numpy(ops.image.rgb_to_hsv(pixels[None]))[0]
    np.testing.assert_allclose(hsv, expected, atol=1e-6)
    np.testing.assert_allclose(engine.to_numpy(ops.image.hsv_to_rgb(hsv[None]))[0], pixels, atol=1e-6)


def test_elastic_displacements(engine):
    """Smooth, as far as `alpha` says, other ones for each image, and the same for the same seed."""
    y, x = np.meshgrid(np.arange(64.0), np.arange(64.0), indexing="ij")
    places = np.stack([x, y], -1)[None].repeat(2, 0).astype("float32")
    bent = engine.to_numpy(ops.image.elastic_transform(places, alpha=3.0, sigma=2.0, fill_mode="nearest", seed=1))
    moved = (bent - places)[:, 12:-12, 12:-12]
    assert 0.7 < moved.std() / (3.0 * 0.28) < 1.3
    neighbours = np.corrcoef(moved[:, 1:, :, 0].ravel(), moved[:, :-1, :, 0].ravel())[0, 1]
    assert abs(neighbours - np.exp(-1 / (4 * 2.0**2))) < 0.04
    assert abs(np.corrcoef(moved[0].ravel(), moved[1].ravel())[0, 1]) < 0.4
    again = engine.to_numpy(ops.image.elastic_transform(places, alpha=3.0, sigma=2.0, fill_mode="nearest", seed=1))
    np.testing.assert_array_equal(bent, again)


def test_images_of_64_bits_among_places_of_32(engine):
    image, half = np.arange(12.0).reshape(3, 4), np.full((2, 1), 0.5, "float32")
    np.testing.assert_allclose(engine.to_numpy(ops.image.map_coordinates(image, half, 1)), [2.5])
    bent = engine.to_numpy(ops.image.elastic_transform(image[..., None], alpha=0.0, seed=1))
    np.testing.assert_allclose(bent[..., 0], image)


def test_images_of_any_size_in_a_model():
    x = KerasTensor((None, None, None, 3))
    assert ops.image.affine_transform(x, TRANSFORMS[0]).shape == (None, None, None, 3)
    assert ops.image.perspective_transform(x, CORNERS[0], CORNERS[0]).shape == (None, None, None, 3)
    assert ops.image.elastic_transform(x).shape == (None, None, None, 3)
    assert ops.image.rgb_to_grayscale(x).shape == (None, None, None, 1)
    assert ops.image.crop_images(x, None, 1, 2, 1, 5).shape == (None, 5, None, 3)
    assert ops.image.pad_images(x, 1, 1, None, 1, 8).shape == (None, 8, None, 3)
    assert ops.image.extract_patches(x, 2).shape == (None, None, None, 12)
    assert ops.image.ssim(x, x).shape == (None,)


@pytest.mark.parametrize(
    "name, args, text",
    [
        ("affine_transform", (IMAGES[0, 0], TRANSFORMS[0]), "affine_transform takes images of 3 axes"),
        ("affine_transform", (IMAGES, TRANSFORMS[0, :6]), r"transform must have the shape \(8,\), or \(2, 8\)"),
        (
            "affine_transform",
            (IMAGES, TRANSFORMS[0], "bicubic"),
            "interpolation must be one of 'nearest', 'bilinear'; 'bicubic'",
        ),
        ("affine_transform", (IMAGES, TRANSFORMS[0], "nearest", "edge"), "fill_mode must be one of 'constant'"),
        ("perspective_transform", (IMAGES, CORNERS[0, :3], CORNERS[0]), r"start_points must have the shape \(4, 2\)"),
        ("elastic_transform", (IMAGES, 1.0, 1.0, "cubic"), "elastic_transform: interpolation must be one of"),
        ("map_coordinates", (IMAGES[0, :, :, 0], PLACES, 2), "order must be one of 0, 1; 2 came"),
        ("map_coordinates", (IMAGES, PLACES, 1), r"need coordinates \(4, points, ...\); \(2, 3, 2\) came"),
        ("crop_images", (IMAGES, 1), "exactly two of top_cropping, bottom_cropping and target_height"),
        ("crop_images", (IMAGES, 3, 0, 3, 0), "target_height must not be negative; for an axis of length 4 it would be -2"),
        ("crop_images", (IMAGES, -1, 0, 1, 0), "top_cropping must not be negative"),
        ("crop_images", (IMAGES, 1, 1, None, 1, 9), "bottom_cropping must not be negative"),
        ("pad_images", (IMAGES, 1, 1, None, 1, 3), "bottom_padding must not be negative"),
        ("rgb_to_grayscale", (IMAGES[..., :2],), "rgb_to_grayscale takes images of three channels; 2 came"),
        ("rgb_to_hsv", (IMAGES.astype("uint8"),), "rgb_to_hsv takes floats from 0 to 1; images of dtype uint8 came"),
        ("gaussian_blur", (IMAGES, 3), "kernel_size must be two positive numbers"),
        ("sobel_edges", (IMAGES[0],), "sobel_edges takes images"),
        ("ssim", (IMAGES, IMAGES), "a window of 11 pixels does not fit"),
        ("ssim", (IMAGES, IMAGES[:, :3]), "ssim compares images of one shape"),
        ("extract_patches", (IMAGES, (2, 2, 2, 2)), "a size of 2 or 3 lengths"),
        ("extract_patches", (IMAGES, 2, None, 1, "full"), "padding 'same' or 'valid'"),
        ("scale_and_translate", (IMAGES, (2, 3, 3, 3), [1.0], [0.0], (1,), "nearest"), "method must be one of linear"),
        ("scale_and_translate", (IMAGES, (3, 3), [1.0], [0.0], (1,), "linear"), "as many axes as the images, 4"),
    ],
)
def test_errors(name, args, text):
    with pytest.raises(ValueError, match=text):
        getattr(ops.image, name)(*args)


def test_shapes_that_are_not_known_yet():
    unknown = KerasTensor((None, 4, 4, None))
    assert ops.image.rgb_to_grayscale(unknown).shape == (None, 4, 4, 1)
    for convert in (ops.image.rgb_to_hsv, ops.image.hsv_to_rgb):
        assert convert(unknown).shape[:3] == (None, 4, 4)
    moved = ops.image.scale_and_translate(KerasTensor((None, 4, 4, 3)), (2, 5, 6, 3), [1.0, 1.0], [0.0, 0.0], (1, 2), "linear")
    assert moved.shape == (2, 5, 6, 3)


@pytest.mark.parametrize("size", [(0, 3), (3, -1)])
def test_sizes_that_are_not_positive(size):
    with pytest.raises(ValueError, match="positive height and width"):
        ops.image.resize(IMAGES, size)


def test_sizes_of_patches():
    with pytest.raises(TypeError, match="takes an integer or a tuple"):
        ops.image.extract_patches(IMAGES, "a")
    with pytest.raises(ValueError, match="positive lengths"):
        ops.image.extract_patches(IMAGES, 0)
    assert ops.image.extract_patches(IMAGES, np.int64(2), padding="VALID").shape == ops.image.extract_patches(IMAGES, 2).shape
