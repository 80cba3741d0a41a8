"""What each primitive does to the rows of a batch: the rules of the engine that proves that rows are independent.

An array of this engine has at most one unknown length, None, which is the batch's. A rule is given the call and the
abstract result; it returns nothing where each row of the result follows from the same row of the arguments alone, and
raises `MixesRows` where that isn't sure. A primitive without a rule is refused.

Beside the rows themselves a rule knows two facts of an array, kept in `facts`:
`per_row`, how many places along the unknown axis belong to one row (a reshape may have put the next axis into it), None for
any number where all values are the same; and `zero`, whether the places of rows that are only there to fill the batch
hold 0 (or False), so that a sum over the batch leaves them out.
"""

import math

import numpy as np

from kerata.engines.abstract.array import AbstractArray
from kerata.engines.shapes import normalize_axes, normalize_axis


class MixesRows(Exception):
    """It isn't proven that each row of a result follows from the same row of the batch."""


class Facts:
    """What is known of an array beside its shape."""

    __slots__ = ("per_row", "zero", "number")

    def __init__(self, per_row=1, zero=False, number=None):
        self.per_row, self.zero, self.number = per_row, zero, number


_USUAL = Facts()


def facts(x):
    """The facts of an array; those of a batch's array if nothing else was noted."""
    return getattr(x, "row_facts", _USUAL)


def note(x, **known):
    """`x` with these facts."""
    x.row_facts = Facts(**known)
    return x


def unknown_axis(x):
    """The batch's axis of an array, None if it has none.

    Raises: MixesRows if there are two: each row meets each other one.
    """
    if not isinstance(x, AbstractArray) or None not in x.shape:
        return None
    if x.shape.count(None) > 1:
        raise MixesRows("each row of the batch meets each other row")
    return x.shape.index(None)


def is_zero(x):
    """Whether an operand holds 0 in the rows that fill the batch: a number that is 0 does in all."""
    if not isinstance(x, AbstractArray):
        return bool(np.all(np.asarray(x) == 0))
    return facts(x).zero or facts(x).number == 0


def arrays_in(x):
    """The arrays among a call's arguments, those in lists too."""
    if isinstance(x, AbstractArray):
        return [x]
    if isinstance(x, dict):
        x = list(x.values())
    return [a for part in x for a in arrays_in(part)] if isinstance(x, (list, tuple)) else []


def _refuse(what):
    raise MixesRows(what)


def _factor(batched, what):
    """How many places of the unknown axis are a row's, for arrays that go together."""
    found = {facts(x).per_row for x in batched} - {None}
    if len(found) > 1:
        _refuse(f"{what} joins arrays whose rows have different lengths")
    return found.pop() if found else None


# Rules: `rule(name, result, *args, **kwargs)`, which notes the facts of the result.


def _kept(zero):
    """Arrays that broadcast together, place by place; `zero(args)` says whether the result is 0 where they are."""

    def rule(name, result, *args, **kwargs):
        batched = [x for x in arrays_in(args) if unknown_axis(x) is not None]
        from_end = {x.ndim - unknown_axis(x) for x in batched}
        if from_end != {result.ndim - _axis_left(name, result)}:
            _refuse(f"{name} puts the batch's axis against another")
        note(result, per_row=_factor(batched, name), zero=zero(args))

    return rule


def _axis_left(name, result):
    axis = unknown_axis(result)
    if axis is None:
        _refuse(f"{name} makes one of all rows, or puts them against an axis of a known length")
    return axis


def _never(args):
    return False


def _all_zero(args):
    return all(map(is_zero, args))


def _any_zero(args):
    return any(map(is_zero, args))


def _dividend_zero(args):
    return is_zero(args[0]) and (not isinstance(args[1], AbstractArray) or unknown_axis(args[1]) is None)


def _not_above(args):
    """Of `greater`: whether 0 is not above the number."""
    number = facts(args[1]).number if isinstance(args[1], AbstractArray) else args[1]
    return is_zero(args[0]) and number is not None and number >= 0


def _chosen_zero(args):
    condition, x1, x2 = args
    return is_zero(x1) and is_zero(x2) or is_zero(condition) and is_zero(x2)


def _outer(name, result, *args, **kwargs):
    """What neither moves places along the batch's axis nor looks along it, if the axis is still there."""
    batched = [x for x in arrays_in(args) if unknown_axis(x) is not None]
    _axis_left(name, result)
    note(result, per_row=_factor(batched, name), zero=len(batched) == 1 and batched[0] is args[0] and facts(args[0]).zero)


def _product(name, result, x1, x2, *args, **kwargs):
    """A product of matrices. Summing over the batch is right where the rows that fill it are 0."""
    batched = [x for x in (x1, x2) if unknown_axis(x) is not None]
    zero = any(facts(x).zero for x in batched)
    if None not in result.shape:
        if len(batched) != 2 or not zero:
            _refuse(f"{name} adds up all rows")
        _factor(batched, name)
        return
    unknown_axis(result)
    if len(batched) == 2:  # then both are stacks of matrices, one for each row
        places = {x.ndim - unknown_axis(x) for x in batched}
        if name != "matmul" or len(places) != 1 or min(places) <= 2:
            _refuse(f"{name} lets each row meet each other")
    note(result, per_row=_factor(batched, name), zero=zero)


def _einsum(name, result, equation, *operands):
    """The batch's letter is the same wherever it stands, and in the result unless the sum over it is right."""
    inputs, _, output = equation.replace(" ", "").partition("->")
    batched, letters = [x for x in operands if unknown_axis(x) is not None], set()
    terms = [_letters(term, x.ndim) for term, x in zip(inputs.split(","), operands)]
    for term, x in zip(terms, operands):
        if unknown_axis(x) is not None:
            letters.add(term[unknown_axis(x)])
    if len(letters) != 1 or any(letters & set(term) and not any(x is b for b in batched) for term, x in zip(terms, operands)):
        _refuse(f"einsum {equation!r} puts the batch's axis against another")
    zero = any(facts(x).zero for x in batched)
    if None in result.shape:
        note(result, per_row=_factor(batched, name), zero=zero)
    elif not zero or letters & set(_letters(output, result.ndim)):
        _refuse(f"einsum {equation!r} adds up all rows")


def _letters(term, rank):
    """What stands for each axis: a letter, or its place from the end of an ellipsis."""
    before, dots, after = term.partition("...")
    return [*before, *[f"...{i}" for i in range(rank - len(before) - len(after), 0, -1)], *after]


def _sum(name, result, x, axis=None, keepdims=False, **kwargs):
    batch_axis = unknown_axis(x)
    if batch_axis in normalize_axes(axis, x.ndim):
        if not facts(x).zero:
            _refuse(f"{name} adds up all rows")
        return
    note(result, per_row=facts(x).per_row, zero=facts(x).zero)


def _reduction(name, result, x, *args, axis=None, **kwargs):
    axis = args[0] if args and axis is None else axis
    if unknown_axis(x) in normalize_axes(axis, x.ndim):
        _refuse(f"{name} makes one value of all rows")
    note(result, per_row=facts(x).per_row, zero=name == "mean" and facts(x).zero)


def _along(zero):
    """What works along one axis, or several: not the batch's."""

    def rule(name, result, x, *args, axis=None, **kwargs):
        given = args[-1] if args and axis is None else axis
        if unknown_axis(x) in normalize_axes(given, x.ndim):
            _refuse(f"{name} works along the batch's axis")
        note(result, per_row=facts(x).per_row, zero=zero and facts(x).zero)

    return rule


def _roll(name, result, x, shift, axis=None):
    _along(True)(name, result, x, axis=axis)


def _triangle(name, result, x, k=0):
    _along(True)(name, result, x, axis=(-2, -1))


def _reshape(name, result, x, shape):
    """Rows stay whole where as many places lie before them, and as many of the next axes are put into theirs."""
    before, after = unknown_axis(x), _axis_left(name, result)
    if math.prod(x.shape[:before]) != math.prod(result.shape[:after]):
        _refuse("reshape moves the batch's axis")
    inner, new = math.prod(x.shape[before + 1 :]), math.prod(result.shape[after + 1 :])
    per_row = facts(x).per_row
    if per_row is not None:
        if not new or per_row * inner % new:
            _refuse("reshape cuts rows in pieces")
        per_row = per_row * inner // new
    note(result, per_row=per_row, zero=facts(x).zero)


def _squeeze(name, result, x, axis=None):
    if axis is None:
        _refuse("squeeze without an axis takes the batch's away where it has one row")
    _outer(name, result, x)


def _joined(name, result, xs, axis=0):
    """Arrays put together along another axis than the batch's."""
    axis, batched = normalize_axis(axis, xs[0].ndim), [x for x in xs if unknown_axis(x) is not None]
    places = {unknown_axis(x) for x in batched}
    if places != {_axis_left(name, result)} or axis in places or len(batched) != len(xs):
        _refuse(f"{name} along the batch's axis")
    note(result, per_row=_factor(batched, name), zero=all(facts(x).zero for x in batched))


def _parts(name, results, x, lengths, axis):
    if normalize_axis(axis, x.ndim) == unknown_axis(x):
        _refuse("split along the batch's axis")
    for result in results:
        note(result, per_row=facts(x).per_row, zero=facts(x).zero)


def _tile(name, result, x, repeats):
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    from_end = x.ndim - unknown_axis(x)
    if from_end <= len(repeats) and repeats[-from_end] != 1 or math.prod(repeats[: len(repeats) - x.ndim]) != 1:
        _refuse("tile repeats the batch")
    _outer(name, result, x)


def _repeat(name, result, x, repeats, axis=None):
    _along(True)(name, result, x, axis=axis)


def _pad(name, result, x, pad_width, **kwargs):
    pairs = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2))
    if pairs[unknown_axis(x)].any():
        _refuse("pad lengthens the batch")
    note(result, per_row=facts(x).per_row)


def _take(name, result, x, indices, axis=None):
    """Values looked up in a table without rows, or along another axis than the rows'."""
    batched = [a for a in arrays_in([x, indices]) if unknown_axis(a) is not None]
    if isinstance(x, AbstractArray) and unknown_axis(x) is not None:
        if axis is None or normalize_axis(axis, x.ndim) == unknown_axis(x):
            _refuse("take picks rows")
    _axis_left(name, result)
    note(result, per_row=_factor(batched, name))


def _take_along_axis(name, result, x, indices, axis=None):
    batched = [a for a in arrays_in([x, indices]) if unknown_axis(a) is not None]
    places = {unknown_axis(a) for a in batched}
    if axis is None or normalize_axis(axis, x.ndim) in places or places != {_axis_left(name, result)}:
        _refuse("take_along_axis picks rows")
    note(result, per_row=_factor(batched, name))


def _searchsorted(name, result, sorted_sequence, values, side="left"):
    if isinstance(sorted_sequence, AbstractArray) and unknown_axis(sorted_sequence) is not None:
        _refuse("searchsorted looks for values among rows")
    note(result, per_row=facts(values).per_row)


def _diagonal(name, result, x, offset=0, axis1=0, axis2=1):
    _along(False)(name, result, x, axis=(axis1, axis2))


def _broadcast_to(name, result, x, shape):
    axis = unknown_axis(x)
    if axis is None:
        unknown_axis(result)
        note(result, per_row=None, zero=is_zero(x))
    else:
        _kept(_all_zero)(name, result, x)


def _same_values(name, result, *args, **kwargs):
    """New arrays all of whose values are the same."""
    unknown_axis(result)
    zero = name == "zeros" or name in ("full", "full_like") and is_zero(args[1])
    note(result, per_row=None, zero=zero)


def _counted(name, result, *args, **kwargs):
    """0, 1, 2, ...: a place's value says how many are before it, whatever comes behind."""
    if args not in ((None,), (None, None), (0, None), (None, None, 1), (0, None, 1)):
        _refuse("arange of the number of rows that does not count up from 0")
    note(result, per_row=None)


def _view(name, result, x, dtype, ratio):
    if ratio != 1 and unknown_axis(x) == x.ndim - 1:
        _refuse("view makes one number of several rows")
    _outer(name, result, x)


def _matrices(name, results, *args, **kwargs):
    """Linear algebra of stacks of matrices: the batch's axis is none of the last two."""
    batched = [x for x in arrays_in(args) if unknown_axis(x) is not None]
    for x in batched:
        if unknown_axis(x) >= x.ndim - 2:
            _refuse(f"linalg.{name} of a matrix whose rows are the batch's")
    for result in arrays_in([results]):
        if {unknown_axis(x) for x in batched} != {_axis_left(name, result)} or len({x.ndim for x in batched}) > 1:
            _refuse(f"linalg.{name} puts the batch's axis against another")
        note(result, per_row=_factor(batched, name))


def _last_axis(name, result, x, *args):
    last = (-2, -1) if name.endswith("2") else (-1,)
    _along(False)(name, result, x, axis=last)


RULES = {
    **dict.fromkeys(
        # f(0) = 0
        "negative abs absolute real imag conj square sqrt sign sin tan tanh sinh arcsin arctan arcsinh expm1 log1p round floor "
        "ceil trunc cbrt nan_to_num deg2rad rad2deg".split(),
        _outer,
    ),
    **dict.fromkeys(
        "arccos arccosh arctanh cos cosh exp exp2 log log10 log2 reciprocal bitwise_not sinc i0 isnan isfinite isinf logical_not "
        "signbit".split(),
        _kept(_never),
    ),
    **dict.fromkeys(
        "floor_divide mod fmod power arctan2 hypot logaddexp ldexp bitwise_or bitwise_xor left_shift right_shift nextafter gcd "
        "equal less less_equal greater_equal logical_or logical_xor isclose clip linspace".split(),
        _kept(_never),
    ),
    **dict.fromkeys("add subtract maximum minimum not_equal".split(), _kept(_all_zero)),
    **dict.fromkeys("multiply bitwise_and logical_and".split(), _kept(_any_zero)),
    **dict.fromkeys("divide true_divide".split(), _kept(_dividend_zero)),
    "greater": _kept(_not_above),
    "where": _kept(_chosen_zero),
    **dict.fromkeys("sum any".split(), _sum),
    **dict.fromkeys("prod max min mean var median argmax argmin all".split(), _reduction),
    **dict.fromkeys("sort argsort cumprod".split(), _along(False)),
    "cumsum": _along(True),
    **dict.fromkeys("triu tril".split(), _triangle),
    "roll": _roll,
    "view": _view,
    **dict.fromkeys("transpose unsqueeze".split(), _outer),
    "squeeze": _squeeze,
    "reshape": _reshape,
    "broadcast_to": _broadcast_to,
    "concatenate": _joined,
    "parts": _parts,
    "tile": _tile,
    "repeat": _repeat,
    "pad": _pad,
    "take": _take,
    "take_along_axis": _take_along_axis,
    "searchsorted": _searchsorted,
    **dict.fromkeys("matmul tensordot".split(), _product),
    "einsum": _einsum,
    "diagonal": _diagonal,
    **dict.fromkeys("zeros ones full full_like".split(), _same_values),
    "arange": _counted,
}
# Those that may make arrays with the batch's axis of arguments without one.
CREATE = frozenset(("zeros", "ones", "full", "arange", "broadcast_to"))
MATRIX_RULES = dict.fromkeys("det slogdet inv cholesky solve eigh eig qr svd pinv".split(), _matrices)
FOURIER_RULES = dict.fromkeys("fft fft2 ifft2 rfft irfft".split(), _last_axis)
