"""Dense layers and embeddings: equations, bad inputs, masks."""

import numpy as np
import pytest

import kerata
from kerata import layers
from kerata.core import masks
from kerata.core.graph import KerasTensor


@pytest.mark.parametrize(
    "equation, output_shape, bias_axes, input_shape, kernel, bias",
    [
        ("ab,bc->ac", 8, "c", (2, 4), (4, 8), (8,)),
        ("abc,cd->adb", (8, None), "db", (2, 3, 4), (4, 8), (8, 3)),
        ("abc,cd->abd", (None, 8), "bd", (2, 3, 4), (4, 8), (3, 8)),
        ("...abc,cd->...abd", (None, 8), "d", (2, 3, 4), (4, 8), (8,)),
        ("ab...,bc->ac...", (8, None), "c", (2, 3, 4), (3, 8), (8, 1)),
        ("abc, bcd -> ad", 5, None, (2, 3, 4), (3, 4, 5), None),
        ("abc,cde->abde", (None, 6, 5), "e", (2, 3, 4), (4, 6, 5), (5,)),
        ("abc,cde->abde", (None, 6, 5), "d", (2, 3, 4), (4, 6, 5), (6, 1)),
    ],
)
def test_einsum_shapes(equation, output_shape, bias_axes, input_shape, kernel, bias):
    layer = layers.EinsumDense(equation, output_shape, bias_axes=bias_axes)
    y = layer(np.ones(input_shape, "float32"))
    assert layer.kernel.shape == kernel
    assert (layer.bias is None) if bias is None else layer.bias.shape == bias
    expected = np.einsum(equation.replace(" ", ""), np.ones(input_shape), layer.kernel.numpy())
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "equation, output_shape, bias_axes, text",
    [
        ("abc,cd->abd", 8, None, "EinsumDense 'abc,cd->abd': axis 'b' is 3 in the input and 8 in output_shape (8,)."),
        (
            "abc,cde->abd",
            (None, 8),
            None,
            "EinsumDense 'abc,cde->abd': the length of the kernel's axis 'e' follows neither from the input shape (2, 3, 4) "
            "nor from output_shape (None, 8).",
        ),
        ("abc,cd->abd", (None, 8), "x", "EinsumDense 'abc,cd->abd': bias_axes 'x' must be letters of the output 'abd'."),
        (
            "abc->abd",
            8,
            None,
            "EinsumDense can't read the equation 'abc->abd': it must have the form 'ab,bc->ac', '...ab,bc->...ac' or "
            "'ab...,bc->ac...'.",
        ),
    ],
)
def test_einsum_errors(equation, output_shape, bias_axes, text):
    with pytest.raises(ValueError) as error:
        layers.EinsumDense(equation, output_shape, bias_axes=bias_axes)(np.ones((2, 3, 4), "float32"))
    assert str(error.value).startswith(text)


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", True, None])
def test_bad_units(units):
    with pytest.raises(ValueError, match="Dense: units must be a positive integer; "):
        layers.Dense(units)


def test_dense_input_errors():
    layer = layers.Dense(3)
    layer.build((None, 4))
    with pytest.raises(ValueError, match="axis -1 must have length 4, as when the layer was built, and has 5"):
        layer(np.ones((2, 5), "float32"))
    with pytest.raises(ValueError, match="at least 2 axes are expected"):
        layers.Dense(3)(np.ones(4, "float32"))
    with pytest.raises(ValueError, match="a dimension is unknown"):
        layers.Dense(3).build((2, None))
    with pytest.raises(ValueError, match="quantization_config must be a QuantizationConfig; 3 came"):
        layers.Dense(3, quantization_config=3)
    with pytest.raises(TypeError, match="Dense has no argument 'activations'. Did you mean 'activation'?"):
        layers.Dense(3, activations="relu")


def test_embedding_begins_with_weights():
    table = np.arange(6, dtype="float32").reshape(3, 2)
    layer = layers.Embedding(3, 2, weights=[table])
    np.testing.assert_array_equal(layer(np.array([[2, 0]]))[0], table[[2, 0]])
    assert "weights" not in layer.get_config()


def test_embedding_takes_whole_floats_and_counts_from_the_end():
    table = np.arange(6, dtype="float32").reshape(3, 2)
    layer = layers.Embedding(3, 2, weights=table)
    np.testing.assert_array_equal(layer(np.array([1.0, 2.7, -1.0])), table[[1, 2, 2]])


def test_embedding_masks_zeros(engine):
    x = np.array([[1, 2, 0], [0, 0, 1]])
    y = layers.Embedding(3, 2, mask_zero=True)(x)
    np.testing.assert_array_equal(masks.get_mask(y), x != 0)
    np.testing.assert_array_equal(masks.get_mask(layers.Dense(2)(y)), x != 0)
    assert masks.get_mask(layers.Embedding(3, 2)(x)) is None


def test_embedding_gradient_counts_repeats():
    layer = layers.Embedding(4, 2)
    layer.build()
    _, (gradient,) = kerata.value_and_grad(lambda: kerata.ops.sum(layer(np.array([1, 1, 3]))), layer.trainable_variables)
    np.testing.assert_array_equal(gradient, [[0, 0], [2, 2], [0, 0], [1, 1]])


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"tie_weights": False},
        {"logit_soft_cap": 2.0},
        {"reverse_dtype": "bfloat16"},
        {"dtype": "mixed_bfloat16"},
        {"dtype": "mixed_bfloat16", "reverse_dtype": "float32"},
    ],
)
def test_reversed_embedding_equals_the_oracle(arguments):
    import keras

    mine, other = layers.ReversibleEmbedding(5, 3, **arguments), keras.layers.ReversibleEmbedding(5, 3, **arguments)
    mine.build(), other.build()
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(v.shape).astype("float32") for v in mine.weights]
    mine.set_weights(weights), other.set_weights(weights)
    x = rng.standard_normal((2, 4, 3)).astype("float32")
    y, expected = mine(x, reverse=True), other(x, reverse=True)
    assert y.dtype == expected.dtype
    tolerance = 1e-5 if y.dtype == "float32" else 0.02
    np.testing.assert_allclose(np.asarray(y, "float32"), np.asarray(expected, "float32"), rtol=tolerance, atol=tolerance)
    assert mine(KerasTensor((None, 4, 3)), reverse=True).shape == (None, 4, 5)


@pytest.mark.parametrize(
    "equation, output_shape, shape, wrong, text",
    [
        ("abc,cd->abd", (None, 4), (2, 3, 4), (4, 4, 4, 4), "3 axes are expected"),
        ("abc,cd->abd", (None, 4), (2, 3, 4), (2, 3, 5), "axis 2 must have length 4"),
        ("...x,xy->...y", 4, (2, 3, 5), (2, 3, 4), "axis -1 must have length 5"),
        ("ab...,bc->ac...", (4, None), (2, 3, 5), (2,), "at least 2 axes"),
    ],
)
def test_einsum_dense_takes_what_its_equation_says(equation, output_shape, shape, wrong, text, engine):
    layer = layers.EinsumDense(equation, output_shape)
    layer(np.ones(shape, "float32"))
    for x in (np.ones(wrong, "float32"), KerasTensor(wrong)):
        with pytest.raises(ValueError, match=text):
            layer(x)
