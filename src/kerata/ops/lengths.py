"""The lengths of a tensor's axes, where an engine's graph may leave one open until it runs."""

import numpy as np

from kerata import engines


def lengths_of(x, *axes):
    """The lengths of axes, and the numpy-like namespace to compute with them; None while a model is being built.

    The namespace is NumPy, and the lengths are numbers, unless an engine's graph leaves one open until it runs.
    """
    lengths, engine = [x.shape[axis] for axis in axes], engines.current()
    if None not in lengths:
        return np, *lengths
    if engine.is_abstract:
        return np, *engine.told_by_shapes(lengths)
    shape = engine.xp.shape(x)
    return engine.xp, *[shape[axis] if n is None else n for axis, n in zip(axes, lengths)]


def run_time_shape(x):
    """The shape, with numbers of the graph for the lengths that an engine's graph leaves open."""
    return list(x.shape) if engines.current().is_abstract else lengths_of(x, *range(len(x.shape)))[1:]
