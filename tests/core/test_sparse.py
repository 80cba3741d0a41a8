"""Sparse and ragged tensors: every op gives the numbers that it gives for dense ones, and stays sparse where Keras's does."""

import jax.experimental.sparse as jax_sparse
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

import kerata
from kerata import engines, ops
from kerata.core import sparse_rules
from kerata.core.sparse import is_sparse

A = np.array([[0, 0.5, 0], [-0.25, 0, 0.75]], "float32")
B = np.array([[0, 0.25, 0], [0, 0, -0.5]], "float32")
ENGINES = ["jax", "tensorflow"]


@pytest.fixture(params=ENGINES)
def engine(request):
    with engines.use_engine(request.param) as current, current.no_gradients():
        yield current


def own(engine, x, filled=False):
    """A sparse tensor of the engine's library; JAX's `filled` up with places outside of its shape, as programs have it."""
    if engine.name == "tensorflow":
        return tf.sparse.from_dense(x)
    return jax_sparse.BCOO.fromdense(jnp.asarray(x), nse=np.count_nonzero(x) + 3 if filled else None)


def symbolic(x, sparse=True):
    return kerata.KerasTensor(x.shape, x.dtype.name, sparse=sparse)


UNARY = [n for n in sparse_rules.ZERO_AT_ZERO if n not in ("cast", "stop_gradient")]
CALLS = {
    **{name: lambda x, name=name: getattr(ops, name)(x) for name in UNARY},
    "cast": lambda x: ops.cast(x, "float16"),
    "stop_gradient": ops.stop_gradient,
    "transpose": ops.transpose,
    "transpose axes": lambda x: ops.transpose(x, (0, 1)),
    "reshape": lambda x: ops.reshape(x, (3, -1)),
    "expand_dims": lambda x: ops.expand_dims(x, 1),
    "expand_dims at the end": lambda x: ops.expand_dims(x, -1),
    "squeeze": lambda x: ops.squeeze(ops.expand_dims(x, 0)),
    "sum": ops.sum,
    "sum along": lambda x: ops.sum(x, axis=1),
    "sum keeps": lambda x: ops.sum(x, axis=0, keepdims=True),
    "mean": ops.mean,
    "mean along": lambda x: ops.mean(x, axis=-1),
    "times a number": lambda x: ops.multiply(x, 2.0),
    "times dense": lambda x: ops.multiply(x, B),
    "dense times": lambda x: ops.multiply(B, x),
    "times a row": lambda x: ops.multiply(x, np.array([1.0, 2.0, 3.0], "float32")),
    "times a column": lambda x: ops.multiply(x, np.array([[2.0], [3.0]], "float32")),
    "times integers": lambda x: ops.multiply(x, np.array([1, 2, 3])),
    "by a number": lambda x: ops.divide(x, 2.0),
    "by dense": lambda x: ops.divide(x, np.full((2, 3), 4, "float32")),
    "by zeros": lambda x: ops.divide(x, B),
}
DENSE_CALLS = {
    **{
        name: lambda x, name=name: getattr(ops, name)(x) for name in ("cos", "exp", "relu", "sigmoid", "max", "argmax", "ravel")
    },
    "plus a number": lambda x: ops.add(x, 1.0),
    "plus dense": lambda x: ops.add(x, B),
    "less dense": lambda x: ops.subtract(B, x),
    "greater than": lambda x: ops.maximum(x, B),
    "equal": lambda x: ops.equal(x, 0),
    "where": lambda x: ops.where(x > 0 if not is_sparse(x) else ops.greater(x, 0), x, B),
    "divides": lambda x: ops.divide(B, x),
    "product": lambda x: ops.matmul(x, B.T),
    "product from the left": lambda x: ops.matmul(B.T, x),
    "product of integers": lambda x: ops.matmul(x, np.ones((3, 2), "int32")),
    "product with a vector": lambda x: ops.matmul(x, np.ones(3, "float32")),
    "einsum": lambda x: ops.einsum("ij,kj->ik", x, B),
    "stack": lambda x: ops.stack([x, x]),
    "beside dense": lambda x: ops.concatenate([x, B], axis=1),
    "broadcast": lambda x: ops.multiply(ops.ones((2, 2, 3)), x),
    "full_like": lambda x: ops.full_like(x, 2.0),
    "dense": lambda x: ops.convert_to_tensor(x, sparse=False),
    "take": lambda x: ops.take(x, [1], axis=0),
}
PAIRS = {
    **{name: lambda x, y, name=name: getattr(ops, name)(x, y) for name in "add subtract maximum minimum multiply".split()},
    "product": lambda x, y: ops.matmul(x, ops.transpose(y)),
    "concatenate": lambda x, y: ops.concatenate([x, y], axis=1),
    "concatenate rows": lambda x, y: ops.concatenate([x, y]),
}


def check(result, expected, stays_sparse):
    assert is_sparse(result) == stays_sparse
    got = ops.convert_to_numpy(result)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-3 if got.dtype == "float16" else 1e-6, equal_nan=True)


def check_symbolic(call, args, expected, stays_sparse):
    result = call(*args)
    assert (result.shape, result.dtype, result.sparse) == (expected.shape, expected.dtype.name, stays_sparse)


@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_stays_sparse(engine, name, filled):
    call = CALLS[name]
    with np.errstate(all="ignore"):
        expected = ops.convert_to_numpy(call(ops.convert_to_tensor(A)))
        check(call(own(engine, A, filled)), expected, True)
    check_symbolic(call, [symbolic(A)], expected, True)


@pytest.mark.parametrize("name", DENSE_CALLS)
def test_becomes_dense(engine, name):
    call = DENSE_CALLS[name]
    with np.errstate(all="ignore"):
        expected = ops.convert_to_numpy(call(ops.convert_to_tensor(A)))
        check(call(own(engine, A, filled=True)), expected, False)
    check_symbolic(call, [symbolic(A)], expected, False)


@pytest.mark.parametrize("name", PAIRS)
def test_two_of_them(engine, name):
    call = PAIRS[name]
    expected = ops.convert_to_numpy(call(ops.convert_to_tensor(A), ops.convert_to_tensor(B)))
    check(call(own(engine, A, filled=True), own(engine, B)), expected, True)
    check(call(own(engine, A), own(engine, B, filled=True)), expected, True)
    check_symbolic(call, [symbolic(A), symbolic(B)], expected, True)


@pytest.mark.parametrize("name", CALLS)
def test_inside_a_compiled_program(engine, name):
    call = CALLS[name]
    if engine.name == "tensorflow":
        compiled = tf.function(call)
    else:
        import jax

        compiled = jax.jit(call)
    with np.errstate(all="ignore"):
        expected = ops.convert_to_numpy(call(ops.convert_to_tensor(A)))
        check(compiled(own(engine, A, filled=True)), expected, True)


def test_places_are_added_up():
    twice = jax_sparse.BCOO((jnp.ones(2), jnp.array([[0, 1], [0, 1]])), shape=(2, 2))
    with engines.use_engine("jax"):
        np.testing.assert_allclose(ops.convert_to_numpy(ops.square(twice)), [[0, 4], [0, 0]])


@pytest.mark.parametrize("form", ["csr_matrix", "csc_array", "coo_matrix", "bsr_array", "lil_matrix"])
def test_of_scipy(form):
    x = getattr(scipy.sparse, form)(A)
    for name in ("jax", "tensorflow", "torch", "numpy"):
        with engines.use_engine(name) as engine:
            check(ops.convert_to_tensor(x), A, engine.sparse is not None)
            check(ops.add(x, 1), A + 1, False)


def test_between_engines():
    with engines.use_engine("tensorflow"):
        check(ops.abs(own(engines.get("jax"), A, filled=True)), abs(A), True)
    with engines.use_engine("jax"):
        check(ops.abs(tf.sparse.from_dense(A)), abs(A), True)
        check(ops.convert_to_tensor(tf.IndexedSlices(tf.ones((2, 3)), [1, 1], [2, 3])), np.float32([[0] * 3, [2] * 3]), True)
    with engines.use_engine("torch"):
        check(ops.abs(tf.sparse.from_dense(A)), abs(A), False)


CODES = {
    "one_hot": lambda x, s: ops.one_hot(x, 4, sparse=s),
    "one_hot along": lambda x, s: ops.one_hot(x, 4, axis=0, dtype="int32", sparse=s),
    "multi_hot": lambda x, s: ops.multi_hot(x, 4, sparse=s),
    "bincount": lambda x, s: ops.bincount(ops.abs(x), minlength=4, sparse=s),
    "bincount of weights": lambda x, s: ops.bincount(
        ops.abs(x), weights=np.array([[0.5, 1, 2], [3, 4, 5]], "float32"), minlength=4, sparse=s
    ),
}


@pytest.mark.parametrize("name", CODES)
def test_codes(engine, name):
    numbers = np.array([[0, 3, 3], [-1, 2, 1]], "int32")
    expected = ops.convert_to_numpy(CODES[name](numbers, False))
    check(CODES[name](numbers, True), expected, True)
    result = CODES[name](kerata.KerasTensor((2, 3), "int32"), True)
    assert result.sparse and result.dtype == expected.dtype.name
    with engines.use_engine("torch"), pytest.raises(ValueError, match="has no sparse tensors"):
        CODES[name](numbers, True)


def test_ragged():
    rows = tf.ragged.constant([[1.0, -2.0], [3.0]])
    symbol = kerata.KerasTensor((None, None), ragged=True)
    with engines.use_engine("tensorflow"):
        for name in ("abs", "square", "negative"):
            got = getattr(ops, name)(rows)
            assert got.to_list() == getattr(tf, name)(rows).to_list()
            assert getattr(ops, name)(symbol).ragged
        assert ops.add(rows, rows).to_list() == [[2, -4], [6]] and ops.multiply(rows, 2.0).to_list() == [[2, -4], [6]]
        assert ops.convert_to_numpy(ops.convert_to_tensor(rows, ragged=False)).tolist() == [[1, -2], [3, 0]]
        assert ops.relu(rows).to_list() == [[1, 0], [3]] and ops.relu(symbol).ragged
        assert ops.convert_to_numpy(rows).tolist() == [[1, -2], [3, 0]]
        assert kerata.layers.Rescaling(2.0)(rows).to_list() == [[2, -4], [6]]
        with pytest.raises(ValueError, match="rows of one length"):
            ops.mean(rows)
    with engines.use_engine("jax"), pytest.raises(ValueError, match="no ragged tensors"):
        ops.abs(rows)


def test_what_is_not_there():
    with pytest.raises(ValueError, match="both"):
        kerata.KerasTensor((2, 3), sparse=True, ragged=True)
    for name, what in [("torch", "sparse"), ("jax", "ragged"), ("torch", "ragged")]:
        with engines.use_engine(name):
            with pytest.raises(ValueError, match=f"no {what} tensors"):
                ops.convert_to_tensor(A, **{what: True})
            with pytest.raises(ValueError, match=f"no {what} tensors"):
                kerata.Input((3,), **{what: True})
