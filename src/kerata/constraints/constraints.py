"""Constraints on weights, applied after each update."""

from kerata.core.config import settings
from kerata.core.configurable import Configurable
from kerata.ops import numpy as knp


class Constraint(Configurable):
    """A function from a weight to the nearest one allowed.

    >>> import kerata
    >>> class AtMostOne(kerata.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return kerata.ops.minimum(w, 1.0)
    >>> AtMostOne()([0.5, 3.0]).tolist()
    [0.5, 1.0]
    """

    def __init__(self):
        """No arguments."""

    def __call__(self, w):
        """The constrained weight."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, w).")


def _norms(w, axis):
    axis = tuple(axis) if isinstance(axis, list) else axis
    return knp.sqrt(knp.sum(knp.square(w), axis, keepdims=True))


class MaxNorm(Constraint):
    """Norms along `axis` of at most `max_value`. Source: Srivastava et al. 2014, JMLR 15.

    Args:
        max_value: the largest norm.
        axis: an axis or a list of them: 0 for the weights of each of a dense layer's units, [0, 1, 2] for a convolution's.

    >>> MaxNorm(1.0)([[3.0], [4.0]]).tolist()
    [[0.6...], [0.8...]]
    """

    def __init__(self, max_value=2, axis=0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w):
        w = knp.to_float(w)
        norms = _norms(w, self.axis)
        return w * (knp.clip(norms, 0.0, self.max_value) / (settings.epsilon + norms))


class NonNeg(Constraint):
    """No weight below 0.

    >>> NonNeg()([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w):
        return knp.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Norms along `axis` of 1.

    Args:
        axis: an axis or a list of them, as for `MaxNorm`.

    >>> [round(x, 4) for [x] in UnitNorm()([[3.0], [4.0]]).tolist()]
    [0.6, 0.8]
    """

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        w = knp.to_float(w)
        return w / (settings.epsilon + _norms(w, self.axis))


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

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w):
        w = knp.to_float(w)
        norms = _norms(w, self.axis)
        wanted = self.rate * knp.clip(norms, self.min_value, self.max_value) + (1.0 - self.rate) * norms
        return w * (wanted / (settings.epsilon + norms))
