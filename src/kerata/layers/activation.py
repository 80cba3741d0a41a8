"""Activation functions with arguments or weights, as layers."""

from collections.abc import Sequence
from typing import Any

from kerata import activations, ops
from kerata.core.arrays import dtype_of, static_shape
from kerata.core.fields import Field, dataclass
from kerata.core.types import Shape, TensorLike, Tree
from kerata.layers.arguments import Constraint, Initializer, Regularizer, make_weight
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


class NonNegative(Field[float, float]):
    """A number that is not negative."""

    def convert(self, value, name, owner):
        """Raises: ValueError for None and negative numbers."""
        if value is None or value < 0:
            raise ValueError(f"{type(owner).__name__}: {name} must be a number, not negative; {value!r} came.")
        return value


class Bound(Field[float | None, float | None]):
    """A number that is not negative, or None for none."""

    def convert(self, value, name, owner):
        """Raises: ValueError for negative numbers."""
        return None if value is None else NonNegative().convert(value, name, owner)


class SharedAxes(Field[int | Sequence[int] | None, list[int] | None]):
    """An axis, or several of them; None for none."""

    def convert(self, value, name, owner):
        """A list, or None."""
        return value if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


@dataclass
class ReLU(Layer):
    """`max(x, 0)`, with a largest value, a slope on the left and a threshold.

    `max_value` where x is above it, x from `threshold` on, else `negative_slope * (x - threshold)`.

    >>> import kerata, numpy as np
    >>> kerata.layers.ReLU(max_value=6.0)(np.array([-1.0, 3.0, 9.0])).tolist()
    [0.0, 3.0, 6.0]
    """

    supports_masking = True

    max_value: Bound = Bound(None)
    negative_slope: NonNegative = NonNegative(0.0)
    threshold: NonNegative = NonNegative(0.0)

    def call(self, inputs: Tree) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@dataclass
class LeakyReLU(Layer):
    """x where it is positive, else `negative_slope * x` (Maas et al. 2013).

    >>> import kerata, numpy as np
    >>> kerata.layers.LeakyReLU(0.5)(np.array([-2.0, 3.0])).tolist()
    [-1.0, 3.0]
    """

    supports_masking = True

    negative_slope: NonNegative = NonNegative(0.3)

    def call(self, inputs: Tree) -> Any:
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


@dataclass
class PReLU(Layer):
    """x where it is positive, else `alpha * x` with a trained `alpha` (He et al. 2015, arXiv:1502.01852).

    Args:
        alpha_initializer: how alpha starts.
        alpha_regularizer: a penalty added to the loss.
        alpha_constraint: applied after each update.
        shared_axes: axes along which alpha is the same, the batch axis being 0: [1, 2] for one alpha a channel.

    >>> import kerata, numpy as np
    >>> kerata.layers.PReLU(alpha_initializer=kerata.initializers.Constant(0.25))(np.array([[-4.0, 2.0]])).tolist()
    [[-1.0, 2.0]]
    """

    supports_masking = True

    alpha_initializer: Initializer = Initializer("Zeros")
    alpha_regularizer: Regularizer = Regularizer(None)
    alpha_constraint: Constraint = Constraint(None)
    shared_axes: SharedAxes = SharedAxes(None)

    def build(self, input_shape: Shape) -> None:
        """Make alpha."""
        shared = self.shared_axes or []
        if any(not 0 < axis < len(input_shape) for axis in shared):
            raise ValueError(
                f"PReLU: shared_axes {shared} are not all among the axes 1 to {len(input_shape) - 1} of the inputs."
            )
        shape = [1 if axis in shared else length for axis, length in enumerate(input_shape)][1:]
        self.alpha = make_weight(self, "alpha", tuple(shape))
        axes = {axis: length for axis, length in enumerate(input_shape) if axis and axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Tree) -> Any:
        return ops.subtract(activations.relu(inputs), self.alpha * activations.relu(ops.negative(inputs)))


@dataclass
class ELU(Layer):
    """x where it is positive, else `alpha * (exp(x) - 1)` (Clevert et al. 2016, arXiv:1511.07289).

    >>> import kerata, numpy as np
    >>> [round(x, 4) for x in kerata.layers.ELU()(np.array([-1.0, 2.0])).tolist()]
    [-0.6321, 2.0]
    """

    supports_masking = True

    alpha: float = 1.0

    def call(self, inputs: Tree) -> Any:
        return activations.elu(inputs, alpha=self.alpha)


@dataclass
class Softmax(Layer):
    """`exp(x) / sum(exp(x))` along an axis or several; with a mask, over what it lets count.

    Args:
        axis: an axis or a tuple of axes.

    >>> import kerata, numpy as np
    >>> kerata.layers.Softmax()(np.zeros((1, 2)), mask=np.array([[True, False]])).tolist()
    [[1.0, 0.0]]
    """

    supports_masking = True

    axis: int | Sequence[int] = -1

    def call(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """The shares; 0 where the mask is False."""
        if mask is None:
            return self._shares(inputs)
        if len(static_shape(mask)) > len(inputs.shape):
            raise ValueError(
                f'Layer "{self.path}": the mask must broadcast to the inputs, of shape {tuple(inputs.shape)}; one of shape '
                f"{static_shape(mask)} came."
            )
        low = -3e4 if dtype_of(inputs) == "float16" else -1e9
        shares = self._shares(ops.where(mask, inputs, low))
        return shares * ops.cast(mask, dtype_of(shares))

    def _shares(self, x):
        if not isinstance(self.axis, (list, tuple)):
            return activations.softmax(x, axis=self.axis)
        axes = tuple(self.axis)
        powers = ops.exp(ops.subtract(x, ops.stop_gradient(ops.max(x, axes, keepdims=True))))
        return powers / ops.sum(powers, axes, keepdims=True)
