"""Quantization of all layers of a model, or of blocks of it with data to calibrate by."""

import re

from kerata.core import suggestions
from kerata.engines.warning import warn
from kerata.layers.layer import Layer, is_default
from kerata.models.calibrated_quantization import quantize_blocks
from kerata.quantizers.configs import settled_config


def quantize(model, mode, config, filters, options):
    """`Model.quantize`."""
    type_check = options.pop("type_check", True)
    suggestions.refuse(type(model).quantize, options, ("type_check",))
    config = settled_config(mode, config)
    if not model.built:
        raise ValueError(f"Model {model.name!r} can't be quantized before it is built: call it once, or build it.")
    wanted = _filter(filters)
    layers = [layer for layer in model._flatten_layers(include_self=False) if _can(layer) and wanted(layer)]
    if config.mode in ("gptq", "awq"):
        quantize_blocks(model, layers, config)
        return
    layers = [layer for layer in layers if _takes(layer, config, type_check)]
    if not layers:
        warn(f"No layer of the model {model.name!r} has been quantized: none can be, or the filters chose none.")
    for layer in layers:
        layer.quantize(config.mode, type_check=type_check, config=config)


def _can(layer):
    return not is_default(type(layer).quantize) and not hasattr(type(layer), "fit")


def _takes(layer, config, type_check):
    """Whether a layer has this mode; raises, before anything is changed, what its `quantize` would."""
    if not hasattr(type(layer), "_settled"):  # a user's, which has a `quantize` of its own
        return True
    if config.mode not in layer.quantization_modes:
        return False
    try:
        layer._settled(config.mode, type_check, config)
    except NotImplementedError as error:
        warn(str(error))
        return False
    return True


def _filter(filters):
    """The function that says which layers are wanted."""
    if filters is None:
        return lambda layer: True
    if isinstance(filters, str):
        filters = [filters]
    if isinstance(filters, (list, tuple)) and all(isinstance(pattern, str) for pattern in filters):
        patterns = [re.compile(pattern) for pattern in filters]
        return lambda layer: any(pattern.search(layer.name) for pattern in patterns)
    if callable(filters) and not isinstance(filters, Layer):
        return filters
    raise ValueError(f"filters must be a pattern, a list of patterns, or a function of the layer; {filters!r} came.")
