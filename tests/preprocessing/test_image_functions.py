"""Functions that change single images, against SciPy, Pillow and what Keras 1.2.2 gives."""

import importlib
import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import kerata as k
from kerata.compat import translate
from kerata.preprocessing import image
from tests.oracle import keras as oracle

SMALL = np.arange(20.0).reshape(4, 5, 1)
X = np.random.default_rng(0).uniform(0, 255, (7, 5, 3))


@pytest.fixture
def told(monkeypatch):
    """Old names are told of, whether or not they were told of before."""
    monkeypatch.setattr(translate, "_told", set())


def test_a_matrix_moves_pixels_as_in_keras_1():
    matrix = image.transform_matrix_offset_center([[0.8, 0.1, 1], [0, 1.2, 0.5], [0, 0, 1]], 4, 5)
    np.testing.assert_allclose(matrix, [[0.8, 0.1, 1.2], [0, 1.2, -0.1], [0, 0, 1]])
    expected = [[5, 6, 7, 14, 14], [10, 11, 12, 14, 14], [15, 16, 17, 19, 19], [15, 16, 17, 19, 19]]
    np.testing.assert_array_equal(image.apply_transform(SMALL, matrix, 2)[..., 0], expected)
    np.testing.assert_array_equal(image.apply_transform(np.moveaxis(SMALL, -1, 0), matrix)[0], expected)


def test_random_zoom_is_that_of_keras_1():
    np.random.seed(1)
    zoomed = image.random_zoom(SMALL, (0.5, 0.9), 0, 1, 2, interpolation_order=0)[..., 0]
    assert zoomed.tolist() == [[6, 6, 7, 8, 9], [6, 6, 7, 8, 9], [11, 11, 12, 13, 14], [16, 16, 17, 18, 19]]
    assert image.random_zoom(SMALL, (1, 1), 0, 1, 2) is SMALL
    with pytest.raises(ValueError, match="zoom_range is a pair"):
        image.random_zoom(SMALL, 0.5)


@pytest.mark.parametrize("mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (1, 0, 2), (2, 0, 1)])
def test_affine_transforms_are_scipys_whatever_the_axes(mode, order, axes):
    angle = np.deg2rad(20)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([0.8, 1.3])
    centre = np.array([7 / 2 + 0.5, 5 / 2 + 0.5])
    offset = centre - linear @ centre
    settings = {"order": order, "mode": mode, "cval": 7.0}
    expected = np.stack([ndimage.affine_transform(X[..., c], linear, offset, **settings) for c in range(3)], -1)
    found = image.apply_affine_transform(
        np.moveaxis(X, (0, 1, 2), axes), 20, zx=0.8, zy=1.3, row_axis=axes[0], col_axis=axes[1], channel_axis=axes[2],
        fill_mode=mode, cval=7.0, order=order,
    )  # fmt: skip
    np.testing.assert_allclose(np.moveaxis(found, axes, (0, 1, 2)), expected)


def test_turned_by_nothing_an_image_stays():
    assert image.apply_affine_transform(X) is X
    with pytest.raises(ValueError, match=r"One image has 3 axes; shape \(2, 2\) came"):
        image.apply_affine_transform(np.ones((2, 2)), 30, row_axis=0, col_axis=1)


def test_flips_and_channels():
    np.testing.assert_array_equal(image.flip_axis(X, 1), X[:, ::-1])
    shifted = image.apply_channel_shift(X, 50, 2)
    np.testing.assert_array_equal(shifted, np.clip(X + 50, X.min(), X.max()))
    np.random.seed(3)
    drawn = np.random.uniform(-9, 9)
    np.random.seed(3)
    np.testing.assert_array_equal(image.random_channel_shift(X, 9, 2), np.clip(X + drawn, X.min(), X.max()))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_brightness_is_pillows(channels):
    x = np.random.default_rng(1).integers(0, 255, (4, 3, channels)).astype("float32")
    half = image.apply_brightness_shift(x, 0.5, scale=False)
    colors = slice(3) if channels == 4 else slice(None)
    np.testing.assert_allclose(half[..., colors], x[..., colors] / 2, atol=1)
    np.testing.assert_array_equal(half[..., 3:], x[..., 3:])
    with pytest.raises(ValueError, match="brightness_range is a pair"):
        image.random_brightness(x, 0.5)


def test_changes_are_drawn_from_the_numpy_generator():
    for name, arguments in {"rotation": [30], "shear": [20], "shift": [0.5, 0.4], "zoom": [(0.5, 0.8)]}.items():
        results = []
        for seed in (0, 0, 1):
            np.random.seed(seed)
            results.append(getattr(image, f"random_{name}")(X, *arguments, 0, 1, 2, "constant", 3.0, 1))
        np.testing.assert_array_equal(results[0], results[1])
        assert (results[0] != results[2]).any() and results[0].shape == X.shape


def test_old_arguments_of_images_and_arrays(told):
    first = np.moveaxis(X, -1, 0)
    with pytest.warns(DeprecationWarning, match="array_to_img.dim_ordering=. is now array_to_img.data_format="):
        img = image.array_to_img(first, dim_ordering="th")
    assert img.size == (5, 7)
    np.testing.assert_array_equal(np.asarray(image.array_to_img(first, "th")), np.asarray(img))
    assert image.img_to_array(img, "th").shape == (3, 7, 5) and image.img_to_array(img, "tf").shape == (7, 5, 3)
    np.testing.assert_array_equal(image.img_to_array(img), k.utils.img_to_array(img))
    with pytest.raises(ValueError, match="data_format must be"):
        image.array_to_img(first, "fh")


@pytest.mark.filterwarnings("ignore:.*is now load_img:DeprecationWarning")
def test_files_are_read_with_the_arguments_of_each_release(tmp_path):
    path = tmp_path / "x.png"
    image.save_img(path, X)
    with Image.open(path) as img:
        gray, color = (np.asarray(img.convert(mode)) for mode in ("L", "RGB"))
    for arguments, named, expected in [
        ((), {}, color),
        ((), {"grayscale": True}, gray),
        ((), {"grayscale": True, "color_mode": "rgb"}, gray),
        ((), {"grayscale": False, "color_mode": "grayscale"}, gray),
        ((True,), {}, gray),
        ((False, "grayscale"), {}, gray),
        ((False, "rgb", (7, 5), "nearest"), {}, color),
        ((True, (7, 5)), {}, gray),
        ((False, None), {}, color),
        (("grayscale", (7, 5)), {}, gray),
    ]:
        np.testing.assert_array_equal(np.asarray(image.load_img(path, *arguments, **named)), expected)
    assert image.load_img(path, True, (3, 2)).size == (2, 3)
    assert image.load_img(path, target_size=(3, 2), interpolation="bilinear").size == (2, 3)


def test_grayscale_is_told_of(told):
    buffer = io.BytesIO()
    image.save_img(buffer, X, file_format="png")
    with pytest.warns(DeprecationWarning, match="color_mode"):
        assert image.load_img(buffer, grayscale=True).mode == "L"


def test_pictures_are_listed(tmp_path):
    (tmp_path / "below").mkdir()
    for name in ("b.png", "a.JPG", "c.txt", "below/d.bmp", "below/e.gif"):
        (tmp_path / name).touch()
    found = [path.removeprefix(f"{tmp_path}/") for path in image.list_pictures(tmp_path)]
    assert found == ["a.JPG", "b.png", "below/d.bmp"]
    assert len(image.list_pictures(tmp_path, "gif|txt")) == len(image.list_pictures(tmp_path, ("gif", "txt"))) == 2


def test_the_names_of_keras_3_are_there():
    names = [n for n in dir(oracle().preprocessing.image) if not n.startswith("_")]
    assert set(names) <= set(dir(image))
    for name in dir(image):
        assert callable(getattr(image, name))


@pytest.mark.parametrize("missing, call", [("scipy", "apply_affine_transform(x, 30)"), ("PIL", "apply_brightness_shift(x, 2)")])
def test_missing_libraries_are_named(missing, call):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import numpy as np\n"
        "from kerata.preprocessing import image\n"
        "x = np.ones((3, 3, 3))\n"
        "image.ImageDataGenerator(horizontal_flip=True).random_transform(x)\n"
        f"try: image.{call}\n"
        "except ImportError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"pip install {'scipy' if missing == 'scipy' else 'pillow'}" in said


def test_nothing_heavy_is_imported_for_the_names():
    code = "import sys, kerata.preprocessing.image, kerata.preprocessing as p; dir(p.image); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"scipy", "PIL", "jax", "tensorflow", "torch"} & {name.split(".")[0] for name in loaded}
    assert importlib.import_module("kerata.preprocessing.text").__all__
