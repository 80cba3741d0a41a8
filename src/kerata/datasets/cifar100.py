"""CIFAR-100: 50,000 and 10,000 small colour pictures of a hundred kinds of things.

Source: A. Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".

The examples are not run by the tests: they download.
"""

import pathlib
from typing import Any

from kerata.datasets.cifar import read_batches
from kerata.datasets.files import fetched


def load_data(label_mode: str = "fine") -> Any:
    """The pictures as `(x_train, y_train), (x_test, y_test)`.

    Args:
        label_mode: "fine" for 100 classes, "coarse" for 20.

    Shapes: x (samples, 32, 32, 3) in uint8, 0 to 255; y (samples, 1) in int64.

    Raises: ValueError for another label mode.

    >>> from kerata.datasets import cifar100
    >>> (x_train, y_train), (x_test, y_test) = cifar100.load_data()  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((50000, 32, 32, 3), (10000, 32, 32, 3))
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"label_mode is 'fine' or 'coarse'; {label_mode!r} came.")
    folder = pathlib.Path(fetched("cifar-100-python-target", extract=True)) / "cifar-100-python"
    return tuple(read_batches(folder, [name], f"{label_mode}_labels") for name in ("train", "test"))
