"""LSTM and GRU on TensorFlow: the loops of `recurrent_sequences`, which save a third of what TensorFlow would save."""

import optree

from kerata.engines import tensorflow_numpy
from kerata.engines.recurrent_sequences import Primitives, kernels
from kerata.engines.tensorflow_import import tf


def _as_array(x, dtype=None):
    return tf.cast(x, dtype) if dtype is not None else tf.convert_to_tensor(x)


def _scan(step, carry, xs, reverse, unroll):
    leaves, treedef = optree.tree_flatten(xs)
    length = leaves[0].shape[0]
    at = lambda i: treedef.unflatten([x[i] for x in leaves])
    order = range(length - 1, -1, -1) if reverse else range(length)
    if unroll or tf.executing_eagerly():
        found = {}
        for i in order:
            carry, found[i] = step(carry, at(i))
        return carry, optree.tree_map(lambda *ys: tf.stack(ys), *[found[i] for i in range(length)])
    with tf.__internal__.FuncGraph("probe").as_default():  # what a step gives
        specs, outputs = optree.tree_flatten(step(carry, at(0))[1])
    arrays = [tf.TensorArray(y.dtype, length, element_shape=y.shape) for y in specs]

    def body(done, carry, arrays):
        i = length - 1 - done if reverse else done
        carry, ys = step(carry, at(i))
        return done + 1, carry, [array.write(i, y) for array, y in zip(arrays, optree.tree_leaves(ys))]

    start = (0, carry, arrays)
    _, carry, arrays = tf.while_loop(lambda done, *_: done < length, body, start, maximum_iterations=length)
    return carry, outputs.unflatten([array.stack() for array in arrays])


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
