"""What a layer holds: its variables, sublayers, metrics and seed generators, found in its attributes when asked for."""

import contextlib
import functools
import threading
import types

from kerata.core.configurable import is_own
from kerata.core.policies import DTypePolicy
from kerata.core.seeds import SeedGenerator
from kerata.core.variable import Variable

_PLAIN = (int, float, str, bool, type(None))
_SETTINGS = (*_PLAIN, types.FunctionType, DTypePolicy)


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


class SettingChanges:
    """How often a setting (a number, a name, a function, a dtype policy) of a finished layer of kerata's was changed, of whatever model."""

    count = 0

    @classmethod
    def note(cls, layer, name, value):
        """Count it if setting `layer.name` to `value` is such a change."""
        attributes = vars(layer)
        if attributes.get("built") and name[0] != "_" and isinstance(value, _SETTINGS) and is_own(type(layer)):
            before = attributes.get(name, value)
            if not isinstance(before, _SETTINGS) or before != value:
                cls.count += 1


def settings(layers):
    """What steps compiled from these layers have for constants: kerata's own layers' settings."""
    own = [vars(layer).items() for layer in layers if is_own(type(layer))]
    return tuple(tuple(item for item in items if item[0][0] != "_" and isinstance(item[1], _SETTINGS)) for items in own)


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
