"""GPTQ and AWQ: weights quantized so that a layer's outputs on calibration data change least. On the host, in NumPy."""

from typing import Any

import numpy as np

_BLOCK = 128  # columns of a weight that are finished before the rest learns of their error, in one product


def scales_of(weight, bits, symmetric=False):
    """The scale and zero point of each row, such that its values, and 0, lie in the range of unsigned integers.

    Shapes: (outputs, inputs) -> (outputs,), (outputs,).
    """
    least, most = np.minimum(weight.min(1), 0), np.maximum(weight.max(1), 0)
    if symmetric:
        most = np.maximum(-least, most)
        least = np.where(least < 0, -most, 0 * most)
    nothing = (least == 0) & (most == 0)
    least, most = np.where(nothing, -1, least), np.where(nothing, 1, most)
    highest = 2**bits - 1
    scale = (most - least) / highest
    zero = np.full_like(scale, (highest + 1) // 2) if symmetric else np.round(-least / scale)
    return scale, zero


def quantized(weight, scale, zero, bits):
    """The nearest integers; `scale` and `zero` lie along the rows."""
    return np.clip(np.round(weight / scale) + zero, 0, 2**bits - 1)


def round_to_nearest(weight, bits, group, symmetric=False):
    """Integers, scales, zero points and the group of each input.

    Shapes: (outputs, inputs) -> (outputs, inputs), (outputs, groups), (outputs, groups), (inputs,).
    """
    weight = np.asarray(weight, "float64")
    parts = [weight[:, i : i + group] for i in range(0, weight.shape[1], group)]
    scales, zeros = zip(*(scales_of(part, bits, symmetric) for part in parts))
    integers = [quantized(part, s[:, None], z[:, None], bits) for part, s, z in zip(parts, scales, zeros)]
    return _typed(np.concatenate(integers, 1), np.stack(scales, 1), np.stack(zeros, 1), np.arange(weight.shape[1]) // group)


def _typed(integers, scale, zero, group_of_input):
    return integers.astype("uint8"), scale.astype("float32"), zero.astype("uint8"), group_of_input.astype("float32")


def gptq(weight, moments, config, group):
    """Integers of a weight, column after column, the columns to come making up for the error of those before.

    Shapes: (outputs, inputs), (inputs, inputs) -> as `round_to_nearest`.

    Args:
        weight: floats.
        moments: the sums of products of inputs.
        config: a `GPTQConfig`.
        group: how many inputs share a scale.
    """
    weight, moments = np.array(weight, "float64"), np.array(moments, "float64")
    unseen = np.diag(moments) == 0
    moments[unseen, unseen] = 1
    inputs = weight.shape[1]
    order = np.argsort(-np.diag(moments), kind="stable") if config.activation_order else np.arange(inputs)
    weight, moments = weight[:, order], moments[np.ix_(order, order)]
    moments[np.diag_indices(inputs)] += config.hessian_damping * np.diag(moments).mean()
    factor = np.linalg.cholesky(np.linalg.inv(moments)).T  # row i: how a column's error is shared by those after it
    shared = None if config.per_channel else scales_of(weight.reshape(1, -1), config.weight_bits, config.symmetric)
    integers, scales, zeros = np.empty_like(weight), [], []
    for start in range(0, inputs, _BLOCK):
        end = min(start + _BLOCK, inputs)
        errors = np.empty((len(weight), end - start))
        for i in range(start, end):
            if i % group == 0:
                columns = _up_to_date(weight, errors, factor, start, i, min(i + group, inputs), end)
                scale, zero = shared or scales_of(columns, config.weight_bits, config.symmetric)
                scales.append(np.broadcast_to(scale, len(weight)))
                zeros.append(np.broadcast_to(zero, len(weight)))
            integers[:, i] = quantized(weight[:, i], scale, zero, config.weight_bits)
            errors[:, i - start] = (weight[:, i] - (integers[:, i] - zero) * scale) / factor[i, i]
            weight[:, i:end] -= np.outer(errors[:, i - start], factor[i, i:end])
        weight[:, end:] -= errors @ factor[start:end, end:]
    back = np.argsort(order)
    return _typed(integers[:, back], np.stack(scales, 1), np.stack(zeros, 1), (np.arange(inputs) // group)[back])


def _up_to_date(weight, errors, factor, start, first, last, end):
    """Columns of a group, those past the block with the errors that they have not been told of."""
    columns = weight[:, first:last].copy()
    if last > end and first > start:
        columns[:, end - first :] -= errors[:, : first - start] @ factor[start:first, end:last]
    return columns


def awq(weight, moments, magnitudes, config, group):
    """Integers of a weight whose inputs' parts were multiplied by a power of the inputs' mean magnitudes.

    Of `num_grid_points` powers from 0 up to 1 the one is taken that leaves the least squared error in the outputs.

    Shapes: (outputs, inputs), (inputs, inputs), (inputs,) -> as `round_to_nearest`, and the scales (inputs,).
    """
    weight = np.asarray(weight, "float64")
    best: Any = None
    magnitudes = np.maximum(np.asarray(magnitudes, "float64"), 1e-8)
    for power in np.arange(config.num_grid_points) / config.num_grid_points:
        scales = np.maximum(magnitudes**power, 1e-4)
        scales = scales / np.sqrt(scales.max() * scales.min())
        found = round_to_nearest(weight * scales, config.weight_bits, group)
        error = dequantized(*found) / scales - weight
        loss = np.einsum("oi,ij,oj->", error, moments, error, optimize=True)
        if best is None or loss < best[0]:
            best = loss, found, scales.astype("float32")
    return best[1], best[2]


def dequantized(integers, scale, zero, group_of_input):
    """The values of integers: (outputs, inputs)."""
    group = group_of_input.astype(int)
    return (integers.astype("float64") - zero[:, group]) * scale[:, group]
