"""Categories hashed into a fixed number of bins, without a vocabulary."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import dtypes
from kerata.core.fields import Field, dataclass, field
from kerata.core.types import Tree
from kerata.layers.arguments import OneOf, PositiveInt
from kerata.layers.preprocessing import fingerprints
from kerata.layers.preprocessing.base import HostLayer
from kerata.layers.preprocessing.encoding import MODES, Sparse, encoded_on_host, encoded_shape

# The fingerprint that crossings of features begin with, as in TensorFlow's sparse_cross_hashed.
_CROSSING_START = np.uint64(0xDECAFCAFFE)


def as_bytes(values, encoding="utf-8"):
    """Numbers and texts as bytes: numbers as they are written."""
    flat = np.asarray(values)
    if flat.dtype.kind == "f":
        listed: list[Any] = [f"{x:f}" for x in flat.ravel().tolist()]
    else:
        listed = [x if isinstance(x, bytes) else str(x) for x in flat.ravel().tolist()]
    result = np.empty(len(listed), object)
    result[:] = [x if isinstance(x, bytes) else x.encode(encoding) for x in listed]
    return result.reshape(flat.shape)


class HashDType(Field[Any, Any]):
    """A dtype; that of integers if None, where the output is numbers of bins."""

    def convert(self, value, name, owner):
        return "int64" if value is None and owner.output_mode == "int" else value


class Salt(Field[int | Sequence[int] | None, list[int] | None]):
    """A pair of non-negative integers, from one or two, or None."""

    def convert(self, value, name, owner):
        if value is None:
            return None
        pair = list(value) if isinstance(value, (list, tuple)) else [value, value]
        if len(pair) != 2 or not all(isinstance(x, (int, np.integer)) and x >= 0 for x in pair):
            raise ValueError(
                f"{type(owner).__name__}: {name} must be a non-negative integer or a pair of them; {value!r} came."
            )
        return pair


class _Encoding(HostLayer):
    """A layer whose output has a mode."""

    output_mode: Any


@dataclass(unlisted=("dtype",))
class _Hashed(_Encoding):
    """What hashing layers share: their output."""

    num_bins: PositiveInt
    dtype: HashDType = field(default=None, kw_only=True, attribute="dtype_policy")

    def __post_init__(self):
        super().__post_init__()
        if self.output_mode == "int" and not dtypes.is_int_dtype(self.compute_dtype):
            raise ValueError(
                f"{type(self).__name__}: with output_mode='int' the dtype is that of integers; {self.compute_dtype!r} came."
            )

    def _form(self, shape):
        if self.output_mode == "int":
            return tuple(shape), self.compute_dtype
        return encoded_shape(tuple(shape), self.num_bins, self.output_mode), self._vector_dtype()

    def _vector_dtype(self):
        return self.compute_dtype if dtypes.is_float_dtype(self.compute_dtype) else "float32"

    def _encoded(self, bins):
        if self.output_mode == "int":
            return bins.astype(self.compute_dtype)
        return encoded_on_host(bins, self.num_bins, self.output_mode, self._vector_dtype())


@dataclass
class Hashing(_Hashed):
    """Texts and whole numbers as numbers of bins, by a hash that is the same everywhere.

    Shapes: "int" (batch, n) -> the same; "one_hot" (batch, n) -> (batch, n, num_bins); "multi_hot" and "count"
    (batch, n) -> (batch, num_bins).

    Args:
        num_bins: how many bins there are, that of the mask among them.
        mask_value: what goes to bin 0, which is then for it alone.
        salt: None for FarmHash's fingerprint; an integer or a pair of them for SipHash with that key, whose bins nobody
            can foresee who does not know it.
        output_mode: "int" for the bins' numbers, or the vectors of `CategoryEncoding`: "one_hot", "multi_hot", "count".
        sparse: whether vectors are a sparse tensor.

    Source: Weinberger et al. 2009, "Feature hashing for large scale multitask learning", arXiv:0902.2206.

    >>> import kerata
    >>> kerata.layers.Hashing(3)([["A"], ["B"], ["C"], ["D"], ["E"]]).tolist()
    [[1], [0], [1], [1], [2]]
    """

    mask_value: str | int | None = None
    salt: Salt = Salt(None)
    output_mode: OneOf = OneOf("int", "int", *MODES)
    sparse: Sparse = Sparse(False)

    @property
    def strong_hash(self) -> bool:
        """Whether texts are hashed by a key: without it nobody can tell their bins."""
        return self.salt is not None

    def __post_init__(self):
        super().__post_init__()
        if self.mask_value is not None and self.num_bins < 2:
            raise ValueError("Hashing: with a mask_value num_bins must be at least 2, as bin 0 is for the mask alone.")

    def output_form(self, shapes: Any) -> Any:
        return self._form(shapes)

    def on_host(self, inputs: Tree) -> Any:
        data = as_bytes(inputs)
        count = self.num_bins if self.mask_value is None else self.num_bins - 1
        bins = hashed(data, count, self.salt)
        if self.mask_value is not None:
            bins = np.where(data == as_bytes(self.mask_value)[()], 0, bins + 1)
        return self._encoded(bins)


def hashed(data, count, salt=None):
    """The bin, from 0 to `count - 1`, of each element of an array of bytes."""
    hashes = fingerprints.fingerprints(data) if salt is None else fingerprints.keyed_hashes(data, salt)
    return (hashes % np.uint64(count)).astype("int64")


@dataclass(after={"name": "sparse", "dtype": "name"})
class HashedCrossing(_Hashed):
    """Combinations of two or more categorical features as numbers of bins.

    Shapes: several of (batch,) or (batch, 1) -> the same, "one_hot" (batch, num_bins).

    Args:
        num_bins: how many bins there are.
        output_mode: "int" for the bins' numbers, "one_hot" for vectors.
        sparse: whether vectors are a sparse tensor.

    Raises: ValueError for fewer than two features, other shapes, or features that are neither text nor whole numbers.

    >>> import kerata, numpy as np
    >>> kerata.layers.HashedCrossing(5)((np.array(["A", "B", "A"]), np.array([101, 101, 102]))).tolist()
    [1, 4, 3]
    """

    output_mode: OneOf = OneOf("int", "int", "one_hot")
    sparse: Sparse = Sparse(False)

    def call(self, inputs: Tree) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError("HashedCrossing: a list of two or more features is expected.")
        return super().call([x if hasattr(x, "shape") else np.asarray(x) for x in inputs])

    def output_form(self, shapes: Any) -> Any:
        shapes = [tuple(shape) for shape in shapes]
        first = shapes[0]
        if any(len(s) != len(first) or any(None not in (a, b) and a != b for a, b in zip(s, first)) for s in shapes):
            raise ValueError(f"HashedCrossing: the features must have one shape; {', '.join(map(str, shapes))} came.")
        if len(first) > 2 or len(first) == 2 and first[1] not in (1, None):
            raise ValueError(f"HashedCrossing: features have the shape (), (batch,) or (batch, 1); {first} came.")
        return self._form(first)

    def on_host(self, inputs: Tree) -> Any:
        result = np.full(inputs[0].shape, _CROSSING_START)
        for feature in inputs:
            if feature.dtype.kind not in "iubOUS":
                raise ValueError(
                    f"HashedCrossing: features are texts or whole numbers; one of dtype {feature.dtype} came. Sort numbers "
                    "into bins first, with Discretization."
                )
            whole = feature.dtype.kind in "iub"
            result = fingerprints.combined(
                result, feature.astype("int64").astype("uint64") if whole else fingerprints.fingerprints(as_bytes(feature))
            )
        return self._encoded((result % np.uint64(self.num_bins)).astype("int64"))

    def get_config(self) -> dict[str, Any]:
        names = ("num_bins", "output_mode", "sparse", "name")
        return {name: getattr(self, name) for name in names} | {"dtype": self.dtype}
