"""Penalties on weights and outputs."""

from kerata.core.configurable import Configurable
from kerata.ops import crossentropy
from kerata.ops import numpy as knp


class Regularizer(Configurable):
    """A penalty: a function of a tensor that returns a scalar to be added to the loss.

    >>> import kerata
    >>> class Largest(kerata.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return kerata.ops.max(kerata.ops.abs(x))
    >>> float(Largest()([1.0, -3.0]))
    3.0
    """

    def __init__(self):
        """No arguments."""

    def __call__(self, x):
        """The penalty, a scalar."""
        return 0.0


def _number(name, value):
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)) and not hasattr(value, "__float__"):
        raise ValueError(f"{name} must be a number; {value!r} came.")
    return float(value)


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x^2).

    >>> float(L1L2(0.1, 0.01)([1.0, -2.0]))
    0.35...
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1, self.l2 = _number("l1", l1), _number("l2", l2)

    def __call__(self, x):
        penalty = 0.0
        if self.l1:
            penalty = penalty + self.l1 * knp.sum(knp.absolute(x))
        if self.l2:
            penalty = penalty + self.l2 * knp.sum(knp.square(x))
        return penalty


class L1(Regularizer):
    """l1 * sum(|x|).

    >>> float(L1(0.5)([1.0, -2.0]))
    1.5
    """

    def __init__(self, l1=0.01):
        self.l1 = 0.01 if l1 is None else _number("l1", l1)

    def __call__(self, x):
        return self.l1 * knp.sum(knp.absolute(x))


class L2(Regularizer):
    """l2 * sum(x^2).

    >>> float(L2(0.5)([1.0, -2.0]))
    2.5
    """

    def __init__(self, l2=0.01):
        self.l2 = 0.01 if l2 is None else _number("l2", l2)

    def __call__(self, x):
        return self.l2 * knp.sum(knp.square(x))


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean of |cosine| over all pairs of rows, or of columns, of a matrix.

    Raises: ValueError for another mode than "rows" or "columns", or a tensor that is no matrix.

    >>> import numpy as np
    >>> float(OrthogonalRegularizer(0.5)(np.array([[1.0, 0.0], [0.0, 2.0]])))
    0.0
    >>> float(OrthogonalRegularizer(0.5)(np.array([[1.0, 0.0], [2.0, 0.0]])))
    0.5
    """

    def __init__(self, factor=0.01, mode="rows"):
        self.factor = _number("factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode must be 'rows' or 'columns'; {mode!r} came.")
        self.mode = mode

    def __call__(self, x):
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer takes matrices, of 2 axes; the shape is {tuple(x.shape)}.")
        vectors = crossentropy.normalize(knp.transpose(x) if self.mode == "columns" else x, axis=1)
        size = vectors.shape[0]
        pairs = knp.matmul(vectors, knp.transpose(vectors)) * (1.0 - knp.eye(size))
        return self.factor * 0.5 * knp.sum(knp.absolute(pairs)) / max(1.0, size * (size - 1.0) / 2.0)
