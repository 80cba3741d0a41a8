"""Images as arrays, Pillow's objects and files, against the oracle."""

import io

import numpy as np
import pytest
from PIL import Image

import kerata as k
from kerata.utils import images, resizing
from tests.oracle import keras as oracle

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("scale", [True, False])
def test_arrays_become_images_and_back(channels, data_format, scale):
    x = RNG.uniform(0, 255, (5, 4, channels) if data_format == "channels_last" else (channels, 5, 4)).astype("float32")
    mine, theirs = (f(x, data_format, scale) for f in (images.array_to_img, oracle().utils.array_to_img))
    assert mine.mode == theirs.mode and mine.size == (4, 5)
    np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs))
    back = images.img_to_array(mine, data_format)
    np.testing.assert_array_equal(back, oracle().utils.img_to_array(theirs, data_format))
    assert back.shape == x.shape and back.dtype == "float32"
    assert images.img_to_array(mine, dtype="uint8").dtype == "uint8"


def test_wide_gray_values_stay():
    x = RNG.uniform(0, 60000, (3, 2, 1))
    mine, theirs = (f(x, scale=False) for f in (images.array_to_img, oracle().utils.array_to_img))
    assert mine.mode == theirs.mode == "I"
    np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs))
    assert np.asarray(images.array_to_img(np.full((2, 2, 1), 7.0))).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16"])
@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
def test_files_are_read_as_keras_reads_them(tmp_path, mode, color_mode):
    path = tmp_path / "x.png"
    if mode == "I;16":
        Image.fromarray(RNG.integers(0, 60000, (5, 7)).astype("uint16")).save(path)
    else:
        Image.fromarray(RNG.integers(0, 255, (5, 7, 3)).astype("uint8")).convert(mode).save(path)
    mine, theirs = images.load_img(path, color_mode), oracle().utils.load_img(path, color_mode)
    assert mine.mode == theirs.mode
    np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("size", [(3, 9), (10, 4), (6, 6)])
def test_files_are_resized_as_keras_does(tmp_path, interpolation, keep, size):
    path = tmp_path / "x.png"
    Image.fromarray(RNG.integers(0, 255, (8, 13, 3)).astype("uint8")).save(path)
    arguments = {"target_size": size, "interpolation": interpolation, "keep_aspect_ratio": keep}
    mine, theirs = images.load_img(str(path), **arguments), oracle().utils.load_img(path, **arguments)
    assert mine.size == size[::-1]
    np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs))


@pytest.mark.parametrize("ending, channels", [("png", 4), ("png", 1), ("bmp", 3)])
def test_saved_images_come_back(tmp_path, ending, channels):
    x = RNG.integers(0, 255, (4, 5, channels)).astype("uint8")
    images.save_img(tmp_path / f"x.{ending}", x, scale=False)
    mode = {1: "grayscale", 3: "rgb", 4: "rgba"}[channels]
    np.testing.assert_array_equal(images.img_to_array(images.load_img(tmp_path / f"x.{ending}", mode)), x)
    buffer = io.BytesIO()
    images.save_img(buffer, x, file_format=ending, scale=False)
    buffer.seek(0)
    np.testing.assert_array_equal(images.img_to_array(images.load_img(buffer, mode)), x)


def test_jpeg_drops_transparency_with_a_warning(tmp_path):
    with pytest.warns(UserWarning, match="no transparency"):
        images.save_img(tmp_path / "x.jpg", RNG.uniform(size=(4, 5, 4)))
    assert images.load_img(tmp_path / "x.jpg").mode == "RGB"


@pytest.mark.parametrize("size", [(4, 4), (14, 9), (3, 9), (9, 3)])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"])
def test_smart_resize(engine, size, interpolation):
    x = RNG.uniform(0, 255, (2, 7, 11, 3)).astype("float32")
    result = images.smart_resize(x, size, interpolation)
    assert isinstance(result, np.ndarray) and result.shape == (2, *size, 3)
    expected = oracle().preprocessing.image.smart_resize(x, size, interpolation)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-2)
    tensor = images.smart_resize(k.ops.convert_to_tensor(x[0]), size, interpolation)
    assert engine.is_array(tensor)
    np.testing.assert_allclose(k.ops.convert_to_numpy(tensor), result[0], rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("size", [(4, 4), (14, 9), (3, 5)])
@pytest.mark.parametrize("interpolation", ["area", "gaussian", "mitchellcubic"])
def test_resizing_by_what_only_tensorflow_has(size, interpolation):
    import tensorflow as tf

    x = RNG.uniform(0, 255, (7, 11, 3)).astype("float32")
    expected = tf.image.resize(x, size, interpolation).numpy()
    np.testing.assert_allclose(resizing.resized(x, size, interpolation), expected, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("size", [(6, 6), (4, 4), (7, 5), (5, 30), (20, 3)])
def test_padding_to_the_aspect_ratio(size):
    import tensorflow as tf

    x = RNG.uniform(0, 255, (5, 11, 3)).astype("float32")
    np.testing.assert_allclose(resizing.resized(x, size, pad=True), tf.image.resize_with_pad(x, *size), rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: images.array_to_img(np.zeros((2, 2))), ValueError, "shape \\(2, 2\\)"),
        (lambda: images.array_to_img(np.zeros((2, 2, 2))), ValueError, "2 came"),
        (lambda: images.array_to_img(np.zeros((2, 2, 3)), "channels_middle"), ValueError, "channels_middle"),
        (lambda: images.img_to_array(np.zeros(3)), ValueError, "shape \\(3,\\)"),
        (lambda: images.load_img("x.png", "cmyk"), ValueError, "'cmyk' came"),
        (lambda: images.load_img("x.png", interpolation="cubic"), ValueError, "'cubic' came"),
        (lambda: images.load_img(3), TypeError, "int came"),
        (lambda: images.load_img("no such file.png"), FileNotFoundError, "no such file"),
        (lambda: images.smart_resize(np.zeros((2, 2, 3)), 4), ValueError, "4 came"),
        (lambda: images.smart_resize(np.zeros((2, 2)), (4, 4)), ValueError, "shape \\(2, 2\\)"),
        (lambda: images.smart_resize(np.zeros((2, 2, 3)), (4, 4), antialias=True), TypeError, "antialias"),
    ],
)
def test_bad_input_raises(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_older_names():
    assert k.preprocessing.image.array_to_img(np.zeros((2, 3, 1))).size == (3, 2)
    assert k.preprocessing.sequence.pad_sequences is k.utils.pad_sequences


def test_without_pillow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        images.load_img("x.png")


def test_pillow_gets_further_arguments_and_misspelt_ones_are_refused(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (32, 32, 3))
    sizes = [images.save_img(tmp_path / "x.jpg", image, quality=q) or (tmp_path / "x.jpg").stat().st_size for q in (5, 95)]
    assert sizes[0] < sizes[1]
    with pytest.raises(TypeError, match="save_img has no argument 'scal'. Did you mean 'scale'?"):
        images.save_img(tmp_path / "x.jpg", image, scal=False)
