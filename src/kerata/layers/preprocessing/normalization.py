"""Numbers scaled to mean 0 and variance 1, as measured on data or given."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kerata import ops
from kerata.core.config import epsilon
from kerata.core.fields import Field, dataclass, field
from kerata.core.types import Shape, Tree
from kerata.layers.preprocessing.base import DataLayer, batches


class Axes(Field[int | Sequence[int] | None, tuple[int, ...]]):
    """An axis, or several; None for none."""

    def convert(self, value, name, owner):
        """A tuple."""
        return () if value is None else (value,) if isinstance(value, int) else tuple(value)


@dataclass
class Normalization(DataLayer):
    """`(inputs - mean) / sqrt(variance)`, the mean and the variance measured on data by `adapt`, or given.

    Shapes: any -> the same.

    Args:
        axis: the axis, or axes, along which each index has a mean and a variance of its own; None for one of each.
        mean: the mean, or as many as there are indices; with `variance`, in place of `adapt`.
        variance: the variance, likewise.
        invert: whether the layer does the opposite: from normalized numbers to the original ones.

    Raises: ValueError if only one of `mean` and `variance` is given.

    The moments of several batches are merged by the formula of Chan, Golub and LeVeque 1979, "Updating formulae and a
    pairwise algorithm for computing sample variances".

    >>> import kerata, numpy as np
    >>> layer = kerata.layers.Normalization()
    >>> layer.adapt(np.array([[0.0, 7.0], [2.0, 9.0]]))
    >>> layer(np.array([[3.0, 7.0]])).tolist()
    [[2.0, -1.0]]
    """

    supports_masking = computes_wide = True
    _moments = None
    input_mean: ClassVar[Any]
    input_variance: ClassVar[Any]

    axis: Axes = Axes(-1)
    mean: Any = field(default=None, attribute="input_mean")
    variance: Any = field(default=None, attribute="input_variance")
    invert: bool = False

    def __post_init__(self):
        super().__post_init__()
        if (self.input_mean is None) != (self.input_variance is None):
            raise ValueError(
                f"Normalization: mean and variance are given together; {self.input_mean!r} and {self.input_variance!r} came."
            )

    def build(self, input_shape: Shape) -> None:
        """Make the weights: a mean and a variance for each index of the kept axes, and a count."""
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ValueError(f"Normalization: axis {self.axis} is out of range for inputs of shape {tuple(input_shape)}.")
        kept = sorted(a % rank for a in self.axis)
        shape = tuple(input_shape[a] for a in kept)
        if None in shape:
            raise ValueError(
                f"Normalization: the length along axis {kept[shape.index(None)]}, which axis={self.axis} keeps, must be "
                f"known; shape {tuple(input_shape)} came."
            )
        self._reduced = tuple(a for a in range(rank) if a not in kept)
        self._broadcast_shape: Any = tuple(input_shape[a] if a in kept else 1 for a in range(rank))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=shape, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(name="variance", shape=shape, initializer="ones", trainable=False)
            self.count = self.add_weight(name="count", shape=(), dtype="int32", initializer="zeros", trainable=False)
        else:
            self._given = tuple(self._shaped(x) for x in (self.input_mean, self.input_variance))

    def _shaped(self, given):
        """What the user gave, in a shape that broadcasts with the inputs."""
        return np.broadcast_to(np.asarray(given, "float32"), self._broadcast_shape)

    def _moment(self, which):
        if not self.built:
            return None
        if self.input_mean is not None:
            return ops.convert_to_tensor(self._given[which])
        return ops.reshape((self.adapt_mean, self.adapt_variance)[which].value, self._broadcast_shape)

    def adapt(self, data: Any) -> None:
        """Measure the mean and the variance.

        Args:
            data: an array, or what gives batches of inputs: a generator, a `PyDataset`, a `tf.data.Dataset`.

        Raises: ValueError if the layer was given a mean, or the data does not fit.
        """
        if self.input_mean is not None:
            raise ValueError("Normalization: a layer that was given its mean and variance is not adapted.")
        moments = None
        for batch in batches(data):
            if not self.built:
                self.build(batch.shape)
            moments = self._merged(moments, np.asarray(batch, "float64"))
        self._moments = moments
        self.finalize_state()

    def _merged(self, before, batch):
        """The count, the mean and the variance of all data so far."""
        found = tuple(d for d, length in zip(batch.shape, self._broadcast_shape) if length != 1)
        if batch.ndim != len(self._broadcast_shape) or found != tuple(d for d in self._broadcast_shape if d != 1):
            raise ValueError(f"Normalization: the batches have other shapes than the first; one of {batch.shape} came.")
        count = batch.size // max(1, int(np.prod(self._broadcast_shape)))
        mean, variance = batch.mean(self._reduced), batch.var(self._reduced)
        if before is None:
            return count, mean, variance
        total = before[0] + count
        share, difference = count / total, mean - before[1]
        spread = (1 - share) * before[2] + share * variance + share * (1 - share) * difference**2
        return total, before[1] + share * difference, spread

    def finalize_state(self) -> None:
        """Put what was measured into the weights."""
        if self._moments is not None:
            count, mean, variance = self._moments
            self.adapt_mean.assign(np.asarray(mean, "float32"))
            self.adapt_variance.assign(np.asarray(variance, "float32"))
            self.count.assign(np.asarray(min(count, 2**31 - 1), "int32"))
            self._moments = None

    def call(self, inputs: Tree) -> Any:
        """The normalized inputs or, with `invert`, the original ones."""
        inputs, mean, variance = (ops.cast(x, self._wide_dtype) for x in (inputs, self.mean, self.variance))
        deviation = ops.maximum(ops.sqrt(variance), epsilon())
        if self.invert:
            outputs = mean + inputs * deviation
        else:
            outputs = (inputs - mean) / deviation
        return ops.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, arrays as lists."""
        plain = lambda x: x if x is None else np.asarray(x).tolist()
        return super().get_config() | {"mean": plain(self.input_mean), "variance": plain(self.input_variance)}


# Not in the class, where the names are the arguments'.
_SHAPED = "in a shape that broadcasts with the inputs; None before the layer is built."
setattr(Normalization, "mean", property(lambda self: self._moment(0), doc=f"The mean, {_SHAPED}"))
setattr(Normalization, "variance", property(lambda self: self._moment(1), doc=f"The variance, {_SHAPED}"))
