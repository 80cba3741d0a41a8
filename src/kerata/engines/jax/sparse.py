"""JAX's sparse tensors, `BCOO`; see `engines/README.md`. Places outside of the shape hold nothing: they fill up."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import sparse

HAS_RAGGED = False


def is_own(x):
    """Whether `x` is a sparse tensor of JAX."""
    return isinstance(x, sparse.JAXSparse)


def plain(x):
    """`x` with a number for each place, and each place once."""
    if not isinstance(x, sparse.BCOO):
        x = x.to_bcoo() if hasattr(x, "to_bcoo") else sparse.BCOO.fromdense(x.todense())
    if x.n_batch or x.n_dense:
        x = sparse.bcoo_update_layout(x, n_batch=0, n_dense=0, on_inefficient=None)
    return x if x.unique_indices else x.sum_duplicates(nse=x.nse)


def new(values, indices, shape):
    """A sparse tensor from values (places,) and indices (places, axes), each once; what is outside of the shape is left out."""
    indices = jnp.where(jnp.any(indices < 0, axis=1, keepdims=True), jnp.asarray(shape, indices.dtype), indices)
    made = sparse.BCOO((values, indices.astype("int32")), shape=tuple(shape), unique_indices=True)
    return with_values(made, values)


def summed(values, indices, shape):
    """A sparse tensor whose values of one place are added up."""
    made = new(values, indices, shape)
    made.unique_indices = False
    return made.sum_duplicates(nse=made.nse)


def parts(x):
    """Values (places,) and indices (places, axes)."""
    return x.data, x.indices


def coordinates(x):
    """Values, indices and shape on the host, each place once and none outside of the shape."""
    values, indices = map(np.asarray, parts(plain(x)))
    inside = np.all(indices < np.asarray(x.shape), axis=1)
    return values[inside], indices[inside], x.shape


def lengths(x):
    """The axes' lengths."""
    return x.shape


def with_values(x, values):
    """`x` with other values, 0 where it is filled up."""
    inside = jnp.all(x.indices < jnp.asarray(x.shape, x.indices.dtype), axis=1)
    values = jnp.where(inside, values, jnp.zeros((), values.dtype))
    return sparse.BCOO((values, x.indices), shape=x.shape, indices_sorted=x.indices_sorted, unique_indices=x.unique_indices)


def to_dense(x):
    """The tensor with its zeros."""
    if x.dtype != bool:
        return x.todense()
    return with_values(plain(x), plain(x).data.astype("int8")).todense().astype(bool)  # it adds values up


def from_dense(x):
    """The sparse tensor of a dense one; inside a compiled program with all its places."""
    return sparse.BCOO.fromdense(x, nse=math.prod(x.shape) if isinstance(x, jax.core.Tracer) else None)


def at_places(dense, x):
    """The values of a dense tensor at the places of `x`."""
    return dense.at[tuple(jnp.moveaxis(x.indices, 1, 0))].get(mode="clip")


def union(x, y):
    """The places of both, whatever their values."""
    indices = jnp.concatenate([x.indices, y.indices])
    both = sparse.BCOO((jnp.ones(len(indices), x.dtype), indices), shape=x.shape)
    return both.sum_duplicates(nse=x.nse + y.nse)


def transpose(x, axes):
    """`x` with its axes in another order."""
    return x.transpose(tuple(axes))


def reshape(x, shape):
    """`x` in another shape."""
    return x.reshape(tuple(shape))


def concatenate(xs, axis):
    """Sparse tensors beside each other."""
    return sparse.bcoo_concatenate(xs, dimension=axis % xs[0].ndim)


def add(x, y):
    """The sum of two of one shape."""
    data, indices = jnp.concatenate([x.data, y.data]), jnp.concatenate([x.indices, y.indices])
    return sparse.BCOO((data, indices), shape=x.shape).sum_duplicates(nse=x.nse + y.nse)


def total(x, axes, keepdims):
    """The sum over axes."""
    result = sparse.bcoo_reduce_sum(x, axes=axes).sum_duplicates(nse=x.nse)
    return reshape(result, [1 if i in axes else n for i, n in enumerate(x.shape)]) if keepdims else result


def matmul(x, y):
    """The product; sparse where both are."""
    result = x @ y
    return plain(result) if is_own(result) else result
