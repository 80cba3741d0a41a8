"""Densely connected layers, and the lookup of embeddings."""

import functools
from typing import Any, ClassVar

from kerata import ops
from kerata.core.fields import dataclass, field
from kerata.core.types import Shape, Tree
from kerata.layers.arguments import Activation, Constraint, Initializer, PartialShape, PositiveInt, Regularizer, make_weight
from kerata.layers.input_spec import InputSpec
from kerata.layers.quantization.quantizable import QuantizableProduct, WeightRole
from kerata.ops.attention import affine, affine_along

_KERNEL = WeightRole("kernel", "...x,xy->...y")


@dataclass(after={"activity_regularizer": "bias_regularizer"})
class Dense(QuantizableProduct):
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
        lora_rank, lora_alpha: see `enable_lora`, with which the layer begins if a rank is given.
        quantization_config: how the kernel is quantized when `dtype` is a policy such as "int8_from_float32".

    Raises: ValueError if the last axis of the input is unknown or differs from that at build time.

    >>> import kerata, numpy as np
    >>> kerata.layers.Dense(3, activation="relu")(np.ones((2, 4))).shape
    (2, 3)
    """

    units: PositiveInt
    activation: Activation = Activation(None)
    use_bias: bool = True
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)

    supports_masking = True

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(min_ndim=2)

    def _roles(self):
        return (_KERNEL,)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel (features, units) and the bias (units,)."""
        features = input_shape[-1]
        self._make_weight("kernel", (features, self.units))
        self.bias = make_weight(self, "bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Tree, training: bool | None = None) -> Any:
        """`activation(inputs @ kernel + bias)`, whatever `training` is."""
        return self.activation(affine(inputs, self.kernel, self.bias))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.activity_regularizer is None:
            del config["activity_regularizer"]
        return config


@dataclass(after={"gptq_unpacked_column_size": "lora_alpha"})
class EinsumDense(QuantizableProduct):
    """A product with a kernel by Einstein's summation: `activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: "inputs,kernel->outputs" with one letter an axis: "abc,cd->abd" is a dense layer on sequences, and
            "...x,xy->...y" one on any shape. An ellipsis stands at the beginning or at the end, on both sides.
        output_shape: the outputs' shape without the batch axis and without what an ellipsis at the beginning stands for;
            None for axes that the input gives. An integer for one axis.
        activation: a name or a function; None for none.
        bias_axes: the letters of the output axes that the bias has, or None for no bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied after each update.
        lora_rank, lora_alpha: see `enable_lora`, with which the layer begins if a rank is given.
        gptq_unpacked_column_size: in files of layers quantized by GPTQ, the kernel's columns; it follows from the shapes.
        quantization_config: how the kernel is quantized when `dtype` is a policy such as "int8_from_float32".

    Raises: ValueError if the equation can't be read, or a letter's length is unknown or stands for two lengths.

    >>> import kerata, numpy as np
    >>> kerata.layers.EinsumDense("abc,cde->abde", (None, 4, 5), bias_axes="e")(np.ones((2, 3, 6))).shape
    (2, 3, 4, 5)
    """

    partial_output_shape: ClassVar[tuple[int | None, ...]]

    equation: str
    output_shape: PartialShape = field(attribute="partial_output_shape")
    activation: Activation = Activation(None)
    bias_axes: str | None = None
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)
    gptq_unpacked_column_size: int | None = field(default=None, config=False)

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = _einsum_input_spec(self.equation)

    def _roles(self):
        return (WeightRole("kernel", self.equation),)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel and the bias, in the shapes that the equation gives."""
        kernel, bias = einsum_dense_shapes(self.equation, self.bias_axes, tuple(input_shape), self.partial_output_shape)
        self.input_spec = _einsum_input_spec(self.equation, kernel)
        self._make_weight("kernel", kernel)
        self.bias = None if bias is None else make_weight(self, "bias", bias)

    def call(self, inputs: Tree, training: bool | None = None) -> Any:
        """The product, the bias and the activation, whatever `training` is."""
        contracted = _contracted_at_end(self.equation)
        if contracted and (self.bias is None or self.bias.shape == self.kernel.shape[contracted:]):
            return self.activation(affine_along(contracted, inputs, self.kernel, self.bias))
        x = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.quantization_mode == "gptq" and self._transforms:
            config["gptq_unpacked_column_size"] = self._transforms["kernel"].columns
        return config | {"activity_regularizer": config.get("activity_regularizer")}


def _einsum_input_spec(equation, kernel_shape=()):
    """What an `EinsumDense` expects: as many axes as its equation has, as long as the kernel's of the same letters."""
    inputs, kernel, _ = _einsum_terms(equation)
    letters, lengths = inputs.replace("...", ""), dict(zip(kernel, kernel_shape))
    first = -len(letters) if inputs.startswith("...") else 0
    axes = {i: lengths[letter] for i, letter in enumerate(letters, first) if letter in lengths}
    exact = "..." not in inputs
    return InputSpec(ndim=len(letters) if exact else None, min_ndim=None if exact else len(letters), axes=axes)


def einsum_dense_shapes(equation, bias_axes, input_shape, output_shape):
    """The shapes of kernel and bias (None for no bias) of an `EinsumDense`.

    Raises: ValueError, see there.
    """
    inputs, kernel, outputs = _einsum_terms(equation)
    trailing = len(input_shape) - len(inputs.replace("...", "")) if inputs.endswith("...") else 0
    letters_in, letters_out = inputs.replace("...", ""), outputs.replace("...", "")
    if inputs.startswith("..."):
        sizes = dict(zip(letters_in[::-1], input_shape[::-1]))
        given = dict(zip(letters_out[::-1], output_shape[::-1]))
    else:
        sizes = dict(zip(letters_in, input_shape))
        given = dict(zip(letters_out[1:], output_shape))
    for letter, size in given.items():
        known = sizes.get(letter)
        if None not in (size, known) and size != known:
            raise ValueError(
                f"EinsumDense {equation!r}: axis {letter!r} is {known} in the input and {size} in output_shape {output_shape}."
            )
        sizes[letter] = size if known is None else known
    for letter in kernel:
        if sizes.get(letter) is None:
            raise ValueError(
                f"EinsumDense {equation!r}: the length of the kernel's axis {letter!r} follows neither from the input shape "
                f"{input_shape} nor from output_shape {output_shape}."
            )
    shape = tuple(sizes[letter] for letter in kernel)
    if not bias_axes:
        return shape, None
    if any(letter not in letters_out for letter in bias_axes):
        raise ValueError(f"EinsumDense {equation!r}: bias_axes {bias_axes!r} must be letters of the output {outputs!r}.")
    first = min(letters_out.index(letter) for letter in bias_axes)
    bias = tuple(sizes.get(letter) if letter in bias_axes else 1 for letter in letters_out[first:])
    return shape, bias + (1,) * trailing


@functools.cache
def _einsum_terms(equation):
    """The input's, kernel's and output's letters of an equation."""
    left, arrow, outputs = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow or len(terms) != 2 or "..." in terms[1] or ("..." in terms[0]) != ("..." in outputs):
        raise ValueError(
            f"EinsumDense can't read the equation {equation!r}: it must have the form 'ab,bc->ac', '...ab,bc->...ac' or "
            "'ab...,bc->ac...'."
        )
    return terms[0], terms[1], outputs


@functools.cache
def _contracted_at_end(equation):
    """How many axes are contracted, if they are the input's last and the kernel's first and no other is moved; else 0."""
    inputs, kernel, outputs = _einsum_terms(equation)
    count = sum(letter in inputs for letter in kernel)
    kept = inputs.removesuffix(kernel[:count])
    return count if 0 < count < len(kernel) and kept + kernel[count:] == outputs and len(kept) + count == len(inputs) else 0
