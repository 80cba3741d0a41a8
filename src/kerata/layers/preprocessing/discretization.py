"""Numbers sorted into bins."""

import numpy as np

from kerata import ops
from kerata.core.arrays import no_sparse
from kerata.layers.arguments import positive_integer
from kerata.layers.preprocessing.base import DataLayer, batches
from kerata.layers.preprocessing.encoding import MODES, checked_mode, encoded, encoded_shape
from kerata.layers.preprocessing.quantiles import QuantileSketch


class Discretization(DataLayer):
    """The number of the bin in which each number lies.

    Shapes: "int" (batch, n) -> the same; "one_hot" (batch, n) -> (batch, n, bins); "multi_hot" and "count"
    (batch, n) -> (batch, bins).

    Args:
        bin_boundaries: the boundaries in increasing order: `[0, 1]` makes the bins below 0, from 0 to below 1, from 1.
        num_bins: how many bins `adapt` makes, each with equally many of the numbers that it sees.
        epsilon: the error that the boundaries may have, as a fraction of all numbers; a smaller one needs more memory.
        output_mode: "int" for the bins' numbers, or the vectors of `CategoryEncoding`: "one_hot", "multi_hot", "count".
        sparse: only False, as the engines have no sparse tensors.

    Raises: ValueError unless exactly one of `bin_boundaries` and `num_bins` is given.

    >>> import kerata, numpy as np
    >>> kerata.layers.Discretization([0.0, 1.0])(np.array([[-1.5, 0.0, 0.5, 3.0]])).tolist()
    [[0, 1, 1, 2]]
    >>> layer = kerata.layers.Discretization(num_bins=2)
    >>> layer.adapt(np.array([1.0, 2.0, 3.0, 4.0]))
    >>> layer.bin_boundaries
    [2.0]
    """

    def __init__(
        self, bin_boundaries=None, num_bins=None, epsilon=0.01, output_mode="int", sparse=False, dtype=None, name=None
    ):
        super().__init__(name=name, dtype=dtype)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                "Discretization: exactly one of bin_boundaries and num_bins is given; "
                f"{bin_boundaries!r} and {num_bins!r} came."
            )
        self.num_bins = None if num_bins is None else positive_integer(num_bins, "num_bins", self)
        if not 0 < epsilon < 1:
            raise ValueError(f"Discretization: epsilon must be between 0 and 1; {epsilon!r} came.")
        self.epsilon, self.output_mode = epsilon, checked_mode(output_mode, ("int", *MODES), self)
        self.sparse = no_sparse(type(self).__name__, sparse)
        self.bin_boundaries = None if bin_boundaries is None else _checked(bin_boundaries)
        self._sketch = None

    @property
    def input_dtype(self):
        """The dtype in which numbers are compared with the boundaries."""
        return self.compute_dtype

    @property
    def output_dtype(self):
        """The dtype of the output: int32 for the bins' numbers."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def adapt(self, data, steps=None):
        """Find the boundaries of `num_bins` bins with equally many numbers.

        Args:
            data: an array, or what gives batches of inputs: a generator, a `PyDataset`, a `tf.data.Dataset`.
            steps: the most batches that are read.

        Raises: ValueError if the layer was given its boundaries, or there is no data.
        """
        self._check_adaptable()
        self.reset_state()
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def _check_adaptable(self):
        if self.num_bins is None:
            raise ValueError("Discretization: a layer that was given bin_boundaries is not adapted; give it num_bins instead.")

    def update_state(self, data):
        """Take a batch of numbers into account."""
        self._check_adaptable()
        if self._sketch is None:
            self._sketch = QuantileSketch(self.epsilon)
        self._sketch.update(np.asarray(data, "float32"))

    def finalize_state(self):
        """Find the boundaries from the batches so far."""
        if self._sketch is not None:
            fractions = np.arange(1, self.num_bins) / self.num_bins
            self.bin_boundaries = self._sketch.quantiles(fractions).astype("float32").tolist()

    def reset_state(self):
        """Forget the batches so far, and the boundaries found."""
        if self.num_bins is not None:
            self._sketch, self.bin_boundaries = None, None

    def call(self, inputs):
        """The bins' numbers, or their vectors."""
        if self.bin_boundaries is None:
            raise ValueError("Discretization: the boundaries are not known yet. Call adapt(data), or give bin_boundaries.")
        bins = ops.digitize(ops.cast(inputs, self.compute_dtype), np.asarray(self.bin_boundaries, "float32"))
        if self.output_mode == "int":
            return bins
        return encoded(bins, len(self.bin_boundaries) + 1, self.output_mode, self.compute_dtype)

    def compute_output_spec(self, inputs):
        """The output's shape and dtype, for symbolic inputs."""
        from kerata.engines.abstract.array import AbstractArray

        return AbstractArray(self.compute_output_shape(inputs.shape), self.output_dtype)

    def compute_output_shape(self, input_shape):
        """The output's shape for inputs of this shape."""
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        return encoded_shape(tuple(input_shape), depth, self.output_mode)

    def load_own_variables(self, store):
        """Nothing to read: the boundaries are in the config."""
        return

    def get_config(self):
        """The constructor's arguments, and the boundaries that were found."""
        names = ("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse", "name", "dtype")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A layer from its config. `custom_objects` is accepted: there is nothing in it that they could name."""
        found = config.get("bin_boundaries") if config.get("num_bins") is not None else None
        layer = cls(**(config | {"bin_boundaries": None} if found is not None else config))
        if found is not None:
            layer.bin_boundaries = _checked(found)
        return layer


def _checked(boundaries):
    """Raises: ValueError if they are no increasing numbers."""
    values = np.asarray(boundaries, "float64")
    if values.ndim != 1 or (np.diff(values) < 0).any() or np.isnan(values).any():
        raise ValueError(f"Discretization: bin_boundaries must be numbers in increasing order; {boundaries!r} came.")
    return values.tolist()
