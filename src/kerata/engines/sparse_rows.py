"""Sparse and ragged tensors on their way into programs: in arrays with a row for each of the tensor's rows.

Batches are then cut, shuffled, stacked and moved to a device like dense ones, and programs know all shapes.
"""

import optree


class _Rows:
    """A node of a structure, whose leaves are the arrays `values` and `where`."""

    kind: str
    any_made = False  # whether there is one at all: a quick test for the usual case

    def __init__(self, values, where, row_shape=None):
        self.values, self.where, self.row_shape = values, where, row_shape
        _Rows.any_made = True

    def flattened(self):
        """The arrays, and what else there is to know."""
        return (self.values, self.where), self.row_shape

    @classmethod
    def of(cls, row_shape, arrays):
        """The node again."""
        values, where = arrays
        return cls(values, where, row_shape)


class SparseRows(_Rows):
    """Rows of a sparse tensor: `values` (rows, most), and `where` each stands in its row made flat; -1 for none.

    Args:
        row_shape: the tensor's shape without its first axis.
    """

    kind = "sparse"


class RaggedRows(_Rows):
    """Rows of a ragged tensor: `values` (rows, most, ...), filled up with zeros, and `where` the rows' lengths (rows,)."""

    kind = "ragged"


KINDS_OF_ROWS = (SparseRows, RaggedRows)

for _kind in KINDS_OF_ROWS:
    optree.register_pytree_node(_kind, _Rows.flattened, _kind.of, namespace=optree.registry.__GLOBAL_NAMESPACE)
