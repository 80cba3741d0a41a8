"""Conversion, control flow, state and gradients."""

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optree

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of, is_variable, static_shape, to_numpy
from kerata.core.graph import is_keras_tensor
from kerata.core.op import op
from kerata.core.sparse import check_available, is_ragged, own
from kerata.core.sparse_rules import sparse_rule
from kerata.core.types import Axis, DType, Shape, Tensor, TensorLike, Tree
from kerata.core.variable import Variable
from kerata.engines.kinds import SPARSE, kind_of
from kerata.engines.shapes import normalize_axis
from kerata.engines.state import context
from kerata.ops import numpy as knp


def convert_to_tensor(x: TensorLike, dtype: DType = None, sparse: bool | None = None, ragged: bool | None = None) -> Tensor:
    """`x` as a tensor of the engine in force.

    Args:
        x: numbers, nested lists of them, NumPy arrays, variables, tensors; sparse ones of JAX, TensorFlow or SciPy, and
            TensorFlow's ragged ones.
        dtype: the dtype; that of `x` if None.
        sparse, ragged: False makes a dense tensor of one that is sparse or ragged; otherwise it stays as it is.

    Raises: ValueError for `sparse=True` or `ragged=True` where the engine has no such tensors.

    >>> convert_to_tensor([1, 2], dtype="float32").tolist()
    [1.0, 2.0]
    """
    check_available("convert_to_tensor", sparse)
    check_available("convert_to_tensor", ragged, ragged=True)
    name = None if dtype is None else dtypes.standardize_dtype(dtype)
    kind = kind_of(x)
    if is_keras_tensor(x):
        if x.sparse and sparse is False or x.ragged and ragged is False:
            x = _to_dense(x)
        return x if name is None or dtype_of(x) == name else cast(x, name)
    if kind is None:
        return as_array(x, name)
    if (sparse if kind == SPARSE else ragged) is False:
        return as_array(_to_dense(x), name)
    return own(x) if name is None or dtype_of(x) == name else cast(own(x), name)


@op
def _to_dense(x: TensorLike) -> Tensor:
    """A sparse or ragged tensor with its zeros, a ragged one's rows filled up with them; any other as it is.

    >>> _to_dense([1, 0]).tolist()
    [1, 0]
    """
    return as_array(x)


@sparse_rule("_to_dense", lambda x: False)
def _ragged_to_dense(x):
    return engines.current().sparse.padded(x) if is_ragged(x) else NotImplemented


def convert_to_numpy(x: TensorLike) -> Tensor:
    """`x` as a NumPy array.

    >>> convert_to_numpy(convert_to_tensor([1, 2]))
    array([1, 2], dtype=int32)
    """
    return to_numpy(x)


def is_tensor(x: TensorLike) -> bool:
    """Whether `x` is a tensor of the engine in force.

    >>> is_tensor(convert_to_tensor(1.0)), is_tensor(1.0)
    (True, False)
    """
    engine = engines.current()
    return engine.is_array(x) or engine.sparse is not None and engine.sparse.is_own(x)


def dtype(x: TensorLike) -> Tensor:
    """The dtype's name.

    >>> dtype(convert_to_tensor([1.0, 2.0]))
    'float32'
    """
    return dtype_of(x)


@op(elementwise=True)
def cast(x: TensorLike, dtype: DType) -> Tensor:
    """`x` in another dtype.

    >>> cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return _cast(as_array(x), dtypes.standardize_dtype(dtype))


@op(elementwise=True)
def saturate_cast(x: TensorLike, dtype: DType) -> Tensor:
    """`x` in another dtype, values beyond its range set to its ends.

    >>> saturate_cast([-5, 100, 300], "uint8").tolist()
    [0, 100, 255]
    """
    x, dtype = as_array(x), dtypes.standardize_dtype(dtype)
    if dtypes.is_int_dtype(dtype):
        limits = np.iinfo(dtype)
        x = knp.clip(
            x,
            max(limits.min, -(2**31)),
            min(limits.max, 2**31 - 1) if dtype_of(x) != "float32" else min(limits.max, 2147483520),
        )
    return _cast(x, dtype)


@op(elementwise=True)
def stop_gradient(variable: Variable) -> Tensor:
    """The value, constant to differentiation.

    >>> import kerata
    >>> x = kerata.Variable(3.0)
    >>> value, (gradient,) = value_and_grad(lambda: x * stop_gradient(x), [x])
    >>> float(gradient)
    3.0
    """
    return engines.current().stop_gradient(as_array(variable))


def custom_gradient(f: Any) -> Tensor:
    """A function with a gradient of one's own: `f(*args)` returns `(result, grad)`, `grad(upstream)` the gradients.

    >>> import kerata
    >>> x = kerata.Variable(3.0)
    >>> reversed_sign = custom_gradient(lambda x: (x, lambda upstream: -upstream))
    >>> value, (gradient,) = value_and_grad(lambda: reversed_sign(x), [x])
    >>> float(value), float(gradient)
    (3.0, -1.0)
    """

    def call(*args, **kwargs):
        return engines.current().custom_gradient(f)(*optree.tree_map(_value, args), **kwargs)

    return call


def _value(x):
    return x.value if is_variable(x) else x


def value_and_grad(fn: Any, variables: Sequence[Variable], has_aux: bool = False) -> Tensor:
    """`fn()`'s value and its gradients with respect to `variables`, on the engine in force.

    Args:
        fn: a function that returns a scalar, or a scalar and anything else with `has_aux=True`. It may read and assign
            variables: what it assigns stays assigned. It is given the tensors among `variables` as its arguments.
        variables: a list of `Variable`s and tensors.

    Returns: `(value, gradients)`, or `((value, aux), gradients)`.

    The gradients can be used inside a function whose gradients are taken in turn, as in the penalty on a critic's
    gradients (Gulrajani et al. 2017, arXiv:1704.00028).

    >>> import kerata
    >>> x = kerata.Variable(3.0)
    >>> value, (gradient,) = kerata.value_and_grad(lambda: x * x, [x])
    >>> float(value), float(gradient)
    (9.0, 6.0)
    >>> def slope():
    ...     _, (gradient,) = kerata.value_and_grad(lambda y: y * y * x, [kerata.ops.array(2.0)])
    ...     return gradient
    >>> value, (gradient,) = kerata.value_and_grad(slope, [x])
    >>> float(value), float(gradient)
    (12.0, 4.0)
    """
    places = [v if is_variable(v) else _Place(v) for v in variables]
    tensors = [v for v in places if type(v) is _Place]
    return engines.current().value_and_grad(lambda: fn(*[v.raw() for v in tensors]), places, has_aux)()


class _Place:
    """What an engine differentiates by in place of a variable: a tensor, or what a scope has instead of it."""

    def __init__(self, x):
        self.tensor = as_array(x)

    def raw(self):
        scope = context.scope
        while scope is not None and id(self) not in scope.values:
            scope = scope.parent
        return self.tensor if scope is None else scope.values[id(self)]


@op
def cond(pred: TensorLike, true_fn: Callable[..., Any], false_fn: Callable[..., Any]) -> Tensor:
    """`true_fn()` if `pred` holds, else `false_fn()`; both return the same structure of tensors.

    >>> float(cond(True, lambda: 1.0, lambda: 2.0))
    1.0
    """
    return _arrays_for_numbers(engines.current().cond(as_array(pred, "bool"), true_fn, false_fn))


def _arrays_for_numbers(tree):
    """What functions return, its Python numbers as arrays: some engines pass those on as they are."""
    return optree.tree_map(lambda x: as_array(x) if type(x) in (bool, int, float) else x, tree)


@op
def switch(index: Any, branches: Any, *operands: Any) -> Tensor:
    """`branches[index](*operands)`, the index kept in range.

    Args:
        index: an integer, or a tensor of one.
        branches: functions that return the same structure of tensors.
        operands: what they are called with.

    >>> int(switch(1, [lambda x: x + 1, lambda x: x * 10], 4))
    40
    """
    return engines.current().switch(knp.clip(as_array(index, "int32"), 0, len(branches) - 1), branches, *operands)


@op
def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: TensorLike, maximum_iterations: int | None = None
) -> Tensor:
    """`loop_vars = body(*loop_vars)` while `cond(*loop_vars)`, `maximum_iterations` times at most.

    Args:
        cond: a function that returns a bool.
        body: a function that returns as many tensors, of the same shapes and dtypes.
        loop_vars: the first values: a tuple or list of tensors, or of structures of them, which the functions are given one by
            one; or one tensor or dict.
        maximum_iterations: None for no limit.

    >>> i, total = while_loop(lambda i, total: i < 4, lambda i, total: (i + 1, total + i), (0, 0))
    >>> int(i), int(total)
    (4, 6)
    """
    values, loop = optree.tree_map(as_array, loop_vars), engines.current().while_loop
    if isinstance(values, (tuple, list)):
        return loop(cond, body, values, maximum_iterations)
    return loop(cond, lambda value: (body(value),), (values,), maximum_iterations)[0]


@op
def fori_loop(lower: Any, upper: Any, body_fun: Callable[..., Any], init_val: TensorLike) -> Tensor:
    """`value = body_fun(i, value)` for i from `lower` to `upper`, the end left out.

    Args:
        lower, upper: integers, or tensors of one.
        body_fun: a function that returns a value of the structure, shapes and dtypes of `init_val`.
        init_val: the first value: a tensor, or a structure of them.

    >>> int(fori_loop(0, 4, lambda i, total: total + i, 0))
    6
    """
    return engines.current().fori_loop(lower, upper, body_fun, optree.tree_map(as_array, init_val))


@op
def scan(f: Any, init: TensorLike, xs: TensorLike = None, length: Any = None, reverse: bool = False, unroll: int = 1) -> Tensor:
    """`carry, y = f(carry, x)` along the first axis of `xs`; returns the last carry and the ys, stacked.

    Args:
        f: a function of the carry and of one element of `xs`.
        init: the first carry: a tensor, or a structure of them, which `f` keeps.
        xs: a tensor, or a structure of them, with one first axis; None for `length` steps without.
        length: the number of steps; needed without `xs`.
        reverse: whether the last element comes first.
        unroll: how many steps the engine may write out in one round of its loop.

    >>> total, totals = scan(lambda total, x: (total + x, total + x), 0, convert_to_tensor([1, 2, 3]))
    >>> int(total), totals.tolist()
    (6, [1, 3, 6])
    """
    return engines.current().scan(f, *optree.tree_map(as_array, (init, xs)), length, reverse, int(unroll) or 1)


@op
def map(f: Any, xs: TensorLike) -> Tensor:
    """`f` on each element along the first axis, the results stacked.

    >>> map(lambda x: x * x, convert_to_tensor([1, 2, 3])).tolist()
    [1, 4, 9]
    """
    return scan(lambda carry, x: (carry, f(x)), as_array(0), xs)[1]


@op
def associative_scan(f: Any, elems: TensorLike, reverse: bool = False, axis: Axis = 0) -> Tensor:
    """All prefixes of an associative function along an axis: with `a + b`, the running sums.

    Args:
        f: a function of two tensors, or structures of them, like `elems`; it is given several pairs at once, along the axis.
        elems: a tensor, or a structure of them.
        reverse: whether the prefixes begin at the end.
        axis: the axis.

    Raises: ValueError for what is no function, an axis that is not there, or several lengths along it.

    >>> associative_scan(lambda a, b: a + b, convert_to_tensor([1, 2, 3])).tolist()
    [1, 3, 6]
    """
    elems = optree.tree_map(as_array, elems)
    lengths = {static_shape(x)[normalize_axis(axis, len(x.shape))] for x in optree.tree_leaves(elems)} - {None}
    if not callable(f) or len(lengths) > 1:
        raise ValueError(
            f"associative_scan takes a function, and tensors of one length along axis {axis}; {f!r} and {lengths} came."
        )
    return engines.current().associative_scan(f, elems, reverse, axis)


@op
def vectorized_map(function: Any, elements: TensorLike) -> Tensor:
    """`function` on each element along the first axis, as one computation.

    Args:
        function: a function of an element, or of a structure of them.
        elements: a tensor, or a structure of them with one first axis.

    >>> vectorized_map(lambda row: row[0] * row[1], convert_to_tensor([[1, 2], [3, 4]])).tolist()
    [2, 12]
    """
    return engines.current().vectorized_map(function, optree.tree_map(as_array, elements))


@op
def unstack(x: TensorLike, num: Any = None, axis: Axis = 0) -> Tensor:
    """The slices along an axis, as a list.

    Args:
        x: a tensor.
        num: how many slices there are; needed where the axis has an unknown length.
        axis: the axis.

    Raises: ValueError where that is missing.

    >>> [part.tolist() for part in unstack([[1, 2], [3, 4]], axis=1)]
    [[1, 3], [2, 4]]
    """
    count = num or static_shape(x)[normalize_axis(axis, len(static_shape(x)))]
    if count is None:
        raise ValueError(f"unstack needs num along axis {axis} of shape {static_shape(x)}, whose length is unknown.")
    return [knp.squeeze(part, axis) for part in knp.split(x, count, axis)]


@op
def slice(inputs: Tree, start_indices: TensorLike, shape: Shape) -> Tensor:
    """The block of `shape` from `start_indices`; it begins earlier where it would end behind the tensor.

    Args:
        inputs: a tensor.
        start_indices: an integer for each axis, or a tensor of one.
        shape: the length along each axis; -1 for all from the start on, which then is a number.

    Raises: ValueError unless there are as many numbers as axes, and for a block that is longer than the tensor.

    >>> slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2)).tolist()
    [[2, 3], [5, 6]]
    """
    inputs = as_array(inputs)
    lengths, starts = static_shape(inputs), _starts("slice", start_indices, inputs)
    if len(shape) != len(lengths):
        raise ValueError(f"slice: the block {tuple(shape)} has not as many axes as the tensor, of shape {lengths}.")
    for axis, (start, length, whole) in enumerate(zip(starts, shape, lengths)):
        if length == -1:
            inputs = knp.get_item(inputs, (*[_ALL] * axis, builtins.slice(int(start), None)))
            continue
        if whole is not None and length > whole:
            raise ValueError(f"slice: a block {tuple(shape)} does not fit into a tensor of shape {lengths}.")
        positions = knp.add(knp.arange(length, dtype="int32"), _inside(start, length, whole))
        inputs = knp.take(inputs, positions, axis)
    return inputs


_ALL = builtins.slice(None)


def _starts(what, start_indices, inputs):
    """The first index along each axis."""
    starts = unstack(start_indices) if hasattr(start_indices, "shape") else list(start_indices)
    if len(starts) != len(inputs.shape):
        raise ValueError(f"{what}: {len(starts)} start_indices came for a tensor of shape {static_shape(inputs)}.")
    return starts


def _inside(start, length, whole):
    """A start from which `length` elements are there."""
    return start if None in (length, whole) else knp.clip(start, 0, whole - length)


def _positions(x, axis):
    """0, 1, ... along an axis, whose length may be open in a graph."""
    if x.shape[axis] is not None:
        return knp.arange(x.shape[axis], dtype="int32")
    counts = knp.cumsum(knp.ones_like(x, "int32"), axis)
    return knp.subtract(knp.max(counts, [a for a in range(len(x.shape)) if a != axis]), 1)


@op
def slice_update(inputs: Tree, start_indices: TensorLike, updates: TensorLike) -> Tensor:
    """`inputs` with the block from `start_indices` replaced by `updates`.

    Shapes and `start_indices` are those of `slice`; `updates` has as many axes as `inputs`.

    Raises: ValueError unless it has, and fits.

    >>> slice_update([1, 2, 3, 4], (1,), [8, 9]).tolist()
    [1, 8, 9, 4]
    """
    inputs, updates = as_array(inputs), as_array(updates, dtype_of(as_array(inputs)))
    sizes, lengths = static_shape(updates), static_shape(inputs)
    if len(sizes) != len(lengths) or any(None not in (n, m) and n > m for n, m in zip(sizes, lengths)):
        raise ValueError(f"slice_update: updates of shape {sizes} don't fit into a tensor of shape {lengths}.")
    placed, inside = updates, True
    for axis, start in enumerate(_starts("slice_update", start_indices, inputs)):
        start = _inside(start, sizes[axis], lengths[axis])
        position = knp.subtract(_positions(inputs, axis), start)
        hit = knp.logical_and(position >= 0, position < updates.shape[axis])
        placed = knp.take(placed, knp.clip(position, 0, updates.shape[axis] - 1), axis)
        inside = knp.logical_and(inside, knp.reshape(hit, [-1 if a == axis else 1 for a in range(len(inputs.shape))]))
    return knp.where(inside, placed, inputs)
