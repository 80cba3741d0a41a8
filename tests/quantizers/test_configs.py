"""Configs of quantization, and dtype policies that tell of it, held against the oracle."""

import json

import pytest
from tests.oracle import keras

import kerata
from kerata import dtype_policies, quantizers

MAKERS = [
    lambda q: q.Int8QuantizationConfig(),
    lambda q: q.Int8QuantizationConfig(q.AbsMaxQuantizer(axis=0), None),
    lambda q: q.Int4QuantizationConfig(),
    lambda q: q.Int4QuantizationConfig(block_size=64),
    lambda q: q.Int4QuantizationConfig(None, q.AbsMaxQuantizer(), block_size=None),
    lambda q: q.Float8QuantizationConfig(),
    lambda q: q.GPTQConfig(["a"], None, weight_bits=8, group_size=-1),
    lambda q: q.AWQConfig(["a"], None, num_grid_points=5),
]


@pytest.mark.parametrize("make", MAKERS)
def test_configs_cross(make):
    mine, other = make(quantizers), make(keras().quantizers)
    as_json = lambda x: json.loads(json.dumps(x))  # noqa: E731
    assert as_json(mine.get_config()) == as_json(other.get_config())
    assert mine.mode == other.mode
    assert as_json(kerata.saving.serialize_keras_object(mine)) == as_json(keras().saving.serialize_keras_object(other))
    again = kerata.saving.deserialize_keras_object(kerata.saving.serialize_keras_object(mine))
    assert as_json(again.get_config()) == as_json(mine.get_config())


def test_policy_strings():
    assert quantizers.GPTQConfig(None, None, weight_bits=3).dtype_policy_string() == "gptq/3/128"
    assert quantizers.AWQConfig(None, None, group_size=-1).dtype_policy_string() == "awq/4/-1"


WRONG = [
    (lambda q: q.Int4QuantizationConfig(block_size=0), "block_size must be a positive integer"),
    (lambda q: q.Int4QuantizationConfig(q.AbsMaxQuantizer()), "give block_size=None with a quantizer"),
    (lambda q: q.Int4QuantizationConfig(q.AbsMaxQuantizer(value_range=(-5, 5)), block_size=None), "value_range"),
    (lambda q: q.Int8QuantizationConfig(q.AbsMaxQuantizer(output_dtype="int16")), "output_dtype 'int8'"),
    (lambda q: q.GPTQConfig(None, None, weight_bits=5), "2, 3, 4 or 8; 5 came"),
    (lambda q: q.GPTQConfig(None, None, num_samples=0), "num_samples must be a positive integer; 0 came"),
    (lambda q: q.GPTQConfig(None, None, group_size=-2), "group_size must be"),
    (lambda q: q.GPTQConfig(None, None, hessian_damping=2), "hessian_damping must be a number from 0 to 1"),
    (lambda q: q.AWQConfig(None, None, weight_bits=8), "weight_bits must be 4; 8 came"),
    (lambda q: q.AWQConfig(None, None, num_grid_points=0), "num_grid_points must be a positive integer"),
]


@pytest.mark.parametrize("make, text", WRONG)
def test_wrong_configs(make, text):
    with pytest.raises(ValueError, match=text):
        make(quantizers)
    with pytest.raises(ValueError):
        make(keras().quantizers)


def test_a_config_without_mode():
    with pytest.raises(TypeError, match="has no mode"):
        _ = quantizers.QuantizationConfig().mode


POLICIES = [
    "int8_from_float32",
    "int8_from_mixed_bfloat16",
    "int4_from_mixed_bfloat16",
    "int4/128_from_bfloat16",
    "int4/-1_from_float32",
    "float8_from_mixed_float16",
    "gptq/4/128_from_float32",
    "awq/4/-1_from_mixed_bfloat16",
]


@pytest.mark.parametrize("name", POLICIES)
def test_policies(name):
    mine, other = dtype_policies.get(name), keras().dtype_policies.get(name)
    for attribute in ("name", "variable_dtype", "compute_dtype", "quantization_mode"):
        assert getattr(mine, attribute) == getattr(other, attribute)
    assert type(mine).__name__ == type(other).__name__
    assert dtype_policies.serialize(mine) == keras().dtype_policies.serialize(other)
    assert dtype_policies.deserialize(dtype_policies.serialize(mine)) == mine == dtype_policies.get(name)
    assert mine != dtype_policies.get("int8_from_bfloat16")


@pytest.mark.parametrize(
    "name, text",
    [
        ("int7_from_float32", "There is no quantization mode 'int7'"),
        ("int8_from_float16", "don't fit into float16"),
        ("int8_from_", "There is no dtype policy ''"),
        ("int4/0_from_float32", "block_size must be a positive integer or -1"),
        ("int4/x_from_float32", "block_size in 'int4/<block_size>' must be an integer"),
        ("gptq/4_from_float32", "must have the form 'gptq/<weight_bits>/<group_size>'"),
        ("gptq/5/8_from_float32", "weight_bits must be one of"),
        ("awq/8/64_from_float32", "weight_bits must be one of"),
        ("int8/3_from_float32", "There is no quantization mode 'int8/3'"),
    ],
)
def test_wrong_policies(name, text):
    with pytest.raises(ValueError, match=text):
        dtype_policies.get(name)
    with pytest.raises(ValueError):
        keras().dtype_policies.get(name)


def test_float8_policy():
    policy = dtype_policies.QuantizedFloat8DTypePolicy("float8", "mixed_bfloat16", amax_history_length=16)
    assert policy.amax_history_length == 16 and policy.default_amax_history_length == 1024
    assert dtype_policies.deserialize(dtype_policies.serialize(policy)).amax_history_length == 16
    with pytest.raises(TypeError, match="amax_history_length must be an integer"):
        dtype_policies.QuantizedFloat8DTypePolicy("float8", amax_history_length=1.5)


def test_policy_map_tells_the_default_mode():
    assert dtype_policies.DTypePolicyMap("int8_from_float32").quantization_mode == "int8"
    assert dtype_policies.DTypePolicyMap().quantization_mode is None
