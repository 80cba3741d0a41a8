"""Numbers sorted into bins."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata import ops
from kerata.core.fields import Field, dataclass
from kerata.core.types import Shape, Tree
from kerata.engines.abstract.array import AbstractArray, SparseAbstractArray
from kerata.layers.arguments import OneOf, OptionalPositiveInt
from kerata.layers.preprocessing.base import Adaptable, ClosedLayer
from kerata.layers.preprocessing.encoding import MODES, Sparse, encoded, encoded_shape
from kerata.layers.preprocessing.quantiles import QuantileSketch


class Boundaries(Field[Sequence[float] | np.ndarray | None, list[float] | None]):
    """Increasing numbers, or None."""

    def convert(self, value, name, owner):
        if value is None:
            return None
        values = np.asarray(value, "float64")
        if values.ndim != 1 or (np.diff(values) < 0).any() or np.isnan(values).any():
            raise ValueError(f"{type(owner).__name__}: {name} must be numbers in increasing order; {value!r} came.")
        return values.tolist()


@dataclass
class Discretization(Adaptable, ClosedLayer):
    """The number of the bin in which each number lies.

    Shapes: "int" (batch, n) -> the same; "one_hot" (batch, n) -> (batch, n, bins); "multi_hot" and "count"
    (batch, n) -> (batch, bins).

    Args:
        bin_boundaries: the boundaries in increasing order: `[0, 1]` makes the bins below 0, from 0 to below 1, from 1.
        num_bins: how many bins `adapt` makes, each with equally many of the numbers that it sees.
        epsilon: the error that the boundaries may have, as a fraction of all numbers; a smaller one needs more memory.
        output_mode: "int" for the bins' numbers, or the vectors of `CategoryEncoding`: "one_hot", "multi_hot", "count".
        sparse: whether vectors are a sparse tensor.

    Raises: ValueError unless exactly one of `bin_boundaries` and `num_bins` is given.

    >>> import kerata, numpy as np
    >>> kerata.layers.Discretization([0.0, 1.0])(np.array([[-1.5, 0.0, 0.5, 3.0]])).tolist()
    [[0, 1, 1, 2]]
    >>> layer = kerata.layers.Discretization(num_bins=2)
    >>> layer.adapt(np.array([1.0, 2.0, 3.0, 4.0]))
    >>> layer.bin_boundaries
    [2.0]
    """

    bin_boundaries: Boundaries = Boundaries(None)
    num_bins: OptionalPositiveInt = OptionalPositiveInt(None)
    epsilon: float = 0.01
    output_mode: OneOf = OneOf("int", "int", *MODES)
    sparse: Sparse = Sparse(False)

    _sketch = None

    def __post_init__(self):
        super().__post_init__()
        if (self.bin_boundaries is None) == (self.num_bins is None):
            raise ValueError(
                "Discretization: exactly one of bin_boundaries and num_bins is given; "
                f"{self.bin_boundaries!r} and {self.num_bins!r} came."
            )
        if not 0 < self.epsilon < 1:
            raise ValueError(f"Discretization: epsilon must be between 0 and 1; {self.epsilon!r} came.")

    @property
    def input_dtype(self) -> Any:
        """The dtype in which numbers are compared with the boundaries."""
        return self.compute_dtype

    @property
    def output_dtype(self) -> Any:
        """The dtype of the output: int32 for the bins' numbers."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def _check_adaptable(self):
        if self.num_bins is None:
            raise ValueError("Discretization: a layer that was given bin_boundaries is not adapted; give it num_bins instead.")

    def update_state(self, data: Any) -> None:
        """Take a batch of numbers into account."""
        self._check_adaptable()
        if self._sketch is None:
            self._sketch = QuantileSketch(self.epsilon)
        self._sketch.update(np.asarray(data, "float32"))

    def finalize_state(self) -> None:
        """Find the boundaries from the batches so far."""
        if self._sketch is not None:
            count: Any = self.num_bins
            fractions = np.arange(1, count) / count
            self.bin_boundaries = self._sketch.quantiles(fractions).astype("float32").tolist()

    def reset_state(self) -> None:
        """Forget the batches so far, and the boundaries found."""
        if self.num_bins is not None:
            self._sketch, self.bin_boundaries = None, None

    def call(self, inputs: Tree) -> Any:
        if self.bin_boundaries is None:
            raise ValueError("Discretization: the boundaries are not known yet. Call adapt(data), or give bin_boundaries.")
        bins = ops.digitize(ops.cast(inputs, self.compute_dtype), np.asarray(self.bin_boundaries, "float32"))
        if self.output_mode == "int":
            return bins
        return encoded(bins, len(self.bin_boundaries) + 1, self.output_mode, self.compute_dtype, sparse=self.sparse)

    def _output_spec(self, inputs: Tree):
        made = SparseAbstractArray if self.sparse and self.output_mode != "int" else AbstractArray
        return made(self.compute_output_shape(inputs.shape), self.output_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        return encoded_shape(tuple(input_shape), depth, self.output_mode)

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Nothing to read: the boundaries are in the config."""
        return

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, and the boundaries that were found."""
        names = ("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse", "name", "dtype")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A layer from its config. `custom_objects` is accepted: there is nothing in it that they could name."""
        found = config.get("bin_boundaries") if config.get("num_bins") is not None else None
        layer = cls(**(config | {"bin_boundaries": None} if found is not None else config))
        if found is not None:
            layer.bin_boundaries = Boundaries().convert(found, "bin_boundaries", layer)
        return layer
