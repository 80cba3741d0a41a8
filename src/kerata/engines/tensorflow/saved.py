"""Functions that TensorFlow saved."""

from typing import Any

import tensorflow as tf


class SavedFunctions:
    """What was saved with `tf.saved_model.save`: its functions by name, and its variables.

    Args:
        path: the folder.
    """

    def __init__(self, path):
        self.loaded = tf.saved_model.load(path)
        self.variables = self._variables()

    def _variables(self):
        """All variables that the functions use, each once."""
        found: dict[int, Any] = {}
        for function in filter(None, map(self.function, self.names())):
            for concrete in getattr(function, "concrete_functions", [function]):
                found |= {id(v): v for v in concrete.graph.variables}
        return list(found.values())

    def names(self):
        """The functions' names: attributes first, then signatures."""
        own = [name for name, value in vars(self.loaded).items() if hasattr(value, "concrete_functions")]
        return [*own, *self.loaded.signatures]

    def function(self, name):
        """The function of a name; a signature's takes one array or a dict; None if there is none."""
        own = getattr(self.loaded, name, None)
        if callable(own):
            return own
        signature = self.loaded.signatures[name] if name in self.loaded.signatures else None
        return signature and _Signature(signature)


class _Signature:
    """A signature called like any function: with one array, or a dict by its arguments' names."""

    def __init__(self, signature):
        self.signature, self.graph = signature, signature.graph
        self.names = list(signature.structured_input_signature[1])

    def __call__(self, inputs):
        given = (
            inputs
            if isinstance(inputs, dict)
            else dict(zip(self.names, inputs if isinstance(inputs, (list, tuple)) else [inputs]))
        )
        return self.signature(**given)
