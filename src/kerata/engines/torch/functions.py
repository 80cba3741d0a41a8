"""PyTorch's own forms of ops that it computes in one kernel: activations, norms, attention, recurrent networks.

Each declines, by returning `NotImplemented`, what it does not do; the op's one body then does it.
"""

import contextlib

import torch
from torch.nn import functional

from kerata.engines.products import affine_along
from kerata.engines.state import StateScope, context, thread_context


@contextlib.contextmanager
def gradients_of(variables):
    """Gradients by the storage of `variables`, outside all scopes; gives a list that holds a scope if one was opened.

    What is assigned to one of them in the meantime can't be written to its storage: a scope opens, and holds it.
    """
    opened: list[StateScope] = []
    with thread_context(gradients_of=variables, scopes_opened=opened):
        try:
            yield opened
        finally:
            if opened:
                context.scope = None


def held_by_scope(stored, value):
    """Whether `value`, assigned to a variable with this storage, went into a scope since gradients pass through it."""
    if not context.gradients_of or not value.requires_grad:
        return False
    variable = next((v for v in context.gradients_of if v.stored is stored), None)
    if variable is None:
        return False
    context.scope = StateScope()
    context.scope.write(variable, value)
    context.scopes_opened.append(context.scope)
    return True


def _array(x):
    """A tensor, or the value of a variable."""
    return x.value if getattr(type(x), "holds_state", False) else x


def _is_float(x):
    return isinstance(x, torch.Tensor) and x.is_floating_point()


def _of_float(function):
    """A kernel of one float tensor."""
    return lambda x: function(x) if _is_float(x) else NotImplemented


def _of_two(function):
    """A kernel of two tensors of one dtype; what does not fit goes to the body, whose errors say why."""

    def kernel(x1, x2):
        x1, x2 = _array(x1), _array(x2)
        if not (isinstance(x1, torch.Tensor) and isinstance(x2, torch.Tensor) and x1.dtype is x2.dtype and _is_float(x1)):
            return NotImplemented
        try:
            return function(x1, x2)
        except RuntimeError:
            return NotImplemented

    return kernel


def _affine(x, kernel, bias=None):
    x, kernel, bias = _array(x), _array(kernel), _array(bias)
    if not _is_float(x) or bias is None or not (x.dtype is kernel.dtype is bias.dtype) or x.shape[-1] != kernel.shape[0]:
        return NotImplemented
    return torch.addmm(bias, x, kernel) if x.ndim == 2 else functional.linear(x, kernel.t(), bias)


def _clip(x, x_min, x_max):
    numbers = all(isinstance(bound, (int, float)) for bound in (x_min, x_max))
    return torch.clamp(x, x_min, x_max) if numbers and _is_float(x) else NotImplemented


def _along_axis(function):
    return lambda x, axis=-1: function(x, axis) if _is_float(x) and isinstance(axis, int) and x.ndim else NotImplemented


def _gelu(x, approximate=True):
    return functional.gelu(x, approximate="tanh" if approximate else "none") if _is_float(x) else NotImplemented


def _layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None, **kwargs):
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    if not _is_float(x) or [a % x.ndim for a in axes] != [x.ndim - 1] or epsilon is None or kwargs:
        return NotImplemented
    gamma, beta = _array(gamma), _array(beta)
    if any(w is not None and (w.dtype is not x.dtype or w.shape != x.shape[-1:]) for w in (gamma, beta)):
        return NotImplemented
    return functional.layer_norm(x, x.shape[-1:], gamma, beta, epsilon)


def _normalize_by_batch(x, axis=-1, offset=None, scale=None, epsilon=1e-3, weights=None, synchronized=False):
    offset, scale, last = _array(offset), _array(scale), x.ndim - 1
    alike = all(w is None or w.dtype is x.dtype for w in (offset, scale))
    if weights is not None or not alike or x.dtype not in (torch.float32, torch.float64) or axis % x.ndim not in (1, last):
        return NotImplemented
    if x.numel() == x.shape[axis]:
        return NotImplemented  # the library wants more than one value a channel
    # As an image of one column with channels last in memory, whatever the rank: the library's fast form.
    images = x.reshape(x.shape[0], -1, 1, x.shape[-1]).movedim(-1, 1) if axis % x.ndim == last else x
    y, mean, inverse = torch.native_batch_norm(images, scale, offset, None, None, True, 0.0, epsilon)
    y = y.movedim(1, -1).reshape(x.shape) if axis % x.ndim == last else y
    variance = (inverse.detach() ** -2 - epsilon).clamp(min=0)
    return y, mean.detach(), variance


def _dot_product_attention(
    query, key, value, bias=None, mask=None, scale=None, is_causal=False, flash_attention=None, attn_logits_soft_cap=None
):
    alike = all(_is_float(x) and x.dtype is query.dtype for x in (query, key, value))
    if not alike or attn_logits_soft_cap is not None or query.shape[2] % key.shape[2] or key.shape[1] != value.shape[1]:
        return NotImplemented
    if context.gradients > 1:
        return NotImplemented  # the library's attention has no second derivative
    if query.shape[2] != key.shape[2]:
        key, value = (x.repeat_interleave(query.shape[2] // key.shape[2], 2) for x in (key, value))
    extra = None if bias is None else bias.to(query.dtype)
    if is_causal and (mask is not None or extra is not None):
        allowed = torch.ones(query.shape[1], key.shape[1], dtype=torch.bool, device=query.device).tril()
        mask, is_causal = allowed if mask is None else mask & allowed, False
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    if mask is not None:
        sees = mask.any(-1, keepdim=True)  # a query that sees nothing takes the mean of all values, and has no gradient
        zero, never = torch.zeros_like(query[..., :1, :1]), torch.where(sees, -torch.inf, 0.0).to(query.dtype)
        query = torch.where(sees, query, zero)
        extra = torch.where(mask, zero if extra is None else extra, never)
    attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=extra, is_causal=is_causal, scale=scale)
    return attended.transpose(1, 2)


# Recurrent networks


def _plain_sequence(arrays, mask, *activations):
    """Whether the library's recurrent kernels do this: floats of one dtype, no mask, the default activations."""
    alike = all(_is_float(x) and x.dtype is arrays[0].dtype for x in arrays)
    if context.gradients > 1:
        return False  # they have no second derivative
    return alike and mask is None and all(a is None for a in activations) and arrays[0].shape[1] > 0


def _over_sequence(network, inputs, states, weights, return_sequences, go_backwards):
    x = torch.flip(inputs, (1,)) if go_backwards else inputs
    states = [s.unsqueeze(0) for s in states]
    outputs, *states = network(
        x, states if len(states) > 1 else states[0], weights, True, 1, 0.0, torch.is_grad_enabled(), False, True
    )
    return (outputs if return_sequences else outputs[:, -1], *[s.squeeze(0) for s in states])


def _lstm(
    inputs, initial_state_h, initial_state_c, kernel, recurrent_kernel, bias=None, mask=None, activation=None,
    recurrent_activation=None, return_sequences=False, go_backwards=False, unroll=False, zero_output_for_mask=False,
):  # fmt: skip
    kernel, recurrent_kernel, bias = map(_array, (kernel, recurrent_kernel, bias))
    if not _plain_sequence((inputs, initial_state_h, kernel, recurrent_kernel), mask, activation, recurrent_activation):
        return NotImplemented
    zero = torch.zeros(kernel.shape[-1:], dtype=kernel.dtype, device=kernel.device)
    weights = [kernel.t().contiguous(), recurrent_kernel.t().contiguous(), zero if bias is None else bias, zero]
    states = [initial_state_h, initial_state_c]
    return _over_sequence(torch.lstm, inputs, states, weights, return_sequences, go_backwards)


def _reordered(gates, axis):
    """The gates update, reset, candidate in the library's order: reset, update, candidate."""
    update, reset, candidate = gates.chunk(3, axis)
    return torch.cat([reset, update, candidate], axis)


def _gru(
    inputs, initial_state, kernel, recurrent_kernel, bias=None, mask=None, activation=None, recurrent_activation=None,
    return_sequences=False, go_backwards=False, unroll=False, zero_output_for_mask=False, reset_after=True,
):  # fmt: skip
    kernel, recurrent_kernel, bias = map(_array, (kernel, recurrent_kernel, bias))
    arrays = (inputs, initial_state, kernel, recurrent_kernel)
    if not reset_after or not _plain_sequence(arrays, mask, activation, recurrent_activation):
        return NotImplemented
    if bias is None:
        bias = torch.zeros((2, kernel.shape[-1]), dtype=kernel.dtype, device=kernel.device)
    products = [_reordered(w, -1).t().contiguous() for w in (kernel, recurrent_kernel)]
    weights = [*products, *[_reordered(b, -1) for b in bias.unbind()]]
    return _over_sequence(torch.gru, inputs, [initial_state], weights, return_sequences, go_backwards)


KERNELS = {
    "add": _of_two(torch.add),
    "subtract": _of_two(torch.sub),
    "multiply": _of_two(torch.mul),
    "divide": _of_two(torch.div),
    "matmul": _of_two(torch.matmul),
    "affine": _affine,
    "affine_along": affine_along(_affine, lambda x, shape: _array(x).reshape(shape)),
    "relu": _of_float(torch.relu),
    "sigmoid": _of_float(torch.sigmoid),
    "tanh": _of_float(torch.tanh),
    "silu": _of_float(functional.silu),
    "gelu": _gelu,
    "clip": _clip,
    "softmax": _along_axis(torch.softmax),
    "log_softmax": _along_axis(torch.log_softmax),
    "layer_normalization": _layer_normalization,
    "normalize_by_batch": _normalize_by_batch,
    "dot_product_attention": _dot_product_attention,
    "lstm": _lstm,
    "gru": _gru,
}
