"""The registry of classes and functions, and Keras 3's JSON form of objects.

Nothing named in a file is ever imported: names resolve in kerata's own static tables, in what the user registered, and
in `custom_objects`. Built-in names can't be shadowed.
"""

import contextlib
import inspect
import threading
import types

import numpy as np

from kerata.core import arrays, naming, object_sharing, suggestions
from kerata.core.configurable import NamedArguments
from kerata.core.graph import Function, KerasTensor

_registered: dict = {}  # "package>name" -> class or function
_registered_names: dict = {}  # class or function -> "package>name"


class _Local(threading.local):
    def __init__(self):
        self.scopes = []


_local = _Local()


def get_custom_objects():
    """The registered objects by name; a dict that may be changed.

    >>> def doubled(x):
    ...     return 2 * x
    >>> get_custom_objects()["doubled"] = doubled
    >>> get_registered_object("doubled")(3)
    6
    >>> del get_custom_objects()["doubled"]
    """
    return _registered


def register_keras_serializable(package="Custom", name=None):
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
        _registered_names[obj] = registered
        return obj

    return register


def get_registered_name(obj):
    """The name under which an object is registered, else its own.

    >>> @register_keras_serializable("my_package")
    ... def doubled(x):
    ...     return 2 * x
    >>> get_registered_name(doubled), get_registered_name(len)
    ('my_package>doubled', 'len')
    """
    return _registered_names.get(obj, getattr(obj, "__name__", None)) if _hashable(obj) else None


def get_registered_object(name, custom_objects=None, module_objects=None):
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
    for table in (*reversed(_local.scopes), custom_objects or {}, _registered, module_objects or {}):
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

    def __init__(self, custom_objects):
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self):
        _local.scopes.append(self.custom_objects)
        return self

    def __exit__(self, *exception):
        _local.scopes.remove(self.custom_objects)


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


def _public_names(namespace):
    import importlib

    module = importlib.import_module(f"kerata.{namespace}")
    table = {n: getattr(module, n) for n in dir(module) if not n.startswith("_") and n not in _HELPERS}
    table = {n: obj for n, obj in table.items() if callable(obj) and str(getattr(obj, "__module__", "")).startswith("kerata.")}
    if namespace == "models":
        from kerata.models.functional import Functional

        table |= {"Functional": Functional, "Function": Function}
    if namespace == "layers":
        from kerata.layers.preprocessing import feature_space, features

        table |= {name: getattr(features, name) for name in ("Feature", "Cross")}
        table |= {"FeatureSpace": feature_space.FeatureSpace}
        table |= {cls.public_name: cls for cls in (features.FeatureIdentity, features.FeatureConcatenation)}
    return table


def _builtin(name, kind):
    """A class or function of kerata's, first of all in its own namespace; None if there is none."""
    for namespace in sorted(_NAMESPACES, key=lambda n: n != kind):
        if name in builtins(namespace):
            return builtins(namespace)[name]
    return None


def public_module(obj):
    """Where users find a class or function of kerata's: "keras.layers"; its own module for others."""
    name = obj.__module__
    if not name.startswith("kerata."):
        return name
    if "public_module" in getattr(obj, "__dict__", {}):  # another place than the folder's
        return obj.public_module
    parts = name.split(".")[1:]
    if parts[0] == "core":
        return {"seeds": "keras.random", "quantized_policies": "keras.dtype_policies"}.get(parts[1], "keras")
    if parts[:2] == ["optimizers", "schedules"]:
        return "keras.optimizers.schedules"
    if parts[:2] == ["models", "functional"]:
        return "keras.src.models.functional"
    if parts[0] == "models":
        return "keras"
    return f"keras.{parts[0]}"


# Out

_TAGS = ("__tuple__", "__bytes__", "__numpy__", "__tensor__", "__slice__", "__ellipsis__", "__keras_tensor__", "__lambda__")


def serialize_keras_object(obj):
    """The JSON form of a number, text, array, structure, layer, function, ...

    Raises: TypeError for an object that has no JSON form and no get_config.

    >>> import kerata
    >>> serialize_keras_object([1, "a", kerata.regularizers.L2(0.5)])[2]["config"]
    {'l2': 0.5}
    """
    if obj is None or isinstance(obj, (bool, int, float, str)) and type(obj) in (bool, int, float, str):
        return obj
    if isinstance(obj, (np.generic,)):
        return obj.item()
    if isinstance(obj, bytes):
        return _tagged("__bytes__", value=obj.decode())
    if isinstance(obj, list):
        return [serialize_keras_object(x) for x in obj]
    if isinstance(obj, tuple):
        return tuple(serialize_keras_object(x) for x in obj)
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, slice):
        return _tagged("__slice__", start=obj.start, stop=obj.stop, step=obj.step)
    if obj is Ellipsis:
        return _tagged("__ellipsis__", value=None)
    if isinstance(obj, KerasTensor):
        operation, node, tensor = obj._keras_history
        return _tagged("__keras_tensor__", shape=obj.shape, dtype=obj.dtype, keras_history=[operation.name, node, tensor])
    if isinstance(obj, np.ndarray):
        return _tagged("__numpy__", value=obj.tolist(), dtype=obj.dtype.name)
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        return _serialized_lambda(obj)
    if isinstance(obj, (types.FunctionType, types.BuiltinFunctionType)):
        return _serialized_function(obj)
    if inspect.isclass(obj):
        return {
            "class_name": "__class__",
            "module": public_module(obj),
            "config": {"name": obj.__name__},
            "registered_name": get_registered_name(obj),
        }
    if hasattr(obj, "get_config"):
        form = serialize_object(obj, obj.get_config())
        return object_sharing.noted(obj, form) if hasattr(obj, "get_build_config") else form
    if hasattr(obj, "shape") and hasattr(obj, "dtype"):
        host = arrays.to_numpy(obj)
        return _tagged("__tensor__", value=host.tolist(), dtype=host.dtype.name)
    raise TypeError(
        f"{obj!r} of class {type(obj).__module__}.{type(obj).__name__} can't be saved: give the class a get_config method "
        "that returns the arguments of its constructor."
    )


def _tagged(tag, **config):
    return {"class_name": tag, "config": config}


def serialize_object(obj, config):
    """The JSON form of an object with this config."""
    cls = type(obj)
    module = public_module(cls)
    own = module.startswith("keras")
    result = {
        "module": module if own else None if cls in _registered_names else cls.__module__,
        "class_name": vars(cls).get("public_name", cls.__name__),
        "config": {key: serialize_keras_object(value) for key, value in config.items()},
        "registered_name": None if own else get_registered_name(cls),
    }
    if hasattr(obj, "get_build_config"):
        build = obj.get_build_config()
        if build is not None:
            result["build_config"] = serialize_dict(build)
    if hasattr(obj, "get_compile_config"):
        compiled = obj.get_compile_config()
        if compiled:
            result["compile_config"] = serialize_dict(compiled)
    return result


def serialize_dict(config):
    """A dict, its values in JSON form."""
    return {key: serialize_keras_object(value) for key, value in config.items()}


def _serialized_function(fn):
    name = get_registered_name(fn)
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def _serialized_lambda(fn):
    raise TypeError(
        f"A lambda ({fn.__code__.co_filename}:{fn.__code__.co_firstlineno}) can't be saved in general: files hold no byte code. "
        "Write it as a named function and register it with @keras.saving.register_keras_serializable()."
    )


# In


def deserialize_keras_object(config, custom_objects=None, safe_mode=True, **kwargs):
    """The object of a JSON form.

    Args:
        config: what `serialize_keras_object` returned.
        custom_objects: a dict from name to class or function.
        safe_mode: False trusts the file; unset means safe.

    Raises: ValueError for what is unknown or not allowed, naming it.

    >>> import kerata
    >>> deserialize_keras_object({"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.5}}).l2
    0.5
    """
    suggestions.refuse(deserialize_keras_object, kwargs, ("module_objects", "printable_module_name"))
    module_objects = kwargs.get("module_objects")
    if config is None or isinstance(config, (bool, int, float)):
        return config
    if isinstance(config, str):
        found = get_registered_object(config, custom_objects, module_objects)
        return config if found is None else found
    if isinstance(config, (list, tuple)):
        return type(config)(deserialize_keras_object(x, custom_objects, safe_mode) for x in config)
    if not isinstance(config, dict):
        return config
    name = config.get("class_name")
    if name is None or "config" not in config:
        return {key: deserialize_keras_object(value, custom_objects, safe_mode) for key, value in config.items()}
    inner = config["config"]
    if name in _TAGS or name == "__class__":
        return _untagged(name, inner, config, custom_objects, safe_mode)
    if name == "function":
        return find(inner, config.get("module"), config.get("registered_name"), custom_objects, "function")
    if (shared := object_sharing.known(config)) is not None:
        return shared
    cls = find(name, config.get("module"), config.get("registered_name"), custom_objects, "class")
    if not hasattr(cls, "from_config"):
        raise ValueError(f"{name!r} can't be made from a config: it has no from_config.")
    with safe_mode_scope(safe_mode), CustomObjectScope(custom_objects):
        instance = cls.from_config(inner)
    object_sharing.remember(config, instance)
    build = config.get("build_config")
    if build and hasattr(instance, "build_from_config") and not getattr(instance, "built", False):
        instance.build_from_config(deserialize_keras_object(build))
    compiled = config.get("compile_config")
    if compiled and hasattr(instance, "compile_from_config"):
        with CustomObjectScope(custom_objects):
            instance.compile_from_config(compiled)
    return instance


def _untagged(name, inner, config, custom_objects, safe_mode):
    if name == "__tuple__":
        return tuple(deserialize_keras_object(x, custom_objects, safe_mode) for x in inner["value"])
    if name == "__bytes__":
        return inner["value"].encode()
    if name in ("__numpy__", "__tensor__"):
        host = np.array(inner["value"], dtype=inner["dtype"])
        return host if name == "__numpy__" else arrays.as_array(host)
    if name == "__slice__":
        return slice(*[deserialize_keras_object(inner[k], custom_objects, safe_mode) for k in ("start", "stop", "step")])
    if name == "__ellipsis__":
        return Ellipsis
    if name == "__keras_tensor__":
        return KerasTensor(tuple(inner["shape"]), inner["dtype"])
    if name == "__class__":
        return find(inner["name"], config.get("module"), config.get("registered_name"), custom_objects, "class")
    raise ValueError(
        "The file holds a Python lambda as byte code. Loading it would run code from the file, so kerata does not. Rebuild "
        "the model from its source, or pass the function: load_model(path, custom_objects={'name': function})."
    )


# Where functions may come from: pure ones, that do nothing but compute.
_FUNCTIONS = ("activations", "initializers", "regularizers", "constraints", "losses", "metrics")


def _is_kind(obj, kind):
    return inspect.isclass(obj) == (kind == "class")


def find(name, module, registered_name, custom_objects, kind):
    """A class or function by the names that a file gives it.

    Raises: ValueError if there is none, with the nearest name.
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
    raise ValueError(
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


class _SafeMode(threading.local):
    value = None  # None outside of loading


_safe_mode = _SafeMode()


@contextlib.contextmanager
def safe_mode_scope(value):
    """The policy under which nested objects are made: that of the outermost object; anything but False is safe."""
    before = _safe_mode.value
    _safe_mode.value = value is not False if before is None else before
    try:
        yield
    finally:
        _safe_mode.value = before


def in_safe_mode():
    """Whether objects are being made from a file that is not trusted."""
    return _safe_mode.value is not False


# Shared by the namespaces' `get` functions


def get(identifier, namespace, aliases=None, instantiate=True):
    """An object of a namespace from its name, config, class or itself.

    Raises: ValueError for an unknown name, with the nearest one.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return _from_dict(identifier, namespace)
    if isinstance(identifier, str):
        found = lookup(identifier, namespace, aliases or {})
        return found() if inspect.isclass(found) and instantiate else found
    if inspect.isclass(identifier) and instantiate:
        return identifier()
    if callable(identifier) or hasattr(identifier, "get_config"):
        return identifier
    raise ValueError(f"{identifier!r} can't be understood as one of keras.{namespace}: give a name, an object or a function.")


def _from_dict(config, namespace):
    if "module" not in config and "class_name" in config:
        found = lookup(config["class_name"], namespace, {})
        inner = config.get("config") or {}
        return found.from_config(inner) if inspect.isclass(found) else found
    return deserialize_keras_object(config)


def lookup(name, namespace, aliases):
    """A class or function of a namespace by any of its spellings.

    Raises: ValueError for an unknown name, with the nearest one.
    """
    custom = get_registered_object(name)
    if custom is not None:
        return custom
    table = builtins(namespace)
    if name in aliases:
        return aliases[name]
    if name in table:
        return table[name]
    folded = {naming.to_snake_case(n): obj for n, obj in table.items()} | {n.lower(): obj for n, obj in table.items()}
    if name.lower() in folded:
        return folded[name.lower()]
    kind = "loss" if namespace == "losses" else namespace.rstrip("s")
    hint = suggestions.hint(name, [*folded, *aliases])
    raise ValueError(f"There is no {kind} {name!r}.{hint} See keras.{namespace} for the list.")
