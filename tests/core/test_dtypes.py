"""The promotion table, against JAX's."""

import itertools

import pytest

import kerata
from kerata.core import dtypes, policies
from kerata.core.dtypes import result_type, standardize_dtype

NAMES = ("bool", "uint8", "uint16", "uint32", "int8", "int16", "int32", "bfloat16", "float16", "float32")
WIDE = ("int64", "uint64", "float64")


@pytest.mark.parametrize("pair", list(itertools.combinations_with_replacement(NAMES, 2)), ids="-".join)
def test_pairs_promote_as_in_jax(pair):
    import jax.numpy as jnp

    expected = jnp.promote_types(*pair).name
    if expected.endswith("64"):
        assert result_type(*pair) in ("int64", expected)
    elif {"uint32"} & set(pair) and {"int8", "int16", "int32"} & set(pair):
        assert result_type(*pair) == "int64"  # JAX without 64 bits has int32 here; the table itself has the lattice's int64
    else:
        assert result_type(*pair) == expected == result_type(*pair[::-1])


@pytest.mark.parametrize("name", [*NAMES, *WIDE])
def test_python_numbers_are_weak(name):
    if name.startswith(("float", "bfloat")):
        assert result_type(name, float) == result_type(name, int) == name
    elif name != "bool":
        assert result_type(name, int) == name
        assert result_type(name, float) == "float32"
    else:
        assert result_type(name, int) == "int32"


def test_int64_with_float_stays_narrow():
    assert result_type("int64", "float16") == "float16"
    assert result_type("uint64", "int64") == "float32"


def test_names_of_all_libraries():
    import numpy as np

    assert standardize_dtype(np.float32) == standardize_dtype(np.dtype("float32")) == standardize_dtype("float32") == "float32"
    assert standardize_dtype(None) == standardize_dtype(float) == "float32"
    assert (standardize_dtype(int), standardize_dtype(bool)) == ("int32", "bool")


def test_unknown_dtype_lists_the_known():
    with pytest.raises(ValueError, match="Known ones: bool"):
        standardize_dtype("float31")


def test_kinds():
    assert dtypes.is_float_dtype("bfloat16")
    assert dtypes.is_int_dtype("uint8")
    assert not dtypes.is_int_dtype("bool")


@pytest.mark.parametrize(
    ("name", "variable", "compute"),
    [
        ("float32", "float32", "float32"),
        ("mixed_float16", "float32", "float16"),
        ("mixed_bfloat16", "float32", "bfloat16"),
        ("float16", "float16", "float16"),
    ],
)
def test_policies(name, variable, compute):
    policy = policies.DTypePolicy(name)
    assert (policy.variable_dtype, policy.compute_dtype, policy.name) == (variable, compute, name)
    assert policies.deserialize(policies.serialize(policy)) == policy


def test_unknown_policy_says_what_to_give():
    with pytest.raises(ValueError, match="mixed_bfloat16"):
        policies.DTypePolicy("mixed_float8")


def test_policy_map_looks_paths_up():
    table = policies.DTypePolicyMap("float32", {"model/dense": "mixed_bfloat16"})
    assert table["model/dense"].compute_dtype == "bfloat16"
    assert table["model/other"].compute_dtype == "float32"
    assert policies.deserialize(policies.serialize(table))["model/dense"].name == "mixed_bfloat16"


def test_a_policy_map_is_a_mapping():
    policies = kerata.dtype_policies.DTypePolicyMap("mixed_bfloat16", {"a": "float16"})
    policies["b/.*"] = "float32"
    assert list(policies) == list(policies.keys()) == ["a", "b/.*"] and len(policies) == 2
    assert "a" in policies and "zz" not in policies and policies.get("zz").name == "mixed_bfloat16"
    assert {path: policy.name for path, policy in policies.items()} == {"a": "float16", "b/.*": "float32"}
    for path, wrong in [("a", "float16"), ("c", None), ("c", 3), ("c", "nonsense")]:
        with pytest.raises(ValueError):
            policies[path] = wrong
    assert policies.pop("a").name == "float16" and "a" not in policies
    with pytest.raises(KeyError):
        del policies["a"]
    assert policies.get_config()["default_policy"] == "mixed_bfloat16"
    assert type(policies).from_config(policies.get_config()) == policies
    policies.update({"z": "float32"})
    policies.clear()
    assert len(policies) == 0


def test_quantized_policies_begin_from_the_global_one():
    before = kerata.config.dtype_policy()
    kerata.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert kerata.dtype_policies.QuantizedDTypePolicy("int8").name == "int8_from_mixed_bfloat16"
    finally:
        kerata.config.set_dtype_policy(before)
    for wrong in ("int8", "float8_e4m3fn", "int4", 3):
        with pytest.raises(ValueError):
            kerata.dtype_policies.get(wrong)
