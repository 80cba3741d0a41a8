"""Normalization within each sample: layer, group, root mean square and unit normalization."""

from collections.abc import Sequence
from typing import Any, SupportsIndex

from kerata import ops
from kerata.core.arrays import static_shape
from kerata.core.fields import Field, dataclass, field
from kerata.core.types import Shape, TensorLike, Tree
from kerata.layers.arguments import Axes, Constraint, Initializer, Regularizer, make_weight, positive_integer
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.ops.normalization import along, layer_normalization, rms_normalization
from kerata.ops.promotion import widened


def _axes_list(axis):
    return list(axis) if isinstance(axis, (list, tuple)) else [axis]


def _lengths(input_shape, axis, layer):
    """The lengths of the axes that are normalized.

    Raises: ValueError if an axis is out of range or its length unknown.
    """
    rank = len(input_shape)
    axes = sorted(a + rank if a < 0 else a for a in _axes_list(axis))
    if any(not 0 <= a < rank for a in axes) or any(input_shape[a] is None for a in axes):
        raise ValueError(
            f"{type(layer).__name__}: axis {axis} of inputs of shape {tuple(input_shape)} is out of range, or its length "
            "unknown."
        )
    return tuple(input_shape[a] for a in axes)


@dataclass(unlisted=("rms_scaling", "autocast"))
class LayerNormalization(Layer):
    """Each sample with mean 0 and variance 1 over some axes, then scaled and shifted.

    Shapes: any -> the same.

    Args:
        axis: an axis or a list of them.
        epsilon: added to the variance.
        center: whether `beta` is added.
        scale: whether `gamma` is multiplied by.
        beta_initializer, gamma_initializer: how the weights start.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        beta_constraint, gamma_constraint: applied after each update.

    Source: Ba et al. 2016, arXiv:1607.06450.

    >>> import kerata, numpy as np
    >>> kerata.layers.LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    supports_masking = True
    computes_wide = True

    axis: Axes = Axes(-1)
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer = Initializer("zeros")
    gamma_initializer: Initializer = Initializer("ones")
    beta_regularizer: Regularizer = Regularizer(None)
    gamma_regularizer: Regularizer = Regularizer(None)
    beta_constraint: Constraint = Constraint(None)
    gamma_constraint: Constraint = Constraint(None)
    rms_scaling: bool = field(default=False, kw_only=True)  # an old way to leave out the mean
    autocast: bool = field(default=False, kw_only=True)  # what it computes in does not depend on the policy

    def build(self, input_shape: Shape) -> None:
        """Make gamma and beta, in the shape of the normalized axes."""
        shape = _lengths(input_shape, self.axis, self)
        self.axis = sorted(_axes_list(self.axis))
        self.gamma = make_weight(self, "gamma", shape, autocast=False) if self.scale or self.rms_scaling else None
        self.beta = make_weight(self, "beta", shape, autocast=False) if self.center and not self.rms_scaling else None

    def call(self, inputs: Tree) -> Any:
        """The normalized inputs."""
        x = widened(inputs)
        old = {"rms_scaling": True} if self.rms_scaling else {}
        y = layer_normalization(x, self.gamma, self.beta, self.axis, self.epsilon, **old)
        return ops.cast(y, self.compute_dtype)


class Groups(Field[SupportsIndex, int]):
    """A positive integer; -1 for as many as there are channels."""

    def convert(self, value, name, owner):
        return -1 if value == -1 else positive_integer(value, name, owner)


@dataclass(unlisted=("autocast",))
class GroupNormalization(Layer):
    """Groups of channels with mean 0 and variance 1 in each sample, then scaled and shifted.

    One group is layer normalization; as many as there are channels (or -1) is instance normalization.

    Shapes: (batch, ..., channels) -> the same.

    Args:
        groups: the number of groups; -1 for one a channel.
        axis: the axis of the channels.
        epsilon: added to the variance.
        center: whether `beta` is added.
        scale: whether `gamma` is multiplied by.
        beta_initializer, gamma_initializer: how the weights start.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        beta_constraint, gamma_constraint: applied after each update.

    Raises: ValueError if the channels are no multiple of `groups`.

    Source: Wu and He 2018, arXiv:1803.08494.

    >>> import kerata, numpy as np
    >>> normalize = kerata.layers.GroupNormalization(groups=2)
    >>> np.asarray(normalize(np.array([[1.0, 3.0, 10.0, 50.0]]))).round(1)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    supports_masking = True
    computes_wide = True

    groups: Groups = Groups(32)
    axis: int = -1
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer = Initializer("zeros")
    gamma_initializer: Initializer = Initializer("ones")
    beta_regularizer: Regularizer = Regularizer(None)
    gamma_regularizer: Regularizer = Regularizer(None)
    beta_constraint: Constraint = Constraint(None)
    gamma_constraint: Constraint = Constraint(None)
    autocast: bool = field(default=False, kw_only=True)  # what it computes in does not depend on the policy

    def build(self, input_shape: Shape) -> None:
        """Make gamma and beta, one number a channel."""
        shape = _lengths(input_shape, self.axis, self)
        channels = shape[0]
        if self.groups == -1:
            self.groups = channels
        if self.groups < 1 or channels % self.groups:
            raise ValueError(
                f"GroupNormalization: the {channels} channels, axis {self.axis} of inputs of shape {tuple(input_shape)}, must "
                f"be a multiple of groups, {self.groups}."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        self.gamma = make_weight(self, "gamma", shape, autocast=False) if self.scale else None
        self.beta = make_weight(self, "beta", shape, autocast=False) if self.center else None

    def call(self, inputs: Tree) -> Any:
        """The normalized inputs."""
        x = widened(inputs)
        shape = static_shape(x)
        axis = self.axis % len(shape)
        grouped = ops.reshape(x, (*shape[:axis], self.groups, shape[axis] // self.groups, *shape[axis + 1 :]))
        axes = [a for a in range(1, len(shape) + 1) if a != axis]
        y = ops.reshape(layer_normalization(grouped, axis=axes, epsilon=self.epsilon), shape)
        if self.gamma is not None:
            y = ops.multiply(y, along(self.gamma, y, axis))
        if self.beta is not None:
            y = ops.add(y, along(self.beta, y, axis))
        return ops.cast(y, self.compute_dtype)


@dataclass
class RMSNormalization(Layer):
    """Each sample divided by its root mean square over some axes, then scaled (Zhang and Sennrich 2019, arXiv:1910.07467).

    Shapes: any -> the same.

    Args:
        axis: an axis or a list of them.
        epsilon: added to the mean square.

    >>> import kerata, numpy as np
    >>> np.asarray(kerata.layers.RMSNormalization()(np.array([[1.0, 7.0]]))).round(2)  # both divided by 5
    array([[0.2, 1.4]], dtype=float32)
    """

    supports_masking = True
    computes_wide = True

    axis: int | Sequence[int] = -1
    epsilon: float = 1e-6

    def build(self, input_shape: Shape) -> None:
        """Make the scale, in the shape of the normalized axes."""
        shape = _lengths(input_shape, self.axis, self)
        self.axis = _axes_list(self.axis)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", autocast=False)

    def call(self, x: TensorLike) -> Any:
        """The normalized inputs."""
        y = rms_normalization(widened(x), self.scale, self.axis, self.epsilon)
        return ops.cast(y, self.compute_dtype)


@dataclass
class UnitNormalization(Layer):
    """Each sample divided by its length (its L2 norm) over some axes.

    Args:
        axis: an axis or a list of them.

    >>> import kerata, numpy as np
    >>> [round(x, 3) for x in kerata.layers.UnitNormalization()(np.array([3.0, 4.0])).tolist()]
    [0.6, 0.8]
    """

    supports_masking = True
    computes_wide = True

    axis: Axes = Axes(-1)

    def call(self, inputs: Tree) -> Any:
        """The inputs with length 1."""
        x = widened(inputs)
        square = ops.sum(ops.square(x), _axes_list(self.axis), keepdims=True)
        return ops.cast(x / ops.sqrt(ops.maximum(square, 1e-12)), self.compute_dtype)
