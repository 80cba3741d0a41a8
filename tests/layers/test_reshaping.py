"""Reshaping, borders, up-sampling: edge cases and bad arguments."""

import numpy as np
import pytest

from kerata import layers
from kerata.core.graph import KerasTensor


@pytest.mark.parametrize(
    "target, shape, expected",
    [
        ((-1, 2), (None, 6), (None, 3, 2)),
        ((-1, 2), (None, None, 4), (None, None, 2)),
        ((2, -1), (3, 4), (3, 2, 2)),
        ((), (None, 1), (None,)),
        (6, (None, 2, 3), (None, 6)),
    ],
)
def test_reshape_shapes(target, shape, expected):
    assert layers.Reshape(target)(KerasTensor(shape)).shape == expected


def test_unknown_lengths():
    assert layers.Flatten()(KerasTensor((None, None, 4))).shape == (None, None)
    assert layers.Cropping1D(2)(KerasTensor((None, None, 4))).shape == (None, None, 4)
    assert layers.UpSampling1D(2)(KerasTensor((None, None, 4))).shape == (None, None, 4)
    assert layers.UpSampling2D(2, interpolation="bilinear")(KerasTensor((None, None, 8, 4))).shape == (None, None, 16, 4)


def test_an_empty_batch(engine):
    x = np.zeros((0, 2, 3), "float32")
    assert layers.Flatten()(x).shape == (0, 6)
    assert layers.Reshape((-1, 2))(x).shape == (0, 3, 2)


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.Reshape((-1, -1)), "Reshape: target_shape has one -1 at most; (-1, -1) came."),
        (
            lambda: layers.Reshape((4,), name="r")(np.ones((2, 6), "float32")),
            'A tensor of shape (6,) can\'t be reshaped to (4,): the sizes differ.\nIn layer "r" (Reshape), input shape (2, 6).',
        ),
        (lambda: layers.Permute((1, 3)), "Permute: dims must be the numbers from 1 to 2 in some order; (1, 3) came."),
        (lambda: layers.RepeatVector(0), "RepeatVector: n must be a positive integer; 0 came."),
        (
            lambda: layers.ZeroPadding2D((1, 2, 3)),
            "ZeroPadding2D: padding must be a non-negative integer, 2 of them, or 2 pairs (before, after); (1, 2, 3) came.",
        ),
        (
            lambda: layers.ZeroPadding1D((1, -2)),
            "ZeroPadding1D: padding must be a non-negative integer, or a pair (before, after); (1, -2) came.",
        ),
        (
            lambda: layers.Cropping1D(2, name="c")(np.ones((1, 4, 3), "float32")),
            "Cropping1D: cropping 2 + 2 leaves nothing of axis 1, of length 4.\n"
            'In layer "c" (Cropping1D), input shape (1, 4, 3).',
        ),
        (
            lambda: layers.UpSampling2D(interpolation="area"),
            "UpSampling2D: interpolation must be one of nearest, bilinear, bicubic, lanczos3, lanczos5; 'area' came.",
        ),
        (lambda: layers.UpSampling3D((2, 2)), "UpSampling3D: size must be a positive integer or 3 of them; (2, 2) came."),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text


def test_rescaling_from_a_config_with_arrays():
    layer = layers.Rescaling(np.array([1.0, 2.0]), offset=1.0, name="r")
    again = layers.Rescaling.from_config(layer.get_config(), custom_objects={"unused": int})
    np.testing.assert_array_equal(np.asarray(again(np.ones((1, 2)))), [[2.0, 3.0]])
    assert again.name == "r" and again.get_config() == layer.get_config()
