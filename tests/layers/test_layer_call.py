"""What layers may be made with and called on, and the errors of those that can't be."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops

X = np.ones((2, 3), "float32")


class Plain(layers.Layer):
    def call(self, x, training=None):
        return x


@pytest.mark.parametrize("options", [{"name": "a/b"}, {"name": 3}, {"trainable": "no"}, {"trainable": None}])
def test_arguments_of_all_layers(options):
    with pytest.raises(ValueError):
        layers.Dense(2, **options)


@pytest.mark.parametrize("dtype", ["float16", np.float16, np.dtype("float16"), kerata.DTypePolicy("float16")])
def test_dtypes_of_all_kinds(dtype):
    assert layers.Dense(2, dtype=dtype).compute_dtype == "float16"


@pytest.mark.parametrize("value", [3.0, 3, True, "a", [1.0, 2.0], ["a"], {"a": "b"}, {"a": 1.0}, object(), (3, X)])
def test_only_tensors_by_position(value, engine):
    with pytest.raises(ValueError, match="takes tensors by position"):
        Plain()(value)


def test_other_values_by_name(engine):
    assert Plain()(x=3) == 3
    assert Plain()(None) is None
    assert Plain()([None, X])[0] is None
    assert Plain()(X, True).shape == (2, 3)  # `training`


def test_without_arguments():
    with pytest.raises(TypeError, match="without 'x'"):
        Plain()()

    class Source(layers.Layer):
        def call(self):
            return ops.ones((2,))

    assert Source()().shape == (2,)


def test_without_a_computation():
    with pytest.raises(NotImplementedError, match="no method call"):
        layers.Layer()(X)


def test_without_its_bases_constructor():
    class Forgets(layers.Layer):
        def __init__(self):
            pass

        def call(self, x):
            return x

    with pytest.raises(RuntimeError, match="super"):
        Forgets()(X)


def test_shapes_of_build_are_called_as_the_arguments_of_call():
    class Two(layers.Layer):
        def build(self, a_shape, b_shape):
            self.shapes = a_shape, b_shape

        def call(self, a, b):
            return a

    class Wrong(Two):
        def build(self, this_shape, that_shape):
            pass

    layer = Two()
    layer(X, X[:1])
    assert layer.shapes == ((2, 3), (1, 3))
    with pytest.raises(ValueError, match="this_shape"):
        Wrong()(X, X)


def test_names_of_what_call_takes():
    assert Plain().call_signature_parameters == ["x", "training"]


def test_layers_that_cannot_be_compiled(training_engine):
    calls = []

    class Counts(layers.Layer):
        def call(self, x):
            calls.append(None)
            return x

    def steps(supported):
        layer = Counts()
        layer.supports_jit = supported
        model = kerata.Sequential([kerata.Input((3,)), layer, layers.Dense(1)])
        model.compile("sgd", "mse", jit_compile="auto")
        model.fit(np.ones((8, 3), "float32"), np.zeros((8, 1)), batch_size=2, verbose=0)
        calls.clear()
        model.fit(np.ones((8, 3), "float32"), np.zeros((8, 1)), batch_size=2, verbose=0)
        return len(calls)

    if not training_engine.has_graphs:
        assert steps(False) == 4
    assert steps(True) in (0, 4)  # compiled, or an engine that runs steps as they stand


def test_errors_of_single_layers():
    with pytest.raises(TypeError):
        layers.RepeatVector("a")
    with pytest.raises(ValueError):
        layers.RepeatVector(0)
    with pytest.raises(TypeError):
        layers.Dot("a")
    with pytest.raises(ValueError):
        layers.Dot((1, 2, 3))
    with pytest.raises(ValueError):
        layers.GroupNormalization(1.5)
    for cls in (layers.LSTM, layers.GRU):
        with pytest.raises(ValueError):
            cls(2, use_cudnn="perhaps")
    with pytest.raises(ValueError, match="mask"):
        layers.TimeDistributed(layers.Dense(2))(np.ones((2, 4, 3)), mask=np.ones((2, 3), bool))


@pytest.mark.parametrize("cls", [layers.Add, layers.Concatenate, layers.Average])
def test_masks_of_merged_tensors_are_a_list(cls):
    for inputs, mask in [([X, X], 3), ([X, X], [None]), (3, [None, None]), ([X], [None, None])]:
        with pytest.raises(ValueError, match="compute_mask"):
            cls().compute_mask(inputs, mask)
    assert cls().compute_mask([X, X], None) is None and cls().compute_mask([X, X], [None, None]) is None


@pytest.mark.parametrize("cls", [layers.LayerNormalization, layers.UnitNormalization])
@pytest.mark.parametrize("axis", ["a", 1.5, None, ["a"]])
def test_axes_are_integers(cls, axis):
    with pytest.raises(TypeError, match="axis"):
        cls(axis=axis)


def test_shared_axes_are_among_the_inputs():
    with pytest.raises(ValueError, match="shared_axes"):
        layers.PReLU(shared_axes=[5])(X)


def test_inputs_begin_at_symbolic_tensors():
    with pytest.raises(ValueError, match="KerasTensor"):
        kerata.Input(tensor=np.ones(3))
