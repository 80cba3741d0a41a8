"""Quantization as functions and objects, held against the oracle, on every engine."""

import ml_dtypes
import numpy as np
import pytest
from tests.oracle import keras

import kerata
from kerata import quantizers

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 6)).astype("float32")


def theirs():
    return keras().quantizers


@pytest.mark.parametrize("axis", [0, -1, (0, 1)])
@pytest.mark.parametrize("options", [{}, {"value_range": (-8, 7)}, {"to_numpy": True}, {"epsilon": 1e-2}])
def test_abs_max_quantize(engine, axis, options):
    integers, scale = quantizers.abs_max_quantize(X, axis, **options)
    expected, expected_scale = theirs().abs_max_quantize(X, axis, **options)
    assert kerata.ops.dtype(integers) == "int8" and kerata.ops.is_tensor(integers)
    np.testing.assert_array_equal(integers, expected)
    np.testing.assert_allclose(scale, expected_scale, rtol=1e-6)


def test_abs_max_quantize_of_zeros_and_its_error(engine):
    assert not np.asarray(quantizers.abs_max_quantize(np.zeros((2, 3), "float32"), -1)[0]).any()
    integers, scale = (np.asarray(x, "float32") for x in quantizers.abs_max_quantize(X, -1))
    assert np.abs(integers / scale - X).max() <= 0.5 / scale.min() + 1e-6


@pytest.mark.parametrize("block_size", [1, 2, 3, 5, 128])
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_grouped_with_zero_point(engine, block_size, shift):
    x = (X + shift).astype("float32")
    x[:, 1] = 0
    mine = quantizers.abs_max_quantize_grouped_with_zero_point(x, block_size)
    other = theirs().abs_max_quantize_grouped_with_zero_point(x, block_size)
    np.testing.assert_array_equal(mine[0], other[0])
    np.testing.assert_allclose(mine[1], other[1], rtol=1e-6)
    np.testing.assert_array_equal(mine[2], other[2])


@pytest.mark.parametrize("block_size", [2, 128])
def test_grouped_on_the_host(engine, block_size):
    mine = quantizers.abs_max_quantize_grouped_with_zero_point(X, block_size, to_numpy=True)
    other = theirs().abs_max_quantize_grouped_with_zero_point(X, block_size, to_numpy=True)
    for a, b in zip(mine, other):
        np.testing.assert_allclose(np.asarray(a, "float32"), np.asarray(b, "float32"), rtol=1e-6)


@pytest.mark.parametrize("block_size, x, text", [(0, X, "positive integer; 0"), (2, X[0], "shape \\(6,\\)")])
def test_grouped_errors(block_size, x, text):
    with pytest.raises(ValueError, match=text):
        quantizers.abs_max_quantize_grouped_with_zero_point(x, block_size)


@pytest.mark.parametrize("shape, axis", [((3, 2), 0), ((2, 3), 1), ((2, 5, 4), -2), ((4,), 0)])
@pytest.mark.parametrize("dtype, low", [("int8", -8), ("uint8", 0)])
def test_packing_of_4_bits(engine, shape, axis, dtype, low):
    x = np.random.default_rng(1).integers(low, low + 16, shape).astype(dtype)
    packed, packed_shape, length = quantizers.pack_int4(x, axis, dtype)
    expected, expected_shape, expected_length = theirs().pack_int4(x, axis, dtype)
    np.testing.assert_array_equal(packed, expected)
    assert (packed_shape, length) == (tuple(expected_shape), expected_length)
    back = quantizers.unpack_int4(packed, length, axis, dtype)
    assert kerata.ops.dtype(back) == dtype
    np.testing.assert_array_equal(back, x)


def test_packing_errors():
    with pytest.raises(TypeError, match="Only int8 can be packed; float32 came"):
        quantizers.pack_int4(X)
    with pytest.raises(ValueError, match="'int8' or 'uint8'; 'int4' came"):
        quantizers.pack_int4(np.zeros(2, "int8"), dtype="int4")
    with pytest.raises(TypeError, match="int32 came"):
        quantizers.unpack_int4(np.zeros(2, "int32"), 4)


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
@pytest.mark.parametrize("scale", [1.0, 0.01, 3.0])
def test_quantize_and_dequantize(engine, dtype, scale):
    x = np.concatenate([X.ravel(), [0.0, 1e4, -1e6]]).astype("float32")
    mine = quantizers.quantize_and_dequantize(x, scale, dtype, "float32")
    kind = getattr(ml_dtypes, dtype)
    largest = float(ml_dtypes.finfo(kind).max)
    by_hand = np.clip(x / np.float32(scale), -largest, largest).astype(kind).astype("float32") * np.float32(scale)
    np.testing.assert_allclose(mine, by_hand, rtol=1e-6)
    np.testing.assert_allclose(mine, theirs().quantize_and_dequantize(x, scale, dtype, "float32"), rtol=1e-6)


@pytest.mark.parametrize("amax", [3.0, 0.0, np.inf])
@pytest.mark.parametrize("margin", [0, 2])
def test_float8_scale(engine, amax, margin):
    mine = quantizers.compute_float8_scale(amax, 2.0, 448.0, margin)
    np.testing.assert_allclose(mine, theirs().compute_float8_scale(amax, 2.0, 448.0, margin), rtol=1e-6)


def test_float8_amax_history(engine):
    history = np.arange(4, dtype="float32")
    mine = quantizers.compute_float8_amax_history(X, history)
    np.testing.assert_array_equal(mine, theirs().compute_float8_amax_history(X, history))


FAKE = [
    {},
    {"narrow_range": True},
    {"num_bits": 4},
    {"low": np.linspace(-1, -0.5, 6), "high": np.linspace(0.7, 1.5, 6), "axis": 1},
    {"low": np.linspace(-1, -0.5, 5), "high": np.linspace(0.7, 1.5, 5), "axis": 0, "num_bits": 3},
]


def oracle_fake_quant(x, low, high, axis=None, **options):
    """The oracle's, which knows channels on the last axis only."""
    if axis != 0:
        return theirs().fake_quant_with_min_max_vars(x, low, high, axis=axis, **options)
    return theirs().fake_quant_with_min_max_vars(x.T, low, high, axis=1, **options).T


@pytest.mark.parametrize("case", FAKE)
def test_fake_quant(engine, case):
    options = dict(case)
    low, high = options.pop("low", -1.03), options.pop("high", 1.22)
    mine = quantizers.fake_quant_with_min_max_vars(X, low, high, **options)
    np.testing.assert_allclose(mine, oracle_fake_quant(X, low, high, **options), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", FAKE)
def test_fake_quant_gradients(training_engine, case):
    import jax
    import jax.numpy as jnp

    options = dict(case)
    low, high = (np.asarray(options.pop(name, default), "float32") for name, default in (("low", -1.03), ("high", 1.22)))
    x, least, most = kerata.Variable(X), kerata.Variable(low), kerata.Variable(high)

    def loss():
        y = quantizers.fake_quant_with_min_max_vars(x.value, least.value, most.value, **options)
        return kerata.ops.sum(kerata.ops.multiply(y, X))

    _, mine = kerata.value_and_grad(loss, [x, least, most])
    expected = jax.grad(lambda *a: jnp.sum(oracle_fake_quant(*a, **options) * X), argnums=(0, 1, 2))(X, low, high)
    for a, b in zip(mine, expected):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bits", [1, 17, 1.5])
def test_fake_quant_errors(bits):
    with pytest.raises(ValueError, match="num_bits must be an integer from 2 to 16"):
        quantizers.fake_quant_with_min_max_vars(X, -1, 1, num_bits=bits)


def test_abs_max_quantizer(engine):
    assert quantizers.AbsMaxQuantizer()(X)[1].shape == (5, 1)
    assert quantizers.AbsMaxQuantizer(axis=0)(X)[1].shape == (1, 6)
    assert quantizers.AbsMaxQuantizer(axis=0)(X, axis=-1)[1].shape == (5, 1)


def test_getting_quantizers():
    assert quantizers.get(None) is None
    quantizer = quantizers.get("abs_max_quantizer", axis=0)
    assert quantizer.axis == (0,) and quantizers.get(quantizer) is quantizer
    config = quantizers.serialize(quantizer)
    assert config == theirs().serialize(theirs().AbsMaxQuantizer(axis=0))
    assert quantizers.deserialize(config).get_config() == quantizer.get_config()
    assert quantizers.get("AbsMaxQuantizer").get_config() == theirs().AbsMaxQuantizer().get_config()
    with pytest.raises(ValueError, match="There is no quantizer 'abs_max'"):
        quantizers.get("abs_max")
