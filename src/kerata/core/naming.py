"""Names of layers and variables: automatic ones, scopes, paths."""

import re
from typing import Any

from kerata.core import suggestions
from kerata.core.configurable import NamedArguments
from kerata.core.fields import Field
from kerata.core.types import Path
from kerata.engines.state import context


def to_snake_case(name):
    """`Conv2D` -> `conv2d`, `MaxPooling1D` -> `max_pooling1d`.

    >>> to_snake_case("BatchNormalization"), to_snake_case("LSTM")
    ('batch_normalization', 'lstm')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix):
    """`prefix`, then `prefix_1`, `prefix_2`, ..."""
    count = context.name_counts[prefix]
    context.name_counts[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


class Name(Field[str | None, str]):
    """A name; one made from the class's if None."""

    def convert(self, value, name, owner):
        """A text."""
        return value or auto_name(to_snake_case(type(owner).__name__))


def get_uid(prefix: str | None = "") -> Any:
    """The next number for `prefix`, from 1.

    >>> [get_uid("an_example") for _ in range(3)]
    [1, 2, 3]
    """
    context.name_counts[prefix] += 1
    return context.name_counts[prefix]


def reset_names():
    """Start all counts again, as `clear_session` does."""
    context.name_counts.clear()


def current_path():
    """The names of the scopes in force, joined by `/`."""
    return "/".join(context.name_scopes)


class name_scope(metaclass=NamedArguments):
    """A prefix for the paths of variables made inside a `with` block.

    >>> import kerata
    >>> with kerata.name_scope("block"):
    ...     kerata.Variable([1.0], name="w").path
    'block/w'
    """

    def __init__(self, name: str | None, **kwargs: Any) -> None:
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"A scope's name is a text without '/'; {name!r} came.")
        suggestions.refuse(name_scope, kwargs, ("absolute_path",))
        self.name = name
        self.absolute = kwargs.get("absolute_path")

    @classmethod
    def at(cls, path: Path) -> Any:
        """The scope of a whole path, whatever scopes are around."""
        scope = object.__new__(cls)
        scope.absolute = path
        return scope

    def __enter__(self):
        self._before = list(context.name_scopes)
        if self.absolute is not None:
            context.name_scopes[:] = self.absolute.split("/")
        else:
            context.name_scopes.append(self.name)
        return self

    def __exit__(self, *exception):
        context.name_scopes[:] = self._before
