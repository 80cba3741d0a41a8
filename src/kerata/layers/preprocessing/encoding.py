"""Categories as vectors: one-hot, multi-hot, counts."""

import math
from typing import Any, SupportsIndex

import numpy as np

from kerata import ops
from kerata.core import findings
from kerata.core.arrays import as_array, static_shape
from kerata.core.fields import Field, dataclass
from kerata.core.sparse import check_available
from kerata.core.types import Shape, Tree
from kerata.layers.arguments import OneOf, positive_integer
from kerata.layers.preprocessing.base import DataLayer

MODES = ("one_hot", "multi_hot", "count")


class Sparse(Field[bool, bool]):
    """Whether outputs are sparse tensors."""

    def convert(self, value, name, owner):
        """Raises: ValueError for True on an engine without sparse tensors, and where numbers come out, not vectors."""
        if value and owner.output_mode == "int":
            raise ValueError(
                f"{type(owner).__name__}: {name}=True goes with an output_mode of vectors, such as 'multi_hot'; 'int' came."
            )
        return check_available(type(owner).__name__, value)


class NumberOfTokens(Field[SupportsIndex | None, int]):
    """How many categories there are: a positive integer, whose default is no answer."""

    def convert(self, value, name, owner):
        """Raises: ValueError for None, and for what is no positive integer."""
        if value is None:
            raise ValueError(f"{type(owner).__name__}: {name} must be given; IntegerLookup finds the categories by itself.")
        return positive_integer(value, name, owner)


def encoded_shape(shape, depth, mode):
    """The shape of `encoded` categories that had this one."""
    if mode != "one_hot" or len(shape) > 1 and shape[-1] == 1:
        return (*shape[:-1], depth)
    return (*shape, depth) if shape else (1, depth)


def encoded(categories, depth, mode, dtype, weights=None, sparse=False):
    """Whole numbers below `depth` as vectors of that length.

    Shapes: one-hot (..., n) -> (..., n, depth), (..., 1) -> (..., depth); otherwise (..., n) -> (..., depth). One number
    is like (1,), for a row of its own if one-hot.
    """
    if len(static_shape(categories)) == 0:
        categories = ops.expand_dims(categories, 0)
        weights = None if weights is None else ops.expand_dims(weights, 0)
    if mode == "one_hot":
        shape = static_shape(categories)
        squeezed = ops.squeeze(categories, -1) if len(shape) > 1 and shape[-1] == 1 else categories
        return ops.one_hot(squeezed, depth, dtype=dtype, sparse=sparse)
    if sparse:
        return _sparsely_encoded(categories, depth, mode, dtype, weights)
    codes = ops.one_hot(categories, depth, dtype=dtype)
    if mode == "multi_hot":
        return ops.max(codes, axis=-2)
    if weights is not None:
        codes = codes * ops.expand_dims(ops.cast(weights, dtype), -1)
    return ops.cast(ops.sum(codes, axis=-2), dtype)


def _sparsely_encoded(categories, depth, mode, dtype, weights):
    *leading, count = static_shape(categories)
    rows = ops.reshape(categories, (-1, count))
    weights = None if weights is None else ops.reshape(weights, (-1, count))
    counts = ops.cast(ops.bincount(rows, weights, minlength=depth, sparse=True), dtype)
    counts = ops.sign(counts) if mode == "multi_hot" else counts
    return ops.reshape(counts, [-1 if n is None else n for n in (*leading, depth)])


def encoded_on_host(categories, depth, mode, dtype, factors=None):
    """The same in NumPy, for large `depth`: without the one-hot codes in between. Numbers below 0 count nothing.

    Args:
        factors: what each category's count is multiplied by.
    """
    shape = encoded_shape(categories.shape, depth, mode)
    rows = categories.reshape(-1, 1) if mode == "one_hot" else categories.reshape(math.prod(categories.shape[:-1]), -1)
    number, place = np.nonzero((rows >= 0) & (rows < depth))
    result = np.zeros((len(rows), depth), dtype)
    found = rows[number, place]
    if mode in ("one_hot", "multi_hot"):
        result[number, found] = 1
    else:
        np.add.at(result, (number, found), 1)
    return (result if factors is None else result * np.asarray(factors, dtype)).reshape(shape)


@dataclass
class CategoryEncoding(DataLayer):
    """Whole numbers from 0 to `num_tokens - 1` as vectors of zeros and ones, or of counts.

    Shapes: "one_hot" (batch, n) -> (batch, n, num_tokens), (batch, 1) and (batch,) -> (batch, num_tokens);
    "multi_hot" and "count" (batch, n) -> (batch, num_tokens).

    Args:
        num_tokens: how many categories there are.
        output_mode: "one_hot" gives each number a vector, "multi_hot" each row one with ones for all that are in it,
            "count" one that says how often each is in it.
        sparse: whether the vectors are a sparse tensor.

    Raises: ValueError for numbers out of range.

    >>> import kerata
    >>> kerata.layers.CategoryEncoding(4, output_mode="count")([[0, 1, 1], [3, 2, 0]]).tolist()
    [[1.0, 2.0, 0.0, 0.0], [1.0, 0.0, 1.0, 1.0]]
    """

    num_tokens: NumberOfTokens = NumberOfTokens(None)
    output_mode: OneOf = OneOf("multi_hot", *MODES)
    sparse: Sparse = Sparse(False)

    def call(self, inputs: Tree, count_weights: Any = None) -> Any:
        """The vectors; `count_weights`, of the inputs' shape, says how much each number counts, with "count"."""
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f"CategoryEncoding: count_weights go with output_mode='count'; this layer has {self.output_mode!r}."
            )
        inputs = ops.cast(as_array(inputs), "int32")
        numbers = inputs if static_shape(inputs) else ops.reshape(inputs, (1,))
        findings.check_range(numbers, self.num_tokens, self._out_of_range, key=id(self))
        return encoded(inputs, self.num_tokens, self.output_mode, self.compute_dtype, count_weights, self.sparse)

    def get_config(self) -> dict[str, Any]:
        """The arguments; `sparse`, which Keras's files lack, where it is True."""
        config = super().get_config()
        return config if self.sparse else {name: value for name, value in config.items() if name != "sparse"}

    def _out_of_range(self, number):
        return f"Category {number} is out of range for num_tokens={self.num_tokens} (0 to {self.num_tokens - 1})."

    def compute_output_shape(self, input_shape: Shape) -> Any:
        return encoded_shape(tuple(input_shape), self.num_tokens, self.output_mode)
