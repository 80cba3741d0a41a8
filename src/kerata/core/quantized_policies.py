"""Dtype policies of quantized layers: "int8_from_float32", "int4/128_from_mixed_bfloat16", "gptq/4/128_from_float32"."""

from typing import Any

from kerata.core import config
from kerata.core.policies import DTypePolicy

MODES = ("int8", "float8", "int4", "gptq", "awq")


class QuantizedDTypePolicy(DTypePolicy):
    """The dtypes of a quantized layer.

    Args:
        mode: "int8", "int4" or "float8".
        source_name: the policy of what stays in floats, such as "float32" or "mixed_bfloat16"; the global one if None.

    Raises: ValueError for another mode or source, and for "int8" and "int4" with float16, whose range does not hold the
    sums of a product of integers.

    >>> from kerata import dtype_policies
    >>> policy = dtype_policies.get("int8_from_mixed_bfloat16")
    >>> policy.quantization_mode, policy.compute_dtype
    ('int8', 'bfloat16')
    """

    def __init__(self, mode: Any, source_name: str | None = None) -> None:
        self._quantization_mode = self._read_mode(mode)
        super().__init__(config.dtype_policy().name if source_name is None else source_name)
        self._source_name = self._name
        self._written_mode = mode
        self._name = f"{mode}_from_{self._source_name}"
        if self._compute_dtype == "float16" and mode in ("int8", "int4"):
            raise ValueError(
                f"The sums of {mode} products don't fit into float16: take '{mode}_from_mixed_bfloat16' or "
                f"'{mode}_from_float32' in place of {self._name!r}."
            )

    def _read_mode(self, mode):
        if mode not in MODES:
            raise ValueError(f"There is no quantization mode {mode!r}: it must be one of {', '.join(map(repr, MODES))}.")
        return mode

    @property
    def quantization_mode(self) -> Any:
        """The mode's name, without its numbers."""
        return self._quantization_mode

    @property
    def source_name(self) -> Any:
        """The policy of what stays in floats."""
        return self._source_name

    def get_config(self) -> dict[str, Any]:
        return {"mode": self._written_mode, "source_name": self._source_name}


class QuantizedFloat8DTypePolicy(QuantizedDTypePolicy):
    """The dtypes of a layer whose products are of 8-bit floats.

    Args:
        mode: "float8".
        source_name: the policy of the weights, such as "float32"; the global one if None.
        amax_history_length: how many of the last steps' largest magnitudes are kept: long enough to outlive a quiet spell.

    Raises: TypeError if the length is no integer, and what `QuantizedDTypePolicy` raises.

    >>> policy = QuantizedFloat8DTypePolicy("float8", "mixed_bfloat16", amax_history_length=32)
    >>> policy.name, policy.amax_history_length
    ('float8_from_mixed_bfloat16', 32)
    """

    default_amax_history_length = 1024

    def __init__(self, mode: Any, source_name: str | None = None, amax_history_length: int = 1024) -> None:
        if not isinstance(amax_history_length, int):
            raise TypeError(f"amax_history_length must be an integer; {amax_history_length!r} came.")
        super().__init__(mode, source_name)
        self._amax_history_length = amax_history_length

    @property
    def amax_history_length(self) -> Any:
        """How many of the last steps' largest magnitudes are kept."""
        return self._amax_history_length

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"amax_history_length": self._amax_history_length}


class _NumberedPolicy(QuantizedDTypePolicy):
    """A mode with numbers behind it: "int4/128"."""

    algorithm: str
    numbers: tuple

    def _read_mode(self, mode):
        parts = str(mode).split("/")
        form = "/".join([self.algorithm, *(f"<{name}>" for name in self.numbers)])
        if parts[0] != self.algorithm or len(parts) != 1 + len(self.numbers):
            raise ValueError(f"{type(self).__name__}: the mode must have the form {form!r}; {mode!r} came.")
        for name, text in zip(self.numbers, parts[1:]):
            try:
                setattr(self, name, int(text))
            except ValueError:
                raise ValueError(f"{type(self).__name__}: {name} in {form!r} must be an integer; {mode!r} came.") from None
        size = getattr(self, self.numbers[-1])
        if size < -1 or size == 0:
            raise ValueError(f"{type(self).__name__}: {self.numbers[-1]} must be a positive integer or -1; {mode!r} came.")
        bits = getattr(self, "weight_bits", None)
        if bits not in self.bits:
            raise ValueError(f"{type(self).__name__}: weight_bits must be one of {self.bits}; {mode!r} came.")
        self.mode = self.algorithm
        return self.algorithm

    bits: tuple = (None,)


class Int4DTypePolicy(_NumberedPolicy):
    """The dtypes of a layer with 4-bit weights.

    Args:
        mode: "int4/<block_size>", the number of inputs that share a scale; "int4/-1" for all of them.
        source_name: the policy of what stays in floats, such as "float32"; the global one if None.

    Raises: ValueError for a mode of another form, or another block size.

    >>> policy = Int4DTypePolicy("int4/128", "float32")
    >>> policy.name, policy.block_size
    ('int4/128_from_float32', 128)
    """

    algorithm, numbers = "int4", ("block_size",)

    def __init__(self, mode: Any, source_name: str | None = None) -> None:
        super().__init__(mode, source_name)


class GPTQDTypePolicy(_NumberedPolicy):
    """The dtypes of a layer quantized by GPTQ.

    Args:
        mode: "gptq/<weight_bits>/<group_size>", such as "gptq/4/128"; 2, 3, 4 or 8 bits, a group size of -1 for all inputs.
        source_name: the policy of what stays in floats, such as "float32"; the global one if None.

    Raises: ValueError for a mode of another form, or other numbers.

    >>> policy = GPTQDTypePolicy("gptq/4/128", "float32")
    >>> policy.quantization_mode, policy.weight_bits, policy.group_size
    ('gptq', 4, 128)
    """

    algorithm, numbers, bits = "gptq", ("weight_bits", "group_size"), (2, 3, 4, 8)

    def __init__(self, mode: Any, source_name: str | None = None) -> None:
        super().__init__(mode, source_name)


class AWQDTypePolicy(_NumberedPolicy):
    """The dtypes of a layer quantized by AWQ.

    Args:
        mode: "awq/4/<group_size>", such as "awq/4/128"; a group size of -1 for all inputs.
        source_name: the policy of what stays in floats, such as "float32"; the global one if None.

    Raises: ValueError for a mode of another form, or other numbers.

    >>> policy = AWQDTypePolicy("awq/4/-1", "float32")
    >>> policy.quantization_mode, policy.weight_bits, policy.group_size
    ('awq', 4, -1)
    """

    algorithm, numbers, bits = "awq", ("weight_bits", "group_size"), (4,)

    def __init__(self, mode: Any, source_name: str | None = None) -> None:
        super().__init__(mode, source_name)


_BY_ALGORITHM = {"gptq": GPTQDTypePolicy, "awq": AWQDTypePolicy, "float8": QuantizedFloat8DTypePolicy}


def from_name(name):
    """The policy of a name such as "int8_from_float32"."""
    mode, _, source = name.partition("_from_")
    algorithm = mode.partition("/")[0]
    cls = Int4DTypePolicy if algorithm == "int4" and "/" in mode else _BY_ALGORITHM.get(algorithm, QuantizedDTypePolicy)
    return cls(mode, source)
