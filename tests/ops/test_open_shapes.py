"""Static shapes and dtypes of ops whose inputs have open lengths."""

import numpy as np
import pytest

import kerata
from kerata import engines, ops


def t(*shape, dtype="float32"):
    return kerata.KerasTensor(shape, dtype)


CASES = {
    "size": (lambda: ops.size(t(None, 3)), ((), "int32")),
    "linspace": (lambda: ops.linspace(t(None, 3), t(3), 5), ((5, None, 3), "float32")),
    "logspace": (lambda: ops.logspace(t(None, 3), t(3), 5, axis=-1), ((None, 3, 5), "float32")),
    "geomspace": (lambda: ops.geomspace(t(None, 3), t(3), 5), ((5, None, 3), "float32")),
    "unique": (lambda: ops.unique(t(None, 3), axis=0), ((None, 3), "float32")),
    "repeat": (lambda: ops.repeat(t(None, 3), [2], axis=1), ((None, 6), "float32")),
    "rfft": (lambda: ops.rfft(t(None, None), fft_length=6)[0], ((None, 4), "float32")),
    "irfft": (lambda: ops.irfft((t(None, None), t(None, None))), ((None, None), "float32")),
    "istft": (lambda: ops.istft((t(2, None, 17), t(2, None, 17)), 20, 10, 32), ((2, None), "float32")),
    "istft cut": (lambda: ops.istft((t(2, None, 17), t(2, None, 17)), 20, 10, 32, length=50), ((2, 50), "float32")),
    "lu_factor": (lambda: ops.lu_factor(t(None, 3, 4))[1], ((None, 3), "int32")),
    "jvp": (lambda: ops.jvp(ops.sin, (t(None, 2),), (t(None, 2),))[1], ((None, 2), "float32")),
    "ctc_loss": (
        lambda: ops.ctc_loss(t(None, 5, dtype="int32"), t(None, 9, 4, dtype="float16"), t(None), t(None)),
        ((None,), "float32"),
    ),
    "while_loop": (lambda: ops.while_loop(lambda i: i < 3, lambda i: i + 1, t(dtype="int32")), ((), "int32")),
}


@pytest.mark.parametrize("name", CASES)
def test_static_form(name):
    call, (shape, dtype) = CASES[name]
    made = call()
    assert (made.shape, made.dtype) == (shape, dtype)


def test_numpy_arrays_beside_symbols_have_the_dtype_that_they_get_at_run_time(engine):
    x, other = t(2), np.ones(2)
    with engines.use_engine(engine.name):
        assert (x + other).dtype == ops.dtype(ops.add(np.ones(2, "float32"), other))


def test_lu_factor_of_rectangles(engine):
    for m, n in ((3, 5), (5, 3), (4, 4)):
        x = np.random.default_rng(m).normal(size=(2, m, n)).astype("float32")
        packed, pivots = (engine.to_numpy(y) for y in ops.lu_factor(x))
        assert packed.shape == x.shape and pivots.shape == (2, min(m, n))
        for matrix, lu, order in zip(x, packed, pivots):
            k = min(m, n)
            lower, upper = np.tril(lu[:, :k], -1) + np.eye(m, k), np.triu(lu[:k])
            rows = matrix.copy()
            for i, j in enumerate(order):
                rows[[i, j]] = rows[[j, i]]
            np.testing.assert_allclose(lower @ upper, rows, rtol=1e-4, atol=1e-5)


def test_slices_keep_their_length_at_the_end(engine):
    x = np.arange(12.0, dtype="float32").reshape(4, 3)
    np.testing.assert_array_equal(engine.to_numpy(ops.slice(x, (3, 2), (2, 2))), x[2:4, 1:3])
    np.testing.assert_array_equal(engine.to_numpy(ops.slice(x, (1, 1), (-1, 2))), x[1:, 1:3])
    np.testing.assert_array_equal(engine.to_numpy(ops.slice(x, np.array([1, 0]), (2, 2))), x[1:3, :2])
    expected = x.copy()
    expected[2:4, 1:3] = 7.0
    updated = ops.slice_update(x, (3, 1), np.full((2, 2), 7.0, "float32"))
    np.testing.assert_array_equal(engine.to_numpy(updated), expected)


def test_loops_over_one_value(engine):
    assert int(ops.while_loop(lambda i: i < 3, lambda i: i + 1, 0)) == 3
    assert int(ops.while_loop(lambda v: v["i"] < 3, lambda v: {"i": v["i"] + 1}, {"i": 0})["i"]) == 3


def test_integers_rounded_to_tens(engine):
    rounded = ops.round(np.array([14, 15, 26, -34]), decimals=-1)
    assert engine.to_numpy(rounded).tolist() == [10, 20, 30, -30] and "int" in ops.dtype(rounded)


def test_scalars_become_rows(engine):
    assert engine.to_numpy(ops.hstack([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert engine.to_numpy(ops.vstack([1.0, 2.0])).tolist() == [[1.0], [2.0]]
    assert engine.to_numpy(ops.broadcast_to(1.0, 2)).tolist() == [1.0, 1.0]
