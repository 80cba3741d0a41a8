"""The functions that are written once for all numpy-like namespaces, and what a namespace must have."""

import functools
import types

import numpy as np
import pytest

from kerata import engines, ops
from kerata.core.graph import KerasTensor
from kerata.engines import namespace
from kerata.engines.abstract import linalg as abstract_linalg, numpy as abstract_numpy

# What the functions of `namespace` are made of beside those of NumPy: a library that has the functions needs it not.
BUILDING_BLOCKS = {"unsqueeze", "parts"}
# What one op alone asks for, of which these engines have a kernel.
BY_KERNEL = {"jax": {"view"}}


class Primitives:
    """NumPy as a library that lacks what `namespace` gives."""

    unsqueeze = staticmethod(np.expand_dims)

    @staticmethod
    def parts(x, lengths, axis):
        return np.split(x, np.cumsum(lengths)[:-1], axis)

    @staticmethod
    def astype(x, dtype):
        return x.astype(dtype)

    def __getattr__(self, name):
        return namespace.over(self, name)[0] if hasattr(namespace, name) else getattr(np, name)


X = np.random.default_rng(0).normal(size=(2, 3, 4))
HOLES = np.where(X > 1, np.nan, X)
AXES = range(-3, 3)
CALLS = {
    "moveaxis": [*[(X, a, b) for a in AXES for b in AXES], (X, (0, 2), (-1, 0)), (X, [2, 1, 0], [0, 1, 2])],
    "swapaxes": [(X, a, b) for a in AXES for b in AXES],
    "expand_dims": [(X, axis) for axis in (*range(-4, 4), (0, 2), (-1, 0), (4, 1), ())],
    "stack": [([X, X + 1], axis) for axis in range(-4, 4)],
    "split": [(X, 2, 2), *[(X, parts, axis) for parts in (1, [1], [0, 2], [1, 9], [-1], []) for axis in AXES]],
    "dot": [(X, y) for y in (np.float64(2), X[0, 0], X[0].T, np.swapaxes(X, 1, 2))],
    "linspace": [
        *[(*ends, 7, endpoint) for ends in ((0, 1), (-3, 8), (X[0], X[1]), (0, X[0])) for endpoint in (True, False)],
        *[(0, 1, num) for num in (0, 1, 2)],
    ],
    "median": [(x, axis) for x in (X, HOLES) for axis in (None, 0, -1, (0, 2))],
}
OPTIONS = {
    "linspace": [{"dtype": "float64"}, {"dtype": "int32"}, {"dtype": "float64", "axis": -1}],
    "median": [{}, {"keepdims": True}],
}


@pytest.mark.parametrize("name", CALLS)
def test_what_follows_from_primitives_is_what_numpy_gives(name):
    (derived,) = namespace.over(Primitives(), name)
    for args in CALLS[name]:
        for options in OPTIONS.get(name, [{}]):
            found, expected = derived(*args, **options), getattr(np, name)(*args, **options)
            for one, other in zip(found, expected, strict=True) if name == "split" else [(found, expected)]:
                assert (np.shape(one), one.dtype) == (np.shape(other), other.dtype)
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12, err_msg=f"{args} {options}")


def test_every_function_is_tested():
    functions = {
        n for n, f in vars(namespace).items() if isinstance(f, types.FunctionType) and f.__module__ == namespace.__name__
    }
    assert functions - {"over"} == set(CALLS)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("moveaxis", (3, 0)),
        ("swapaxes", (0, -4)),
        ("expand_dims", ((0, 5),)),
        ("split", (2, 1)),
        ("split", ([1], 3)),
    ],
)
def test_what_does_not_fit_raises_value_error(name, args):
    (derived,) = namespace.over(Primitives(), name)
    with pytest.raises(ValueError, match="out of range|can't be split"):
        derived(X, *args)


def names_of(module):
    """The functions that a module of the abstract engine defines."""
    own = lambda f: isinstance(f, functools.partial) or getattr(f, "__module__", None) == module.__name__
    return {name for name, f in vars(module).items() if callable(f) and not name.startswith("_") and own(f)}


@pytest.mark.parametrize("name", engines.names())
def test_a_namespace_has_what_the_abstract_one_has(name):
    xp = engines.get(name).xp
    needed = names_of(abstract_numpy) - BUILDING_BLOCKS - BY_KERNEL.get(name, set())
    assert not [n for n in sorted(needed) if not callable(getattr(xp, n, None))]
    for part, kind in (("linalg", abstract_linalg.AbstractLinearAlgebra), ("fft", abstract_linalg.AbstractFourier)):
        assert not [n for n in vars(kind) if n[0] != "_" and not callable(getattr(getattr(xp, part), n, None))]


def test_a_median_of_what_holds_nan_is_nan(engine):
    x = np.array([[1.0, np.nan, 3.0], [4.0, 2.0, 6.0]], "float32")
    np.testing.assert_array_equal(engine.to_numpy(ops.median(x, axis=1)), [np.nan, 4.0])
    assert np.isnan(float(ops.median(x)))


# JAX's own functions compute the first in 32 bits and refuse the second.
@pytest.mark.parametrize("name", ["torch", "tensorflow", "numpy"])
class TestAsNumpyDoes:
    @pytest.mark.parametrize(("start", "stop"), [(-3, 7), (5, -5), (0, 10)])
    def test_integers_between_two_are_those_below(self, name, start, stop):
        for num in (5, 11):
            expected = np.linspace(start, stop, num, dtype="int32")
            with engines.use_engine(name) as engine:
                np.testing.assert_array_equal(engine.to_numpy(ops.linspace(start, stop, num, dtype="int32")), expected)

    @pytest.mark.parametrize("places", [[2, 9], [-1], [0, 5], []])
    def test_parts_end_where_the_axis_does(self, name, places):
        expected = [part.shape for part in np.split(np.zeros(5), places)]
        with engines.use_engine(name) as engine:
            assert [tuple(part.shape) for part in ops.split(engine.asarray(np.zeros(5)), places)] == expected
        assert [part.shape for part in ops.split(KerasTensor((5,)), places)] == expected
