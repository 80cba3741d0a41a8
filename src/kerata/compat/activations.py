"""Activations that were others before Keras 3."""

from typing import Any

from kerata import ops
from kerata.core.types import TensorLike

__all__ = ["hard_sigmoid"]


def hard_sigmoid_of_keras_2(x: TensorLike) -> Any:
    """The hard sigmoid of Keras 1, Keras 2 and tf.keras, with slope 0.2; that of Keras 3 has 1/6.

    In files it has this name, since "hard_sigmoid" is another function there.

    Source: Courbariaux et al. 2015, arXiv:1511.00363, section 3.2, for the idea.

    >>> hard_sigmoid_of_keras_2([-3.0, 0.0, 1.0, 4.0]).tolist()
    [0.0, 0.5, 0.699999988079071, 1.0]
    """
    return ops.clip(ops.add(ops.multiply(x, 0.2), 0.5), 0.0, 1.0)


hard_sigmoid = hard_sigmoid_of_keras_2
