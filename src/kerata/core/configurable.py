"""Config from the signature: what a constructor was called with is what `get_config` returns."""

import abc
import functools
import importlib
import inspect
from typing import Any, Self

from kerata.core import fields, signatures, suggestions


@functools.cache
def parameters_of(cls):
    """The named parameters of a class's constructor, without `self`: name -> default."""
    found = signatures.named(signatures.parameters_of_method(cls.__init__))
    return {p.name: p.default for p in found} | {name: f.default for name, f in _made_from(cls).items()}


def _made_from(cls):
    """The fields that a class's constructor is made from."""
    return fields.fields(cls) if hasattr(cls.__init__, "from_fields") else {}


def is_own(cls):
    """Whether a class is kerata's, not a user's."""
    return cls.__module__.startswith("kerata.")


def signature_of(cls):
    """A class's signature is its constructor's."""
    return inspect.Signature(signatures.parameters_of_method(cls.__init__))


@functools.cache
def _taken(cls):
    """What a class's constructor takes by name, what it needs, and whether it takes other names too."""
    if cls.__init__ is object.__init__:
        return (), (), cls.__new__ not in (object.__new__, Configurable.__new__)
    parameters = signatures.parameters_of_method(cls.__init__, follow_wrapped=False)
    named = signatures.named(parameters)
    needed = tuple(p.name for p in named if p.default is p.empty)
    return tuple(p.name for p in named), needed, signatures.takes_any_name(parameters)


def _check_names(cls, args, kwargs):
    """Raises: TypeError for an argument by name that the constructor lacks, or that is meant for one that it needs."""
    known, needed, takes_others = _taken(cls)
    others = () if is_own(cls) else _all_names(cls)  # constructors of users' bases may come next in line
    for name in kwargs:
        if name not in known and name not in others:
            missing = [n for n in needed[len(args) :] if n not in kwargs]
            if not takes_others or missing and suggestions.nearest(name, missing):
                raise suggestions.unknown_argument(cls.__name__, name, missing if takes_others else known)


class NamedArguments(abc.ABCMeta):
    """The metaclass of classes whose constructors name the nearest argument when they are given one that they lack."""

    @property
    def __signature__(cls):
        return cls._signature() if hasattr(cls, "_signature") else signature_of(cls)

    def __call__(cls, *args, **kwargs):
        if kwargs and not kwargs.keys() <= _taken_names(cls):
            _check_names(cls, args, kwargs)
        return type.__call__(cls, *args, **kwargs)


def _constructing(classes):
    """Of a class's bases, those with a constructor; what is made from fields takes those of its bases too.

    The constructor of an edition (`compat.editions`) takes what the class of today takes.
    """
    found, covered = [], False
    for cls in classes:
        if "__init__" in vars(cls) and "edition_of" not in vars(cls):
            from_fields = hasattr(cls.__init__, "from_fields")
            if not (from_fields and covered):
                found.append(cls)
            covered = from_fields
    return found


@functools.cache
def _attributes(cls):
    """Under which attributes arguments are kept, where the name is another."""
    return {name: f.attribute for name, f in fields.fields(cls).items() if f.attribute != name}


@functools.cache
def _taken_names(cls):
    return frozenset(_taken(cls)[0])


@functools.cache
def _all_names(cls):
    """The names that the constructors of a class and of its bases take."""
    return frozenset(suggestions.arguments_of(cls))


class _Edge(NamedArguments):
    """Where constructors are called: arguments under old names are looked up here, so that no class knows them."""

    _after_constructors: Any = None  # called on what the constructors made

    def __call__(cls, *args, **kwargs):
        if kwargs:
            if not kwargs.keys() <= _all_names(cls) and not hasattr(cls, "edition_of"):  # which translates for itself
                kwargs = importlib.import_module("kerata.compat.translate").arguments(cls, kwargs)
            if not kwargs.keys() <= _taken_names(cls):
                _check_names(cls, args, kwargs)
        instance = type.__call__(cls, *args, **kwargs)
        if cls._after_constructors is not None:
            cls._after_constructors(instance)
        return instance


class Configurable(metaclass=_Edge):
    """Objects that can be made again from `get_config()`.

    The constructor's arguments are recorded as they come. `get_config` returns, for each parameter, the attribute of the
    same name, else the argument given, else the default.
    """

    _arguments: tuple[tuple[Any, ...], dict[str, Any]]

    @classmethod
    def _signature(cls):
        return signature_of(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        instance = object.__new__(cls)
        object.__setattr__(instance, "_arguments", (args, kwargs))
        return instance

    def __post_init__(self):
        """What is left to do once the fields of a `dataclass` are set."""

    def _config_classes(self):
        """The classes whose constructors' parameters make up the config: all down to the first user's `get_config`."""
        for cls in type(self).__mro__:
            if "get_config" in vars(cls) and not is_own(cls):
                return _constructing(c for c in cls.__mro__ if is_own(c))
        return _constructing(type(self).__mro__)

    def _recorded(self):
        try:
            return signatures.constructor_arguments(type(self), *self._arguments)
        except (TypeError, ValueError):
            return dict(self._arguments[1])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as a dict that `from_config` takes."""
        recorded, config, kept_as = self._recorded(), {}, _attributes(type(self))
        for cls in self._config_classes():
            left_out = [name for name, f in _made_from(cls).items() if not f.config]
            for name, default in parameters_of(cls).items():
                if name not in config and name not in left_out:
                    attribute = kept_as.get(name, name)
                    value = getattr(self, attribute, recorded.get(name, default))
                    if value is not signatures.Parameter.empty:
                        config[name] = value
            if not signatures.takes_any_name(signatures.parameters_of(cls.__init__).values()):
                break
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object from its config."""
        return cls(**config)
