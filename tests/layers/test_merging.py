"""Merging: masks, functions, bad inputs."""

import numpy as np
import pytest

from kerata import layers
from kerata.core import masks
from kerata.core.graph import KerasTensor

M1 = np.array([[1, 1, 0], [1, 0, 0]], bool)
M2 = np.array([[1, 0, 1], [1, 0, 0]], bool)
X = np.ones((2, 3, 4), "float32")


def masked(x, mask, engine):
    x = engine.asarray(x)
    if mask is not None:
        masks.set_mask(x, engine.asarray(mask))
    return x


@pytest.mark.parametrize("axis", [-1, 1, 2])
@pytest.mark.parametrize("cls", ["Add", "Multiply", "Maximum", "Concatenate"])
@pytest.mark.parametrize("second", [M2, None])
def test_masks_are_the_oracles(cls, second, axis):
    import keras

    arguments = {"axis": axis} if cls == "Concatenate" else {}
    mine = getattr(layers, cls)(**arguments).compute_mask([X, X], [M1, second])
    other = getattr(keras.layers, cls)(**arguments).compute_mask([X, X], [M1, second])
    assert (mine is None) == (other is None)
    if mine is not None:
        np.testing.assert_array_equal(mine, other)


def test_masks_arrive(engine):
    x, y = masked(X * 2, M1, engine), masked(X * 3, M2, engine)
    np.testing.assert_array_equal(masks.get_mask(layers.Add()([x, y])), M1 | M2)
    np.testing.assert_array_equal(masks.get_mask(layers.Concatenate(axis=1)([x, y])), np.concatenate([M1, M2], 1))
    assert masks.get_mask(layers.Dot(1)([x, y])) is None
    assert masks.get_mask(layers.Add()([x, engine.asarray(X)])) is None


def test_multiply_leaves_out_what_is_masked(engine):
    product = layers.Multiply()([masked(X * 2, M1, engine), masked(X * 3, M2, engine)])
    np.testing.assert_array_equal(engine.to_numpy(product)[..., 0], [[6, 2, 3], [6, 0, 0]])
    product = layers.Multiply()([masked(X * 2, M1, engine), X * 3])
    np.testing.assert_array_equal(engine.to_numpy(product)[..., 0], [[6, 6, 3], [6, 3, 3]])


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "average", "maximum", "minimum"])
def test_functions(name):
    pair = [X, X * 3]
    expected = getattr(layers, name.capitalize())()(pair)
    np.testing.assert_array_equal(getattr(layers, name)(pair), expected)
    node = getattr(layers, name)([KerasTensor((None, 3)), KerasTensor((None, 3))], name="joined")._keras_history[0]
    assert node.name == "joined"


def test_functions_with_axes():
    assert layers.concatenate([X, X], axis=1).shape == (2, 6, 4)
    assert layers.dot([X, X], axes=2, normalize=True).shape == (2, 3, 3)


def test_unknown_lengths():
    assert layers.Add()([KerasTensor((None, 4)), KerasTensor((None, None, 4))]).shape == (None, None, 4)
    assert layers.Concatenate()([KerasTensor((None, 4)), KerasTensor((None, None))]).shape == (None, None)


@pytest.mark.parametrize(
    "cls, arguments, shapes, text",
    [
        ("Add", {}, (2, 3), "Add is called on a list of tensors; one of shape (2, 3) came."),
        ("Add", {}, [(2, 3), (2, 4)], "Add: inputs of shapes (2, 3), (2, 4) can't be merged element by element."),
        ("Add", {}, [(2, 3), (2, 5, 4)], "Add: inputs of shapes (2, 3), (2, 5, 4) can't be merged element by element."),
        ("Subtract", {}, [(2, 3)] * 3, "Subtract is called on a list of 2 tensors; 3 came, of shapes (2, 3), (2, 3), (2, 3)."),
        (
            "Concatenate",
            {"axis": 1},
            [(2, 3, 4), (2, 3, 5)],
            "Concatenate(axis=1): all axes but that one must be equal; inputs of shapes (2, 3, 4), (2, 3, 5) came.",
        ),
        (
            "Dot",
            {"axes": 1},
            [(2, 3), (2, 4)],
            "Dot: axes 1 and 1 must have equal lengths; inputs of shapes (2, 3), (2, 4) came.",
        ),
        ("Dot", {"axes": 0}, [(2, 3), (2, 3)], "Dot: axes 0 name the batch axis; the products are summed over another one."),
        ("Dot", {"axes": -1}, [(2,), (2, 3)], "Dot: both inputs need a batch axis and another; shapes (2,), (2, 3) came."),
    ],
)
def test_errors(cls, arguments, shapes, text):
    layer = getattr(layers, cls)(**arguments)
    inputs = [np.ones(s, "float32") for s in shapes] if isinstance(shapes, list) else np.ones(shapes, "float32")
    with pytest.raises(ValueError) as error:
        layer(inputs)
    assert str(error.value).split("\n")[0] == text


def test_bad_axes():
    with pytest.raises(ValueError, match="Dot: axes must be an integer or a pair of them"):
        layers.Dot((1, 2, 3))


@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum"])
def test_one_tensor_is_no_list_for_a_built_layer_either(name):
    layer = getattr(layers, name)()
    x = np.ones((2, 3), "float32")
    layer([x, x])
    for tensor in (x, KerasTensor((None, 3))):
        with pytest.raises(ValueError, match="called on a list"):
            layer(tensor)
