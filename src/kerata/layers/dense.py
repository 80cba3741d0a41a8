"""Densely connected layers, and the lookup of embeddings."""

from kerata import activations, constraints, initializers, ops, regularizers
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


class Dense(Layer):
    """`activation(inputs @ kernel + bias)`.

    Shapes: (batch, ..., features) -> (batch, ..., units).

    Args:
        units: the number of outputs.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        kernel_initializer, bias_initializer: how the weights start. Glorot's uniform keeps the variance of activations
            and gradients equal over layers (Glorot and Bengio 2010).
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied after each update.

    Raises: ValueError if the last axis of the input is unknown or differs from that at build time.

    >>> import kerata, numpy as np
    >>> kerata.layers.Dense(3, activation="relu")(np.ones((2, 4))).shape
    (2, 3)
    """

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive_integer(units, "units", self)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape):
        """Make the kernel (features, units) and the bias (units,)."""
        features = input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs):
        """`activation(inputs @ kernel + bias)`."""
        x = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x)


def positive_integer(value, name, layer):
    """`value`, if it is a positive integer.

    Raises: ValueError naming the argument and the layer's class.
    """
    if not hasattr(value, "__index__") or isinstance(value, bool) or int(value) <= 0:
        raise ValueError(f"{type(layer).__name__}: {name} must be a positive integer; {value!r} came.")
    return int(value)
