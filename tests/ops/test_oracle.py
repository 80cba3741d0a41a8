"""Numpy-like ops, linear algebra, signals, segments and layouts equal the oracle's, in value and dtype, also of its dtypes."""

import functools

import numpy as np
import optree
import pytest
from tests.ops import algebra_calls, numpy_calls
from tests.oracle import keras as oracle

from kerata import engines, ops
from kerata.core.arrays import dtype_of
from kerata.core.graph import KerasTensor

# Calls that are not compared: tests in test_numpy_more.py and tests/engines/test_agreement.py have them.
APART = {
    "argpartition": "the order within the parts is free",
    "istft window=None center=False": "the oracle does not give back the signal without a window",
}


def refused(call):
    """Calls that are beyond the oracle: several Cholesky factors or vectors at once, lists, and a few forms of arguments."""
    vectors = call.op in ("solve", "solve_triangular") and call.args[1].ndim == 2
    lists = call.op in ("logspace", "scatter") and any(isinstance(x, list) for x in call.args)
    forms = call.op in ("percentile", "array_split", "rearrange") and call.args[1] in ([[10.0, 50.0]], [1, 2], ONE_MORE)
    return call.op == "cholesky_inverse" or vectors or lists or forms


ONE_MORE = "b h w c -> b 1 w (h c)"
EVERY = [*numpy_calls.CALLS, *algebra_calls.CALLS]
CALLS = [c for c in EVERY if c.op not in APART and c.name not in APART and not refused(c)]


def both(call):
    """The outputs of an op and of the oracle's."""
    mine = functools.reduce(getattr, call.op.split("."), ops)(*call.args, **call.kwargs)
    tensors = optree.tree_map(lambda x: oracle().ops.convert_to_tensor(x) if isinstance(x, np.ndarray) else x, call.args)
    other = getattr(oracle().ops, call.op)(*tensors, **call.kwargs)
    return optree.tree_leaves(mine), [np.asarray(y) for y in optree.tree_leaves(other)]


@pytest.mark.parametrize("call", CALLS, ids=lambda c: c.name)
def test_values_and_dtypes(call):
    with engines.use_engine("jax"):
        mine, other = both(call)
    assert [(dtype_of(y), y.shape) for y in mine] == [(y.dtype.name, y.shape) for y in other]
    for y, expected in zip(mine, other):
        np.testing.assert_allclose(np.asarray(y), expected, rtol=1e-4, atol=2e-5)


DTYPES = ("bool", "int8", "bfloat16")
ONE = """abs absolute trunc conj square relu floor nan_to_num angle real imag fabs isreal signbit isposinf i0 erfc nansum nanprod
    nanmax nanmean nanvar nanstd nanmedian nanargmax nancumsum nancumprod median diff diag diagflat rot90 fliplr prod cumsum
    average trace corrcoef trapezoid""".split()
TWO = """floor_divide mod power divide_no_nan fmod fmax fmin heaviside logaddexp2 nextafter append vdot inner allclose
    isin outer""".split()
NUMBERS = {"clip": (0.5, 2.5), "quantile": (0.3,), "percentile": (30.0,)}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*ONE, *TWO, *NUMBERS])
def test_dtypes_of_results(name, dtype):
    """By a symbolic call, whose dtype is that of every engine (tests/engines/test_agreement.py)."""
    count = 2 if name in TWO else 1
    with oracle().device("cpu"):
        tensors = [oracle().ops.cast(np.array([[1, 2], [3, 5]]), dtype)] * count
        expected = getattr(oracle().ops, name)(*tensors, *NUMBERS.get(name, ())).dtype
    found = getattr(ops, name)(*[KerasTensor((2, 2), dtype)] * count, *NUMBERS.get(name, ()))
    assert found.dtype == expected


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32"])
@pytest.mark.parametrize(
    "name", ["abs", "trunc", "conj", "relu", "floor_divide", "mod", "power", "matmul", "searchsorted", "pad", "einsum"]
)
def test_small_dtypes_on_every_engine(engine, name, dtype):
    x = np.array([[1, 1], [1, 0]]).astype(dtype)
    y = np.ones((2, 2), dtype)
    args = {"searchsorted": (y[0], x), "pad": (x, 1), "einsum": ("ij,jk->ik", x, y)}.get(name)
    args = args or ((x, y) if name in ("floor_divide", "mod", "power", "matmul") else (x,))
    kwargs = {"constant_values": 1.5} if name == "pad" else {}
    expected = np.asarray(getattr(oracle().ops, name)(*args, **kwargs))
    found = getattr(ops, name)(*args, **kwargs)
    assert dtype_of(found) == expected.dtype.name
    np.testing.assert_array_equal(engine.to_numpy(found), expected)
