"""LSTM and GRU over whole sequences on JAX, with gradients written by hand.

The forward loop saves the gates. The backward loop then holds only elementwise work and the product with the recurrent
kernel; the gradients of both kernels, and of the inputs, are one matrix product each after it. The sigmoids are taken by
`sigmoid(x) = tanh(x / 2) / 2 + 1 / 2`, the halves being put into the kernels, so that one tanh over all gates remains.
On the CPU this makes the forward loop twice as fast: XLA would otherwise compute each gate anew for h and for c.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax


def lstm(
    inputs,
    initial_state_h,
    initial_state_c,
    kernel,
    recurrent_kernel,
    bias=None,
    mask=None,
    activation=None,
    recurrent_activation=None,
    return_sequences=False,
    go_backwards=False,
    unroll=False,
    zero_output_for_mask=False,
):
    """See `ops.lstm`; declines other activations than the default ones."""
    arrays = _arrays(inputs, initial_state_h, initial_state_c, kernel, recurrent_kernel)
    if activation is not None or recurrent_activation is not None or arrays is None:
        return NotImplemented
    x, h, c, kernel, recurrent_kernel = arrays
    bias = jnp.zeros(kernel.shape[-1:], x.dtype) if bias is None else jnp.asarray(bias, x.dtype)
    weights = (kernel, recurrent_kernel, bias)
    return _lstm(x, (h, c), weights, _mask(mask), return_sequences, go_backwards, bool(unroll), zero_output_for_mask)


def gru(
    inputs,
    initial_state,
    kernel,
    recurrent_kernel,
    bias=None,
    mask=None,
    activation=None,
    recurrent_activation=None,
    return_sequences=False,
    go_backwards=False,
    unroll=False,
    zero_output_for_mask=False,
    reset_after=True,
):
    """See `ops.gru`; declines other activations than the default ones, and `reset_after=False`."""
    arrays = _arrays(inputs, initial_state, kernel, recurrent_kernel)
    if activation is not None or recurrent_activation is not None or not reset_after or arrays is None:
        return NotImplemented
    x, h, kernel, recurrent_kernel = arrays
    bias = jnp.zeros((2, kernel.shape[-1]), x.dtype) if bias is None else jnp.asarray(bias, x.dtype)
    weights = (kernel, recurrent_kernel, bias)
    return _gru(x, (h,), weights, _mask(mask), return_sequences, go_backwards, bool(unroll), zero_output_for_mask)


def _arrays(*xs):
    """The arguments as arrays, or None if they differ in dtype, hold no floats, or there is no step."""
    xs = [jnp.asarray(x) for x in xs]
    alike = all(x.dtype == xs[0].dtype for x in xs) and jnp.issubdtype(xs[0].dtype, jnp.floating)
    return xs if alike and xs[0].shape[1] else None


def _mask(mask):
    """(batch, time) or (batch,) -> (time or 1, batch, 1)."""
    if mask is None:
        return None
    mask = jnp.asarray(mask, "bool")
    mask = mask.reshape(*mask.shape[:2], -1).any(-1) if mask.ndim > 1 else mask[:, None]
    return mask.T[..., None]


def _over_sequence(sequence):
    """`sequence(x, states, weights, mask, unroll)` in time-major, running order, with the options of the ops."""

    @functools.partial(jax.jit, static_argnums=(4, 5, 6, 7))
    def run(x, states, weights, mask, return_sequences, go_backwards, unroll, zero_output_for_mask):
        x = jnp.swapaxes(x, 0, 1)
        if mask is not None:
            mask = jnp.broadcast_to(mask, (*x.shape[:2], 1))
        if go_backwards:
            x, mask = x[::-1], mask if mask is None else mask[::-1]
        outputs, *states = sequence(x, states, weights, mask, unroll, return_sequences)
        output = outputs if return_sequences else states[0]
        if zero_output_for_mask and mask is not None:
            output = jnp.where(mask if return_sequences else mask[-1], output, 0)
        return (jnp.swapaxes(output, 0, 1) if return_sequences else output, *states)

    return run


def _halved(weights, units, gates, candidate):
    """The weights with those of the sigmoid gates halved: all but the block `candidate`."""
    scale = jnp.concatenate([jnp.full((units,), 1.0 if g == candidate else 0.5, weights[0].dtype) for g in range(gates)])
    return [w * scale for w in weights]


def _projection(x, kernel, bias, keep):
    """What the loop runs over, and the function that makes a step's projection of it.

    One product for all steps, before the loop; on the CPU without gradients, where nothing waits for the projections
    after the loop, products inside it are faster: they stay in the cache.
    """
    if keep == "all" or jax.default_backend() != "cpu":
        return x @ kernel + bias, lambda projected: projected
    return x, lambda x: x @ kernel + bias


def _shifted(first, xs):
    """`first` and all of `xs` but the last: what each step began with."""
    return jnp.concatenate([first[None], xs[:-1]])


def _product_gradients(x, h, for_x, for_h, kernel):
    """The gradients of x, of its kernel and of the recurrent kernel, from those of the two products of all steps."""
    steps, batch, features = x.shape
    flat_x, flat_h = for_x.reshape(-1, for_x.shape[-1]), for_h.reshape(-1, for_h.shape[-1])
    # XLA's product with a transposed right side is slow on the CPU, hence the copy.
    transposed = lax.optimization_barrier(kernel.T)
    return (
        (flat_x @ transposed).reshape(x.shape),
        x.reshape(-1, features).T @ flat_x,
        h.reshape(steps * batch, -1).T @ flat_h,
    )


# LSTM


def _lstm_steps(x, states, weights, mask, unroll, keep):
    kernel, recurrent, bias = weights
    units = recurrent.shape[0]
    kernel, recurrent, bias = _halved(weights, units, 4, candidate=2)
    feed, project = _projection(x, kernel, bias, keep)

    def step(carry, inputs):
        h, c = carry
        x, counts = inputs
        i, f, g, o = jnp.split(jnp.tanh(project(x) + h @ recurrent), 4, -1)
        i, f, o = i * 0.5 + 0.5, f * 0.5 + 0.5, o * 0.5 + 0.5
        new_c = f * c + i * g
        new_h = o * jnp.tanh(new_c)
        if counts is not None:
            new_h, new_c = jnp.where(counts, new_h, h), jnp.where(counts, new_c, c)
        return (new_h, new_c), {"all": (new_h, new_c, (i, f, g, o)), "outputs": new_h, "last": None}[keep]

    return lax.scan(step, states, (feed, mask), unroll=x.shape[0] if unroll else 1)


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _lstm_sequence(x, states, weights, mask, unroll, return_sequences):
    states, outputs = _lstm_steps(x, states, weights, mask, unroll, "outputs" if return_sequences else "last")
    return outputs, *states


def _lstm_forward(x, states, weights, mask, unroll, return_sequences):
    last, (hs, cs, gates) = _lstm_steps(x, states, weights, mask, unroll, "all")
    return (hs if return_sequences else None, *last), (x, states, weights, mask, hs, cs, gates)


def _lstm_backward(unroll, return_sequences, saved, upstream):
    x, (h, c), (kernel, recurrent, _), mask, hs, cs, gates = saved
    from_outputs, dh, dc = upstream
    transposed = lax.optimization_barrier(recurrent.T)

    def step(carry, inputs):
        dh, dc = carry
        (i, f, g, o), c, before, from_output, counts = inputs
        if from_output is not None:
            dh = dh + from_output
        passed_h, passed_c = dh, dc
        if counts is not None:
            dh, dc = jnp.where(counts, dh, 0), jnp.where(counts, dc, 0)
        tanh_c = jnp.tanh(c)
        dc = dc + dh * o * (1 - tanh_c * tanh_c)
        parts = (dc * g * i * (1 - i), dc * before * f * (1 - f), dc * i * (1 - g * g), dh * tanh_c * o * (1 - o))
        gradient = jnp.concatenate(parts, -1)
        dh, dc = gradient @ transposed, dc * f
        if counts is not None:
            dh, dc = jnp.where(counts, dh, passed_h), jnp.where(counts, dc, passed_c)
        return (dh, dc), gradient

    inputs = (gates, cs, _shifted(c, cs), from_outputs, mask)
    (dh, dc), gradients = lax.scan(step, (dh, dc), inputs, reverse=True, unroll=x.shape[0] if unroll else 1)
    dx, dkernel, drecurrent = _product_gradients(x, _shifted(h, hs), gradients, gradients, kernel)
    return dx, (dh, dc), (dkernel, drecurrent, gradients.sum((0, 1))), None


_lstm_sequence.defvjp(_lstm_forward, _lstm_backward)
_lstm = _over_sequence(_lstm_sequence)


# GRU


def _gru_steps(x, states, weights, mask, unroll, keep):
    units = weights[1].shape[0]
    kernel, recurrent, (bias, recurrent_bias) = _halved(weights, units, 3, candidate=2)
    feed, project = _projection(x, kernel, bias, keep)

    def step(carry, inputs):
        (h,) = carry
        x, counts = inputs
        projected = project(x)
        product = h @ recurrent + recurrent_bias
        both = jnp.tanh(projected[:, : 2 * units] + product[:, : 2 * units]) * 0.5 + 0.5
        update, reset = both[:, :units], both[:, units:]
        inner = product[:, 2 * units :]
        candidate = jnp.tanh(projected[:, 2 * units :] + reset * inner)
        new = update * h + (1 - update) * candidate
        if counts is not None:
            new = jnp.where(counts, new, h)
        return (new,), {"all": (new, (update, reset, candidate, inner)), "outputs": new, "last": None}[keep]

    return lax.scan(step, states, (feed, mask), unroll=x.shape[0] if unroll else 1)


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _gru_sequence(x, states, weights, mask, unroll, return_sequences):
    states, outputs = _gru_steps(x, states, weights, mask, unroll, "outputs" if return_sequences else "last")
    return outputs, *states


def _gru_forward(x, states, weights, mask, unroll, return_sequences):
    last, (hs, gates) = _gru_steps(x, states, weights, mask, unroll, "all")
    return (hs if return_sequences else None, *last), (x, states, weights, mask, hs, gates)


def _gru_backward(unroll, return_sequences, saved, upstream):
    x, (h,), (kernel, recurrent, _), mask, hs, gates = saved
    from_outputs, dh = upstream
    units = recurrent.shape[0]
    transposed = lax.optimization_barrier(recurrent.T)

    def step(carry, inputs):
        (dh,) = carry
        (update, reset, candidate, inner), before, from_output, counts = inputs
        if from_output is not None:
            dh = dh + from_output
        passed = dh
        if counts is not None:
            dh = jnp.where(counts, dh, 0)
        dcandidate = dh * (1 - update) * (1 - candidate * candidate)
        dupdate = dh * (before - candidate) * update * (1 - update)
        dreset = dcandidate * inner * reset * (1 - reset)
        gradient = jnp.concatenate((dupdate, dreset, dcandidate * reset), -1)
        dh = dh * update + gradient @ transposed
        return (dh if counts is None else jnp.where(counts, dh, passed),), (gradient, dcandidate)

    befores = _shifted(h, hs)
    inputs = (gates, befores, from_outputs, mask)
    (dh,), (gradients, dcandidates) = lax.scan(step, (dh,), inputs, reverse=True, unroll=x.shape[0] if unroll else 1)
    for_x = jnp.concatenate([gradients[..., : 2 * units], dcandidates], -1)
    dx, dkernel, drecurrent = _product_gradients(x, befores, for_x, gradients, kernel)
    return dx, (dh,), (dkernel, drecurrent, jnp.stack([for_x.sum((0, 1)), gradients.sum((0, 1))])), None


_gru_sequence.defvjp(_gru_forward, _gru_backward)
_gru = _over_sequence(_gru_sequence)

KERNELS = {"lstm": lstm, "gru": gru}
