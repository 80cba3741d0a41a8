"""The methods of `torch.nn.Module` that PyTorch programs call on models, for models that run on PyTorch."""

import collections


def _float_weights(model):
    return [v for v in model.trainable_variables if v.stored.requires_grad]


def zero_grad(model, set_to_none=True):
    """Forget the gradients of `backward()`."""
    for v in _float_weights(model):
        if set_to_none:
            v.stored.grad = None
        elif v.stored.grad is not None:
            v.stored.grad.zero_()


def named_parameters(model):
    """The trainable weights' paths and tensors."""
    return ((v.path, v.stored) for v in _float_weights(model))


def parameters(model):
    """The trainable weights' tensors, as `torch.optim` takes them."""
    return (v.stored for v in _float_weights(model))


def state_dict(model):
    """The weights' tensors, without gradients, by path."""
    return collections.OrderedDict((v.path, v.stored.detach()) for v in model.weights)


def load_state_dict(model, state_dict, strict=True):
    """Set the weights from tensors by path.

    Raises: KeyError if `strict` and the paths are not those of the model; nothing is changed then.
    """
    known = {v.path: v for v in model.weights}
    wrong = sorted(set(known) ^ set(state_dict))
    if strict and wrong:
        whose = "the model" if wrong[0] in known else "the state"
        raise KeyError(f"{wrong[0]!r} is in {whose} alone; strict=False passes over what does not match.")
    for path in known.keys() & state_dict.keys():
        known[path].assign(state_dict[path].detach())


METHODS = {
    "zero_grad": zero_grad,
    "named_parameters": named_parameters,
    "parameters": parameters,
    "state_dict": state_dict,
    "load_state_dict": load_state_dict,
}
