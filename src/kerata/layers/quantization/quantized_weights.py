"""Weights kept as integers of 8 or 4 bits, and the products and lookups made of them."""

from typing import Any

import numpy as np

from kerata import engines, ops
from kerata.core import dtypes
from kerata.quantizers.configs import QuantizationConfig
from kerata.quantizers.functions import abs_max_quantize_grouped_with_zero_point, pack_int4, unpack_int4
from kerata.quantizers.quantizer import AbsMaxQuantizer


class QuantizedWeight:
    """How a weight is kept in place of floats: the class that all such ways descend from.

    Args:
        layer: the layer, whose attributes the variables become.
        role: what the weight does.
        shape: its shape.
        policy: the dtype policy, with the mode's numbers, for ways that have some.
        config: the quantizers, or None for the usual ones.
    """

    def __init__(self, layer, role, shape, policy, config):
        self.layer, self.role, self.shape, self.config = layer, role, shape, config
        self.rows_count, self.columns = role.size(shape)

    def parts(self):
        """The variables that are made: attribute -> (name, shape, dtype, initializer)."""
        raise TypeError(f"{type(self).__name__} must say in parts() what it is kept in.")

    def from_floats(self, value):
        """What the variables hold for a weight, by attribute, as NumPy arrays."""
        raise TypeError(f"{type(self).__name__} must say in from_floats(value) how it quantizes.")

    def floats(self):
        """The weight, as near as it is kept, in the layer's compute dtype."""
        raise TypeError(f"{type(self).__name__} must say in floats() how its values come back.")

    def make(self):
        """Make the variables, as attributes of the layer."""
        for attribute, (name, shape, dtype, initializer) in self.parts().items():
            made = self.layer.add_weight(
                name=name, shape=shape, dtype=dtype, initializer=initializer, trainable=False, autocast=False
            )
            setattr(self.layer, attribute, made)

    def replace(self, arrays):
        """Take the place of the floats."""
        state = vars(self.layer)
        floats = [state.pop(attribute, None) for attribute in (self.role.name, f"_{self.role.name}")]
        self.layer._weights = [v for v in self.layer._weights if not any(v is f for f in floats)]
        self.make()
        for attribute, array in arrays.items():
            vars(self.layer)[attribute].assign(array)

    def variable(self, attribute):
        """The value of one of the variables."""
        return vars(self.layer)[attribute].value

    def to_compute(self, x):
        """`x` in the layer's compute dtype."""
        return ops.cast(x, self.layer.compute_dtype)

    def product(self, x):
        """The inputs times the weight."""
        return self.role.product(self.to_compute(x), self.floats())

    def bias(self, bias):
        """The bias as it is added."""
        return bias


class IntegerWeight(QuantizedWeight):
    """A weight of integers, whose product may be one of integers too.

    A subclass writes `integers()`, `outputs_scale(out)` and `floats(read)`, where `read` gives the variables' values by
    attribute.
    """

    integers: Any
    outputs_scale: Any
    floats: Any
    value_range: tuple = (-127, 127)
    quantizes_inputs = False

    def __init__(self, layer, role, shape, policy, config):
        super().__init__(layer, role, shape, policy, config)
        usual = AbsMaxQuantizer() if self.quantizes_inputs else None
        self.inputs_quantizer = QuantizationConfig.activation_quantizer_or_default(config, usual)
        default = AbsMaxQuantizer(value_range=self.value_range)
        self.weight_quantizer = QuantizationConfig.weight_quantizer_or_default(config, default)

    def quantized(self, value):
        """The integers in the weight's shape, and the scale with length 1 along the summed axes."""
        with engines.use_engine("numpy"):
            integers, scale = _call_quantizer(self.weight_quantizer, np.asarray(value, "float32"), tuple(self.role.summed))
            expected = tuple(1 if i in self.role.summed else d for i, d in enumerate(self.shape))
            if np.shape(integers) != self.shape or np.shape(scale) != expected:
                raise ValueError(
                    f'Layer "{self.layer.path}": the weight quantizer must return integers of shape {self.shape} and a scale of '
                    f"shape {expected}; {np.shape(integers)} and {np.shape(scale)} came."
                )
            return np.asarray(integers), np.asarray(scale)

    def product(self, x):
        """The inputs times the weight; of integers if inputs are quantized too."""
        if self.inputs_quantizer is None:
            return super().product(x)
        return ops.custom_gradient(self._integer_product)(self.to_compute(x))

    def _integer_product(self, x):
        """The product of integers; its gradient is that of the product with the weight's values."""
        role = self.role
        kept = {attribute: self.variable(attribute) for attribute in self.parts()}
        labels, out = _labels(role.inputs, role.outputs, len(x.shape))
        axes = tuple(i for i, label in enumerate(labels) if label in role.letters and label not in role.outputs)
        integers, scale = _call_quantizer(self.inputs_quantizer, x, axes)
        sums = ops.cast(ops.einsum_of_bytes(role.equation, integers, self.integers(), self.rows_count), "float32")
        scale = _aligned(ops.cast(scale, "float32"), labels, axes, out)
        y = ops.divide(sums, ops.multiply(scale, self.outputs_scale(out)))

        def gradient(upstream):
            floats = self.floats(kept.__getitem__)
            form = f"{role.outputs},{role.letters}->{role.inputs}"
            return ops.einsum(form, ops.cast(upstream, floats.dtype), floats)

        return self.to_compute(y), gradient


class Int8Weight(IntegerWeight):
    """A weight of 8-bit integers with a scale for each output (Jacob et al. 2018, arXiv:1712.05877)."""

    quantizes_inputs = True

    @property
    def _scale_labels(self):
        return list(self.role.outputs.replace("...", ""))

    def parts(self):
        """The integers and the scale, which lies along the outputs."""
        name = self.role.name
        lengths = {self.role.letters[i]: self.shape[i] for i in self.role.kept}
        scale = tuple(lengths.get(letter, 1) for letter in self._scale_labels)
        return {
            f"_{name}": (name, self.shape, "int8", "zeros"),
            f"{name}_scale": (f"{name}_scale", scale, "float32", "ones"),
        }

    def from_floats(self, value):
        """The integers and the scale of a weight."""
        integers, scale = self.quantized(value)
        kept, labels = self.role.kept_letters, self._scale_labels
        scale = scale.reshape([self.shape[i] for i in self.role.kept])
        scale = scale.transpose([kept.index(letter) for letter in labels if letter in kept])
        shape = self.parts()[f"{self.role.name}_scale"][1]
        return {f"_{self.role.name}": integers, f"{self.role.name}_scale": scale.reshape(shape)}

    def integers(self):
        """The integers, in the weight's shape."""
        return self.variable(f"_{self.role.name}")

    def reading(self):
        """What the layer's attribute reads as: the variable."""
        return vars(self.layer)[f"_{self.role.name}"]

    def outputs_scale(self, out):
        """The scale along the outputs, whose axes are labelled `out`."""
        scale = self.variable(f"{self.role.name}_scale")
        after = len(out) - len(self.role.outputs.replace("...", "")) if self.role.outputs.endswith("...") else 0
        return ops.reshape(scale, (*scale.shape, *(1,) * after)) if after else scale

    def floats(self, read=None):
        """The integers divided by the scale."""
        read = read or self.variable
        kept, labels = self.role.kept_letters, [s for s in self._scale_labels if s in self.role.letters]
        lengths = {self.role.letters[i]: self.shape[i] for i in self.role.kept}
        scale = ops.reshape(read(f"{self.role.name}_scale"), [lengths[letter] for letter in labels])
        if labels != kept:
            scale = ops.transpose(scale, [labels.index(letter) for letter in kept])
        scale = ops.reshape(scale, [1 if i in self.role.summed else d for i, d in enumerate(self.shape)])
        return self.to_compute(ops.divide(ops.cast(read(f"_{self.role.name}"), "float32"), scale))

    def rows(self, indices):
        """Rows of a table."""
        integers = ops.cast(ops.take(self.integers(), indices, axis=0), "float32")
        scale = ops.take(self.variable(f"{self.role.name}_scale"), indices, axis=0)
        return self.to_compute(ops.divide(integers, ops.expand_dims(scale, -1)))


class Int4Weight(IntegerWeight):
    """A weight of 4-bit integers, two a byte, with a scale for each output or a scale and a zero point for each block."""

    value_range = (-8, 7)

    def __init__(self, layer, role, shape, policy, config):
        super().__init__(layer, role, shape, policy, config)
        size = getattr(policy, "block_size", -1)
        self.block = None if size in (None, -1) else size
        if self.block is not None:
            self.blocks = -(-self.rows_count // self.block)
            self.block_of_row = np.arange(self.rows_count, dtype="int32") // self.block

    @property
    def _indexed(self):
        """Whether the variable that tells the block of each row goes with this weight: it goes with the layer's first."""
        return self.layer._roles()[0].name == self.role.name

    def parts(self):
        """The packed integers, the scale and, with blocks, the zero points and the block of each row."""
        name, role = self.role.name, self.role
        lengths = [self.rows_count, self.columns]
        axis = 0 if role.turned else role.packed
        lengths[axis] = -(-lengths[axis] // 2)
        packed = tuple(lengths[::-1] if role.turned else lengths)
        found: dict[str, Any] = {f"_{name}": (name, packed, "int8", "zeros")}
        if self.block is None:
            return found | {f"{name}_scale": (f"{name}_scale", (self.columns,), "float32", "ones")}
        grid = (self.columns, self.blocks) if role.turned else (self.blocks, self.columns)
        found[f"{name}_scale"] = (f"{name}_scale", grid, "float32", "ones")
        found[f"{name}_zero"] = (f"{name}_zero", grid, "int8" if self._indexed else "float32", "zeros")
        if self._indexed:
            index = self.block_of_row.astype("float32")
            found["g_idx"] = ("g_idx", (self.rows_count,), "float32", lambda shape, dtype=None: index)
        return found

    def from_floats(self, value):
        """The packed integers, and what belongs to them."""
        name = self.role.name
        with engines.use_engine("numpy"):
            if self.block is None:
                integers, scale = self.quantized(value)
                matrix, rest = self.role.to_matrix(integers), {f"{name}_scale": scale.reshape(-1)}
            else:
                matrix = self.role.to_matrix(np.asarray(value, "float32"))
                matrix, scale, zero = abs_max_quantize_grouped_with_zero_point(matrix, self.block, to_numpy=True)
                rest = {f"{name}_scale": self._turned(scale), f"{name}_zero": self._turned(zero)}
            axis = 1 if self.role.turned else self.role.packed
            packed, _, _ = pack_int4(np.ascontiguousarray(self._turned(matrix)), axis=axis)
        return {f"_{name}": packed, **rest}

    def _turned(self, x):
        """Between the matrix and what is stored."""
        return ops.transpose(x) if self.role.turned else x

    def _matrix(self, read):
        packed = read(f"_{self.role.name}")
        if self.role.turned:
            return ops.transpose(unpack_int4(packed, self.rows_count, axis=1))
        return unpack_int4(packed, (self.rows_count, self.columns)[self.role.packed], axis=self.role.packed)

    def integers(self):
        """The integers, in the weight's shape."""
        return self.role.from_matrix(self._matrix(self.variable), self.shape)

    reading = integers

    def outputs_scale(self, out):
        """The scale along the outputs, whose axes are labelled `out`."""
        scale = ops.reshape(self.variable(f"{self.role.name}_scale"), [self.shape[i] for i in self.role.kept])
        return _aligned(scale, self.role.kept_letters, (), out)

    def floats(self, read=None):
        """The integers less the zero point, times the scale; divided by it where there are no blocks."""
        read = read or self.variable
        matrix, scale = ops.cast(self._matrix(read), "float32"), read(f"{self.role.name}_scale")
        if self.block is None:
            matrix = ops.divide(matrix, scale)
        else:
            zero = ops.cast(read(f"{self.role.name}_zero"), "float32")
            scale, zero = (ops.take(self._turned(v), self.block_of_row, axis=0) for v in (scale, zero))
            matrix = ops.multiply(ops.subtract(matrix, zero), scale)
        return self.to_compute(self.role.from_matrix(matrix, self.shape))

    def rows(self, indices):
        """Rows of a table, which are columns of the matrix."""
        packed = ops.take(self.variable(f"_{self.role.name}"), indices, axis=0)
        integers = ops.cast(unpack_int4(packed, self.rows_count, axis=-1), "float32")
        scale = ops.take(self.variable(f"{self.role.name}_scale"), indices, axis=0)
        if self.block is None:
            return self.to_compute(ops.divide(integers, ops.expand_dims(scale, -1)))
        zero = ops.cast(ops.take(self.variable(f"{self.role.name}_zero"), indices, axis=0), "float32")
        scale, zero = (ops.take(v, self.block_of_row, axis=-1) for v in (scale, zero))
        return self.to_compute(ops.multiply(ops.subtract(integers, zero), scale))


def _call_quantizer(quantizer, x, axes):
    """A quantizer on `x`, with one scale over `axes`; a quantizer of the user's knows its axes itself."""
    integers, scale = quantizer(x, axis=axes) if isinstance(quantizer, AbsMaxQuantizer) else quantizer(x)
    if not dtypes.is_int_dtype(ops.dtype(integers)):
        raise ValueError(f"{quantizer!r} must return integers and their scale; {ops.dtype(integers)} came.")
    return integers, scale


def _labels(inputs, outputs, rank):
    """A label for each axis of the inputs, of which there are `rank`, and of the outputs."""
    more = [f".{i}" for i in range(rank - len(inputs.replace("...", "")))]
    return [_spelt(term, more) for term in (inputs, outputs)]


def _spelt(term, more):
    if term.startswith("..."):
        return [*more, *term[3:]]
    return [*term[:-3], *more] if term.endswith("...") else list(term)


def _aligned(x, labels, axes, out):
    """`x`, whose axes have these labels and length 1 along `axes`, laid along axes with the labels `out`."""
    if axes and len(labels) == len(out) and all(i in axes or label == out[i] for i, label in enumerate(labels)):
        return x
    x = ops.squeeze(x, axes) if axes else x
    left = [label for i, label in enumerate(labels) if i not in axes]
    order = [left.index(label) for label in out if label in left]
    x = x if order == sorted(order) else ops.transpose(x, order)
    return ops.expand_dims(x, [i for i, label in enumerate(out) if label not in left])
