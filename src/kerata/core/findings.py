"""What compiled code finds wrong: it can't raise, so it notes the step and a value, and the host looks when it reads logs.

The trainer collects; ops, layers and losses note. Where nobody collects, values that are there are checked at once.
"""

import contextlib
import threading
from typing import NamedTuple

import numpy as np

from kerata import engines
from kerata.core.arrays import dtype_of
from kerata.core.variable import Variable

_NOTHING, _PLACES = np.array([-1, 0, 0], "int32"), np.arange(3, dtype="int32")
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
        before, (local.findings, local.step) = (local.findings, local.step), (self, step)
        try:
            yield
        finally:
            local.findings, local.step = before

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

    def add(self, kind, bad, value, message, key=None):
        """Note `message(value)` if `bad` and if nothing was noted before."""
        engine = engines.current()
        if engine.is_known_false(bad) or engine.is_batched(bad):  # inside a vectorised function nothing can be kept
            return
        number = self._notes.setdefault(key or message, (len(self._notes), kind, message))[0]
        xp, old = engines.current().xp, self.record.value
        asarray = engines.current().asarray
        place = asarray(_PLACES)
        new = xp.where(place == 0, asarray(local.step, "int32"), xp.where(place == 1, number, asarray(value, "int32")))
        self.record.assign(xp.where(asarray(bad, "bool") & (old[0] < 0), new, old))  # elementwise: one small kernel


class _Local(threading.local):
    findings = None
    step = 0


local = _Local()


def note(kind, bad, value, message, key=None):
    """Note that something is wrong, if somebody collects.

    Args:
        kind: "range" is an error when it is read; "not finite" a warning.
        bad: a bool scalar, of the engine's or Python's.
        value: an int scalar that `message` takes.
        message: a function from `value` to the text.
        key: what tells this note from others, when `message` is made anew for each trace.
    """
    if local.findings is not None and not engines.current().is_abstract:
        local.findings.add(kind, bad, value, message, key)


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
    if engine.is_abstract or 0 in values.shape:
        return
    if engine.is_concrete(values):
        worst = int(_worst(np, engine.to_numpy(values).astype("int32"), ignore, count if from_end else 0))
        if worst >= count:
            raise ValueError(message(_number(worst)))
    elif local.findings is not None:
        worst = _worst(engine.xp, engine.cast(values, "int32"), ignore, count if from_end else 0)
        note("range", worst >= count, worst, message, key or message)


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
    if local.findings is None or engine.is_abstract:
        return
    xp = engine.xp
    arrays = [x for x in arrays if dtype_of(x).startswith(("float", "bfloat"))]
    if arrays:
        nan = _any(xp, [xp.isnan(x) for x in arrays])
        bad = nan if local.findings.only_nan else _any(xp, [~xp.isfinite(x) for x in arrays])
        note("not finite", bad, nan, lambda _: what, what)


def _any(xp, masks):
    masks = [xp.any(mask) if mask.shape else mask for mask in masks]
    return masks[0] if len(masks) == 1 else xp.any(xp.stack(masks))
