"""What a layer holds: its variables, sublayers, metrics and seed generators, found in its attributes when asked for."""

import contextlib
import functools
import re
import threading

from kerata.core.seeds import SeedGenerator
from kerata.core.variable import Variable

_PLAIN = (int, float, str, bool, type(None))
_PLAIN_TYPES = frozenset(_PLAIN)


class _Known(threading.local):
    table = None


_known = _Known()


@contextlib.contextmanager
def unchanging(table):
    """Inside, what layers hold is looked for once and kept in `table`, a dict: a step of training changes no structure."""
    before, _known.table = _known.table, table
    try:
        yield
    finally:
        _known.table = before


def remembered(method):
    """A method without arguments whose result, a list, is kept while structures are `unchanging`."""

    @functools.wraps(method)
    def call(self):
        table = _known.table
        if table is None:
            return method(self)
        key = (id(self), method)
        if key not in table:
            table[key] = (self, method(self))  # the object, too, so that its id stays its own
        return list(table[key][1])

    return call


def held(obj, kinds, skip):
    """The objects of some kinds among the attributes of `obj`, in the order in which they were set, each once.

    Lists, tuples, sets and dicts are looked into, also those inside others; the objects found are not.
    """
    found = {}
    for name, value in vars(obj).items():
        if name not in skip and type(value) not in _PLAIN:
            _collect(value, kinds, found, ())
    return list(found.values())


def _collect(value, kinds, found, around):
    if isinstance(value, kinds):
        found[id(value)] = value
    elif isinstance(value, CONTAINERS) and not any(value is outer for outer in around):  # one may hold itself
        for item in parts_of(value):
            _collect(item, kinds, found, (*around, value))


CONTAINERS = (dict, list, tuple, set, frozenset)


def parts_of(container):
    """What a list, tuple, set or dict holds; of a set in the order of the names, which is the same in each process."""
    items = container.values() if isinstance(container, dict) else container
    if set(map(type, items)) <= _PLAIN_TYPES:
        return []  # numbers or names: nothing to find, and there may be many
    return sorted(items, key=_by_name) if isinstance(container, (set, frozenset)) else list(items)


def _by_name(x):
    """Names with numbers in the order of the numbers: `dense_9` before `dense_10`."""
    parts = re.split(r"(\d+)", str(getattr(x, "name", "")))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def variables_in(obj, skip):
    """The variables and, after them, those of seed generators."""
    return held(obj, Variable, skip), [g.state for g in held(obj, SeedGenerator, skip)]
