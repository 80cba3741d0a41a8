"""LSTM and GRU on TensorFlow: the loops of `recurrent_sequences`, which save a third of what TensorFlow would save."""

import optree

from kerata.engines.recurrent_sequences import Primitives, kernels
from kerata.engines.tensorflow import numpy as tensorflow_numpy
from kerata.engines.tensorflow.library import tf


def _as_array(x, dtype=None):
    return tf.cast(x, dtype) if dtype is not None else tf.convert_to_tensor(x)


def _scan(step, carry, xs, reverse, unroll):
    """Steps run in blocks: a round of a loop in the graph, and a look at an array, take as long as a small product."""
    leaves, treedef = optree.tree_flatten(xs)
    length = leaves[0].shape[0]
    if unroll or tf.executing_eagerly():
        carry, ys = _block(step, carry, [tf.unstack(x) for x in leaves], treedef, reverse)
        return carry, optree.tree_map(lambda *y: tf.stack(y), *ys)
    with tf.__internal__.FuncGraph("probe").as_default():  # what a step gives
        specs, outputs = optree.tree_flatten(step(carry, treedef.unflatten([x[0] for x in leaves]))[1])
    size = max(n for n in range(1, 17) if length % n == 0)  # more take longer to build than they save
    count = length // size
    blocks = [tf.reshape(x, (count, size, *x.shape[1:])) for x in leaves]
    arrays = [tf.TensorArray(y.dtype, count, element_shape=(size, *y.shape)) for y in specs]

    def body(done, carry, arrays):
        i = count - 1 - done if reverse else done
        carry, ys = _block(step, carry, [tf.unstack(x[i]) for x in blocks], treedef, reverse)
        return done + 1, carry, [a.write(i, tf.stack(y)) for a, y in zip(arrays, zip(*map(optree.tree_leaves, ys)))]

    start = (0, carry, arrays)
    _, carry, arrays = tf.while_loop(lambda done, *_: done < count, body, start, maximum_iterations=count)
    return carry, outputs.unflatten([tf.reshape(a.stack(), (length, *y.shape)) for a, y in zip(arrays, specs)])


def _block(step, carry, xs, treedef, reverse):
    """Some steps, one after another; `xs` are lists of what each takes."""
    inputs, found = list(zip(*xs)), []
    for x in reversed(inputs) if reverse else inputs:
        carry, y = step(carry, treedef.unflatten(x))
        found.append(y)
    return carry, found[::-1] if reverse else found


_PRIMITIVES = Primitives(
    xp=tensorflow_numpy,
    as_array=_as_array,
    scan=_scan,
    transposed=tf.transpose,
    products_in_loop=lambda: False,
)


def _differentiable(sequence, x, states, weights, mask, unroll, return_sequences):
    @tf.custom_gradient
    def run(x, *others):
        states, weights = others[: -len(_WEIGHTS)], others[-len(_WEIGHTS) :]
        last, saved = sequence.run(_PRIMITIVES, x, states, weights, mask, unroll, "all")

        def gradient(from_outputs, *from_states):
            from_outputs = from_outputs if return_sequences else None
            dx, dstates, dweights = sequence.gradient(
                _PRIMITIVES, x, states, weights, mask, unroll, saved, from_outputs, from_states
            )
            return dx, *dstates, *dweights

        return (saved[0] if return_sequences else tf.zeros([]), *last), gradient

    return run(x, *states, *weights)


_WEIGHTS = ("kernel", "recurrent_kernel", "bias")
KERNELS = kernels(_PRIMITIVES, _differentiable)
