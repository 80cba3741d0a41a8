"""Old arguments and methods made present ones, each with one line that names the replacement."""

import functools

from kerata.compat import tables
from kerata.engines.warning import warn

_told: set[str] = set()


def tell(old, new):
    """Warn, once, that `old` is called `new` now."""
    if old not in _told:
        _told.add(old)
        warn(f"{old} is now {new}; kerata takes both.", DeprecationWarning)


def arguments(cls, kwargs):
    """Keyword arguments with the names of today."""
    namespace = next((c.__module__.split(".")[1] for c in cls.__mro__ if c.__module__.startswith("kerata.")), None)
    by_class = tables.ARGUMENTS.get(namespace, {})
    names = {}
    for c in reversed(cls.__mro__):
        names.update(by_class.get(c.__name__, {}))
    names = {**by_class.get("*", {}), **names}
    result = {}
    for name, value in kwargs.items():
        new = names.get(name, name)
        if new is None:
            continue
        if new not in kwargs:
            tell(f"{cls.__name__}({name}=)", f"{cls.__name__}({new}=)")
            value = tables.VALUES.get(name, lambda v: v)(value)
        result[new] = value
    return result


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
