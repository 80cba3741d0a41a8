"""Constraints on weights, applied after each update."""

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.config import settings
from kerata.core.configurable import Configurable
from kerata.core.fields import dataclass
from kerata.core.types import TensorLike
from kerata.ops.promotion import to_float


@dataclass
class Constraint(Configurable):
    """A function from a weight to the nearest one allowed.

    >>> import kerata
    >>> class AtMostOne(kerata.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return kerata.ops.minimum(w, 1.0)
    >>> AtMostOne()([0.5, 3.0]).tolist()
    [0.5, 1.0]
    """

    def __call__(self, w: TensorLike) -> Any:
        """The constrained weight: the weight itself, unless a subclass says otherwise."""
        return w


def _norms(w, axis):
    axis = tuple(axis) if isinstance(axis, list) else axis
    return ops.sqrt(ops.sum(ops.square(w), axis, keepdims=True))


@dataclass
class MaxNorm(Constraint):
    """Norms along `axis` of at most `max_value`. Source: Srivastava et al. 2014, JMLR 15.

    Args:
        max_value: the largest norm.
        axis: an axis or a list of them: 0 for the weights of each of a dense layer's units, [0, 1, 2] for a convolution's.

    >>> MaxNorm(1.0)([[3.0], [4.0]]).tolist()
    [[0.6...], [0.8...]]
    """

    max_value: float = 2
    axis: int | Sequence[int] = 0

    def __call__(self, w: TensorLike) -> Any:
        w = to_float(w)
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0.0, self.max_value) / (settings.epsilon + norms))


@dataclass
class NonNeg(Constraint):
    """No weight below 0.

    >>> NonNeg()([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w: TensorLike) -> Any:
        return ops.maximum(w, 0.0)


@dataclass
class UnitNorm(Constraint):
    """Norms along `axis` of 1.

    Args:
        axis: an axis or a list of them, as for `MaxNorm`.

    >>> [round(x, 4) for [x] in UnitNorm()([[3.0], [4.0]]).tolist()]
    [0.6, 0.8]
    """

    axis: int | Sequence[int] = 0

    def __call__(self, w: TensorLike) -> Any:
        w = to_float(w)
        return w / (settings.epsilon + _norms(w, self.axis))


@dataclass
class MinMaxNorm(Constraint):
    """Norms along `axis` from `min_value` to `max_value`, approached at `rate` of the way in each update.

    Args:
        min_value, max_value: the bounds.
        rate: from 0 to 1; 1 puts norms between the bounds at once.
        axis: an axis or a list of them, as for `MaxNorm`.

    >>> [round(x, 4) for [x] in MinMaxNorm(1.0, 2.0)([[3.0], [4.0]]).tolist()]  # of norm 5
    [1.2, 1.6]
    >>> [round(x, 4) for [x] in MinMaxNorm(1.0, 2.0, rate=0.5)([[3.0], [4.0]]).tolist()]
    [2.1, 2.8]
    """

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: int | Sequence[int] = 0

    def __call__(self, w: TensorLike) -> Any:
        w = to_float(w)
        norms = _norms(w, self.axis)
        wanted = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1.0 - self.rate) * norms
        return w * (wanted / (settings.epsilon + norms))
