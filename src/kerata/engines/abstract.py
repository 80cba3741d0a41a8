"""The abstract engine: its arrays are a shape, with None for what is unknown, and a dtype.

Running an op's one body on it gives the op's output spec. Rules here are for primitives only, most of them by table.
"""

import math

import numpy as np
import optree

from kerata.engines.abstract_linalg import AbstractFourier, AbstractLinearAlgebra
from kerata.engines.base import Engine


class NoAbstractRule(Exception):
    """A function has no rule here; its shape is found by the default engine's own tracing."""


class AbstractArray:
    """A shape and a dtype."""

    def __init__(self, shape, dtype):
        self.shape = tuple(shape)
        self.dtype = dtype

    @property
    def ndim(self):
        return len(self.shape)

    def __repr__(self):
        return f"<{type(self).__name__} shape={self.shape} dtype={self.dtype}>"

    def __array__(self, *args, **kwargs):
        raise TypeError(
            f"{self!r} stands for a tensor of a model that is being built; it has no values, so NumPy can't be used on it. "
            "Use the functions of `ops` (`keras.ops.sum(x)` instead of `np.sum(x)`), or wrap the code in a Layer."
        )

    def __bool__(self):
        raise TypeError(
            f"{self!r} has no values, so it can't be used in `if` or `while`. Use `ops.cond` or `ops.where` instead."
        )

    def __iter__(self):
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"{self!r} can't be iterated over: its first dimension is unknown.")
        return (self[i] for i in range(self.shape[0]))

    def __len__(self):
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"{self!r} has no known length.")
        return self.shape[0]


def size(shape):
    """The number of elements, None if unknown."""
    return None if None in shape else math.prod(shape)


def broadcast_shapes(*shapes):
    """NumPy's rule with None for unknown: None with 1 stays None, with k > 1 is k.

    Raises: ValueError if the shapes do not fit.
    """
    rank = max(map(len, shapes))
    result = []
    for dims in zip(*[(1,) * (rank - len(s)) + tuple(s) for s in shapes]):
        known = {d for d in dims if d not in (None, 1)}
        if len(known) > 1:
            raise ValueError(f"Shapes {' and '.join(map(str, shapes))} can't be broadcast together.")
        result.append(known.pop() if known else (None if None in dims else 1))
    return tuple(result)


def same_dim(a, b):
    return a is None or b is None or a == b


def normalize_axis(axis, rank):
    """A non-negative axis.

    Raises: ValueError if it is out of range.
    """
    if not -rank <= axis < rank:
        raise ValueError(f"Axis {axis} is out of range for a tensor of rank {rank}.")
    return axis % rank if rank else 0


def normalize_axes(axis, rank):
    if axis is None:
        return tuple(range(rank))
    return tuple(normalize_axis(int(a), rank) for a in (axis if isinstance(axis, (tuple, list)) else (axis,)))


def reduced_shape(shape, axis, keepdims):
    axes = normalize_axes(axis, len(shape))
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes)


def reshaped(shape, target):
    """The shape after `reshape(target)`, where one -1 is computed and None stands for an unknown source dimension.

    Raises: ValueError if the sizes do not fit.
    """
    target = tuple(target)
    source, rest = list(shape), list(target)
    shared = min(source.count(None), rest.count(None))
    for _ in range(shared):
        source.remove(None)
        rest.remove(None)
    fill = None
    if None not in source and None not in rest:
        total, known = math.prod(source), math.prod(d for d in rest if d != -1)
        fits = (known and total % known == 0) if -1 in rest else total == known
        if not fits and known and not shared:
            raise ValueError(f"A tensor of shape {tuple(shape)} can't be reshaped to {target}: the sizes differ.")
        fill = (total // known if known else 0) if fits else None
    return tuple(fill if d == -1 else d for d in target)


def window_output(length, window, stride, padding, dilation=1):
    """The output length of a convolution or pooling along one axis.

    `padding` is "same", "valid" or a pair (before, after).
    """
    if length is None:
        return None
    if padding == "same":
        return -(-length // stride)
    before, after = (0, 0) if padding == "valid" else padding
    return (length + before + after - (window - 1) * dilation - 1) // stride + 1


def window_outputs(spatial, window, strides, padding, dilation):
    pads = [padding] * len(spatial) if isinstance(padding, str) else padding
    return tuple(window_output(*axis) for axis in zip(spatial, window, strides, pads, dilation))


def _indexed(shape, key):
    """The shape of `x[key]` for basic indices, one boolean mask, or integer arrays."""
    key = list(key) if isinstance(key, tuple) else [key]
    count = sum(
        1 if not isinstance(k, AbstractArray) or k.dtype != "bool" else k.ndim
        for k in key
        if k is not None and k is not Ellipsis
    )
    if not any(k is Ellipsis for k in key):
        key.append(Ellipsis)
    at = next(i for i, k in enumerate(key) if k is Ellipsis)
    if count > len(shape):
        raise IndexError(f"Too many indices ({count}) for a tensor of shape {shape}.")
    key[at : at + 1] = [slice(None)] * (len(shape) - count)
    result, arrays, first_array, axis = [], [], None, 0
    for k in key:
        if k is None:
            result.append(1)
            continue
        dim = shape[axis]
        if isinstance(k, slice):
            result.append(_sliced(dim, k))
        elif isinstance(k, AbstractArray) and k.dtype == "bool":
            result.append(None)
            axis += k.ndim - 1
        elif isinstance(k, (AbstractArray, np.ndarray, list)):
            if first_array is None:
                first_array = len(result)
            arrays.append(np.shape(k) if not isinstance(k, AbstractArray) else k.shape)
        else:
            if isinstance(k, (int, np.integer)) and dim is not None and not -dim <= k < dim:
                raise IndexError(f"Index {k} is out of range for axis {axis} of a tensor of shape {shape}.")
        axis += 1
    if arrays:
        result[first_array:first_array] = broadcast_shapes(*arrays)
    return tuple(result)


def _sliced(dim, key):
    if all(p is None or isinstance(p, (int, np.integer)) for p in (key.start, key.stop, key.step)):
        if dim is not None:
            return len(range(*key.indices(dim)))
        if key == slice(None) or (key.start in (None, 0) and key.stop is None and key.step == -1):
            return None
    return None


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
    linalg = AbstractLinearAlgebra(AbstractArray, broadcast_shapes, reduced_shape)
    fft = AbstractFourier(AbstractArray)

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


def einsum_shape(equation, shapes):
    """The result shape of `einsum(equation)`, ellipses included.

    Raises: ValueError if an axis letter stands for two lengths.
    """
    equation = equation.replace(" ", "")
    inputs, arrow, output = equation.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f"einsum {equation!r} names {len(terms)} operands; {len(shapes)} came.")
    sizes, ellipsis = {}, ()
    for term, shape in zip(terms, shapes):
        before, dots, after = term.partition("...")
        extra = len(shape) - len(before) - len(after)
        if extra < 0 or (extra and not dots):
            raise ValueError(f"einsum {equation!r}: term {term!r} does not fit the shape {tuple(shape)}.")
        ellipsis = broadcast_shapes(ellipsis, shape[len(before) : len(before) + extra])
        for letter, dim in [*zip(before, shape), *zip(after, shape[len(shape) - len(after) :])]:
            known = sizes.get(letter)
            if known not in (None, 1) and dim not in (None, 1) and known != dim:
                raise ValueError(f"einsum {equation!r}: axis {letter!r} is {known} in one operand and {dim} in another.")
            sizes[letter] = dim if known in (None, 1) else known
    if not arrow:
        letters = inputs.replace(",", "").replace(".", "")
        output = ("..." if "..." in inputs else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    before, dots, after = output.partition("...")
    return (*[sizes[c] for c in before], *(ellipsis if dots else ()), *[sizes[c] for c in after])


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


class AbstractEngine(Engine):
    """Shapes and dtypes only."""

    name = "abstract"
    trains = False
    is_abstract = True
    xp = AbstractNumpy()

    def is_array(self, x):
        return isinstance(x, AbstractArray)

    def asarray(self, x, dtype=None):
        if isinstance(x, AbstractArray):
            return self.cast(x, dtype) if dtype else x
        if not hasattr(x, "shape") or not hasattr(x, "dtype"):
            x = self._stacked(x) if isinstance(x, (list, tuple)) else np.asarray(x)
        return AbstractArray(x.shape, dtype or getattr(x.dtype, "name", str(x.dtype)))

    def _stacked(self, xs):
        parts = [self.asarray(x) for x in xs]
        return AbstractNumpy.stack(parts) if any(isinstance(x, AbstractArray) for x in xs) else np.asarray(xs)

    def on_host(self, fn, form, *arrays):
        return form

    def to_numpy(self, x):
        return x.__array__()

    def cast(self, x, dtype):
        return x if x.dtype == dtype else AbstractArray(x.shape, dtype)

    def dtype(self, x):
        return x.dtype

    def getitem(self, x, key):
        return AbstractArray(_indexed(x.shape, key), x.dtype)

    def conv(self, inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
        spatial = [None if n is None else (n - 1) * d + 1 for n, d in zip(inputs.shape[1:-1], input_dilation)]
        outputs = window_outputs(spatial, kernel.shape[:-2], strides, padding, kernel_dilation)
        return AbstractArray((inputs.shape[0], *outputs, kernel.shape[-1]), inputs.dtype)

    def pool(self, inputs, window, strides, padding, kind):
        outputs = window_outputs(inputs.shape[1:-1], window, strides, padding, [1] * len(window))
        return AbstractArray((inputs.shape[0], *outputs, inputs.shape[-1]), inputs.dtype)

    def compile(self, fn, variables=(), donate=False, optimize=None):
        return fn

    def compile_loop(self, fn, variables=(), optimize=None):
        return lambda start, stop, *args: fn(AbstractArray((), "int32"), *args)

    def value_and_grad(self, fn, variables, has_aux=False):
        return lambda: (fn(), [AbstractArray(v.shape, v.dtype) for v in variables])

    def stop_gradient(self, x):
        return x

    def custom_gradient(self, fn):
        return lambda *args, **kwargs: fn(*args, **kwargs)[0]

    def vectorized_map(self, fn, xs):
        raise NoAbstractRule("vectorized_map")

    def infer(self, fn, *args, **kwargs):
        return fn(*args, **kwargs)

    def cond(self, predicate, true_fn, false_fn):
        false_fn()
        return true_fn()

    def switch(self, index, branches, *operands):
        return [branch(*operands) for branch in branches][0]

    def while_loop(self, condition, body, loop_vars, maximum_iterations=None):
        body(*loop_vars)
        return loop_vars

    def fori_loop(self, lower, upper, body, value):
        body(AbstractArray((), "int32"), value)
        return value

    def scan(self, fn, init, xs, length=None, reverse=False, unroll=1):
        steps = length if length is not None else optree.tree_leaves(xs)[0].shape[0]
        carry, ys = fn(init, optree.tree_map(lambda x: AbstractArray(x.shape[1:], x.dtype), xs))
        return carry, optree.tree_map(lambda y: AbstractArray((steps, *y.shape), y.dtype), ys)

    def associative_scan(self, fn, elems, reverse=False, axis=0):
        return elems

    def random(self, kind, seed, shape, dtype, *parameters):
        if kind == "categorical":
            logits, count = parameters
            return AbstractArray((*logits.shape[:-1], count), dtype)
        return parameters[0] if kind == "permutation" else AbstractArray(shape, dtype)
