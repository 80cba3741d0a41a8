"""Products of 8-bit floats for training, with scales that follow the largest magnitudes seen.

Inputs and weight are rounded to e4m3, gradients to e5m2 (Micikevicius et al. 2022, arXiv:2209.05433). The scales' and
histories' next values are made where gradients are, so they come out as the gradients of those variables, which an
optimizer assigns as they are (`overwrite_with_gradient`).
"""

from typing import Any

from kerata import ops
from kerata.layers.quantization.quantized_weights import QuantizedWeight
from kerata.quantizers.functions import compute_float8_amax_history, compute_float8_scale, quantize_and_dequantize

_FORWARD, _BACKWARD = ("float8_e4m3fn", 448.0), ("float8_e5m2", 57344.0)


class Float8Product(QuantizedWeight):
    """A product whose inputs, weight and gradients are what 8-bit floats can hold; the weight itself stays in floats."""

    def __init__(self, layer, role, shape, policy, config):
        super().__init__(layer, role, shape, policy, config)
        self.length = getattr(policy, "amax_history_length", 1024)

    def parts(self):
        """For inputs, weight and gradients a scale and the last largest magnitudes."""
        found: dict[str, Any] = {}
        for what in ("inputs", "kernel", "outputs_grad"):
            found[f"{what}_scale"] = (f"{what}_scale", (), "float32", "ones")
            found[f"{what}_amax_history"] = (f"{what}_amax_history", (self.length,), "float32", "zeros")
        return found

    def make(self):
        """Make the variables, as attributes of the layer."""
        for attribute, (name, shape, dtype, initializer) in self.parts().items():
            made = self.layer.add_weight(
                name=name, shape=shape, dtype=dtype, initializer=initializer, autocast=False, overwrite_with_gradient=True
            )
            setattr(self.layer, attribute, made)

    def from_floats(self, value):
        """Nothing: the weight stays as it is."""
        return {}

    def replace(self, arrays):
        """Begin beside the floats: there are no `arrays` to take their place."""
        self.make()

    def floats(self):
        """The weight."""
        return self.layer._base(self.role.name).value

    reading = floats

    def product(self, x):
        """The inputs times the weight."""
        x = self._rounded(self.to_compute(x), "inputs")
        kernel = self._rounded(self.floats(), "kernel")
        return self._with_rounded_gradient(self.role.product(x, kernel))

    def bias(self, bias):
        """The bias in the precision in which hardware adds it to such a product."""
        return self.to_compute(ops.cast(bias, "bfloat16")) if self.layer.compute_dtype == "float32" else bias

    def _state(self, what):
        return self.variable(f"{what}_scale"), self.variable(f"{what}_amax_history")

    def _rounded(self, x, what):
        """`x` rounded; its gradient passes as it is."""
        kind, largest = _FORWARD

        def rounded(x, scale, history):
            y = quantize_and_dequantize(x, scale, kind, self.layer.compute_dtype)

            def gradient(upstream):
                return upstream, *_next(x, scale, history, largest)

            return y, gradient

        return ops.custom_gradient(rounded)(x, *self._state(what))

    def _with_rounded_gradient(self, y):
        kind, largest = _BACKWARD

        def same(y, scale, history):
            def gradient(upstream):
                passed = quantize_and_dequantize(upstream, scale, kind, self.layer.compute_dtype)
                return passed, *_next(upstream, scale, history, largest)

            return ops.multiply(y, 1), gradient

        return ops.custom_gradient(same)(y, *self._state("outputs_grad"))


def _next(x, scale, history, largest):
    """The scale by what was seen before `x`, and the history with `x`."""
    return compute_float8_scale(ops.max(history), scale, largest), compute_float8_amax_history(x, history)
