"""The registry of classes and functions that files may name.

Nothing named in a file is ever imported: names resolve in kerata's own static tables, in what the user registered, and
in `custom_objects`. Built-in names can't be shadowed.
"""

import importlib
import inspect
from typing import Any

from kerata.core import suggestions
from kerata.core.configurable import NamedArguments
from kerata.engines.state import context

_registered: dict = {}  # "package>name" -> class or function
registered_names: dict = {}  # class or function -> "package>name"


def get_custom_objects() -> Any:
    """The registered objects by name; a dict that may be changed.

    >>> def doubled(x):
    ...     return 2 * x
    >>> get_custom_objects()["doubled"] = doubled
    >>> get_registered_object("doubled")(3)
    6
    >>> del get_custom_objects()["doubled"]
    """
    return _registered


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Any:
    """A decorator that lets files name a class or a function of the user's.

    Args:
        package: a prefix that keeps names apart.
        name: the class's own name if None.

    >>> import kerata
    >>> @kerata.saving.register_keras_serializable("my_package")
    ... class Scale(kerata.layers.Layer):
    ...     def call(self, x):
    ...         return x * 2
    >>> kerata.saving.get_registered_name(Scale)
    'my_package>Scale'
    """

    def register(obj):
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise ValueError(f"{obj.__name__} can't be saved: it has no get_config method.")
        registered = f"{package}>{name or obj.__name__}"
        _registered[registered] = obj
        registered_names[obj] = registered
        return obj

    return register


def get_registered_name(obj: Any) -> Any:
    """The name under which an object is registered, else its own.

    >>> @register_keras_serializable("my_package")
    ... def doubled(x):
    ...     return 2 * x
    >>> get_registered_name(doubled), get_registered_name(len)
    ('my_package>doubled', 'len')
    """
    return registered_names.get(obj, getattr(obj, "__name__", None)) if _hashable(obj) else None


def get_registered_object(
    name: str | None, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any:
    """The object registered under `name`, or None.

    Args:
        name: such as "package>name".
        custom_objects, module_objects: dicts that are looked into before and after what is registered.

    >>> @register_keras_serializable("my_package")
    ... def doubled(x):
    ...     return 2 * x
    >>> get_registered_object("my_package>doubled") is doubled, get_registered_object("unknown")
    (True, None)
    """
    for table in (*reversed(context.custom_objects), custom_objects or {}, _registered, module_objects or {}):
        if name in table:
            return table[name]
    return None


class CustomObjectScope(metaclass=NamedArguments):
    """Names that files may use inside a `with` block.

    Args:
        custom_objects: a dict from name to class or function.

    >>> import kerata
    >>> def doubled(x):
    ...     return 2 * x
    >>> with CustomObjectScope({"doubled": doubled}):
    ...     kerata.activations.get("doubled")(3)
    6
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self):
        context.custom_objects.append(self.custom_objects)
        return self

    def __exit__(self, *exception):
        context.custom_objects.remove(self.custom_objects)


custom_object_scope = CustomObjectScope


def _hashable(obj):
    return getattr(type(obj), "__hash__", None) is not None


# Kerata's own names

# In the order in which a name without a module is looked for: the quick to import, and functions, first.
_NAMESPACES = (
    "losses",
    "activations",
    "metrics",
    "initializers",
    "regularizers",
    "constraints",
    "optimizers",
    "optimizers.schedules",
    "random",
    "dtype_policies",
    "quantizers",
    "layers",
    "models",
    "distillation",
)
_HELPERS = ("get", "serialize", "deserialize")
_builtins: dict = {}


def builtins(kind=None):
    """Kerata's own classes and functions by name; of one namespace ("losses") or of all."""
    if kind is None:
        return {name: obj for namespace in reversed(_NAMESPACES) for name, obj in builtins(namespace).items()}
    if kind not in _builtins:
        _builtins[kind] = _public_names(kind) if kind in _NAMESPACES else {}
    return _builtins[kind]


# What files name and users don't: where it is.
_UNLISTED = {
    "activations": {"hard_sigmoid_of_keras_2": "kerata.compat.activations"},
    "models": {"Functional": "kerata.models.functional", "Function": "kerata.core.function"},
    "layers": dict.fromkeys(
        ("Feature", "Cross", "FeatureIdentity", "FeatureConcatenation"), "kerata.layers.preprocessing.features"
    )
    | {"FeatureSpace": "kerata.layers.preprocessing.feature_space"}
    | dict.fromkeys(
        ("Highway", "MaxoutDense", "ParametricSoftplus", "SReLU", "ThresholdedReLU"), "kerata.compat.layers.feed_forward"
    )
    | dict.fromkeys(("LocallyConnected1D", "LocallyConnected2D"), "kerata.compat.layers.locally_connected")
    | dict.fromkeys(("RandomFourierFeatures", "RandomHeight", "RandomWidth"), "kerata.compat.layers.images")
    | {
        "ConvRNN2D": "kerata.compat.layers.recurrent",
        "Deconvolution2D": "kerata.compat.layers.convolution",
        "Merge": "kerata.compat.layers.joining",
    },
    "optimizers": dict.fromkeys(
        ("SGD2", "Adam2", "Adamax2", "RMSprop2", "Adagrad2", "Adadelta2", "Nadam2"), "kerata.compat.optimizers"
    ),
    "regularizers": {"EigenvalueRegularizer": "kerata.compat.regularizers"},
}


def _public_names(namespace):
    module = importlib.import_module(f"kerata.{namespace}")
    table = {n: getattr(module, n) for n in module.__all__ if n not in _HELPERS}
    for name, home in _UNLISTED.get(namespace, {}).items():
        found = getattr(importlib.import_module(home), name)
        table[vars(found).get("public_name", name)] = found
    return {n: o for n, o in table.items() if callable(o) and str(getattr(o, "__module__", "")).startswith("kerata.")}


def _builtin(name, kind):
    """A class or function of kerata's, first of all in its own namespace; None if there is none."""
    for namespace in sorted(_NAMESPACES, key=lambda n: n != kind):
        if name in builtins(namespace):
            return builtins(namespace)[name]
    return None


def public_name(cls):
    """The name by which users and files know a class."""
    return vars(cls).get("public_name", cls.__name__)


def public_module(obj):
    """Where users find a class or function of kerata's: "keras.layers"; its own module for others."""
    name = obj.__module__
    if not name.startswith("kerata."):
        return name
    if "public_module" in getattr(obj, "__dict__", {}):  # another place than the folder's
        return obj.public_module
    parts = name.removeprefix("kerata.").removeprefix("compat.").split(".")
    if parts[0] == "core":
        return {"seeds": "keras.random", "quantized_policies": "keras.dtype_policies"}.get(parts[1], "keras")
    if parts[:2] == ["optimizers", "schedules"]:
        return "keras.optimizers.schedules"
    if parts[:2] == ["models", "functional"]:
        return "keras.src.models.functional"
    if parts[0] == "models":
        return "keras"
    return f"keras.{parts[0]}"


# By the names that files have

# Where functions may come from: pure ones, that do nothing but compute.
_FUNCTIONS = ("activations", "initializers", "regularizers", "constraints", "losses", "metrics")


def _is_kind(obj, kind):
    return inspect.isclass(obj) == (kind == "class")


class NotFound(TypeError, ValueError):
    """No class or function of a name that a file gives: a TypeError as Keras raises, and a ValueError, which it is."""


def find(name, module, registered_name, custom_objects, kind):
    """A class or function by the names that a file gives it.

    Raises: NotFound if there is none, with the nearest name.
    """
    own = kind_of(module)
    table = {n: o for space in _FUNCTIONS for n, o in builtins(space).items()} if kind == "function" else builtins()
    if own is not None:
        found = builtins(own).get(name) if own != "all" and kind == "class" else None
        found = table.get(name) if found is None else found
        if found is not None and _is_kind(found, kind):
            return found
    for candidate in (registered_name, name):
        custom = get_registered_object(candidate, custom_objects)
        if custom is not None:
            return custom
    if module in (None, "builtins") and name in table and _is_kind(table[name], kind):
        return table[name]
    hint = suggestions.hint(name, [*builtins(), *_registered])
    raise NotFound(
        f"There is no {kind} {name!r}{f' of module {module!r}' if module else ''}.{hint} If it is yours, decorate it with "
        f"@keras.saving.register_keras_serializable() or pass custom_objects={{{str(name)!r}: {name}}}."
    )


def kind_of(module):
    """The namespace of kerata that a module named in a file stands for: "keras.src.layers.core.dense" -> "layers"."""
    parts = (module or "").split(".")
    if parts[0] not in ("keras", "tf_keras", "kerata"):
        return None
    parts = [p for p in parts[1:] if p not in ("src", "api")]
    if not parts:
        return "all"
    return "optimizers.schedules" if parts[:2] == ["optimizers", "schedules"] else parts[0]
