"""A generation of Keras as a module, for tests that run its programs."""

import types

from kerata.compat.generations import GENERATIONS


class Namespace:
    """`keras.layers` of a generation: names are found when they are asked for."""

    def __init__(self, generation, path):
        self._generation, self._path = GENERATIONS[generation], path

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        path = f"{self._path}.{name}".strip(".")
        try:
            found = self._generation.get(self._path, name)
        except AttributeError:
            if not self._generation.has_module(path):
                raise
            found = None
        is_module = found is None or isinstance(found, types.ModuleType)
        return Namespace(self._generation.name, path) if is_module else found


def keras(generation):
    """`import keras` of a generation."""
    return Namespace(generation, "")
