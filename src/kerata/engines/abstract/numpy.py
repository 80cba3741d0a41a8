"""The numpy-like namespace of abstract arrays. Rules here are for primitives only, most of them by table."""

import math

import numpy as np

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
    size,
)

_UNARY = (
    "arccos arccosh arcsin arcsinh arctan arctanh ceil cos cosh exp exp2 expm1 floor log log10 log1p log2 "
    "negative positive rint round sign sin sinh sqrt square tan tanh trunc reciprocal conj conjugate cbrt deg2rad rad2deg "
    "bitwise_not invert nan_to_num sort flip roll cumsum cumprod ones_like zeros_like triu tril copy erf erfinv lgamma digamma "
    "sigmoid log_sigmoid relu softplus silu gelu argsort rsqrt fabs sinc i0"
).split()
_BINARY = (
    "add subtract multiply divide true_divide floor_divide mod remainder fmod power maximum minimum fmax fmin arctan2 hypot "
    "logaddexp logaddexp2 ldexp bitwise_and bitwise_or bitwise_xor left_shift right_shift copysign nextafter gcd lcm heaviside"
).split()
_COMPARE = "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor isclose".split()
_TEST = "isnan isfinite isinf isposinf isneginf logical_not signbit isreal".split()
_REDUCE = "sum prod max min mean var std nansum nanmax nanmin nanmean median logsumexp quantile".split()
_REDUCE_INDEX = {"argmax": "int32", "argmin": "int32", "any": "bool", "all": "bool", "count_nonzero": "int32"}


def _array_of(*xs):
    return next(x for x in xs if isinstance(x, AbstractArray))


def _shape(x):
    return x.shape if isinstance(x, AbstractArray) else np.shape(x)


class AbstractNumpy:
    """The numpy-like namespace of abstract arrays."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise NoAbstractRule(name)

    pi, e, inf, nan, newaxis = np.pi, np.e, np.inf, np.nan, None
    linalg = AbstractLinearAlgebra()
    fft = AbstractFourier()

    @staticmethod
    def where(condition, x1=None, x2=None):
        if x1 is None:
            return (AbstractArray((None,), "int32"),) * condition.ndim
        dtype = next((x.dtype for x in (x1, x2) if isinstance(x, AbstractArray)), "float32")
        return AbstractArray(broadcast_shapes(_shape(condition), _shape(x1), _shape(x2)), dtype)

    @staticmethod
    def real(x):
        return AbstractArray(x.shape, {"complex64": "float32", "complex128": "float64"}.get(x.dtype, x.dtype))

    imag = abs = absolute = real

    @staticmethod
    def view(x, dtype, ratio):
        if ratio == 1:
            return AbstractArray(x.shape, dtype)
        return AbstractArray((*x.shape[:-1], None if x.shape[-1] is None else int(x.shape[-1] * ratio)), dtype)

    @staticmethod
    def clip(x, low=None, high=None):
        return AbstractArray(broadcast_shapes(x.shape, _shape(low), _shape(high)), x.dtype)

    @staticmethod
    def reshape(x, shape):
        return AbstractArray(reshaped(x.shape, shape), x.dtype)

    @staticmethod
    def ravel(x):
        return AbstractArray((size(x.shape),), x.dtype)

    @staticmethod
    def transpose(x, axes=None):
        axes = range(x.ndim)[::-1] if axes is None else normalize_axes(tuple(axes), x.ndim)
        if sorted(axes) != list(range(x.ndim)):
            raise ValueError(f"transpose axes {tuple(axes)} are not a permutation of the axes of {x!r}.")
        return AbstractArray([x.shape[a] for a in axes], x.dtype)

    @staticmethod
    def moveaxis(x, source, destination):
        source, destination = normalize_axes(source, x.ndim), normalize_axes(destination, x.ndim)
        order = [a for a in range(x.ndim) if a not in source]
        for to, a in sorted(zip(destination, source)):
            order.insert(to, a)
        return AbstractArray([x.shape[a] for a in order], x.dtype)

    @staticmethod
    def swapaxes(x, axis1, axis2):
        shape = list(x.shape)
        axis1, axis2 = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
        shape[axis1], shape[axis2] = shape[axis2], shape[axis1]
        return AbstractArray(shape, x.dtype)

    @staticmethod
    def expand_dims(x, axis):
        axes = (axis,) if isinstance(axis, int) else tuple(axis)
        rank = x.ndim + len(axes)
        axes = normalize_axes(axes, rank)
        dims = iter(x.shape)
        return AbstractArray([1 if i in axes else next(dims) for i in range(rank)], x.dtype)

    @staticmethod
    def squeeze(x, axis=None):
        if axis is None:
            return AbstractArray([d for d in x.shape if d != 1], x.dtype)
        axes = normalize_axes(axis, x.ndim)
        for a in axes:
            if x.shape[a] not in (1, None):
                raise ValueError(f"Axis {a} of {x!r} has length {x.shape[a]} and can't be squeezed away.")
        return AbstractArray([d for i, d in enumerate(x.shape) if i not in axes], x.dtype)

    @staticmethod
    def broadcast_to(x, shape):
        broadcast_shapes(x.shape, tuple(shape))
        return AbstractArray(shape, x.dtype)

    @staticmethod
    def concatenate(xs, axis=0):
        first = xs[0]
        axis = normalize_axis(axis, first.ndim)
        for x in xs[1:]:
            if x.ndim != first.ndim or not all(
                same_dim(a, b) for i, (a, b) in enumerate(zip(x.shape, first.shape)) if i != axis
            ):
                raise ValueError(
                    f"Tensors of shapes {', '.join(str(x.shape) for x in xs)} can't be concatenated along axis {axis}: "
                    "all other axes must be equal."
                )
        dims = [x.shape[axis] for x in xs]
        shape = [next((x.shape[i] for x in xs if x.shape[i] is not None), None) for i in range(first.ndim)]
        shape[axis] = None if None in dims else sum(dims)
        return AbstractArray(shape, first.dtype)

    @staticmethod
    def stack(xs, axis=0):
        axis = normalize_axis(axis, xs[0].ndim + 1)
        shape = list(broadcast_shapes(*[x.shape for x in xs]))
        return AbstractArray(shape[:axis] + [len(xs)] + shape[axis:], xs[0].dtype)

    @staticmethod
    def split(x, indices_or_sections, axis=0):
        axis = normalize_axis(axis, x.ndim)
        length = x.shape[axis]
        if isinstance(indices_or_sections, int):
            if length is not None and length % indices_or_sections:
                raise ValueError(f"Axis {axis} of {x!r} can't be split into {indices_or_sections} equal parts.")
            parts = [None if length is None else length // indices_or_sections] * indices_or_sections
        else:
            bounds = [0, *indices_or_sections, length]
            parts = [None if b is None else b - a for a, b in zip(bounds, bounds[1:])]
        return [AbstractArray([*x.shape[:axis], p, *x.shape[axis + 1 :]], x.dtype) for p in parts]

    @staticmethod
    def tile(x, repeats):
        repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
        rank = max(x.ndim, len(repeats))
        shape = (1,) * (rank - x.ndim) + x.shape
        repeats = (1,) * (rank - len(repeats)) + repeats
        return AbstractArray([None if d is None else d * r for d, r in zip(shape, repeats)], x.dtype)

    @staticmethod
    def repeat(x, repeats, axis=None):
        if axis is None:
            x, axis = AbstractNumpy.ravel(x), 0
        axis = normalize_axis(axis, x.ndim)
        shape = list(x.shape)
        if isinstance(repeats, int):
            shape[axis] = None if shape[axis] is None else shape[axis] * repeats
        else:
            shape[axis] = None if isinstance(repeats, AbstractArray) else int(np.sum(repeats))
        return AbstractArray(shape, x.dtype)

    @staticmethod
    def pad(x, pad_width, mode="constant", constant_values=None):
        pairs = [
            (p, p) if isinstance(p, int) else tuple(p) for p in np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
        ]
        return AbstractArray([None if d is None else d + a + b for d, (a, b) in zip(x.shape, pairs)], x.dtype)

    @staticmethod
    def take(x, indices, axis=None):
        if axis is None:
            return AbstractArray(_shape(indices), x.dtype)
        axis = normalize_axis(axis, x.ndim)
        return AbstractArray([*x.shape[:axis], *_shape(indices), *x.shape[axis + 1 :]], x.dtype)

    @staticmethod
    def searchsorted(sorted_sequence, values, side="left"):
        return AbstractArray(_shape(values), "int32")

    @staticmethod
    def take_along_axis(x, indices, axis=None):
        if axis is None:
            return AbstractArray(_shape(indices), x.dtype)
        axis, rank = normalize_axis(axis, x.ndim), x.ndim
        rest = [tuple(1 if a == axis else d for a, d in enumerate(shape)) for shape in (x.shape, _shape(indices))]
        shape = broadcast_shapes(*rest)
        return AbstractArray([_shape(indices)[a] if a == axis else shape[a] for a in range(rank)], x.dtype)

    @staticmethod
    def matmul(x1, x2):
        def refuse():
            raise ValueError(f"matmul can't multiply shapes {x1.shape} and {x2.shape}: the inner dimensions differ.")

        if not x1.shape or not x2.shape or not same_dim(x1.shape[-1], x2.shape[-2 if x2.ndim > 1 else 0]):
            refuse()
        batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
        rows = x1.shape[-2:-1]
        columns = x2.shape[-1:] if x2.ndim > 1 else ()
        return AbstractArray((*batch, *rows, *columns), x1.dtype)

    @staticmethod
    def dot(x1, x2):
        if not x1.shape or not x2.shape:
            return AbstractArray(x1.shape or x2.shape, x1.dtype)
        inner = -2 if x2.ndim > 1 else 0
        if not same_dim(x1.shape[-1], x2.shape[inner]):
            raise ValueError(f"dot can't multiply shapes {x1.shape} and {x2.shape}.")
        return AbstractArray(
            (*x1.shape[:-1], *[d for i, d in enumerate(x2.shape) if i != x2.ndim + inner and x2.ndim > 1]), x1.dtype
        )

    @staticmethod
    def tensordot(x1, x2, axes=2):
        if isinstance(axes, int):
            left, right = tuple(range(x1.ndim - axes, x1.ndim)), tuple(range(axes))
        else:
            left, right = (a if isinstance(a, (list, tuple)) else (a,) for a in axes)
            left, right = normalize_axes(tuple(left), x1.ndim), normalize_axes(tuple(right), x2.ndim)
        if not all(same_dim(x1.shape[a], x2.shape[b]) for a, b in zip(left, right)):
            raise ValueError(f"tensordot can't contract axes {axes} of shapes {x1.shape} and {x2.shape}.")
        shape = [d for i, d in enumerate(x1.shape) if i not in left] + [d for i, d in enumerate(x2.shape) if i not in right]
        return AbstractArray(shape, x1.dtype)

    @staticmethod
    def einsum(equation, *operands):
        return AbstractArray(einsum_shape(equation, [x.shape for x in operands]), operands[0].dtype)

    @staticmethod
    def diagonal(x, offset=0, axis1=0, axis2=1):
        axis1, axis2 = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
        rows, columns = x.shape[axis1], x.shape[axis2]
        rest = [d for i, d in enumerate(x.shape) if i not in (axis1, axis2)]
        if rows is None or columns is None:
            return AbstractArray([*rest, None], x.dtype)
        return AbstractArray([*rest, max(0, min(rows + min(offset, 0), columns - max(offset, 0)))], x.dtype)

    @staticmethod
    def arange(start, stop=None, step=1, dtype=None):
        if any(isinstance(v, AbstractArray) for v in (start, stop, step)):
            return AbstractArray((None,), dtype)
        start, stop = (0, start) if stop is None else (start, stop)
        return AbstractArray((None if None in (start, stop) else max(0, math.ceil((stop - start) / (step or 1))),), dtype)

    @staticmethod
    def full(shape, fill_value, dtype=None):
        return AbstractArray(shape, dtype)

    @staticmethod
    def zeros(shape, dtype=None):
        return AbstractArray(shape, dtype)

    ones = empty = zeros

    @staticmethod
    def eye(N, M=None, k=0, dtype=None):
        return AbstractArray((N, N if M is None else M), dtype)

    tri = eye

    @staticmethod
    def full_like(x, fill_value, dtype=None):
        return AbstractArray(x.shape, dtype or x.dtype)

    @staticmethod
    def linspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
        shape = list(broadcast_shapes(_shape(start), _shape(stop)))
        shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, num)
        return AbstractArray(shape, dtype)

    @staticmethod
    def meshgrid(*xs, indexing="xy"):
        shape = [x.shape[0] for x in xs]
        if indexing == "xy" and len(shape) > 1:
            shape[:2] = shape[1::-1]
        return [AbstractArray(shape, x.dtype) for x in xs]


def _elementwise(dtype=None):
    def rule(*xs, **kwargs):
        arrays = [x for x in xs if isinstance(x, AbstractArray)]
        return AbstractArray(broadcast_shapes(*map(_shape, xs)), dtype or arrays[0].dtype)

    return staticmethod(rule)


def _same_as_first(dtype=None):
    def rule(x, *args, **kwargs):
        return AbstractArray(x.shape, kwargs.get("dtype") or dtype or x.dtype)

    return staticmethod(rule)


def _reduction(dtype=None):
    def rule(x, axis=None, keepdims=False, **kwargs):
        return AbstractArray(reduced_shape(x.shape, axis, keepdims), kwargs.get("dtype") or dtype or x.dtype)

    return staticmethod(rule)


for _names, _rule in (
    (_UNARY, _same_as_first()),
    (_TEST, _same_as_first("bool")),
    (_BINARY, _elementwise()),
    (_COMPARE, _elementwise("bool")),
    (_REDUCE, _reduction()),
):
    for _name in _names:
        setattr(AbstractNumpy, _name, _rule)
setattr(AbstractNumpy, "argsort", _same_as_first("int32"))
for _name, _dtype in _REDUCE_INDEX.items():
    setattr(AbstractNumpy, _name, _reduction(_dtype))
