"""LSTM and GRU on JAX: the loops of `recurrent_sequences`, which are twice as fast on the CPU as those XLA derives.

XLA would compute each gate anew for h and for c.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from kerata.engines.recurrent_sequences import Primitives, kernels


def _scan(step, carry, xs, reverse, unroll):
    length = jax.tree.leaves(xs)[0].shape[0]
    return lax.scan(step, carry, xs, reverse=reverse, unroll=length if unroll else 1)


_PRIMITIVES = Primitives(
    xp=jnp,
    as_array=jnp.asarray,
    scan=_scan,
    # XLA's product with a transposed right side is slow on the CPU, hence the copy.
    transposed=lambda matrix: lax.optimization_barrier(matrix.T),
    products_in_loop=lambda: jax.default_backend() == "cpu",
)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 5, 6))
def _sequence(sequence, x, states, weights, mask, unroll, return_sequences):
    keep = "outputs" if return_sequences else "last"
    states, outputs = sequence.run(_PRIMITIVES, x, states, weights, mask, unroll, keep)
    return outputs, *states


def _forward(sequence, x, states, weights, mask, unroll, return_sequences):
    last, saved = sequence.run(_PRIMITIVES, x, states, weights, mask, unroll, "all")
    return (saved[0] if return_sequences else None, *last), (x, states, weights, mask, saved)


def _backward(sequence, unroll, return_sequences, residuals, upstream):
    x, states, weights, mask, saved = residuals
    from_outputs, *from_states = upstream
    return *sequence.gradient(_PRIMITIVES, x, states, weights, mask, unroll, saved, from_outputs, tuple(from_states)), None


_sequence.defvjp(_forward, _backward)

KERNELS = kernels(_PRIMITIVES, jax.jit(_sequence, static_argnums=(0, 5, 6)))
