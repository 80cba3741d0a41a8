"""Noise while training: dropout and its kin."""

from kerata import ops, random
from kerata.core.arrays import dtype_of
from kerata.core.config import standardize_data_format
from kerata.core.seeds import SeedGenerator
from kerata.layers.arguments import rate as checked_rate
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


class Noise(Layer):
    """Layers that change their inputs while training and return them as they are otherwise."""

    supports_masking = True
    strength = "rate"  # the attribute that is 0 when there is nothing to do

    def _seed_with(self, seed):
        self.seed = seed
        if getattr(self, self.strength) > 0:
            self.seed_generator = SeedGenerator(seed)

    def call(self, inputs, training=False):
        """The inputs, with noise while training."""
        if not training or getattr(self, self.strength) == 0:
            return inputs
        return self._noisy(inputs)

    def compute_output_shape(self, input_shape):
        """That of the inputs."""
        return input_shape


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

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = checked_rate(rate, "rate", self)
        self.noise_shape = _checked_noise_shape(noise_shape, self)
        self._seed_with(seed)

    def _noisy(self, inputs):
        shape = _filled(self.noise_shape, inputs)
        return random.dropout(inputs, self.rate, noise_shape=shape, seed=self.seed_generator)


class SpatialDropout(Noise):
    """Whole channels set to 0 with probability `rate` while training, the others divided by `1 - rate`.

    Neighbouring elements of a channel are alike, so that dropping single ones would hide little (Tompson et al. 2015,
    arXiv:1411.4280).

    Args:
        rate: the probability, from 0 to 1.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None. Sequences have channels last.
        seed: an integer for the same masks in each run.
    """

    rank = 1
    data_format = "channels_last"

    def __init__(self, rate, data_format=None, seed=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.rate = checked_rate(rate, "rate", self)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._seed_with(seed)

    def _noisy(self, inputs):
        batch, *rest = ops.shape(inputs)
        ones = (1,) * self.rank
        shape = (batch, *ones, rest[-1]) if self.data_format == "channels_last" else (batch, rest[0], *ones)
        return random.dropout(inputs, self.rate, noise_shape=shape, seed=self.seed_generator)

    def get_config(self):
        """The constructor's arguments."""
        config = {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}
        return config if self.rank == 1 else config | {"data_format": self.data_format}


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

    def __init__(self, rate, seed=None, name=None, dtype=None):
        super().__init__(rate, "channels_last", seed, name, dtype)


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

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = checked_rate(rate, "rate", self)
        self.noise_shape = _checked_noise_shape(noise_shape, self)
        self._seed_with(seed)

    def _noisy(self, inputs):
        shape = ops.shape(inputs) if self.noise_shape is None else _filled(self.noise_shape, inputs)
        kept = ops.greater_equal(random.uniform(shape, seed=self.seed_generator), self.rate)
        scale = ((1 - self.rate) * (1 + self.rate * self.lowest**2)) ** -0.5 if self.rate < 1 else 0.0
        shift = -scale * self.lowest * self.rate
        return ops.add(ops.multiply(ops.where(kept, inputs, self.lowest), scale), shift)


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

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = checked_rate(rate, "rate", self)
        self._seed_with(seed)

    def _noisy(self, inputs):
        deviation = (self.rate / (1 - self.rate)) ** 0.5 if self.rate < 1 else float("inf")
        noise = random.normal(ops.shape(inputs), 1.0, deviation, dtype=dtype_of(inputs), seed=self.seed_generator)
        return ops.multiply(inputs, noise)


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

    def __init__(self, stddev, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.stddev = checked_rate(stddev, "stddev", self)
        self._seed_with(seed)

    def _noisy(self, inputs):
        noise = random.normal(ops.shape(inputs), 0.0, self.stddev, dtype=dtype_of(inputs), seed=self.seed_generator)
        return ops.add(inputs, noise)


def _checked_noise_shape(noise_shape, layer):
    """Raises: ValueError if it is no sequence of positive integers and None."""
    if noise_shape is not None and (
        not isinstance(noise_shape, (list, tuple))
        or any(n is not None and not (isinstance(n, int) and n > 0) for n in noise_shape)
    ):
        raise ValueError(
            f"{type(layer).__name__}: noise_shape must be a tuple of positive integers and None; {noise_shape!r} came."
        )
    return noise_shape


def _filled(noise_shape, x):
    """`noise_shape`, with the lengths of `x` for None."""
    if noise_shape is None:
        return None
    lengths = ops.shape(x)
    if len(lengths) != len(noise_shape):
        raise ValueError(f"noise_shape {noise_shape} and the input of shape {lengths} must have as many axes.")
    return tuple(length if n is None else n for n, length in zip(noise_shape, lengths))
