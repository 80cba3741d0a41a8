"""PyTorch's own updates of all weights at once, in place of an optimizer's rule for each weight."""

import torch

from kerata.engines.torch import tracing as torch_tracing
from kerata.engines.torch.programs import as_one_kernel


def _in_the_order_of(values, xs):
    """`xs` with memory in the order of that of `values`: the library's kernel runs over plain memory."""
    return [x if x.stride() == v.stride() else torch.empty_like(v).copy_(x) for v, x in zip(values, xs)]


def _values(variables):
    return [v.raw().detach() for v in variables]


def _slots(variables, values):
    """The memory of slots, laid out once as the weights are."""
    given = _values(variables)
    laid_out = _in_the_order_of(values, given)
    for variable, old, new in zip(variables, given, laid_out):
        if new is not old:
            variable.write(new)
    return laid_out


def _fits(*groups):
    """Whether the library's kernels do this; a compiler makes better ones of the rule itself."""
    if torch_tracing.is_recording_for_compiler():
        return False
    return all(x.is_cpu and x.dtype == torch.float32 for group in groups for x in group)


def _corrected(learning_rate, iterations, beta_1, beta_2):
    """The learning rate times the correction of the bias."""
    step = int(iterations) + 1
    return torch.tensor(float(learning_rate) * (1 - beta_2**step) ** 0.5 / (1 - beta_1**step), dtype=torch.float64)


def adam(optimizer, grads, variables, learning_rate, iterations, slots):
    """Adam, and AdamW, whose decay was applied before.

    PyTorch adds epsilon elsewhere than Keras, before the correction of the bias, unless there is none to correct: the
    step is told to be infinite, and the learning rate holds the correction (Kingma and Ba 2015, section 2, end).
    """
    values = _values(variables)
    if not _fits(values, grads):
        return NotImplemented
    momenta, velocities, *more = [_slots(slots[name], values) for name in slots]
    rate = as_one_kernel(_corrected)(learning_rate, iterations, optimizer.beta_1, optimizer.beta_2)
    torch._fused_adam_(
        values, _in_the_order_of(values, grads), momenta, velocities, more[0] if more else [],
        [torch.tensor(torch.inf)] * len(values), amsgrad=optimizer.amsgrad, maximize=False, lr=rate,
        beta1=optimizer.beta_1, beta2=optimizer.beta_2, weight_decay=0.0, eps=optimizer.epsilon,
    )  # fmt: skip
    return None


def sgd(optimizer, grads, variables, learning_rate, iterations, slots):
    """Gradient descent without momentum."""
    values = _values(variables)
    if optimizer.momentum or not _fits(values, grads):
        return NotImplemented
    torch._foreach_add_(values, torch._foreach_mul(grads, -learning_rate))
    return None


KERNELS = {"update_by_Adam": adam, "update_by_AdamW": adam, "update_by_SGD": sgd}
