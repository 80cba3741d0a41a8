"""Random sizes of images, and other layers of tf.keras that Keras 3 left out."""

import math
from typing import Any

import numpy as np

from kerata import ops, random
from kerata.core.arrays import static_shape
from kerata.core.fields import Field, dataclass, field
from kerata.core.seeds import SeedGenerator
from kerata.core.types import Shape, Tree
from kerata.engines.abstract.array import AbstractArray
from kerata.layers.arguments import PositiveInt
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


class Factor(Field[Any, Any]):
    """A number, or a pair of them: how much smaller and how much larger a length may become."""

    def convert(self, value, name, owner):
        """Raises: ValueError for a share of -1 or less, and for a pair that does not rise."""
        low, high = value if isinstance(value, (tuple, list)) else (-value, value)
        if low > high or low < -1:
            raise ValueError(f"{type(owner).__name__}: {name} is a number of at most 1, or a pair that rises; {value!r} came.")
        return tuple(value) if isinstance(value, (tuple, list)) else value


@dataclass
class RandomLength(Layer):
    """While training, images of another length along an axis, the same for the batch; otherwise the images as they are.

    Shapes: (..., height, width, channels) -> the same but for the axis. The length is drawn on the host, so models with the
    layer run step by step.

    Args:
        factor: how much the length changes at most, as a share: 0.2, or a pair such as (-0.2, 0.3).
        interpolation: "bilinear", "nearest", "bicubic", ...
        seed: of the draw.
    """

    supports_jit = False
    axis = -3

    factor: Factor
    interpolation: str = "bilinear"
    seed: int | SeedGenerator | None = field(default=None)

    def __post_init__(self):
        super().__post_init__()
        self.seed_generator = SeedGenerator(self.seed)

    def call(self, inputs: Tree, training: bool | None = False) -> Any:
        if not training:
            return inputs
        low, high = self.factor if isinstance(self.factor, tuple) else (-self.factor, self.factor)
        share = float(ops.convert_to_numpy(random.uniform((), 1 + low, 1 + high, seed=self.seed_generator)))
        size = list(static_shape(inputs)[-3:-1])
        size[self.axis + 3] = max(1, int(size[self.axis + 3] * share))
        return ops.cast(
            ops.image.resize(inputs, tuple(size), interpolation=self.interpolation, data_format="channels_last"),
            self.compute_dtype,
        )

    def _output_spec(self, inputs: Tree, **kwargs: Any):
        self._ensure_built((inputs,), kwargs)
        return AbstractArray(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The input's shape, unknown along the axis."""
        shape = list(input_shape)
        shape[self.axis] = None
        return tuple(shape)


@dataclass
class RandomHeight(RandomLength):
    """Images of a random height while training, as `RandomLength` says.

    >>> import numpy as np
    >>> RandomHeight((0.5, 0.5))(np.ones((1, 4, 4, 3)), training=True).shape
    (1, 6, 4, 3)
    """


@dataclass
class RandomWidth(RandomLength):
    """Images of a random width while training, as `RandomLength` says.

    >>> import numpy as np
    >>> RandomWidth((0.5, 0.5))(np.ones((1, 4, 4, 3)), training=True).shape
    (1, 4, 6, 3)
    """

    axis = -2


def _cauchy(shape, dtype=None):
    """Numbers of the Cauchy distribution."""
    return ops.tan(math.pi * (random.uniform(shape, dtype=dtype) - 0.5))


def _turns(shape, dtype=None):
    """Angles, even in a whole turn."""
    return random.uniform(shape, 0.0, 2 * math.pi, dtype=dtype)


@dataclass
class RandomFourierFeatures(Layer):
    """`cos(x @ kernel / scale + bias)` with a random kernel and bias: products of these stand for a kernel function.

    Shapes: (batch, features) -> (batch, output_dim).

    Args:
        output_dim: the length of the output.
        kernel_initializer: "gaussian" or "laplacian", for the kernel functions of that name, or an initializer.
        scale: by which the kernel is divided; sqrt(features / 2) for "gaussian" and 1 otherwise if None.
        trainable: whether training changes the scale. The kernel and the bias stay as they are.

    Source: Rahimi and Recht 2007, Random Features for Large-Scale Kernel Machines.

    >>> import numpy as np
    >>> RandomFourierFeatures(8)(np.ones((2, 3))).shape
    (2, 8)
    """

    output_dim: PositiveInt  # type: ignore[misc]  # the base has `trainable`, which comes later here
    kernel_initializer: Any = "gaussian"
    scale: float | None = None
    trainable: bool = False

    def __post_init__(self):
        super().__post_init__()
        known = ("gaussian", "laplacian")
        if isinstance(self.kernel_initializer, str) and self.kernel_initializer.lower() not in known:
            raise ValueError(
                f"RandomFourierFeatures: kernel_initializer is 'gaussian', 'laplacian' or an initializer; "
                f"{self.kernel_initializer!r} came."
            )
        if self.scale is not None and self.scale <= 0:
            raise ValueError(f"RandomFourierFeatures: scale is a positive number; {self.scale!r} came.")
        self.input_spec = InputSpec(ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Make the scale (1,), the kernel (features, output_dim) and the bias (output_dim,)."""
        width: Any = input_shape[-1]
        name = self.kernel_initializer.lower() if isinstance(self.kernel_initializer, str) else None
        draw = {"gaussian": "random_normal_1", "laplacian": _cauchy}.get(name or "", self.kernel_initializer)
        if draw == "random_normal_1":
            draw = lambda shape, dtype=None: random.normal(shape, dtype=dtype)
        scale = self.scale or (math.sqrt(width / 2) if name == "gaussian" else 1.0)
        self.kernel_scale = self.add_weight(
            name="kernel_scale",
            shape=(1,),
            initializer=lambda shape, dtype=None: np.full(shape, scale, dtype),
            constraint="non_neg",
        )
        self.unscaled_kernel = self.add_weight(
            name="unscaled_kernel", shape=(width, self.output_dim), initializer=draw, trainable=False
        )
        self.bias = self.add_weight(name="bias", shape=(self.output_dim,), initializer=_turns, trainable=False)

    def call(self, inputs: Tree) -> Any:
        return ops.cos(ops.matmul(inputs, self.unscaled_kernel / self.kernel_scale) + self.bias)


class PreprocessingLayer(Layer):
    """The base of users' layers that learn from data before the training: by `adapt`.

    A subclass has `update_state(self, data)`, which takes in a batch, and perhaps `reset_state(self)` and
    `finalize_state(self)`, which are called before the first and after the last.
    """

    is_adapted = False

    def update_state(self, data: Any) -> None:
        """Take in a batch. Overridden by every subclass that is adapted."""
        raise NotImplementedError(f"{type(self).__name__} has no method update_state(self, data): write one.")

    def reset_state(self) -> None:
        """Forget what was learnt."""

    def finalize_state(self) -> None:
        """What is left to do once all data came."""

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn from data.

        Args:
            data: an array, or what gives batches when it is iterated over.
            batch_size: of an array; 32 if None.
            steps: how many batches are taken at most.
        """
        self.reset_state()
        if hasattr(data, "shape") or isinstance(data, (list, tuple)):
            array = data if hasattr(data, "shape") else np.asarray(data)
            if not self.built:
                self.build((None, *array.shape[1:]))
            size = batch_size or 32
            data = (array[i : i + size] for i in range(0, len(array), size))
        for number, batch in enumerate(data):
            if steps is not None and number >= steps:
                break
            self.update_state(batch)
        self.finalize_state()
        self.is_adapted = True


class DenseFeatures(Layer):
    """Feature columns of TensorFlow's, which kerata does not have.

    Raises: NotImplementedError always: `keras.utils.FeatureSpace` does the same for tables of named columns.
    """

    def __init__(self, feature_columns: Any, trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:
        raise NotImplementedError(
            f"DenseFeatures works on tf.feature_column objects ({len(np.atleast_1d(np.array(feature_columns, object)))} came), which "
            "TensorFlow has deprecated. Use keras.utils.FeatureSpace({'age': 'float_normalized', ...}), or the preprocessing "
            "layers (Normalization, StringLookup, CategoryEncoding, Embedding) and Concatenate."
        )
