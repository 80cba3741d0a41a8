"""Penalties on weights and outputs."""

import math
from typing import Any, SupportsFloat

from kerata import ops
from kerata.core.arguments import OneOf, wrong_value
from kerata.core.configurable import Configurable
from kerata.core.fields import Field, dataclass
from kerata.core.types import TensorLike
from kerata.ops import crossentropy


@dataclass
class Regularizer(Configurable):
    """A penalty: a function of a tensor that returns a scalar to be added to the loss.

    >>> import kerata
    >>> class Largest(kerata.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return kerata.ops.max(kerata.ops.abs(x))
    >>> float(Largest()([1.0, -3.0]))
    3.0
    """

    def __call__(self, x: TensorLike) -> Any:
        """The penalty, a scalar."""
        return 0.0


class Factor(Field[SupportsFloat | None, float]):
    """A number; the default for None."""

    def convert(self, value, name, owner):
        """Raises: ValueError for what is no number."""
        value = self.default if value is None else value
        if isinstance(value, bool) or not hasattr(value, "__float__") or not 0 <= float(value) < math.inf:
            raise wrong_value(owner, name, "a finite number of at least 0", value)
        return float(value)


class Vectors(OneOf[str, str]):
    """Which vectors of a matrix."""

    values = ("rows", "columns")


@dataclass
class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x^2).

    >>> float(L1L2(0.1, 0.01)([1.0, -2.0]))
    0.35...
    """

    l1: Factor = Factor(0.0)
    l2: Factor = Factor(0.0)

    def __call__(self, x: TensorLike) -> Any:
        if not self.l1 and not self.l2:
            return ops.sum(ops.zeros_like(x))
        penalty = 0.0
        if self.l1:
            penalty = penalty + self.l1 * ops.sum(ops.absolute(x))
        if self.l2:
            penalty = penalty + self.l2 * ops.sum(ops.square(x))
        return penalty


@dataclass
class L1(Regularizer):
    """l1 * sum(|x|).

    >>> float(L1(0.5)([1.0, -2.0]))
    1.5
    """

    l1: Factor = Factor(0.01)

    def __call__(self, x: TensorLike) -> Any:
        return self.l1 * ops.sum(ops.absolute(x))


@dataclass
class L2(Regularizer):
    """l2 * sum(x^2).

    >>> float(L2(0.5)([1.0, -2.0]))
    2.5
    """

    l2: Factor = Factor(0.01)

    def __call__(self, x: TensorLike) -> Any:
        return self.l2 * ops.sum(ops.square(x))


@dataclass
class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean of |cosine| over all pairs of rows, or of columns, of a matrix.

    Raises: ValueError for another mode than "rows" or "columns", or a tensor that is no matrix.

    >>> import numpy as np
    >>> float(OrthogonalRegularizer(0.5)(np.array([[1.0, 0.0], [0.0, 2.0]])))
    0.0
    >>> float(OrthogonalRegularizer(0.5)(np.array([[1.0, 0.0], [2.0, 0.0]])))
    0.5
    """

    factor: Factor = Factor(0.01)
    mode: Vectors = Vectors("rows")

    def __call__(self, x: TensorLike) -> Any:
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer takes matrices, of 2 axes; the shape is {tuple(x.shape)}.")
        vectors = crossentropy.normalize(ops.transpose(x) if self.mode == "columns" else x, axis=1)
        size = vectors.shape[0]
        pairs = ops.matmul(vectors, ops.transpose(vectors)) * (1.0 - ops.eye(size))
        return self.factor * 0.5 * ops.sum(ops.absolute(pairs)) / max(1.0, size * (size - 1.0) / 2.0)
