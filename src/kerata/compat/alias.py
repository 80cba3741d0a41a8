"""`import keras` as kerata: programs written for Keras run unmodified."""

import importlib
import importlib.abc
import importlib.machinery
import inspect
import operator
import sys
import types
import warnings

from kerata.compat import tables


class _Module(types.ModuleType):
    """A module of an alias: the names of kerata's module, and the old ones."""

    def __init__(self, name, path):
        super().__init__(name)
        self.__path__ = []
        self.__target__ = f"kerata.{path}" if path else "kerata"
        self.__table__ = tables.LAYERS if path == "layers" else {}

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        target = importlib.import_module(self.__target__)
        if name in self.__table__:
            new, fixed = self.__table__[name]
            return _old_class(operator.attrgetter(new)(target), name, fixed)
        value = getattr(target, name)
        if isinstance(value, types.ModuleType) and value.__name__.startswith("kerata."):
            return importlib.import_module(f"{self.__name__}.{name}")
        return value

    def __dir__(self):
        return sorted({*dir(importlib.import_module(self.__target__)), *self.__table__})


def _old_class(cls, name, fixed):
    """A class under its old name, with arguments that were implied by it."""
    if not fixed:
        return cls
    names = [n for n in inspect.signature(cls.__init__).parameters if n not in ("self", *fixed)]

    def __init__(self, *args, **kwargs):
        cls.__init__(self, **{**fixed, **dict(zip(names, args)), **kwargs})

    return type(name, (cls,), {"__init__": __init__, "__doc__": cls.__doc__})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `keras.x.y` where kerata has `x.y`, or an old path names it."""

    def __init__(self, name):
        self.name = name

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name and not fullname.startswith(self.name + "."):
            return None
        inner = fullname[len(self.name) + 1 :]
        inner = tables.MODULES.get(inner, inner)
        if inner:
            try:
                importlib.import_module(f"kerata.{inner}")
            except ModuleNotFoundError:
                return None
        spec = importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        spec.loader_state = inner
        return spec

    def create_module(self, spec):
        return _Module(spec.name, spec.loader_state)

    def exec_module(self, module):
        pass


def install_as_keras(name="keras"):
    """Let `import keras` (or another name) mean kerata, for the rest of the process.

    Raises: RuntimeError if another package of that name was imported before.
    """
    existing = sys.modules.get(name)
    if existing is not None and not isinstance(existing, _Module):
        raise RuntimeError(f"{name!r} was imported before from {getattr(existing, '__file__', '?')}: install the alias first.")
    if not any(isinstance(f, _Finder) and f.name == name for f in sys.meta_path):
        sys.meta_path.insert(0, _Finder(name))
    warnings.filterwarnings("once", category=DeprecationWarning, module="kerata")
