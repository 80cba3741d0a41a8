"""Layers without weights that apply a function, or only note something: activation, identity, masking, user functions."""

import types
from collections.abc import Callable
from typing import Any, ClassVar

import optree

from kerata import ops, regularizers
from kerata.core import registry, serialization
from kerata.core.arrays import dtype_of, static_shape
from kerata.core.fields import Field, dataclass, field
from kerata.core.signatures import accepts, parameters_of
from kerata.core.types import Shape, TensorLike, Tree
from kerata.engines.abstract.array import AbstractArray
from kerata.layers import arguments, lambda_graph
from kerata.layers.layer import Layer


@dataclass
class Activation(Layer):
    """An activation function as a layer.

    Args:
        activation: a name or a function.

    >>> import kerata, numpy as np
    >>> kerata.layers.Activation("relu")(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    supports_masking = True

    activation: arguments.Activation

    def call(self, inputs: Tree) -> Any:
        return self.activation(inputs)


@dataclass
class Identity(Layer):
    """The inputs as they are, in any structure.

    >>> import kerata, numpy as np
    >>> kerata.layers.Identity()(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    supports_masking = True

    def call(self, inputs: Tree) -> Any:
        return inputs


@dataclass
class Masking(Layer):
    """Steps whose features all equal `mask_value` are masked: set to 0 here, and skipped by later layers.

    Shapes: (batch, steps, features) -> the same.

    >>> import kerata, numpy as np
    >>> kerata.layers.Masking(9.0)(np.array([[[9.0, 9.0], [9.0, 1.0]]])).tolist()
    [[[0.0, 0.0], [9.0, 1.0]]]
    """

    supports_masking = True

    mask_value: float = 0.0

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """Where a step has a feature that is not `mask_value`, whatever `mask` the inputs had."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Tree) -> Any:
        """The inputs, 0 where they are masked."""
        counts = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return inputs * ops.cast(counts, dtype_of(inputs))


@dataclass
class ActivityRegularization(Layer):
    """The inputs as they are; the sum of their absolute values, or squares, is added to the loss.

    Args:
        l1: the factor of the sum of absolute values.
        l2: the factor of the sum of squares.

    >>> import kerata, numpy as np
    >>> layer = kerata.layers.ActivityRegularization(l1=0.5)
    >>> layer(np.array([[1.0, -3.0]])).tolist(), [float(loss) for loss in layer.losses]
    ([[1.0, -3.0]], [2.0])
    """

    supports_masking = True

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        self.activity_regularizer = regularizers.L1L2(self.l1, self.l2)

    def call(self, inputs: Tree) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activity_regularizer"]
        return config


class NamedArguments(Field[dict[str, Any] | None, dict[str, Any]]):
    """A function's further arguments, by their names."""

    def convert(self, value, name, owner):
        """A dict, empty for None."""
        return value or {}


@dataclass
class Lambda(Layer):
    """A function as a layer.

    The function may use the functions of `ops`, or those of the engine's own library, such as `jax.numpy`. It may take
    `training` and `mask`. Its variables are not the layer's: functions with weights belong in a Layer of their own.

    Args:
        function: takes the inputs, and the `arguments` by name.
        output_shape: the output's shape without the batch axis, or a function of the whole input shape; found by running
            the function on shapes if None.
        mask: the output's mask, or a function of inputs and mask that returns it.
        arguments: a dict of further arguments.

    A named function is saved by its name and must be registered. A `lambda` is saved as the graph of the ops and operators
    that it uses, for inputs of the shape that the layer has seen; kerata's files hold no byte code, and none is run from
    files. A `lambda` that uses an engine's own functions can't be saved.

    >>> import kerata, numpy as np
    >>> kerata.layers.Lambda(lambda x: x ** 2)(np.array([3.0])).tolist()
    [9.0]
    """

    given_output_shape: ClassVar[Any]

    function: Callable[..., Any]
    output_shape: Any = field(default=None, attribute="given_output_shape")
    mask: Any = None
    arguments: NamedArguments = NamedArguments(None)

    def __post_init__(self):
        super().__post_init__()
        if not callable(self.function):
            raise ValueError(f"Lambda needs a function; {self.function!r} came.")
        self._seen = None  # the inputs' shapes and dtypes
        self.supports_masking = self.mask is not None

    def call(self, inputs: Tree, mask: TensorLike | None = None, training: bool | None = None) -> Any:
        if self._seen is None:
            self._seen = optree.tree_map(lambda x: ((None, *static_shape(x)[1:]), dtype_of(x)), inputs)
        extra = {name: value for name, value in (("mask", mask), ("training", training)) if _names(self.function, name)}
        return self.function(inputs, **(self.arguments | extra))

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The output's shape: as given, else found by running the function."""
        given = self.given_output_shape
        if given is None:
            return super().compute_output_shape(input_shape)
        return tuple(given(input_shape)) if callable(given) else (input_shape[0], *given)

    def _output_spec(self, inputs: Tree, **kwargs: Any):
        if self.given_output_shape is None:
            return super()._output_spec(inputs, **kwargs)
        self._ensure_built((inputs,), kwargs)
        shape = [x.shape for x in inputs] if isinstance(inputs, (list, tuple)) else inputs.shape
        shape = shape[0] if isinstance(shape, list) and not callable(self.given_output_shape) else shape
        return AbstractArray(self.compute_output_shape(shape), self.compute_dtype)

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """The mask that was given, or that the given function returns."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments.

        Raises: TypeError if the function is a `lambda` that is no graph of ops, or if `output_shape` or `mask` is one.
        """
        config = self._raw_config()
        if _is_lambda(self.function):
            config["function"] = lambda_graph.traced(self.function, self._seen, self.arguments, self.path)
            config["arguments"] = {}  # they are in the graph
        return serialization.serialize_dict(config)

    def _raw_config(self):
        config = super()._raw_config()
        return {name: value for name, value in config.items() if value is not None or name not in ("output_shape", "mask")}

    def _config_for_copies(self):
        return self._raw_config()

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Any:
        """A layer from its config. `safe_mode` is accepted: byte code is not run in any mode.

        Raises: ValueError if a function is not known here, or is a `lambda`'s byte code.
        """
        config = dict(config)
        for name in ("function", "output_shape", "mask"):
            if name in config:
                config[name] = _loaded(config[name], custom_objects)
        return cls(**config)


def _is_lambda(function):
    return getattr(function, "__name__", None) == "<lambda>"


def _names(function, argument):
    """Whether a function has a parameter of this name."""
    return not isinstance(function, type) and accepts(function, argument) and argument in parameters_of(function)


def _loaded(value, custom_objects):
    """A function of `ops` or one of the user's, from its JSON form; anything else as it is."""
    if isinstance(value, dict) and value.get("class_name") == "function":
        name = value["config"]
        if isinstance(name, str) and isinstance(getattr(ops, name, None), types.FunctionType):
            if registry.get_registered_object(name, custom_objects) is None:
                return getattr(ops, name)
    if isinstance(value, dict):
        return serialization.deserialize_keras_object(value, custom_objects)
    if isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str):
        return serialization.deserialize_keras_object({"class_name": "__lambda__", "config": {}})  # Keras 2's byte code
    return value
