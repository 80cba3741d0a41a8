"""Types of arguments that objects of all kinds have: numbers within bounds, one of some values."""

import numbers
import os
from typing import Any, ClassVar, SupportsFloat

import numpy as np

from kerata.core import policies
from kerata.core.config import settings
from kerata.core.fields import Field, Given, Kept


def is_number(value: Any) -> bool:
    """Whether a value is a real number, Python's or NumPy's."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def plain_number(value: Any) -> Any:
    """A number of NumPy's as one of Python's, which takes the dtype of what it meets."""
    return value.item() if isinstance(value, np.generic) else value


def wrong_value(owner: Any, name: str, wanted: str, value: Any) -> ValueError:
    """The error for an argument's value that can't be."""
    return ValueError(f"{type(owner).__name__}: {name} must be {wanted}; {value!r} came.")


class Bounded(Field[Given, Kept]):
    """A number within bounds, which are given here or in a subclass.

    Args:
        least, most: the bounds.
        above, below: bounds that it does not reach.
    """

    optional: ClassVar[bool] = False
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def __init__(self, default: Given = Field.required, **options: Any) -> None:
        vars(self).update({name: options.pop(name) for name in ("least", "most", "above", "below") if name in options})
        super().__init__(default, **options)

    def convert(self, value, name, owner):
        """Raises: ValueError for what is no such number."""
        if value is None and self.optional or self._holds(value):
            return plain_number(value)
        raise wrong_value(owner, name, self._wanted() + ", or None" * self.optional, value)

    def _holds(self, value):
        return (
            hasattr(value, "__float__")
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def _wanted(self):
        if (self.above, self.most, self.below) == (0, None, None):
            return "positive"
        if self.least is not None and self.most is not None:
            return f"from {self.least} to {self.most}"
        bounds = {"at least": self.least, "above": self.above, "at most": self.most, "below": self.below}
        return " and ".join(f"{words} {bound}" for words, bound in bounds.items() if bound is not None)


class Number(Bounded[SupportsFloat, float]):
    """A number within bounds.

    >>> from kerata.core.fields import dataclass
    >>> @dataclass
    ... class Noise:
    ...     rate: Number = Number(0.5, least=0, below=1)
    >>> Noise(1.0)
    Traceback (most recent call last):
    ValueError: Noise: rate must be at least 0 and below 1; 1.0 came.
    """


class Positive(Number):
    """A positive number."""

    above = 0


class Share(Number):
    """A number from 0 to 1."""

    least, most = 0, 1

    def _wanted(self):
        return "a number from 0 to 1"


class OptionalNumber(Bounded[float | None, float | None]):
    """A number within bounds, or None."""

    optional = True


class Integer(Bounded[int, int]):
    """A whole number within bounds."""


class OneOf(Field[Given, Kept]):
    """One of some values. A subclass names them.

    >>> from kerata.core.fields import dataclass
    >>> class Side(OneOf[str, str]):
    ...     values = ("left", "right")
    >>> @dataclass
    ... class Padding:
    ...     side: Side = Side("left")
    >>> Padding("top")
    Traceback (most recent call last):
    ValueError: Padding: side must be one of 'left', 'right'; 'top' came.
    """

    values: ClassVar[tuple[Any, ...]] = ()

    def convert(self, value: Any, name: str, owner: Any) -> Any:
        """Raises: ValueError for another value."""
        if value not in self.values:
            raise wrong_value(owner, name, f"one of {', '.join(map(repr, self.values))}", value)
        return value


class FilePath(Field[str | os.PathLike[str], str]):
    """Where a file or a folder is."""

    def convert(self, value, name, owner):
        """A text."""
        return os.fspath(value)


class ComputeDtype(Field[Any, str]):
    """The dtype of a computation: a dtype, or a policy that has one; `floatx()` for None."""

    def convert(self, value, name, owner):
        return compute_dtype(value)


def compute_dtype(value: Any) -> str:
    """The dtype that a dtype or a policy says to compute in; `floatx()` for None."""
    return settings.floatx if value is None else policies.get(value).compute_dtype
