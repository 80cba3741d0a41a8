"""The NumPy engine: inference only, and nothing to install or compile."""

from typing import Any

import numpy as np

from kerata.engines.base import numpy_dtype
from kerata.engines.eager import EagerEngine
from kerata.engines.numpy import functions as numpy_functions
from kerata.engines.shapes import window_output


class NumpyEngine(EagerEngine):
    """NumPy: runs models, does not train them."""

    name = "numpy"
    title = "NumPy"
    xp = numpy_functions
    trains = False

    def __init__(self):
        super().__init__()
        self.kernels = {"segment_reduce": _segment_reduce}

    def is_array(self, x):
        return isinstance(x, (np.ndarray, np.generic))

    def asarray(self, x, dtype=None):
        return np.asarray(x, dtype=_dtype(dtype))

    def to_numpy(self, x):
        return np.asarray(x)

    def cast(self, x, dtype):
        return np.asarray(x).astype(_dtype(dtype), copy=False)

    def known_dtype(self, dtype):
        return _dtype(dtype)

    def new_storage(self, x, dtype, trainable=False):
        return np.array(x, dtype=_dtype(dtype))

    # Kernels

    def conv(self, inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
        inputs = _dilated(inputs, input_dilation)
        windows = _windows(inputs, kernel.shape[:-2], strides, padding, kernel_dilation, 0)
        # windows: (batch, *output, channels, *window)
        rank = len(strides)
        filters = kernel.shape[-1] // groups
        channels = kernel.shape[-2]
        parts = []
        for g in range(groups):
            part = windows[(slice(None),) * (rank + 1) + (slice(g * channels, (g + 1) * channels),)]
            weights = np.moveaxis(kernel[..., g * filters : (g + 1) * filters], -2, 0)
            axes = list(range(rank + 1, 2 * rank + 2))
            parts.append(np.tensordot(part, weights, (axes, list(range(rank + 1)))))
        return np.concatenate(parts, -1).astype(inputs.dtype, copy=False)

    def pool(self, inputs, window, strides, padding, kind):
        floating = inputs.dtype.kind == "f" or inputs.dtype.name == "bfloat16"
        low, high = (-np.inf, np.inf) if floating else (np.iinfo(inputs.dtype).min, np.iinfo(inputs.dtype).max)
        kinds: dict[str, Any] = {"max": (low, np.max), "min": (high, np.min), "sum": (0, np.sum)}
        fill, reduce = kinds[kind]
        windows = _windows(inputs, window, strides, padding, [1] * len(window), fill)
        return reduce(windows, axis=tuple(range(-len(window), 0))).astype(inputs.dtype, copy=False)

    # Transforms

    def value_and_grad(self, fn, variables, has_aux=False):
        self.check_trains()

    def stop_gradient(self, x):
        return x

    def custom_gradient(self, fn):
        return lambda *args, **kwargs: fn(*args, **kwargs)[0]

    # Random

    def random(self, kind, seed, shape, dtype, *parameters):
        generator = np.random.Generator(np.random.Philox(key=[int(s) for s in np.asarray(seed).ravel()]))
        if kind == "permutation":
            return generator.permutation(parameters[0], parameters[1])
        return np.asarray(_DRAWS[kind](generator, shape, *parameters)).astype(_dtype(dtype))


def _truncated(generator, shape):
    values = generator.standard_normal(shape)
    while (outside := np.abs(values) > 2).any():
        values = np.where(outside, generator.standard_normal(shape), values)
    return values


def _categorical(generator, shape, logits, count):
    noise = generator.gumbel(size=(count, *logits.shape))
    return np.moveaxis(np.argmax(logits + noise, -1), 0, -1)


_DRAWS: dict[str, Any] = {
    "uniform": lambda g, shape: g.random(shape),
    "normal": lambda g, shape: g.standard_normal(shape),
    "truncated_normal": _truncated,
    "randint": lambda g, shape, low, high: g.integers(low, high, shape),
    "bernoulli": lambda g, shape, p: g.random(shape) < p,
    "gamma": lambda g, shape, alpha: g.gamma(alpha, size=shape),
    "beta": lambda g, shape, a, b: g.beta(a, b, shape),
    "binomial": lambda g, shape, n, p: g.binomial(np.asarray(n).astype("int64"), p, shape),
    "categorical": _categorical,
}


def _dtype(name):
    return numpy_dtype(name) if isinstance(name, str) else name


def _dilated(x, dilation):
    if all(d == 1 for d in dilation):
        return x
    shape = (x.shape[0], *[(n - 1) * d + 1 for n, d in zip(x.shape[1:-1], dilation)], x.shape[-1])
    result = np.zeros(shape, x.dtype)
    result[(slice(None), *[slice(None, None, d) for d in dilation])] = x
    return result


def _windows(x, window, strides, padding, dilation, fill):
    """Views of `x`: (batch, *spatial, channels) -> (batch, *output, channels, *window)."""
    spatial = x.shape[1:-1]
    if isinstance(padding, str):
        pads = [
            _same_pads(n, w, s, d) if padding == "same" else (0, 0) for n, w, s, d in zip(spatial, window, strides, dilation)
        ]
    else:
        pads = padding
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    extents = [(w - 1) * d + 1 for w, d in zip(window, dilation)]
    axes = tuple(range(1, 1 + len(window)))
    views = np.lib.stride_tricks.sliding_window_view(x, extents, axes)
    index = [slice(None), *[slice(None, None, s) for s in strides], slice(None), *[slice(None, None, d) for d in dilation]]
    return views[tuple(index)]


def _same_pads(length, window, stride, dilation):
    total = max(0, (window_output(length, window, stride, "same") - 1) * stride + (window - 1) * dilation + 1 - length)
    return total // 2, total - total // 2


_COMBINE = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


def _segment_reduce(data, segment_ids, num_segments, kind, nothing):
    result = np.full((num_segments, *data.shape[1:]), nothing, data.dtype)
    inside = (segment_ids >= 0) & (segment_ids < num_segments)
    _COMBINE[kind].at(result, segment_ids[inside], data[inside])
    return result
