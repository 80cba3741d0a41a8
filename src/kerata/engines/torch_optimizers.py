"""PyTorch's own updates of all weights at once, in place of an optimizer's rule for each weight."""

import torch


def _storage(variables):
    return [v.stored for v in variables]


def _all_on_cpu_in_float32(*groups):
    return all(x.is_cpu and x.dtype == torch.float32 for group in groups for x in group)


def adam(optimizer, grads, variables, learning_rate, iterations, slots):
    """Adam, and AdamW, whose decay was applied before. PyTorch adds epsilon at another place: it is scaled to suit."""
    values, momenta, velocities = _storage(variables), _storage(slots["momentum"]), _storage(slots["velocity"])
    if optimizer.amsgrad or not _all_on_cpu_in_float32(values, grads):
        return NotImplemented
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
