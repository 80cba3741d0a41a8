"""Recurrent networks: any step over a sequence, and the usual three as whole-sequence ops.

The whole-sequence ops take the product of the inputs with their kernel out of the loop: one matrix product for all steps.
"""

import optree

from kerata.core.arrays import as_array, cast, dtype_of, static_shape
from kerata.core.op import op
from kerata.engines.state import StateScope
from kerata.ops import numpy as knp
from kerata.ops.activation import sigmoid
from kerata.ops.core import scan


@op
def rnn(
    step_function,
    inputs,
    initial_states,
    go_backwards=False,
    mask=None,
    constants=None,
    unroll=False,
    time_major=False,
    zero_output_for_mask=False,
    return_all_outputs=True,
):
    """A step, again and again along the time axis.

    Args:
        step_function: `(inputs, states) -> (outputs, new_states)` for one step, without the time axis.
        inputs: a tensor (batch, time, ...), or a structure of them.
        initial_states: a list of tensors, or of structures of them.
        go_backwards: whether the last step comes first; the outputs come in the order in which they were computed.
        mask: booleans (batch, time), or (batch,) for whole rows. A step where it is False leaves the states and the output as
            they were; before the first True, the output is the first state if that has its shape, else zeros.
        constants: a list of tensors put behind the states at each step.
        unroll: whether the steps are written out one by one: quicker for few steps, slow to compile for many.
        time_major: whether inputs, mask and outputs are (time, batch, ...).
        zero_output_for_mask: whether the output is 0 where the mask is False.
        return_all_outputs: False keeps the last output only, as a sequence of one step.

    Returns: `(last_output, outputs, states)`.

    Raises: ValueError if there is no step, or if the step returns another number of states than it was given.

    >>> import numpy as np
    >>> inputs, zeros = np.ones((1, 3, 1), "float32"), np.zeros((1, 1), "float32")
    >>> last, outputs, states = rnn(lambda x, states: (x + states[0], [x + states[0]]), inputs, [zeros])
    >>> outputs.tolist()
    [[[1.0], [2.0], [3.0]]]
    """
    inputs = optree.tree_map(as_array if time_major else _time_first, inputs)
    steps = static_shape(optree.tree_leaves(inputs)[0])[0]
    if steps == 0:
        raise ValueError("A recurrent network needs at least one step; the time axis of its input has length 0.")
    if mask is not None:
        mask = _step_mask(mask, steps, time_major)
    states, treedef = optree.tree_flatten(initial_states)
    states = [as_array(s) for s in states]
    run = _uniform_step(step_function, treedef, constants)
    keeps_output = not return_all_outputs or mask is not None and not zero_output_for_mask
    output = _blank_output(run, states, optree.tree_map(lambda x: x[0], inputs)) if keeps_output else None

    def body(carry, step):
        before, states = carry
        x, counts = step
        output, new = run(states, x)
        if counts is not None:
            new = [_choose(counts, n, s) for n, s in zip(new, states)]
            output = _masked_output(output, before, counts, zero_output_for_mask)
        return (output if keeps_output else None, new), (output if return_all_outputs else None)

    unroll = steps if unroll and steps else 1
    (output, states), outputs = scan(body, (output, states), (inputs, mask), None, go_backwards, unroll)
    if return_all_outputs and not keeps_output:
        output = optree.tree_map(lambda y: y[0 if go_backwards else -1], outputs)
    arranged = optree.tree_map(
        lambda y: _arranged(y, return_all_outputs, go_backwards, time_major), outputs if return_all_outputs else output
    )
    return output, arranged, optree.tree_unflatten(treedef, states)


def _arranged(outputs, is_sequence, go_backwards, time_major):
    """Outputs (time, batch, ...), or the last one alone, as the caller wants them."""
    if not is_sequence:
        return knp.expand_dims(outputs, 0 if time_major else 1)
    outputs = knp.flip(outputs, 0) if go_backwards else outputs
    return outputs if time_major else _time_first(outputs)


def _time_first(x):
    return knp.swapaxes(as_array(x), 0, 1)


def _step_mask(mask, steps, time_major):
    """A mask as booleans (time, batch)."""
    mask = as_array(mask, "bool")
    if len(mask.shape) == 1:
        return knp.broadcast_to(knp.expand_dims(mask, 0), (steps, *mask.shape))
    if len(mask.shape) > 2:
        mask = knp.any(mask, tuple(range(2, len(mask.shape))))
    return mask if time_major else knp.swapaxes(mask, 0, 1)


def _uniform_step(step_function, treedef, constants):
    """The step on a flat list of states, whose number and dtypes it keeps."""
    constants = list(constants or [])

    def run(states, x):
        given = optree.tree_unflatten(treedef, states)
        output, new = step_function(x, [*given, *constants] if constants else given)
        new = optree.tree_leaves(new)
        if len(new) != len(states):
            raise ValueError(f"A step of a recurrent network was given {len(states)} states and returned {len(new)}.")
        return output, [cast(as_array(n), dtype_of(s)) for n, s in zip(new, states)]

    return run


def _blank_output(run, states, first):
    """What stands for the output before the first step that counts."""
    with StateScope():
        output, _ = run(states, first)
    if states and hasattr(output, "shape") and static_shape(output) == static_shape(states[0]):
        return cast(states[0], dtype_of(output))
    return optree.tree_map(knp.zeros_like, output)


def _masked_output(output, before, counts, zero):
    if zero:
        return optree.tree_map(lambda y: _choose(counts, y, 0), output)
    return optree.tree_map(lambda y, b: _choose(counts, y, b), output, before)


def _choose(counts, new, old):
    """`new` in the rows where `counts` holds, else `old`."""
    missing = len(new.shape) - len(counts.shape)
    return knp.where(knp.expand_dims(counts, tuple(range(1, 1 + missing))) if missing else counts, new, old)


# Single steps. `projected` is the product of the inputs with their kernel, bias added.


def lstm_step(projected, h, c, recurrent_kernel, activation=knp.tanh, recurrent_activation=sigmoid):
    """New h and c; the gates lie in the order input, forget, candidate, output."""
    i, f, candidate, o = knp.split(knp.add(projected, knp.matmul(h, recurrent_kernel)), 4, -1)
    kept = knp.multiply(recurrent_activation(f), c)
    c = knp.add(kept, knp.multiply(recurrent_activation(i), activation(candidate)))
    return knp.multiply(recurrent_activation(o), activation(c)), c


def gru_step(
    projected,
    h,
    recurrent_kernel,
    recurrent_bias=None,
    activation=knp.tanh,
    recurrent_activation=sigmoid,
    reset_after=True,
    dropped_h=None,
):
    """New h; the gates lie in the order update, reset, candidate. The products take `dropped_h` if it is given."""
    units = recurrent_kernel.shape[0]
    before, h = h, h if dropped_h is None else dropped_h
    x_update, x_reset, x_candidate = knp.split(projected, 3, -1)
    if reset_after:
        recurrent = knp.matmul(h, recurrent_kernel)
        if recurrent_bias is not None:
            recurrent = knp.add(recurrent, recurrent_bias)
        h_update, h_reset, h_candidate = knp.split(recurrent, 3, -1)
    else:
        h_update, h_reset = knp.split(knp.matmul(h, recurrent_kernel[:, : 2 * units]), 2, -1)
    update = recurrent_activation(knp.add(x_update, h_update))
    reset = recurrent_activation(knp.add(x_reset, h_reset))
    if reset_after:
        h_candidate = knp.multiply(reset, h_candidate)
    else:
        h_candidate = knp.matmul(knp.multiply(reset, h), recurrent_kernel[:, 2 * units :])
    candidate = activation(knp.add(x_candidate, h_candidate))
    return knp.add(knp.multiply(update, before), knp.multiply(knp.subtract(1.0, update), candidate))


def simple_rnn_step(projected, h, recurrent_kernel, activation=knp.tanh):
    """New h."""
    return activation(knp.add(projected, knp.matmul(h, recurrent_kernel)))


# Whole sequences


def _projected(inputs, kernel, bias):
    """(batch, time, features) -> (time, batch, gates)."""
    product = knp.matmul(_time_first(inputs), kernel)
    return product if bias is None else knp.add(product, bias)


def _over_time(step, inputs, states, mask, return_sequences, go_backwards, unroll, zero_output_for_mask):
    """The output, all or the last, and the states."""
    last, outputs, states = rnn(
        step,
        inputs,
        states,
        go_backwards=go_backwards,
        mask=None if mask is None else _step_mask(mask, static_shape(inputs)[0], False),
        unroll=unroll,
        time_major=True,
        zero_output_for_mask=zero_output_for_mask,
        return_all_outputs=return_sequences,
    )
    return (_time_first(outputs) if return_sequences else last, *states)


@op
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
    """A long short-term memory over a whole sequence (Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735).

    Shapes: inputs (batch, time, features), states (batch, units), kernel (features, 4 units), recurrent_kernel
    (units, 4 units), bias (4 units,), mask (batch, time). Gates: input, forget, candidate, output.

    Args:
        activation, recurrent_activation: functions of the candidate and the state, and of the gates; tanh and sigmoid if None.

    For the others see `rnn`. Returns: `(output, h, c)`; the output is (batch, time, units) with `return_sequences`, else
    (batch, units).

    >>> import numpy as np
    >>> x, state = np.ones((2, 5, 3), "float32"), np.zeros((2, 1), "float32")
    >>> output, h, c = lstm(x, state, state, np.ones((3, 4)), np.ones((1, 4)))
    >>> output.shape
    (2, 1)
    """

    def step(projected, states):
        h, c = states
        h, c = lstm_step(projected, h, c, recurrent_kernel, activation or knp.tanh, recurrent_activation or sigmoid)
        return h, [h, c]

    states = [initial_state_h, initial_state_c]
    projected = _projected(inputs, kernel, bias)
    return _over_time(step, projected, states, mask, return_sequences, go_backwards, unroll, zero_output_for_mask)


@op
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
    """A gated recurrent unit over a whole sequence (Cho et al. 2014, arXiv:1406.1078).

    Shapes: inputs (batch, time, features), initial_state (batch, units), kernel (features, 3 units), recurrent_kernel
    (units, 3 units), bias (2, 3 units), of the inputs and of the recurrent product, or (3 units,) with
    `reset_after=False`. Gates: update, reset, candidate.

    Args:
        reset_after: whether the reset gate comes after the recurrent product, as in the second version of the paper.

    For the others see `lstm`. Returns: `(output, h)`.
    """
    bias, recurrent_bias = split_gru_bias(bias, reset_after)
    functions = (activation or knp.tanh, recurrent_activation or sigmoid)

    def step(projected, states):
        h = gru_step(projected, states[0], recurrent_kernel, recurrent_bias, *functions, reset_after)
        return h, [h]

    projected = _projected(inputs, kernel, bias)
    return _over_time(step, projected, [initial_state], mask, return_sequences, go_backwards, unroll, zero_output_for_mask)


def split_gru_bias(bias, reset_after):
    """The bias of the inputs and that of the recurrent product."""
    return (bias, None) if bias is None or not reset_after else (bias[0], bias[1])


@op
def simple_rnn(
    inputs,
    initial_state,
    kernel,
    recurrent_kernel,
    bias=None,
    mask=None,
    activation=None,
    return_sequences=False,
    go_backwards=False,
    unroll=False,
    zero_output_for_mask=False,
):
    """`h = activation(x @ kernel + bias + h @ recurrent_kernel)` over a whole sequence (Elman 1990).

    Shapes: inputs (batch, time, features), initial_state (batch, units), kernel (features, units), recurrent_kernel
    (units, units), bias (units,). For the arguments see `lstm`. Returns: `(output, h)`.
    """

    def step(projected, states):
        h = simple_rnn_step(projected, states[0], recurrent_kernel, activation or knp.tanh)
        return h, [h]

    projected = _projected(inputs, kernel, bias)
    return _over_time(step, projected, [initial_state], mask, return_sequences, go_backwards, unroll, zero_output_for_mask)


__all__ = ["gru", "lstm", "rnn", "simple_rnn"]
