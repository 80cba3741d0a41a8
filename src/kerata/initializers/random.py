"""Initializers that draw: normal, uniform, scaled by the fans, orthogonal."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.arguments import OneOf, Positive
from kerata.core.fields import dataclass, field
from kerata.core.types import DType
from kerata.initializers.initializer import RandomInitializer, Seed, as_float_dtype

# The standard deviation of a standard normal distribution cut off at -2 and 2.
_TRUNCATED_DEVIATION = 0.87962566103423978


def standard_normal(generator, shape):
    """A standard normal draw in float32."""
    return generator.standard_normal(shape, dtype=np.float32)


def truncated_normal(generator, shape):
    """A standard normal draw in float32, what lies beyond -2 and 2 drawn again."""
    values = generator.standard_normal(math.prod(shape), dtype=np.float32)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        again = generator.standard_normal(outside.size, dtype=np.float32)
        values[outside] = again
        outside = outside[np.abs(again) > 2]
    return values.reshape(shape)


@dataclass
class RandomNormal(RandomInitializer):
    """Normally distributed values.

    Args:
        mean: the distribution's mean.
        stddev: its standard deviation.
        seed: an integer, a SeedGenerator or None.

    >>> RandomNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    mean: float = 0.0
    stddev: float = 0.05

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        return as_float_dtype(_moved(standard_normal(self.generator(), tuple(shape)), self.stddev, self.mean), dtype)


@dataclass
class TruncatedNormal(RandomInitializer):
    """Normally distributed values within two standard deviations of the mean.

    Arguments as for `RandomNormal`; `stddev` is that of the distribution before it is cut.

    >>> bool(abs(TruncatedNormal(stddev=1.0, seed=1)((99,))).max() < 2.0)
    True
    """

    mean: float = 0.0
    stddev: float = 0.05

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        return as_float_dtype(_moved(truncated_normal(self.generator(), tuple(shape)), self.stddev, self.mean), dtype)


@dataclass
class RandomUniform(RandomInitializer):
    """Values evenly distributed from `minval` to `maxval`.

    Args:
        minval, maxval: the bounds.
        seed: an integer, a SeedGenerator or None.

    >>> RandomUniform(0.0, 1.0, seed=1)((2,)).dtype.name
    'float32'
    """

    minval: float = -0.05
    maxval: float = 0.05

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        values = self.generator().random(tuple(shape), dtype=np.float32)
        return as_float_dtype(_moved(values, self.maxval - self.minval, self.minval), dtype)


def _moved(values, scale, offset):
    values *= np.float32(scale)
    if offset:
        values += np.float32(offset)
    return values


class Fan(OneOf[str, str]):
    """What a variance is divided by."""

    values = ("fan_in", "fan_out", "fan_avg")


class Distribution(OneOf[str, str]):
    """A distribution's name, in any case."""

    values = ("truncated_normal", "untruncated_normal", "uniform")

    def convert(self, value, name, owner):
        value = str(value).lower()
        return super().convert("truncated_normal" if value == "normal" else value, name, owner)


@dataclass
class VarianceScaling(RandomInitializer):
    """Values whose variance is `scale` divided by the number of inputs, of outputs, or their mean.

    Args:
        scale: a positive number.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: an integer, a SeedGenerator or None.
        input_axes: the axes of the shape that count as inputs; with `output_axes`, instead of the usual rule.
        output_axes: those that count as outputs.

    Raises: ValueError for another mode or distribution, or a scale that is not positive.

    >>> weights = VarianceScaling(2.0, seed=1)((1000, 100))
    >>> bool(abs(weights.std() - (2 / 1000) ** 0.5) < 1e-3)
    True
    """

    scale: Positive = Positive(1.0)
    mode: Fan = Fan("fan_in")
    distribution: Distribution = Distribution("truncated_normal")
    input_axes: Sequence[int] | None = field(default=None, kw_only=True)
    output_axes: Sequence[int] | None = field(default=None, kw_only=True)

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        shape = tuple(shape)
        inputs, outputs = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}[self.mode]
        deviation = math.sqrt(self.scale / max(1.0, fan))
        generator = self.generator()
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * deviation
            return as_float_dtype(_moved(generator.random(shape, dtype=np.float32), 2 * limit, -limit), dtype)
        if self.distribution == "untruncated_normal":
            return as_float_dtype(_moved(standard_normal(generator, shape), deviation, 0.0), dtype)
        return as_float_dtype(_moved(truncated_normal(generator, shape), deviation / _TRUNCATED_DEVIATION, 0.0), dtype)


def compute_fans(shape: Sequence[int], input_axes: Any = None, output_axes: Any = None) -> Any:
    """The numbers of inputs and outputs of a kernel: (*window, inputs, outputs) unless the axes are named.

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


@dataclass
class _Named(VarianceScaling):
    """A `VarianceScaling` with a name of its own."""

    fixed = (1.0, "fan_in", "truncated_normal")

    scale: float = field(default=1.0, init=False)
    mode: str = field(default="fan_in", init=False)
    distribution: str = field(default="truncated_normal", init=False)
    seed: Seed = Seed(None)
    input_axes: Sequence[int] | None = None
    output_axes: Sequence[int] | None = None

    def __post_init__(self):
        super().__post_init__()
        self.scale, self.mode, self.distribution = self.fixed


@dataclass
class GlorotUniform(_Named):
    """Uniform, variance 2 / (inputs + outputs). Source: Glorot and Bengio 2010.

    Args:
        seed: an integer, a SeedGenerator or None.
        input_axes, output_axes: the axes of the shape that count as inputs and outputs, instead of the usual rule.

    >>> weights = GlorotUniform(seed=1)((100, 50))
    >>> limit = (6 / (100 + 50)) ** 0.5
    >>> bool(abs(weights).max() <= limit), round(limit, 4), round(float(weights.std() ** 2 * (100 + 50)), 1)
    (True, 0.2, 2.0)
    """

    fixed = (1.0, "fan_avg", "uniform")


@dataclass
class GlorotNormal(_Named):
    """Truncated normal, variance 2 / (inputs + outputs). Source: Glorot and Bengio 2010.

    Arguments as for `GlorotUniform`.

    >>> weights = GlorotNormal(seed=1)((200, 100))
    >>> round(float(weights.std() ** 2 * (200 + 100)), 1)
    2.0
    """

    fixed = (1.0, "fan_avg", "truncated_normal")


@dataclass
class HeUniform(_Named):
    """Uniform, variance 2 / inputs. Source: He et al. 2015, arXiv:1502.01852.

    Arguments as for `GlorotUniform`.

    >>> weights = HeUniform(seed=1)((200, 100))
    >>> round(float(weights.std() ** 2 * 200), 1)
    2.0
    """

    fixed = (2.0, "fan_in", "uniform")


@dataclass
class HeNormal(_Named):
    """Truncated normal, variance 2 / inputs. Source: He et al. 2015, arXiv:1502.01852.

    Arguments as for `GlorotUniform`.

    >>> weights = HeNormal(seed=1)((200, 100))
    >>> round(float(weights.std() ** 2 * 200), 1)
    2.0
    """

    fixed = (2.0, "fan_in", "truncated_normal")


@dataclass
class LecunUniform(_Named):
    """Uniform, variance 1 / inputs. Source: Klambauer et al. 2017, arXiv:1706.02515.

    Arguments as for `GlorotUniform`.

    >>> weights = LecunUniform(seed=1)((200, 100))
    >>> round(float(weights.std() ** 2 * 200), 1)
    1.0
    """

    fixed = (1.0, "fan_in", "uniform")


@dataclass
class LecunNormal(_Named):
    """Truncated normal, variance 1 / inputs. Source: Klambauer et al. 2017, arXiv:1706.02515.

    Arguments as for `GlorotUniform`.

    >>> weights = LecunNormal(seed=1)((200, 100))
    >>> round(float(weights.std() ** 2 * 200), 1)
    1.0
    """

    fixed = (1.0, "fan_in", "truncated_normal")


@dataclass
class Orthogonal(RandomInitializer):
    """A matrix whose rows or columns, whichever are fewer, are orthogonal; further axes are folded into the rows.

    Args:
        gain: what the matrix is multiplied by.
        seed: an integer, a SeedGenerator or None.

    Raises: ValueError for a shape of fewer than two axes. Source: Saxe et al. 2013, arXiv:1312.6120.

    >>> q = Orthogonal(seed=1)((3, 3))
    >>> bool(abs(q @ q.T - np.eye(3)).max() < 1e-6)
    True
    """

    gain: float = 1.0

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal makes tensors of at least 2 axes; the shape asked for is {tuple(shape)}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        draw = standard_normal(self.generator(), (max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(draw)
        q *= np.where(np.diagonal(r) < 0, -1, 1)
        q = q.T if rows < columns else q
        return as_float_dtype(self.gain * q.reshape(shape), dtype)
