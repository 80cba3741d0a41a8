"""Weights as calibration leaves them: unsigned integers with a scale and a zero point for each group of inputs."""

import numpy as np

from kerata import engines, ops
from kerata.layers.quantization.calibration import round_to_nearest
from kerata.layers.quantization.quantized_weights import QuantizedWeight
from kerata.quantizers.functions import pack_int4, unpack_int4


class CalibratedWeight(QuantizedWeight):
    """A weight of unsigned integers, an output a row; 4-bit ones are put together along the outputs."""

    def __init__(self, layer, role, shape, policy, config):
        super().__init__(layer, role, shape, policy, config)
        self.bits, size = policy.weight_bits, policy.group_size
        self.group = self.rows_count if size == -1 else min(size, self.rows_count)
        self.groups = -(-self.rows_count // self.group)

    def parts(self):
        """The integers, their scales and zero points, and the group of each input."""
        name, bits = self.role.name, self.bits
        packed = (-(-self.columns // 2) if bits == 4 else self.columns, self.rows_count)
        grid = (self.columns, self.groups)
        return {
            f"quantized_{name}": (name, packed, "uint8", "zeros"),
            f"{name}_scale": (f"{name}_scale", grid, "float32", "ones"),
            f"{name}_zero": (f"{name}_zero", grid, "uint8", "zeros"),
            "g_idx": ("g_idx", (self.rows_count,), "float32", self._first_groups),
        }

    def _first_groups(self, shape, dtype=None):
        return (np.arange(self.rows_count) // self.group).astype("float32")

    def from_floats(self, value):
        """The nearest integers, as if all inputs mattered alike: what calibration without data comes to."""
        with engines.use_engine("numpy"):
            matrix = self.role.to_matrix(np.asarray(value, "float32"))
        return self.arrays(*round_to_nearest(matrix.T, self.bits, self.group, getattr(self.config, "symmetric", False)))

    def arrays(self, integers, scale, zero, group_of_input, **more):
        """What the variables hold for integers (outputs, inputs), by attribute."""
        name = self.role.name
        with engines.use_engine("numpy"):
            packed = pack_int4(integers.astype("uint8"), axis=0, dtype="uint8")[0] if self.bits == 4 else integers
        found = {f"quantized_{name}": packed, f"{name}_scale": scale, f"{name}_zero": zero, "g_idx": group_of_input}
        return found | more

    def reading(self):
        """What the layer's attribute reads as: the integers, (outputs, inputs)."""
        packed = self.variable(f"quantized_{self.role.name}")
        return unpack_int4(packed, self.columns, axis=0, dtype="uint8") if self.bits == 4 else packed

    def floats(self):
        """The integers less the zero point, times the scale."""
        group = ops.cast(self.variable("g_idx"), "int32")
        scale, zero = (
            ops.take(ops.cast(self.variable(f"{self.role.name}_{what}"), "float32"), group, axis=1)
            for what in ("scale", "zero")
        )
        matrix = ops.multiply(ops.subtract(ops.cast(self.reading(), "float32"), zero), scale)
        return self.to_compute(self.role.from_matrix(self._by_input(ops.transpose(matrix)), self.shape))

    def _by_input(self, matrix):
        return matrix


class GPTQWeight(CalibratedWeight):
    """A weight that GPTQ has quantized (Frantar et al. 2022, arXiv:2210.17323)."""


class AWQWeight(CalibratedWeight):
    """A weight that AWQ has quantized: each input's part was multiplied by a scale first (Lin et al. 2023, arXiv:2306.00978)."""

    def parts(self):
        """Those of the integers, and the scale of each input."""
        found = super().parts()
        index = found.pop("g_idx")
        return found | {"awq_scales": ("awq_scales", (self.rows_count,), "float32", "ones"), "g_idx": index}

    def from_floats(self, value):
        """The nearest integers, the inputs' scales being 1."""
        return super().from_floats(value) | {"awq_scales": np.ones(self.rows_count, "float32")}

    def _by_input(self, matrix):
        return ops.divide(matrix, ops.expand_dims(self.variable("awq_scales"), -1))
