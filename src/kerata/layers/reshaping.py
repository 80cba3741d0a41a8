"""Layers that change the shape only, and the one that scales."""

import math
from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core import registry, serialization
from kerata.core.arrays import static_shape
from kerata.core.fields import dataclass
from kerata.core.types import Tree
from kerata.engines.shapes import reshaped
from kerata.layers.arguments import DataFormat, PartialShape, PositiveInt
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.base import DataLayer


@dataclass
class Flatten(Layer):
    """All axes but the batch's made one.

    Shapes: (batch, ...) -> (batch, size).

    Args:
        data_format: with "channels_first", channels are moved last before, so that weights after the layer fit both.

    >>> import kerata, numpy as np
    >>> kerata.layers.Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    built_by_call = True

    data_format: DataFormat = DataFormat(None)

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tree) -> Any:
        """The inputs with two axes."""
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.moveaxis(inputs, 1, -1)
        batch, *rest = static_shape(inputs)
        return ops.reshape(inputs, (batch, -1 if None in rest else math.prod(rest)))


@dataclass
class Reshape(Layer):
    """The inputs in another shape.

    Shapes: (batch, ...) -> (batch, *target_shape).

    Args:
        target_shape: the shape without the batch axis; one -1 is computed.

    Raises: ValueError if the sizes differ.

    >>> import kerata, numpy as np
    >>> kerata.layers.Reshape((-1, 2))(np.ones((5, 6))).shape
    (5, 3, 2)
    """

    target_shape: PartialShape

    def __post_init__(self):
        super().__post_init__()
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"Reshape: target_shape has one -1 at most; {self.target_shape} came.")

    def call(self, inputs: Tree) -> Any:
        """The inputs in the target shape."""
        batch, *rest = static_shape(inputs)
        return ops.reshape(inputs, (batch, *(-1 if d is None else d for d in reshaped(rest, self.target_shape))))


@dataclass
class Permute(Layer):
    """The axes in another order, the batch axis left first.

    Args:
        dims: which input axis each output axis is, counted from 1: (2, 1) exchanges two axes.

    >>> import kerata, numpy as np
    >>> kerata.layers.Permute((2, 1))(np.ones((5, 3, 4))).shape
    (5, 4, 3)
    """

    built_by_call = True

    dims: Sequence[int]

    def __post_init__(self):
        super().__post_init__()
        self.dims = tuple(self.dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims must be the numbers from 1 to {len(self.dims)} in some order; {self.dims} came.")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Tree) -> Any:
        """The inputs with their axes in the new order."""
        return ops.transpose(inputs, (0, *self.dims))


class Times(PositiveInt):
    """A positive integer."""

    def convert(self, value, name, owner):
        """Raises: TypeError for what is no integer, as Keras does; ValueError for one that is not positive."""
        if not hasattr(value, "__index__") or isinstance(value, bool):
            raise TypeError(f"{type(owner).__name__}: {name} must be a positive integer; {value!r} came.")
        return super().convert(value, name, owner)


@dataclass
class RepeatVector(Layer):
    """Each vector n times.

    Shapes: (batch, features) -> (batch, n, features).

    >>> import kerata, numpy as np
    >>> kerata.layers.RepeatVector(3)(np.ones((2, 4))).shape
    (2, 3, 4)
    """

    built_by_call = True

    n: Times

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tree) -> Any:
        """The repeated vectors."""
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)


@dataclass
class Rescaling(DataLayer):
    """`inputs * scale + offset`, in the layer's compute dtype: `Rescaling(1 / 255)` for images.

    Args:
        scale: a number, or one for each channel.
        offset: a number, or one for each channel.

    >>> import kerata, numpy as np
    >>> kerata.layers.Rescaling(2 / 255, offset=-1)(np.array([0, 255])).tolist()
    [-1.0, 1.0]
    """

    built_by_call = True

    supports_masking = True
    computes_wide = True

    scale: Any
    offset: Any = 0.0

    def call(self, inputs: Tree) -> Any:
        """The scaled inputs."""
        inputs, scale, offset = (
            ops.cast(ops.convert_to_tensor(v), self._wide_dtype) for v in (inputs, self.scale, self.offset)
        )
        return ops.cast(ops.add(ops.multiply(inputs, scale), offset), self.compute_dtype)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A layer from its config; arrays may be in their JSON form."""
        with registry.CustomObjectScope(custom_objects):
            arrays = {
                k: serialization.deserialize_keras_object(config[k])
                for k in ("scale", "offset")
                if isinstance(config.get(k), dict)
            }
            return super().from_config(config | arrays)
