"""Objects as JSON, and back."""

import json

import numpy as np
import pytest

import kerata
from kerata.core.configurable import Configurable
from kerata.core.lookup import Namespace
from kerata.core.registry import CustomObjectScope, register_keras_serializable
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object


@pytest.mark.parametrize(
    "value", [None, True, 3, 2.5, "text", [1, [2]], {"a": [1], "b": None}, slice(1, None, 2), Ellipsis, b"bytes"]
)
def test_plain_things_come_back(value):
    assert deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(value)))) == value


def test_tuples_come_back_as_lists_as_in_keras():
    assert deserialize_keras_object(json.loads(json.dumps(serialize_keras_object((1, (2, "a")))))) == [1, [2, "a"]]


def test_arrays_come_back():
    x = np.arange(4, dtype="int8").reshape(2, 2)
    back = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(x))))
    np.testing.assert_array_equal(back, x)
    assert back.dtype == x.dtype


def test_registered_classes_and_functions():
    @register_keras_serializable("tests", "Thing")
    class Thing(Configurable):
        def __init__(self, size, kind="plain"):
            self.size = size

    @register_keras_serializable("tests")
    def double(x):
        return 2 * x

    config = json.loads(json.dumps(serialize_keras_object(Thing(3))))
    assert config["registered_name"] == "tests>Thing"
    assert config["config"] == {"size": 3, "kind": "plain"}
    assert deserialize_keras_object(config).size == 3
    assert deserialize_keras_object(serialize_keras_object(double)) is double


class Plain(Configurable):
    def __init__(self, size):
        self.size = size


def test_custom_objects_and_scopes():
    config = serialize_keras_object(Plain(2))
    with pytest.raises(ValueError, match=r"custom_objects=\{'Plain': Plain\}"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, custom_objects={"Plain": Plain}).size == 2
    with CustomObjectScope({"Plain": Plain}):
        assert deserialize_keras_object(config).size == 2


def test_nothing_named_in_a_config_is_imported():
    for module, name in (("os", "system"), ("kerata.cli", "main"), ("keras.src.utils", "get_file"), ("subprocess", "Popen")):
        with pytest.raises(ValueError, match="There is no"):
            deserialize_keras_object({"module": module, "class_name": name, "config": {}, "registered_name": None})
        with pytest.raises(ValueError, match="There is no"):
            deserialize_keras_object(
                {"module": module, "class_name": "function", "config": name, "registered_name": "function"}
            )


def test_built_ins_can_not_be_shadowed():
    class Fake:
        pass

    config = serialize_keras_object(kerata.layers.Dense(2))
    assert type(deserialize_keras_object(config, custom_objects={"Dense": Fake})) is kerata.layers.Dense


def test_byte_code_is_refused():
    with pytest.raises(ValueError, match="would run code from the file"):
        deserialize_keras_object({"class_name": "__lambda__", "config": {"code": "4wEAAAA="}})
    with pytest.raises(TypeError, match="named function"):
        serialize_keras_object(lambda x: x)


def test_what_has_no_config_is_told():
    with pytest.raises(TypeError, match="get_config"):
        serialize_keras_object(object())


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'mean_squared_error'"):
        Namespace("losses").find("mean_squared_eror")


def test_config_comes_from_the_signature():
    class Base(Configurable):
        def __init__(self, a, b=2, **kwargs):
            self.a = a * 10

    class Derived(Base):
        def __init__(self, c=3, **kwargs):
            super().__init__(**kwargs)

    assert Derived(c=5, a=1).get_config() == {"c": 5, "a": 10, "b": 2}


@pytest.mark.parametrize("kind", [TypeError, ValueError])
@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Nowhere", "config": {}},
        {"class_name": "Nowhere", "config": {}, "module": "my.module", "registered_name": "Nowhere"},
        {"class_name": "function", "config": "nowhere", "module": "builtins", "registered_name": "function"},
    ],
)
def test_names_that_nothing_has(config, kind):
    """Keras raises a TypeError; a name that isn't there is a wrong value, too."""
    with pytest.raises(kind, match="(?i)nowhere"):
        kerata.saving.deserialize_keras_object(config)


@pytest.mark.parametrize("inner", [3, None, "a", [1]])
def test_the_config_of_an_object_is_a_dict(inner):
    with pytest.raises(TypeError, match="dict"):
        kerata.saving.deserialize_keras_object({"class_name": "Dense", "config": inner, "module": "keras.layers"})


def test_symbolic_tensors_of_no_graph_and_ellipsis():
    form = kerata.saving.serialize_keras_object(kerata.KerasTensor((2, 3), "int32"))
    assert form["config"]["keras_history"] is None
    again = kerata.saving.deserialize_keras_object(form)
    assert again.shape == (2, 3) and again.dtype == "int32"
    assert kerata.saving.serialize_keras_object(...) == {"class_name": "__ellipsis__", "config": {}}
