"""`import keras` as kerata: programs written for Keras run unmodified."""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import warnings

from kerata.compat import tables
from kerata.core.signatures import parameters_of


class _Module(types.ModuleType):
    """A module of an alias: the names of kerata's module, and the old ones."""

    def __init__(self, name, path):
        super().__init__(name)
        self.__path__ = []
        self.__target__ = f"kerata.{path}" if path else "kerata"
        self.__table__ = tables.LAYERS if path == "layers" else {}

    def __getattr__(self, name):
        target = importlib.import_module(self.__target__)
        if name == "__all__":
            public = getattr(target, "__all__", None) or [n for n in dir(target) if not n.startswith("_")]
            return [*public, *self.__table__]
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        if name in self.__table__:
            new, fixed = self.__table__[name]
            home, _, today = new.rpartition(".")
            owner = importlib.import_module(f"{self.__target__}.{home}") if home else target
            return _old_class(getattr(owner, today), name, fixed)
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
    names = [n for n in parameters_of(cls.__init__) if n not in ("self", *fixed)]

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
        inner = f"{fullname[len(self.name) :]}.".replace(".src.", ".", 1).strip(".")  # where Keras's own files are
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


class _TensorflowFinder(importlib.abc.MetaPathFinder):
    """Finds TensorFlow, and has its `keras` mean kerata once it is imported."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname)
        if spec is None:  # there remains what kerata gives
            return importlib.machinery.ModuleSpec(fullname, _KerasAlone(), is_package=True)
        spec.loader = _WithKeras(spec.loader)
        return spec


class _WithKeras(importlib.abc.Loader):
    """TensorFlow's own loader, and a last step."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader  # which its own code may ask for files
        self.loader.exec_module(module)
        module.keras = importlib.import_module("tensorflow.keras")


class _KerasAlone(importlib.abc.Loader):
    """A `tensorflow` of `tensorflow.keras` alone, where TensorFlow isn't installed."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = _missing
        module.keras = importlib.import_module("tensorflow.keras")


def _missing(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(
        f"tensorflow.{name}: TensorFlow isn't installed; only tensorflow.keras, which is kerata, is there. "
        "Install it with pip install kerata[tensorflow]."
    )


def install_as_keras(name: str = "keras") -> None:
    """Let `import keras` and `tensorflow.keras` (or another name) mean kerata, for the rest of the process.

    TensorFlow itself stays what it is. Its functions take kerata's tensors on the TensorFlow engine.

    Raises: RuntimeError if another package of that name was imported before.

    >>> import kerata
    >>> kerata.install_as_keras("keras_by_another_name")
    >>> from keras_by_another_name.layers import Dense
    >>> Dense is kerata.layers.Dense
    True
    """
    existing = sys.modules.get(name)
    if existing is not None and not isinstance(existing, _Module):
        raise RuntimeError(f"{name!r} was imported before from {getattr(existing, '__file__', '?')}: install the alias first.")
    _install(name, _Finder(name))
    if name == "keras":
        _install("tensorflow", _TensorflowFinder())
        _install("tensorflow.keras", _Finder("tensorflow.keras"))
        if "tensorflow" in sys.modules:
            setattr(sys.modules["tensorflow"], "keras", importlib.import_module("tensorflow.keras"))
    warnings.filterwarnings("once", category=DeprecationWarning, module="kerata")


def _install(name, finder):
    """Ask `finder` first from now on, unless one like it is there."""
    if not any(type(f) is type(finder) and getattr(f, "name", name) == name for f in sys.meta_path):
        sys.meta_path.insert(0, finder)
