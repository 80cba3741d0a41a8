"""PyTorch's random draws, each from a seed and a counter."""

from typing import Any

import torch


def draw(kind, device, seed, shape, dtype, *parameters):
    """See `Engine.random`."""
    generator = torch.Generator(device)
    generator.manual_seed(_mixed(*seed.tolist()))
    with torch.no_grad():
        return _DRAWS[kind](generator, shape, dtype, *parameters)


def _mixed(seed, counter):
    """One number of a seed and a counter, by the finalizer of SplitMix64: the CPU's generator takes only 32 bits of it."""
    x = (seed << 32 | counter) + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    x = (x ^ x >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return x ^ x >> 31


def _truncated(generator, shape, dtype):
    tail = 0.022750131948179195  # the normal distribution function at -2
    uniform = torch.rand(shape, generator=generator, dtype=torch.float64) * (1 - 2 * tail) + tail
    return (torch.erfinv(2 * uniform - 1) * 2**0.5).to(dtype)


def _uniform_integers(generator, shape, dtype, low, high):
    low, high = torch.as_tensor(low), torch.as_tensor(high)
    if low.ndim == high.ndim == 0:
        return torch.randint(int(low), int(high), shape, generator=generator).to(dtype)
    spread = torch.rand(shape, generator=generator, dtype=torch.float64) * (high - low)
    return (torch.floor(spread) + low).to(dtype)


_GAMMA_DTYPES = {torch.float64: torch.float64}  # there are no draws in half precision


def _gamma(generator, shape, dtype, alpha):
    alpha = torch.as_tensor(alpha, dtype=_GAMMA_DTYPES.get(dtype, torch.float32)).broadcast_to(shape)
    return torch._standard_gamma(alpha, generator=generator).to(dtype)


def _beta(generator, shape, dtype, a, b):
    x, y = _gamma(generator, shape, dtype, a), _gamma(generator, shape, dtype, b)
    return x / (x + y)


def _binomial(generator, shape, dtype, count, p):
    count, p = (torch.as_tensor(v, dtype=torch.float32).broadcast_to(shape) for v in (count, p))
    return torch.binomial(count, p, generator=generator).to(dtype)


def _categorical(generator, shape, dtype, logits, count):
    draws = torch.multinomial(torch.softmax(logits.float(), -1), count, replacement=True, generator=generator)
    return draws.to(dtype)


def _bernoulli(generator, shape, dtype, p):
    p = torch.as_tensor(p, dtype=torch.float32).broadcast_to(shape)
    return (torch.rand(shape, generator=generator) < p).to(dtype)


def _permutation(generator, shape, dtype, x, axis):
    return x.index_select(axis, torch.randperm(x.shape[axis], generator=generator))


_DRAWS: dict[str, Any] = {
    "uniform": lambda g, shape, dtype: torch.rand(shape, generator=g, dtype=dtype),
    "normal": lambda g, shape, dtype: torch.randn(shape, generator=g, dtype=dtype),
    "truncated_normal": _truncated,
    "randint": _uniform_integers,
    "bernoulli": _bernoulli,
    "gamma": _gamma,
    "beta": _beta,
    "binomial": _binomial,
    "categorical": _categorical,
    "permutation": _permutation,
}
