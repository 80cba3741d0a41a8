"""MNIST: 60,000 and 10,000 handwritten digits.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", under CC BY-SA 3.0.

The examples are not run by the tests: they download.
"""

from typing import Any

from kerata.core.types import Path
from kerata.datasets.files import fetched, read_npz


def load_data(path: Path = "mnist.npz") -> Any:
    """The digits as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: the file's name in `~/.keras/datasets`.

    Shapes: x (samples, 28, 28) in uint8, 0 to 255; y (samples,) in uint8, 0 to 9.

    >>> from kerata.datasets import mnist
    >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000, 28, 28))
    """
    data = read_npz(fetched("mnist.npz", path))
    return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])
