"""Windows that slide over a series."""

import math
from typing import Any

import numpy as np

from kerata.core.types import Seed
from kerata.utils.dataset import Dataset, ShuffledOrder, native


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: Seed = None,
    start_index: Any = None,
    end_index: Any = None,
    format: str = "tf",
) -> Any:
    """A data set of the windows that slide over a series.

    Args:
        data: the series.
        targets: `targets[i]` belongs to the window that begins at step i; None for none.
        sequence_length: steps in a window.
        sequence_stride: steps from a window's beginning to the next one's.
        sampling_rate: steps from one step of a window to its next.
        batch_size: windows in a batch, None for single windows.
        shuffle: whether the windows come in a random order, another one in each pass.
        seed: of the shuffling.
        start_index, end_index: the part of the series that is used, its end excluded.
        format: "tf" gives a `tf.data.Dataset` on the TensorFlow engine, and kerata's own data set on the others; "grain"
            gives kerata's own on all.

    Shapes: data (time, ...) -> (batch, sequence_length, ...); targets (time, ...) -> (batch, ...).

    Raises: ValueError for numbers out of range, or a series that is too short for a window.

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     windows = timeseries_dataset_from_array([1, 2, 3, 4, 5, 6], [0, 10, 20, 30], 3, batch_size=2)
    >>> [(x.tolist(), y.tolist()) for x, y in windows]
    [([[1, 2, 3], [2, 3, 4]], [0, 10]), ([[3, 4, 5], [4, 5, 6]], [20, 30])]
    """
    data = np.asarray(data)
    targets = None if targets is None else np.asarray(targets)
    start, end = _checked(
        len(data), sequence_length, sequence_stride, sampling_rate, batch_size, start_index, end_index, format
    )
    last = end - (sequence_length - 1) * sampling_rate
    if targets is not None:
        last = min(last, len(targets))
    starts = np.arange(start, last, sequence_stride)
    if not len(starts):
        raise ValueError(
            f"A window spans {(sequence_length - 1) * sampling_rate + 1} steps; from {start} to {end} there are {end - start}."
        )
    steps = np.arange(sequence_length) * sampling_rate
    order = ShuffledOrder(len(starts), seed) if shuffle else None

    def fetch(i):
        rows = starts if order is None else starts[order.numbers]
        rows = rows[i] if batch_size is None else rows[i * batch_size : (i + 1) * batch_size]
        windows = data[rows[..., None] + steps]
        return windows if targets is None else (windows, targets[rows])

    length = len(starts) if batch_size is None else math.ceil(len(starts) / batch_size)
    dataset = Dataset(length, fetch, order.reshuffle if order else None)
    leading = () if batch_size is None else (None,)
    spec = ((*leading, sequence_length, *data.shape[1:]), data.dtype.name)
    if targets is not None:
        spec = (spec, ((*leading, *targets.shape[1:]), targets.dtype.name))
    return native(dataset, spec) if format == "tf" else dataset


def _checked(length, sequence_length, sequence_stride, sampling_rate, batch_size, start_index, end_index, format):
    """The first step used and the one after the last."""
    for name, value in (
        ("sequence_length", sequence_length),
        ("sequence_stride", sequence_stride),
        ("sampling_rate", sampling_rate),
        ("batch_size", 1 if batch_size is None else batch_size),
    ):
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} must be a positive integer; {value!r} came.")
    for name, value in (("sequence_stride", sequence_stride), ("sampling_rate", sampling_rate)):
        if value >= length > 1:
            raise ValueError(f"{name} must be below the series' {length} steps; {value} came.")
    if format not in ("tf", "grain"):
        raise ValueError(f"format is 'tf' or 'grain'; {format!r} came.")
    start, end = start_index or 0, length if end_index is None else end_index
    if not 0 <= start < end <= length:
        raise ValueError(f"start_index and end_index must lie within the series' {length} steps; {start} and {end} came.")
    return start, end
