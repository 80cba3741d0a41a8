"""Draws on the engine, from a seed: an integer (the same values each time), a `SeedGenerator` (new ones), or None."""

from typing import Any

import numpy as np

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.op import op
from kerata.core.seeds import draw_seed
from kerata.core.types import Axis, DType, Seed, Shape, Tensor, TensorLike, Tree
from kerata.ops import numpy as knp
from kerata.ops.promotion import to_float


def _shape(shape):
    return (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)


def _float_dtype(dtype, what):
    dtype = dtypes.standardize_dtype(dtype)
    if not dtypes.is_float_dtype(dtype):
        raise ValueError(f"{what} draws floats: its dtype can't be {dtype!r}. Use randint for integers.")
    return dtype


def _standard(kind, seed, shape, dtype, *parameters):
    return engines.current().random(kind, draw_seed(seed), _shape(shape), dtype, *parameters)


def uniform(shape: Shape, minval: TensorLike = 0.0, maxval: TensorLike = 1.0, dtype: DType = None, seed: Seed = None) -> Tensor:
    """Floats evenly distributed from `minval` to `maxval`.

    Args:
        shape: that of the result.
        minval, maxval: numbers, or tensors that broadcast to `shape`.
        dtype: a float's; the default one if None.
        seed: an integer, a `SeedGenerator`, or None.

    Raises: ValueError if `dtype` is no float's.

    >>> uniform((2, 3), seed=1).shape
    (2, 3)
    """
    dtype = _float_dtype(dtype, "uniform")
    draw = _standard("uniform", seed, shape, dtype)
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)) and (minval, maxval) == (0, 1):
        return draw
    return _cast(as_array(minval, dtype) + draw * (as_array(maxval, dtype) - as_array(minval, dtype)), dtype)


def normal(shape: Shape, mean: TensorLike = 0.0, stddev: float = 1.0, dtype: DType = None, seed: Seed = None) -> Tensor:
    """Normally distributed floats.

    Args:
        shape: that of the result.
        mean, stddev: numbers, or tensors that broadcast to `shape`.
        dtype: a float's; the default one if None.
        seed: an integer, a `SeedGenerator`, or None.

    Raises: ValueError if `dtype` is no float's.

    >>> normal((2,), seed=1).shape
    (2,)
    """
    dtype = _float_dtype(dtype, "normal")
    return _cast(_standard("normal", seed, shape, dtype) * as_array(stddev, dtype) + as_array(mean, dtype), dtype)


def truncated_normal(
    shape: Shape, mean: TensorLike = 0.0, stddev: float = 1.0, dtype: DType = None, seed: Seed = None
) -> Tensor:
    """Normally distributed floats, none further than two standard deviations from the mean.

    Arguments are those of `normal`.

    Raises: ValueError if `dtype` is no float's.

    >>> import kerata
    >>> draws = truncated_normal((100,), seed=1)
    >>> bool(kerata.ops.all(kerata.ops.absolute(draws) <= 2.0))
    True
    """
    dtype = _float_dtype(dtype, "truncated_normal")
    return _cast(_standard("truncated_normal", seed, shape, dtype) * as_array(stddev, dtype) + as_array(mean, dtype), dtype)


def randint(shape: Shape, minval: TensorLike, maxval: TensorLike, dtype: DType = "int32", seed: Seed = None) -> Tensor:
    """Integers from `minval` to `maxval`, the end left out.

    Args:
        shape: that of the result.
        minval, maxval: the ends.
        dtype: an integer's; int32 if None.
        seed: an integer, a `SeedGenerator`, or None.

    Raises: ValueError if `dtype` is no integer's.

    >>> randint((3,), 4, 5, seed=1).tolist()
    [4, 4, 4]
    """
    dtype = dtypes.standardize_dtype(dtype or "int32")
    if not dtypes.is_int_dtype(dtype):
        raise ValueError(f"randint draws integers: its dtype can't be {dtype!r}. Use uniform for floats.")
    return _standard("randint", seed, shape, dtype, minval, maxval)


def gamma(shape: Shape, alpha: Any, dtype: DType = None, seed: Seed = None) -> Tensor:
    """Draws from the gamma distribution of this shape parameter, with scale 1.

    Args:
        shape: that of the result.
        alpha: the shape parameter, which is the mean, too: a positive number or a tensor that broadcasts to `shape`.
        dtype: a float's; the default one if None.
        seed: an integer, a `SeedGenerator`, or None.

    Raises: ValueError if `dtype` is no float's.

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     gamma((2, 3), 2.0, seed=1).shape
    (2, 3)
    """
    return _standard("gamma", seed, shape, _float_dtype(dtype, "gamma"), as_array(alpha, dtypes.standardize_dtype(dtype)))


def beta(shape: Shape, alpha: Any, beta: Any, dtype: DType = None, seed: Seed = None) -> Tensor:
    """Draws from the beta distribution, between 0 and 1; their mean is `alpha / (alpha + beta)`.

    Args:
        shape: that of the result.
        alpha, beta: positive numbers, or tensors that broadcast to `shape`.
        dtype: a float's; the default one if None.
        seed: an integer, a `SeedGenerator`, or None.

    Raises: ValueError if `dtype` is no float's.

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     beta((2, 3), 2.0, 5.0, seed=1).shape
    (2, 3)
    """
    dtype = _float_dtype(dtype, "beta")
    return _standard("beta", seed, shape, dtype, as_array(alpha, dtype), as_array(beta, dtype))


def binomial(shape: Shape, counts: TensorLike, probabilities: Any, dtype: DType = None, seed: Seed = None) -> Tensor:
    """How many of `counts` trials succeed, each with a probability.

    Args:
        shape: that of the result.
        counts, probabilities: numbers, or tensors that broadcast to `shape`.
        dtype: a float's; the default one if None.
        seed: an integer, a `SeedGenerator`, or None.

    Raises: ValueError if `dtype` is no float's.

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     binomial((2,), 4, 1.0, seed=1).tolist()
    [4.0, 4.0]
    """
    dtype = _float_dtype(dtype, "binomial")
    return _standard("binomial", seed, shape, dtype, as_array(counts, dtype), as_array(probabilities, dtype))


@op
def categorical(logits: TensorLike, num_samples: int, dtype: DType = "int32", seed: Seed = None) -> Tensor:
    """Class numbers drawn with probabilities softmax(logits): (batch, classes) -> (batch, num_samples).

    Args:
        logits: unnormalised logarithms of probabilities.
        num_samples: how many numbers each row gets.
        dtype: an integer's.
        seed: an integer, a `SeedGenerator`, or None.

    Raises: ValueError for other numbers of axes.

    >>> categorical([[0.0, -1e9]], 3, seed=1).tolist()
    [[0, 0, 0]]
    """
    logits = to_float(logits)
    if len(logits.shape) != 2:
        raise ValueError(f"categorical takes logits (batch, classes); shape {tuple(logits.shape)} came.")
    return engines.current().random("categorical", draw_seed(seed), (), dtypes.standardize_dtype(dtype), logits, num_samples)


@op
def shuffle(x: TensorLike, axis: Axis = 0, seed: Seed = None) -> Tensor:
    """The parts of `x` along an axis in random order.

    Args:
        x: a tensor.
        axis: the axis; along it whole slices change places.
        seed: an integer, a `SeedGenerator`, or None.

    >>> sorted(shuffle([3, 1, 2], seed=1).tolist())
    [1, 2, 3]
    """
    x = as_array(x)
    return engines.current().random("permutation", draw_seed(seed), tuple(x.shape), dtype_of(x), x, axis)


@op(elementwise=True)
def dropout(inputs: Tree, rate: Any, noise_shape: Any = None, seed: Seed = None) -> Tensor:
    """Zeros with probability `rate`; what stays is divided by `1 - rate`.

    Args:
        inputs: a tensor.
        rate: from 0 to 1.
        noise_shape: the shape in which zeros are drawn; None in it stands for the inputs' length.
        seed: an integer, a `SeedGenerator`, or None.

    Raises: ValueError for a rate out of range, or a noise_shape of more axes than the inputs have.

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    >>> sorted(set(dropout([1.0] * 20, 0.5, seed=1).tolist()))
    [0.0, 2.0]
    """
    inputs = to_float(inputs)
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must be from 0 to 1; {rate!r} came.")
    if rate in (0, 1):
        return inputs if rate == 0 else knp.zeros_like(inputs)
    shape = static_shape(inputs)
    if noise_shape is not None:
        if len(noise_shape) > len(shape):
            raise ValueError(f"dropout: noise_shape {tuple(noise_shape)} has more axes than the inputs, of shape {shape}.")
        shape = tuple(s if n is None else n for n, s in zip(noise_shape, shape))
    keep = engines.current().random("bernoulli", draw_seed(seed), shape, "bool", 1.0 - rate)
    return knp.where(keep, inputs * (1.0 / (1.0 - rate)), 0.0)


__all__ = [
    "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle", "truncated_normal", "uniform",
]  # fmt: skip
