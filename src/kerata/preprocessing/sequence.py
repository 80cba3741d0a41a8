"""`keras.preprocessing.sequence`: sequences as training data."""

import json
import math
import random
from typing import Any

import numpy as np

from kerata.core.types import TensorLike
from kerata.training.py_dataset import PyDataset
from kerata.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """With which probability to keep the word of each rank of frequency, for `skipgrams`.

    It is `min(1, sqrt(sampling_factor / f))` for a word of frequency f, which is taken from the word's rank by Zipf's law:
    `f = 1 / (rank * (log(rank) + 0.577) + 1/2 - 1 / (12 * rank))`.

    Args:
        size: how many words there are.
        sampling_factor: the frequency up to which all are kept.

    Shapes: -> (size,).

    >>> make_sampling_table(3).round(5).tolist()
    [0.00315, 0.00315, 0.00548]

    Source: Mikolov et al. 2013, arXiv:1310.4546.
    """
    rank = np.maximum(np.arange(size), 1)
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    part = sampling_factor * inverse
    return np.minimum(1.0, part / np.sqrt(part))


def skipgrams(
    sequence: Any,
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: TensorLike = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of words: those that stand near each other, labelled 1, and pairs of a word and a random one, labelled 0.

    Args:
        sequence: a text as a list of words' numbers; 0 stands for no word and is left out.
        vocabulary_size: one more than the highest number.
        window_size: up to how many words away another one is near.
        negative_samples: how many random pairs there are for each near one.
        shuffle: whether the pairs come in a random order.
        categorical: whether labels are [0, 1] and [1, 0] in place of 1 and 0.
        sampling_table: of shape (vocabulary_size,): the probability to take each word as the first of pairs, see
            `make_sampling_table`; all are taken if None.
        seed: of the shuffling; drawn if None. All draws are from Python's `random`.

    Returns: the pairs and their labels.

    >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])

    Source: Mikolov et al. 2013, arXiv:1301.3781.
    """
    couples = []
    for i, word in enumerate(sequence):
        if not word or sampling_table is not None and sampling_table[word] < random.random():
            continue
        near = range(max(0, i - window_size), min(len(sequence), i + window_size + 1))
        couples += [[word, sequence[j]] for j in near if j != i and sequence[j]]
    labels: list[Any] = [[0, 1] if categorical else 1 for _ in couples]
    if negative_samples > 0 and couples:
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        count = int(len(labels) * negative_samples)
        couples += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [[1, 0] if categorical else 0 for _ in range(count)]
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        for part in (couples, labels):
            random.seed(seed)
            random.shuffle(part)
    return couples, labels


def _remove_long_seq(maxlen, seq, label):
    """The sequences shorter than `maxlen` and their labels."""
    kept = [(s, y) for s, y in zip(seq, label) if len(s) < maxlen]
    return [s for s, _ in kept], [y for _, y in kept]


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target of the step after it.

    New programs use `kerata.utils.timeseries_dataset_from_array`, in which a window's target is that of its first step.

    Args:
        data: the series.
        targets: a target for each step.
        length: how many steps a window spans.
        sampling_rate: steps from one step of a window to its next.
        stride: steps from one window to the next.
        start_index, end_index: the part of the series that is used, its end included; to its last step if None.
        shuffle: whether each batch's windows are drawn at random, by `numpy.random`, with repetitions.
        reverse: whether a window's last step comes first.
        batch_size: windows in a batch.

    Shapes: data (time, ...), targets (time, ...) -> batches of (batch, length / sampling_rate, ...) and (batch, ...).

    Raises: ValueError for lengths that differ, or a part that is too short for a window.

    >>> windows = TimeseriesGenerator(list(range(6)), list(range(0, 60, 10)), length=3, batch_size=2)
    >>> [(x.tolist(), y.tolist()) for x, y in (windows[i] for i in range(len(windows)))]
    [([[0, 1, 2], [1, 2, 3]], [30, 40]), ([[2, 3, 4]], [50])]
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        if len(data) != len(targets):
            raise ValueError(f"data and targets have an entry for each step; {len(data)} and {len(targets)} came.")
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride = sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"A window of {length} steps and the step after it do not fit between start_index={start_index} and "
                f"end_index={self.end_index}."
            )

    def __len__(self) -> int:
        return math.ceil((self.end_index - self.start_index + 1) / (self.batch_size * self.stride))

    def __getitem__(self, index):
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            step = self.batch_size * self.stride
            first = self.start_index + step * index
            rows = np.arange(first, min(first + step, self.end_index + 1), self.stride)
        samples = np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        targets = np.array([self.targets[row] for row in rows])
        return (samples[:, ::-1, ...] if self.reverse else samples), targets

    def get_config(self) -> dict[str, Any]:
        """The settings, with the series and the targets as JSON.

        Raises: TypeError for a series that JSON can't hold.
        """
        series = {name: json.dumps(_plain(getattr(self, name), name)) for name in ("data", "targets")}
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size")
        return series | {name: getattr(self, name) for name in names}

    def to_json(self, **kwargs: Any) -> str:
        """The generator as JSON.

        Args:
            **kwargs: for `json.dumps`.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def _plain(values, name):
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    try:
        json.dumps(plain)
    except TypeError as error:
        raise TypeError(f"{name} is no array or list of numbers, so JSON can't hold it: {error}.") from None
    return plain
