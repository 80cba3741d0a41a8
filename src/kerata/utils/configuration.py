"""`Config`: named values, that can be frozen."""

import json
from typing import Any


class Config:
    """Named values, read and set as attributes or by key, frozen when they are final, and written as JSON.

    Args:
        **kwargs: the values.

    Raises: ValueError when a frozen config is changed.

    >>> config = Config(learning_rate=0.1)
    >>> config.seed = 3
    >>> config["seed"], config.to_json()
    (3, '{"learning_rate": 0.1, "seed": 3}')
    """

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_config", dict(kwargs))
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> Any:
        """Whether the values are final."""
        return self._frozen

    def freeze(self) -> None:
        """Make the values final."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Let the values be changed again."""
        object.__setattr__(self, "_frozen", False)

    def _changing(self):
        if self._frozen:
            raise ValueError("The config is frozen, so nothing in it can be changed; unfreeze() lets it.")
        return self._config

    def get(self, keyname: Any, value: Any = None) -> Any:
        """The value under a name, or `value`."""
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Take a value out: `pop(name)` or `pop(name, default)`."""
        return self._changing().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several values, as `dict.update` does."""
        self._changing().update(*args, **kwargs)

    def keys(self) -> Any:
        """The names."""
        return self._config.keys()

    def values(self) -> Any:
        """The values."""
        return self._config.values()

    def items(self) -> Any:
        """The pairs of names and values."""
        return self._config.items()

    def as_dict(self) -> Any:
        """A dict of the values."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON."""
        return json.dumps(self._config)

    def __getattr__(self, name):
        if not name.startswith("__") and name in self.__dict__.get("_config", ()):
            return self._config[name]
        raise AttributeError(
            f"The config has no value {name!r}; it has {', '.join(self.__dict__.get('_config', ())) or 'none'}."
        )

    def __setattr__(self, name, value):
        self._changing()[name] = value

    def __delattr__(self, name):
        if name not in self._changing():
            raise AttributeError(f"The config has no value {name!r}.")
        del self._config[name]

    def __getitem__(self, name):
        return self._config[name]

    def __setitem__(self, name, value):
        self._changing()[name] = value

    def __delitem__(self, name):
        del self._changing()[name]

    def __iter__(self):
        return iter(self._config)

    def __len__(self):
        return len(self._config)

    def __contains__(self, name):
        return name in self._config

    def __repr__(self):
        return f"<Config {self._config}>"
