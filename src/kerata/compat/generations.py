"""What `import keras` gives a program of each generation."""

import functools
import importlib
import importlib.util
import types
from typing import Any

from kerata.compat import editions, signatures, tables
from kerata.compat.by_generation import ByGeneration

# Namespaces whose classes are constructed as in their time, with what their instances could do then.
_MIXINS = {"layers": "OldLayer"}
_CLASSES = ("layers", "optimizers", "regularizers", "constraints", "initializers", "callbacks", "losses", "metrics")
_OF_TENSORS = ("losses", "metrics")  # whose functions are called on symbolic tensors too
_SEARCHED = ("optimizers", "activations", "initializers", "regularizers", "constraints", "losses", "metrics")


class Generation:
    """A generation of Keras.

    Args:
        name: "keras1", "keras2", "tf_keras" or "keras3".
        title: as people call it.
        numbers_names: whether names that are made have a number from the first on: "dense_1".
    """

    def __init__(self, name, title, numbers_names=False):
        self.name, self.title, self.numbers_names = name, title, numbers_names
        self._found: dict[tuple[str, str], Any] = {}

    @property
    def is_old(self):
        """Whether it is another one than today's."""
        return self.name != "keras3"

    def namespace(self, path):
        """The namespaces of kerata in which the names of an old module are, in the order in which they are looked through."""
        found = tables.MODULES.get(path, path)
        return found if isinstance(found, tuple) else (found,)

    def has_module(self, path):
        """Whether there is a module of this path."""
        return path in tables.MODULES or any(_today(n) is not None or self._own(n) is not None for n in self.namespace(path))

    def get(self, path, name):
        """What a module of the generation has under a name.

        Raises: AttributeError if it has none.
        """
        for namespace in self.namespace(path):
            if (namespace, name) not in self._found:
                found = self._made(namespace, name)
                if found is None or isinstance(found, types.ModuleType) and namespace != path:
                    continue
                self._found[namespace, name] = found
            return self._found[namespace, name]
        if not self.is_old and not name.startswith("_"):  # what Keras 3 dropped
            return GENERATIONS["tf_keras"].get(path, name)
        raise AttributeError(f"module keras.{path} of {self.title} has no attribute {name!r}")

    def names(self, path):
        """The names of a module."""
        found = []
        for namespace in self.namespace(path):
            own, today = self._own(namespace), _today(namespace)
            found += [*getattr(own, "__all__", ()), *signatures.names(self.name, namespace)] if self.is_old else []
            found += [*getattr(today, "__all__", ()), *(tables.LAYERS if namespace == "layers" else ())]
        return sorted({name for name in found if self._has(path, name)})

    def _has(self, path, name):
        try:
            self.get(path, name)
        except (AttributeError, ImportError):
            return False
        return True

    def _own(self, namespace):
        """The module of `compat` with what kerata does not have today, None if there is none."""
        home = tables.OWN.get(namespace) if self.is_old else None
        return None if home is None or importlib.util.find_spec(home) is None else importlib.import_module(home)

    def _made(self, namespace, name):
        own = self._own(namespace)
        if own is not None and name in own.__all__:
            found = getattr(own, name)
            found = found.of(self) if isinstance(found, ByGeneration) else found
            if found is not None:
                return found
        if name == "get" and namespace in _SEARCHED and self.is_old:
            return self._finder(namespace)
        today = _named(namespace, tables.LAYERS.get(name, name) if namespace == "layers" and self.is_old else name)
        original = signatures.original_name(self.name, namespace, name) if today is None and self.is_old else None
        if original is not None:
            return self.get(namespace, original)
        if today is None or not self.is_old or not callable(today):
            return today
        return self._edition(today, namespace, name)

    def _edition(self, today, namespace, name):
        call = editions.Call(self.name, today, namespace, name, self.values(namespace))
        if not isinstance(today, type):
            found = today if call.is_today else editions.edition_of_function(call)
            return editions.also_symbolic(found) if namespace in _OF_TENSORS else found
        if namespace not in _CLASSES or call.is_today and namespace not in _MIXINS:
            return today
        numbers = self.numbers_names and namespace == "layers"
        return editions.edition_of_class(call, self._mixins(namespace), numbers)

    @functools.cache  # noqa: B019 - generations live as long as the process
    def _mixins(self, namespace):
        if namespace not in _MIXINS:
            return ()
        return (getattr(self._own(namespace), _MIXINS[namespace]),)

    def _finder(self, namespace):
        """`get` of a namespace: what is called by a name is what it was then."""
        today = _today(namespace)

        def get(identifier, *args, **kwargs):
            if not isinstance(identifier, str):
                return today.get(identifier)
            found = today.get(identifier)
            name = getattr(found, "__name__", type(found).__name__)
            then = self.get(namespace, name) if self._has(namespace, name) else found
            return then(*args, **kwargs) if isinstance(then, type) else then

        return get

    def values(self, namespace):
        """Functions that turn arguments' values of that time into those of today, by the arguments' names of today."""
        if namespace != "layers":
            return {}
        activation = functools.partial(_activation, self)
        own = self._own(namespace)
        return {"activation": activation, "recurrent_activation": activation} | (own.values(self) if own else {})


def _activation(generation, value):
    return generation.get("activations", value) if value == "hard_sigmoid" else value


@functools.cache
def _today(namespace):
    """The module of a namespace, None if there is none."""
    try:
        return importlib.import_module(f"kerata.{namespace}".strip("."))
    except ModuleNotFoundError:
        return None


def _named(namespace, name):
    """What kerata has under a name, which may have a module before it; None if there is no such thing."""
    home, _, last = name.rpartition(".")
    module = _today(f"{namespace}.{home}" if home else namespace)
    return None if module is None else getattr(module, last, None)


GENERATIONS = {
    g.name: g
    for g in (
        Generation("keras1", "Keras 1", numbers_names=True),
        Generation("keras2", "Keras 2", numbers_names=True),
        Generation("tf_keras", "tf.keras"),
        Generation("keras3", "Keras 3"),
    )
}
