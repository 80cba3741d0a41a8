"""Layers whose weight can be kept in few bits (`quantize`) or trained by a product of low rank (`enable_lora`).

A layer tells what its weights do in a table of `WeightRole`s and goes on as if they were floats. How a weight is kept
instead is a transform: `quantized_weights`, `float8` and `calibrated_weights`, which know no layer but that table.
"""

import functools
import importlib
from typing import TYPE_CHECKING, Any, ClassVar  # noqa: F401

from kerata import ops
from kerata.core import policies, quantized_policies
from kerata.core.configurable import is_own
from kerata.core.fields import Field, dataclass, field
from kerata.core.serialization import serialize_keras_object
from kerata.core.types import Shape, Tree
from kerata.core.variable import Variable
from kerata.layers.arguments import make_weight
from kerata.layers.quantization.adaptable import Adaptable
from kerata.quantizers.configs import config_for, config_from, settled_config

if TYPE_CHECKING:
    from kerata import quantizers  # noqa: F401

_FLOAT8 = ("inputs_scale", "inputs_amax_history", "kernel_scale", "kernel_amax_history", "outputs_grad_scale",
           "outputs_grad_amax_history")  # fmt: skip


# Imported when first used.
_TRANSFORMS = {
    "int8": ("quantized_weights", "Int8Weight"),
    "int4": ("quantized_weights", "Int4Weight"),
    "float8": ("float8", "Float8Product"),
    "gptq": ("calibrated_weights", "GPTQWeight"),
    "awq": ("calibrated_weights", "AWQWeight"),
}


class WeightRole:
    """What a weight does: its product with a layer's inputs.

    As a matrix it has a row for each term of a sum and a column for each output.

    Args:
        name: the attribute's name.
        equation: "inputs,weight->outputs", as for `einsum`.
        packed: the axis of the matrix along which 4-bit numbers are put together.
        turned: whether what belongs to the matrix is stored with columns first.
    """

    def __init__(self, name, equation, packed=1, turned=False):
        self.name, self.packed, self.turned = name, packed, turned
        self.equation = equation.replace(" ", "")
        left, self.outputs = self.equation.split("->")
        self.inputs, self.letters = left.split(",")
        self.summed = [i for i, letter in enumerate(self.letters) if letter not in self.outputs]
        self.kept = [i for i, letter in enumerate(self.letters) if letter in self.outputs]

    @property
    def kept_letters(self):
        """The weight's axes that the outputs have."""
        return [self.letters[i] for i in self.kept]

    def check(self, layer):
        """Raise a ValueError if the product is none of a matrix with the inputs."""
        inner = [letter for letter in self.inputs.replace("...", "") if letter not in self.outputs]
        if sorted(inner) != sorted(self.letters[i] for i in self.summed):
            raise ValueError(
                f'Layer "{layer.path}" can\'t be quantized: in {self.equation!r} the inputs and the weight must be summed over the '
                "same axes."
            )

    def size(self, shape):
        """The matrix's rows and columns."""
        rows = functools.reduce(lambda n, i: n * shape[i], self.summed, 1)
        return rows, functools.reduce(lambda n, i: n * shape[i], self.kept, 1)

    def to_matrix(self, value):
        """The weight, or an array with an axis of length 1 in place of some of its axes, as a matrix."""
        order = [*self.summed, *self.kept]
        turned = value if order == sorted(order) else ops.transpose(value, order)
        return ops.reshape(turned, self.size(value.shape))

    def from_matrix(self, matrix, shape):
        """The weight of a matrix; `shape` may have a 1 in place of the lengths of the summed axes."""
        order = [*self.summed, *self.kept]
        value = ops.reshape(matrix, tuple(shape[i] for i in order))
        return value if order == sorted(order) else ops.transpose(value, [order.index(i) for i in range(len(order))])

    def product(self, x, value):
        """The inputs times the weight."""
        if self.equation == "...x,xy->...y":
            return ops.matmul(x, value)
        if self.equation == "...x,yx->...y":
            return ops.matmul(x, ops.transpose(value))
        return ops.einsum(self.equation, x, value)


class QuantizationConfig(
    Field["quantizers.QuantizationConfig | dict[str, Any] | None", "quantizers.QuantizationConfig | None"]
):
    """How a weight is quantized: a `kerata.quantizers.QuantizationConfig`, or its JSON form."""

    def convert(self, value, name, owner):
        if value is None:
            return None
        return config_from(value)


@dataclass
class Quantizable(Adaptable):
    """A layer with weights that can be quantized, or adapted by LoRA.

    Args:
        quantization_config: how the weight is quantized when the layer's dtype policy asks for it from the start.
    """

    quantization_modes: ClassVar[tuple[str, ...]] = ("int8", "float8", "int4", "gptq", "awq")

    quantization_config: QuantizationConfig = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self._transforms = {}

    def _roles(self):
        """The table of the layer's weights."""
        raise TypeError(f"{type(self).__name__} must say in _roles() what its weights do.")

    def _role(self, name):
        return next(role for role in self._roles() if role.name == name)

    adapted: ClassVar[Any] = property(lambda self: self._roles()[0].name)

    # Reading

    def _read_for(self, name):
        transform = vars(self).get("_transforms", {}).get(name)
        if transform is None:
            return super()._read_for(name)
        return transform.floats() if name in self._adapters else transform.reading()

    # Building

    def _make_weight(self, name, shape, kind=None):
        """Make a weight: floats, or what the layer's policy or LoRA ask for in place of them."""
        role, mode = self._role(name), self.quantization_mode
        if mode is not None:
            self._transform(role, shape).make()
        if mode in (None, "float8"):
            setattr(self, name, make_weight(self, name, shape, kind=kind))
        if name == self.adapted:
            self._adapt_from_the_start(shape)

    def _transform(self, role, shape, mode=None, policy=None, config=None):
        """The transform of a mode for a weight, noted."""
        made = self._new_transform(role, shape, mode or self.quantization_mode, policy, config)
        self._transforms[role.name] = made
        return made

    def _new_transform(self, role, shape, mode, policy=None, config=None):
        self._check_mode(mode)
        role.check(self)
        module, cls = _TRANSFORMS[mode]
        kind = getattr(importlib.import_module(f"kerata.layers.quantization.{module}"), cls)
        return kind(self, role, tuple(shape), policy or self._policy, config or self.quantization_config)

    def _check_mode(self, mode):
        if mode not in self.quantization_modes:
            raise NotImplementedError(
                f"{type(self).__name__} has no quantization mode {mode!r}: it can be one of {self.quantization_modes}."
            )

    def quantized_build(self, kernel_shape: Shape, mode: Any, config: Any = None) -> None:
        """Make the variables that a quantized weight of this shape is kept in.

        Args:
            kernel_shape: the weight's shape.
            mode: "int8", "int4", ...; the numbers behind it are those of the layer's dtype policy.
            config: how activations are quantized; that of the layer if None.
        """
        self._transform(self._roles()[0], kernel_shape, mode, config=config).make()

    # Quantizing

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Keep the weights in few bits from now on.

        Args:
            mode: "int8", "int4" or "float8"; not needed with a config.
            type_check: whether a subclass is refused, whose own computation would be left out.
            config: a `kerata.quantizers.QuantizationConfig`, which says how.

        Raises: ValueError if the layer is not built, or quantized already; NotImplementedError for a subclass, and for a
        mode that the layer does not have. Nothing is changed then.

        >>> import kerata
        >>> layer = kerata.layers.Dense(3)
        >>> layer.build((None, 4))
        >>> layer.quantize("int8")
        >>> layer.kernel.dtype, layer.kernel_scale.shape
        ('int8', (3,))
        """
        config, policy = self._settled(mode, type_check, config)
        made = []
        for role in self._roles():
            value = self._base(role.name)
            transform = self._new_transform(role, value.shape, config.mode, policy, config)
            made.append((role.name, transform, transform.from_floats(value.numpy())))
        for name, transform, arrays in made:
            self._transforms[name] = transform
            transform.replace(arrays)
        self._take_policy(policy, config)

    def _is_quantized_by(self, policy):
        """Raises: ValueError for a mode that needs data, GPTQ or AWQ, and for a layer that is quantized already."""
        if "_transforms" not in vars(self) or self._transforms or isinstance(policy, policies.DTypePolicyMap):
            return False
        self.quantize(config=config_for(policy))
        vars(self)["dtype_policy"] = policy
        return True

    def _settled(self, mode, type_check, config):
        """The config and the dtype policy that `quantize` leads to, once all is known to be right."""
        config = settled_config(mode, config)
        if type_check and not is_own(type(self)):
            raise NotImplementedError(
                f'Layer "{self.path}": {type(self).__name__} is a subclass, whose own computation quantization would leave out. '
                "Pass type_check=False if it has none."
            )
        if not self.built:
            raise ValueError(f'Layer "{self.path}" can\'t be quantized before it is built: call it once, or build it.')
        if self.quantization_mode is not None:
            raise ValueError(
                f'Layer "{self.path}" is quantized already, with the policy {self._policy.name!r}; mode={config.mode!r} came.'
            )
        self._check_mode(config.mode)
        if self.lora_enabled:
            self._check_lora(config.mode)
        return config, quantized_policies.from_name(f"{_policy_mode(config)}_from_{self._policy.name}")

    def _take_policy(self, policy, config):
        if isinstance(self.dtype_policy, policies.DTypePolicyMap):
            self.dtype_policy[self.path] = policy
        else:
            self.dtype_policy = policy
        self.quantization_config = config

    # Saving

    @property
    def variable_serialization_spec(self) -> Any:
        """For each mode, the variables in the order in which files hold them."""
        spec, roles = {}, self._roles()
        for mode in (None, *self.quantization_modes):
            names = [n for i, role in enumerate(roles) for n in _file_names(role.name, mode, i == 0)]
            bias = ["bias"] if roles[0].name == "kernel" else []
            spec[mode] = bias + names if mode in ("gptq", "awq") else names[:1] + bias + names[1:]
        return spec

    def _saved_variables(self):
        if not self._transforms:
            return super()._saved_variables()
        names = self.variable_serialization_spec[self.quantization_mode]
        found = [vars(self).get(f"_{name}", vars(self).get(name)) for name in names]
        found = [v for v in found if isinstance(v, Variable)]
        apart = set(map(id, (*found, *self._variables_in_the_sum())))
        return found + [v for v in super()._saved_variables() if id(v) not in apart]

    def _arrays_of(self, name, value):
        transform = self._transforms.get(name)
        return super()._arrays_of(name, value) if transform is None else transform.from_floats(value)

    def _adapted_shape(self):
        transform = self._transforms.get(self.adapted)
        return super()._adapted_shape() if transform is None else transform.shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"quantization_config": serialize_keras_object(self.quantization_config)}


class QuantizableProduct(Quantizable):
    """A layer that computes `activation(inputs * kernel + bias)`, the product as its table says."""

    activation: Any
    kernel: Any
    bias: Any

    def quantized_call(self, inputs: Tree, training: bool | None = None) -> Any:
        """`call`, the product as the quantized weight makes it, whatever `training` is."""
        transform, adapter = self._transforms["kernel"], self._adapters.get("kernel")
        x = transform.product(inputs)
        if adapter is not None:
            x = ops.add(x, ops.cast(transform.role.product(inputs, adapter.delta()), x.dtype))
        if self.bias is not None:
            x = ops.add(x, transform.bias(self.bias))
        return self.activation(x)


class QuantizableTable(Quantizable):
    """A layer that looks up rows of a table."""

    embeddings: Any
    quantization_modes = ("int8", "int4")

    def _rows(self, name, indices):
        """Rows of a table, as they are kept and adapted."""
        transform, adapter = self._transforms.get(name), self._adapters.get(name)
        if transform is not None:
            rows = transform.rows(indices)
        else:
            rows = ops.take(self._base(name), indices, axis=0)
        return rows if adapter is None else ops.add(rows, adapter.rows(indices))

    def _products(self, name, x, dtype=None):
        """Vectors times a table, one number for each of its integers, in `dtype` if given."""
        role, transform, adapter = self._role(name), self._transforms.get(name), self._adapters.get(name)
        if transform is None:
            table = getattr(self, name)
            return role.product(x, table) if dtype is None else role.product(ops.cast(x, dtype), ops.cast(table, dtype))
        y = transform.product(x)
        y = y if adapter is None else ops.add(y, ops.cast(role.product(x, adapter.delta()), y.dtype))
        return y if dtype is None else ops.cast(y, dtype)


def _policy_mode(config):
    """A config's mode, as dtype policies write it."""
    if hasattr(config, "dtype_policy_string"):
        return config.dtype_policy_string()
    return f"int4/{config.block_size or -1}" if config.mode == "int4" else config.mode


def _file_names(name, mode, first):
    """The names of what a weight is kept in, in the order of files."""
    quantized = [f"{name}_scale", f"{name}_zero"]
    index = ["g_idx"] if first else []
    return {
        None: [name],
        "int8": [name, f"{name}_scale"],
        "int4": [name, *quantized, *index],
        "float8": [name, *_FLOAT8],
        "gptq": [f"quantized_{name}", *quantized, *index],
        "awq": [f"quantized_{name}", *quantized, "awq_scales", *index],
    }[mode]
