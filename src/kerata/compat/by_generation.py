"""What differs between the generations of Keras."""

from collections.abc import Callable
from typing import Any


class ByGeneration:
    """A thing that differs between generations: `of(generation)` is that of one, or None for what there is today.

    >>> import types
    >>> greeting = ByGeneration(lambda generation: f"I am {generation.name}")
    >>> greeting.of(types.SimpleNamespace(name="keras1"))
    'I am keras1'
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self.of = make
