"""Old arguments and methods made present ones, each with one line that names the replacement."""

import functools

from kerata.compat import tables
from kerata.core import suggestions
from kerata.engines.warning import warn

_told: set[str] = set()


def tell(old, new):
    """Warn, once, that `old` is called `new` now."""
    if old not in _told:
        _told.add(old)
        warn(f"{old} is now {new}; kerata takes both.", DeprecationWarning)


@functools.cache
def _names(namespace, classes):
    """What the arguments of a class are called now: old name -> new one, None if it means nothing."""
    by_class = tables.ARGUMENTS.get(namespace, {})
    found = dict(by_class.get("*", {}))
    for name in reversed(classes):
        found.update(by_class.get(name, {}))
    return found


def namespace_of(obj):
    """The namespace of a class or a function of kerata's: "layers"; None for others."""
    homes = (c.__module__ for c in getattr(obj, "__mro__", (obj,)))
    own = (home.split(".") for home in homes if home.startswith("kerata."))
    return next((parts[2] if parts[1] == "compat" else parts[1] for parts in own), None)


def name_today(obj, name, known=()):
    """What an argument of a class or function is called now; itself if it is known by its name, or nowhere; None if it is gone."""
    if name in known:
        return name
    classes = tuple(c.__name__ for c in getattr(obj, "__mro__", (obj,)))
    return _names(namespace_of(obj), classes).get(name, name)


def value_today(name, value):
    """An old value as one of today, by the name that its argument has today."""
    return tables.VALUES[name](value) if name in tables.VALUES else value


def today(obj, kwargs, known=(), told=True):
    """Keyword arguments with the names, and values, of today.

    Args:
        known: the names that the class or function takes.
        told: whether a warning names the replacement.
    """
    result = {}
    for old, new in tables.TOGETHER["*"].items():
        if kwargs.keys() >= set(old) and not set(old) & set(known):
            result[new] = tuple(kwargs[name] for name in old)
            kwargs = {name: value for name, value in kwargs.items() if name not in old}
    for name, value in kwargs.items():
        new = name_today(obj, name, known)
        if new is None or new != name and new in kwargs:
            continue
        if new != name and told:
            tell(f"{obj.__name__}({name}=)", f"{obj.__name__}({new}=)")
        result[new] = value_today(new, value)
    return result


def arguments(cls, kwargs):
    """Keyword arguments of a constructor, of which it doesn't know some, with the names of today."""
    return today(cls, kwargs, suggestions.arguments_of(cls))


def method(obj, name):
    """An old method of an object, or None."""
    if name not in tables.METHODS:
        return None
    new, names = tables.METHODS[name]
    target = getattr(obj, new)

    @functools.wraps(target)
    def call(*args, **kwargs):
        tell(f"{name}()", f"{new}()")
        kept = ((names.get(k, k), v) for k, v in kwargs.items() if k not in tables.DROPPED)
        renamed = {name: value for name, value in kept if name is not None}
        samples = kwargs.get("samples_per_epoch")
        if samples is not None:
            renamed.setdefault("steps_per_epoch", max(1, samples // 32))
        if new == "fit" and len(args) > 1:
            renamed.update(zip(("steps_per_epoch", "epochs"), args[1:]))
            args = args[:1]
        return target(*args, **renamed)

    return call
