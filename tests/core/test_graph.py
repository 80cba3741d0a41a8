"""Symbolic tensors, the abstract engine's shapes, and plans."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import array_shapes

from kerata import engines, ops
from kerata.core.function import Function
from kerata.core.graph import KerasTensor
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.shapes import broadcast_shapes, reshaped

UNARY = ["exp", "sqrt", "abs", "sign", "sin", "isfinite", "logical_not", "square", "floor"]
REDUCE = ["sum", "mean", "max", "min", "prod", "var", "std", "any", "all"]


def static(fn, *arrays, hide=()):
    """The shape and dtype that the abstract engine finds, with some axes hidden."""
    specs = [AbstractArray([None if i in hide else d for i, d in enumerate(a.shape)], a.dtype.name) for a in arrays]
    with engines.use_engine("abstract"):
        return fn(*specs)


def agree(spec, result):
    assert len(spec.shape) == result.ndim
    assert all(s in (None, d) for s, d in zip(spec.shape, result.shape)), (spec.shape, result.shape)
    assert spec.dtype == result.dtype.name


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    shape=array_shapes(min_dims=1, max_dims=4, max_side=4),
    dtype=st.sampled_from(["float32", "int32", "bool", "float16"]),
)
def test_static_shapes_equal_run_time_shapes(data, shape, dtype):
    x = np.ones(shape, dtype)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    hide = data.draw(st.sets(st.integers(0, len(shape) - 1)))
    name = data.draw(
        st.sampled_from(
            [*UNARY, *REDUCE, "transpose", "expand_dims", "concatenate", "stack", "flip", "argmax", "cumsum", "ravel"]
        )
    )
    function = getattr(ops, name)
    call = {
        "concatenate": lambda x: function([x, x], axis),
        "stack": lambda x: function([x, x], axis),
    }.get(name, (lambda x: function(x)) if name in (*UNARY, "transpose", "ravel") else (lambda x: function(x, axis)))
    with engines.use_engine("numpy"):
        result = np.asarray(call(x))
    agree(static(call, x), result)
    agree(static(call, x, hide=hide), result)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (0, (3, 4)),
        (slice(1), (1, 3, 4)),
        ((slice(None), -1), (2, 4)),
        ((Ellipsis, None), (2, 3, 4, 1)),
        ((0, Ellipsis, slice(None, None, 2)), (3, 2)),
        ((slice(None), [0, 2]), (2, 2, 4)),
        ((None, 1, 2, 3), (1,)),
    ],
)
def test_indexing(key, expected):
    x = np.zeros((2, 3, 4), "float32")
    assert x[key].shape == expected
    assert static(lambda x: x[key], x).shape == expected


def test_indexing_out_of_range_is_told():
    with pytest.raises(IndexError, match="out of range"):
        KerasTensor((None, 3))[:, 3]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ((None, 6), (-1, 3), (None, 3)),
        ((None, 6, 4), (None, -1), (None, 24)),
        ((2, 6), (-1, 4), (3, 4)),
        ((None, None), (-1,), (None,)),
        ((None, 4), (-1, 2, 2), (None, 2, 2)),
    ],
)
def test_reshape_with_unknown_lengths(source, target, expected):
    assert reshaped(source, target) == expected


def test_reshape_to_another_size_is_told():
    with pytest.raises(ValueError, match="sizes differ"):
        reshaped((2, 3), (4, 2))


def test_broadcasting_with_unknown_lengths():
    assert broadcast_shapes((None, 1, 3), (4, 1)) == (None, 4, 3)
    assert broadcast_shapes((None,), (5,)) == (5,)
    with pytest.raises(ValueError, match="can't be broadcast"):
        broadcast_shapes((2, 3), (4, 3))


@pytest.mark.parametrize(
    ("equation", "shapes", "expected"),
    [
        ("bij,bjk->bik", [(None, 2, 3), (5, 3, 4)], (5, 2, 4)),
        ("...i,ij->...j", [(None, 7, 3), (3, 4)], (None, 7, 4)),
        ("ij,jk", [(2, 3), (3, 4)], (2, 4)),
        ("bthd,bshd->bhts", [(None, 5, 2, 8), (None, None, 2, 8)], (None, 2, 5, None)),
    ],
)
def test_einsum_shapes(equation, shapes, expected):
    assert ops.einsum(equation, *[KerasTensor(s) for s in shapes]).shape == expected


def test_symbolic_tensors_have_operators_and_promote():
    x = KerasTensor((None, 3))
    assert ((1 + x) * 2.0 / x - x[:, :1]).shape == (None, 3)
    assert (x > 0).dtype == "bool"
    assert (KerasTensor((2,), "int32") + 1.0).dtype == "float32"
    assert (KerasTensor((2,), "int32") / 2).dtype == "float32"
    assert (x @ np.ones((3, 5), "float32")).shape == (None, 5)
    assert (np.ones((3,), "float32") * x).shape == (None, 3)


def test_symbolic_tensors_have_no_values():
    x = KerasTensor((None, 3))
    with pytest.raises(TypeError, match="ops.cond"):
        bool(x > 0)
    for convert in (np.asarray, np.sum, float, int):
        with pytest.raises(ValueError, match=r"keras.ops.sum"):
            convert(x)
    with pytest.raises(NotImplementedError, match="unstack"):
        list(x)
    with pytest.raises(TypeError, match="shape"):
        len(x)


def test_a_graph_as_a_function(engine):
    x, y = KerasTensor((None, 3)), KerasTensor((None, 3))
    outputs = {"sum": ops.sum(x * y, axis=-1), "stack": ops.stack([x, y], 1)}
    function = Function([x, y], outputs)
    a, b = np.arange(6.0, dtype="float32").reshape(2, 3), np.ones((2, 3), "float32")
    result = function([a, b])
    np.testing.assert_allclose(engine.to_numpy(result["sum"]), a.sum(-1))
    assert tuple(result["stack"].shape) == (2, 2, 3)


def test_a_graph_as_a_function_takes_its_own_inputs_alone(engine):
    x, y = KerasTensor((2,)), KerasTensor((2,))
    a = np.ones(2, "float32")
    with pytest.raises(ValueError, match="2 tensors came"):
        Function(x, x + 1)([1.0, 2.0])
    with pytest.raises(ValueError, match="1 tensors came"):
        Function([x, y], x - y)(a)
    named = Function({"x": x, "y": y}, x - y)
    with pytest.raises(ValueError, match="a dict of 'x', 'z' came"):
        named({"x": a, "z": a})
    np.testing.assert_array_equal(engine.to_numpy(named({"y": a, "x": 3 * a})), 2 * a)


def test_an_output_that_needs_another_input_is_told():
    import kerata

    a, b = kerata.Input((3,), name="first"), kerata.Input((3,), name="second")
    with pytest.raises(ValueError, match="'second', which is not among its inputs"):
        kerata.Model(a, a + b)


def test_foreign_functions_fall_back_to_the_engines_tracing(training_engine):
    x = KerasTensor((None, 3))
    from kerata.core.graph import abstract_call

    spec = abstract_call(lambda x: training_engine.xp.linalg.norm(x, axis=-1), (x,), {})
    assert (spec.shape, spec.dtype) == ((None,), "float32")
