"""The `linalg` namespace over TensorFlow: what has other names, arguments or results there than in NumPy."""

from kerata.engines.shapes import normalize_axes
from kerata.engines.tensorflow.library import tf

det, inv, solve, eig, eigh, slogdet = (getattr(tf.linalg, n) for n in "det inv solve eig eigh slogdet".split())


def cholesky(x):
    """Raises: ValueError for a matrix that isn't positive definite."""
    try:
        return tf.linalg.cholesky(x)
    except tf.errors.InvalidArgumentError as error:
        raise ValueError("cholesky: the matrix is not positive definite.") from error


def norm(x, ord=None, axis=None, keepdims=False):
    if ord in (None, "fro"):
        return tf.norm(x, axis=axis if axis is None or isinstance(axis, int) else list(axis), keepdims=keepdims)
    if ord not in (2, -2, "nuc"):
        return tf.norm(x, ord, axis, keepdims)
    axes = normalize_axes(axis, x.shape.rank)
    rest = [a for a in range(x.shape.rank) if a not in axes]
    values = tf.linalg.svd(tf.transpose(x, [*rest, *axes]), compute_uv=False)
    result = {2: tf.reduce_max, -2: tf.reduce_min, "nuc": tf.reduce_sum}[ord](values, -1)
    for a in sorted(axes) if keepdims else ():
        result = tf.expand_dims(result, a)
    return result


def qr(x, mode="reduced"):
    return tuple(tf.linalg.qr(x, full_matrices=mode == "complete"))


def svd(x, full_matrices=True, compute_uv=True):
    if not compute_uv:
        return tf.linalg.svd(x, compute_uv=False)
    s, u, v = tf.linalg.svd(x, full_matrices)
    return u, s, tf.linalg.adjoint(v)


def pinv(x, rcond):
    return tf.linalg.pinv(x, rcond)


KERNELS = {"solve_triangular_of_float": lambda a, b, lower: tf.linalg.triangular_solve(a, b, lower=lower)}
