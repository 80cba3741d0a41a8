"""Handwritten digits that ship with kerata: 1,797 images of 8 x 8.

Source: the test part of "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning
Repository, 1998, https://doi.org/10.24432/C50P49, under CC BY 4.0; in the form that scikit-learn distributes.
"""

import importlib.resources
from typing import Any

import numpy as np

from kerata.core.types import Seed


def load_data(test_split: float = 0.2, seed: Seed = 113) -> Any:
    """The digits as `(x_train, y_train), (x_test, y_test)`.

    Args:
        test_split: the fraction of the images in the second pair.
        seed: of the shuffle before the split.

    Shapes: x (samples, 8, 8) in uint8, 0 to 16; y (samples,) in uint8, 0 to 9.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, y_test.shape
    ((1438, 8, 8), (359,))
    """
    with importlib.resources.files("kerata.datasets").joinpath("digits.npz").open("rb") as file:
        data = np.load(file, allow_pickle=False)
        x, y = data["x"], data["y"]
    order = np.random.Generator(np.random.Philox(seed)).permutation(len(x))
    x, y = x[order], y[order]
    cut = round(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
