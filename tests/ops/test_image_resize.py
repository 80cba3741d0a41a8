"""Resizing equals the oracle's, for each interpolation, dtype, layout and way to keep the proportions."""

import numpy as np
import pytest

from kerata import ops
from kerata.core.graph import KerasTensor

X = np.random.default_rng(0).uniform(0, 255, (2, 5, 6, 3)).astype("float32")


def both(x, *args, engine, **kwargs):
    import keras

    mine = engine.to_numpy(ops.image.resize(x, *args, **kwargs))
    other = np.asarray(keras.ops.image.resize(x, *args, **kwargs))
    assert mine.shape == other.shape and mine.dtype == other.dtype
    return mine, other


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("size", [(3, 4), (7, 9)])
def test_interpolations(interpolation, antialias, size, engine):
    np.testing.assert_allclose(*both(X, size, interpolation, antialias, engine=engine), rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("size", [(2, 4), (4, 2), (8, 4), (7, 7)])
@pytest.mark.parametrize("keep", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_proportions(size, keep, engine):
    np.testing.assert_allclose(*both(X, size, **{keep: True, "fill_value": 7.0}, engine=engine), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integers(dtype, engine):
    mine, other = both(X.astype(dtype), (7, 9), "bicubic", engine=engine)
    assert np.abs(mine.astype(int) - other.astype(int)).max() <= 1


def test_layouts(engine):
    np.testing.assert_allclose(*both(X[0], (3, 4), data_format="channels_last", engine=engine), rtol=1e-4)
    np.testing.assert_allclose(*both(X.transpose(0, 3, 1, 2), (3, 4), data_format="channels_first", engine=engine), rtol=1e-4)


def test_symbolic():
    assert ops.image.resize(KerasTensor((None, None, None, 3)), (4, 5)).shape == (None, 4, 5, 3)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"interpolation": "area"}, "resize: interpolation must be one of nearest, bilinear, bicubic, lanczos3, lanczos5"),
        ({"size": (3,)}, "resize takes images of 3 or 4 axes and a size"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "resize can crop to the aspect ratio or pad to it"),
        ({"fill_mode": "reflect"}, "resize: fill_mode must be 'constant'; 'reflect' came."),
    ],
)
def test_errors(arguments, text):
    with pytest.raises(ValueError, match=text):
        ops.image.resize(X, **({"size": (3, 4)} | arguments))
