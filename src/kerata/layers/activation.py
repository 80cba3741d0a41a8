"""Activation functions with arguments or weights, as layers."""

from kerata import activations, ops
from kerata.core.arrays import dtype_of
from kerata.layers.arguments import make_weight, settle
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


def _non_negative(value, name, layer):
    """Raises: ValueError if `value` is None or negative."""
    if value is None or value < 0:
        raise ValueError(f"{type(layer).__name__}: {name} must be a number, not negative; {value!r} came.")
    return value


class ReLU(Layer):
    """`max(x, 0)`, with a largest value, a slope on the left and a threshold.

    `max_value` where x is above it, x from `threshold` on, else `negative_slope * (x - threshold)`.

    >>> import kerata, numpy as np
    >>> kerata.layers.ReLU(max_value=6.0)(np.array([-1.0, 3.0, 9.0])).tolist()
    [0.0, 3.0, 6.0]
    """

    supports_masking = True

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **kwargs):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _non_negative(max_value, "max_value", self)
        self.negative_slope = _non_negative(negative_slope, "negative_slope", self)
        self.threshold = _non_negative(threshold, "threshold", self)

    def call(self, inputs):
        """The function of the inputs."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x where it is positive, else `negative_slope * x` (Maas et al. 2013).

    >>> import kerata, numpy as np
    >>> kerata.layers.LeakyReLU(0.5)(np.array([-2.0, 3.0])).tolist()
    [-1.0, 3.0]
    """

    supports_masking = True

    def __init__(self, negative_slope=0.3, **kwargs):
        super().__init__(**kwargs)
        self.negative_slope = _non_negative(negative_slope, "negative_slope", self)

    def call(self, inputs):
        """The function of the inputs."""
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


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

    def __init__(self, alpha_initializer="Zeros", alpha_regularizer=None, alpha_constraint=None, shared_axes=None, **kwargs):
        super().__init__(**kwargs)
        settle(
            self,
            alpha_initializer=alpha_initializer,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
        )
        if shared_axes is not None:
            shared_axes = list(shared_axes) if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        self.shared_axes = shared_axes

    def build(self, input_shape):
        """Make alpha."""
        shared = self.shared_axes or []
        shape = [1 if axis in shared else length for axis, length in enumerate(input_shape)][1:]
        self.alpha = make_weight(self, "alpha", tuple(shape))
        axes = {axis: length for axis, length in enumerate(input_shape) if axis and axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs):
        """The function of the inputs."""
        return ops.subtract(activations.relu(inputs), ops.multiply(self.alpha, activations.relu(ops.negative(inputs))))


class ELU(Layer):
    """x where it is positive, else `alpha * (exp(x) - 1)` (Clevert et al. 2016, arXiv:1511.07289).

    >>> import kerata, numpy as np
    >>> [round(x, 4) for x in kerata.layers.ELU()(np.array([-1.0, 2.0])).tolist()]
    [-0.6321, 2.0]
    """

    supports_masking = True

    def __init__(self, alpha=1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs):
        """The function of the inputs."""
        return activations.elu(inputs, alpha=self.alpha)


class Softmax(Layer):
    """`exp(x) / sum(exp(x))` along an axis or several; with a mask, over what it lets count.

    Args:
        axis: an axis or a tuple of axes.

    >>> import kerata, numpy as np
    >>> kerata.layers.Softmax()(np.zeros((1, 2)), mask=np.array([[True, False]])).tolist()
    [[1.0, 0.0]]
    """

    supports_masking = True

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs, mask=None):
        """The shares; 0 where the mask is False."""
        if mask is None:
            return self._shares(inputs)
        dtype = dtype_of(inputs)
        low = -3e4 if dtype == "float16" else -1e9
        shares = self._shares(ops.where(mask, inputs, low))
        return ops.multiply(shares, ops.cast(mask, dtype))

    def _shares(self, x):
        if not isinstance(self.axis, (list, tuple)):
            return activations.softmax(x, axis=self.axis)
        axes = tuple(self.axis)
        powers = ops.exp(ops.subtract(x, ops.stop_gradient(ops.max(x, axes, keepdims=True))))
        return ops.divide(powers, ops.sum(powers, axes, keepdims=True))
