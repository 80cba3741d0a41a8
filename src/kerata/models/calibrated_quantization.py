"""GPTQ and AWQ on the blocks of a model: data run through them, each block quantized by what its layers saw."""

import numpy as np

from kerata import ops
from kerata.core import quantized_policies
from kerata.core.arrays import to_numpy
from kerata.layers.quantization import calibration
from kerata.layers.quantization.quantizable import QuantizableProduct

_TOGETHER = 16  # samples that run through a block at once


def quantize_blocks(model, layers, config):
    """Quantize those of `layers` that make products inside the model's blocks; the others stay floats.

    Raises: ValueError without a structure or data, and for layers that can't be quantized; nothing is changed then.
    """
    structure = config.quantization_layer_structure or model.get_quantization_layer_structure(config.mode)
    names = ("pre_block_layers", "sequential_blocks")
    if not isinstance(structure, dict) or not all(name in structure for name in names):
        raise ValueError(
            f"The mode {config.mode!r} needs to know the model's blocks: give the config "
            "quantization_layer_structure={'pre_block_layers': [...], 'sequential_blocks': [...]}, or define "
            f"get_quantization_layer_structure(mode) in {type(model).__name__}. {structure!r} came."
        )
    first, blocks = (structure[name] for name in names)
    wanted = {id(layer) for layer in layers if isinstance(layer, QuantizableProduct)}
    products = [[layer for layer in block._flatten_layers() if id(layer) in wanted] for block in blocks]
    for layer in (layer for group in products for layer in group):
        layer._settled(config.mode, True, config)
        layer._roles()[0].check(layer)
    batches = samples(config)
    for layer in first:
        batches = [layer(x) for x in batches]
    for block, group in zip(blocks, products):
        seen = _watched(block, group, batches)
        for layer in group:
            _quantize(layer, seen[id(layer)], config)
        batches = [block(x) for x in batches]


def samples(config):
    """The calibration data as batches of integers, (samples, sequence_length) in all.

    Texts and arrays are joined to one sequence, of which windows are taken at equal distances.

    Raises: ValueError if there are fewer integers than one sample has, or texts without a tokenizer.
    """
    if config.dataset is None:
        raise ValueError(f"{type(config).__name__} has no dataset: pass texts, or arrays of integers, to calibrate with.")
    parts = [_integers(item, config) for item in config.dataset]
    joined = np.concatenate(parts) if parts else np.zeros(0, "int32")
    length = config.sequence_length
    if len(joined) < length:
        raise ValueError(
            f"The calibration data have {len(joined)} integers, fewer than sequence_length={length}: give more data."
        )
    count = min(config.num_samples, len(joined) // length)
    starts = np.linspace(0, len(joined) - length, count).astype(int)
    windows = np.stack([joined[start : start + length] for start in starts]).astype("int32")
    return [windows[i : i + _TOGETHER] for i in range(0, count, _TOGETHER)]


def _integers(item, config):
    if isinstance(item, (str, bytes)):
        if config.tokenizer is None:
            raise ValueError(f"{type(config).__name__}: texts need a tokenizer; none came.")
        tokenize = getattr(config.tokenizer, "tokenize", config.tokenizer)
        item = tokenize(item)
    return np.asarray(to_numpy(ops.convert_to_tensor(item))).ravel()


class _Inputs:
    """What is counted of a layer's inputs: sums of products of any two, and of magnitudes."""

    def __init__(self, layer):
        self.role = layer._roles()[0]
        rows, _ = self.role.size(layer._base("kernel").shape)
        self.moments, self.magnitudes, self.count = np.zeros((rows, rows)), np.zeros(rows), 0

    def add(self, x):
        """Count a batch."""
        x = np.asarray(to_numpy(ops.cast(x, "float32")), "float64")
        x = self._as_rows(x)
        self.moments += x.T @ x
        self.magnitudes += np.abs(x).sum(0)
        self.count += len(x)

    def _as_rows(self, x):
        letters = self.role.inputs.replace("...", "." * (x.ndim - len(self.role.inputs.replace("...", ""))))
        summed = [letters.index(self.role.letters[i]) for i in self.role.summed]
        others = [i for i in range(x.ndim) if i not in summed]
        return x.transpose([*others, *summed]).reshape(-1, len(self.magnitudes))


def _watched(block, layers, batches):
    """Run the block, and count what comes into its layers."""
    seen = {id(layer): _Inputs(layer) for layer in layers}

    def watching(layer, call):
        def watched(inputs, **options):
            seen[id(layer)].add(inputs)
            return call(inputs, **options)

        return watched

    try:
        for layer in layers:
            vars(layer)["call"] = watching(layer, layer.call)
        for x in batches:
            block(x)
    finally:
        for layer in layers:
            vars(layer).pop("call", None)
    unseen = [layer.path for layer in layers if not seen[id(layer)].count]
    if unseen:
        raise ValueError(f"No calibration data came to {', '.join(unseen)}: the block does not call them.")
    return seen


def _quantize(layer, inputs, config):
    """Put calibrated integers in place of a layer's kernel."""
    kernel, role = layer._base("kernel"), layer._roles()[0]
    policy = quantized_policies.from_name(f"{config.dtype_policy_string()}_from_{layer._policy.name}")
    transform = layer._new_transform(role, kernel.shape, config.mode, policy, config)
    weight = np.asarray(to_numpy(role.to_matrix(ops.cast(kernel.value, "float32")))).T
    if config.mode == "gptq":
        arrays = transform.arrays(*calibration.gptq(weight, inputs.moments, config, transform.group))
    else:
        magnitudes = inputs.magnitudes / inputs.count
        found, scales = calibration.awq(weight, inputs.moments, magnitudes, config, transform.group)
        arrays = transform.arrays(*found, awq_scales=scales)
    layer._transforms["kernel"] = transform
    transform.replace(arrays)
    layer._take_policy(policy, config)
