"""Pooling: masks, integers, empty windows, adaptive windows."""

import numpy as np
import pytest

from kerata import layers
from kerata.core import masks


def test_padding_never_wins(engine):
    x = np.full((1, 3, 1), -5.0, "float32")
    assert engine.to_numpy(layers.MaxPooling1D(2, padding="same")(x)).max() == -5
    assert engine.to_numpy(layers.MinPooling1D(2, padding="same")(-x)).min() == 5
    assert (engine.to_numpy(layers.AveragePooling1D(2, padding="same")(x)) == -5).all()


def test_integers(engine):
    x = np.arange(6, dtype="int32").reshape(1, 6, 1)
    np.testing.assert_array_equal(engine.to_numpy(layers.MaxPooling1D(3)(x))[0, :, 0], [2, 5])


@pytest.mark.parametrize("length, size", [(7, 3), (7, 7), (3, 7), (10, 4), (5, 1)])
def test_adaptive_windows(length, size, engine):
    x = np.random.default_rng(0).standard_normal((1, length, 1)).astype("float32")
    windows = [x[0, i * length // size : -(-(i + 1) * length // size), 0] for i in range(size)]
    mean, largest = layers.AdaptiveAveragePooling1D(size)(x), layers.AdaptiveMaxPooling1D(size)(x)
    np.testing.assert_allclose(engine.to_numpy(mean)[0, :, 0], [w.mean() for w in windows], rtol=1e-5)
    np.testing.assert_allclose(engine.to_numpy(largest)[0, :, 0], [w.max() for w in windows])


def test_global_average_ends_the_mask():
    x = np.array([[[1.0], [2.0], [9.0]]], "float32")
    y = layers.GlobalAveragePooling1D()(layers.Masking(9.0)(x))
    assert y.tolist() == [[1.5]]
    assert masks.get_mask(y) is None


@pytest.mark.parametrize(
    "make, text",
    [
        (
            lambda: layers.MaxPooling1D(9, name="pool")(np.ones((1, 4, 2), "float32")),
            "Negative dimension size caused by subtracting 9 from 4: pooling with a window of 9 does not fit spatial axis 0, "
            "of length 4. Use a smaller window, padding='same', or larger inputs.\n"
            'In layer "pool" (MaxPooling1D), input shape (1, 4, 2).',
        ),
        (lambda: layers.MaxPooling2D(padding="causal"), "MaxPooling2D: padding must be 'valid' or 'same'; 'causal' came."),
        (
            lambda: layers.MaxPooling2D((2, 2, 2)),
            "MaxPooling2D: pool_size must be a positive integer or 2 of them; (2, 2, 2) came.",
        ),
        (lambda: layers.MaxPooling1D(2, strides=0), "MaxPooling1D: strides must be a positive integer; 0 came."),
        (
            lambda: layers.GlobalMaxPooling2D(name="top")(np.ones((2, 3), "float32")),
            'Layer "top" (GlobalMaxPooling2D): input has shape (2, 3); 4 axes are expected, (batch, height, width, channels).',
        ),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_truth_values(padding, engine):
    x = np.random.default_rng(0).random((2, 5, 6, 3)) < 0.3
    for kind in (layers.MaxPooling2D, layers.MinPooling2D):
        pool = kind(3, strides=2, padding=padding)
        found = engine.to_numpy(pool(x))
        assert found.dtype == bool
        np.testing.assert_array_equal(found, engine.to_numpy(pool(x.astype("float32"))) > 0)


def test_the_mode_is_an_attribute():
    kinds = layers.MaxPooling1D, layers.MinPooling2D, layers.AveragePooling3D
    assert [kind(2).pool_mode for kind in kinds] == ["max", "min", "average"]
