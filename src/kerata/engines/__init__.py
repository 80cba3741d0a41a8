"""The engines: JAX (default), PyTorch, TensorFlow, NumPy (inference only), and the abstract one that knows only shapes and dtypes.

An engine is imported when it is first needed, never before.
"""

import contextlib
import difflib
import importlib
import importlib.util
import json
import os
import pathlib

import optree

from kerata.engines.state import context, thread_context

_ENGINES = {
    "jax": ("kerata.engines.jax.engine", "JaxEngine"),
    "torch": ("kerata.engines.torch.engine", "TorchEngine"),
    "tensorflow": ("kerata.engines.tensorflow.engine", "TensorflowEngine"),
    "numpy": ("kerata.engines.numpy.engine", "NumpyEngine"),
    "abstract": ("kerata.engines.abstract.engine", "AbstractEngine"),
    "rowwise": ("kerata.engines.abstract.rowwise", "RowwiseEngine"),
}
# Those that compute no values; users don't choose them.
_WITHOUT_VALUES = ("abstract", "rowwise")
# The libraries of engines that stand on one, in the order in which they are the default where they are installed.
_LIBRARIES = ("jax", "torch", "tensorflow")
# The engines that have a `layer_base`; such an engine is imported when the first layer is made.
_WITH_LAYER_BASE = ("torch",)
_instances: dict = {}
_default_name = None


def names():
    """The engines that a user can choose."""
    return [name for name in _ENGINES if name not in _WITHOUT_VALUES]


def get(name):
    """The engine called `name`, imported now if it was not before.

    Raises: ValueError if there is no such engine, ImportError if its library isn't installed.
    """
    if name not in _instances:
        if name not in _ENGINES:
            near = difflib.get_close_matches(str(name), names(), 1)  # `core.suggestions` is above
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"There is no engine {name!r}; kerata has {', '.join(names())}.{hint}")
        if name in _LIBRARIES and not _is_installed(name):
            raise ImportError(f"The engine {name!r} needs a library that isn't installed: pip install kerata[{name}]")
        module, cls = _ENGINES[name]
        _instances[name] = getattr(importlib.import_module(module), cls)()
    return _instances[name]


def _is_installed(library):
    """Whether a library can be imported; it is looked for, not imported."""
    spec = importlib.util.find_spec(library)
    return spec is not None and spec.origin is not None  # a stand-in has no file


def current():
    """The engine that ops run on in this thread."""
    return context.engine or _instances.get(_default_name) or get(default_name())


def owner_of_graph(structure):
    """The name of the engine in whose graph the tensors in `structure` stand for later values, where this can be told.

    A `tf.data` pipeline calls functions in such graphs, whatever engine is in force.
    """
    for x in optree.tree_leaves(structure):
        if type(x).__module__.startswith("tensorflow.") and hasattr(x, "graph") and not hasattr(x, "numpy"):
            return "tensorflow"
    return None


def current_name():
    """The name of the engine in force, without importing it."""
    return context.engine.name if context.engine else default_name()


def concrete_name():
    """The name of the engine that new variables belong to: the one in force, or that around an abstract run."""
    if context.engine is None:
        return default_name()
    return context.outer_name or default_name() if context.engine.is_abstract else context.engine.name


def layer_base():
    """The class that layers made now are instances of beside their own, or None; see `Engine.layer_base`."""
    name = concrete_name()
    return get(name).layer_base if name in _WITH_LAYER_BASE else None


def default_name():
    """`KERATA_BACKEND`, else `KERAS_BACKEND`, else the user's configuration file, else the first library installed.

    The file counts only if its engine's library is installed: Keras writes "tensorflow" there without being asked.
    """
    global _default_name
    if _default_name is None:
        configured = user_config().get("backend")
        named = [
            os.environ.get("KERATA_BACKEND"),
            os.environ.get("KERAS_BACKEND"),
            configured if _can_run(configured) else None,
        ]
        _default_name = next((name for name in named if name in _ENGINES), None) or _first_installed()
    return _default_name


def _can_run(name):
    return name in _ENGINES and (name not in _LIBRARIES or _is_installed(name))


def _first_installed():
    return next((name for name in _LIBRARIES if _is_installed(name)), "numpy")


def user_config():
    """The settings of `~/.kerata/kerata.json`, else of `~/.keras/keras.json`, else none. Nothing is ever written."""
    for path in ("~/.kerata/kerata.json", "~/.keras/keras.json"):
        with contextlib.suppress(OSError, ValueError):
            return json.loads(pathlib.Path(path).expanduser().read_text())
    return {}


def set_backend(backend):
    """Choose the engine for what is built from now on. Models that exist keep theirs.

    Raises: ValueError for an unknown engine, ImportError if its library is not installed.

    >>> import kerata
    >>> before = kerata.config.backend()
    >>> kerata.config.set_backend("numpy")
    >>> type(kerata.ops.ones((2,))).__module__
    'numpy'
    >>> kerata.config.set_backend(before)
    """
    global _default_name
    get(backend)
    _default_name = backend


@contextlib.contextmanager
def use_engine(engine):
    """Run ops, and build models, on another engine inside a `with` block.

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     type(kerata.ops.ones((2,))).__module__
    'numpy'
    """
    engine = get(engine) if isinstance(engine, str) else engine
    with thread_context(engine=engine, outer_name=concrete_name()):
        yield engine
