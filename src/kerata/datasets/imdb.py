"""IMDB: 25,000 and 25,000 film reviews, good or bad.

Source: A. Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis", aclanthology.org/P11-1015.

The examples are not run by the tests: they download.
"""

import json
import pathlib
from typing import Any

import numpy as np

from kerata.core import suggestions
from kerata.core.types import Path, Seed
from kerata.datasets.files import fetched, read_npz
from kerata.datasets.word_sequences import selected


def load_data(
    path: Path = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: Seed = 113,
    start_char: int = 1,
    oov_char: int = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Any:
    """The reviews as `(x_train, y_train), (x_test, y_test)`, each a list of words' numbers, frequent words first.

    Args:
        path: the file's name in `~/.keras/datasets`.
        num_words: words with this number and above become `oov_char`.
        skip_top: words with numbers below become `oov_char`.
        maxlen: only reviews shorter than this are kept.
        seed: of the shuffling.
        start_char: the number before each review; None for none.
        oov_char: the number of words that are left out; None leaves their places out too.
        index_from: the first word's number, less one: 0 to 2 stand for padding, the beginning and words left out.

    Shapes: x (reviews,) of lists; y (reviews,): 1 for good, 0 for bad.

    Raises: ValueError if no review is shorter than `maxlen`, TypeError for an unknown argument.

    >>> from kerata.datasets import imdb
    >>> (x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=10000)  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((25000,), (25000,))
    """
    num_words = kwargs.pop("nb_words", num_words)
    suggestions.refuse(load_data, kwargs)
    data = read_npz(fetched("imdb.npz", path))
    generator = np.random.RandomState(seed)
    texts, labels, size = [], [], len(data["x_train"])
    for part in ("train", "test"):
        order = np.arange(len(data[f"x_{part}"]))
        generator.shuffle(order)
        texts += list(data[f"x_{part}"][order])
        labels.append(data[f"y_{part}"][order])
    in_train = np.arange(len(texts)) < size
    marked = np.stack([np.concatenate(labels), in_train], 1)
    x, marked = selected(texts, marked, num_words, skip_top, maxlen, start_char, oov_char, index_from)
    in_train = marked[:, 1].astype(bool)
    y = marked[:, 0]
    return (x[in_train], y[in_train]), (x[~in_train], y[~in_train])


def get_word_index(path: Path = "imdb_word_index.json") -> Any:
    """A dict from word to its number, without `index_from`: the most frequent word has number 1.

    >>> from kerata.datasets import imdb
    >>> imdb.get_word_index()["the"]  # doctest: +SKIP
    1
    """
    return json.loads(pathlib.Path(fetched("imdb_word_index.json", path)).read_text("utf-8"))
