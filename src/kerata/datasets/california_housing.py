"""California housing: 20,640 districts and the prices of their houses.

Source: R. Pace, R. Barry 1997, doi:10.1016/S0167-7152(96)00140-X.

The examples are not run by the tests: they download.
"""

from typing import Any

from kerata.core.types import Path, Seed
from kerata.datasets.files import fetched, read_npz, split_shuffled


def load_data(version: str = "large", path: Path = "california_housing.npz", test_split: float = 0.2, seed: Seed = 113) -> Any:
    """The districts as `(x_train, y_train), (x_test, y_test)`.

    Args:
        version: "large" for all, "small" for the first 600.
        path: the file's name in `~/.keras/datasets`.
        test_split: the fraction in the second pair.
        seed: of the shuffling.

    Shapes: x (districts, 8): longitude, latitude, the houses' age, rooms, bedrooms, people, households, income; y
    (districts,): the median price in dollars.

    Raises: ValueError for another version.

    >>> from kerata.datasets import california_housing
    >>> (x_train, y_train), (x_test, y_test) = california_housing.load_data()  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((16512, 8), (4128, 8))
    """
    if version not in ("small", "large"):
        raise ValueError(f"version is 'small' or 'large'; {version!r} came.")
    data = read_npz(fetched("california_housing.npz", path))
    size = 600 if version == "small" else None
    return split_shuffled(data["x"][:size], data["y"][:size], test_split, seed)
