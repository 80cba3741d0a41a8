"""Layers with a weight that a product of low rank can be added to, which is trained in its place (`enable_lora`)."""

from typing import TYPE_CHECKING, Any, ClassVar

from kerata import ops
from kerata.core.fields import dataclass, field
from kerata.layers.arguments import OptionalPositiveInt
from kerata.layers.layer import Layer
from kerata.layers.quantization.lora import Adapter


class LoraRank(OptionalPositiveInt):
    """A positive integer, or None for no adapter."""

    def convert(self, value, name, owner):
        return super().convert(value, "the rank of LoRA", owner)


@dataclass
class Adaptable(Layer):
    """A layer with a weight, called `adapted`, that LoRA can be added to.

    Args:
        lora_rank: the rank of a product of two matrices that is trained in place of the weight (Hu et al. 2021,
            arXiv:2106.09685); None trains the weight.
        lora_alpha: the product is multiplied by `lora_alpha / lora_rank`; by 1 if None.
    """

    adapted: ClassVar[Any] = "kernel"

    lora_rank: LoraRank = field(default=None, kw_only=True)
    lora_alpha: float | None = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self.lora_alpha = self.lora_rank if self.lora_alpha is None else self.lora_alpha
        self.lora_enabled = False
        self._adapters: dict[str, Adapter] = {}

    # Reading

    if not TYPE_CHECKING:  # to tools, a layer has the attributes that it declares

        def __getattr__(self, name):
            found = NotImplemented if name.startswith("_") else self._read_for(name)
            adapter = vars(self).get("_adapters", {}).get(name)
            if adapter is not None:
                return ops.add(found, ops.cast(adapter.delta(), found.dtype))
            if found is not NotImplemented:
                return found
            inherited = getattr(super(), "__getattr__", None)
            if inherited is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return inherited(name)

    def _read_for(self, name):
        """The value of a weight that is kept under another name; `NotImplemented` if there is none."""
        return vars(self)[f"_{name}"].value if name in vars(self).get("_adapters", ()) else NotImplemented

    def _base(self, name):
        """The variable that holds a weight, whatever is read in its place."""
        state = vars(self)
        return state[f"_{name}"] if f"_{name}" in state else state[name]

    def enable_lora(
        self, rank: int, lora_alpha: float | None = None, a_initializer: Any = "he_uniform", b_initializer: Any = "zeros"
    ) -> None:
        """Leave the weight as it is, and train a product of two matrices of low rank that is added to it.

        Args:
            rank: the matrices' inner length.
            lora_alpha: the product is multiplied by `lora_alpha / rank`; by 1 if None.
            a_initializer: how the first matrix starts.
            b_initializer: how the second one starts: zeros, so that the layer computes at first what it did before.

        Raises: ValueError for a rank that is no positive integer, and if the layer is not built, has LoRA already, has a
        constraint on the weight, or is quantized in a way that LoRA can't be added to.
        """
        _check_rank(rank, self)
        if not self.built:
            raise ValueError(f'Layer "{self.path}" can\'t take LoRA before it is built: call it once, or build it.')
        if self.lora_enabled:
            raise ValueError(f'Layer "{self.path}" has LoRA already, of rank {self.lora_rank}: it can be enabled once.')
        self._check_lora(self.quantization_mode)
        self._adapt(self._adapted_shape(), rank, rank if lora_alpha is None else lora_alpha, a_initializer, b_initializer)

    def _check_lora(self, mode):
        if mode not in (None, "int8", "int4"):
            raise ValueError(f'Layer "{self.path}": LoRA can\'t be joined with quantization {mode!r}, only with int8 or int4.')
        if getattr(self, f"{self.adapted}_constraint", None) is not None:
            raise ValueError(f'Layer "{self.path}": LoRA can\'t be joined with a constraint, which would change the weight.')

    def _adapt_from_the_start(self, shape):
        """Add the product of `lora_rank`, where the constructor was given one."""
        if self.lora_rank is not None:
            self._check_lora(self.quantization_mode)
            self._adapt(shape, self.lora_rank, self.lora_alpha, "he_uniform", "zeros")

    def _adapt(self, shape, rank, alpha, a_initializer, b_initializer):
        name = self.adapted
        if name in vars(self):
            weight = vars(self).pop(name)
            weight.freeze(False)
            weight.stored, weight.trainable = weight.numpy(), False
            setattr(self, f"_{name}", weight)
        self._adapters[name] = Adapter(self, name, alpha / rank)
        self._adapters[name].make(shape, rank, a_initializer, b_initializer)
        self.lora_rank, self.lora_alpha, self.lora_enabled = rank, alpha, True

    def _adapted_shape(self):
        return self._base(self.adapted).shape

    # Saving

    def _own_variables(self):
        """As for each layer; what LoRA trains comes last, whether it was enabled while the layer was built or later."""
        trainable, fixed, seeds = super()._own_variables()
        added = set(map(id, self._variables_in_the_sum()))
        return sorted(trainable, key=lambda v: id(v) in added), fixed, seeds

    def _saved_variables(self):
        if not self._adapters:
            return super()._saved_variables()
        first = self._base(self.adapted)
        apart = set(map(id, (first, *self._variables_in_the_sum())))
        return [first, *(v for v in super()._saved_variables() if id(v) not in apart)]

    def _variables_in_the_sum(self):
        """What LoRA trains; files hold its sum with the weight."""
        return [v for adapter in self._adapters.values() for v in adapter.variables]

    def _saved_values(self):
        """The values that files hold: with LoRA, the sum, so that a file has no trace of it but in the config."""
        merged: dict[int, Any] = {}
        for name in self._adapters:
            arrays = self._arrays_of(name, ops.convert_to_numpy(getattr(self, name)))
            merged.update((id(vars(self)[attribute]), array) for attribute, array in arrays.items())
        return [merged.get(id(v), v) for v in self._saved_variables()]

    def _arrays_of(self, name, value):
        """What is stored of a weight's value, by attribute."""
        return {f"_{name}": value}

    def _after_loading(self):
        for adapter in self._adapters.values():
            adapter.reset()

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.lora_rank is None:
            config.pop("lora_rank", None), config.pop("lora_alpha", None)
        return config


def _check_rank(rank, layer):
    if not hasattr(rank, "__index__") or isinstance(rank, bool) or rank <= 0:
        raise ValueError(f'Layer "{layer.path}": the rank of LoRA must be a positive integer; {rank!r} came.')
