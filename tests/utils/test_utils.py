"""Helpers for data, against the oracle."""

import numpy as np
import pytest

from kerata import utils
from tests.oracle import keras as oracle


@pytest.mark.parametrize(("x", "classes"), [([0, 2, 1], None), ([[1], [0]], 3), ([[0, 1], [2, 2]], None)])
def test_to_categorical(x, classes):
    np.testing.assert_array_equal(utils.to_categorical(x, classes), oracle().utils.to_categorical(x, classes))


def test_to_categorical_checks_the_range():
    with pytest.raises(ValueError, match="don't fit 3 classes"):
        utils.to_categorical([0, 3], 3)


@pytest.mark.parametrize(
    "arguments", [{}, {"maxlen": 2}, {"maxlen": 4, "padding": "post"}, {"maxlen": 2, "truncating": "post", "value": 9}]
)
def test_pad_sequences(arguments):
    data = [[1, 2, 3], [4], [5, 6], []]
    np.testing.assert_array_equal(utils.pad_sequences(data, **arguments), oracle().utils.pad_sequences(data, **arguments))


def test_pad_sequences_refuses_numbers():
    with pytest.raises(ValueError, match="entry 1 is 3"):
        utils.pad_sequences([[1], 3])


def test_normalize():
    x = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_allclose(np.linalg.norm(utils.normalize(x, 0), axis=0), 1)
    np.testing.assert_allclose(np.linalg.norm(utils.normalize(x, 1, order=1), 1, axis=1), 1)
    assert utils.normalize(np.zeros(3)).tolist() == [[0.0] * 3] or utils.normalize(np.zeros(3)).tolist() == [0.0] * 3
