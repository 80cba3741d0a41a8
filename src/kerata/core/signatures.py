"""What functions and constructors take."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Parameter = inspect.Parameter


def parameters_of(fn: Callable, follow_wrapped: bool = True) -> Mapping[str, Parameter]:
    """A function's parameters by name; for a method of a class with `self`.

    Raises: TypeError or ValueError for what has no signature.

    >>> list(parameters_of(lambda x, *more, axis=-1: x))
    ['x', 'more', 'axis']
    """
    return inspect.signature(fn, follow_wrapped=follow_wrapped).parameters


def parameters_of_method(method: Any, follow_wrapped: bool = True) -> list[Parameter]:
    """The parameters of a class's method or constructor, without `self`."""
    return list(parameters_of(method, follow_wrapped).values())[1:]


def named(parameters: Iterable[Parameter]) -> list[Parameter]:
    """All parameters but `*args` and `**kwargs`."""
    return [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def by_position(parameters: Iterable[Parameter]) -> list[Parameter]:
    """The parameters that may be given by position."""
    return [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def variadic(parameters: Iterable[Parameter]) -> str | None:
    """The name of `*args`, if there is one."""
    return next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)


def takes_any_name(parameters: Iterable[Parameter]) -> bool:
    """Whether there is `**kwargs`."""
    return any(p.kind is p.VAR_KEYWORD for p in parameters)


def constructor_arguments(cls: type, args: Any, kwargs: Any) -> dict[str, Any]:
    """What a constructor is given, by name, with what its `**kwargs` takes.

    Raises: TypeError for arguments that it does not take.
    """
    bound = inspect.signature(cls.__init__).bind(None, *args, **kwargs).arguments  # type: ignore[misc]
    given = dict(list(bound.items())[1:])
    for parameter in parameters_of_method(cls.__init__):  # type: ignore[misc]
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(given.pop(parameter.name, {}))
    return given


def accepts(fn: Any, name: str) -> bool:
    """Whether `fn` takes an argument called `name`."""
    try:
        parameters = parameters_of(fn)
    except (TypeError, ValueError):
        return False
    return name in parameters or takes_any_name(parameters.values())
