"""Functions of numbers, or of small tensors, made functions of tensors of them."""

import functools
import re
from typing import Any

import optree

from kerata import engines
from kerata.core.arrays import as_array
from kerata.core.types import Tensor
from kerata.engines.shapes import broadcast_shapes
from kerata.ops import numpy as knp
from kerata.ops.shaping import reshape


def _axes(signature, count):
    """How many of each argument's axes the function itself takes, by a signature such as `(m,n),(n)->(m)`."""
    if signature is None:
        return [0] * count
    if not re.fullmatch(r"(\([\w,]*\),?)+->(\([\w,]*\),?)+", signature.replace(" ", "")):
        raise ValueError(f"vectorize: signature {signature!r} can't be read; one looks like '(m,n),(n)->(m)'.")
    ranks = [len([n for n in part.split(",") if n.strip()]) for part in re.findall(r"\(([^)]*)\)", signature.split("->")[0])]
    if len(ranks) != count:
        raise ValueError(f"vectorize: signature {signature!r} names {len(ranks)} arguments; {count} came.")
    return ranks


def vectorize(pyfunc: Any, *, excluded: Any = None, signature: Any = None) -> Tensor:
    """A function applied to all elements of its arguments, which broadcast together.

    Args:
        pyfunc: a function of numbers, or of tensors of the axes that the signature names.
        excluded: numbers of arguments that are passed on as they are.
        signature: the axes that belong to the function, as in `"(m,n),(n)->(m)"`; the others are gone through.

    Raises: ValueError for what is no function and, when the result is called, for a signature that does not fit.

    >>> vectorize(lambda a, b: a + b)([1, 2, 3], 2).tolist()
    [3, 4, 5]
    """
    if not callable(pyfunc):
        raise ValueError(f"vectorize takes a function; {pyfunc!r} came.")
    left_out = frozenset(excluded or ())

    @functools.wraps(pyfunc)
    def call(*args, **kwargs):
        places = [i for i in range(len(args)) if i not in left_out]
        arrays = [as_array(args[i]) for i in places]
        ranks = _axes(signature, len(arrays))
        outer = [tuple(x.shape)[: len(x.shape) - rank] for x, rank in zip(arrays, ranks)]
        shape = broadcast_shapes(*outer) if outer else ()

        def run(elements):
            full = list(args)
            for i, element in zip(places, elements):
                full[i] = element
            return pyfunc(*full, **kwargs)

        if not shape:
            return run(arrays)
        rows = [_rows(x, shape, rank) for x, rank in zip(arrays, ranks)]
        results = engines.current().vectorized_map(run, rows)
        return optree.tree_map(lambda y: reshape(y, (*shape, *y.shape[1:])), results)

    return call


def _rows(x, shape, rank):
    """`x` repeated to the outer shape, its outer axes made one."""
    inner = tuple(x.shape)[len(x.shape) - rank :]
    missing = len(shape) + rank - len(x.shape)
    x = knp.expand_dims(x, tuple(range(missing))) if missing else x
    return reshape(knp.broadcast_to(x, (*shape, *inner)), (-1, *inner))


__all__ = ["vectorize"]
