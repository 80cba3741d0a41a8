"""The structures of models' inputs and outputs: kept, restored, taken in another one with a warning, absent without a graph."""

import collections

import numpy as np
import pytest

import kerata
from kerata import layers

X = np.ones((4, 3), "float32")
Pair = collections.namedtuple("Pair", "first second")


def two_inputs(structure):
    a, b = kerata.Input((3,), name="a"), kerata.Input((3,), name="b")
    return kerata.Model(structure(a, b), a + 2 * b)


def of_outputs(structure):
    i = kerata.Input((3,), name="i")
    return kerata.Model(i, structure(i, 2 * i))


@pytest.mark.parametrize("structure", [lambda a, b: [a], lambda a, b: (a,)])
def test_a_list_of_one_output_gives_that_output(structure, engine):
    model = of_outputs(structure)
    assert tuple(model(X).shape) == model.predict(X, verbose=0).shape == (4, 3)
    assert model.output_shape == (None, 3) and isinstance(model.output, (list, tuple))
    whole = kerata.Sequential([kerata.Input((3,)), model, layers.Dense(2)])
    assert whole.predict(X, verbose=0).shape == (4, 2)


@pytest.mark.parametrize(
    "structure",
    [
        lambda a, b: (a, b),
        lambda a, b: [a, (b, a)],
        lambda a, b: {"y": a, "x": [b]},
        lambda a, b: Pair(a, b),
        lambda a, b: [a, b],
    ],
)
def test_outputs_keep_their_structure(structure, engine):
    """In calls, in predictions, and in a model made from the config."""
    model, wanted = of_outputs(structure), structure(X, 2 * X)
    again = kerata.Model.from_config(model.get_config())
    for made in (model, again):
        for outputs in (made(X), made.predict(X, verbose=0)):
            found = kerata.tree.map_structure(np.asarray, kerata.tree.map_structure(kerata.ops.convert_to_numpy, outputs))
            same = wanted if made is model or not isinstance(wanted, Pair) else tuple(wanted)
            assert type(found) is type(same)
            kerata.tree.assert_same_structure(found, same)
            for x, y in zip(kerata.tree.flatten(found), kerata.tree.flatten(same)):
                np.testing.assert_array_equal(x, y)
    assert [*map(tuple, again.output_shape)] == [(None, 3)] * len(kerata.tree.flatten(wanted))


@pytest.mark.parametrize(
    "structure, given",
    [
        (lambda a, b: {"a": a, "b": b}, {"a": X, "b": X, "more": X}),
        (lambda a, b: {"a": a, "b": b}, [X, X]),
        (lambda a, b: [a, {"b": b}], [X, X]),
    ],
)
def test_inputs_in_another_structure_are_taken_with_a_warning(structure, given, engine):
    with pytest.warns(UserWarning, match="not in its structure"):
        y = two_inputs(structure)(given)
    np.testing.assert_array_equal(kerata.ops.convert_to_numpy(y), 3 * X)


@pytest.mark.parametrize("given", [[X, X], (X, X), {"a": X, "b": X}, {"a": X, "b": X, "more": X}])
def test_a_list_of_inputs_takes_a_tuple_and_a_dict(given, engine):
    """By name from a dict; no warning, as in Keras."""
    np.testing.assert_array_equal(kerata.ops.convert_to_numpy(two_inputs(lambda a, b: [a, b])(given)), 3 * X)


def test_one_input_in_a_list_or_a_dict():
    model = of_outputs(lambda a, b: b)
    for given in ([X], {"i": X}):
        with pytest.warns(UserWarning, match="not in its structure"):
            np.testing.assert_array_equal(kerata.ops.convert_to_numpy(model(given)), 2 * X)


def test_structures_inside_of_a_dict_of_inputs(engine):
    a, b, c = (kerata.Input((3,), name=name) for name in "abc")
    model = kerata.Model({"y": [a, b], "x": c}, a + 2 * b + 4 * c)
    np.testing.assert_array_equal(kerata.ops.convert_to_numpy(model({"x": X, "y": [X, X]})), 7 * X)


def test_inputs_become_of_the_declared_kind(engine):
    i = kerata.Input((3,), dtype="int32")
    assert kerata.backend.standardize_dtype(kerata.Model(i, 2 * i)(X).dtype) == "int32"


@pytest.mark.parametrize("make", [lambda: kerata.Sequential([layers.Dense(2)]), lambda: type("Own", (kerata.Model,), {})()])
def test_what_a_graph_has_is_absent_without_one(make):
    model = make()
    for name in ("inputs", "outputs", "input_shape", "output_shape", "operations"):
        assert not hasattr(model, name), name


def test_shapes_of_several_inputs_are_a_list():
    model = two_inputs(lambda a, b: {"a": a, "b": b})
    assert model.input_shape == [(None, 3), (None, 3)] and model.output_shape == (None, 3)


def test_names_of_outputs_are_those_of_layers():
    i = kerata.Input((3,), name="i")
    model = kerata.Model(i, {"z": layers.Dense(1, name="d")(i), "y": i})
    assert model.output_names == ["i", "d"]  # in the order of the keys
    assert [op.name for op in model.operations] == ["i", "d"]


def test_models_without_layers_are_summed_up(capsys):
    kerata.Sequential(name="empty").summary()
    assert 'Model: "empty"' in capsys.readouterr().out
    with pytest.raises(ValueError, match="first and the last"):
        of_outputs(lambda a, b: b).summary(layer_range=["i"])


def test_what_is_no_layer_is_refused():
    for given in (3, "dense", layers.Dense):
        with pytest.raises(ValueError, match="Sequential holds layers"):
            kerata.Sequential().add(given)
