"""Dtype policies: in which dtype a layer keeps its weights, and in which it computes."""

import re
from collections.abc import MutableMapping
from typing import Any

from kerata.core import config, dtypes
from kerata.core.arrays import as_array, cast, dtype_of
from kerata.core.configurable import NamedArguments
from kerata.core.types import DType, TensorLike

_QUANTIZED = ("int8", "int4", "float8", "gptq", "awq")  # how the names of quantized policies begin


class DTypePolicy(metaclass=NamedArguments):
    """A layer's dtypes: that of its variables and that of its computation.

    Args:
        name: a dtype ("float32"), for both; or "mixed_float16" or "mixed_bfloat16", for float32 variables and a
            computation in the lower precision (Micikevicius et al. 2018, arXiv:1710.03740).

    Raises: ValueError for an unknown name.

    >>> from kerata import DTypePolicy
    >>> DTypePolicy("mixed_bfloat16").compute_dtype
    'bfloat16'
    """

    def __init__(self, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"A dtype policy's name is a text, such as 'mixed_bfloat16'; {name!r} came.")
        self._name = name = config.floatx() if name is None else name
        if name in ("mixed_float16", "mixed_bfloat16"):
            self._variable_dtype, self._compute_dtype = "float32", name[len("mixed_") :]
        else:
            try:
                self._variable_dtype = self._compute_dtype = dtypes.standardize_dtype(name)
            except (ValueError, TypeError):
                raise ValueError(
                    f"There is no dtype policy {name!r}. Give a dtype such as 'float32', or 'mixed_bfloat16' or 'mixed_float16'."
                ) from None
            self._name = self._variable_dtype

    @property
    def name(self) -> Any:
        """The policy's name."""
        return self._name

    @property
    def variable_dtype(self) -> Any:
        """The dtype of the weights."""
        return self._variable_dtype

    @property
    def compute_dtype(self) -> Any:
        """The dtype of inputs, outputs and the computation between."""
        return self._compute_dtype

    @property
    def quantization_mode(self) -> Any:
        """The quantization in force, None for none."""
        return None

    def convert_input(self, x: TensorLike, autocast: Any, dtype: DType) -> Any:
        """`x` as a tensor, floats cast to `dtype` when `autocast` is true."""
        x = as_array(x)
        return cast(x, dtype) if autocast and dtypes.is_float_dtype(dtype_of(x)) else x

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this policy."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A policy from its config."""
        return cls(**config)

    def __eq__(self, other):
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f'<{type(self).__name__} "{self.name}">'


FloatDTypePolicy = DTypePolicy


class DTypePolicyMap(DTypePolicy, MutableMapping):
    """Policies by layer path, with a default for the others: a mapping, which has an answer for each path.

    Args:
        default_policy: the policy of layers that are not named; the global one if None.
        policy_map: a dict from layer path (or a pattern that ends one) to policy.

    >>> import kerata
    >>> policies = DTypePolicyMap("bfloat16", {"head$": "float32"})
    >>> policies["model/head"].name, policies["model/body"].name
    ('float32', 'bfloat16')
    """

    def __init__(self, default_policy: Any = None, policy_map: Any = None) -> None:
        self._default = default_policy
        self._map = {path: get(policy) for path, policy in (policy_map or {}).items()}

    @property
    def default_policy(self) -> Any:
        """The policy of layers that are not named."""
        return config.dtype_policy() if self._default is None else get(self._default)

    name = property(lambda self: "map_" + self.default_policy.name)
    variable_dtype = property(lambda self: self.default_policy.variable_dtype)
    compute_dtype = property(lambda self: self.default_policy.compute_dtype)
    quantization_mode = property(lambda self: self.default_policy.quantization_mode)

    def __getitem__(self, path):
        found = self._map.get(path)
        matches = [policy for pattern, policy in self._map.items() if re.search(pattern, path)]
        return found or (matches[0] if matches else self.default_policy)

    def __setitem__(self, path, policy):
        """Raises: ValueError for a path that is there already, and for what is no policy."""
        if path in self._map:
            raise ValueError(f"The path {path!r} has a policy already, {self._map[path]!r}: delete it first.")
        if policy is None:
            raise ValueError(f"The path {path!r} needs a policy; None came.")
        self._map[path] = get(policy)

    def __delitem__(self, path):
        del self._map[path]

    def __contains__(self, path):
        return path in self._map

    def __len__(self):
        return len(self._map)

    def __iter__(self):
        return iter(self._map)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this map."""
        from kerata.core.serialization import serialize_keras_object

        return {
            "default_policy": self._default if isinstance(self._default, str | None) else serialize_keras_object(self._default),
            "policy_map": {path: serialize_keras_object(policy) for path, policy in self._map.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A map from its config."""
        from kerata.core.serialization import deserialize_keras_object

        return cls(**{key: deserialize_keras_object(value, custom_objects) for key, value in config.items()})


def get(identifier: Any) -> Any:
    """A policy from a policy, a name, a config or None (the global one).

    Raises: ValueError for an unknown name.

    >>> get("mixed_float16").variable_dtype, get("int8_from_float32").quantization_mode
    ('float32', 'int8')
    """
    if identifier is None:
        return config.dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        from kerata.core.serialization import deserialize_keras_object

        return deserialize_keras_object(identifier)
    if isinstance(identifier, str) and identifier.startswith(_QUANTIZED) and "_from_" not in identifier:
        raise ValueError(
            f"A quantized policy has the form '<mode>_from_<policy>', as 'int8_from_float32'; {identifier!r} came."
        )
    if isinstance(identifier, str) and "_from_" in identifier:
        from kerata.core import quantized_policies

        return quantized_policies.from_name(identifier)
    if isinstance(identifier, type) or hasattr(identifier, "itemsize"):
        return DTypePolicy(dtypes.standardize_dtype(identifier))
    if not isinstance(identifier, str):
        raise ValueError(f"A dtype policy is a name, such as 'mixed_bfloat16', or a DTypePolicy; {identifier!r} came.")
    return DTypePolicy(identifier)


def serialize(dtype_policy: Any) -> Any:
    """The policy's JSON form.

    >>> serialize(DTypePolicy("mixed_bfloat16"))["config"]
    {'name': 'mixed_bfloat16'}
    """
    from kerata.core.serialization import serialize_keras_object

    return serialize_keras_object(dtype_policy)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """A policy from its JSON form.

    Args:
        config: what `serialize` gave.
        custom_objects: a dict from name to class or function, looked up first.

    Raises: ValueError for an unknown name.

    >>> deserialize(serialize(DTypePolicy("mixed_bfloat16"))).name
    'mixed_bfloat16'
    """
    from kerata.core.serialization import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects)
