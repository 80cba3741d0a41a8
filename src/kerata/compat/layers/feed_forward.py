"""Dense layers and activations with weights that Keras 3 no longer has."""

from typing import Any

from kerata import ops
from kerata.core.arrays import dtype_of
from kerata.core.fields import dataclass
from kerata.core.types import Shape, Tree
from kerata.layers.arguments import Activation, Constraint, Initializer, PositiveInt, Regularizer, make_weight
from kerata.layers.embedding import Embedding
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.random import dropout


@dataclass
class _Weighted(Layer):
    """Layers of matrices with a kernel and a bias."""

    kernel_initializer: Initializer = Initializer("glorot_uniform")
    activation: Activation = Activation(None)
    kernel_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)
    use_bias: bool = True

    bias_initializer = "zeros"

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(ndim=2)


@dataclass
class Highway(_Weighted):
    """`t * activation(x @ kernel + bias) + (1 - t) * x`, where the share t is `sigmoid(x @ carry + carry_bias)`.

    Shapes: (batch, features) -> the same.

    Args:
        kernel_initializer: how both kernels start.
        activation: a name or a function; None for none.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied after each update.
        use_bias: whether biases are added.

    Source: Srivastava et al. 2015, arXiv:1505.00387.

    >>> import numpy as np
    >>> Highway()(np.ones((2, 3))).shape
    (2, 3)
    """

    def build(self, input_shape: Shape) -> None:
        """Make the kernels (features, features) and the biases."""
        width = input_shape[-1]
        self.kernel = make_weight(self, "kernel", (width, width))
        self.carry = self.add_weight(name="carry", shape=(width, width), initializer=self.kernel_initializer)
        self.bias = self.carry_bias = None
        if self.use_bias:
            self.bias = make_weight(self, "bias", (width,))
            self.carry_bias = self.add_weight(name="carry_bias", shape=(width,), initializer="ones")

    def call(self, inputs: Tree) -> Any:
        share, y = ops.matmul(inputs, self.carry), ops.matmul(inputs, self.kernel)
        if self.use_bias:
            share, y = share + self.carry_bias, y + self.bias
        share = ops.sigmoid(share)
        return share * self.activation(y) + (1 - share) * inputs


@dataclass
class MaxoutDense(_Weighted):
    """The largest of several dense layers' outputs.

    Shapes: (batch, features) -> (batch, units).

    Args:
        units: the length of the output.
        pieces: how many dense layers there are.
        kernel_initializer: how the kernel starts.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied after each update.
        use_bias: whether biases are added.

    Source: Goodfellow et al. 2013, arXiv:1302.4389.

    >>> import numpy as np
    >>> MaxoutDense(4)(np.ones((2, 3))).shape
    (2, 4)
    """

    units: PositiveInt  # type: ignore[misc]  # Keras 1 had it first, which its signature says
    pieces: PositiveInt = PositiveInt(4)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel (pieces, features, units) and the bias (pieces, units)."""
        self.kernel = make_weight(self, "kernel", (self.pieces, input_shape[-1], self.units))
        self.bias = make_weight(self, "bias", (self.pieces, self.units)) if self.use_bias else None

    def call(self, inputs: Tree) -> Any:
        y = ops.einsum("bi,pio->bpo", inputs, self.kernel)
        return self.activation(ops.max(y if self.bias is None else y + self.bias, axis=1))


@dataclass
class ThresholdedReLU(Layer):
    """x where it is greater than `theta`, 0 elsewhere.

    Args:
        theta: the threshold, at least 0.

    Source: Konda et al. 2014, arXiv:1402.3337.

    >>> import numpy as np
    >>> ThresholdedReLU(1.0)(np.array([0.5, 2.0])).tolist()
    [0.0, 2.0]
    """

    supports_masking = True

    theta: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if self.theta is None or self.theta < 0:
            raise ValueError(f"ThresholdedReLU: theta is a number of at least 0; {self.theta!r} came.")

    def call(self, inputs: Tree) -> Any:
        return inputs * ops.cast(ops.greater(inputs, self.theta), dtype_of(inputs))


class _PerFeature(Layer):
    """Activations with weights for each place of the input, or shared along some axes."""

    supports_masking = True
    shared_axes: Any

    def _make(self, name, input_shape, initializer):
        shared = [] if self.shared_axes is None else list(self.shared_axes)
        shape = [1 if axis in shared else d for axis, d in enumerate(input_shape) if axis]
        return self.add_weight(name=name, shape=shape, initializer=initializer)


@dataclass
class ParametricSoftplus(_PerFeature):
    """`alpha * log(1 + exp(beta * x))`, with alpha and beta trained for each place.

    Shapes: any -> the same.

    Args:
        alpha_init, beta_init: the numbers that alpha and beta start with.
        shared_axes: axes along which they are shared.

    >>> import numpy as np
    >>> ParametricSoftplus()(np.ones((2, 3))).shape
    (2, 3)
    """

    alpha_init: float = 0.2
    beta_init: float = 5.0
    shared_axes: Any = None

    def build(self, input_shape: Shape) -> None:
        """Make alpha and beta, in the shape of the input without the batch axis."""
        self.alpha = self._make("alpha", input_shape, _filled(self.alpha_init))
        self.beta = self._make("beta", input_shape, _filled(self.beta_init))

    def call(self, inputs: Tree) -> Any:
        return self.alpha * ops.softplus(self.beta * inputs)


def _filled(value):
    return lambda shape, dtype=None: ops.full(shape, value, dtype)


@dataclass
class SReLU(_PerFeature):
    """x between two thresholds, lines of other slopes on both sides; all four are trained for each place.

    Shapes: any -> the same.

    Args:
        t_left_init, a_left_init, t_right_init, a_right_init: how the thresholds and slopes start; the right threshold is
            the left one and the absolute value of its weight.
        shared_axes: axes along which they are shared.

    Source: Jin et al. 2015, arXiv:1512.07030.

    >>> import numpy as np
    >>> SReLU()(np.ones((2, 3))).shape
    (2, 3)
    """

    t_left_init: Initializer = Initializer("zeros")
    a_left_init: Initializer = Initializer("glorot_uniform")
    t_right_init: Initializer = Initializer("glorot_uniform")
    a_right_init: Initializer = Initializer("ones")
    shared_axes: Any = None

    def build(self, input_shape: Shape) -> None:
        """Make the thresholds and slopes, in the shape of the input without the batch axis."""
        self.t_left = self._make("t_left", input_shape, self.t_left_init)
        self.a_left = self._make("a_left", input_shape, self.a_left_init)
        self.t_right = self._make("t_right", input_shape, self.t_right_init)
        self.a_right = self._make("a_right", input_shape, self.a_right_init)

    def call(self, inputs: Tree) -> Any:
        left, width = self.t_left, ops.abs(self.t_right)
        x = inputs - left
        leaky = ops.minimum(ops.where(x > 0, x, self.a_left * x), width)  # cut off also where a left slope is negative
        return left + leaky + self.a_right * ops.relu(x - width)


@dataclass
class DroppingEmbedding(Embedding):
    """Keras 1's `Embedding`: while training, whole rows of the table are set to 0.

    Args:
        dropout: the share of rows.

    For the others see `Embedding`. Source: Gal and Ghahramani 2016, arXiv:1512.05287.

    >>> import numpy as np
    >>> DroppingEmbedding(10, 4, dropout=0.5)(np.array([[1, 2, 3]])).shape
    (1, 3, 4)
    """

    public_name = "Embedding"

    dropout: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.dropout < 1:
            raise ValueError(f"Embedding: dropout is a number from 0 to below 1; {self.dropout!r} came.")

    def call(self, inputs: Tree, training: bool | None = False) -> Any:
        vectors = self._looked_up(inputs)
        if not training or not self.dropout:
            return vectors
        kept = dropout(ops.ones((self.input_dim, 1), dtype_of(vectors)), self.dropout)
        return vectors * ops.take(kept, ops.cast(inputs, "int32"), axis=0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        if not self.dropout:  # today's own
            del config["dropout"]
        return config
