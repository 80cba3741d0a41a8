"""Layers around the modules of other libraries."""

import base64
import functools
from typing import Any, ClassVar

import numpy as np

from kerata import engines
from kerata.core import serialization
from kerata.core.fields import Field, dataclass, field
from kerata.core.types import Shape
from kerata.engines.abstract.array import AbstractArray
from kerata.layers.layer import Layer

_LIBRARIES = {"torch": "PyTorch", "jax": "JAX", "tensorflow": "TensorFlow"}


def check_engine(layer, name):
    """Raises: ValueError if another engine is in force than the one that a layer runs on."""
    engine = engines.concrete_name()
    if engine != name:
        raise ValueError(
            f"{type(layer).__name__} runs on the {_LIBRARIES[name]} engine; {engine!r} is in force. Set KERATA_BACKEND={name}, or "
            f'make and use the model inside `with kerata.use_engine("{name}"):`.'
        )


class Module(Field[Any, Any]):
    """A `torch.nn.Module`, kept as its adapter."""

    def convert(self, value, name, owner):
        """Raises: ValueError on another engine; TypeError if it is no module."""
        check_engine(owner, "torch")
        return engines.get("torch").module_adapter(value)


@dataclass(after={"name": "module"})
class TorchModuleWrapper(Layer):
    """A `torch.nn.Module` as a layer, on the PyTorch engine.

    The layer's weights are the module's parameters and buffers themselves: training one trains the other.

    Args:
        module: the module.
        output_shape: the output's shape with the batch axis, where running the module on zeros is no way to find it.

    A module of a class of its own is pickled into the config, and `from_config` runs what is in a pickle: it asks for
    `safe_mode=False`.

    Raises: ValueError on another engine; TypeError if `module` is no module.

    >>> import kerata, torch
    >>> with kerata.use_engine("torch"):
    ...     layer = kerata.layers.TorchModuleWrapper(torch.nn.Linear(4, 2))
    ...     print(layer(torch.ones(3, 4)).shape, layer.count_params())
    torch.Size([3, 2]) 10
    """

    _adapter: ClassVar[Any]
    given_output_shape: ClassVar[Any]

    module: Module = field(attribute="_adapter", config=False)
    output_shape: Any = field(default=None, attribute="given_output_shape")

    def __post_init__(self):
        super().__post_init__()
        self._add_weights()

    def _add_weights(self):
        """Variables whose storage is the module's tensors; a lazy module has none before it is first called."""
        for name, tensor, trains in self._adapter.state():
            shape, dtype = tuple(tensor.shape), engines.get("torch").dtype(tensor)
            variable = self.add_weight(
                shape=shape, initializer="zeros", dtype=dtype, trainable=trains, name=name.replace("/", "_"), autocast=False
            )
            variable.stored = tensor
        self.built = bool(self._weights) or self._adapter.is_complete()

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Take over the weights of a lazy module, which its first call made."""

    def parameters(self, recurse: bool = True) -> Any:
        """The module's parameters."""
        return self.module.parameters(recurse=recurse)

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The module's output."""
        outputs = self._adapter.call(self._weights, bool(training), args, kwargs)
        if not self._weights:
            self._add_weights()
        return outputs

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The output's shape: that given, else found by running the module on zeros."""
        return super().compute_output_shape(input_shape) if self.given_output_shape is None else self.given_output_shape

    def _output_spec(self, *args: Any, **kwargs: Any):
        if self.given_output_shape is not None:
            return AbstractArray(self.given_output_shape, self.compute_dtype)
        return super()._output_spec(*args, **kwargs)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the module's state into a dict-like store, by its names."""
        for v in self._weights:
            store[v.name] = v.numpy()

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Read back what `save_own_variables` wrote.

        Raises: ValueError if a name is missing.
        """
        missing = [v.name for v in self._weights if v.name not in store.keys()]
        if missing:
            raise ValueError(f'Layer "{self.path}": the file has no {missing[0]!r} for it; it has {", ".join(store.keys())}.')
        for v in self._weights:
            v.assign(np.asarray(store[v.name]))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the module as a pickle."""
        pickle = base64.b64encode(self._adapter.pickled()).decode()
        return super().get_config() | {"module": {"class_name": "__torch_module__", "config": pickle}}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Any:
        """A layer from its config. `custom_objects` is accepted: there is nothing in it that they could name.

        Raises: ValueError in safe mode, since reading a pickle runs what is in it.
        """
        config = dict(config)
        module = config.get("module")
        if isinstance(module, dict):
            if serialization.in_safe_mode() if safe_mode is None else safe_mode:
                raise ValueError(
                    f"The layer {config.get('name')!r} holds a pickled PyTorch module, and reading a pickle runs whatever its "
                    "author put in. If you trust the file, load with safe_mode=False; else build the model in code and load "
                    "its weights alone."
                )
            unpickle = functools.partial(engines.get("torch").unpickled_module, base64.b64decode(module["config"]))
            config["module"] = unpickle()
        return cls(**config)


# Not in the class, where the name is the argument's.
setattr(TorchModuleWrapper, "module", property(lambda self: self._adapter.module, doc="The module."))
