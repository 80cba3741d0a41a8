"""One number that says whether anything changed that layers hold, or that compiled steps have for a constant.

What a layer holds is looked for once and found again as long as the number is the same. A dropout's rate, an activation, a
number that a user's layer computes with are read when a step is traced; when one of them is set to something else, outside
of a step, the steps are compiled anew with it. What is changed in place, without being set, is compared (`Contents`).
"""

import types

import numpy as np

from kerata.core.configurable import is_own
from kerata.core.policies import DTypePolicy
from kerata.core.variable import Variable
from kerata.engines.state import context
from kerata.engines.warning import warn

PLAIN = (int, float, str, bool, type(None))
PLAIN_TYPES = frozenset(PLAIN)
CONTAINERS = (dict, list, tuple, set, frozenset)
SETTINGS = (*PLAIN, types.FunctionType, DTypePolicy)
# Set by kerata itself on users' objects while they are built, called and trained: no settings of theirs.
BOOKKEEPING = frozenset(
    """built name path optimizer loss history stop_training run_eagerly jit_compile _jit_compile steps_per_execution detect_anomaly plan
    computes_wide trainable input_spec training_data""".split()
)
_SMALL = 1 << 14  # elements and bytes that are compared
_MANY = 8  # so many changes of one object are told: each costs a compilation


class Structure:
    """How often a part or a setting of an object was changed, of whatever model: compare `version` with what it was."""

    version = 0

    @classmethod
    def note_part(cls, obj, name, value):
        """Count it if setting `obj.name` to `value` changes what `obj` holds."""
        if type(value) not in PLAIN_TYPES and _may_hold(value) or _may_hold(vars(obj).get(name)):
            cls.version += 1

    @classmethod
    def note(cls, obj, name, value):
        """Count it if setting `obj.name` to `value` is a change of a setting of a finished object, outside of a step."""
        attributes = vars(obj)
        finished = attributes.get("built", name in attributes)  # what is never built is finished when it has the attribute
        if not finished or not _is_setting(name) or context.in_step:
            return
        own = is_own(type(obj))
        constant = (
            isinstance(value, SETTINGS) and getattr(obj, "has_constants", True) if own else not isinstance(value, Variable)
        )
        if not constant or own and name not in attributes or not _differs(attributes, name, value):
            return
        if own:
            cls.version += 1
        else:
            cls.of_users(obj, name)

    @classmethod
    def of_users(cls, obj, name):
        """Count a change of an attribute of a user's object."""
        cls.version += 1
        attributes = vars(obj)
        attributes["_settings_version"] = attributes.get("_settings_version", 0) + 1
        if attributes["_settings_version"] == _MANY:
            _tell(obj, name)


def _may_hold(value):
    """Whether a value is a layer, a variable, a metric or a random generator, or may come to hold one."""
    return isinstance(value, CONTAINERS) or getattr(type(value), "is_part", False)


class Contents:
    """What users' objects hold in lists, dicts, sets and arrays, which are changed without being set.

    Args:
        objects: those that compiled steps call; kerata's own are passed over.
    """

    def __init__(self, objects):
        self.users = [obj for obj in objects if not is_own(type(obj))]
        self._noted = None

    def follow(self, before):
        """Take over what was noted of the same objects."""
        if [*map(id, before.users)] == [*map(id, self.users)]:
            self._noted = before._noted

    def look(self):
        """Before a step: count what was changed since the last one."""
        if self.users and self._noted is not None:
            for obj, before in zip(self.users, self._noted):
                now = _contents(obj)
                changed = [name for name in now if name in before and now[name] != before[name]]
                if changed:
                    Structure.of_users(obj, changed[0])

    def note(self):
        """After a step: what a step changes itself is no change."""
        if self.users:
            self._noted = [_contents(obj) for obj in self.users]


def _contents(obj):
    kinds = (list, dict, set, tuple, np.ndarray)
    return {name: _frozen(value, 3) for name, value in vars(obj).items() if _is_setting(name) and isinstance(value, kinds)}


def _frozen(value, depth):
    """Something that is equal as long as a value is; of large arrays and deep structures, the identity alone."""
    if isinstance(value, np.ndarray) and value.nbytes <= _SMALL and value.dtype != object:
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, (list, tuple, set, dict)) and depth and len(value) <= _SMALL:
        return type(value), tuple(_frozen(v, depth - 1) for v in (value.items() if isinstance(value, dict) else value))
    return (type(value), value) if isinstance(value, PLAIN) else id(value)


def _tell(obj, name):
    warn(
        f"{type(obj).__name__}.{name} and the like were changed {_MANY} times. It counts, but each change makes compiled steps "
        f"anew. Make it a variable (self.{name} = keras.Variable(value, trainable=False)) and assign to that, which costs nothing."
    )


def _differs(attributes, name, value):
    before = attributes.get(name, attributes)
    if before is value:
        return isinstance(value, np.ndarray)  # `layer.factor *= 2` changes an array in place
    return not (
        isinstance(before, SETTINGS) and isinstance(value, SETTINGS) and type(before) is type(value) and before == value
    )


def _is_setting(name):
    return name[0] != "_" and name not in BOOKKEEPING


def settings(objects):
    """What steps compiled from these objects have for constants: kerata's own ones' settings, and how often users' changed."""
    found = []
    for obj in objects:
        attributes = vars(obj)
        if is_own(type(obj)):
            found.append(tuple((k, v) for k, v in attributes.items() if _is_setting(k) and isinstance(v, SETTINGS)))
        else:
            found.append(attributes.get("_settings_version", 0))
    return tuple(found)
