"""Attributes that compiled steps have for constants: what was changed since they were compiled.

A dropout's rate, an activation, a number that a user's layer computes with are read when a step is traced. When one of them
is set to something else, outside of a step, the steps are compiled anew with it.
"""

import types

from kerata.core.configurable import is_own
from kerata.core.policies import DTypePolicy
from kerata.core.variable import Variable
from kerata.engines.state import local
from kerata.engines.warning import warn

_PLAIN = (int, float, str, bool, type(None))
SETTINGS = (*_PLAIN, types.FunctionType, DTypePolicy)
# Set by kerata itself on users' objects while they are built, called and trained: no settings of theirs.
BOOKKEEPING = frozenset(
    """built name path optimizer loss history stop_training run_eagerly jit_compile steps_per_execution detect_anomaly plan
    computes_wide trainable input_spec training_data""".split()
)
_MANY = 8  # so many changes of one object are told: each costs a compilation


class SettingChanges:
    """How often a setting of a finished object was changed, of whatever model."""

    count = 0

    @classmethod
    def note(cls, obj, name, value):
        """Count it if setting `obj.name` to `value` is such a change."""
        attributes = vars(obj)
        finished = attributes.get("built", name in attributes)  # what is never built is finished when it has the attribute
        if not finished or not _is_setting(name) or local.in_step:
            return
        own = is_own(type(obj))
        constant = (
            isinstance(value, SETTINGS) and getattr(obj, "has_constants", True) if own else not isinstance(value, Variable)
        )
        if not constant or own and name not in attributes or not _differs(attributes, name, value):
            return
        cls.count += 1
        if not own:
            attributes["_settings_version"] = attributes.get("_settings_version", 0) + 1
            if attributes["_settings_version"] == _MANY:
                _tell(obj, name)


def _tell(obj, name):
    warn(
        f"{type(obj).__name__}.{name} and the like were changed {_MANY} times. It counts, but each change makes compiled steps "
        f"anew. Make it a variable (self.{name} = keras.Variable(value, trainable=False)) and assign to that, which costs nothing."
    )


def _differs(attributes, name, value):
    before = attributes.get(name, attributes)
    if before is value:
        return False
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
