"""LSTM and GRU over whole sequences with gradients written by hand, for engines whose libraries have none.

The forward loop saves the gates. Before the backward loop, the factors by which a step multiplies what comes from behind
are computed for all steps at once; the loop then holds the products with them and with the recurrent kernel; the gradients
of both kernels, and of the inputs, are one matrix product each after it. The sigmoids are taken by
`sigmoid(x) = tanh(x / 2) / 2 + 1 / 2`, the halves being put into the kernels, so that one tanh over all gates remains.

Sequences are (time, batch, features) in running order; masks (time, batch, 1) or None. `states` are `(h, c)` or `(h,)`,
`weights` the kernel, the recurrent kernel and the bias.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Primitives(NamedTuple):
    """What an engine gives: its numpy-like namespace, a loop, and what it does best with two kinds of product."""

    xp: Any
    as_array: Callable  # as_array(x, dtype=None)
    scan: Callable  # scan(step, carry, xs, reverse, unroll): step(carry, x) -> (carry, y); returns (carry, ys)
    transposed: Callable  # a matrix, for the right side of a product
    products_in_loop: Callable  # () -> whether the inputs' products are faster inside a loop that saves nothing


class Sequence(NamedTuple):
    """A recurrent network: its forward loop, and its gradient from what the loop saved."""

    run: Callable  # run(primitives, x, states, weights, mask, unroll, keep) -> (states, ys)
    gradient: Callable  # gradient(primitives, x, states, weights, mask, unroll, saved, from_outputs, from_states)


def kernels(primitives, differentiable):
    """An engine's kernels of `ops.lstm` and `ops.gru`.

    They decline other activations than the default ones, `reset_after=False`, and what differs in dtype or is open in shape.

    Args:
        differentiable: `differentiable(sequence, x, states, weights, mask, unroll, return_sequences)` runs a `Sequence`
            with its gradient, and returns `(outputs or None, *states)`.
    """

    def lstm(inputs, initial_state_h, initial_state_c, kernel, recurrent_kernel, bias=None, *options, **others):
        arrays = [inputs, initial_state_h, initial_state_c, kernel, recurrent_kernel]
        return _over_sequence(primitives, differentiable, LSTM, arrays, bias, kernel.shape[-1:], *options, **others)

    def gru(inputs, initial_state, kernel, recurrent_kernel, bias=None, *options, **others):
        arrays = [inputs, initial_state, kernel, recurrent_kernel]
        return _over_sequence(primitives, differentiable, GRU, arrays, bias, (2, kernel.shape[-1]), *options, **others)

    return {"lstm": lstm, "gru": gru}


def _over_sequence(
    primitives, differentiable, sequence, arrays, bias, bias_shape, mask=None, activation=None, recurrent_activation=None,
    return_sequences=False, go_backwards=False, unroll=False, zero_output_for_mask=False, reset_after=True,
):  # fmt: skip
    """A sequence with the options of the ops: inputs (batch, time, features), a mask (batch, time) or (batch,)."""
    arrays = [primitives.as_array(x) for x in arrays]
    if activation is not None or recurrent_activation is not None or not reset_after or not _can_run(arrays):
        return NotImplemented
    xp = primitives.xp
    x, *states, kernel, recurrent_kernel = arrays
    bias = xp.zeros(tuple(bias_shape), dtype=x.dtype) if bias is None else primitives.as_array(bias, x.dtype)
    weights = (kernel, recurrent_kernel, bias)
    x = xp.swapaxes(x, 0, 1)
    if mask is not None:
        mask = primitives.as_array(mask, "bool")
        mask = xp.any(xp.reshape(mask, (*mask.shape[:2], -1)), -1) if len(mask.shape) > 1 else mask[:, None]
        mask = xp.broadcast_to(xp.swapaxes(mask, 0, 1)[..., None], (*x.shape[:2], 1))
    if go_backwards:
        x, mask = x[::-1], mask if mask is None else mask[::-1]
    outputs, *states = differentiable(sequence, x, tuple(states), weights, mask, bool(unroll), bool(return_sequences))
    output = outputs if return_sequences else states[0]
    if zero_output_for_mask and mask is not None:
        output = xp.where(mask if return_sequences else mask[-1], output, 0)
    return (xp.swapaxes(output, 0, 1) if return_sequences else output, *states)


def _can_run(arrays):
    """Whether the arrays are floats of one dtype, of known shapes, with a step at least."""
    names = {getattr(x.dtype, "name", x.dtype) for x in arrays}
    shape = tuple(arrays[0].shape)
    return len(names) == 1 and names <= {"float16", "bfloat16", "float32", "float64"} and None not in shape and shape[1] > 0


def _halved(primitives, weights, gates, candidate):
    """The weights with those of the sigmoid gates halved: all but the block `candidate`; and the function of the tanh that
    makes gates of it."""
    halves = np.repeat([1.0 if g == candidate else 0.5 for g in range(gates)], weights[1].shape[0]).astype("float32")
    scale, shift = (primitives.as_array(v, weights[0].dtype) for v in (halves, 1 - halves))
    return [w * scale for w in weights], lambda x: x * scale + shift


def _projection(primitives, x, kernel, bias, keep):
    """What the loop runs over, and the function that makes a step's projection of it.

    One product for all steps, before the loop; or products inside it, where they stay in the cache.
    """
    if keep == "all" or not primitives.products_in_loop():
        return primitives.xp.matmul(x, kernel) + bias, lambda projected: projected
    return x, lambda x: primitives.xp.matmul(x, kernel) + bias


def _shifted(xp, first, xs):
    """`first` and all of `xs` but the last: what each step began with."""
    return xp.concatenate([first[None], xs[:-1]])


def _product_gradients(primitives, x, h, for_x, for_h, kernel):
    """The gradients of x, of its kernel and of the recurrent kernel, from those of the two products of all steps."""
    xp = primitives.xp
    rows = lambda v: xp.reshape(v, (-1, v.shape[-1]))
    flat_x, flat_h = rows(for_x), rows(for_h)
    return (
        xp.reshape(xp.matmul(flat_x, primitives.transposed(kernel)), x.shape),
        xp.matmul(xp.transpose(rows(x)), flat_x),
        xp.matmul(xp.transpose(rows(h)), flat_h),
    )


# LSTM


def _lstm(primitives, x, states, weights, mask, unroll, keep):
    xp = primitives.xp
    (kernel, recurrent, bias), as_gates = _halved(primitives, weights, 4, candidate=2)
    feed, project = _projection(primitives, x, kernel, bias, keep)

    def step(carry, inputs):
        h, c = carry
        x, counts = inputs
        gates = as_gates(xp.tanh(project(x) + xp.matmul(h, recurrent)))
        i, f, g, o = xp.split(gates, 4, -1)
        new_c = f * c + i * g
        new_h = o * xp.tanh(new_c)
        if counts is not None:
            new_h, new_c = xp.where(counts, new_h, h), xp.where(counts, new_c, c)
        return (new_h, new_c), {"all": (new_h, new_c, gates), "outputs": new_h, "last": None}[keep]

    return primitives.scan(step, states, (feed, mask), False, unroll)


def _lstm_gradient(primitives, x, states, weights, mask, unroll, saved, from_outputs, from_states):
    xp, (h, c), (kernel, recurrent, _), (hs, cs, gates) = primitives.xp, states, weights, saved
    transposed = primitives.transposed(recurrent)
    i, f, g, o = xp.split(gates, 4, -1)
    tanh_c = xp.tanh(cs)
    to_c = o * (1 - tanh_c * tanh_c)
    to_gates = xp.concatenate([g * i * (1 - i), _shifted(xp, c, cs) * f * (1 - f), i * (1 - g * g), tanh_c * o * (1 - o)], -1)

    def step(carry, inputs):
        dh, dc = carry
        to_c, to_gates, f, from_output, counts = inputs
        if from_output is not None:
            dh = dh + from_output
        passed_h, passed_c = dh, dc
        if counts is not None:
            dh, dc = xp.where(counts, dh, 0), xp.where(counts, dc, 0)
        dc = dc + dh * to_c
        gradient = xp.concatenate([dc, dc, dc, dh], -1) * to_gates
        dh, dc = xp.matmul(gradient, transposed), dc * f
        if counts is not None:
            dh, dc = xp.where(counts, dh, passed_h), xp.where(counts, dc, passed_c)
        return (dh, dc), gradient

    inputs = (to_c, to_gates, f, from_outputs, mask)
    states, gradients = primitives.scan(step, from_states, inputs, True, unroll)
    dx, dkernel, drecurrent = _product_gradients(primitives, x, _shifted(xp, h, hs), gradients, gradients, kernel)
    return dx, states, (dkernel, drecurrent, xp.sum(gradients, (0, 1)))


# GRU, with the reset gate after the recurrent product


def _gru(primitives, x, states, weights, mask, unroll, keep):
    xp, units = primitives.xp, weights[1].shape[0]
    (kernel, recurrent, biases), _ = _halved(primitives, weights, 3, candidate=2)
    feed, project = _projection(primitives, x, kernel, biases[0], keep)

    def step(carry, inputs):
        (h,) = carry
        x, counts = inputs
        projected = project(x)
        product = xp.matmul(h, recurrent) + biases[1]
        both = xp.tanh(projected[:, : 2 * units] + product[:, : 2 * units]) * 0.5 + 0.5
        update, reset = both[:, :units], both[:, units:]
        inner = product[:, 2 * units :]
        candidate = xp.tanh(projected[:, 2 * units :] + reset * inner)
        new = update * h + (1 - update) * candidate
        if counts is not None:
            new = xp.where(counts, new, h)
        return (new,), {"all": (new, (both, candidate, inner)), "outputs": new, "last": None}[keep]

    return primitives.scan(step, states, (feed, mask), False, unroll)


def _gru_gradient(primitives, x, states, weights, mask, unroll, saved, from_outputs, from_states):
    xp, (h,), (kernel, recurrent, _), (hs, (both, candidate, inner)) = primitives.xp, states, weights, saved
    units = recurrent.shape[0]
    transposed = primitives.transposed(recurrent)
    update, reset, before = both[..., :units], both[..., units:], _shifted(xp, h, hs)
    to_candidate = (1 - update) * (1 - candidate * candidate)
    to_reset = to_candidate * inner * reset * (1 - reset)
    to_gates = xp.concatenate([(before - candidate) * update * (1 - update), to_reset, to_candidate * reset], -1)

    def step(carry, inputs):
        (dh,) = carry
        update, to_gates, from_output, counts = inputs
        if from_output is not None:
            dh = dh + from_output
        passed = dh
        if counts is not None:
            dh = xp.where(counts, dh, 0)
        gradient = xp.concatenate([dh, dh, dh], -1) * to_gates
        before = dh * update + xp.matmul(gradient, transposed)
        return (before if counts is None else xp.where(counts, before, passed),), (gradient, dh)

    states, (gradients, dhs) = primitives.scan(step, from_states, (update, to_gates, from_outputs, mask), True, unroll)
    for_x = xp.concatenate([gradients[..., : 2 * units], dhs * to_candidate], -1)
    dx, dkernel, drecurrent = _product_gradients(primitives, x, before, for_x, gradients, kernel)
    return dx, states, (dkernel, drecurrent, xp.stack([xp.sum(for_x, (0, 1)), xp.sum(gradients, (0, 1))]))


LSTM = Sequence(_lstm, _lstm_gradient)
GRU = Sequence(_gru, _gru_gradient)
