"""What a layer holds: its variables, sublayers, metrics and seed generators, found in its attributes when asked for."""

from kerata.core.seeds import SeedGenerator
from kerata.core.variable import Variable

_PLAIN = (int, float, str, bool, type(None))


def held(obj, kinds, skip):
    """The objects of some kinds among the attributes of `obj`, in the order in which they were set, each once.

    Lists, tuples and dicts are looked into; the objects found are not.
    """
    found = {}
    for name, value in vars(obj).items():
        if name not in skip and type(value) not in _PLAIN:
            _collect(value, kinds, found)
    return list(found.values())


def _collect(value, kinds, found):
    if isinstance(value, kinds):
        found[id(value)] = value
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, kinds, found)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            if type(item) in _PLAIN and type(item) is not type(None):
                return  # a list of numbers or names: nothing to find, and it may be long
            _collect(item, kinds, found)


def variables_in(obj, skip):
    """The variables and, after them, those of seed generators."""
    return held(obj, Variable, skip), [g.state for g in held(obj, SeedGenerator, skip)]
