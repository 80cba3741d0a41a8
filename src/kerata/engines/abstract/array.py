"""An array of the abstract engine: a shape, with None for what is unknown, and a dtype."""

from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.engines.shapes import OutOfRange, broadcast_shapes


class NoAbstractRule(AttributeError):
    """A function has no rule here; its shape is found by the default engine's own tracing."""


class AbstractArray:
    """A shape and a dtype."""

    if TYPE_CHECKING:

        def __getitem__(self, key: Any) -> Any: ...

    def __init__(self, shape, dtype):
        self.shape = tuple(shape)
        self.dtype = dtype

    @property
    def ndim(self):
        return len(self.shape)

    def __repr__(self):
        return f"<{type(self).__name__} shape={self.shape} dtype={self.dtype}>"

    def __array__(self, *args, **kwargs):
        raise TypeError(
            f"{self!r} stands for a tensor of a model that is being built; it has no values, so NumPy can't be used on it. "
            "Use the functions of `ops` (`keras.ops.sum(x)` instead of `np.sum(x)`), or wrap the code in a Layer."
        )

    def __bool__(self):
        raise TypeError(
            f"{self!r} has no values, so it can't be used in `if` or `while`. Use `ops.cond` or `ops.where` instead."
        )

    def __iter__(self):
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"{self!r} can't be iterated over: its first dimension is unknown.")
        return (self[i] for i in range(self.shape[0]))

    def __len__(self):
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"{self!r} has no known length.")
        return self.shape[0]


class SparseAbstractArray(AbstractArray):
    """The shape and dtype of a sparse tensor."""

    argument_kind = "sparse"


class RaggedAbstractArray(AbstractArray):
    """The shape and dtype of a ragged tensor."""

    argument_kind = "ragged"


def indexed(shape, key):
    """The shape of `x[key]` for basic indices, one boolean mask, or integer arrays."""
    key = list(key) if isinstance(key, tuple) else [key]
    count = sum(
        1 if not isinstance(k, AbstractArray) or k.dtype != "bool" else k.ndim
        for k in key
        if k is not None and k is not Ellipsis
    )
    if not any(k is Ellipsis for k in key):
        key.append(Ellipsis)
    at = next(i for i, k in enumerate(key) if k is Ellipsis)
    if count > len(shape):
        raise OutOfRange(f"Too many indices ({count}) for a tensor of shape {shape}.")
    key[at : at + 1] = [slice(None)] * (len(shape) - count)
    result: list[int | None] = []
    arrays, first_array, axis = [], None, 0
    for k in key:
        if k is None:
            result.append(1)
            continue
        dim = shape[axis]
        if isinstance(k, slice):
            result.append(_sliced(dim, k))
        elif isinstance(k, AbstractArray) and k.dtype == "bool":
            result.append(None)
            axis += k.ndim - 1
        elif isinstance(k, (AbstractArray, np.ndarray, list)):
            if first_array is None:
                first_array = len(result)
            arrays.append(np.shape(k) if not isinstance(k, AbstractArray) else k.shape)
        elif isinstance(k, (str, float)):
            raise ValueError(f"A tensor of shape {shape} can't be indexed with {k!r}: an index is an integer or a slice.")
        else:
            if isinstance(k, (int, np.integer)) and dim is not None and not -dim <= k < dim:
                raise OutOfRange(f"Index {k} is out of range for axis {axis} of a tensor of shape {shape}.")
        axis += 1
    if arrays:
        result[first_array:first_array] = broadcast_shapes(*arrays)
    return tuple(result)


def _sliced(dim, key):
    if all(p is None or isinstance(p, (int, np.integer)) for p in (key.start, key.stop, key.step)):
        if dim is not None:
            return len(range(*key.indices(dim)))
        if key == slice(None) or (key.start in (None, 0) and key.stop is None and key.step == -1):
            return None
    return None
