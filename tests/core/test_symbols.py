"""What symbolic tensors, operations and functions of them are as objects: attributes, conversions, names, configs."""

import copy

import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.core.graph import KerasTensor, Operation


class Scaled(Operation):
    def __init__(self, factor, *, name=None, **others):
        super().__init__(name=name)
        self.factor, self.others = factor, others

    def call(self, x):
        return x * self.factor


def test_what_a_symbolic_tensor_is_stays():
    x = KerasTensor((None, 3), "int32", name="x")
    assert repr(x) == "<KerasTensor shape=(None, 3), dtype=int32, sparse=False, ragged=False, name=x>"
    for name in ("shape", "dtype", "sparse", "ragged", "ragged_rank", "row_splits_dtype", "ndim"):
        with pytest.raises(AttributeError):
            setattr(x, name, getattr(x, name))
    x.name = "y"
    assert x.name == "y" and copy.copy(x).shape == (None, 3)


@pytest.mark.parametrize("shape", [2, None, "ab", (2, -1), (2, 1.5), (2, "a")])
def test_what_is_no_shape(shape):
    with pytest.raises(ValueError, match="shape"):
        KerasTensor(shape)


def test_operators_of_python():
    x = KerasTensor((2, 3))
    assert round(x).shape == round(x, 1).shape == (2, 3)
    assert (x == None) is False and (x != None) is True  # noqa: E711
    assert (np.ones(3, "float32") + x).shape == (np.float32(2) * x).shape == (2, 3)
    for call in (lambda: x[0:1, "a"], lambda: np.add(x, 1)):
        with pytest.raises(ValueError):
            call()


def test_no_history_is_recorded_where_that_is_said():
    x, quiet = KerasTensor((3,)), KerasTensor((3,), record_history=False)
    assert x.record_history and (x * 2)._keras_history is not None
    for y in (quiet * 2, ops.concatenate([x, quiet]), Scaled(2.0)(quiet)):
        assert not y.record_history and y._keras_history is None


def test_names_of_operations():
    assert Scaled(2.0, name="twice").name == "twice" and Scaled(2.0).name.startswith("scaled")
    for name in (3, "a/b"):
        with pytest.raises(ValueError, match="name"):
            Scaled(2.0, name=name)


def test_config_of_an_operation():
    config = Scaled(2.0, name="twice", more=[1, None]).get_config()
    assert config == {"name": "twice", "factor": 2.0, "more": [1, None]}
    made = Scaled.from_config(config)
    assert made.name == "twice" and made.others == {"more": [1, None]}
    assert np.asarray(kerata.ops.convert_to_numpy(made(np.ones(2, "float32")))).tolist() == [2.0, 2.0]
    with pytest.raises(NotImplementedError, match="get_config"):
        Scaled(np.ones(2)).get_config()


def test_outputs_of_an_operation_that_is_asked_for_them():
    spec = Scaled(2.0).compute_output_spec(KerasTensor((None, 3)))
    assert isinstance(spec, KerasTensor) and spec.shape == (None, 3)
    x = kerata.Input((3,))
    assert isinstance(kerata.Function(x, x + 1).compute_output_spec(KerasTensor((4, 3))), KerasTensor)


def test_functions_begin_with_their_inputs():
    x = kerata.Input((3,), name="first")
    function = kerata.Function(x, x * 2 + 1)
    assert [o.name for o in function.operations][0] == "first" and len(function.operations) == 3
    for inputs in (np.ones((2, 4)), np.ones(3)):
        with pytest.raises(ValueError, match="shape"):
            function(inputs)
    for ends in ((3, x), (x, 3)):
        with pytest.raises(ValueError, match="symbolic"):
            kerata.Function(*ends)
