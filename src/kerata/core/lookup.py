"""`get` and `deserialize` of the namespaces: losses, optimizers, initializers, ..."""

from collections.abc import Mapping
from typing import Any

from kerata.core import naming, registry, serialization, suggestions


class Namespace:
    """What a namespace offers by name.

    Args:
        name: "losses".
        aliases: further names, and the names that they stand for.
        instantiate: whether `get` makes an object of a class.

    >>> Namespace("losses", {"squared": "mean_squared_error"}).get("squared").__name__
    'mean_squared_error'
    """

    def __init__(self, name: str, aliases: Mapping[str, str] | None = None, instantiate: bool = True) -> None:
        self.name, self.aliases, self.instantiate = name, aliases or {}, instantiate

    def get(self, identifier: Any) -> Any:
        """An object of the namespace from its name, config, class or itself; None for None.

        A snake-case name is a function's where there is one, a camel-case one a class's.

        Raises: ValueError for an unknown name, with the nearest one.

        >>> import kerata
        >>> kerata.losses.get("mse").__name__, kerata.losses.get("MeanSquaredError").name
        ('mean_squared_error', 'mean_squared_error')
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self._from_dict(identifier)
        if isinstance(identifier, str):
            identifier = self.find(identifier)
        if isinstance(identifier, type):
            return identifier() if self.instantiate else identifier
        if callable(identifier) or hasattr(identifier, "get_config"):
            return identifier
        raise ValueError(
            f"{identifier!r} can't be understood as one of keras.{self.name}: give a name, an object or a function."
        )

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The object of a name or a JSON form.

        Args:
            config: a name, or what `serialize` gave.
            custom_objects: a dict from name to class or function, looked up first.

        Raises: ValueError for an unknown name, with the nearest one.

        >>> import kerata
        >>> kerata.losses.deserialize(kerata.losses.serialize(kerata.losses.Huber(0.5))).delta
        0.5
        """
        with registry.CustomObjectScope(custom_objects):
            return self.get(config)

    def _from_dict(self, config):
        if "class_name" not in config:
            raise ValueError(f"{config!r} is no JSON form of one of keras.{self.name}: it has no 'class_name'.")
        if "module" in config:
            return serialization.deserialize_keras_object(config)
        found = self.find(config["class_name"])
        is_class = isinstance(found, type)
        return found.from_config(config.get("config") or {}) if is_class else found

    def find(self, name: str) -> Any:
        """A class or function of the namespace by any of its spellings.

        Raises: ValueError for an unknown name, with the nearest one.
        """
        custom = registry.get_registered_object(name)
        if custom is not None:
            return custom
        table = registry.builtins(self.name)
        name = self.aliases.get(name, name)
        if name in table:
            return table[name]
        spellings = {naming.to_snake_case(n): n for n in table} | {n.lower(): n for n in table}
        if name.lower() in spellings:
            return table[spellings[name.lower()]]
        kind = "loss" if self.name == "losses" else self.name.rstrip("s")
        hint = suggestions.hint(name, [*spellings, *self.aliases])
        raise ValueError(f"There is no {kind} {name!r}.{hint} See keras.{self.name} for the list.")
