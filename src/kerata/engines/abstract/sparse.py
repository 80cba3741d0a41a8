"""Sparse tensors as shapes; see `engines/README.md`."""

import optree

from kerata.engines.abstract.array import AbstractArray, RaggedAbstractArray, SparseAbstractArray


def is_own(x):
    """Whether `x` is sparse or ragged."""
    return isinstance(x, (SparseAbstractArray, RaggedAbstractArray))


def new(values, indices, shape):
    """A sparse tensor."""
    return SparseAbstractArray(shape, values.dtype)


summed = new


def to_dense(x):
    """The tensor with its zeros."""
    return AbstractArray(x.shape, x.dtype)


def like(x, tensors):
    """`x` as ragged as the given tensors are, or as sparse."""
    ragged = any(isinstance(leaf, RaggedAbstractArray) for leaf in optree.tree_leaves(tensors))
    return (RaggedAbstractArray if ragged else SparseAbstractArray)(x.shape, x.dtype)
