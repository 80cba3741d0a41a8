"""Boston housing: 506 districts and the prices of their houses.

One column was built on the assumption that the races prefer to live apart. Keep to `california_housing` unless that is what
you study.

Source: D. Harrison, D. Rubinfeld 1978, doi:10.1016/0095-0696(78)90006-2.

The examples are not run by the tests: they download.
"""

from typing import Any

from kerata.core.types import Path, Seed
from kerata.datasets.files import fetched, read_npz, split_shuffled


def load_data(path: Path = "boston_housing.npz", test_split: float = 0.2, seed: Seed = 113) -> Any:
    """The districts as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: the file's name in `~/.keras/datasets`.
        test_split: the fraction in the second pair.
        seed: of the shuffling.

    Shapes: x (districts, 13); y (districts,): the median price in thousands of dollars.

    >>> from kerata.datasets import boston_housing
    >>> (x_train, y_train), (x_test, y_test) = boston_housing.load_data()  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((404, 13), (102, 13))
    """
    data = read_npz(fetched("boston_housing.npz", path))
    return split_shuffled(data["x"], data["y"], test_split, seed)
