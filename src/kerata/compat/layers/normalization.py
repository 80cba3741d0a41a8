"""Batch normalization as Keras 1 had it."""

from typing import Any

from kerata import ops
from kerata.core.fields import Field, dataclass
from kerata.core.types import TensorLike, Tree
from kerata.layers.batch_normalization import BatchNormalization


class Mode(Field[int, int]):
    """0, 1 or 2."""

    def convert(self, value, name, owner):
        """Raises: ValueError for another number."""
        if value not in (0, 1, 2):
            raise ValueError(f"BatchNormalization: mode is 0, 1 or 2; {value!r} came.")
        return int(value)


@dataclass
class BatchNormalization1(BatchNormalization):
    """Keras 1's `BatchNormalization`, which see.

    Args:
        mode: 0 as today; 1 for each row by itself, along its last axis; 2 by the batch's statistics, also when not training.
    """

    public_name = "BatchNormalization"

    mode: Mode = Mode(0)

    def call(self, inputs: Tree, training: bool | None = None, mask: TensorLike | None = None) -> Any:
        """The normalized inputs."""
        if self.mode == 1:
            mean, variance = ops.moments(inputs, -1, keepdims=True)
            deviation = ops.sqrt(variance + self.epsilon) + self.epsilon  # twice, as Keras 1 did
            return (inputs - mean) / deviation * self.gamma + self.beta
        if self.mode == 2 and not training:
            axes = [axis for axis in range(len(inputs.shape)) if axis != self.axis % len(inputs.shape)]
            mean, variance = ops.moments(inputs, axes)
            return ops.cast(self._normalized(inputs, mean, variance, self.beta, self.gamma), self.compute_dtype)
        return super().call(inputs, training=training, mask=mask)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        if self.mode == 0:  # today's own
            del config["mode"]
        return config
