"""What an object holds: its variables, layers, metrics and seed generators, found in its attributes."""

import re
from typing import Any

from kerata.core.seeds import SeedGenerator
from kerata.core.structure import CONTAINERS, PLAIN, PLAIN_TYPES
from kerata.core.variable import Variable

# Changed by kerata alone, which counts it.
_NOT_WATCHED = frozenset(("_weights", "_build_shapes", "_tensors"))


class Parts:
    """What an object holds itself, each thing once, in the order in which it was set.

    Lists, tuples, sets and dicts are looked into, also those inside others; the layers and metrics found are not.

    Args:
        obj: the object.
        skip: the names of attributes that hold no part of it.
        layers, metrics: the classes of layers and of metrics.
    """

    def __init__(self, obj, skip, layers, metrics):
        self.variables: dict[int, Any] = {}
        self.seeds: dict[int, Any] = {}
        self.layers: dict[int, Any] = {}
        self.metrics: dict[int, Any] = {}
        self._kinds = {Variable: self.variables, SeedGenerator: self.seeds, layers: self.layers, metrics: self.metrics}
        self.containers = []  # those that are changed without being set: (container, the ids of what it holds)
        for name, value in vars(obj).items():
            if name not in skip and type(value) not in PLAIN:
                self._collect(value, (), name not in _NOT_WATCHED)
        self.layers.pop(id(obj), None)

    def _collect(self, value, around, watched):
        if isinstance(value, CONTAINERS):
            if any(value is outer for outer in around):
                return  # one may hold itself
            if watched and type(value) is not tuple:
                self.containers.append((value, [*map(id, value.values() if isinstance(value, dict) else value)]))
            for item in parts_of(value):
                self._collect(item, (*around, value), watched)
            return
        for kind, found in self._kinds.items():
            if isinstance(value, kind):
                found[id(value)] = value
                return


def holds_part(value):
    """Whether a value is a layer, a variable, a metric or a random generator, or holds one."""
    if isinstance(value, CONTAINERS):
        return any(type(item) not in PLAIN_TYPES and holds_part(item) for item in parts_of(value))
    return getattr(type(value), "is_part", False)


def unchanged(containers):
    """Whether nothing was put into, or taken out of, containers since `Parts` noted them."""
    for container, ids in containers:
        if [*map(id, container.values() if isinstance(container, dict) else container)] != ids:
            return False
    return True


def parts_of(container):
    """What a list, tuple, set or dict holds; of a set in the order of the names, which is the same in each process."""
    items = container.values() if isinstance(container, dict) else container
    if set(map(type, items)) <= PLAIN_TYPES:
        return []  # numbers or names: nothing to find, and there may be many
    return sorted(items, key=_by_name) if isinstance(container, (set, frozenset)) else list(items)


def _by_name(x):
    """Names with numbers in the order of the numbers: `dense_9` before `dense_10`."""
    parts = re.split(r"(\d+)", str(getattr(x, "name", "")))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
