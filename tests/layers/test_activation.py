"""Activation layers: masks and bad arguments."""

import numpy as np
import pytest

from kerata import layers


def test_softmax_leaves_out_what_is_masked(engine):
    x = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], "float32")
    y = engine.to_numpy(layers.Softmax()(x, mask=np.array([[True, True, False], [False, False, False]])))
    np.testing.assert_allclose(y[0], [*(np.exp([1, 2]) / np.exp([1, 2]).sum()), 0], rtol=1e-5)
    np.testing.assert_array_equal(y[1], 0)


def test_softmax_over_axes_sums_to_one(engine):
    y = engine.to_numpy(layers.Softmax(axis=(1, 2))(np.full((2, 3, 4), 500.0, "float32")))
    np.testing.assert_allclose(y, 1 / 12, rtol=1e-5)


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.ReLU(max_value=-1.0), "ReLU: max_value must be a number, not negative; -1.0 came."),
        (lambda: layers.ReLU(negative_slope=None), "ReLU: negative_slope must be a number, not negative; None came."),
        (lambda: layers.LeakyReLU(None), "LeakyReLU: negative_slope must be a number, not negative; None came."),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text


def test_prelu_without_a_length():
    with pytest.raises(ValueError, match="a dimension is unknown"):
        layers.PReLU().build((None, None, 3))
    assert layers.PReLU(shared_axes=1)(np.ones((2, 5, 3), "float32")).shape == (2, 5, 3)
