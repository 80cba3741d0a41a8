"""Noise while training: dropout and its kin."""

from collections.abc import Sequence
from typing import Any

from kerata import ops, random
from kerata.core.arguments import Share
from kerata.core.arrays import dtype_of
from kerata.core.fields import Field, dataclass, field
from kerata.core.seeds import SeedGenerator
from kerata.core.types import Shape, Tree
from kerata.layers.arguments import DataFormat, Ranked
from kerata.layers.layer import Layer

_Lengths = Sequence[int | None] | None


class NoiseShape(Field[_Lengths, _Lengths]):
    """The shape of a random mask, None for the input's length along an axis."""

    def convert(self, value, name, owner):
        """Raises: ValueError if it is no sequence of positive integers and None."""
        if value is not None and (
            not isinstance(value, (list, tuple)) or any(n is not None and not (isinstance(n, int) and n > 0) for n in value)
        ):
            raise ValueError(f"{type(owner).__name__}: {name} must be a tuple of positive integers and None; {value!r} came.")
        return None if value is None else tuple(value)


class Noise(Layer):
    """Layers that change their inputs while training and return them as they are otherwise."""

    supports_masking = True
    strength = "rate"  # the attribute that is 0 when there is nothing to do
    noise_shape: Any = None  # of those that have no such argument
    seed: Any
    _noisy: Any  # a method that changes inputs

    def __post_init__(self):
        super().__post_init__()
        if getattr(self, self.strength) > 0:
            self.seed_generator = SeedGenerator(self.seed)

    def call(self, inputs: Tree, training: bool | None = False) -> Any:
        """The inputs, with noise while training."""
        if not training or getattr(self, self.strength) == 0:
            return inputs
        return self._noisy(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """That of the inputs."""
        return input_shape


@dataclass
class Dropout(Noise):
    """Elements set to 0 with probability `rate` while training, the others divided by `1 - rate`.

    Args:
        rate: the probability, from 0 to 1.
        noise_shape: the shape of the random mask, None for the input's length along an axis: `(None, 1, None)` drops a
            feature at all steps of (batch, steps, features) or at none.
        seed: an integer for the same masks in each run.

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    >>> import kerata, numpy as np
    >>> kerata.layers.Dropout(0.5)(np.ones((2, 3))).tolist()  # not training
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    rate: Share
    noise_shape: NoiseShape = NoiseShape(None)
    seed: int | SeedGenerator | None = None

    def _noisy(self, inputs):
        shape = _filled(self.noise_shape, inputs)
        return random.dropout(inputs, self.rate, noise_shape=shape, seed=self.seed_generator)


@dataclass(after={"name": "seed", "dtype": "name"}, kwargs=False)
class SpatialDropout(Noise, Ranked):
    """Whole channels set to 0 with probability `rate` while training, the others divided by `1 - rate`.

    Neighbouring elements of a channel are alike, so that dropping single ones would hide little (Tompson et al. 2015,
    arXiv:1411.4280).

    Args:
        rate: the probability, from 0 to 1.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None. Sequences have channels last.
        seed: an integer for the same masks in each run.
    """

    rate: Share
    data_format: DataFormat = DataFormat(None)
    seed: int | SeedGenerator | None = None

    def _noisy(self, inputs):
        batch, *rest = ops.shape(inputs)
        ones = (1,) * self.rank
        shape = (batch, *ones, rest[-1]) if self.data_format == "channels_last" else (batch, rest[0], *ones)
        return random.dropout(inputs, self.rate, noise_shape=shape, seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with the dtype itself for its policy."""
        config = {name: value for name, value in super().get_config().items() if name != "trainable"}
        return config | {"dtype": self.dtype}


@dataclass
class SpatialDropout1D(SpatialDropout):
    """Whole channels of sequences set to 0 with probability `rate` while training, the others divided by `1 - rate`.

    Shapes: (batch, time, channels) -> the same.

    Args:
        rate: the probability, from 0 to less than 1.
        seed: an integer for the same masks in each run.

    Source: Tompson et al. 2015, arXiv:1411.4280.

    >>> import kerata, numpy as np
    >>> with kerata.use_engine("numpy"):
    ...     y = kerata.layers.SpatialDropout1D(0.5, seed=1)(np.ones((1, 3, 8)), training=True)
    >>> sorted(set(map(tuple, y[0].T.tolist())))  # what a channel's three steps became
    [(0.0, 0.0, 0.0), (2.0, 2.0, 2.0)]
    """

    data_format: str = field(init=False)


@dataclass
class SpatialDropout2D(SpatialDropout):
    """Whole channels of images set to 0 with probability `rate` while training, the others divided by `1 - rate`.

    Shapes: (batch, height, width, channels) -> the same, or with channels first.

    Args:
        rate: the probability, from 0 to less than 1.
        data_format: "channels_last" or "channels_first"; the global setting if None.
        seed: an integer for the same masks in each run.

    Source: Tompson et al. 2015, arXiv:1411.4280.

    >>> import kerata, numpy as np
    >>> with kerata.use_engine("numpy"):
    ...     y = kerata.layers.SpatialDropout2D(0.5, seed=1)(np.ones((1, 2, 2, 8)), training=True)
    >>> sorted(set(map(tuple, y[0].reshape(4, 8).T.tolist())))  # what a channel's four pixels became
    [(0.0, 0.0, 0.0, 0.0), (2.0, 2.0, 2.0, 2.0)]
    """

    rank = 2


@dataclass
class SpatialDropout3D(SpatialDropout):
    """Whole channels of volumes set to 0 with probability `rate` while training, the others divided by `1 - rate`.

    Shapes: (batch, depth, height, width, channels) -> the same, or with channels first.

    Args:
        rate: the probability, from 0 to less than 1.
        data_format: "channels_last" or "channels_first"; the global setting if None.
        seed: an integer for the same masks in each run.

    Source: Tompson et al. 2015, arXiv:1411.4280.

    >>> import kerata, numpy as np
    >>> with kerata.use_engine("numpy"):
    ...     y = kerata.layers.SpatialDropout3D(0.5, seed=1)(np.ones((1, 1, 2, 2, 8)), training=True)
    >>> sorted(set(map(tuple, y[0].reshape(4, 8).T.tolist())))  # what a channel's four places became
    [(0.0, 0.0, 0.0, 0.0), (2.0, 2.0, 2.0, 2.0)]
    """

    rank = 3


@dataclass
class AlphaDropout(Noise):
    """Dropout that keeps mean 0 and variance 1, for SELU networks (Klambauer et al. 2017, arXiv:1706.02515).

    Args:
        rate: the probability, from 0 to less than 1.
        noise_shape: the shape of the random mask, None for the input's length along an axis.
        seed: an integer for the same masks in each run.

    >>> import kerata, numpy as np
    >>> x = np.random.default_rng(0).normal(size=(200, 200))
    >>> with kerata.use_engine("numpy"):
    ...     x = kerata.layers.AlphaDropout(0.2, seed=1)(x, training=True)
    >>> bool(abs(x.mean()) < 0.05), bool(abs(x.std() - 1) < 0.05)
    (True, True)
    """

    lowest = -1.7580993408473766  # -scale * alpha of SELU

    rate: Share
    noise_shape: NoiseShape = NoiseShape(None)
    seed: int | SeedGenerator | None = None

    def _noisy(self, inputs):
        shape = ops.shape(inputs) if self.noise_shape is None else _filled(self.noise_shape, inputs)
        kept = ops.greater_equal(random.uniform(shape, seed=self.seed_generator), self.rate)
        scale = ((1 - self.rate) * (1 + self.rate * self.lowest**2)) ** -0.5 if self.rate < 1 else 0.0
        shift = -scale * self.lowest * self.rate
        return ops.add(ops.multiply(ops.where(kept, inputs, self.lowest), scale), shift)


@dataclass
class GaussianDropout(Noise):
    """Elements multiplied, while training, by Gaussian noise of mean 1 and standard deviation `sqrt(rate / (1 - rate))`.

    Args:
        rate: from 0 to less than 1.
        seed: an integer for the same noise in each run.

    Source: Srivastava et al. 2014.

    >>> import kerata, numpy as np
    >>> x = kerata.layers.GaussianDropout(0.2, seed=1)(np.ones((200, 200)), training=True)
    >>> bool(abs(x.mean() - 1) < 0.02), bool(abs(x.std() - 0.5) < 0.02)
    (True, True)
    """

    rate: Share
    seed: int | SeedGenerator | None = None

    def _noisy(self, inputs):
        deviation = (self.rate / (1 - self.rate)) ** 0.5 if self.rate < 1 else float("inf")
        noise = random.normal(ops.shape(inputs), 1.0, deviation, dtype=dtype_of(inputs), seed=self.seed_generator)
        return inputs * noise


@dataclass
class GaussianNoise(Noise):
    """Gaussian noise of mean 0 added while training.

    Args:
        stddev: its standard deviation, from 0 to 1.
        seed: an integer for the same noise in each run.

    >>> import kerata, numpy as np
    >>> x = kerata.layers.GaussianNoise(0.5, seed=1)(np.ones((200, 200)), training=True)
    >>> bool(abs(x.mean() - 1) < 0.02), bool(abs(x.std() - 0.5) < 0.02)
    (True, True)
    """

    strength = "stddev"

    stddev: Share
    seed: int | SeedGenerator | None = None

    def _noisy(self, inputs):
        noise = random.normal(ops.shape(inputs), 0.0, self.stddev, dtype=dtype_of(inputs), seed=self.seed_generator)
        return inputs + noise


def _filled(noise_shape, x):
    """`noise_shape`, with the lengths of `x` for None."""
    if noise_shape is None:
        return None
    lengths = ops.shape(x)
    if len(lengths) != len(noise_shape):
        raise ValueError(f"noise_shape {noise_shape} and the input of shape {lengths} must have as many axes.")
    return tuple(length if n is None else n for n, length in zip(noise_shape, lengths))
