"""The numpy-like ops. An op is a row until it needs a body."""

import builtins
import math

import numpy as np

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, dtype_of, static_shape
from kerata.core.arrays import cast as _cast
from kerata.core.config import settings
from kerata.core.op import op, xp
from kerata.engines.abstract import broadcast_shapes, normalize_axes, reshaped
from kerata.ops.creation import *  # noqa: F403

_NUMBERS = (bool, int, float)


def to_float(x):
    """`x` as an array of a float dtype."""
    x = as_array(x)
    return x if _is_inexact(dtype_of(x)) else _cast(x, settings.floatx)


def _is_inexact(dtype):
    return dtype.startswith(("float", "bfloat", "complex"))


def promote(x1, x2):
    """Both operands in their common dtype; a Python number stays as it is where the dtype of the other holds it."""
    weak1, weak2 = type(x1) in _NUMBERS, type(x2) in _NUMBERS
    if weak1 and weak2:
        x1, weak1 = as_array(x1), False
    if weak2:
        x1 = as_array(x1)
        return _with_number(x1, x2)
    if weak1:
        x2, x1 = _with_number(as_array(x2), x1)
        return x1, x2
    x1, x2 = as_array(x1), as_array(x2)
    d1, d2 = dtype_of(x1), dtype_of(x2)
    if d1 == d2:
        return x1, x2
    dtype = dtypes.result_type(d1, d2)
    return _cast(x1, dtype), _cast(x2, dtype)


def _with_number(x, number):
    dtype = dtype_of(x)
    result = dtypes.result_type(dtype, type(number))
    return (x if dtype == result else _cast(x, result)), as_array(number, result) if engines.current().is_abstract else _typed(
        number, result
    )


def _typed(number, dtype):
    """A Python number as one that the engine takes for weak."""
    return float(number) if dtype.startswith(("float", "bfloat")) else number


def _unary(name, doc, floats=False, numbers=False):
    def body(x):
        x = to_float(x) if floats else as_array(x)
        if numbers and dtype_of(x) == "bool":
            x = _cast(x, "int32")
        return getattr(xp(), name)(x)

    return _named(body, name, doc)


def _binary(name, doc, floats=False):
    def body(x1, x2):
        x1, x2 = promote(x1, x2)
        if floats and not _is_inexact(dtype_of(x2 if type(x1) in _NUMBERS else x1)):
            x1, x2 = to_float(x1), to_float(x2)
        _check_broadcast(name, x1, x2)
        return getattr(xp(), name)(x1, x2)

    return _named(body, name, doc)


def _check_broadcast(name, x1, x2):
    s1, s2 = static_shape(x1), static_shape(x2)
    if s1 != s2:
        try:
            broadcast_shapes(s1, s2)
        except ValueError:
            raise ValueError(f"{name}: shapes {s1} and {s2} can't be broadcast together.") from None


def _named(body, name, doc, elementwise=True):
    body.__name__ = body.__qualname__ = name
    body.__module__ = __name__
    body.__doc__ = doc
    return op(body, elementwise=elementwise)


_FLOAT_UNARY = {
    "arccos": "Inverse cosine.",
    "arccosh": "Inverse hyperbolic cosine.",
    "arcsin": "Inverse sine.",
    "arcsinh": "Inverse hyperbolic sine.",
    "arctan": "Inverse tangent.",
    "arctanh": "Inverse hyperbolic tangent.",
    "cbrt": "Cube root.",
    "cos": "Cosine.",
    "cosh": "Hyperbolic cosine.",
    "deg2rad": "Degrees to radians.",
    "exp": "e to the power of x.",
    "exp2": "2 to the power of x.",
    "expm1": "exp(x) - 1, exact near 0.",
    "log": "Natural logarithm.",
    "log10": "Logarithm to base 10.",
    "log1p": "log(1 + x), exact near 0.",
    "log2": "Logarithm to base 2.",
    "rad2deg": "Radians to degrees.",
    "reciprocal": "1 / x.",
    "sin": "Sine.",
    "sinc": "sin(pi x) / (pi x).",
    "sinh": "Hyperbolic sine.",
    "sqrt": "Square root.",
    "tan": "Tangent.",
    "tanh": "Hyperbolic tangent.",
}
_SAME_UNARY = {
    "abs": "Absolute value.",
    "absolute": "Absolute value.",
    "conj": "Complex conjugate.",
    "trunc": "The integer part.",
}
_NUMBER_UNARY = {
    "negative": "-x; of bools, as integers.",
    "sign": "-1, 0 or 1; of bools, as integers.",
    "square": "x * x; of bools, as integers.",
}
_BOOL_UNARY = {
    "isfinite": "Whether each element is neither infinite nor NaN.",
    "isinf": "Whether each element is infinite.",
    "isnan": "Whether each element is NaN.",
    "logical_not": "Whether each element is false.",
}
_SAME_BINARY = {
    "add": "x1 + x2.",
    "subtract": "x1 - x2.",
    "multiply": "x1 * x2.",
    "floor_divide": "The integer part, downwards, of x1 / x2.",
    "mod": "The remainder of x1 / x2, with the sign of x2.",
    "power": "x1 to the power of x2.",
    "maximum": "The larger of each pair.",
    "minimum": "The smaller of each pair.",
    "bitwise_and": "Bitwise and.",
    "bitwise_or": "Bitwise or.",
    "bitwise_xor": "Bitwise exclusive or.",
    "left_shift": "x1 shifted x2 bits left.",
    "right_shift": "x1 shifted x2 bits right.",
    "equal": "x1 == x2.",
    "not_equal": "x1 != x2.",
    "less": "x1 < x2.",
    "less_equal": "x1 <= x2.",
    "greater": "x1 > x2.",
    "greater_equal": "x1 >= x2.",
    "logical_and": "Whether both are true.",
    "logical_or": "Whether one is true.",
    "logical_xor": "Whether exactly one is true.",
}
_FLOAT_BINARY = {
    "divide": "x1 / x2.",
    "true_divide": "x1 / x2.",
    "arctan2": "The angle of the point (x2, x1).",
    "hypot": "The length of the hypotenuse.",
    "logaddexp": "log(exp(x1) + exp(x2)).",
}
for _table, _row, _options in (
    (_FLOAT_UNARY, _unary, {"floats": True}),
    (_SAME_UNARY, _unary, {}),
    (_NUMBER_UNARY, _unary, {"numbers": True}),
    (_BOOL_UNARY, _unary, {}),
    (_SAME_BINARY, _binary, {}),
    (_FLOAT_BINARY, _binary, {"floats": True}),
):
    for _name, _doc in _table.items():
        globals()[_name] = _row(_name, _doc, **_options)
for _name, _doc in {"floor": "The next integer below.", "ceil": "The next integer above."}.items():
    globals()[_name] = _unary(_name, _doc, floats=True)
conjugate = globals()["conj"]


def _reduction(name, doc, floats=False, dtype=None):
    def body(x, axis=None, keepdims=False):
        x = to_float(x) if floats else as_array(x)
        axis = _axis(axis, x)
        y = getattr(xp(), name)(x, axis=axis, keepdims=keepdims)
        result = dtype(dtype_of(x)) if callable(dtype) else dtype
        return y if result is None else _cast(y, result)

    return _named(body, name, doc, elementwise=False)


def _axis(axis, x):
    return None if axis is None else normalize_axes(axis, len(x.shape))


def _accumulator(dtype):
    """The dtype of a sum: small integers add up in 32 bits."""
    if dtype in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else dtype


sum = _reduction("sum", "The sum over axes.", dtype=_accumulator)
prod = _reduction("prod", "The product over axes.", dtype=_accumulator)
any = _reduction("any", "Whether any element along axes is true.", dtype="bool")
all = _reduction("all", "Whether all elements along axes are true.", dtype="bool")


@op
def max(x, axis=None, keepdims=False, initial=None):
    """The largest element along axes, `initial` among them if given."""
    y = xp().max(as_array(x), axis=_axis(axis, as_array(x)), keepdims=keepdims)
    return y if initial is None else maximum(y, initial)  # noqa: F821


@op
def min(x, axis=None, keepdims=False, initial=None):
    """The smallest element along axes, `initial` among them if given."""
    y = xp().min(as_array(x), axis=_axis(axis, as_array(x)), keepdims=keepdims)
    return y if initial is None else minimum(y, initial)  # noqa: F821


amax, amin = max, min


@op
def mean(x, axis=None, keepdims=False):
    """The mean over axes; low-precision floats are added up in float32."""
    x = to_float(x)
    dtype = dtype_of(x)
    wide = _cast(x, "float32") if dtype in ("float16", "bfloat16") else x
    return _cast(xp().mean(wide, axis=_axis(axis, x), keepdims=keepdims), dtype)


@op
def var(x, axis=None, keepdims=False):
    """The variance over axes, of the whole population."""
    x = to_float(x)
    dtype = dtype_of(x)
    wide = _cast(x, "float32") if dtype in ("float16", "bfloat16") else x
    return _cast(xp().var(wide, axis=_axis(axis, x), keepdims=keepdims), dtype)


@op
def std(x, axis=None, keepdims=False):
    """The standard deviation over axes, of the whole population."""
    return sqrt(var(x, axis, keepdims))  # noqa: F821


@op
def argmax(x, axis=None, keepdims=False):
    """The index of the first largest element along an axis, or in the flattened tensor."""
    return _cast(xp().argmax(as_array(x), axis=axis, keepdims=keepdims), "int32")


@op
def argmin(x, axis=None, keepdims=False):
    """The index of the first smallest element along an axis, or in the flattened tensor."""
    return _cast(xp().argmin(as_array(x), axis=axis, keepdims=keepdims), "int32")


@op
def argsort(x, axis=-1):
    """The indices that sort along an axis."""
    return _cast(xp().argsort(as_array(x), axis=axis), "int32")


@op
def sort(x, axis=-1):
    """The elements in ascending order along an axis."""
    return xp().sort(as_array(x), axis=axis)


@op
def cumsum(x, axis=None, dtype=None):
    """Running sums along an axis, or over the flattened tensor."""
    x = as_array(x, dtype)
    return _cast(
        xp().cumsum(ravel(x) if axis is None else x, axis=0 if axis is None else axis),
        "int32" if dtype_of(x) == "bool" else dtype_of(x),
    )


@op
def cumprod(x, axis=None, dtype=None):
    """Running products along an axis, or over the flattened tensor."""
    x = as_array(x, dtype)
    return _cast(
        xp().cumprod(ravel(x) if axis is None else x, axis=0 if axis is None else axis),
        "int32" if dtype_of(x) == "bool" else dtype_of(x),
    )


@op
def count_nonzero(x, axis=None):
    """The number of elements that are not 0."""
    return sum(_cast(not_equal(x, 0), "int32"), axis)  # noqa: F821


@op(elementwise=True)
def clip(x, x_min, x_max):
    """`x`, no less than `x_min` and no more than `x_max`."""
    x = as_array(x)
    if dtype_of(x) == "bool":
        x = _cast(x, "int32")
    dtype = dtype_of(x)
    low, high = (None if b is None else _bound(b, dtype) for b in (x_min, x_max))
    return xp().clip(x, low, high)


def _bound(b, dtype):
    return as_array(b, dtype)


@op(elementwise=True)
def round(x, decimals=0):
    """The nearest number with so many decimals; halves go to the even one."""
    x = as_array(x)
    return xp().round(x, decimals) if dtype_of(x) != "bool" else _cast(x, "int32")


@op(elementwise=True)
def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """`x` with NaN and infinities replaced."""
    return xp().nan_to_num(as_array(x), nan=nan, posinf=posinf, neginf=neginf)


@op
def where(condition, x1=None, x2=None):
    """`x1` where the condition holds, else `x2`; with the condition alone, the indices where it holds."""
    condition = as_array(condition, "bool")
    if x1 is None and x2 is None:
        return _indices_where(condition)
    x1, x2 = promote(x1, x2)
    return xp().where(condition, x1, x2)


@op
def nonzero(x):
    """The indices of the elements that are not 0, one array an axis."""
    return _indices_where(as_array(not_equal(x, 0), "bool"))  # noqa: F821


def _indices_where(condition):
    return tuple(_cast(indices, "int32") for indices in xp().where(condition))


@op
def reshape(x, newshape):
    """`x` in another shape of the same size; one -1, or None from a symbolic tensor's shape, is computed.

    Raises: ValueError if the sizes differ.
    """
    x = as_array(x)
    newshape = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    if newshape.count(None) == 1 and -1 not in newshape:
        newshape = tuple(-1 if d is None else d for d in newshape)
    if builtins.all(type(d) is int for d in (*newshape, *static_shape(x))):
        newshape = reshaped(static_shape(x), newshape)
    return xp().reshape(x, newshape)


@op
def ravel(x):
    """`x` with one axis."""
    return xp().reshape(as_array(x), (-1,))


@op
def transpose(x, axes=None):
    """The axes in another order, reversed if none is given."""
    x = as_array(x)
    return xp().transpose(x, None if axes is None else tuple(axes))


@op
def moveaxis(x, source, destination):
    """Some axes moved to other places."""
    return xp().moveaxis(as_array(x), source, destination)


@op
def swapaxes(x, axis1, axis2):
    """Two axes exchanged."""
    return xp().swapaxes(as_array(x), axis1, axis2)


@op
def expand_dims(x, axis):
    """A new axis of length one, or several."""
    return xp().expand_dims(as_array(x), tuple(axis) if isinstance(axis, list) else axis)


@op
def squeeze(x, axis=None):
    """Axes of length one taken away.

    Raises: ValueError if a named axis is longer.
    """
    x = as_array(x)
    for a in () if axis is None else normalize_axes(axis, len(x.shape)):
        if x.shape[a] not in (1, None):
            raise ValueError(
                f"Axis {a} of a tensor of shape {tuple(x.shape)} has length {x.shape[a]}: it can't be squeezed away."
            )
    return xp().squeeze(x, axis=_axis(axis, x))


@op
def broadcast_to(x, shape):
    """`x` repeated to a shape."""
    return xp().broadcast_to(as_array(x), tuple(shape))


def _common(xs):
    """Several arrays in their common dtype."""
    xs = [as_array(x) for x in xs]
    dtype = dtypes.result_type(*[dtype_of(x) for x in xs])
    return [_cast(x, dtype) for x in xs]


@op
def concatenate(xs, axis=0):
    """Tensors joined along an axis."""
    return xp().concatenate(_common(xs), axis=axis)


@op
def stack(x, axis=0):
    """Tensors joined along a new axis."""
    return xp().stack(_common(x), axis=axis)


@op
def hstack(xs):
    """Tensors joined along the second axis, vectors along the first."""
    return concatenate(xs, 0 if len(static_shape(xs[0])) < 2 else 1)


@op
def vstack(xs):
    """Tensors joined along the first axis, vectors as rows."""
    return concatenate([expand_dims(x, 0) if len(static_shape(x)) < 2 else x for x in xs], 0)


@op
def split(x, indices_or_sections, axis=0):
    """A list of parts along an axis: so many equal ones, or those between indices."""
    x = as_array(x)
    if not isinstance(indices_or_sections, int):
        indices_or_sections = [int(i) for i in indices_or_sections]
    return list(xp().split(x, indices_or_sections, axis=axis))


@op
def tile(x, repeats):
    """`x` laid side by side along each axis."""
    return xp().tile(as_array(x), repeats if isinstance(repeats, int) else tuple(repeats))


@op
def repeat(x, repeats, axis=None):
    """Each element repeated along an axis."""
    return xp().repeat(as_array(x), repeats, axis=axis)


@op
def flip(x, axis=None):
    """The elements in reverse order along axes."""
    x = as_array(x)
    axes = normalize_axes(axis, len(x.shape))
    return engines.current().getitem(x, tuple(slice(None, None, -1) if a in axes else slice(None) for a in range(len(x.shape))))


@op
def roll(x, shift, axis=None):
    """The elements moved round along axes."""
    return xp().roll(as_array(x), shift, axis=axis)


@op
def pad(x, pad_width, mode="constant", constant_values=None):
    """`x` with borders: a number, a pair, or a pair for each axis."""
    x = as_array(x)
    pairs = np.broadcast_to(np.asarray(pad_width, "int64"), (len(x.shape), 2)).tolist()
    pairs = [tuple(p) for p in pairs]
    if mode == "constant":
        return xp().pad(x, pairs, mode=mode, constant_values=0 if constant_values is None else constant_values)
    if constant_values is not None:
        raise ValueError(f"constant_values goes with mode='constant', not with mode={mode!r}.")
    return xp().pad(x, pairs, mode=mode)


@op
def take(x, indices, axis=None):
    """Elements by index along an axis; negative indices count from the end."""
    x, indices = as_array(x), as_array(indices)
    if not dtypes.is_int_dtype(dtype_of(indices)):
        indices = _cast(indices, "int32")
    return xp().take(x, indices, axis=axis)


@op
def take_along_axis(x, indices, axis=None):
    """Elements by index along an axis, each row by its own indices."""
    return xp().take_along_axis(as_array(x), as_array(indices), axis=axis)


@op
def get_item(x, key):
    """`x[key]`."""
    return engines.current().getitem(as_array(x), key)


@op
def matmul(x1, x2):
    """The matrix product over the last two axes: (..., n, k), (..., k, m) -> (..., n, m).

    Raises: ValueError if the inner dimensions differ.
    """
    x1, x2 = promote(x1, x2)
    if x1.shape and x2.shape:
        inner = x2.shape[-2 if len(x2.shape) > 1 else 0]
        if x1.shape[-1] is not None and inner is not None and x1.shape[-1] != inner:
            raise ValueError(f"matmul: shapes {tuple(x1.shape)} and {tuple(x2.shape)} don't fit: {x1.shape[-1]} != {inner}.")
    return xp().matmul(x1, x2)


@op
def dot(x1, x2):
    """The product over the last axis of `x1` and the last but one of `x2`."""
    x1, x2 = promote(as_array(x1), as_array(x2))
    return xp().dot(x1, x2)


@op
def tensordot(x1, x2, axes=2):
    """The sum of products over pairs of axes."""
    x1, x2 = promote(x1, x2)
    return xp().tensordot(x1, x2, axes=axes)


@op
def einsum(subscripts, *operands, **kwargs):
    """Einstein's summation: `einsum("bij,bjk->bik", a, b)`."""
    return xp().einsum(subscripts, *_common(operands))


@op
def outer(x1, x2):
    """All products of an element of `x1` with one of `x2`."""
    x1, x2 = promote(x1, x2)
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))  # noqa: F821


@op
def diagonal(x, offset=0, axis1=0, axis2=1):
    """The diagonal of two axes."""
    return xp().diagonal(as_array(x), offset, axis1, axis2)


@op
def trace(x, offset=0, axis1=0, axis2=1):
    """The sum of the diagonal."""
    return sum(diagonal(x, offset, axis1, axis2), -1)


@op
def tril(x, k=0):
    """`x` with 0 above the k-th diagonal."""
    return xp().tril(as_array(x), k)


@op
def triu(x, k=0):
    """`x` with 0 below the k-th diagonal."""
    return xp().triu(as_array(x), k)


@op
def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether each pair is equal within tolerances."""
    x1, x2 = promote(x1, x2)
    return xp().isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


@op
def searchsorted(sorted_sequence, values, side="left"):
    """Where each value would be put into a sorted vector to keep it sorted."""
    return _cast(xp().searchsorted(as_array(sorted_sequence), as_array(values), side=side), "int32")


@op
def digitize(x, bins):
    """The number of the bin that each element falls in."""
    return searchsorted(as_array(bins, dtype_of(as_array(x))), x, side="right")


@op
def bincount(x, weights=None, minlength=0, sparse=False):
    """How often each integer occurs, or the sum of its weights, along the last axis."""
    x = as_array(x, "int32")
    length = minlength or int(np.max(engines.current().to_numpy(x))) + 1
    hits = equal(expand_dims(x, -1), arange(length, dtype="int32"))  # noqa: F821
    values = _cast(hits, "int32") if weights is None else multiply(_cast(hits, "float32"), expand_dims(weights, -1))  # noqa: F821
    return sum(values, axis=-2)


@op
def average(x, axis=None, weights=None):
    """The mean, weighted if weights are given."""
    if weights is None:
        return mean(x, axis)
    x, weights = promote(to_float(x), weights)
    if static_shape(weights) != static_shape(x) and axis is not None:
        shape = [1] * len(x.shape)
        shape[axis] = -1
        weights = reshape(weights, shape)
    weights = broadcast_to(weights, ones_like(x).shape)
    return divide(sum(multiply(x, weights), axis), sum(weights, axis))  # noqa: F821


@op
def median(x, axis=None, keepdims=False):
    """The middle value along axes."""
    return xp().median(to_float(x), axis=axis, keepdims=keepdims)


@op
def norm(x, ord=None, axis=None, keepdims=False):
    """The norm of a vector or matrix: 2 or Frobenius for None, else 1, 2, inf, -inf, "fro" or another order of a vector."""
    x = to_float(x)
    axes = normalize_axes(axis, len(x.shape))
    if ord in (None, "fro") or ord == 2 and len(axes) == 1:
        return sqrt(sum(square(abs(x)), axis, keepdims))  # noqa: F821
    if len(axes) == 1:
        if ord in (math.inf, -math.inf):
            return (max if ord > 0 else min)(absolute(x), axis, keepdims)  # noqa: F821
        if ord == 0:
            return _cast(sum(not_equal(x, 0), axis, keepdims), dtype_of(x))  # noqa: F821
        return power(sum(power(absolute(x), ord), axis, keepdims), 1.0 / ord)  # noqa: F821
    if ord in (1, -1, math.inf, -math.inf):
        over, inner = (axes[1], axes[0]) if builtins.abs(ord) == 1 else (axes[0], axes[1])
        sums = sum(absolute(x), inner, keepdims=True)  # noqa: F821
        result = (max if ord > 0 else min)(sums, over, keepdims=True)
        return result if keepdims else squeeze(result, axes)
    return xp().linalg.norm(x, ord=ord, axis=axis, keepdims=keepdims)


def shape(x):
    """The shape as a tuple; None for what is unknown."""
    return static_shape(x)


def size(x):
    """The number of elements."""
    return math.prod(static_shape(x))


def ndim(x):
    """The number of axes."""
    return len(static_shape(x))


__all__ = [
    name
    for name, value in list(globals().items())
    if not name.startswith("_")
    and getattr(value, "__module__", None) in (__name__, "kerata.ops.creation")
    and name not in ("to_float", "promote")
]
