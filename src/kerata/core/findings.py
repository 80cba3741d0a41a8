"""What compiled code finds wrong: it can't raise, so it notes the step and a value, and the host looks when it reads logs.

The trainer collects; ops, layers and losses note. Where nobody collects, values that are there are checked at once.
"""

import contextlib
from typing import NamedTuple

import numpy as np

from kerata import engines
from kerata.core import sparse
from kerata.core.arrays import dtype_of
from kerata.core.variable import Variable
from kerata.engines.state import context, thread_context

_NOTHING = np.array([-1, 0, 0], "int32")
_LARGEST = 2**31 - 1


class Finding(NamedTuple):
    """The first thing that was found."""

    step: int
    kind: str
    value: int
    message: str


class Findings:
    """Keeps the first thing that a model's compiled steps noted.

    Args:
        only_nan: whether infinity is passed over.

    >>> findings = Findings()
    >>> with findings.collecting(step=3):
    ...     note("range", True, 7, lambda value: f"{value} is too large")
    >>> findings.first()
    Finding(step=3, kind='range', value=7, message='7 is too large')
    """

    def __init__(self, only_nan=False):
        self.record = Variable(_NOTHING, dtype="int32", trainable=False, name="findings")  # step, number of the note, value
        self.only_nan = only_nan
        self._notes = {}  # key -> (number, kind, message)

    @contextlib.contextmanager
    def collecting(self, step=0):
        """Inside, notes go here, as those of this step."""
        with thread_context(findings=self, step=step):
            yield

    def first(self):
        """The first thing that was noted since `clear`, None if there is none. Waits for the device."""
        if not self._notes:
            return None
        step, number, value = self.record.numpy().tolist()
        if step < 0:
            return None
        _, kind, message = next(note for note in self._notes.values() if note[0] == number)
        value = _number(value)
        return Finding(step, kind, value, message(value))

    def clear(self):
        """Forget what was noted."""
        self.record.assign(_NOTHING)

    def add(self, kind, examine, arrays, message, key=None):
        """Note `message(value)` if `bad` and if nothing was noted before; `bad, value = examine(xp, *arrays)`."""
        engine = engines.current()
        arrays = [engine.asarray(x) for x in arrays]
        if any(map(engine.is_batched, arrays)):  # inside a vectorised function nothing can be kept
            return
        number = self._notes.setdefault(key or message, (len(self._notes), kind, message))[0]

        def noted(xp, old, step, number, *arrays):
            bad, value = examine(xp, *arrays)
            together = np.array if xp is np else xp.stack  # NumPy's own `stack` is slow for numbers
            return xp.where(bad & (old[0] < 0), together([step, number, value]), old)

        own = [engine.asarray(x, "int32") for x in (context.step, number)]
        self.record.assign(engine.fused(noted, self.record.value, *own, *arrays))


def note(kind, bad, value, message, key=None):
    """Note that something is wrong, if somebody collects.

    Args:
        kind: "range" is an error when it is read; "not finite" a warning.
        bad: a bool scalar, of the engine's or Python's.
        value: an int scalar that `message` takes.
        message: a function from `value` to the text.
        key: what tells this note from others, when `message` is made anew for each trace.
    """
    engine = engines.current()
    if context.findings is not None and not engine.is_abstract:
        value = engine.asarray(value, "int32")
        context.findings.add(kind, lambda xp, bad, value: (bad, value), [bad, value], message, key)


def check_range(values, count, message, ignore=None, key=None, from_end=False):
    """Check that whole numbers are in `range(count)`: at once if they have values now, else when a step was run.

    Args:
        values: an array of the engine's.
        count: how many numbers there are.
        message: a function from the worst number to the error's text.
        ignore: a number that is right though out of range.
        key: as for `note`.
        from_end: whether -1 to -count count from the end.

    Raises: ValueError if values are concrete and one is out of range.
    """
    engine = engines.current()
    if engine.is_abstract:
        return
    values = sparse.stored(values)
    if 0 in values.shape:
        return
    if engine.is_concrete(values):
        worst = int(_worst(np, engine.to_numpy(values).astype("int32"), ignore, count if from_end else 0))
        if worst >= count:
            raise ValueError(message(_number(worst)))
    elif context.findings is not None:

        def examine(xp, values):
            worst = _worst(xp, values, ignore, count if from_end else 0)
            return worst >= count, worst

        context.findings.add("range", examine, [engine.cast(values, "int32")], message, key)


def _worst(xp, values, ignore, below):
    """The value that is farthest out, by one reduction: those lower than `-below` count as very large."""
    if ignore is not None:
        values = xp.where(values == ignore, 0, values)
    return xp.max(xp.where(values < -below, values + 1 + _LARGEST, values))


def _number(worst):
    return worst if worst <= _LARGEST // 2 else worst - _LARGEST - 1


def note_not_finite(what, *arrays):
    """Note NaN or infinity in arrays of floats; the value is 1 for NaN, 0 for infinity.

    Args:
        what: a text that says whose the arrays are.
        arrays: arrays; those that don't hold floats are passed over.
    """
    engine = engines.current()
    if context.findings is None or engine.is_abstract:
        return
    only_nan = context.findings.only_nan

    def examine(xp, no, yes, *arrays):
        nan = _any(xp, [xp.isnan(x) for x in arrays])
        return (nan if only_nan else _any(xp, [~xp.isfinite(x) for x in arrays])), xp.where(nan, yes, no)

    floats = [x for x in arrays if dtype_of(x).startswith(("float", "bfloat"))]
    if floats:
        numbers = [engine.asarray(x, "int32") for x in (0, 1)]
        context.findings.add("not finite", examine, [*numbers, *floats], lambda _: what, what)


def _any(xp, masks):
    masks = [xp.any(mask) if mask.shape else mask for mask in masks]
    return masks[0] if len(masks) == 1 else xp.any(xp.stack(masks))
