"""Reuters: 11,228 newswires of 46 topics.

Source: D. Lewis, "Reuters-21578 Text Categorization Collection", UCI Machine Learning Repository 1987.

The examples are not run by the tests: they download.
"""

import json
import pathlib
from typing import Any

import numpy as np

from kerata.core.types import Path, Seed
from kerata.datasets.files import fetched, read_npz
from kerata.datasets.word_sequences import selected

_LABELS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass crude "
    "nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi iron-steel rubber "
    "heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"
)


def load_data(
    path: Path = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: Seed = 113,
    start_char: int = 1,
    oov_char: int = 2,
    index_from: int = 3,
) -> Any:
    """The newswires as `(x_train, y_train), (x_test, y_test)`, each a list of words' numbers, frequent words first.

    Args:
        test_split: the fraction in the second pair.
        path, num_words, skip_top, maxlen, seed, start_char, oov_char, index_from: see `imdb.load_data`.

    Shapes: x (newswires,) of lists; y (newswires,) in int64, 0 to 45, named by `get_label_names`.

    Raises: ValueError if no newswire is shorter than `maxlen`, or `test_split` is out of range.

    >>> from kerata.datasets import reuters
    >>> (x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=10000)  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((8982,), (2246,))
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"test_split must be at least 0 and below 1; {test_split} came.")
    data = read_npz(fetched("reuters.npz", path))
    order = np.arange(len(data["x"]))
    np.random.RandomState(seed).shuffle(order)
    x, y = selected(data["x"][order], data["y"][order], num_words, skip_top, maxlen, start_char, oov_char, index_from)
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def get_word_index(path: Path = "reuters_word_index.json") -> Any:
    """A dict from word to its number, without `index_from`: the most frequent word has number 1.

    >>> from kerata.datasets import reuters
    >>> reuters.get_word_index()["the"]  # doctest: +SKIP
    1
    """
    return json.loads(pathlib.Path(fetched("reuters_word_index.json", path)).read_text("utf-8"))


def get_label_names() -> Any:
    """The topics' names, in the order of their numbers.

    >>> get_label_names()[:3]
    ('cocoa', 'grain', 'veg-oil')
    """
    return tuple(_LABELS.split())
