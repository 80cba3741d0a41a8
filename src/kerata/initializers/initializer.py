"""The base class of initializers, and the seeds of the random ones."""

import numpy as np

from kerata.core import dtypes, seeds
from kerata.core.configurable import Configurable
from kerata.engines.state import outside_scopes


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

    def __init__(self):
        """No arguments."""

    def __call__(self, shape, dtype=None):
        """A value of the shape and dtype asked for."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, shape, dtype=None).")

    def clone(self):
        """A like initializer."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """An initializer with a seed: an integer gives the same values each time, a `SeedGenerator` new ones."""

    def __init__(self, seed=None):
        if isinstance(seed, dict):
            from kerata.core import registry

            seed = registry.deserialize_keras_object(seed)
        if seed is not None and not isinstance(seed, (int, np.integer, seeds.SeedGenerator)):
            raise ValueError(f"A seed is an integer, a SeedGenerator or None; {seed!r} came.")
        self._given_seed = seed
        self.seed = seeds.make_default_seed() if seed is None else seed
        self.deferrable = not isinstance(seed, seeds.SeedGenerator)

    def get_config(self):
        """The constructor's arguments; the seed as it was given."""
        return super().get_config() | {"seed": _plain_seed(self._given_seed)}

    def generator(self):
        """A NumPy generator at the start of this initializer's stream."""
        seed = self.seed
        if isinstance(seed, seeds.SeedGenerator):
            with outside_scopes():
                state = seed.state.numpy()
                seed.state.assign(state + np.array([0, 1], "uint32"))
            seed = (int(state[0]) << 32) + int(state[1])
        return seeds.host_generator(seed)


def _plain_seed(seed):
    from kerata.core import registry

    return registry.serialize_keras_object(seed)


def as_dtype(array, dtype):
    """A host array in the dtype asked for, `floatx()` for None."""
    return array.astype(dtypes.numpy_dtype(dtypes.standardize_dtype(dtype)), copy=False)
