"""Layers around functions that TensorFlow saved."""

import os
from typing import Any

from kerata import engines
from kerata.core import serialization
from kerata.core.fields import dataclass
from kerata.core.types import Tree
from kerata.layers.foreign import check_engine
from kerata.layers.layer import Layer


@dataclass(after={"trainable": "call_training_endpoint", "name": "trainable", "dtype": "name"}, kwargs=False)
class TFSMLayer(Layer):
    """A function of a TensorFlow SavedModel as a layer, on the TensorFlow engine.

    The layer's weights are the saved variables themselves, so they can be trained further.

    Args:
        filepath: the folder of the SavedModel.
        call_endpoint: the function's name: an attribute of what was saved, or a signature, such as "serving_default".
        call_training_endpoint: the same for training; that for inference if None.

    Loading a SavedModel runs what its author put in, so `from_config` asks for `safe_mode=False`.

    Raises: ValueError on another engine, or if there is no such function.

    >>> import kerata, numpy as np, tempfile
    >>> import tensorflow as tf
    >>> saved = tf.Module()
    >>> saved.serve = tf.function(lambda x: 3.0 * x, input_signature=[tf.TensorSpec([None, 2])])
    >>> with tempfile.TemporaryDirectory() as folder, kerata.use_engine("tensorflow"):
    ...     tf.saved_model.save(saved, folder)
    ...     kerata.layers.TFSMLayer(folder)(np.ones((1, 2), "float32")).numpy().tolist()
    [[3.0, 3.0]]
    """

    filepath: Any
    call_endpoint: str = "serve"
    call_training_endpoint: str | None = None

    def __post_init__(self):
        super().__post_init__()
        check_engine(self, "tensorflow")
        self.filepath = os.fspath(self.filepath)
        self._saved = engines.get("tensorflow").saved_model(self.filepath)
        self._serve = self._function(self.call_endpoint)
        training = self.call_training_endpoint
        self._train = self._serve if training is None else self._function(training)
        for tensor in self._saved.variables:
            self._add(tensor)
        self.built = True

    def _function(self, name):
        found = self._saved.function(name)
        if found is None:
            known = ", ".join(self._saved.names()) or "none"
            raise ValueError(f"TFSMLayer: the SavedModel in {self.filepath!r} has no function {name!r}; it has {known}.")
        return found

    def _add(self, stored):
        variable = self.add_weight(
            shape=tuple(stored.shape),
            initializer="zeros",
            dtype=stored.dtype.name,
            trainable=stored.trainable,
            name=stored.name.partition(":")[0].replace("/", "_"),
            autocast=False,
        )
        variable.stored = stored
        variable.read_from_outside = True

    def call(self, inputs: Tree, training: bool | None = False, **kwargs: Any) -> Any:
        """The function's outputs."""
        return (self._train if training else self._serve)(inputs, **kwargs)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Any:
        """A layer from its config. `custom_objects` is accepted: there is nothing in it that they could name.

        Raises: ValueError in safe mode, since loading a SavedModel runs what is in it.
        """
        if serialization.in_safe_mode() if safe_mode is None else safe_mode:
            raise ValueError(
                f"The layer {config.get('name')!r} holds a SavedModel of TensorFlow, and loading one runs whatever its author put "
                "in. If you trust the file, load with safe_mode=False."
            )
        return cls(**config)
