"""Quantiles of more numbers than one wants to keep."""

import numpy as np


class QuantileSketch:
    """A summary of numbers that come in batches, from which any quantile can be told with a small error.

    Numbers are kept in levels; one of level h stands for 2**h. A level that is full is sorted, and every second of its
    numbers goes up. Two sketches merge by joining their levels. As long as no level was full, quantiles are exact.

    Args:
        epsilon: the error in rank that is tolerated, as a fraction of all numbers.

    Source: Karnin, Lang and Liberty 2016, "Optimal quantile approximation in streams", arXiv:1603.05346.

    >>> sketch = QuantileSketch(0.01)
    >>> sketch.update(np.arange(9.0))
    >>> sketch.quantiles([1 / 3, 2 / 3]).tolist()
    [2.0, 5.0]
    """

    def __init__(self, epsilon):
        self.capacity = max(16, int(np.ceil(8 / epsilon)))
        self.levels = [np.empty(0)]
        self._generator = np.random.default_rng(0)  # the same summary for the same data

    def update(self, values):
        """Take numbers in."""
        values = np.asarray(values, "float64").ravel()
        self.levels[0] = np.concatenate([self.levels[0], values[~np.isnan(values)]])
        self._compress()

    def merge(self, other):
        """Take in what another sketch has seen."""
        for level, values in enumerate(other.levels):
            if level == len(self.levels):
                self.levels.append(np.empty(0))
            self.levels[level] = np.concatenate([self.levels[level], values])
        self._compress()

    def _limit(self, level):
        """How many numbers a level holds: fewer in lower ones, whose numbers stand for less."""
        return max(8, int(self.capacity * (2 / 3) ** (len(self.levels) - 1 - level)))

    def _compress(self):
        level = 0
        while level < len(self.levels):
            values = self.levels[level]
            if len(values) > self._limit(level):
                if level + 1 == len(self.levels):
                    self.levels.append(np.empty(0))
                values, even = np.sort(values), len(values) // 2 * 2
                start = int(self._generator.integers(2))
                self.levels[level] = values[even:]
                self.levels[level + 1] = np.concatenate([self.levels[level + 1], values[start:even:2]])
            level += 1

    def quantiles(self, fractions):
        """The numbers below which these fractions of all lie, interpolated.

        Raises: ValueError if no number was seen.
        """
        values = np.concatenate(self.levels)
        if not len(values):
            raise ValueError("There are no numbers to take quantiles of: the data is empty.")
        weights = np.concatenate([np.full(len(kept), 2.0**level) for level, kept in enumerate(self.levels)])
        order = np.argsort(values, kind="stable")
        return np.interp(fractions, np.cumsum(weights[order]) / weights.sum(), values[order])
