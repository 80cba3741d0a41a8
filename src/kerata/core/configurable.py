"""Config from the signature: what a constructor was called with is what `get_config` returns."""

import abc
import functools
import importlib
import inspect

_SKIPPED = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


@functools.cache
def parameters_of(cls):
    """The named parameters of a class's constructor, without `self`: name -> default."""
    found = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return {p.name: p.default for p in found if p.kind not in _SKIPPED}


def is_own(cls):
    """Whether a class is kerata's, not a user's."""
    return cls.__module__.startswith("kerata.")


class _Edge(abc.ABCMeta):
    """Where constructors are called: arguments under old names are looked up here, so that no class knows them."""

    def __call__(cls, *args, **kwargs):
        if kwargs and not kwargs.keys() <= _accepted(cls):
            kwargs = importlib.import_module("kerata.compat.translate").arguments(cls, kwargs)
        return super().__call__(*args, **kwargs)


@functools.cache
def _accepted(cls):
    """All names that the constructors of a class and of its bases take."""
    return frozenset(name for c in cls.__mro__ if "__init__" in vars(c) for name in inspect.signature(c.__init__).parameters)


class _Signature:
    """A class's signature is its constructor's; an instance's is that of its `__call__`."""

    def __get__(self, instance, owner):
        if instance is not None:
            raise AttributeError("__signature__")
        return owner._signature()


class Configurable(metaclass=_Edge):
    """Objects that can be made again from `get_config()`.

    The constructor's arguments are recorded as they come. `get_config` returns, for each parameter, the attribute of the
    same name, else the argument given, else the default.
    """

    __signature__ = _Signature()

    @classmethod
    def _signature(cls):
        return inspect.Signature(list(inspect.signature(cls.__init__).parameters.values())[1:])

    def __new__(cls, *args, **kwargs):
        instance = object.__new__(cls)
        object.__setattr__(instance, "_arguments", (args, kwargs))
        return instance

    def _config_classes(self):
        """The classes whose constructors' parameters make up the config: all down to the first user's `get_config`."""
        for cls in type(self).__mro__:
            if "get_config" in vars(cls) and not is_own(cls):
                return [c for c in cls.__mro__ if is_own(c) and "__init__" in vars(c)]
        return [c for c in type(self).__mro__ if "__init__" in vars(c)]

    def _recorded(self):
        args, kwargs = self._arguments
        try:
            bound = inspect.signature(type(self).__init__).bind(self, *args, **kwargs).arguments
        except (TypeError, ValueError):
            return dict(kwargs)
        recorded = dict(bound)
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                recorded.update(recorded.pop(name, {}))
        return recorded

    def get_config(self):
        """The constructor's arguments, as a dict that `from_config` takes."""
        recorded, config = self._recorded(), {}
        for cls in self._config_classes():
            for name, default in parameters_of(cls).items():
                if name not in config:
                    value = getattr(self, name, recorded.get(name, default))
                    if value is not inspect.Parameter.empty:
                        config[name] = value
            if not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls.__init__).parameters.values()):
                break
        return config

    @classmethod
    def from_config(cls, config):
        """An object from its config."""
        return cls(**config)
