"""The numpy-like namespace of abstract arrays: the shapes and dtypes that primitives give, most of them by table."""

import builtins
import math
import sys

import numpy as np

from kerata.engines import namespace
from kerata.engines.abstract.array import AbstractArray, NoAbstractRule
from kerata.engines.abstract.linalg import AbstractFourier, AbstractLinearAlgebra
from kerata.engines.shapes import (
    broadcast_shapes,
    einsum_shape,
    normalize_axes,
    normalize_axis,
    reduced_shape,
    reshaped,
    same_dim,
)

linalg, fft = AbstractLinearAlgebra(), AbstractFourier()
moveaxis, swapaxes, expand_dims, stack, split, dot = namespace.over(
    sys.modules[__name__], "moveaxis", "swapaxes", "expand_dims", "stack", "split", "dot"
)


def __getattr__(name):
    raise NoAbstractRule(name)


def _shape(x):
    return x.shape if isinstance(x, AbstractArray) else np.shape(x)


def _with_length(x, axis, length):
    return AbstractArray([length if a == axis else d for a, d in enumerate(x.shape)], x.dtype)


# By table


def _elementwise(dtype=None):
    def rule(*xs, **kwargs):
        arrays = [x for x in xs if isinstance(x, AbstractArray)]
        return AbstractArray(broadcast_shapes(*map(_shape, xs)), dtype or arrays[0].dtype)

    return rule


def _same_as_first(dtype=None):
    return lambda x, *args, **kwargs: AbstractArray(x.shape, dtype or x.dtype)


def _reduction(dtype=None):
    return lambda x, axis=None, keepdims=False: AbstractArray(reduced_shape(x.shape, axis, keepdims), dtype or x.dtype)


for _rule, _names in (
    (
        _same_as_first(),
        "arccos arccosh arcsin arcsinh arctan arctanh bitwise_not cbrt ceil conj cos cosh cumprod cumsum deg2rad exp exp2 expm1 "
        "floor i0 log log10 log1p log2 nan_to_num negative rad2deg reciprocal roll round sign sin sinc sinh sort sqrt square "
        "tan tanh tril triu trunc",
    ),
    (_same_as_first("bool"), "isfinite isinf isnan logical_not signbit"),
    (_same_as_first("int32"), "argsort"),
    (
        _elementwise(),
        "add arctan2 bitwise_and bitwise_or bitwise_xor divide floor_divide fmod gcd hypot ldexp left_shift logaddexp maximum "
        "minimum mod multiply nextafter power right_shift subtract true_divide",
    ),
    (
        _elementwise("bool"),
        "equal greater greater_equal isclose less less_equal logical_and logical_or logical_xor not_equal",
    ),
    (_reduction(), "max mean median min prod sum var"),
    (_reduction("int32"), "argmax argmin"),
    (_reduction("bool"), "all any"),
):
    globals().update(dict.fromkeys(_names.split(), _rule))


# Elementwise with options


def where(condition, x1=None, x2=None):
    if x1 is None:
        return (AbstractArray((None,), "int32"),) * condition.ndim
    dtype = next((x.dtype for x in (x1, x2) if isinstance(x, AbstractArray)), "float32")
    return AbstractArray(broadcast_shapes(_shape(condition), _shape(x1), _shape(x2)), dtype)


def real(x):
    return AbstractArray(x.shape, {"complex64": "float32", "complex128": "float64"}.get(x.dtype, x.dtype))


imag = abs = absolute = real


def view(x, dtype, ratio):
    if ratio == 1:
        return AbstractArray(x.shape, dtype)
    return AbstractArray((*x.shape[:-1], None if x.shape[-1] is None else int(x.shape[-1] * ratio)), dtype)


def clip(x, low=None, high=None):
    return AbstractArray(broadcast_shapes(x.shape, _shape(low), _shape(high)), x.dtype)


# Shapes


def reshape(x, shape):
    return AbstractArray(reshaped(x.shape, shape), x.dtype)


def transpose(x, axes=None):
    axes = range(x.ndim)[::-1] if axes is None else normalize_axes(tuple(axes), x.ndim)
    if sorted(axes) != list(range(x.ndim)):
        raise ValueError(f"transpose axes {tuple(axes)} are not a permutation of the axes of {x!r}.")
    return AbstractArray([x.shape[a] for a in axes], x.dtype)


def unsqueeze(x, axis):
    axis = normalize_axis(axis, x.ndim + 1)
    return AbstractArray((*x.shape[:axis], 1, *x.shape[axis:]), x.dtype)


def squeeze(x, axis=None):
    axes = [a for a, d in enumerate(x.shape) if d == 1] if axis is None else normalize_axes(axis, x.ndim)
    if not builtins.all(x.shape[a] in (1, None) for a in axes):
        raise ValueError(f"The axes {tuple(axes)} of {x!r} are longer than 1 and can't be squeezed away.")
    return AbstractArray([d for a, d in enumerate(x.shape) if a not in axes], x.dtype)


def broadcast_to(x, shape):
    broadcast_shapes(x.shape, tuple(shape))
    return AbstractArray(shape, x.dtype)


def concatenate(xs, axis=0):
    first = xs[0]
    axis = normalize_axis(axis, first.ndim)
    others = [[d for a, d in enumerate(x.shape) if a != axis] for x in xs]
    if not builtins.all(len(o) == first.ndim - 1 and builtins.all(map(same_dim, o, others[0])) for o in others):
        raise ValueError(
            f"Tensors of shapes {', '.join(str(x.shape) for x in xs)} can't be concatenated along axis {axis}: "
            "all other axes must be equal."
        )
    dims = [x.shape[axis] for x in xs]
    shape = [next((d for d in along if d is not None), None) for along in zip(*[x.shape for x in xs])]
    shape[axis] = None if None in dims else builtins.sum(dims)
    return AbstractArray(shape, first.dtype)


def parts(x, lengths, axis):
    axis = normalize_axis(axis, x.ndim)
    return [_with_length(x, axis, length) for length in lengths]


def tile(x, repeats):
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    rank = builtins.max(x.ndim, len(repeats))
    shape, repeats = ((1,) * (rank - len(s)) + s for s in (x.shape, repeats))
    return AbstractArray([None if d is None else d * r for d, r in zip(shape, repeats)], x.dtype)


def repeat(x, repeats, axis=None):
    x, axis = (reshape(x, (-1,)), 0) if axis is None else (x, normalize_axis(axis, x.ndim))
    length = x.shape[axis]
    if isinstance(repeats, int):
        return _with_length(x, axis, None if length is None else length * repeats)
    return _with_length(x, axis, None if isinstance(repeats, AbstractArray) else int(np.sum(repeats)))


def pad(x, pad_width, mode="constant", constant_values=None):
    pairs = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    return AbstractArray([None if d is None else d + a + b for d, (a, b) in zip(x.shape, pairs)], x.dtype)


# Elements by index


def take(x, indices, axis=None):
    if axis is None:
        return AbstractArray(_shape(indices), x.dtype)
    axis = normalize_axis(axis, x.ndim)
    return AbstractArray([*x.shape[:axis], *_shape(indices), *x.shape[axis + 1 :]], x.dtype)


def searchsorted(sorted_sequence, values, side="left"):
    return AbstractArray(_shape(values), "int32")


def take_along_axis(x, indices, axis=None):
    if axis is None:
        return AbstractArray(_shape(indices), x.dtype)
    axis, count = normalize_axis(axis, x.ndim), _shape(indices)[axis]
    rest = [tuple(1 if a == axis else d for a, d in enumerate(shape)) for shape in (x.shape, _shape(indices))]
    return _with_length(AbstractArray(broadcast_shapes(*rest), x.dtype), axis, count)


def diagonal(x, offset=0, axis1=0, axis2=1):
    axes = normalize_axes((axis1, axis2), x.ndim)
    rows, columns = (x.shape[a] for a in axes)
    length = None
    if rows is not None and columns is not None:
        length = builtins.max(0, builtins.min(rows + builtins.min(offset, 0), columns - builtins.max(offset, 0)))
    return AbstractArray([*[d for a, d in enumerate(x.shape) if a not in axes], length], x.dtype)


# Products


def matmul(x1, x2):
    if not x1.shape or not x2.shape or not same_dim(x1.shape[-1], x2.shape[-2 if x2.ndim > 1 else 0]):
        raise ValueError(f"matmul can't multiply shapes {x1.shape} and {x2.shape}: the inner dimensions differ.")
    batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    columns = x2.shape[-1:] if x2.ndim > 1 else ()
    return AbstractArray((*batch, *x1.shape[-2:-1], *columns), x1.dtype)


def tensordot(x1, x2, axes=2):
    if isinstance(axes, int):
        axes = list(range(-axes, 0)), list(range(axes))
    left, right = (normalize_axes(a, x.ndim) for a, x in zip(axes, (x1, x2)))
    if not builtins.all(same_dim(x1.shape[a], x2.shape[b]) for a, b in zip(left, right)):
        raise ValueError(f"No product over axes {left} of shape {x1.shape} and {right} of {x2.shape}: their lengths differ.")
    kept = [d for x, summed in ((x1, left), (x2, right)) for a, d in enumerate(x.shape) if a not in summed]
    return AbstractArray(kept, x1.dtype)


def einsum(equation, *operands):
    return AbstractArray(einsum_shape(equation, [x.shape for x in operands]), operands[0].dtype)


# Making


def arange(start, stop=None, step=1, dtype=None):
    start, stop = (0, start) if stop is None else (start, stop)
    if builtins.any(v is None or isinstance(v, AbstractArray) for v in (start, stop, step)):
        return AbstractArray((None,), dtype)
    return AbstractArray((builtins.max(0, math.ceil((stop - start) / (step or 1))),), dtype)


def full(shape, fill_value, dtype=None):
    return AbstractArray(shape, dtype)


def zeros(shape, dtype=None):
    return AbstractArray(shape, dtype)


def eye(N, M=None, k=0, dtype=None):
    return AbstractArray((N, N if M is None else M), dtype)


ones, tri = zeros, eye


def full_like(x, fill_value, dtype=None):
    return AbstractArray(x.shape, dtype or x.dtype)


def linspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    shape = list(broadcast_shapes(_shape(start), _shape(stop)))
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, num)
    return AbstractArray(shape, dtype)


def meshgrid(*xs, indexing="xy"):
    shape = [x.shape[0] for x in xs]
    if indexing == "xy" and len(shape) > 1:
        shape[:2] = shape[1::-1]
    return [AbstractArray(shape, x.dtype) for x in xs]
