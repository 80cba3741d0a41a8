"""The products of TensorFlow's numpy-like namespace."""

import functools

from kerata.engines.tensorflow.dtypes import PRODUCTS, as_tensors, binary, lacking
from kerata.engines.tensorflow.library import tf


@binary
@lacking(PRODUCTS)
def matmul(x1, x2):
    if x1.shape.rank == 1 and x2.shape.rank == 1:
        return tf.tensordot(x1, x2, 1)
    if x1.shape.rank == 1:
        return tf.squeeze(tf.matmul(x1[None], x2), -2)
    if x2.shape.rank == 1:
        return tf.squeeze(tf.matmul(x1, x2[:, None]), -1)
    if x2.shape.rank == 2 and x1.shape.rank > 2:
        return tf.tensordot(x1, x2, [[-1], [0]])
    return tf.matmul(x1, x2)


def tensordot(x1, x2, axes=2):
    return lacking(PRODUCTS)(lambda x1, x2: tf.tensordot(x1, x2, axes))(*as_tensors(x1, x2))


def einsum(subscripts, *operands):
    order = _matrix_order(subscripts.replace(" ", ""), len(operands))
    product = functools.partial(tf.einsum, subscripts) if order is None else functools.partial(_as_matrices, *order)
    return lacking(PRODUCTS)(product)(*operands)


@functools.cache
def _matrix_order(subscripts, count):
    """For a sum that is a product of stacks of matrices: how to transpose both factors and the result; None for others.

    `tf.einsum` transposes its operands again in each gradient; transposed here, they are once.
    """
    left, arrow, result = subscripts.partition("->")
    terms = left.split(",")
    if not arrow or "..." in left or count != 2 or any(len(set(term)) < len(term) for term in (*terms, result)):
        return None
    x, y = terms
    stacked = [letter for letter in x if letter in y and letter in result]
    summed = [letter for letter in x if letter in y and letter not in result]
    rows, columns = [letter for letter in x if letter not in y], [letter for letter in y if letter not in x]
    if not stacked or not len(rows) == len(summed) == len(columns) == 1 or set(result) != {*stacked, *rows, *columns}:
        return None
    found = stacked + rows + columns
    transposed = y.index(summed[0]) > y.index(columns[0])
    inner = columns + summed if transposed else summed + columns
    return (
        [x.index(a) for a in stacked + rows + summed],
        [y.index(a) for a in stacked + inner],
        [found.index(a) for a in result],
        transposed,
    )


def _as_matrices(order_x, order_y, order_result, transposed, x, y):
    product = tf.matmul(_transposed(x, order_x), _transposed(y, order_y), transpose_b=transposed)
    return _transposed(product, order_result)


def _transposed(x, order):
    return x if order == sorted(order) else tf.transpose(x, order)
