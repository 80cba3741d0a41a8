"""`import keras` as kerata: programs written for Keras run unmodified."""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import warnings

from kerata.compat.generations import GENERATIONS


class _Module(types.ModuleType):
    """A module of an alias: the names that it had in a generation."""

    def __init__(self, name, path, generation):
        super().__init__(name)
        self.__path__ = []
        self.__inner__, self.__generation__ = path, generation

    def __getattr__(self, name):
        if name == "__all__":
            return self.__generation__.names(self.__inner__)
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        try:
            value = self.__generation__.get(self.__inner__, name)
        except AttributeError:
            return self._submodule(name)
        if isinstance(value, types.ModuleType) and value.__name__.startswith("kerata."):
            return importlib.import_module(f"{self.__name__}.{name}")
        vars(self)[name] = value
        return value

    def _submodule(self, name):
        try:
            return importlib.import_module(f"{self.__name__}.{name}")
        except ModuleNotFoundError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __dir__(self):
        return self.__generation__.names(self.__inner__)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `keras.x.y` where a generation has `x.y`."""

    def __init__(self, name, generation):
        self.name, self.generation = name, generation

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name and not fullname.startswith(self.name + "."):
            return None
        inner = fullname[len(self.name) :].strip(".")
        for home in ("src", "python.keras", "api", "_tf_keras.keras"):  # where Keras's own files are
            inner = f"{inner}.".removeprefix(f"{home}.").strip(".")
        if not self.generation.has_module(inner):
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        spec.loader_state = inner
        return spec

    def create_module(self, spec):
        return _Module(spec.name, spec.loader_state, self.generation)

    def exec_module(self, module):
        pass


class _TensorflowFinder(importlib.abc.MetaPathFinder):
    """Finds TensorFlow, and has its `keras` mean kerata once it is imported."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in ("tensorflow", "tensorflow.python"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None:  # there remains what kerata gives
            return importlib.machinery.ModuleSpec(fullname, _KerasAlone(), is_package=True)
        if fullname == "tensorflow":
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
        if module.__name__ == "tensorflow":
            module.keras = importlib.import_module("tensorflow.keras")
        else:  # tensorflow.python, whose files old programs import from
            _install("tensorflow.python.keras", _Finder("tensorflow.python.keras", GENERATIONS["tf_keras"]))


def _missing(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(
        f"tensorflow.{name}: TensorFlow isn't installed; only tensorflow.keras, which is kerata, is there. "
        "Install it with pip install kerata[tensorflow]."
    )


def install_as_keras(name: str = "keras", as_: str = "keras3") -> None:
    """Let `import keras` and `tensorflow.keras` (or another name) mean kerata, for the rest of the process.

    TensorFlow itself stays what it is. Its functions take kerata's tensors on the TensorFlow engine.

    Args:
        name: the package that is to mean kerata.
        as_: the generation that the program was written for: "keras1", "keras2", "tf.keras" or "keras3". Names, orders and
            defaults of arguments are those of that time. `tensorflow.keras` is tf.keras also for "keras1" and "keras2".

    Raises: RuntimeError if another package of that name was imported before; ValueError for another generation.

    >>> import kerata
    >>> kerata.install_as_keras("keras_by_another_name")
    >>> from keras_by_another_name.layers import Dense
    >>> Dense is kerata.layers.Dense
    True
    >>> kerata.install_as_keras("old_keras", as_="keras1")
    >>> from old_keras.layers import Convolution2D
    >>> Convolution2D(8, 3, 5, border_mode="same").kernel_size
    (3, 5)
    """
    generation = GENERATIONS.get(as_.replace(".", "_"))
    if generation is None:
        raise ValueError(f"as_ is one of 'keras1', 'keras2', 'tf.keras' and 'keras3'; {as_!r} came.")
    existing = sys.modules.get(name)
    if existing is not None and not isinstance(existing, _Module):
        raise RuntimeError(f"{name!r} was imported before from {getattr(existing, '__file__', '?')}: install the alias first.")
    _install(name, _Finder(name, generation))
    if name == "keras":
        of_tensorflow = GENERATIONS["tf_keras"] if generation.is_old else generation
        _install("tensorflow", _TensorflowFinder())
        _install("tensorflow.keras", _Finder("tensorflow.keras", of_tensorflow))
        if "tensorflow" in sys.modules:
            setattr(sys.modules["tensorflow"], "keras", importlib.import_module("tensorflow.keras"))
    warnings.filterwarnings("once", category=DeprecationWarning, module="kerata")


def _install(name, finder):
    """Ask `finder` first from now on; one for the same name is forgotten, and what it found."""
    for other in [f for f in sys.meta_path if type(f) is type(finder) and getattr(f, "name", name) == name]:
        if getattr(other, "generation", None) is getattr(finder, "generation", None):
            return
        sys.meta_path.remove(other)
        for module in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[module]
    sys.meta_path.insert(0, finder)
