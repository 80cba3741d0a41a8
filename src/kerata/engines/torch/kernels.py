"""PyTorch's own kernels. Each has the same values and gradients as the op's one body (a test says so).

Images come with channels last. A permuted view of them is what PyTorch calls channels-last memory, so nothing is copied.
"""

import torch
from torch.nn import functional

from kerata.engines.shapes import window_output
from kerata.engines.torch import functions as torch_functions, linalg as torch_linalg, optimizers as torch_optimizers

_CONV = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_CONV_TRANSPOSE = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}
_MAX_POOL = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}


def _channels_first(x):
    return x.movedim(-1, 1)


def _channels_last(x):
    return x.movedim(1, -1)


def _pads(spatial, window, strides, padding, dilation):
    """Padding as one pair an axis."""
    if padding == "valid":
        return [(0, 0)] * len(window)
    if padding != "same":
        return [tuple(p) for p in padding]
    pads = []
    for n, w, s, d in zip(spatial, window, strides, dilation):
        total = max(0, (window_output(n, w, s, "same") - 1) * s + (w - 1) * d + 1 - n)
        pads.append((total // 2, total - total // 2))
    return pads


def _padded(x, pads, value=0.0):
    """`x`, channels first, with borders; negative ones cut off."""
    return functional.pad(x, [n for pair in reversed(pads) for n in pair], value=value) if any(map(any, pads)) else x


def _split_pads(x, pads, value=0.0):
    """`x` with the uneven part of the padding, and the even part for the kernel to do."""
    if all(a == b and a >= 0 for a, b in pads):
        return x, [a for a, _ in pads]
    return _padded(x, pads, value), [0] * len(pads)


def conv(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
    """See `Engine.conv`."""
    return biased_conv(inputs, kernel, None, strides, padding, input_dilation, kernel_dilation, groups)


def biased_conv(inputs, kernel, bias, strides, padding, input_dilation, kernel_dilation, groups):
    """See `Engine.biased_conv`."""
    rank = len(strides)
    spatial = [(n - 1) * d + 1 for n, d in zip(inputs.shape[1:-1], input_dilation)]
    pads = _pads(spatial, kernel.shape[:-2], strides, padding, kernel_dilation)
    x = _channels_first(inputs)
    if any(d > 1 for d in input_dilation):
        y = _channels_last(_spread_conv(x, kernel, pads, input_dilation, kernel_dilation))
        return y if bias is None else y + bias
    weights = _laid_out(kernel).permute(rank + 1, rank, *range(rank))
    x, even = _split_pads(x, pads)
    return _channels_last(_CONV[rank](x, weights, bias, strides, even, kernel_dilation, groups))


def _laid_out(kernel):
    """A kernel (*window, channels, filters) whose memory is in the order that the library wants: (filters, *window, channels).

    A variable's storage is laid out anew once, when it is first used; its shape stays.
    """
    if kernel.is_leaf and kernel.requires_grad and kernel.ndim > 3 and kernel.is_contiguous():
        rank = kernel.ndim - 2
        memory = kernel.detach().permute(rank + 1, *range(rank + 1)).contiguous()
        kernel.data = memory.permute(*range(1, rank + 2), 0)
    return kernel


def _spread_conv(x, kernel, pads, input_dilation, kernel_dilation):
    """A convolution of inputs with zeros between them, which is the library's transposed convolution."""
    rank = len(input_dilation)
    flipped = torch.flip(kernel, tuple(range(rank)))
    weights = flipped.permute(rank, rank + 1, *range(rank))
    full = _CONV_TRANSPOSE[rank](x, weights, None, input_dilation, 0, 0, 1, kernel_dilation)
    reach = [(w - 1) * d + 1 for w, d in zip(kernel.shape, kernel_dilation)]
    return _padded(full, [(before - r + 1, after - r + 1) for (before, after), r in zip(pads, reach)])


def pool(inputs, window, strides, padding, kind):
    """See `Engine.pool`."""
    rank, pads = len(window), _pads(inputs.shape[1:-1], window, strides, padding, (1,) * len(window))
    x = _channels_first(inputs)
    if not x.is_floating_point():
        return _channels_last(_pool_by_windows(x, window, strides, pads, kind))
    if kind == "sum":
        ones = torch.ones((), dtype=x.dtype, device=x.device).expand(x.shape[1], 1, *window)
        return _channels_last(_CONV[rank](_padded(x, pads), ones, None, strides, 0, 1, x.shape[1]))
    x = x if kind == "max" else -x
    fits = all(a == b and 2 * a <= w for (a, b), w in zip(pads, window))
    even = [a for a, _ in pads] if fits else 0
    y = _MAX_POOL[rank](x if fits else _padded(x, pads, -torch.inf), window, strides, even)
    return _channels_last(y if kind == "max" else -y)


def _pool_by_windows(x, window, strides, pads, kind):
    """Pooling of integers, which the library lacks."""
    limits = torch.iinfo(x.dtype)
    x = _padded(x, pads, {"max": limits.min, "min": limits.max, "sum": 0}[kind])
    for axis, (w, s) in enumerate(zip(window, strides), 2):
        x = x.unfold(axis, w, s)
    axes = tuple(range(-len(window), 0))
    if kind == "sum":
        return torch.sum(x, axes).to(x.dtype)
    return (torch.amax if kind == "max" else torch.amin)(x, axes)


def _totals_at(index, values, size):
    inside = (index >= 0) & (index < size)
    totals = torch.zeros(size, dtype=values.dtype, device=values.device)
    return totals.index_add(0, torch.where(inside, index, 0).long(), torch.where(inside, values, 0))


def _top_k(x, k):
    if x.dtype == torch.bool:
        return NotImplemented
    order = torch.sort(x, dim=-1, descending=True, stable=True)
    return order.values[..., :k], order.indices[..., :k].to(torch.int32)


def _at_class(values, target, axis, otherwise=0.0):
    classes = target.to(torch.int64)
    inside = (classes >= 0) & (classes < values.shape[axis])
    found = values.gather(axis, torch.where(inside, classes, 0).unsqueeze(axis)).squeeze(axis)
    return torch.where(inside, found, otherwise)


_REDUCE = {"sum": "sum", "prod": "prod", "max": "amax", "min": "amin"}


def _segment_reduce(data, segment_ids, num_segments, kind, nothing):
    if data.dtype == torch.bool or data.dtype in (torch.uint16, torch.uint32, torch.uint64):
        return _segment_reduce(data.to(torch.int64), segment_ids, num_segments, kind, int(nothing)).to(data.dtype)
    inside = (segment_ids >= 0) & (segment_ids < num_segments)
    rows = torch.where(inside, segment_ids, num_segments).long()  # those left out go to a row more
    start = torch.full((num_segments + 1, *data.shape[1:]), nothing, dtype=data.dtype, device=data.device)
    if kind == "sum":
        return start.index_add(0, rows, data)[:num_segments]
    places = rows.reshape(-1, *[1] * (data.ndim - 1)).expand(data.shape)
    return start.scatter_reduce(0, places, data, _REDUCE[kind])[:num_segments]


def _einsum_of_bytes(subscripts, x, y, terms):
    """The library's product of int8 matrices, where `y` is one, or its leading axes are those that `x` ends in."""
    (left, right), outputs = subscripts.partition("->")[0].split(","), subscripts.partition("->")[2]
    summed = "".join(letter for letter in right if letter not in outputs)
    kept = right[len(summed) :]
    plain = right.startswith(summed) and left.endswith(summed) and outputs == left[: len(left) - len(summed)] + kept
    if not plain or x.device.type != "cpu":
        return NotImplemented
    rows, columns = y.shape[: len(summed)], y.shape[len(summed) :]
    before = x.shape[: x.ndim - len(summed)]
    product = torch._int_mm(x.reshape(-1, rows.numel()), y.reshape(rows.numel(), -1))
    return product.reshape(*before, *columns)


KERNELS = {
    **torch_functions.KERNELS,
    **torch_linalg.KERNELS,
    **torch_optimizers.KERNELS,
    "at_class": _at_class,
    "einsum_of_bytes": _einsum_of_bytes,
    "erf_of_float": torch.erf,
    "erfc_of_float": torch.erfc,
    "segment_reduce": _segment_reduce,
    "erfinv_of_float": torch.erfinv,
    "logistic_of_float": torch.sigmoid,
    "totals_at": _totals_at,
    "top_k_of_array": _top_k,
}
