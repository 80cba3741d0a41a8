"""When layers are built, and what they have before and after."""

import inspect

import numpy as np
import pytest

import kerata
from kerata import layers
from tests.layers.cases import CASES
from tests.oracle import keras

WITHOUT_ARGUMENTS = {"Layer", "InputSpec", "InputLayer", "Wrapper"}


def test_layers_without_weights_are_built_from_the_start():
    for case in {c.cls: c for c in CASES}.values():
        theirs = getattr(keras().layers, case.cls, None)
        if theirs is not None:
            layer, their_layer = getattr(layers, case.cls)(**case.args), theirs(**case.args)
            assert layer.built == their_layer.built, case.cls
            if layer.built:
                layer(case.inputs())
                assert layer.built and layer.get_build_config() is None, case.cls


def test_layers_with_weights_are_not():
    for cls in (layers.Dense, layers.Conv1D, layers.LSTM):
        assert not cls(2, **({"kernel_size": 1} if cls is layers.Conv1D else {})).built


def test_users_layers():
    class Plain(layers.Layer):
        def call(self, x):
            return x

    class Derived(layers.Dropout):
        pass

    class Builds(layers.Dropout):
        def build(self, shape):
            self.scale = self.add_weight(shape=(), initializer="ones")

    assert not Plain().built and Derived(0.5).built and not Builds(0.5).built
    layer = Builds(0.5)
    layer(np.ones((2, 3)))
    assert layer.built and len(layer.weights) == 1


@pytest.mark.parametrize("name", ["gamma", "beta", "moving_mean", "moving_variance"])
def test_weights_of_a_normalization_are_none_before(name):
    assert getattr(layers.BatchNormalization(), name) is None


def test_unbuilt_weights_are_no_attributes():
    for layer, name in [(layers.Dense(2), "kernel"), (layers.Embedding(2, 2), "embeddings"), (layers.Conv1D(2, 1), "kernel")]:
        with pytest.raises(AttributeError, match=name):
            getattr(layer, name)


def test_every_layer_has_the_attributes_of_its_constructor():
    """What is given can be read again under its name."""
    for case in {c.cls: c for c in CASES}.values():
        cls = getattr(layers, case.cls)
        layer = cls(**case.args)
        for name in case.args:
            if name in inspect.signature(cls).parameters and name not in ("weights", "output_shape"):
                assert hasattr(layer, name), f"{case.cls}.{name}"
    assert kerata.layers.Dense(3).units == 3


@pytest.mark.parametrize("name", [0, [], ("a",)])
def test_a_name_is_a_text(name):
    with pytest.raises(ValueError, match="A layer's name is a text"):
        layers.Dense(2, name=name)
