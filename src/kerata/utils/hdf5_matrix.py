"""`HDF5Matrix`: a data set in an HDF5 file in place of an array."""

import math
import os
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from kerata.core.types import Path


class HDF5Matrix:
    """Rows of a data set in an HDF5 file, read when they are asked for.

    `fit`, `evaluate` and `predict` take it in place of an array. Without a `normalizer`, and where the file holds the data
    set in one piece (not in chunks, not compressed), they map the file to memory, so that data may be larger than that;
    otherwise they read it whole.

    Args:
        datapath: the file.
        dataset: the data set's name in it.
        start, end: the first row that is used, and the one after the last; to the last if None.
        normalizer: takes rows that were read and returns what is given on.

    A key is a number, a slice, a list or an array of numbers (in any order, with repetitions) or of booleans, and means what
    it means for an array.

    Raises: FileNotFoundError or KeyError if there is no such file or data set, ValueError for a start or an end beyond it,
    IndexError for a row that there is not.

    >>> import h5py, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "data.h5")
    >>> with h5py.File(path, "w") as file:
    ...     file["x"] = [[0, 1], [2, 3], [4, 5], [6, 7]]
    >>> x = HDF5Matrix(path, "x", start=1, normalizer=lambda rows: rows / 2)
    >>> x.shape, x[[2, 0]].tolist()
    ((3, 2), [[3.0, 3.5], [1.0, 1.5]])
    """

    def __init__(
        self,
        datapath: Path,
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[Any], Any] | None = None,
    ) -> None:
        self.datapath, self.dataset, self.start, self.normalizer = os.fspath(datapath), dataset, start, normalizer
        self._open()
        self.end = len(self.data) if end is None else end
        if not 0 <= self.start <= self.end <= len(self.data):
            raise ValueError(f"The data set has {len(self.data)} rows; start={start} and end={end} are not within them.")

    def _open(self):
        file = h5py.File(self.datapath, "r")
        if self.dataset not in file:
            raise KeyError(f"{self.datapath!r} has no data set {self.dataset!r}; it has {', '.join(file)}.")
        self.data = file[self.dataset]

    def __getstate__(self):
        return {k: v for k, v in vars(self).items() if k != "data"}

    def __setstate__(self, state):
        vars(self).update(state)
        self._open()

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: Any) -> Any:
        rows = self._rows(key)
        return rows if self.normalizer is None else self.normalizer(rows)

    def _rows(self, key):
        if isinstance(key, slice):
            first, stop, step = key.indices(len(self))
            if step > 0:
                return self.data[self.start + first : self.start + max(first, stop) : step]
            key = range(first, stop, step)
        numbers = np.asarray(key)
        if numbers.ndim > 1 or numbers.dtype.kind not in "iub" and numbers.size:
            raise IndexError(f"Rows are named by a number, a slice, or a list or array of numbers or booleans; {key!r} came.")
        if numbers.dtype.kind == "b":
            if numbers.shape != (len(self),):
                raise IndexError(f"There are {len(self)} rows; booleans of shape {numbers.shape} came.")
            numbers = np.flatnonzero(numbers)
        numbers = numbers.astype("int64")
        if numbers.size and not -len(self) <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"There are {len(self)} rows; {key!r} is beyond them.")
        numbers = np.where(numbers < 0, numbers + len(self), numbers) + self.start
        if numbers.ndim == 0:
            return self.data[int(numbers)]
        used, places = np.unique(numbers, return_inverse=True)  # a file is read from its beginning to its end
        return self.data[used][places] if used.size else self.data[:0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        offset = self.data.id.get_offset() if self.data.chunks is None else None
        if self.normalizer is None and offset is not None:
            mapped = np.memmap(self.datapath, self.data.dtype, "r", offset, self.data.shape)
            array = np.asarray(mapped[self.start : self.end])
        else:
            array = np.asarray(self[:])
        return np.array(array, dtype) if copy else array.astype(dtype or array.dtype, copy=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's, after the `normalizer`."""
        return (len(self), *(self.data.shape[1:] if self.normalizer is None else np.shape(self[:1])[1:]))

    @property
    def dtype(self) -> Any:
        """As an array's, after the `normalizer`."""
        return self.data.dtype if self.normalizer is None else np.asarray(self[:1]).dtype

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many values there are."""
        return math.prod(self.shape)
