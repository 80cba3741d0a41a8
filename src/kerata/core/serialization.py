"""Keras 3's JSON form of objects: `serialize_keras_object` and back."""

import contextlib
import inspect
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.core import arrays, object_sharing, registry, suggestions
from kerata.core.graph import KerasTensor
from kerata.engines.state import context, thread_context

_TAGS = ("__tuple__", "__bytes__", "__numpy__", "__tensor__", "__slice__", "__ellipsis__", "__keras_tensor__", "__lambda__")


def serialize_keras_object(obj: Any) -> Any:
    """The JSON form of a number, text, array, structure, layer, function, ...

    Raises: TypeError for an object that has no JSON form and no get_config.

    >>> import kerata
    >>> serialize_keras_object([1, "a", kerata.regularizers.L2(0.5)])[2]["config"]
    {'l2': 0.5}
    """
    if obj is None or type(obj) in (bool, int, float, str):
        return obj
    for kinds, form in _FORMS:
        if isinstance(obj, kinds):
            return form(obj)
    if isinstance(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        return _serialized_lambda(obj)
    if isinstance(obj, (types.FunctionType, types.BuiltinFunctionType)):
        return _serialized_function(obj)
    if inspect.isclass(obj):
        return {
            "class_name": "__class__",
            "module": registry.public_module(obj),
            "config": {"name": obj.__name__},
            "registered_name": registry.get_registered_name(obj),
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


def _serialized_tensor(x):
    history = x._keras_history
    place = None if history is None else [history[0].name, *history[1:]]
    return _tagged("__keras_tensor__", shape=x.shape, dtype=x.dtype, keras_history=place)


_FORMS: list[tuple[Any, Callable[[Any], Any]]] = [
    (np.generic, lambda x: x.item()),
    (bytes, lambda x: _tagged("__bytes__", value=x.decode())),
    (list, lambda xs: [serialize_keras_object(x) for x in xs]),
    (tuple, lambda xs: tuple(serialize_keras_object(x) for x in xs)),
    (dict, lambda xs: {key: serialize_keras_object(value) for key, value in xs.items()}),
    (slice, lambda x: _tagged("__slice__", start=x.start, stop=x.stop, step=x.step)),
    (type(...), lambda x: _tagged("__ellipsis__")),
    (KerasTensor, _serialized_tensor),
    (np.ndarray, lambda x: _tagged("__numpy__", value=x.tolist(), dtype=x.dtype.name)),
    (np.dtype, lambda x: x.name),
]


def serialize_object(obj, config):
    """The JSON form of an object with this config."""
    cls = type(obj)
    module = registry.public_module(cls)
    own = module.startswith("keras")
    result = {
        "module": module if own else None if cls in registry.registered_names or module == "__main__" else module,
        "class_name": registry.public_name(cls),
        "config": {key: serialize_keras_object(value) for key, value in config.items()},
        "registered_name": None if own and not module.startswith("keras.src.") else registry.get_registered_name(cls),
    }
    if hasattr(obj, "get_build_config"):
        build = obj.get_build_config()
        if build is not None:
            result["build_config"] = serialize_dict(build)
    if hasattr(obj, "get_compile_config"):
        compiled = obj.get_compile_config()
        if compiled is not None:
            result["compile_config"] = serialize_dict(compiled)
    return result


def serialize_dict(config):
    """A dict, its values in JSON form."""
    return {key: serialize_keras_object(value) for key, value in config.items()}


def _serialized_function(fn):
    name = registry.get_registered_name(fn)
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def _serialized_lambda(fn):
    raise TypeError(
        f"A lambda ({fn.__code__.co_filename}:{fn.__code__.co_firstlineno}) can't be saved in general: files hold no byte code. "
        "Write it as a named function and register it with @keras.saving.register_keras_serializable()."
    )


# In


def deserialize_keras_object(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """The object of a JSON form.

    Args:
        config: what `serialize_keras_object` returned.
        custom_objects: a dict from name to class or function.
        safe_mode: False trusts the file; unset means safe.

    Raises: ValueError for what is not allowed, naming it; TypeError (and ValueError) for what is unknown.

    >>> import kerata
    >>> deserialize_keras_object({"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.5}}).l2
    0.5
    """
    suggestions.refuse(deserialize_keras_object, kwargs, ("module_objects", "printable_module_name"))
    module_objects = kwargs.get("module_objects")
    if config is None or isinstance(config, (bool, int, float)):
        return config
    if isinstance(config, str):
        found = registry.get_registered_object(config, custom_objects, module_objects)
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
        return registry.find(inner, config.get("module"), config.get("registered_name"), custom_objects, "function")
    if (shared := object_sharing.known(config)) is not None:
        return shared
    cls = registry.find(name, config.get("module"), config.get("registered_name"), custom_objects, "class")
    if not isinstance(inner, dict):
        raise TypeError(f"The config of {name!r} must be a dict of its arguments; {inner!r} came.")
    if not hasattr(cls, "from_config"):
        raise ValueError(f"{name!r} can't be made from a config: it has no from_config.")
    with safe_mode_scope(safe_mode), registry.CustomObjectScope(custom_objects):
        instance = cls.from_config(inner)
    object_sharing.remember(config, instance)
    build = config.get("build_config")
    if build and hasattr(instance, "build_from_config") and not getattr(instance, "built", False):
        instance.build_from_config(deserialize_keras_object(build))
    compiled = config.get("compile_config")
    if compiled and hasattr(instance, "compile_from_config"):
        with registry.CustomObjectScope(custom_objects):
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
        return registry.find(inner["name"], config.get("module"), config.get("registered_name"), custom_objects, "class")
    raise ValueError(
        "The file holds a Python lambda as byte code. Loading it would run code from the file, so kerata does not. Rebuild "
        "the model from its source, or pass the function: load_model(path, custom_objects={'name': function})."
    )


@contextlib.contextmanager
def safe_mode_scope(value):
    """The policy under which nested objects are made: that of the outermost object; anything but False is safe."""
    outer = context.safe_mode
    with thread_context(safe_mode=value is not False if outer is None else outer):
        yield


def in_safe_mode():
    """Whether objects are being made from a file that is not trusted."""
    return context.safe_mode is not False
