"""One call of an op, as a case for the laws of `tests/engines/test_agreement.py`, and numbers to call it with."""

import dataclasses

import numpy as np
import optree

RANDOM = np.random.default_rng(0)


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
    """An op, its arguments, and which of the arrays among them have a free first axis (all of one length)."""

    op: str
    args: tuple
    kwargs: dict
    free: tuple = (0,)
    smooth: bool = True  # whether differences of the outputs are their gradients, on every engine

    @property
    def arrays(self):
        """The arrays among the arguments."""
        return [x for x in optree.tree_leaves(self.args) if isinstance(x, np.ndarray)]

    def arguments(self, arrays):
        """The arguments with other arrays in the places of these."""
        arrays = iter(arrays)
        return optree.tree_map(lambda x: next(arrays) if isinstance(x, np.ndarray) else x, self.args)

    @property
    def name(self):
        """A name for reports."""
        return " ".join([self.op, *(f"{k}={v}" for k, v in self.kwargs.items() if not isinstance(v, np.ndarray))])


def call(op, *args, free=(0,), smooth=True, **kwargs):
    return Call(op, args, kwargs, free, smooth)


def floats(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def between(low, high, *shape):
    return RANDOM.uniform(low, high, shape).astype("float32")


def integers(high, *shape):
    return RANDOM.integers(0, high, shape).astype("int32")
