"""`dataclass`: a class's arguments, declared once, as annotated fields of the class.

The annotation is an argument's converter, its check and its documentation; the constructor, its signature and the config
come from it. A `Field` is a type of arguments that are converted. To type checkers it is a descriptor: what `__set__` takes
is what the constructor takes, what `__get__` gives is what the attribute holds. At run time it is taken out of the class,
and the converted value lies in the instance, so that reading it costs nothing.
"""

import copy
import dataclasses
import functools
import inspect
import sys
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from kerata.core import suggestions
from kerata.core.signatures import parameters_of_method

_REQUIRED: Any = inspect.Parameter.empty
_BY_NAME = inspect.Parameter.POSITIONAL_OR_KEYWORD

Given = TypeVar("Given")
Kept = TypeVar("Kept")
Class = TypeVar("Class", bound=type)


class Field(Generic[Given, Kept]):
    """A type of arguments: what is given, and what it becomes.

    Args:
        default: what is taken where nothing is given; unset for an argument that must be given.
        init: whether the constructor takes it; a class says False of a base's argument that it sets itself.
        kw_only: whether it comes after the arguments of subclasses (and, for type checkers, is given by name).
        attribute: the name under which it is kept, where it is not its own.
        config: whether `get_config` tells it.

    A subclass writes `convert`.

    >>> class Share(Field[float, float]):
    ...     def convert(self, value, name, owner):
    ...         if not 0 <= value <= 1:
    ...             raise ValueError(f"{type(owner).__name__}: {name} is a share, from 0 to 1; {value!r} came.")
    ...         return value
    >>> @dataclass
    ... class Noise:
    ...     rate: Share = Share(0.5)
    >>> Noise().rate, Noise(0.1).rate
    (0.5, 0.1)
    >>> Noise(2)
    Traceback (most recent call last):
    ValueError: Noise: rate is a share, from 0 to 1; 2 came.
    """

    required: Any = _REQUIRED

    def __init__(
        self,
        default: Given = _REQUIRED,
        *,
        init: bool = True,
        kw_only: bool = False,
        attribute: str | None = None,
        config: bool = True,
    ) -> None:
        self.default, self.init, self.kw_only, self.attribute, self.config = default, init, kw_only, attribute, config
        self.annotation: Any = Any
        self.factory: Callable[[], Any] | None = None

    def __repr__(self):
        return type(self).__name__

    def convert(self, value: Any, name: str, owner: Any) -> Any:
        """What an object keeps of a value that is given for its argument `name`.

        Raises: ValueError naming the object's class and the argument.
        """
        return value

    if TYPE_CHECKING:

        @typing.overload
        def __get__(self, instance: None, owner: Any) -> "Field[Given, Kept]": ...

        @typing.overload
        def __get__(self, instance: object, owner: Any) -> Kept: ...

        def __get__(self, instance: Any, owner: Any) -> Any: ...

        def __set__(self, instance: Any, value: Given) -> None: ...


def field(
    *,
    default: Any = _REQUIRED,
    init: bool = True,
    kw_only: bool = False,
    attribute: str | None = None,
    config: bool = True,
) -> Any:
    """A field that is kept as it comes. For the arguments see `Field`."""
    return Field(default, init=init, kw_only=kw_only, attribute=attribute, config=config)


@typing.overload
def dataclass(cls: Class, /) -> Class: ...


@typing.overload
def dataclass(
    *, after: dict[str, str | None] = ..., unlisted: tuple[str, ...] = ..., kwargs: bool = ...
) -> Callable[[Class], Class]: ...


@typing.dataclass_transform(field_specifiers=(field, dataclasses.field))
def dataclass(cls: Any = None, /, *, after: Any = None, unlisted: Any = (), kwargs: bool | None = None) -> Any:
    """A class decorator: the annotations in the class's body are its constructor's arguments.

    The arguments are those of the bases that are such classes too, then the class's own, then those that are `kw_only`
    in bases. What is given becomes attributes of the same names, converted where the annotation is a `Field`; then the
    class's `__post_init__()` is called, if it has one. The next constructor in line that is not made from fields gets all other
    arguments. `dataclasses.field` and `dataclasses.KW_ONLY` mean what they mean in Python's own data classes.
    `get_config()` of layers, losses, metrics and the like returns the fields. A class that has an `__init__` keeps it.

    Args:
        after: arguments that stand elsewhere in the signature: the name, and the name of the one before it, None to
            begin with it. Among them may be those of the base's own constructor.
        unlisted: arguments of bases that the signature has behind `**kwargs`; `after` lists them again.
        kwargs: whether the signature ends with `**kwargs`, as those of Keras's optimizers do; None for as the base's does. All
            of these hold for subclasses.

    Raises: ValueError for a default that all objects would share, such as a list; TypeError from the constructor, for arguments
    that are missing, unknown, given twice or too many.

    >>> import kerata, numpy as np
    >>> @kerata.dataclass
    ... class Scale(kerata.layers.Layer):
    ...     factor: float = 2.0
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> layer = Scale(3.0, name="triple")
    >>> float(layer(np.ones(1))[0]), layer.get_config()["factor"]
    (3.0, 3.0)
    >>> Scale.from_config(layer.get_config()).factor
    3.0
    """
    if cls is None:
        return functools.partial(dataclass, after=after, unlisted=unlisted, kwargs=kwargs)
    cls._own_fields = _own_fields(cls)
    for name, own in cls._own_fields.items():
        if not own.init and own.default is not _REQUIRED:
            setattr(cls, name, own.default)  # as in Python's own data classes
        elif (
            isinstance(vars(cls).get(name), (Field, dataclasses.Field)) or name in vars(cls) and _is_property_of_base(cls, name)
        ):
            delattr(cls, name)
    cls._signature_order = {**getattr(cls, "_signature_order", {}), **(after or {})}
    cls._unlisted = (getattr(cls, "_unlisted", frozenset()) - set(after or ())) | set(unlisted)
    cls._signature_kwargs = getattr(cls, "_signature_kwargs", None) if kwargs is None else kwargs
    if "__init__" not in vars(cls):
        cls.__init__ = _constructor(cls)
    return cls


def _is_property_of_base(cls, name):
    """Whether an attribute is a property in a base, which a default would hide."""
    return isinstance(getattr(super(cls, cls), name, None), property)


def _own_fields(cls):
    """The fields that a class's body declares: name -> `Field`."""
    found, by_name_only = {}, False
    for name, annotation in inspect.get_annotations(cls).items():
        if isinstance(annotation, str):
            annotation = _resolved(annotation, cls)
        if annotation is ClassVar or typing.get_origin(annotation) is ClassVar:
            continue
        if annotation is dataclasses.KW_ONLY:
            by_name_only = True
            continue
        _check_declaration(cls, name, annotation)
        given = vars(cls).get(name, _REQUIRED)
        if isinstance(given, dataclasses.Field):
            given = _from_pythons_own(given)
        if not isinstance(given, Field):
            given = annotation(given) if _is_field(annotation) else _like_that_of_a_base(cls, name, given)
            given.kw_only = given.kw_only or by_name_only
        elif _is_field(annotation) and not isinstance(given, annotation):  # `units: PositiveInt = field(3, kw_only=True)`
            options = {name: getattr(given, name) for name in ("init", "kw_only", "attribute", "config")}
            given, factory = annotation(given.default, **options), given.factory
            given.factory = factory
        given.annotation = given if _is_field(annotation) else annotation
        given.attribute = given.attribute or name
        found[name] = given
    return found


def _check_declaration(cls, name, annotation):
    if isinstance(vars(cls).get(name), (list, dict, set)):
        raise ValueError(
            f"{cls.__name__}.{name}: all objects would share the default {vars(cls)[name]!r}. Write "
            f"`{name}: ... = dataclasses.field(default_factory=lambda: {vars(cls)[name]!r})`."
        )
    if any(map(_is_field, typing.get_args(annotation))):
        raise TypeError(
            f"{cls.__name__}.{name}: {annotation} joins a `Field` with others; write a `Field` that takes them all."
        )


def _from_pythons_own(given):
    """A field from one of Python's own data classes."""
    default = _REQUIRED if given.default is dataclasses.MISSING else given.default
    new: Field = Field(default, init=given.init, kw_only=given.kw_only is True)
    if given.default_factory is not dataclasses.MISSING:
        new.factory, new.default = given.default_factory, _Made(given.default_factory)
    return new


class _Made:
    """The default of an argument that is made anew for each object."""

    def __init__(self, factory):
        self.factory = factory

    def __repr__(self):
        return f"{getattr(self.factory, '__name__', self.factory)}()"


def _like_that_of_a_base(cls, name, default):
    """A field with another default that is converted as the one of this name in a base is; a plain one if there is none."""
    for base in cls.__mro__[1:]:
        if name in vars(base).get("_own_fields", {}):
            new = copy.copy(vars(base)["_own_fields"][name])
            new.default, new.kw_only = default, False
            return new
    return Field(default)


def _is_field(annotation):
    return isinstance(annotation, type) and issubclass(annotation, Field)


def _resolved(annotation, cls):
    """A type from its text; what can't be found at run time is none of the types of fields."""
    try:
        return eval(annotation, vars(sys.modules[cls.__module__]), dict(vars(cls)))
    except (NameError, AttributeError, KeyError, SyntaxError, TypeError):
        return Any


def fields(cls):
    """The fields of a class that its constructor takes, those of bases that are such classes included: name -> `Field`.

    >>> import kerata
    >>> list(fields(kerata.layers.Dense))[:3]
    ['units', 'activation', 'use_bias']
    """
    found = {}
    for c in reversed(cls.__mro__[: _first_constructor(cls)[0]]):
        found.update(vars(c).get("_own_fields", {}))
    found = {name: f for name, f in found.items() if f.init}
    return {name: found[name] for name in sorted(found, key=lambda name: found[name].kw_only)}


def _first_constructor(cls):
    """Of the bases of a class, the first one whose constructor is not made from fields: its place, and the constructor."""
    for place, c in enumerate(cls.__mro__[1:], 1):
        own = vars(c).get("__init__", object.__init__)
        if own is not object.__init__ and not hasattr(own, "from_fields"):
            return place, own
    return len(cls.__mro__), None


@functools.cache
def _following_constructor(cls, kind):
    """The constructor in line after that of `cls`, for objects of a subclass `kind`, but for those that its own is made from."""
    # Kept for good: the one change of bases there is puts PyTorch's modules behind `Layer`, whose constructor ends the line.
    for c in kind.__mro__[kind.__mro__.index(cls) + 1 :]:
        own = vars(c).get("__init__", object.__init__)
        if own is not object.__init__ and not (hasattr(own, "from_fields") and issubclass(cls, c)):
            return own
    return None


def _is_read_only(cls, attribute):
    found = inspect.getattr_static(cls, attribute, None)
    return isinstance(found, property) and found.fset is None


def _signature(cls, own, base):
    """The constructor's signature: own fields, and what the base's constructor takes besides, or `**kwargs` for it."""
    inherited = parameters_of_method(base) if base is not None else []
    others = [p for p in inherited if p.kind is p.VAR_KEYWORD]
    if cls._signature_kwargs is not None:
        shown = [inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)] if cls._signature_kwargs else []
    else:
        shown = others
    found = {name: inspect.Parameter(name, _BY_NAME, default=f.default, annotation=f.annotation) for name, f in own.items()}
    for p in inherited:
        if p.kind in (_BY_NAME, p.KEYWORD_ONLY) and p.name not in found and (not others or p.name in cls._signature_order):
            found[p.name] = p.replace(kind=_BY_NAME)
    names = [name for name in found if name not in cls._signature_order and name not in cls._unlisted]
    for name, before in cls._signature_order.items():
        if name not in found or name in cls._unlisted:
            continue
        if before is None:  # before all, or, of what follows subclasses' own arguments, before the rest of that
            later = name in own and own[name].kw_only
            names.insert(sum(n in own and not own[n].kw_only for n in names) if later else 0, name)
        elif before in names:
            names.insert(names.index(before) + 1, name)
    names.sort(key=lambda name: found[name].default is not _REQUIRED)  # a base's may be needed, too
    self = inspect.Parameter("self", _BY_NAME)
    return inspect.Signature([self, *(found[name] for name in names), *shown], __validate_parameters__=False)


def _constructor(cls):
    """An `__init__` made from the fields of a class and its bases."""
    own, base = fields(cls), _first_constructor(cls)[1]
    signature = _signature(cls, own, base)
    parameters = [p for p in list(signature.parameters.values())[1:] if p.kind is _BY_NAME]
    names = tuple(p.name for p in parameters)
    needed = frozenset(p.name for p in parameters if p.default is _REQUIRED)
    order = sorted(own, key=lambda name: names.index(name) if name in names else len(names))
    factories = {name: own[name].factory for name in order if own[name].factory is not None}
    handed = {name: own[name].default for name in order if _is_read_only(cls, own[name].attribute)}  # the base sets it
    order = [name for name in order if name not in handed]
    converters = [(n, own[n].attribute, None if type(own[n]) is Field else own[n].convert, own[n].default) for n in order]

    def __init__(self, *args, **kwargs):
        if args:
            kwargs = _by_name(type(self), names, args, kwargs)
        if not needed <= kwargs.keys():
            raise _missing(type(self), [name for name in names if name in needed and name not in kwargs])
        for name in factories.keys() - kwargs.keys():
            kwargs[name] = factories[name]()
        given = [kwargs.pop(name, default) for name, _, _, default in converters]
        kind: Any = type(self)
        following = _following_constructor(cls, kind)
        if following is not None:
            following(self, **handed | kwargs)
        elif kwargs:
            raise suggestions.unknown_argument(type(self).__name__, next(iter(kwargs)), names)
        for value, (name, attribute, convert, _) in zip(given, converters):
            setattr(self, attribute, value if convert is None else convert(value, name, self))
        if post_init is not None:
            post_init(self)

    post_init = getattr(cls, "__post_init__", None)  # the class's own: a subclass may have a method of the name
    __init__.__qualname__, __init__.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    vars(__init__).update(__signature__=signature, from_fields=tuple(own))
    return __init__


def _by_name(cls, names, args, kwargs):
    """All arguments of a call by their names."""
    if len(args) > len(names):
        takes = (
            f"{len(names)} argument{'s' * (len(names) > 1)} by position: {', '.join(names)}"
            if names
            else "no arguments by position"
        )
        raise TypeError(f"{cls.__name__} takes {takes}; {len(args)} came.")
    given = dict(zip(names, args))
    for name in given:
        if name in kwargs:
            raise TypeError(f"{cls.__name__} was given {name!r} twice: {given[name]!r} by position, {kwargs[name]!r} by name.")
    given.update(kwargs)
    return given


def _missing(cls, names):
    several = "s" * (len(names) > 1)
    return TypeError(f"{cls.__name__} needs the argument{several} {' and '.join(map(repr, names))}, which did not come.")
