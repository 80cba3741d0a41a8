"""LoRA: a product of two matrices of low rank, added to a weight that stays as it is (Hu et al. 2021, arXiv:2106.09685)."""

import numpy as np

from kerata import ops


class Adapter:
    """The product that is added to a weight.

    Args:
        layer: the layer, whose attributes `lora_<name>_a` and `lora_<name>_b` are the matrices.
        name: the weight's name.
        factor: what the product is multiplied by.
    """

    def __init__(self, layer, name, factor):
        self._layer, self._name, self._factor = layer, name, factor

    def make(self, shape, rank, a_initializer, b_initializer):
        """Make the matrices: (..., rank) and (rank, last) for a weight (..., last)."""
        regularizer = getattr(self._layer, f"{self._name}_regularizer", None)
        parts = {"a": ((*shape[:-1], rank), a_initializer), "b": ((rank, shape[-1]), b_initializer)}
        for part, (part_shape, initializer) in parts.items():
            name = f"lora_{self._name}_{part}"
            made = self._layer.add_weight(name=name, shape=part_shape, initializer=initializer, regularizer=regularizer)
            setattr(self._layer, name, made)

    @property
    def variables(self):
        """The two matrices."""
        return [getattr(self._layer, f"lora_{self._name}_{part}") for part in "ab"]

    def delta(self):
        """What is added to the weight."""
        a, b = self.variables
        return ops.multiply(ops.matmul(a, b), self._factor)

    def rows(self, indices):
        """What is added to rows of the weight."""
        a, b = self.variables
        return ops.multiply(ops.matmul(ops.take(a, indices, axis=0), b), self._factor)

    def reset(self):
        """Begin anew: the product is zero, and can be trained, since the first matrix is not."""
        b = self.variables[1]
        b.assign(np.zeros(b.shape, b.dtype))
