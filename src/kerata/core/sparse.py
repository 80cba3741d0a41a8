"""Sparse tensors of any library: what they hold, and how they come to the engine in force."""

import math

import numpy as np
import optree

from kerata import engines
from kerata.core.operators import op_named
from kerata.engines.abstract.array import RaggedAbstractArray, SparseAbstractArray
from kerata.engines.kinds import RAGGED, SPARSE, kind_of, library_of
from kerata.engines.sparse_rows import KINDS_OF_ROWS, RaggedRows, SparseRows


def is_sparse(x):
    """Whether `x` is a sparse tensor: of JAX, TensorFlow or SciPy."""
    return kind_of(x) == SPARSE


def is_ragged(x):
    """Whether `x` is a ragged tensor of TensorFlow."""
    return kind_of(x) == RAGGED


def check_available(what, wanted=True, ragged=False):
    """Whether sparse (or ragged) tensors are wanted.

    Raises: ValueError if they are and the engine in force has none.
    """
    if wanted:
        engine, kind = engines.get(engines.concrete_name()), "ragged" if ragged else "sparse"
        if engine.sparse is None or ragged and not engine.sparse.HAS_RAGGED:
            raise ValueError(
                f"{what}: {kind}=True is not available, the {engine.title} engine has no {kind} tensors. Leave it out."
            )
    return bool(wanted)


def own(x):
    """A sparse or ragged tensor as one of the engine in force, dense where that has no sparse tensors.

    Raises: ValueError for ragged tensors on other engines than TensorFlow.
    """
    engine = engines.current()
    if engine.sparse is not None and engine.sparse.is_own(x):
        return x
    if is_ragged(x):
        raise ValueError(
            f"The {engine.title} engine has no ragged tensors. Pad the rows to one length first, x.to_tensor(), and mask what "
            "was added, or set KERATA_BACKEND=tensorflow."
        )
    values, indices, shape = coordinates(x)
    if engine.sparse is None:
        return engine.asarray(_with_zeros(values, indices, shape))
    return engine.sparse.new(engine.asarray(values), engine.asarray(indices), shape)


def rows_of(x):
    """A sparse or ragged tensor of any library on its way into a program; see `engines/sparse_rows.py`.

    Raises: ValueError for a ragged one on other engines than TensorFlow.
    """
    if is_ragged(x):
        check_available("Ragged data", ragged=True)
        values, lengths = engines.get(library_of(x)).sparse.ragged_rows(x)
        return RaggedRows(values, lengths)
    values, indices, shape = coordinates(x)
    order = np.argsort(indices[:, 0], kind="stable")
    values, indices = values[order], indices[order]
    counts = np.bincount(indices[:, 0], minlength=shape[0])
    most = 1 << (int(max(counts.max(initial=1), 1)) - 1).bit_length()  # so that batches of a stream have few shapes
    place = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    padded, where = np.zeros((shape[0], most), values.dtype), np.full((shape[0], most), -1, "int32")
    flat = np.ravel_multi_index(indices[:, 1:].T, shape[1:]) if shape[1:] else np.zeros(len(values), int)
    padded[indices[:, 0], place], where[indices[:, 0], place] = values, flat
    return SparseRows(padded, where, shape[1:])


def as_tensors(structure):
    """A structure of arrays, sparse and ragged rows among them, as the engine's tensors; dense on one without sparse ones."""
    if not SparseRows.any_made:
        return structure
    is_rows = lambda x: isinstance(x, KINDS_OF_ROWS)
    return optree.tree_map(lambda x: _tensor(x) if is_rows(x) else x, structure, is_leaf=is_rows)


def has_rows(structure):
    """Whether there are sparse or ragged rows in a structure."""
    if not SparseRows.any_made:
        return False
    is_rows = lambda x: isinstance(x, KINDS_OF_ROWS)
    return any(map(is_rows, optree.tree_leaves(structure, is_leaf=is_rows)))


def _tensor(rows):
    engine = engines.current()
    if engine.is_abstract:
        kind = RaggedAbstractArray if rows.kind == RAGGED else SparseAbstractArray
        return kind((rows.values.shape[0], *(rows.row_shape or (None, *rows.values.shape[2:]))), rows.values.dtype)
    values, where = engine.asarray(rows.values), op_named("cast")(rows.where, "int32")
    if rows.kind == RAGGED:
        return engine.sparse.ragged(values, where)
    count, most = values.shape
    number = np.repeat(np.arange(count, dtype="int32"), most)
    values, where = op_named("reshape")(values, (-1,)), op_named("reshape")(where, (-1,))
    if engine.sparse is None:
        size = math.prod(rows.row_shape)
        place = _unless_negative(where, where + engine.asarray(size * number))
        return op_named("reshape")(op_named("segment_sum")(values, place, count * size), (count, *rows.row_shape))
    indices, strides = [engine.asarray(number)], np.cumprod((1, *rows.row_shape[:0:-1]))[::-1].tolist()
    for stride, length in zip(strides, rows.row_shape):
        indices.append(_unless_negative(where, op_named("mod")(op_named("floor_divide")(where, stride), length)))
    return engine.sparse.new(values, op_named("stack")(indices, axis=1), (count, *rows.row_shape))


def _unless_negative(where, place):
    """The places, -1 where nothing stands."""
    return op_named("where")(op_named("less")(where, 0), -1, place)


def stored(x):
    """The values that a sparse or ragged tensor of the engine holds; any other as it is."""
    kind = kind_of(x)
    if kind is None:
        return x
    return x.flat_values if kind == RAGGED else engines.current().sparse.parts(x)[0]


def from_dense(x, ragged=False):
    """The sparse tensor of a dense one, or the ragged one of rows filled up with zeros; `x` where the engine has none."""
    engine = engines.current()
    if engine.sparse is None or isinstance(x, np.ndarray):
        return x
    return engine.sparse.ragged(x) if ragged else engine.sparse.from_dense(x)


def dense(x):
    """A sparse tensor of any library as an array of the engine in force.

    Raises: ValueError for ragged tensors, whose rows have no common length.
    """
    if is_ragged(x):
        raise ValueError(
            "A ragged tensor came where rows of one length are needed. Pad them first, x.to_tensor(), and mask what was added."
        )
    engine = engines.current()
    if engine.sparse is not None and engine.sparse.is_own(x):
        return engine.sparse.to_dense(x)
    return engine.asarray(to_numpy(x))


def to_numpy(x):
    """A sparse or ragged tensor as a NumPy array with its zeros, or with zeros at the rows' ends."""
    if is_ragged(x):
        return engines.get(library_of(x)).sparse.ragged_rows(x)[0]
    return _with_zeros(*coordinates(x))


def coordinates(x):
    """A sparse tensor of any library in NumPy: values (places,), indices (places, axes), shape; each place once."""
    library = library_of(x)
    values, indices, shape = _of_scipy(x) if library == "scipy" else engines.get(library).sparse.coordinates(x)
    return np.asarray(values), np.asarray(indices).reshape(len(values), len(shape)), tuple(int(n) for n in shape)


def _of_scipy(x):
    x = x.tocoo(copy=True)
    x.sum_duplicates()
    return x.data, np.stack(x.coords if hasattr(x, "coords") else (x.row, x.col), axis=1), x.shape


def _with_zeros(values, indices, shape):
    array = np.zeros(shape, values.dtype)
    array[tuple(indices.T)] = values
    return array
