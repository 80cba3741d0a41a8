"""Arguments and attributes of variables, scopes and generators: what they are, and what is refused."""

import numpy as np
import pytest

import kerata
from kerata import Variable, ops, random


@pytest.mark.parametrize(
    "arguments",
    [
        {"initializer": None},
        {"initializer": ["a"]},
        {"initializer": 1.0, "name": 3},
        {"initializer": 1.0, "synchronization": "some"},
        {"initializer": 1.0, "aggregation": "some"},
        {"initializer": "zeros", "shape": (None, 2)},
        {"initializer": "zeros", "shape": (-1,)},
        {"initializer": "zeros", "shape": 2},
        {"initializer": np.ones((2, 3)), "shape": (3, 3)},
    ],
)
def test_arguments_that_are_refused(arguments):
    with pytest.raises(ValueError):
        Variable(**arguments)


def test_attributes_that_are_functions_or_none():
    v = Variable(1.0)
    for name in ("constraint", "regularizer"):
        setattr(v, name, abs)
        assert getattr(v, name) is abs
        setattr(v, name, None)
        with pytest.raises(ValueError, match=name):
            setattr(v, name, 3)
    v.overwrite_with_gradient = True
    assert v.overwrite_with_gradient
    with pytest.raises(TypeError, match="bool"):
        v.overwrite_with_gradient = 1


def test_attributes_that_are_made_bools():
    assert Variable(1.0, trainable=0).trainable is False
    for kind in ("none", "on_read", "on_write", "auto"):
        assert Variable(1.0, synchronization=kind).synchronization == kind


def test_python_operators(engine):
    v = Variable([1.25, -2.0])
    assert engine.to_numpy(+v).tolist() == [1.25, -2.0]
    assert engine.to_numpy(round(v, 1)).tolist() == pytest.approx([1.2, -2.0])
    assert [float(x) for x in v] == [1.25, -2.0] and len(v) == 2
    assert np.sum(v) == np.add(v, 1).sum() - 2 == -0.75
    for call in (len, bool):
        with pytest.raises(TypeError):
            call(Variable(1.0))


def test_arrays_of_64_bits_have_the_dtype_that_the_engine_keeps(training_engine):
    for dtype in ("float64", "int64"):
        v = Variable(np.ones(2, dtype), trainable=False)
        assert v.dtype == ops.dtype(ops.convert_to_tensor(np.ones(2, dtype))) == ops.dtype(v.value)


def test_half_precision_becomes_numpys(engine):
    x = ops.cast([1.0, 2.5], "bfloat16")
    v = Variable(x)
    assert v.dtype == "bfloat16" == ops.convert_to_numpy(x).dtype.name == np.asarray(v).dtype.name
    assert ops.convert_to_numpy(v).astype("float32").tolist() == [1.0, 2.5]


def test_scopes_hold_values_of_variables_alone():
    v = Variable([1.0, 2.0])
    for pair in ((1, 2.0), (v, 3.0), (v, [1.0, 2.0, 3.0])):
        with pytest.raises(ValueError, match="StatelessScope"):
            kerata.StatelessScope(state_mapping=[pair])
        with pytest.raises(ValueError, match="StatelessScope"):
            kerata.StatelessScope().add_update(pair)


def test_config_of_a_generator():
    made = random.SeedGenerator(5, name="draws")
    assert made.get_config() == {"seed": 5, "name": "draws"}
    again = random.SeedGenerator.from_config(made.get_config())
    assert again.name == "draws" and again.state.numpy().tolist() == made.state.numpy().tolist()
    with pytest.raises(ValueError, match="name"):
        random.SeedGenerator(5, name=3)


@pytest.mark.parametrize("seed", [1.5, "a", [1, 2], {}])
def test_what_is_no_seed(seed, engine):
    with pytest.raises(ValueError, match="seed"):
        random.uniform((2,), seed=seed)
