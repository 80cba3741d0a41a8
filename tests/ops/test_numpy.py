"""The numpy-like ops, against NumPy, on every engine; dtypes against the oracle."""

import numpy as np
import pytest
from tests.oracle import keras as oracle

from kerata import ops, value_and_grad
from kerata.core.variable import Variable
from kerata.ops import elementwise as knp

X = np.random.default_rng(0).uniform(0.1, 0.9, (3, 4)).astype("float32")
Z = np.random.default_rng(1).uniform(-2, 2, (3, 4)).astype("float32")
OVER_ONE = ("arccosh",)
UNARY = [*knp._FLOAT_UNARY, *knp._SAME_UNARY, *knp._BOOL_UNARY, "floor", "ceil"]
BINARY = [*knp._SAME_BINARY, *knp._NUMBER_BINARY, *knp._FLOAT_BINARY]


@pytest.mark.parametrize("name", UNARY)
def test_unary(engine, name):
    x = X + 1 if name in OVER_ONE else X
    np.testing.assert_allclose(engine.to_numpy(getattr(ops, name)(x)), getattr(np, name)(x), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", BINARY)
def test_binary(engine, name):
    got = getattr(ops, name)(X, Z[:1])
    expected = getattr(np, name)(X, Z[:1])
    np.testing.assert_allclose(engine.to_numpy(got), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        engine.to_numpy(getattr(ops, name)(X, 2)), getattr(np, name)(X, np.float32(2)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"])
def test_bitwise(engine, name):
    a, b = np.array([5, 6, 7], "int32"), np.array([1, 2, 3], "int32")
    np.testing.assert_array_equal(engine.to_numpy(getattr(ops, name)(a, b)), getattr(np, name)(a, b))


CALLS = {
    "reductions": [("sum", {"axis": 1}), ("prod", {"axis": (0, 1)}), ("mean", {"axis": -1, "keepdims": True}), ("max", {}), ("min", {"axis": 0}),
                   ("var", {"axis": 0}), ("std", {}), ("argmax", {"axis": 1}), ("argmin", {}), ("any", {"axis": 0}), ("all", {}), ("median", {"axis": 1})],
    "shapes": [("reshape", {"newshape": (2, -1)}), ("transpose", {}), ("swapaxes", {"axis1": 0, "axis2": 1}), ("moveaxis", {"source": 0, "destination": 1}),
               ("expand_dims", {"axis": 1}), ("repeat", {"repeats": 2, "axis": 1}), ("flip", {"axis": 0}),
               ("roll", {"shift": 1, "axis": 1}), ("pad", {"pad_width": ((1, 0), (0, 2))}), ("ravel", {}), ("broadcast_to", {"shape": (2, 3, 4)})],
    "others": [("cumsum", {"axis": 1}), ("cumprod", {}), ("sort", {"axis": 0}), ("argsort", {"axis": 1}), ("tril", {}), ("triu", {"k": 1}), ("trace", {}),
               ("diagonal", {"offset": 1}), ("round", {"decimals": 1}), ("clip", {"x_min": 0.0, "x_max": 0.5}), ("nan_to_num", {})],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "arguments"), [c for group in CALLS.values() for c in group], ids=lambda v: v if isinstance(v, str) else ""
)
def test_calls(engine, name, arguments):
    ours = getattr(ops, name)(Z, **arguments)
    theirs = {"reshape": lambda x, newshape: x.reshape(newshape), "clip": lambda x, x_min, x_max: np.clip(x, x_min, x_max)}.get(
        name, getattr(np, name)
    )
    np.testing.assert_allclose(engine.to_numpy(ours), theirs(Z, **arguments), rtol=1e-5, atol=1e-6)


def test_tile(engine):
    np.testing.assert_array_equal(engine.to_numpy(ops.tile(Z, (2, 1))), np.tile(Z, (2, 1)))


def test_products(engine):
    a, b = Z, Z.T
    for got, expected in (
        (ops.matmul(a, b), a @ b),
        (ops.dot(a, b[:, 0]), a @ b[:, 0]),
        (ops.tensordot(a, b, ((1,), (0,))), a @ b),
        (ops.einsum("ij,kj->ik", a, a), a @ a.T),
        (ops.outer(a[0], b[0]), np.outer(a[0], b[0])),
    ):
        np.testing.assert_allclose(engine.to_numpy(got), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"shapes \(3, 4\) and \(3, 4\) don't fit: 4 != 3"):
        ops.matmul(a, a)


# Stacks of matrices in several orders, and what is none: no stack, two summed axes, a sum alone, an ellipsis, a diagonal.
EQUATIONS = [
    "bthd,bshd->bhts", "bhts,bshd->bthd", "bij,bjk->bik", "bij,bkj->bki", "bji,bjk->kbi", "abij,abjk->baki",
    "ij,jk->ik", "bij,bij->b", "bij,bjk->bk", "bi,bj->bij", "bijk,bjkl->bil", "...ij,...jk->...ik", "bii,bij->bj", "bi,bi",
]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(equation, engine):
    lengths = dict(zip("abdhijklst", (2, 3, 4, 2, 5, 3, 4, 2, 3, 6)))
    random = np.random.default_rng(0)
    terms = equation.split("->")[0].replace("...", "b").split(",")
    x, y = (random.normal(size=[lengths[letter] for letter in term]).astype("float32") for term in terms)
    expected = np.einsum(equation, x, y)
    np.testing.assert_allclose(engine.to_numpy(ops.einsum(equation, x, y)), expected, rtol=1e-4, atol=1e-5)
    whole = engine.to_numpy(ops.einsum(equation, *((3 * a).astype("int8") for a in (x, y))))
    np.testing.assert_array_equal(whole, np.einsum(equation, *((3 * a).astype("int8").astype("int32") for a in (x, y))))


@pytest.mark.parametrize("equation", [e for e in EQUATIONS if "->" in e and "..." not in e and "ii" not in e])
def test_gradient_of_einsum(equation, training_engine):
    """A product is linear: its gradient in one factor is the product of the other with what comes from behind."""
    lengths = dict(zip("abdhijklst", (2, 3, 4, 2, 5, 3, 4, 2, 3, 6)))
    random, (left, result) = np.random.default_rng(0), equation.split("->")
    x, y, behind = (
        random.normal(size=[lengths[letter] for letter in term]).astype("float32") for term in (*left.split(","), result)
    )
    v, w = Variable(x), Variable(y)
    loss = lambda: ops.sum(ops.multiply(ops.einsum(equation, v, w), behind))
    _, (dx, dy) = value_and_grad(loss, [v, w])
    first, second = left.split(",")
    lost = [letter for letter in first if letter not in second + result]  # summed in one factor alone: the same everywhere
    spread = np.einsum(f"{result},{second}->{''.join(a for a in first if a not in lost)}", behind, y)
    spread = spread.reshape([1 if a in lost else lengths[a] for a in first])
    np.testing.assert_allclose(training_engine.to_numpy(dx), np.broadcast_to(spread, x.shape), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        training_engine.to_numpy(dy), np.einsum(f"{result},{first}->{second}", behind, x), rtol=1e-4, atol=1e-5
    )


def test_joining_parting_taking(engine):
    np.testing.assert_array_equal(engine.to_numpy(ops.concatenate([X, Z], 1)), np.concatenate([X, Z], 1))
    np.testing.assert_array_equal(engine.to_numpy(ops.stack([X, Z], -1)), np.stack([X, Z], -1))
    assert [tuple(p.shape) for p in ops.split(X, [1, 3], 1)] == [(3, 1), (3, 2), (3, 1)]
    np.testing.assert_array_equal(engine.to_numpy(ops.take(X, [-1, 0], 1)), X[:, [-1, 0]])
    np.testing.assert_array_equal(engine.to_numpy(ops.take_along_axis(X, np.argsort(X, 1), 1)), np.sort(X, 1))
    np.testing.assert_array_equal(engine.to_numpy(ops.where(Z > 0, X, 0.0)), np.where(Z > 0, X, 0))
    np.testing.assert_array_equal(
        engine.to_numpy(ops.slice_update(np.zeros((3, 4), "float32"), (1, 1), np.ones((2, 2), "float32")))[1:, 1:3], 1
    )
    np.testing.assert_array_equal(engine.to_numpy(ops.slice(X, (1, 0), (2, 3))), X[1:3, :3])
    assert engine.to_numpy(ops.bincount(np.array([0, 2, 2]))).tolist() == [1, 0, 2]
    assert engine.to_numpy(ops.searchsorted(np.array([1.0, 2.0, 3.0]), np.array([2.5]))).tolist() == [2]


def test_norms(engine):
    for order in (None, 1, 2, np.inf, -np.inf, 3):
        np.testing.assert_allclose(engine.to_numpy(ops.norm(Z, order, axis=1)), np.linalg.norm(Z, order, 1), rtol=1e-5)
    for order in (None, "fro", 1, -1, np.inf):
        np.testing.assert_allclose(engine.to_numpy(ops.norm(Z, order)), np.linalg.norm(Z, order), rtol=1e-5)


def test_making(engine):
    np.testing.assert_array_equal(engine.to_numpy(ops.arange(2, 8, 3)), [2, 5])
    assert ops.dtype(ops.arange(3)) == "int32"
    assert ops.dtype(ops.arange(3.0)) == "float32"
    np.testing.assert_allclose(engine.to_numpy(ops.linspace(0, 1, 5)), np.linspace(0, 1, 5))
    np.testing.assert_array_equal(engine.to_numpy(ops.eye(2, 3, 1)), np.eye(2, 3, 1))
    np.testing.assert_array_equal(engine.to_numpy(ops.full((2,), 3, "int32")), [3, 3])
    assert ops.dtype(ops.zeros((2, 3))) == "float32"


@pytest.mark.parametrize("name", ["add", "divide", "power", "maximum", "equal", "floor_divide"])
@pytest.mark.parametrize(
    "pair",
    [
        ("int32", "float32"),
        ("bool", "int8"),
        ("float16", "bfloat16"),
        ("uint8", "int8"),
        ("int32", "int32"),
        ("int8", "float16"),
    ],
)
def test_result_dtypes_as_in_the_oracle(training_engine, name, pair):
    if name == "floor_divide" and "bool" in pair or name == "power" and pair == ("bool", "int8"):
        pytest.skip("not defined for bool in JAX")
    a, b = (ops.ones((2,), d) for d in pair)
    expected = getattr(oracle().ops, name)(oracle().ops.ones((2,), pair[0]), oracle().ops.ones((2,), pair[1])).dtype
    assert ops.dtype(getattr(ops, name)(a, b)) == expected


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32", "float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", ["sum", "mean", "max", "var", "argmax", "any", "exp", "square", "cumsum"])
def test_dtypes_of_single_results_as_in_the_oracle(training_engine, name, dtype):
    if (name, dtype) in {("square", "bool"), ("max", "bool")}:
        pytest.skip("not defined for bool alike in all engines")
    arguments = {"axis": 0} if name in ("cumsum",) else {}
    expected = getattr(oracle().ops, name)(oracle().ops.ones((2,), dtype), **arguments).dtype
    assert ops.dtype(getattr(ops, name)(ops.ones((2,), dtype), **arguments)) == expected


@pytest.mark.parametrize("name", ["sqrt", "norm", "std"])
def test_gradients_at_the_edge_are_no_worse_than_the_engines(training_engine, name):
    x = Variable(np.array([1.0, 4.0], "float32"))
    _, (gradient,) = ops.value_and_grad(lambda: ops.sum(getattr(ops, name)(x)), [x])
    assert np.isfinite(np.asarray(gradient)).all()


def test_bincount_counts_beyond_minlength(engine):
    """As NumPy does, in each row; weights keep their dtype."""
    x = np.array([[0, 5, 5], [2, 0, 1]])
    expected = np.stack([np.bincount(row, minlength=6) for row in x])
    assert engine.to_numpy(ops.bincount(x, minlength=2)).tolist() == expected.tolist()
    assert engine.to_numpy(ops.bincount(np.array([], "int32"), minlength=3)).tolist() == [0, 0, 0]
    for dtype in ("uint8", "int8", "uint16", "uint32"):
        assert (
            engine.to_numpy(ops.bincount(np.array([5, 1, 1], dtype), minlength=300)).tolist() == [0, 2, 0, 0, 0, 1] + [0] * 294
        )
        assert engine.to_numpy(ops.bincount(np.array([[5, 1, 1]], dtype), minlength=300)).shape == (1, 300)
    weighted = engine.to_numpy(ops.bincount([0, 1, 1], weights=np.array([1, 2, 3], "float16")))
    assert weighted.dtype == "float16" and weighted.tolist() == [1.0, 5.0]
    with pytest.raises(ValueError, match="bincount takes integers"):
        ops.bincount(np.array([0.5]))
