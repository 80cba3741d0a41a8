"""Spectral normalization of another layer's kernel."""

from typing import Any

from kerata import initializers, ops
from kerata.core.fields import dataclass
from kerata.core.types import Shape, Tree
from kerata.layers.arguments import PositiveInt
from kerata.layers.wrappers import Wrapper


@dataclass
class SpectralNormalization(Wrapper):
    """A layer whose kernel is divided, while training, by its largest singular value.

    That value is estimated by power iteration, from a vector that is kept between the calls.

    Args:
        layer: a layer with a `kernel` or `embeddings`.
        power_iterations: the number of iterations in each call.

    Raises: ValueError if the layer has neither.

    Source: Miyato et al. 2018, arXiv:1802.05957.

    >>> import kerata, numpy as np
    >>> dense = kerata.layers.Dense(2, kernel_initializer=kerata.initializers.Constant(3.0))
    >>> y = kerata.layers.SpectralNormalization(dense, power_iterations=3)(np.ones((1, 2)), training=True)
    >>> np.linalg.norm(dense.kernel.numpy(), 2).round(4).item()  # it was 6
    1.0
    """

    power_iterations: PositiveInt = PositiveInt(1)

    def build(self, input_shape: Shape) -> None:  # type: ignore[override]  # it needs a shape
        """Build the layer, and make the vector."""
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        kernel = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if kernel is None:
            raise ValueError(f"SpectralNormalization: {type(self.layer).__name__} has no kernel and no embeddings.")
        self.kernel = kernel
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, kernel.shape[-1]),
            dtype=kernel.dtype,
            initializer=_start(),
            trainable=False,
            autocast=False,
        )

    def call(self, inputs: Tree, training: bool | None = False) -> Any:
        """The layer's outputs."""
        if training:
            u, kernel = self.normalized_weights()
            self.vector_u.assign(u)
            self.kernel.assign(kernel)
        return self.layer(inputs)

    def normalized_weights(self) -> Any:
        """The vector after the iterations, (1, outputs), and the kernel divided by its largest singular value."""
        shape = self.kernel.shape
        matrix = ops.reshape(self.kernel, (-1, shape[-1]))
        u = self.vector_u
        for _ in range(self.power_iterations):
            v = _unit(ops.matmul(u, ops.transpose(matrix)))
            u = _unit(ops.matmul(v, matrix))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        largest = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        return u, ops.reshape(ops.divide(matrix, largest), shape)


def _start():
    return initializers.TruncatedNormal(stddev=0.02)


def _unit(x):
    return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), keepdims=True), 1e-12))
