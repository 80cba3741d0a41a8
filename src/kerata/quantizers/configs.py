"""How layers and models are quantized: `model.quantize(config=...)`."""

from typing import Any

from kerata.core.configurable import Configurable
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object
from kerata.core.types import Tree
from kerata.quantizers import get
from kerata.quantizers.quantizer import AbsMaxQuantizer

MODES = ("int8", "float8", "int4", "gptq", "awq")


class QuantizationConfig(Configurable):
    """How weights and activations are quantized: the class that all such configs descend from.

    Args:
        weight_quantizer: makes integers of a weight; the mode's own if None.
        activation_quantizer: makes integers of a layer's inputs; None leaves them floats.

    >>> Int8QuantizationConfig().mode, isinstance(Int8QuantizationConfig(), QuantizationConfig)
    ('int8', True)
    """

    def __init__(self, weight_quantizer: Any = None, activation_quantizer: Any = None) -> None:
        self.weight_quantizer = _quantizer(weight_quantizer)
        self.activation_quantizer = _quantizer(activation_quantizer)

    @property
    def mode(self) -> Any:
        """The mode's name."""
        raise TypeError(f"{type(self).__name__} has no mode: take Int8QuantizationConfig, or give the subclass a `mode`.")

    def get_config(self) -> dict[str, Any]:
        return {
            "weight_quantizer": serialize_keras_object(self.weight_quantizer),
            "activation_quantizer": serialize_keras_object(self.activation_quantizer),
        }

    @staticmethod
    def weight_quantizer_or_default(config: Any, default: Any) -> Any:
        """The weight quantizer of a config that may be None, else the default."""
        return default if config is None or config.weight_quantizer is None else config.weight_quantizer

    @staticmethod
    def activation_quantizer_or_default(config: Any, default: Any) -> Any:
        """The activation quantizer of a config, which may be None for none; the default if there is no config."""
        return default if config is None else config.activation_quantizer

    def _check_ranges(self):
        for name in ("weight_quantizer", "activation_quantizer"):
            quantizer = getattr(self, name)
            if quantizer is not None and quantizer.output_dtype != "int8":
                raise ValueError(
                    f"{type(self).__name__} needs a {name} with output_dtype 'int8'; it has {quantizer.output_dtype!r}."
                )


def _quantizer(quantizer):
    return get(quantizer)


class Int8QuantizationConfig(QuantizationConfig):
    """Weights as 8-bit integers with a scale for each output, and inputs as 8-bit integers with a scale for each row.

    Args:
        weight_quantizer: by the largest magnitude if None.
        activation_quantizer: by the largest magnitude if "default"; None leaves inputs floats.

    Raises: ValueError for a quantizer that makes other integers.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.layers.Input((4,)), kerata.layers.Dense(3)])
    >>> model.quantize(config=Int8QuantizationConfig(activation_quantizer=None))
    >>> [(w.name, w.dtype) for w in model.layers[0].weights]
    [('bias', 'float32'), ('kernel', 'int8'), ('kernel_scale', 'float32')]
    """

    def __init__(self, weight_quantizer: Any = None, activation_quantizer: str = "default") -> None:
        default = activation_quantizer == "default"
        super().__init__(weight_quantizer, AbsMaxQuantizer() if default else activation_quantizer)
        self._check_ranges()

    mode = property(lambda self: "int8", doc="The mode's name.")


class Int4QuantizationConfig(QuantizationConfig):
    """Weights as 4-bit integers, two a byte.

    Args:
        weight_quantizer: by the largest magnitude if None.
        activation_quantizer: None, and "default", leave inputs floats.
        block_size: how many of a weight's inputs share a scale and a zero point: the finer, the nearer to the floats.
            None or -1 for one scale, without a zero point, for each output.

    Raises: ValueError for another block size, for a quantizer together with blocks, or one that makes other integers.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.layers.Input((4,)), kerata.layers.Dense(3)])
    >>> model.quantize(config=Int4QuantizationConfig(block_size=None))
    >>> [(w.name, w.shape) for w in model.layers[0].weights]
    [('bias', (3,)), ('kernel', (4, 2)), ('kernel_scale', (3,))]
    """

    def __init__(
        self, weight_quantizer: Any = None, activation_quantizer: Any = "default", block_size: int | None = 128
    ) -> None:
        activation_quantizer = None if activation_quantizer == "default" else activation_quantizer
        super().__init__(weight_quantizer, activation_quantizer)
        if block_size is not None and (not hasattr(block_size, "__index__") or block_size < -1 or block_size == 0):
            raise ValueError(
                f"block_size must be a positive integer, or -1 or None for one scale an output; {block_size!r} came."
            )
        if block_size not in (None, -1) and (self.weight_quantizer or self.activation_quantizer) is not None:
            raise ValueError(
                f"Blocks (block_size={block_size}) have a way of quantizing of their own: give block_size=None with a quantizer."
            )
        self._check_ranges()
        values = getattr(self.weight_quantizer, "value_range", (-8, 7))
        if tuple(values) != (-8, 7):
            raise ValueError(f"Int4QuantizationConfig needs a weight_quantizer with value_range (-8, 7); it has {values}.")
        self.block_size = block_size

    mode = property(lambda self: "int4", doc="The mode's name.")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"block_size": self.block_size}


class Float8QuantizationConfig(QuantizationConfig):
    """Training with products of 8-bit floats; the scales follow the largest magnitudes seen.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.layers.Input((4,)), kerata.layers.Dense(3)])
    >>> model.quantize(config=Float8QuantizationConfig())
    >>> model.layers[0].quantization_mode
    'float8'
    """

    def __init__(self) -> None:
        super().__init__()

    mode = property(lambda self: "float8", doc="The mode's name.")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments: none."""
        return {}


class CalibratedConfig(QuantizationConfig):
    """What ways of quantizing that look at data have in common."""

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        weight_bits: int,
        num_samples: int,
        sequence_length: int,
        group_size: Any,
        structure: Tree,
    ) -> None:
        super().__init__()
        self.dataset, self.tokenizer = dataset, tokenizer
        self.weight_bits, self.group_size = weight_bits, group_size
        self.num_samples = _positive(num_samples, "num_samples", self)
        self.sequence_length = _positive(sequence_length, "sequence_length", self)
        if not hasattr(group_size, "__index__") or group_size < -1 or group_size == 0:
            raise ValueError(
                f"{type(self).__name__}: group_size must be a positive integer, or -1 for one group; {group_size!r} came."
            )
        self.quantization_layer_structure = structure

    def dtype_policy_string(self) -> str:
        """The mode's name, bits and group size, as dtype policies write them: "gptq/4/128"."""
        return f"{self.mode}/{self.weight_bits}/{self.group_size}"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, without the data and the layers, which belong to one run."""
        names = ("dataset", "tokenizer", "quantization_layer_structure")
        config = Configurable.get_config(self)
        return {k: None if k in names else v for k, v in config.items() if not k.endswith("quantizer")}


def _positive(value, name, config):
    if not hasattr(value, "__index__") or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{type(config).__name__}: {name} must be a positive integer; {value!r} came.")
    return value


class GPTQConfig(CalibratedConfig):
    """Quantization of one weight column after another, the later ones making up for the error of the earlier.

    The error counted is that of the layer's outputs on calibration data, whose second moments are gathered first (Frantar
    et al. 2022, arXiv:2210.17323).

    Args:
        dataset: an iterable of texts or of arrays of integers to calibrate with.
        tokenizer: makes integers of a text; a function, or an object with `tokenize`.
        weight_bits: 2, 3, 4 or 8.
        num_samples: how many samples are drawn.
        per_channel: whether each output has scales of its own, or all share them.
        sequence_length: how many integers a sample has.
        hessian_damping: the part of the mean of the moments' diagonal that is added to it, which keeps the inverse stable.
        group_size: how many of an output's inputs share a scale; -1 for all of them.
        symmetric: whether zero is the middle of the range.
        activation_order: whether the columns whose inputs vary most come first.
        quantization_layer_structure: a dict of "pre_block_layers", through which data pass first, and
            "sequential_blocks", which are quantized one after another; asked of the model if None.

    Raises: ValueError for numbers outside these ranges.

    >>> config = GPTQConfig(["some texts"], tokenizer=lambda text: [ord(letter) for letter in text], group_size=32)
    >>> config.mode, config.weight_bits, config.group_size
    ('gptq', 4, 32)
    """

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        per_channel: bool = True,
        sequence_length: int = 512,
        hessian_damping: float = 0.01,
        group_size: int = 128,
        symmetric: bool = False,
        activation_order: bool = False,
        quantization_layer_structure: Any = None,
    ) -> None:
        super().__init__(
            dataset, tokenizer, weight_bits, num_samples, sequence_length, group_size, quantization_layer_structure
        )
        if weight_bits not in (2, 3, 4, 8):
            raise ValueError(f"GPTQConfig: weight_bits must be 2, 3, 4 or 8; {weight_bits!r} came.")
        if not 0 <= hessian_damping <= 1:
            raise ValueError(f"GPTQConfig: hessian_damping must be a number from 0 to 1; {hessian_damping!r} came.")
        self.per_channel, self.hessian_damping = per_channel, hessian_damping
        self.symmetric, self.activation_order = symmetric, activation_order

    mode = property(lambda self: "gptq", doc="The mode's name.")


class AWQConfig(CalibratedConfig):
    """Quantization to 4 bits after inputs that are large on calibration data have been given finer steps.

    Each input's weights are multiplied by a power of its mean magnitude, and the input divided by it; the power is the one
    of a grid that leaves the least error in the outputs (Lin et al. 2023, arXiv:2306.00978).

    Args:
        dataset: an iterable of texts or of arrays of integers to calibrate with.
        tokenizer: makes integers of a text; a function, or an object with `tokenize`.
        weight_bits: 4.
        num_samples: how many samples are drawn.
        sequence_length: how many integers a sample has.
        group_size: how many of an output's inputs share a scale; -1 for all of them.
        num_grid_points: how many powers from 0 to 1 are tried.
        quantization_layer_structure: a dict of "pre_block_layers", through which data pass first, and
            "sequential_blocks", which are quantized one after another; asked of the model if None.

    Raises: ValueError for numbers outside these ranges.

    >>> config = AWQConfig(["some texts"], tokenizer=lambda text: [ord(letter) for letter in text], group_size=32)
    >>> config.mode, config.weight_bits, config.group_size
    ('awq', 4, 32)
    """

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        sequence_length: int = 512,
        group_size: int = 128,
        num_grid_points: int = 20,
        quantization_layer_structure: Any = None,
    ) -> None:
        super().__init__(
            dataset, tokenizer, weight_bits, num_samples, sequence_length, group_size, quantization_layer_structure
        )
        if weight_bits != 4:
            raise ValueError(f"AWQConfig: weight_bits must be 4; {weight_bits!r} came.")
        self.num_grid_points = _positive(num_grid_points, "num_grid_points", self)

    mode = property(lambda self: "awq", doc="The mode's name.")


_DEFAULTS = {"int8": Int8QuantizationConfig, "int4": Int4QuantizationConfig, "float8": Float8QuantizationConfig}


def settled_config(mode, config):
    """The config of a mode's name, of a config, or of both if they agree.

    Raises: ValueError if neither is given, if they differ, for an unknown mode, and for a mode that needs a config.
    """
    if config is not None and not isinstance(config, QuantizationConfig):
        raise ValueError(f"config must be a QuantizationConfig; {config!r} came.")
    if mode is None and config is None:
        raise ValueError("quantize() takes a mode such as 'int8', or a config such as Int8QuantizationConfig(); none came.")
    if mode is not None and (not isinstance(mode, str) or mode not in MODES):
        raise ValueError(f"There is no quantization mode {mode!r}: it must be one of {', '.join(map(repr, MODES))}.")
    if config is None:
        if mode not in _DEFAULTS:
            name = {"gptq": "GPTQConfig", "awq": "AWQConfig"}[str(mode)]
            raise ValueError(f"The mode {mode!r} needs data to calibrate with: pass config={name}(dataset, tokenizer).")
        return _DEFAULTS[mode]()
    if mode is not None and mode != config.mode:
        raise ValueError(f"mode={mode!r} came with a config for {config.mode!r}: give one of them, or make them agree.")
    return config


def config_from(config):
    """A config object from itself, its JSON form, or None."""
    if isinstance(config, dict):
        config = deserialize_keras_object(config)
    if config is not None and not isinstance(config, QuantizationConfig):
        raise ValueError(f"quantization_config must be a QuantizationConfig; {config!r} came.")
    return config


def config_for(policy):
    """The config of a quantized dtype policy.

    Raises: ValueError for a mode that needs data to calibrate with.
    """
    if hasattr(policy, "block_size"):
        return Int4QuantizationConfig(block_size=policy.block_size)
    return settled_config(policy.quantization_mode, None)
