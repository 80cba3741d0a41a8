"""Classes and functions of today as a program of an older generation calls them: its order, names and defaults of arguments."""

import functools
from typing import Any

from kerata.compat import report, signatures, tables, translate
from kerata.core import suggestions
from kerata.core.configurable import parameters_of as constructor_parameters
from kerata.core.graph import KerasTensor
from kerata.core.naming import get_uid, to_snake_case
from kerata.core.op import symbolic_call
from kerata.core.registry import public_name
from kerata.core.signatures import named, parameters_of


class Call:
    """How a call of one class or function of a generation becomes one of today.

    Args:
        generation: "keras1", "keras2" or "tf_keras", whose table of signatures counts.
        today: the class or function that does it now.
        namespace, name: where it was, and what it was called.
        values: functions that turn values of that time into those of today, by the argument's name of today.
    """

    def __init__(self, generation, today, namespace, name, values):
        self.generation, self.today, self.name, self.values = generation, today, name, values
        self.signature = signatures.signature(generation, namespace, name)
        self.known = suggestions.arguments_of(today)
        self.fixed = tables.FIXED.get(name, {})
        self.defaults = self._changed_defaults() if self.signature else {}

    @property
    def is_today(self):
        """Whether a call means the same today, to the letter."""
        if self.signature is None:
            return not self.fixed
        order = list(self.signature.defaults)
        return not self.fixed and not self.defaults and order == list(self.known)[: len(order)]

    def _changed_defaults(self):
        """The defaults, by their names of today, that are others now."""
        now = defaults_of(self.today)
        then = {name: value for name, value in self.signature.defaults.items() if value is not signatures.NEEDED}
        then = translate.today(self.today, then, self.known, told=False)
        return {
            name: value
            for name, value in then.items()
            if value is not None and name in now and now[name] != self._value(name, value)
        }

    def _value(self, name, value):
        return self.values[name](value) if name in self.values else value

    def arguments(self, args, kwargs):
        """The arguments of today.

        Raises: TypeError for arguments that it never took.
        """
        if self.signature is not None:
            kwargs = self.signature.by_name(self.name, args, kwargs)
        elif args:
            kwargs = dict(zip((name for name in self.known if name not in self.fixed), args)) | kwargs
        given = translate.today(self.today, kwargs, self.known, told=False)
        found = {name: self._value(name, value) for name, value in (self.defaults | self.fixed | given).items()}
        report.note_call(self.name, kwargs, self.today, found)
        return found


def defaults_of(today):
    """The defaults of a class's constructor, and of its bases', or of a function."""
    if not isinstance(today, type):
        return {p.name: p.default for p in named(parameters_of(today).values())}
    found: dict[str, Any] = {}
    for cls in today.__mro__:
        if "__init__" in vars(cls):
            found = dict(constructor_parameters(cls)) | found
    return found


def edition_of_function(call):
    """A function that is called as in its time."""

    @functools.wraps(call.today)
    def edition(*args, **kwargs):
        return call.today(**call.arguments(args, kwargs))

    edition.__name__ = call.name
    return edition


def also_symbolic(function):
    """A function of tensors that takes symbolic ones too, as all did before Keras 3."""

    @functools.wraps(function)
    def of_either(*args, **kwargs):
        if any(isinstance(x, KerasTensor) for x in (*args, *kwargs.values())):
            return symbolic_call(function, args, kwargs)
        return function(*args, **kwargs)

    return of_either


@functools.cache
def metaclass_of_editions(kind):
    """The metaclass of editions: instances and subclasses of the class of today count as theirs."""

    # By the line of bases: `issubclass` of the class of today would ask its subclasses, the edition among them, again.
    def __instancecheck__(cls, instance):
        return vars(cls).get("edition_of") in type(instance).__mro__ or kind.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, other):
        return vars(cls).get("edition_of") in other.__mro__ or kind.__subclasscheck__(cls, other)

    return type(
        f"Edition{kind.__name__}", (kind,), dict(__instancecheck__=__instancecheck__, __subclasscheck__=__subclasscheck__)
    )


def edition_of_class(call, mixins=(), numbers_names=False, stands_for=None):
    """A class that is constructed as in its time.

    Args:
        mixins: classes with what its instances could do then.
        stands_for: the class whose instances count as its own, where that is another one than the call's.
        numbers_names: whether a name that was not given has a number from the first on: "dense_1".
    """
    cls = call.today

    def __init__(self, *args, **kwargs):
        given = call.arguments(args, kwargs)
        if numbers_names and given.get("name") is None:
            name = type(self).__name__
            prefix = name.lower() if call.generation == "keras1" else to_snake_case(name)
            given["name"] = f"{prefix}_{get_uid(prefix)}"
        if type(self) is edition:
            object.__setattr__(self, "_arguments", ((), given))
        cls.__init__(self, **given)

    body = {
        "__init__": __init__,
        "__doc__": cls.__doc__,
        "__module__": cls.__module__,
        "public_name": public_name(cls),
        "edition_of": stands_for or cls,
        "_generation": call.generation,
    }
    metaclass: Any = type(cls)
    edition = metaclass_of_editions(metaclass)(call.name, (*mixins, cls), body)
    return edition
