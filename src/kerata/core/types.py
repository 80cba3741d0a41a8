"""The types of public arguments and results.

A tensor's type depends on the engine in force, which no type checker knows: `Tensor` says what is meant, and takes part in
whatever an engine's own tensors can.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

Tensor: TypeAlias = Any  # a tensor of the engine in force, or a symbolic one
TensorLike: TypeAlias = Any  # a tensor, a `Variable`, an array, a number, or nested lists of numbers
Tree: TypeAlias = Any  # a tensor, or nested lists, tuples and dicts of them
Shape: TypeAlias = Sequence[int | None]
Axis: TypeAlias = int | Sequence[int] | None
DType: TypeAlias = Any  # "float32", or a dtype of NumPy's or of an engine's
Seed: TypeAlias = Any  # an integer, a `SeedGenerator`, or None for a new one each time
Path: TypeAlias = Any  # a text or a `pathlib.Path`
