"""A numpy-like namespace over PyTorch: what has another name there, or other habits.

Names that agree are looked up in `torch` itself, once. Dtypes were promoted before an array comes here; one operand of a
binary function may still be a Python number.
"""

import functools
import operator
import sys

import numpy as np
import torch
from torch.nn import functional

from kerata.engines import namespace
from kerata.engines.torch import linalg  # noqa: F401  (part of the namespace)

# Integers for which PyTorch stores numbers but does not compute.
_STORED_ONLY = (torch.uint16, torch.uint32, torch.uint64)

_this = sys.modules[__name__]
asarray = torch.as_tensor
expand_dims, dot, linspace, median = namespace.over(_this, "expand_dims", "dot", "linspace", "median")


def __getattr__(name):
    function = getattr(torch, name)
    if not name.startswith("__"):
        setattr(_this, name, function)  # found at once from now on
    return function


def astype(x, dtype):
    return x.to(dtype)


def _computed(function):
    """`function`, in int64 where PyTorch does not compute in the operands' dtype."""

    @functools.wraps(function)
    def call(x, *args, **kwargs):
        try:
            return function(x, *args, **kwargs)
        except (RuntimeError, TypeError):
            tensors = [a for a in (x, *args) if isinstance(a, torch.Tensor) and a.dtype in _STORED_ONLY]
            if not tensors:
                raise
            wide = [a.to(torch.int64) if isinstance(a, torch.Tensor) and a.dtype in _STORED_ONLY else a for a in (x, *args)]
            result = function(*wide, **kwargs)
            return result.to(tensors[0].dtype) if result.dtype == torch.int64 else result

    return call


def _with_tensors(function):
    """A binary function whose operands must both be tensors, where one may be a number."""

    def call(x1, x2):
        if not isinstance(x1, torch.Tensor):
            x1 = torch.as_tensor(x1, dtype=x2.dtype, device=x2.device)
        elif not isinstance(x2, torch.Tensor):
            x2 = torch.as_tensor(x2, dtype=x1.dtype, device=x1.device)
        return function(x1, x2)

    return call


# Operators take a number on either side.
for _name, _function in {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "true_divide": operator.truediv, "mod": operator.mod, "power": operator.pow,
    "bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "left_shift": operator.lshift,
    "right_shift": operator.rshift, "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt,
    "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "maximum": _with_tensors(torch.maximum), "minimum": _with_tensors(torch.minimum),
    "logical_and": _with_tensors(torch.logical_and), "logical_or": _with_tensors(torch.logical_or),
    "logical_xor": _with_tensors(torch.logical_xor), "arctan2": _with_tensors(torch.atan2),
    "hypot": _with_tensors(torch.hypot), "logaddexp": _with_tensors(torch.logaddexp),
    "nextafter": _with_tensors(torch.nextafter), "fmod": _with_tensors(torch.fmod), "gcd": _with_tensors(torch.gcd),
}.items():  # fmt: skip
    globals()[_name] = _computed(_function)


@_computed
def floor_divide(x1, x2):
    """PyTorch has no derivative of it: it is 0."""
    return operator.floordiv(*[x.detach() if isinstance(x, torch.Tensor) else x for x in (x1, x2)])


def view(x, dtype, ratio):
    dtype = getattr(torch, dtype)
    return x.contiguous().view(dtype)


def ldexp(x1, x2):
    return torch.ldexp(x1, x2).to(x1.dtype)


conj = conjugate = lambda x: torch.conj(x) if x.is_complex() else x


def cbrt(x):
    return torch.sign(x) * torch.abs(x) ** (1 / 3)


abs, absolute, negative, tril, triu = (_computed(getattr(torch, n)) for n in "abs absolute negative tril triu".split())


@_computed
def sign(x):
    return torch.where(torch.isnan(x), x, torch.sign(x)) if x.is_floating_point() else torch.sign(x)


# Reductions


def _axes(axis, x):
    return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)


def _reduction(function):
    def call(x, axis=None, keepdims=False):
        axes = _axes(axis, x)
        return function(x, axes, keepdims) if axes else function(x[None], (0,), False)

    return _computed(call)


sum = _reduction(torch.sum)
mean = _reduction(torch.mean)
max = _reduction(torch.amax)
min = _reduction(torch.amin)
any = _reduction(torch.any)
all = _reduction(torch.all)
var = _reduction(lambda x, axes, keepdims: torch.var(x, axes, correction=0, keepdim=keepdims))


@_reduction
def prod(x, axes, keepdims):
    for axis in sorted((a % x.ndim for a in axes), reverse=True):
        x = torch.prod(x, axis, keepdim=keepdims)
    return x


def _arg(function):
    def call(x, axis=None, keepdims=False):
        x = x.to(torch.uint8) if x.dtype == torch.bool else x
        result = function(x, axis, keepdims and axis is not None)
        return result.reshape((1,) * x.ndim) if keepdims and axis is None else result

    return _computed(call)


argmax, argmin = _arg(torch.argmax), _arg(torch.argmin)


def argsort(x, axis=-1, kind="stable"):
    return torch.argsort(x if axis is not None else x.ravel(), dim=-1 if axis is None else axis, stable=True)


def sort(x, axis=-1):
    return torch.sort(x if axis is not None else x.ravel(), dim=-1 if axis is None else axis, stable=True).values


# Elementwise with options


@_computed
def clip(x, low, high):
    return x if low is None and high is None else torch.clamp(x, low, high)


def round(x, decimals=0):
    if x.is_floating_point():
        return torch.round(x, decimals=decimals)
    return x


def where(condition, x1=None, x2=None):
    return torch.where(condition) if x1 is None else torch.where(condition, x1, x2)


# Shapes


def transpose(x, axes=None):
    return x.permute(tuple(reversed(range(x.ndim))) if axes is None else axes)


def squeeze(x, axis=None):
    return torch.squeeze(x) if axis is None else torch.squeeze(x, axis)


def concatenate(xs, axis=0):
    return torch.cat(xs, axis) if axis is not None else torch.cat([x.ravel() for x in xs])


def split(x, indices_or_sections, axis=0):
    if not isinstance(indices_or_sections, int):
        return torch.tensor_split(x, list(indices_or_sections), axis)
    if x.shape[axis] % indices_or_sections:
        raise ValueError(f"An axis of length {x.shape[axis]} can't be split into {indices_or_sections} equal parts.")
    return torch.split(x, x.shape[axis] // indices_or_sections, axis) if x.shape[axis] else [x] * indices_or_sections


def tile(x, repeats):
    return torch.tile(x, (repeats,) if isinstance(repeats, int) else tuple(repeats))


def repeat(x, repeats, axis=None):
    if not isinstance(repeats, int):
        repeats = torch.as_tensor(repeats, device=x.device)
    return torch.repeat_interleave(x, repeats, axis)


def roll(x, shift, axis=None):
    return torch.roll(x, shift, axis)


def pad(x, pairs, mode="constant", constant_values=0):
    if mode == "constant":
        return functional.pad(x, [n for pair in reversed(pairs) for n in pair], value=constant_values)
    for axis, pair in enumerate(pairs):
        if pair != (0, 0):
            places = np.pad(np.arange(x.shape[axis]), pair, mode=mode)
            x = x.index_select(axis, torch.from_numpy(places).to(x.device))
    return x


# Indices


def _from_start(indices, length):
    """Indices as PyTorch takes them, those that count from the end made to count from the start."""
    indices = indices.to(torch.int64)
    return torch.where(indices < 0, indices + length, indices)


_index_select = _computed(torch.index_select)
turned = _computed(torch.flip)


def take(x, indices, axis=None):
    x, axis = (x.ravel(), 0) if axis is None else (x, axis % x.ndim)
    flat = _from_start(indices, x.shape[axis])
    if axis == 0 and x.ndim == 2 and x.is_floating_point():
        return functional.embedding(flat, x)
    result = _index_select(x, axis, flat.ravel())
    return result.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def take_along_axis(x, indices, axis=None):
    x, indices, axis = (x.ravel(), indices.ravel(), 0) if axis is None else (x, indices, axis)
    return torch.take_along_dim(x, _from_start(indices, x.shape[axis]), axis)


def searchsorted(sequence, values, side="left"):
    dtype = torch.promote_types(sequence.dtype, values.dtype)
    return torch.searchsorted(sequence.to(dtype).contiguous(), values.to(dtype).contiguous(), side=side)


# Products


def tensordot(x1, x2, axes=2):
    if not isinstance(axes, int):
        axes = [[int(a) for a in ([side] if isinstance(side, int) else side)] for side in axes]
        axes = [[a % x.ndim for a in side] for x, side in zip((x1, x2), axes)]
    return torch.tensordot(x1, x2, axes)


def einsum(subscripts, *operands):
    x = operands[0]
    if x.is_floating_point() or x.is_complex():
        return torch.einsum(subscripts, *operands)
    return torch.einsum(subscripts, *[y.to(torch.int64) for y in operands]).to(x.dtype)  # its sums of integers are int64


# Making tensors


def full(shape, fill_value, dtype=None):
    if isinstance(fill_value, (bool, int, float, complex)):
        return torch.full(tuple(shape), fill_value, dtype=dtype)
    return torch.as_tensor(fill_value).to(dtype).broadcast_to(tuple(shape)).clone()


def full_like(x, fill_value, dtype=None):
    if isinstance(fill_value, (bool, int, float, complex)):
        return torch.full_like(x, fill_value, dtype=dtype)
    return torch.as_tensor(fill_value, device=x.device).to(dtype or x.dtype).broadcast_to(x.shape).clone()


def arange(start, stop=None, step=1, dtype=None):
    start, stop = (0, start) if stop is None else (start, stop)
    numbers = [x.item() if isinstance(x, torch.Tensor) else x for x in (start, stop, step)]
    if dtype in _STORED_ONLY:
        return torch.arange(*numbers, dtype=torch.int64).to(dtype)
    return torch.arange(*numbers, dtype=dtype)


def eye(N, M=None, k=0, dtype=None):
    return (torch.arange(N)[:, None] + k == torch.arange(N if M is None else M)).to(dtype)


def tri(N, M=None, k=0, dtype=None):
    return (torch.arange(N)[:, None] + k >= torch.arange(N if M is None else M)).to(dtype)
