"""The base class of initializers, and the seeds of the random ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import dtypes, seeds, serialization
from kerata.core.configurable import Configurable
from kerata.core.fields import Field, dataclass, field
from kerata.core.types import DType
from kerata.engines.state import outside_scopes


@dataclass
class Initializer(Configurable):
    """A function `(shape, dtype)` that gives a weight its first value.

    A subclass writes `__call__(self, shape, dtype=None)`. Those of kerata return NumPy arrays, drawn on the host.

    >>> import kerata
    >>> class Thirds(kerata.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return kerata.ops.full(shape, 1 / 3, dtype)
    >>> kerata.initializers.get(Thirds()).__class__.__name__
    'Thirds'
    """

    # Whether a variable may put off the draw until its value is needed.
    deferrable = False

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        """A value of the shape and dtype asked for."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, shape, dtype=None).")

    def clone(self) -> Any:
        """A like initializer."""
        return type(self).from_config(self.get_config())


class Seed(Field[int | seeds.SeedGenerator | dict[str, Any] | None, int | seeds.SeedGenerator]):
    """An integer; a `SeedGenerator`, or its JSON form; None for one that is drawn."""

    def convert(self, value, name, owner):
        value = serialization.deserialize_keras_object(value) if isinstance(value, dict) else value
        if value is not None and not isinstance(value, (int, np.integer, seeds.SeedGenerator)):
            raise ValueError(f"A seed is an integer, a SeedGenerator or None; {value!r} came.")
        return value


@dataclass
class RandomInitializer(Initializer):
    """An initializer with a seed: an integer gives the same values each time, a `SeedGenerator` new ones."""

    seed: Seed = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self._given_seed, self.deferrable = self.seed, not isinstance(self.seed, seeds.SeedGenerator)
        if self.seed is None:
            self.seed = seeds.make_default_seed()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the seed as it was given."""
        return super().get_config() | {"seed": serialization.serialize_keras_object(self._given_seed)}

    def generator(self) -> Any:
        """A NumPy generator at the start of this initializer's stream."""
        seed = self.seed
        if isinstance(seed, seeds.SeedGenerator):
            with outside_scopes():
                state = seed.state.numpy()
                seed.state.assign(state + np.array([0, 1], "uint32"))
            seed = (int(state[0]) << 32) + int(state[1])
        return seeds.host_generator(seed)


def as_dtype(array, dtype):
    """A host array in the dtype asked for, `floatx()` for None."""
    return array.astype(dtypes.numpy_dtype(dtypes.standardize_dtype(dtype)), copy=False)


def as_float_dtype(array, dtype):
    """A drawn host array in the dtype asked for.

    Raises: ValueError for a dtype that is none of floats, in which next to nothing of the distribution would be left.
    """
    if not dtypes.is_float_dtype(dtypes.standardize_dtype(dtype)):
        raise ValueError(f"Random initializers draw floats; dtype {dtype} was asked for.")
    return as_dtype(array, dtype)
