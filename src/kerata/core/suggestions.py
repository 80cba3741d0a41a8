"""The nearest of the names that there are, for errors about one that there is not."""

import difflib
import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from kerata.core import signatures

Method = TypeVar("Method", bound=Callable[..., Any])


def nearest(name, known):
    """The one of the known names that is most like `name`, None if none is; case counts only where it decides.

    >>> nearest("kernel_regulariser", ["kernel_initializer", "kernel_regularizer"]), nearest("x", ["units"])
    ('kernel_regularizer', None)
    """
    known = list(dict.fromkeys(known))
    found = difflib.get_close_matches(str(name), known, 1)
    if not found:
        folded = {k.lower(): k for k in known}
        found = [folded[k] for k in difflib.get_close_matches(str(name).lower(), folded, 1)]
    return found[0] if found else None


def hint(name, known):
    """A sentence that names the nearest, with a blank before it; empty if none is near.

    >>> hint("adm", ["adam", "sgd"])
    " Did you mean 'adam'?"
    """
    near = nearest(name, known)
    return "" if near is None else f" Did you mean {near!r}?"


class UnknownArgument(TypeError, ValueError):
    """An argument by a name that is not taken: a TypeError as of every function, and a ValueError as Keras's classes raise."""


def unknown_argument(owner, name, known):
    """The error for an argument that a function or a class does not take.

    Args:
        owner: the name of the function or the class.
        name: the argument's name.
        known: the names of those that it takes.

    >>> unknown_argument("Dense", "unit", ["units", "activation"])
    UnknownArgument("Dense has no argument 'unit'. Did you mean 'units'?")
    """
    known = list(dict.fromkeys(known))
    takes = f" It takes {', '.join(known)}." if known else " It takes none by name."
    return UnknownArgument(f"{owner} has no argument {name!r}.{hint(name, known) or takes}")


@functools.cache
def arguments_of(taker):
    """The names that a function takes, or the constructors of a class and of its bases, the class's own first.

    >>> arguments_of(unknown_argument)
    ('owner', 'name', 'known')
    """
    classes = [c for c in getattr(taker, "__mro__", ()) if "__init__" in vars(c)]
    takers = [c.__init__ for c in classes] or [taker]
    names = [p.name for f in takers for p in signatures.named(signatures.parameters_of(f).values())]
    unlisted = [name for f in takers for name in getattr(f, "from_fields", ())]
    return tuple(name for name in dict.fromkeys(names + unlisted) if name != "self")


def named(method: Method) -> Method:
    """A method whose caller is told the nearest argument where it gives one that the method lacks."""

    known: frozenset[str] = frozenset()

    @functools.wraps(method)
    def checked(*args, **kwargs):
        nonlocal known
        if kwargs:
            known = known or frozenset(arguments_of(method))
            if not kwargs.keys() <= known:
                refuse(method, [name for name in kwargs if name not in known])
        return method(*args, **kwargs)

    return cast(Method, checked)


def refuse(taker, given, more=()):
    """Check that nothing was given by name to a function or a class but what it takes.

    Args:
        taker: the function or the class.
        given: the names beyond those in its signature.
        more: names that it takes all the same, such as those that it hands on.

    Raises: TypeError for the first other name.
    """
    for name in given:
        if name not in more:
            raise unknown_argument(taker.__name__, name, (*arguments_of(taker), *more))
