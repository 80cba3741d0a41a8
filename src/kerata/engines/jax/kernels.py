"""Fast forms, on JAX, of a few ops. Each has the same values and gradients as the op's one body (a test says so)."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
from jax import lax

from kerata.engines.jax import recurrent as jax_recurrent


def _pairs(padding):
    return padding.upper() if isinstance(padding, str) else padding


# Above this size the patches of a convolution are not laid out in memory.
_MOST_PATCHES = 1 << 26
# Up to this many numbers a patch, a convolution is faster as patches and one matrix product (CPU).
_SHORT_PATCH = 32


def conv(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
    """See `Engine.conv`."""
    plain = groups == 1 and all(d == 1 for d in input_dilation)
    if plain and jax.default_backend() == "cpu" and jnp.issubdtype(inputs.dtype, jnp.floating):
        pads = _explicit(inputs, kernel, strides, padding, kernel_dilation)
        outputs = _output_lengths(inputs.shape, kernel.shape, strides, pads, kernel_dilation)
        if inputs.shape[0] * math.prod(outputs) * math.prod(kernel.shape[:-1]) <= _MOST_PATCHES:
            return _conv_on_cpu(inputs, kernel, tuple(strides), pads, tuple(kernel_dilation))
    return _direct(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups)


def _direct(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
    letters = "DHW"[3 - len(strides) :]
    return lax.conv_general_dilated(
        inputs,
        kernel,
        strides,
        _pairs(padding),
        lhs_dilation=input_dilation,
        rhs_dilation=kernel_dilation,
        dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
        feature_group_count=groups,
    )


def _explicit(inputs, kernel, strides, padding, dilation):
    if not isinstance(padding, str):
        return tuple(tuple(p) for p in padding)
    reach = [(w - 1) * d + 1 for w, d in zip(kernel.shape, dilation)]
    return tuple(lax.padtype_to_pads(inputs.shape[1:-1], reach, strides, padding.upper()))


def _output_lengths(shape, kernel_shape, strides, pads, dilation):
    return [
        (n + before + after - (w - 1) * d - 1) // s + 1
        for n, (before, after), w, s, d in zip(shape[1:-1], pads, kernel_shape, strides, dilation)
    ]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _conv_on_cpu(x, kernel, strides, pads, dilation):
    """A convolution whose kernel's gradient is one matrix product.

    XLA's own is a convolution with a window as large as the image, 2-3 times slower on the CPU. Convolutions of few
    channels are a matrix product forwards too.
    """
    if math.prod(kernel.shape[:-1]) <= _SHORT_PATCH:
        patches = _patches(x, kernel.shape, strides, pads, dilation)
        product = patches.reshape(-1, patches.shape[-1]) @ kernel.reshape(-1, kernel.shape[-1])
        return product.reshape(*patches.shape[:-1], kernel.shape[-1])
    return _direct(x, kernel, strides, pads, (1,) * len(strides), dilation, 1)


def _patches(x, kernel_shape, strides, pads, dilation):
    """(batch, *spatial, channels) -> (batch, *output, window * channels)."""
    outputs = _output_lengths(x.shape, kernel_shape, strides, pads, dilation)
    x = jnp.pad(x, [(0, 0), *pads, (0, 0)])
    slices = []
    for place in itertools.product(*[range(w) for w in kernel_shape[:-2]]):
        index = [slice(p * d, p * d + (n - 1) * s + 1, s) for p, d, n, s in zip(place, dilation, outputs, strides)]
        slices.append(x[(slice(None), *index)])
    return jnp.concatenate(slices, -1)


def _conv_forward(x, kernel, strides, pads, dilation):
    return _conv_on_cpu(x, kernel, strides, pads, dilation), (x, kernel)


def _conv_backward(strides, pads, dilation, saved, upstream):
    x, kernel = saved
    patches = _patches(x, kernel.shape, strides, pads, dilation)
    for_kernel = patches.reshape(-1, patches.shape[-1]).T @ upstream.reshape(-1, upstream.shape[-1])
    direct = lambda x: _direct(x, kernel, strides, pads, (1,) * len(strides), dilation, 1)
    (for_x,) = jax.linear_transpose(direct, x)(upstream)
    return for_x, for_kernel.reshape(kernel.shape)


_conv_on_cpu.defvjp(_conv_forward, _conv_backward)


def pool(inputs, window, strides, padding, kind):
    """See `Engine.pool`."""
    spatial = inputs.shape[1:-1]
    tiles = tuple(window) == tuple(strides) and (
        padding == "valid" or padding == "same" and all(n % w == 0 for n, w in zip(spatial, window))
    )
    if tiles and kind in ("max", "min") and all(n >= w for n, w in zip(spatial, window)):
        return _tiled_extreme(inputs, tuple(window), kind)
    window, strides = (1, *window, 1), (1, *strides, 1)
    if not isinstance(padding, str):
        padding = [(0, 0), *padding, (0, 0)]
    is_float = jnp.issubdtype(inputs.dtype, jnp.floating)
    bounds = (-jnp.inf, jnp.inf) if is_float else (jnp.iinfo(inputs.dtype).min, jnp.iinfo(inputs.dtype).max)
    start, combine = {"max": (bounds[0], lax.max), "min": (bounds[1], lax.min), "sum": (0, lax.add)}[kind]
    start = inputs.dtype.type(start)
    return lax.reduce_window(inputs, start, combine, window, strides, _pairs(padding))


def _tiles(x, window):
    """The strided slices of `x`, one for each place in a window: `x` as (places, batch, *output, channels)."""
    outputs = [n // w for n, w in zip(x.shape[1:-1], window)]
    slices = []
    for place in range(math.prod(window)):
        index = []
        for w, n in zip(reversed(window), reversed(outputs)):
            place, offset = divmod(place, w)
            index.append(slice(offset, offset + (n - 1) * w + 1, w))
        slices.append(x[(slice(None), *reversed(index))])
    return slices


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _tiled_extreme(x, window, kind):
    """Max or min over windows that do not overlap, as a maximum of strided slices.

    XLA's gradient of a pooling (select-and-scatter) is slow on the CPU; this one is elementwise. As there, the first
    of equal elements takes the whole gradient.
    """
    return functools.reduce(jnp.maximum if kind == "max" else jnp.minimum, _tiles(x, window))


def _tiled_forward(x, window, kind):
    result = _tiled_extreme(x, window, kind)
    return result, (x, result)


def _tiled_backward(window, kind, saved, upstream):
    x, result = saved
    free = jnp.ones(result.shape, bool)
    parts = []
    for part in _tiles(x, window):
        chosen = free & (part == result)
        free = free & ~chosen
        parts.append(jnp.where(chosen, upstream, 0))
    outputs = result.shape[1:-1]
    rank = len(window)
    grid = jnp.stack(parts).reshape(*window, *result.shape)
    order = [rank]
    for axis in range(rank):
        order += [rank + 1 + axis, axis]
    interleaved = grid.transpose([*order, 2 * rank + 1])
    covered = interleaved.reshape(result.shape[0], *[n * w for n, w in zip(outputs, window)], result.shape[-1])
    rest = [(0, n - c) for n, c in zip(x.shape, covered.shape)]
    return (jnp.pad(covered, rest),)


_tiled_extreme.defvjp(_tiled_forward, _tiled_backward)


def _segment_reduce(data, segment_ids, num_segments, kind, nothing):
    if kind == "prod":
        return NotImplemented  # JAX has no derivative of it
    ids = jnp.where(segment_ids < 0, num_segments, segment_ids)  # a negative number would count from the end
    return getattr(jax.ops, f"segment_{kind}")(data, ids, num_segments)


KERNELS = {
    **jax_recurrent.KERNELS,
    "einsum_of_bytes": lambda form, x, y, terms: jnp.einsum(form, x, y, preferred_element_type="int32"),
    "erfc_of_float": lax.erfc,
    "segment_reduce": _segment_reduce,
    "view_of_array": lambda x, dtype, ratio: (x.astype("uint8") if x.dtype == bool else x).view(dtype),
    "lu_factor_of_float": lambda x: tuple(jax.scipy.linalg.lu_factor(x)),
    "solve_triangular_of_float": lambda a, b, lower: jax.scipy.linalg.solve_triangular(a, b, lower=lower),
    "erf_of_float": lax.erf,
    "erfinv_of_float": lax.erf_inv,
    "logistic_of_float": lax.logistic,
    "totals_at": lambda index, values, size: jnp.zeros(size, values.dtype).at[jnp.where(index < 0, size, index)].add(values),
    "top_k_of_array": lambda x, k: tuple(lax.top_k(x, k)),
}
