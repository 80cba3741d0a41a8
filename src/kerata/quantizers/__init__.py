"""Weights and activations in few bits. The names here are those of `keras.quantizers`."""

from kerata.core import registry as _registry
from kerata.quantizers.configs import (
    AWQConfig,
    Float8QuantizationConfig,
    GPTQConfig,
    Int4QuantizationConfig,
    Int8QuantizationConfig,
    QuantizationConfig,
)
from kerata.quantizers.functions import (
    abs_max_quantize,
    abs_max_quantize_grouped_with_zero_point,
    compute_float8_amax_history,
    compute_float8_scale,
    fake_quant_with_min_max_vars,
    pack_int4,
    quantize_and_dequantize,
    unpack_int4,
)
from kerata.quantizers.quantizer import AbsMaxQuantizer, Quantizer


def get(identifier, **kwargs):
    """A quantizer from its name, config, class, itself, or None.

    Args:
        identifier: such as "abs_max_quantizer".
        kwargs: the constructor's arguments, with a name or a class.

    Raises: ValueError for an unknown name, with the nearest one.

    >>> get("abs_max_quantizer", axis=-1).axis
    (-1,)
    """
    found = _registry.get(identifier, "quantizers", instantiate=False)
    return found(**kwargs) if isinstance(found, type) else found


def serialize(initializer):
    """The JSON form.

    >>> serialize(AbsMaxQuantizer(axis=0))["class_name"]
    'AbsMaxQuantizer'
    """
    return _registry.serialize_keras_object(initializer)


def deserialize(config, custom_objects=None):
    """The quantizer of a name or a JSON form.

    Args:
        config: a name, or what `serialize` gave.
        custom_objects: a dict from name to class or function, looked up first.

    Raises: ValueError for an unknown name.

    >>> type(deserialize(serialize(AbsMaxQuantizer(axis=0)))).__name__
    'AbsMaxQuantizer'
    """
    with _registry.CustomObjectScope(custom_objects):
        return get(config)


__all__ = [
    "AWQConfig", "AbsMaxQuantizer", "Float8QuantizationConfig", "GPTQConfig", "Int4QuantizationConfig",
    "Int8QuantizationConfig", "QuantizationConfig", "Quantizer", "abs_max_quantize",
    "abs_max_quantize_grouped_with_zero_point", "compute_float8_amax_history", "compute_float8_scale", "deserialize",
    "fake_quant_with_min_max_vars", "get", "pack_int4", "quantize_and_dequantize", "serialize", "unpack_int4",
]  # fmt: skip
