"""Variables and scopes."""

import numpy as np
import pytest

import kerata
from kerata import engines, ops
from kerata.core.naming import name_scope
from kerata.core.variable import Variable, autocast_scope
from kerata.engines.state import StateScope


def test_values_and_attributes(engine):
    v = Variable([[1.0, 2.0]], name="w", trainable=False, aggregation="mean")
    assert (v.shape, v.ndim, v.dtype, v.name, v.trainable, v.aggregation, len(v)) == (
        (1, 2),
        2,
        "float32",
        "w",
        False,
        "mean",
        1,
    )
    assert engine.is_array(v.value)
    v.assign_sub([[1.0, 1.0]])
    np.testing.assert_array_equal(v.numpy(), [[0.0, 1.0]])
    assert v.numpy() is not v.numpy()  # a copy of one's own


def test_python_numbers_become_floatx_and_int32():
    assert Variable(1.0).dtype == "float32"
    assert Variable(1).dtype == "int32"
    with engines.use_engine("numpy"):
        assert Variable(np.float64(1.0)).dtype == "float64"


def test_operators(engine):
    v, n = Variable([4.0, 9.0]), np.array([4.0, 9.0])
    cases = [(v + 1, n + 1), (1 - v, 1 - n), (v * v, n * n), (v / 2, n / 2), (2 / v, 2 / n), (v // 3, n // 3), (v % 3, n % 3),
             (v**2, n**2), (2**v, 2**n), (-v, -n), (abs(-v), n), (v > 5, n > 5), (v <= 4, n <= 4), (v[0], n[0]), (v @ v, n @ n)]  # fmt: skip
    for got, expected in cases:
        np.testing.assert_allclose(engine.to_numpy(got), expected, rtol=1e-6)
    np.testing.assert_allclose(engine.to_numpy(np.float32(2) * v), 2 * n)


def test_assigning_another_shape_changes_nothing(engine):
    v = Variable([1.0, 2.0], name="w")
    with pytest.raises(ValueError, match=r"Variable 'w' has shape \(2,\); a value of shape \(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])


def test_an_assignment_takes_the_variables_dtype(engine):
    v = Variable([1, 2], dtype="int32")
    v.assign([3.7, 4.2])
    assert v.numpy().tolist() == [3, 4]
    assert v.numpy().dtype == "int32"


def test_initializers_are_drawn_late_and_once():
    calls = []

    class Draw:
        deferrable = True

        def __call__(self, shape, dtype=None):
            calls.append(shape)
            return np.ones(shape, dtype)

    v = Variable(Draw(), shape=(2, 3))
    assert not calls
    v.numpy()
    assert v.value is not None
    v.numpy()
    assert calls == [(2, 3)]


def test_an_initializer_of_the_wrong_shape_is_told():
    with pytest.raises(ValueError, match="returned shape"):
        Variable(lambda shape, dtype=None: np.ones(3), shape=(2,))


def test_a_slash_in_a_name_is_refused():
    with pytest.raises(ValueError, match="without '/'"):
        Variable(1.0, name="a/b")


def test_paths_come_from_scopes():
    with name_scope("outer"), name_scope("inner"):
        assert Variable(1.0, name="w").path == "outer/inner/w"


def test_scopes_keep_writes_to_themselves(engine):
    v = Variable(1.0)
    with StateScope([v], [engine.asarray(5.0, "float32")]) as outer:
        assert float(v.value) == 5.0
        with StateScope() as inner:
            v.assign(7.0)
            assert float(v.value) == 7.0
        assert float(v.value) == 5.0
        assert list(inner.assigned.values()) == [v]
        v.assign_add(1.0)
    assert float(v) == 1.0
    assert float(outer.values[id(v)]) == 6.0


def test_stateless_scope():
    v = kerata.Variable(1.0)
    with kerata.StatelessScope(state_mapping=[(v, 3.0)]) as scope:
        scope.add_update((v, v.value * 2))
        assert float(scope.get_current_value(v)) == 6.0
    assert float(v) == 1.0


def test_autocast(engine):
    v, fixed = Variable([1.0]), Variable([1.0], autocast=False)
    with autocast_scope("bfloat16"):
        assert engine.dtype(v.value) == "bfloat16"
        assert engine.dtype(fixed.value) == "float32"
    assert engine.dtype(v.value) == "float32"


def test_a_variable_moves_to_another_engine():
    with engines.use_engine("jax"):
        v = Variable([1.0, 2.0])
        v.assign_add(1.0 * np.ones(2))
    v.to_engine("numpy")
    with engines.use_engine("numpy"):
        assert isinstance(v.value, np.ndarray)
        np.testing.assert_array_equal(ops.add(v, 1.0), [3.0, 4.0])


def test_compiled_code_never_captures_a_variable_as_a_constant(training_engine):
    hidden = Variable(1.0)
    double = training_engine.compile(lambda: hidden * 2)
    assert float(double()) == 2.0
    hidden.assign(5.0)
    assert float(double()) == 10.0


def test_integers_that_do_not_fit_are_refused():
    with engines.use_engine("torch"):  # which keeps 64 bits
        assert ops.convert_to_tensor(np.array([2**40])).tolist() == [2**40]
    with engines.use_engine("jax"), pytest.raises(OverflowError, match="don't fit int32"):
        ops.convert_to_tensor(np.array([2**40]))


def test_rows_of_different_lengths_are_told():
    with pytest.raises(ValueError, match="rows of equal length"):
        ops.convert_to_tensor([[1.0, 2.0], [3.0]])


def test_text_is_told():
    with pytest.raises(ValueError, match="TextVectorization"):
        ops.convert_to_tensor(np.array(["a", "b"]))


def test_variables_that_were_assigned_from_one_another_can_be_given_away(training_engine):
    online, target = Variable([1.0, 2.0]), Variable([0.0, 0.0])
    target.assign(online.value)

    def step():
        online.assign_add(ops.ones((2,)))
        target.assign_add(online * 0.5)

    training_engine.compile(step, [online, target], donate=True)()
    np.testing.assert_array_equal(target.numpy(), [2.0, 3.5])


def test_numpy_copies_when_asked(engine):
    v = kerata.Variable([1.0, 2.0])
    copy = np.array(v)
    copy[0] = 9
    assert np.asarray(v).tolist() == [1.0, 2.0] and np.array(v, "int32").tolist() == [1, 2]
