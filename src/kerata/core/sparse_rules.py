"""Ops on sparse and ragged tensors: what stays sparse, and how. Any other op makes dense tensors of sparse ones first.

Every rule gives the numbers that the op gives for the dense tensors; `tests/core/test_sparse.py` holds them to it.
"""

import math
from collections.abc import Callable
from typing import Any

import optree

from kerata import engines
from kerata.core.arrays import static_shape
from kerata.core.operators import op_named
from kerata.core.sparse import dense, is_ragged, is_sparse, own
from kerata.engines.kinds import kind_of

# Functions of each element that are 0 at 0.
ZERO_AT_ZERO = (
    "abs", "absolute", "arcsin", "arcsinh", "arctan", "arctanh", "ceil", "conj", "conjugate", "copy", "deg2rad", "expm1", "floor",
    "imag", "isinf", "isnan", "log1p", "negative", "rad2deg", "real", "round", "sign", "sin", "sinh", "sqrt", "square",
    "stop_gradient", "tan", "tanh", "trunc", "cast",
)  # fmt: skip


RULES: dict[str, Any] = {}  # op name -> (whether the result is sparse, the rule)


def sparse_rule(name: str, gives_sparse: Callable[..., bool]) -> Callable:
    """Make a function the way in which the op called `name` deals with sparse or ragged tensors.

    It takes the op's arguments, the sparse ones as the engine's own, and may decline by returning `NotImplemented`: then, as
    where there is no rule, the op gets dense tensors. `gives_sparse` takes the same and says whether the result is sparse.
    """

    def register(rule):
        RULES[name] = gives_sparse, rule
        return rule

    return register


def apply(op: Callable, args: Any, kwargs: Any, elementwise: bool) -> Any:
    """The result of an op, `elementwise` or not, where sparse or ragged tensors are among its arguments."""
    gives_sparse, rule = RULES.get(op.__name__, (_never, None))
    current = engines.current()
    if rule is None and elementwise and any(map(is_ragged, args)):
        gives_sparse, rule = _always, lambda *xs, **named: _engine().on_flat_values(lambda *ys: op(*ys, **named), *xs)
    if rule is not None and current.sparse is not None:
        args, kwargs = _with_each(own, args, kwargs)
        if not current.is_abstract:
            result = rule(*args, **kwargs)
            if result is not NotImplemented:
                return result
        elif gives_sparse(*args, **kwargs):
            plain, named = _with_each(current.sparse.to_dense, args, kwargs)
            return current.sparse.like(op(*plain, **named), args)
    args, kwargs = _with_each(dense, args, kwargs)
    return op(*args, **kwargs)


def _with_each(convert, args, kwargs):
    """The arguments, each sparse or ragged tensor among them converted."""
    return optree.tree_map(lambda x: x if kind_of(x) is None else convert(x), (args, kwargs), none_is_leaf=True)


def _engine():
    return engines.current().sparse


def _always(*args, **kwargs):
    return True


def _never(*args, **kwargs):
    return False


def _sparse_first(x, *args, **kwargs):
    return is_sparse(x)


def _on_values(name):
    """The rule of a function of each element that is 0 at 0; of ragged tensors, of any function of each element."""

    def rule(x, *args, **kwargs):
        op = op_named(name)
        if is_ragged(x):
            return _engine().on_flat_values(lambda values: op(values, *args, **kwargs), x)
        values = op(_engine().parts(_engine().plain(x))[0], *args, **kwargs)
        return _engine().with_values(_engine().plain(x), values)

    return rule


for _name in ZERO_AT_ZERO:
    sparse_rule(_name, _always)(_on_values(_name))


def _shapes_equal(x, y):
    return static_shape(x) == static_shape(y)


def _of_two(name, gives_sparse):
    """Register a rule of two tensors; of ragged ones with rows of the same lengths, or a number, the op on their values."""

    def register(rule):
        def both(x1, x2):
            if is_ragged(x1) or is_ragged(x2):
                return _engine().on_flat_values(op_named(name), x1, x2)
            return rule(*[_engine().plain(x) if is_sparse(x) else x for x in (x1, x2)])

        def either(x1, x2):
            return is_ragged(x1) or is_ragged(x2) or gives_sparse(x1, x2)

        sparse_rule(name, either)(both)
        return rule

    return register


def _both_sparse(x1, x2):
    return is_sparse(x1) and is_sparse(x2) and _shapes_equal(x1, x2)


def _keeps_first(x1, x2):
    """Whether the result has the places of `x1` alone: it is not broadcast."""
    x1_shape, x2_shape = static_shape(x1), static_shape(x2)
    return len(x2_shape) <= len(x1_shape) and all(b in (1, a) for a, b in zip(x1_shape[::-1], x2_shape[::-1]))


@_of_two("add", _both_sparse)
def _add(x1, x2):
    if not _both_sparse(x1, x2):
        return NotImplemented
    dtype = engines.current().dtype(op_named("add")(*[_engine().parts(x)[0][:0] for x in (x1, x2)]))
    return _engine().add(op_named("cast")(x1, dtype), op_named("cast")(x2, dtype))


@_of_two("subtract", _both_sparse)
def _subtract(x1, x2):
    return _add(x1, op_named("negative")(x2)) if _both_sparse(x1, x2) else NotImplemented


def _extreme(name):
    def rule(x1, x2):
        if not _both_sparse(x1, x2):
            return NotImplemented
        places = _engine().union(x1, op_named("cast")(x2, engines.current().dtype(x1)))
        values = op_named(name)(*[_engine().at_places(_engine().to_dense(x), places) for x in (x1, x2)])
        return _engine().with_values(places, values)

    return rule


for _name in ("maximum", "minimum"):
    _of_two(_name, _both_sparse)(_extreme(_name))


@_of_two("multiply", lambda x1, x2: is_sparse(x1) and _keeps_first(x1, x2) or is_sparse(x2) and _keeps_first(x2, x1))
def _multiply(x1, x2):
    if not (is_sparse(x1) and _keeps_first(x1, x2)):
        if not (is_sparse(x2) and _keeps_first(x2, x1)):
            return NotImplemented
        x1, x2 = x2, x1
    return _engine().with_values(x1, op_named("multiply")(_engine().parts(x1)[0], _beside(x1, x2)))


def _beside(x, y):
    """The values of `y` at the places of `x`; a number as it is."""
    if not static_shape(y):
        return y
    y = dense(y) if is_sparse(y) else y
    return _engine().at_places(op_named("broadcast_to")(y, static_shape(x)), x)


def _divides(x1, x2):
    return is_sparse(x1) and not is_sparse(x2) and _keeps_first(x1, x2)


def _divide(x1, x2):
    if not _divides(x1, x2):
        return NotImplemented
    if static_shape(x2) and not _is_never_zero(x2):
        return _engine().from_dense(op_named("divide")(dense(x1), x2))  # 0 / 0 is NaN, also where nothing is stored
    return _engine().with_values(x1, op_named("divide")(_engine().parts(x1)[0], _beside(x1, x2)))


def _is_never_zero(x):
    engine = engines.current()
    x = op_named("convert_to_tensor")(x)
    return engine.is_concrete(x) and bool(
        op_named("all")(op_named("logical_and")(op_named("not_equal")(x, 0), op_named("equal")(x, x)))
    )


for _name in ("divide", "true_divide"):
    _of_two(_name, _divides)(_divide)


def _product_is_sparse(x1, x2):
    return is_sparse(x1) and is_sparse(x2) and len(static_shape(x1)) == len(static_shape(x2)) == 2


@_of_two("matmul", _product_is_sparse)
def _matmul(x1, x2):
    shapes = [static_shape(x) for x in (x1, x2)]
    if len(shapes[1]) != 2 or len(shapes[0]) < 2 or len(shapes[0]) > 2 and not is_sparse(x1) or shapes[0][-1] != shapes[1][0]:
        return NotImplemented
    values = [_engine().parts(x)[0] if is_sparse(x) else op_named("convert_to_tensor")(x) for x in (x1, x2)]
    dtype = engines.current().dtype(op_named("multiply")(*[op_named("reshape")(v, (-1,))[:0] for v in values]))
    return _engine().matmul(*[op_named("cast")(x, dtype) for x in (x1, x2)])


@sparse_rule("affine", _never)
def _affine(x, kernel, bias=None):
    product = op_named("matmul")(x, kernel) if is_sparse(x) and not is_sparse(kernel) else NotImplemented
    return product if bias is None or product is NotImplemented else op_named("add")(product, bias)


@sparse_rule("take", lambda x, indices, axis=None: is_ragged(indices) and axis == 0)
def _take(x, indices, axis=None):
    """Rows for ragged indices."""
    if not is_ragged(indices) or axis != 0:
        return NotImplemented
    return _engine().on_flat_values(lambda places: op_named("take")(x, places, axis=0), indices)


# Axes


@sparse_rule("transpose", _always)
def _transpose(x, axes=None):
    rank = len(static_shape(x))
    axes = [a % rank for a in axes] if axes is not None else list(range(rank))[::-1]
    return _engine().transpose(_engine().plain(x), axes)


@sparse_rule("reshape", _always)
def _reshape(x, newshape):
    newshape = [newshape] if isinstance(newshape, int) else list(newshape)
    if -1 in newshape:
        known = math.prod(n for n in newshape if n != -1)
        newshape[newshape.index(-1)] = math.prod(static_shape(x)) // max(known, 1)
    return _engine().reshape(_engine().plain(x), newshape)


@sparse_rule("expand_dims", _always)
def _expand_dims(x, axis):
    shape = list(static_shape(x))
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = len(shape) + len(axes)
    for a in sorted(a % rank for a in axes):
        shape.insert(a, 1)
    return _engine().reshape(_engine().plain(x), shape)


@sparse_rule("squeeze", _always)
def _squeeze(x, axis=None):
    shape = static_shape(x)
    axes = None if axis is None else [a % len(shape) for a in ([axis] if isinstance(axis, int) else axis)]
    return _engine().reshape(
        _engine().plain(x), [n for i, n in enumerate(shape) if n != 1 or axes is not None and i not in axes]
    )


def _all_sparse(xs, axis=0):
    return all(map(is_sparse, xs))


@sparse_rule("concatenate", _all_sparse)
def _concatenate(xs, axis=0):
    if not _all_sparse(xs):
        return NotImplemented
    dtype = engines.current().dtype(op_named("concatenate")([_engine().parts(x)[0][:0] for x in xs]))
    return _engine().concatenate([_engine().plain(op_named("cast")(x, dtype)) for x in xs], axis)


def _axes(x, axis):
    rank = len(static_shape(x))
    return tuple(range(rank)) if axis is None else tuple(a % rank for a in ([axis] if isinstance(axis, int) else axis))


@sparse_rule("sum", _sparse_first)
def _sum(x, axis=None, keepdims=False):
    if not is_sparse(x):
        return NotImplemented
    dtype = engines.current().dtype(op_named("sum")(_engine().parts(x)[0][:0]))
    return _engine().total(_engine().plain(op_named("cast")(x, dtype)), _axes(x, axis), keepdims)


@sparse_rule("mean", _sparse_first)
def _mean(x, axis=None, keepdims=False):
    if not is_sparse(x):
        return NotImplemented
    dtype = engines.current().dtype(op_named("mean")(_engine().parts(x)[0]))
    lengths = _engine().lengths(x)
    count = math.prod(lengths[a] for a in _axes(x, axis))
    return op_named("divide")(op_named("sum")(op_named("cast")(x, dtype), axis=axis, keepdims=keepdims), count)
