"""CIFAR-10: 50,000 and 10,000 small colour pictures of ten kinds of things.

Source: A. Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".

The examples are not run by the tests: they download.
"""

import pathlib
from typing import Any

from kerata.datasets.cifar import read_batches
from kerata.datasets.files import fetched


def load_data() -> Any:
    """The pictures as `(x_train, y_train), (x_test, y_test)`.

    Shapes: x (samples, 32, 32, 3) in uint8, 0 to 255; y (samples, 1) in uint8: airplane, automobile, bird, cat, deer, dog,
    frog, horse, ship, truck.

    >>> from kerata.datasets import cifar10
    >>> (x_train, y_train), (x_test, y_test) = cifar10.load_data()  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((50000, 32, 32, 3), (10000, 32, 32, 3))
    """
    folder = pathlib.Path(fetched("cifar-10-batches-py-target", extract=True)) / "cifar-10-batches-py"
    x_train, y_train = read_batches(folder, [f"data_batch_{i}" for i in range(1, 6)], "labels")
    x_test, y_test = read_batches(folder, ["test_batch"], "labels")
    return (x_train, y_train.astype("uint8")), (x_test, y_test.astype("uint8"))
