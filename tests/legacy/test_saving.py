"""Objects in Keras 2's JSON form."""

import keras as oracle
import pytest

import kerata
from kerata.legacy.saving import deserialize_keras_object, serialize_keras_object


def scaled(x):
    return 2 * x


@pytest.mark.parametrize("name, args", [("L1L2", {"l1": 0.5, "l2": 0.25}), ("L2", {"l2": 0.5})])
def test_the_form_is_that_of_keras(name, args):
    expected = oracle.legacy.saving.serialize_keras_object(getattr(oracle.regularizers, name)(**args))
    assert serialize_keras_object(getattr(kerata.regularizers, name)(**args)) == expected


def test_functions_are_names_and_none_stays():
    assert serialize_keras_object(kerata.activations.relu) == "relu"
    assert serialize_keras_object(None) is None and deserialize_keras_object(None) is None
    assert deserialize_keras_object("relu", {"relu": kerata.activations.relu}) is kerata.activations.relu


def test_a_layer_comes_back():
    layer = kerata.layers.Dense(3, activation="tanh", name="d")
    restored = deserialize_keras_object(serialize_keras_object(layer), vars(kerata.layers))
    assert restored.get_config() == layer.get_config()


def test_custom_objects_come_first():
    assert deserialize_keras_object("relu", {"relu": kerata.activations.relu}, {"relu": scaled}) is scaled
    assert isinstance(deserialize_keras_object("SGD", {"SGD": kerata.optimizers.SGD}), kerata.optimizers.SGD)


def test_unknown_names_and_other_things_raise():
    with pytest.raises(ValueError, match="no thing 'nope'.*custom_objects"):
        deserialize_keras_object("nope", {}, printable_module_name="thing")
    with pytest.raises(ValueError, match="5 came"):
        deserialize_keras_object(5)
    with pytest.raises(ValueError, match="get_config"):
        serialize_keras_object(5)


def test_utils_legacy_has_the_same():
    assert kerata.utils.legacy.deserialize_keras_object is deserialize_keras_object
    assert kerata.utils.legacy.serialize_keras_object is serialize_keras_object
