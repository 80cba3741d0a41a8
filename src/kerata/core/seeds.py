"""Randomness: one seed for the process, and generators whose state is a variable."""

import random as python_random
from typing import Any

import numpy as np

from kerata import engines
from kerata.core import naming, suggestions
from kerata.core.types import Seed
from kerata.core.variable import Variable, independent_copy


class _Global:
    seed: int | None = None
    count = 0
    generator: "SeedGenerator | None" = None


_global = _Global()


def set_random_seed(seed: Seed) -> None:
    """Seed Python, NumPy and kerata: the same program then has the same weights, shuffles and draws again.

    Raises: ValueError if `seed` is no integer.

    >>> import kerata
    >>> kerata.utils.set_random_seed(1)
    >>> first = kerata.random.uniform((3,)).tolist()
    >>> kerata.utils.set_random_seed(1)
    >>> kerata.random.uniform((3,)).tolist() == first
    True
    """
    if not isinstance(seed, (int, np.integer)):
        raise ValueError(f"A seed is an integer; {seed!r} came.")
    python_random.seed(int(seed))
    np.random.seed(seed % 2**32)
    _global.seed, _global.count, _global.generator = int(seed), 0, None


def get_random_seed():
    """The seed that was set, or None."""
    return _global.seed


def make_default_seed():
    """A fresh seed: the next one of the process's seed, else a random one."""
    if _global.seed is None:
        return python_random.SystemRandom().randint(1, 2**31 - 1)
    _global.count += 1
    return int(np.random.SeedSequence([_global.seed % 2**64, _global.count]).generate_state(1)[0] >> 1)


def host_generator(seed):
    """A NumPy generator (Philox, counter-based: Salmon et al. 2011) for draws on the host."""
    return np.random.Generator(np.random.Philox(seed=np.random.SeedSequence(int(seed) % 2**64)))


class SeedGenerator:
    """A source of seeds whose state is a variable, so that compiled programs draw anew each time and runs can be saved.

    Args:
        seed: an integer, or None for one from the process's seed.

    >>> import kerata
    >>> seeds = kerata.random.SeedGenerator(7)
    >>> a = kerata.random.uniform((), seed=seeds)
    >>> b = kerata.random.uniform((), seed=seeds)
    >>> bool(a != b)
    True
    """

    is_part = True

    def __init__(self, seed: Seed = None, name: str | None = None, **kwargs: Any) -> None:
        suggestions.refuse(type(self), kwargs)
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ValueError(f"A seed is a non-negative integer; {seed!r} came.")
        if name is not None and not isinstance(name, str):
            raise ValueError(f"A generator's name is a text; {name!r} came.")
        self.name = name or naming.auto_name("seed_generator")
        self._initial = make_default_seed() if seed is None else int(seed)
        self.seed = seed
        state = np.array([self._initial % 2**32, 0], "uint32")
        with naming.name_scope(self.name):
            self.state = Variable(state, dtype="uint32", trainable=False, aggregation="none", name="seed_generator_state")

    def next(self, ordered: bool = True) -> Any:
        """The next seed: two unsigned integers, the seed and a counter.

        Args:
            ordered: accepted; seeds come in the order in which they are asked for in any case.
        """
        engine = engines.current()
        if engine.is_abstract:
            return self.state.value
        now, owner = self.state.raw(), engines.get(self.state.engine_name)
        self.state.write(owner.next_seed(now))
        return now if engine is owner else engine.asarray(owner.to_numpy(now))

    __copy__ = independent_copy

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this generator."""
        return {"seed": self._initial, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A generator from its config."""
        return cls(**config)


def global_generator():
    """The generator of draws that name no seed."""
    if _global.generator is None:
        _global.generator = SeedGenerator(name="global_seed_generator")
    return _global.generator


def draw_seed(seed):
    """An engine array of two unsigned integers from a generator, an integer, an array, or None."""
    if seed is None:
        seed = global_generator()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, (float, str, list, tuple, dict)):
        raise ValueError(f"A seed is an integer, a SeedGenerator or None; {seed!r} came.")
    if isinstance(seed, (int, np.integer)):
        seed = np.array([int(seed) % 2**32, 0], "uint32")
    return engines.current().asarray(seed, "uint32")
