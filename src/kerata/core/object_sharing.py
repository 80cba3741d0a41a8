"""Objects that stand at several places of what is saved, and are one object again when it is loaded.

As in Keras 3's files, the JSON form of such an object has the same `shared_object_id` wherever it stands.
"""

import collections
import contextlib

from kerata.engines.state import context, thread_context

_KEY = "shared_object_id"


def whole(serialize):
    """The JSON form that `serialize()` makes, in which an object that stands at several places can be told."""
    if context.shared_written is not None:
        return serialize()
    with thread_context(shared_written={}):
        form = serialize()
    counts = collections.Counter(_numbers(form))
    return _without(form, {number for number, count in counts.items() if count == 1})


def noted(obj, form):
    """The JSON form of an object, with the object's number if it is part of a whole."""
    if context.shared_written is not None:
        form[_KEY] = context.shared_written.setdefault(id(obj), (obj, len(context.shared_written) + 1))[1]
    return form


def _numbers(form):
    if isinstance(form, dict):
        if _KEY in form:
            yield form[_KEY]
        form = form.values()
    if not isinstance(form, (str, bytes)) and hasattr(form, "__iter__"):
        for part in form:
            yield from _numbers(part)


def _without(form, numbers):
    if isinstance(form, dict):
        return {k: _without(v, numbers) for k, v in form.items() if k != _KEY or v not in numbers}
    return type(form)(_without(v, numbers) for v in form) if type(form) in (list, tuple) else form


@contextlib.contextmanager
def reading():
    """Inside, what is made from JSON forms is one whole: a number stands for one object."""
    with thread_context(shared_read={} if context.shared_read is None else context.shared_read):
        yield


def known(form):
    """The object that was made of another place's JSON form of it, None if there is none yet."""
    return None if context.shared_read is None else context.shared_read.get(form.get(_KEY))


def remember(form, obj):
    """Note what was made of a JSON form."""
    if context.shared_read is not None and form.get(_KEY) is not None:
        context.shared_read[form[_KEY]] = obj
