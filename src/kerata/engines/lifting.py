"""What every engine does to run a stateful function as a pure one: listing its variables, writing back what it assigned.

A function may touch variables that nobody listed; a trace finds them, and is made again with them. Shapes that the abstract
engine can't tell are inferred by two traces: what differs between them is unknown.
"""

import optree

from kerata.engines.abstract.array import AbstractArray
from kerata.engines.state import StateScope, UnlistedVariables, thread_context


class Listing:
    """Attempts to trace a function with the variables that it touches listed: each finds some that are missing, or is the last.

    >>> missing, variables = ["a"], []
    >>> for attempt in Listing(variables):
    ...     with attempt:
    ...         if missing:
    ...             raise UnlistedVariables([missing.pop()])
    >>> variables
    ['a']

    Args:
        variables: a list, which grows by those found.
    """

    def __init__(self, variables):
        self.variables, self._done = variables, False

    def __iter__(self):
        while not self._done:
            yield self

    def __enter__(self):
        self._done = True

    def __exit__(self, kind, error, traceback):
        if kind is not None and issubclass(kind, UnlistedVariables):
            self.variables.extend(error.variables)
            self._done = False
        return kind is not None and not self._done


def write(owners, values):
    """Assign values that came out of a function beside its result."""
    for variable, value in zip(owners, values):
        variable.write(value)


def inferred(engine, run, probes, args, kwargs):
    """The shapes and dtypes of a function's result, for arguments that are arrays of shapes and dtypes.

    Args:
        engine: the engine, which is in force while `run` is called.
        run: `run(specs, rebuilt, probe)` runs the function on arrays made for the specs, an unknown length being `probe`;
            `rebuilt(arrays)` makes the function's arguments of them.
        probes: two lengths.
    """
    leaves, treedef = optree.tree_flatten((args, kwargs))
    slots = [i for i, x in enumerate(leaves) if isinstance(x, AbstractArray)]

    def rebuilt(arrays):
        given = dict(zip(slots, arrays))
        return optree.tree_unflatten(treedef, [given.get(i, x) for i, x in enumerate(leaves)])

    with thread_context(engine=engine):
        results = [run([leaves[i] for i in slots], rebuilt, probe) for probe in probes]
    return optree.tree_map(lambda *pair: _merged(engine, *pair), *results)


def _merged(engine, first, second):
    """The spec of which two arrays are examples: an axis on which they differ has no known length."""
    if not hasattr(first, "shape"):
        return first
    return AbstractArray([m if m == n else None for m, n in zip(first.shape, second.shape)], engine.dtype(first))


def with_length(x, length):
    """The shape of a spec, its unknown axes being of this length."""
    return [length if d is None else d for d in x.shape]


def in_a_scope(fn, arguments):
    """`fn(*args, **kwargs)`, whose assignments nobody sees."""
    args, kwargs = arguments
    with StateScope():
        return fn(*args, **kwargs)
