"""PyTorch's own updates of all weights at once, in place of an optimizer's rule for each weight."""

import torch


def _storage(variables):
    return [v.stored for v in variables]


def _in_the_order_of(values, xs):
    """`xs` with memory in the order of that of `values`: the library's kernel runs over plain memory."""
    return [x if x.stride() == v.stride() else torch.empty_like(v).copy_(x) for v, x in zip(values, xs)]


def _slots(variables, values):
    """The storage of slots, laid out once as the weights are."""
    for variable, stored in zip(variables, _in_the_order_of(values, _storage(variables))):
        variable.stored = stored
    return _storage(variables)


def _all_on_cpu_in_float32(*groups):
    return all(x.is_cpu and x.dtype == torch.float32 for group in groups for x in group)


def adam(optimizer, grads, variables, learning_rate, iterations, slots):
    """Adam, and AdamW, whose decay was applied before. PyTorch adds epsilon at another place: it is scaled to suit."""
    values = [x.detach() for x in _storage(variables)]
    if optimizer.amsgrad or not _all_on_cpu_in_float32(values, grads):
        return NotImplemented
    momenta, velocities = _slots(slots["momentum"], values), _slots(slots["velocity"], values)
    grads = _in_the_order_of(values, grads)
    step = float(iterations) + 1.0
    torch._fused_adam_(
        values, grads, momenta, velocities, [], [torch.tensor(step)] * len(values), amsgrad=False, maximize=False,
        lr=float(learning_rate), beta1=optimizer.beta_1, beta2=optimizer.beta_2, weight_decay=0.0,
        eps=optimizer.epsilon / (1.0 - optimizer.beta_2**step) ** 0.5,
    )  # fmt: skip
    return None


def sgd(optimizer, grads, variables, learning_rate, iterations, slots):
    """Gradient descent without momentum."""
    values = _storage(variables)
    if optimizer.momentum or not _all_on_cpu_in_float32(values, grads):
        return NotImplemented
    torch._foreach_add_(values, grads, alpha=-float(learning_rate))
    return None


KERNELS = {"update_by_Adam": adam, "update_by_AdamW": adam, "update_by_SGD": sgd}
