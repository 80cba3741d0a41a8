"""The regularizers of Keras 1."""

from typing import Any

from kerata import ops, regularizers as today
from kerata.compat.generations import ByGeneration
from kerata.core import suggestions
from kerata.core.fields import dataclass
from kerata.core.types import TensorLike
from kerata.regularizers import L1L2
from kerata.regularizers.regularizers import Regularizer

__all__ = ["ActivityRegularizer", "EigenvalueRegularizer", "L1L2Regularizer", "WeightRegularizer", "activity_l1"]
__all__ += ["activity_l1l2", "activity_l2", "get", "l1", "l1l2", "l2"]

_STEPS = 9  # of the power iteration


class _OfKeras1:
    """What regularizers of Keras 1 were told: the weight, or the layer, that they are for."""

    def set_param(self, weight):
        """Have the penalty of a weight added to the loss."""
        weight.regularizer = self

    def set_layer(self, layer):
        """Have the penalty of a layer's outputs added to the loss."""
        layer.activity_regularizer = self


class L1L2Regularizer(_OfKeras1, L1L2):
    """`l1 * sum(|x|) + l2 * sum(x^2)`, of a weight or of a layer's output.

    >>> float(L1L2Regularizer(l1=0.5)([1.0, -2.0]))
    1.5
    """

    public_name = "L1L2"


ActivityRegularizer = WeightRegularizer = L1L2Regularizer


@dataclass
class EigenvalueRegularizer(_OfKeras1, Regularizer):
    """`k` times the largest singular value of a square matrix, by nine steps of the power iteration.

    Raises: ValueError for what is no square matrix.

    >>> round(float(EigenvalueRegularizer(0.1)([[2.0, 0.0], [0.0, 1.0]])), 4)
    0.2
    """

    k: float

    def __call__(self, x: TensorLike) -> Any:
        """The penalty of a matrix."""
        x = ops.convert_to_tensor(x)
        if len(x.shape) != 2 or x.shape[0] != x.shape[1]:
            raise ValueError(f"EigenvalueRegularizer is for square matrices; one of shape {tuple(x.shape)} came.")
        square = ops.matmul(ops.transpose(x), x)
        vector = ops.ones((x.shape[0], 1), square.dtype)
        for _ in range(_STEPS):
            vector = ops.matmul(square, vector)
            vector = vector / ops.max(ops.abs(vector))  # so that no power overflows; the quotient below is the same
        largest = ops.sum(vector * ops.matmul(square, vector)) / ops.sum(vector * vector)
        return self.k * ops.sqrt(largest)


def _l1(l=0.01):  # noqa: E741 - its name
    """`l * sum(|x|)`."""
    return L1L2Regularizer(l1=l)


def _l2(l=0.01):  # noqa: E741 - its name
    """`l * sum(x^2)`."""
    return L1L2Regularizer(l2=l)


def _l1l2(l1=0.01, l2=0.01):
    """`l1 * sum(|x|) + l2 * sum(x^2)`."""
    return L1L2Regularizer(l1=l1, l2=l2)


activity_l1, activity_l2, activity_l1l2 = _l1, _l2, _l1l2
_NAMES: dict[str, Any] = {
    "l1": _l1,
    "l2": _l2,
    "l1l2": _l1l2,
    "activity_l1": _l1,
    "activity_l2": _l2,
    "activity_l1l2": _l1l2,
    "L1L2Regularizer": L1L2Regularizer,
    "WeightRegularizer": L1L2Regularizer,
    "ActivityRegularizer": L1L2Regularizer,
    "EigenvalueRegularizer": EigenvalueRegularizer,
}


def named(identifier, kwargs=None):
    """A regularizer by its name in Keras 1, or the dict of its name and arguments; any other as today.

    Args:
        kwargs: arguments of the one that is named.

    Raises: ValueError for an unknown name.
    """
    if isinstance(identifier, dict) and "name" in identifier:
        given = {name: value for name, value in identifier.items() if name != "name"}
        return named(identifier["name"], given | (kwargs or {}))
    if not isinstance(identifier, str):
        return today.get(identifier)
    if identifier not in _NAMES:
        raise ValueError(f"Keras 1 has no regularizer {identifier!r}.{suggestions.hint(identifier, _NAMES)}")
    return _NAMES[identifier](**(kwargs or {}))


def _of_keras1(found):
    return ByGeneration(lambda generation: found if generation.name == "keras1" else None)


l1, l2, l1l2, get = map(_of_keras1, (_l1, _l2, _l1l2, named))


def regularizer(value, generation):
    """What an older program gave as a regularizer, as one of today."""
    return named(value) if generation == "keras1" and isinstance(value, str) else value
