"""Fashion-MNIST: 60,000 and 10,000 pictures of clothes.

Source: H. Xiao, K. Rasul, R. Vollgraf 2017, arXiv:1708.07747, under the MIT licence.

The examples are not run by the tests: they download.
"""

from typing import Any

from kerata.datasets.files import fetched, read_idx


def load_data() -> Any:
    """The pictures as `(x_train, y_train), (x_test, y_test)`.

    Shapes: x (samples, 28, 28) in uint8, 0 to 255; y (samples,) in uint8: T-shirt, trouser, pullover, dress, coat, sandal,
    shirt, sneaker, bag, ankle boot.

    >>> from kerata.datasets import fashion_mnist
    >>> (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000, 28, 28))
    """
    parts = {
        (part, kind): read_idx(fetched(f"fashion-mnist/{part}-{kind}-ubyte.gz"))
        for part in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    }
    return tuple((parts[part, "images-idx3"], parts[part, "labels-idx1"]) for part in ("train", "t10k"))
