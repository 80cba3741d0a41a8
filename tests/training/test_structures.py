"""Losses, metrics, targets and weights in the structure of a model's outputs, whatever it is."""

import collections

import numpy as np
import pytest

import kerata
from kerata import layers, tree
from kerata.training.structures import Outputs

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(6, 2)).astype("float32")
Z = np.random.default_rng(2).normal(size=(6, 1)).astype("float32")
WEIGHTS = np.linspace(0.5, 2.0, 6, dtype="float32")
Pair = collections.namedtuple("Pair", "first second")

STRUCTURES = {
    "list": (lambda a, b: [a, b], ["a", "b"]),
    "tuple": (lambda a, b: (a, b), ["a", "b"]),
    "named tuple": (lambda a, b: Pair(a, b), ["a", "b"]),
    "dict": (lambda a, b: {"u": a, "v": b}, ["u", "v"]),
    "lists in a dict": (lambda a, b: {"p": [a, b], "q": (a,)}, ["p/a", "p/b", "q/a"]),
    "dicts in a list": (lambda a, b: [a, {"u": b, "v": [a]}], ["a", "1/u", "1/v/a"]),
}


def model_of(structure):
    i = kerata.Input((3,))
    a, b = (layers.Dense(n, name=name, kernel_initializer="ones") for n, name in ((2, "a"), (1, "b")))
    return kerata.Model(i, structure(a(i), b(i)))


def squared(y, prediction, weights=1.0):
    return float(np.mean(np.mean((y - prediction) ** 2, -1) * weights))


@pytest.mark.parametrize("kind", STRUCTURES)
@pytest.mark.parametrize("spread", [False, True])
def test_losses_and_weights_follow_the_outputs(kind, spread, training_engine):
    """A loss for all outputs and one for each give the same, by the names of the places; so do sample weights."""
    structure, names = STRUCTURES[kind]
    model, y = model_of(structure), structure(Y, Z)
    expected = {
        f"{name}_loss": squared(target, X.sum(1, keepdims=True), WEIGHTS) for name, target in zip(names, tree.flatten(y))
    }
    loss, share, weights = "mse", None, WEIGHTS
    if spread:
        loss, share, weights = (tree.map_structure(lambda _, one=one: one, y) for one in ("mse", 0.5, WEIGHTS))
    model.compile("sgd", loss, loss_weights=share)
    expected["loss"] = sum(expected.values()) * (0.5 if spread else 1.0)
    found = model.test_on_batch(X, y, weights, return_dict=True)
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4)
    history = model.fit(X, y, sample_weight=weights, verbose=0).history
    np.testing.assert_allclose(history["loss"][0], expected["loss"], rtol=1e-4)


@pytest.mark.parametrize("kind", ["lists in a dict", "dicts in a list"])
def test_metrics_of_nested_outputs_are_named_after_their_layers(kind):
    structure, _ = STRUCTURES[kind]
    model, y = model_of(structure), structure(Y, Z)
    model.compile("sgd", "mse", metrics=tree.map_structure(lambda _: ["mae"], y))
    assert {n for n in model.test_on_batch(X, y, return_dict=True) if "mae" in n} == {"a_mae", "a_mae_1", "b_mae"}


def test_one_metric_for_each_output_or_all_for_all():
    model = model_of(lambda a, b: [a, b])
    model.compile("sgd", "mse", metrics=["mae", "mse"])
    assert {"a_mae", "b_mse"} == set(model.test_on_batch(X, [Y, Z], return_dict=True)) - {"loss", "a_loss", "b_loss"}
    model.compile("sgd", "mse", metrics=["mae"])
    assert {"a_mae", "b_mae"} <= set(model.test_on_batch(X, [Y, Z], return_dict=True))


@pytest.mark.parametrize("loss", [["mse", None], {"a": "mse", "b": None}])
def test_one_loss_among_several_outputs_is_the_loss(loss):
    """As in Keras there is no second number for it."""
    model = model_of(lambda a, b: [a, b])
    model.compile("sgd", loss)
    assert model.metrics_names == ["loss"]
    np.testing.assert_allclose(model.test_on_batch(X, [Y, None]), squared(Y, X.sum(1, keepdims=True)), rtol=1e-4)
    assert [*model.fit(X, [Y, None], verbose=0).history] == ["loss"]


def test_lists_of_one():
    model = model_of(lambda a, b: [a, b])
    model.compile("sgd", [["mse"], ["mae"]])
    assert set(model.test_on_batch(X, [Y, Z], return_dict=True)) == {"loss", "a_loss", "b_loss"}
    single = model_of(lambda a, b: [a])
    single.compile("sgd", ["mse"], loss_weights=[2.0], metrics=[["mae"]])
    found = single.test_on_batch(X, [Y], return_dict=True)
    np.testing.assert_allclose(found["loss"], 2 * squared(Y, X.sum(1, keepdims=True)), rtol=1e-4)
    assert set(found) == {"loss", "mae"}


def test_losses_are_shown_in_the_order_in_which_they_were_given():
    model = model_of(lambda a, b: {"z": a, "y": b})
    model.compile("sgd", {"z": "mse", "y": "mse"})
    model.test_on_batch(X, {"z": Y, "y": Z})
    assert model.metrics_names == ["loss", "z_loss", "y_loss"]


def test_what_does_not_fit_is_told():
    a_dict, a_list = Outputs({"u": 0, "v": 1}), Outputs([0, 1], ["a", "b"])
    with pytest.raises(KeyError, match="Did you mean 'u'"):  # of a dict, as in Keras; and an argument that is wrong
        a_dict.matched("loss", {"uu": "mse"})
    with pytest.raises(ValueError, match="names the output 'c'"):
        a_list.matched("loss", {"c": "mse"})
    with pytest.raises(ValueError, match="3 entries for 2 outputs"):
        a_list.matched("loss", ["mse"] * 3)
    with pytest.raises(ValueError, match="y is one array"):
        a_list.targets(Y)
    with pytest.raises(ValueError, match="a list of names"):
        model_of(lambda a, b: a).compile("sgd", "mse", metrics=3)


def test_logs_of_an_epoch_are_in_the_order_of_their_names():
    model = model_of(lambda a, b: a)
    model.compile("sgd", "mse", weighted_metrics=["mae"], metrics=["mae"])
    assert [*model.fit(X, Y, verbose=0, validation_data=(X, Y)).history] == [
        "loss", "mae", "val_loss", "val_mae", "val_weighted_mae", "weighted_mae"
    ]  # fmt: skip
