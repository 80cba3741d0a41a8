"""Objects in the JSON form of Keras 2: `{"class_name": "Dense", "config": {"units": 2}}`, functions by their names."""

import inspect
from typing import Any

from kerata.core import registry


def serialize_keras_object(instance: Any) -> Any:
    """The JSON form of Keras 2 of an object that has `get_config`, or of a function.

    Raises: ValueError for anything else.

    >>> import kerata
    >>> serialize_keras_object(kerata.regularizers.L2(0.5))
    {'class_name': 'L2', 'config': {'l2': 0.5}}
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config") and not inspect.isclass(instance):
        return {"class_name": registry.get_registered_name(type(instance)), "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return registry.get_registered_name(instance)
    raise ValueError(f"{instance!r} has no get_config() and is no function: it has no JSON form.")


def deserialize_keras_object(
    identifier: Any,
    module_objects: dict[str, Any] | None = None,
    custom_objects: dict[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """An object from the JSON form of Keras 2. Names are looked up, never imported.

    Args:
        identifier: a dict with "class_name" and "config", a name, or None, which stays.
        module_objects: a dict from name to class or function, where names are looked up last.
        custom_objects: the same, looked up first; registered objects come between.
        printable_module_name: what the error calls such an object.

    Raises: ValueError for an unknown name or another kind of identifier.

    >>> import kerata
    >>> deserialize_keras_object({"class_name": "L2", "config": {"l2": 0.5}}, {"L2": kerata.regularizers.L2}).l2
    0.5
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        found = _looked_up(identifier, module_objects, custom_objects, printable_module_name)
        return found() if inspect.isclass(found) else found
    if not isinstance(identifier, dict) or not {"class_name", "config"} <= set(identifier):
        raise ValueError(f"A {printable_module_name} is a name or a dict with 'class_name' and 'config'; {identifier!r} came.")
    cls = _looked_up(identifier["class_name"], module_objects, custom_objects, printable_module_name)
    if not hasattr(cls, "from_config"):
        return cls(**identifier["config"]) if inspect.isclass(cls) else cls
    with registry.CustomObjectScope(custom_objects):
        return cls.from_config(identifier["config"])


def _looked_up(name, module_objects, custom_objects, kind):
    found = registry.get_registered_object(name, custom_objects, module_objects)
    if found is None:
        raise ValueError(
            f"There is no {kind} {name!r}. If it is your own, give it in custom_objects={{{name!r}: ...}} or register it with "
            "@keras.saving.register_keras_serializable()."
        )
    return found
