"""Integers to vectors, and back."""

from typing import Any

from kerata import ops
from kerata.core import dtypes, findings
from kerata.core.arrays import dtype_of
from kerata.core.fields import dataclass, field
from kerata.core.types import Shape, TensorLike, Tree
from kerata.layers.arguments import Constraint, Initializer, PositiveInt, Regularizer
from kerata.layers.quantization.quantizable import QuantizableTable, WeightRole

_TABLE = WeightRole("embeddings", "...x,yx->...y", turned=True)
_REVERSE = WeightRole("reverse_embeddings", "...x,xy->...y", packed=0)


@dataclass(after={"weights": "mask_zero"}, unlisted=("autocast",))
class Embedding(QuantizableTable):
    """A vector for each integer, looked up in a table that is trained.

    Shapes: integers (batch, ...) -> (batch, ..., output_dim).

    Args:
        input_dim: how many integers there are, from 0.
        output_dim: the vectors' length.
        embeddings_initializer: how the table starts.
        embeddings_regularizer: a penalty added to the loss.
        embeddings_constraint: applied after each update.
        mask_zero: whether 0 stands for padding: later layers then skip those steps.
        weights: a list of one array to begin with, in place of the initializer.
        lora_rank, lora_alpha: see `enable_lora`, with which the layer begins if a rank is given.
        quantization_config: how the table is quantized when `dtype` is a policy such as "int8_from_float32".

    >>> import kerata, numpy as np
    >>> kerata.layers.Embedding(10, 4)(np.array([[1, 2, 3]])).shape
    (1, 3, 4)
    """

    index_dtype = "int32"

    input_dim: PositiveInt
    output_dim: PositiveInt
    embeddings_initializer: Initializer = Initializer("uniform")
    embeddings_regularizer: Regularizer = Regularizer(None)
    embeddings_constraint: Constraint = Constraint(None)
    mask_zero: bool = False
    weights: Any = field(default=None, kw_only=True, attribute="_initial_weights", config=False)
    autocast: bool = field(default=False, kw_only=True)  # integers only: float inputs must keep their values

    def __post_init__(self):
        super().__post_init__()
        self.supports_masking = self.mask_zero
        if self._initial_weights is not None:
            if not isinstance(self._initial_weights, list):
                self._initial_weights = [self._initial_weights]
            self.build()

    def _roles(self):
        return (_TABLE,)

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the table (input_dim, output_dim)."""
        self._make_weight("embeddings", (self.input_dim, self.output_dim))

    def call(self, inputs: Tree) -> Any:
        """The vectors."""
        return self._looked_up(inputs)

    def _looked_up(self, inputs):
        indices = ops.cast(inputs, self.index_dtype)
        findings.check_range(indices, self.input_dim, self._out_of_range, key=id(self), from_end=True)
        return self._rows("embeddings", indices)

    def _out_of_range(self, index):
        return (
            f'Layer "{self.path}": index {index} is out of range for a table of {self.input_dim} rows (0 to '
            f"{self.input_dim - 1}). input_dim must be larger than the largest index."
        )

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """Where the integers are not 0, with `mask_zero`; whatever `mask` they had."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def quantized_build(self, embeddings_shape: Shape, mode: Any, config: dict[str, Any] | None = None) -> None:
        """Make the variables that a quantized table of this shape is kept in.

        Args:
            embeddings_shape: the table's shape.
            mode: "int8" or "int4"; the block size is that of the layer's dtype policy.
            config: how activations are quantized; that of the layer if None.
        """
        super().quantized_build(embeddings_shape, mode, config)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return config | {"activity_regularizer": config.get("activity_regularizer")}


@dataclass(after={"tie_weights": "output_dim"}, unlisted=("weights", "lora_rank", "lora_alpha", "quantization_config"))
class ReversibleEmbedding(Embedding):
    """An embedding that is also used the other way, from vectors to one number for each integer, as in language models.

    Shapes: integers (batch, ...) -> (batch, ..., output_dim); reversed, (batch, ..., output_dim) -> (batch, ..., input_dim).

    Args:
        input_dim: how many integers there are, from 0.
        output_dim: the vectors' length.
        tie_weights: whether both ways use one table (Press and Wolf 2017, arXiv:1608.05859).
        embeddings_initializer: how the tables start.
        embeddings_regularizer: a penalty added to the loss.
        embeddings_constraint: applied after each update.
        mask_zero: whether 0 stands for padding.
        reverse_dtype: the dtype of the way back; that of the vectors and the table if None.
        logit_soft_cap: a bound c that the way back approaches smoothly, as `c * tanh(x / c)`.

    >>> import kerata, numpy as np
    >>> layer = kerata.layers.ReversibleEmbedding(10, 4)
    >>> layer(layer(np.array([[1, 2, 3]])), reverse=True).shape
    (1, 3, 10)
    """

    tie_weights: bool = True
    reverse_dtype: Any = None
    logit_soft_cap: float | None = None

    def _roles(self):
        return (_TABLE,) if self.tie_weights else (_TABLE, _REVERSE)

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the table (input_dim, output_dim) and, untied, the one back (output_dim, input_dim)."""
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self._make_weight("reverse_embeddings", shape, kind="embeddings")

    def quantized_build(self, embeddings_shape: Shape, mode: Any, config: dict[str, Any] | None = None) -> None:
        """Make the variables that a quantized table of this shape, and untied the one back, are kept in.

        Args:
            embeddings_shape: the table's shape.
            mode: "int8" or "int4"; the block size is that of the layer's dtype policy.
            config: how activations are quantized; that of the layer if None.
        """
        super().quantized_build(embeddings_shape, mode, config)
        if not self.tie_weights:
            self._transform(_REVERSE, tuple(embeddings_shape)[::-1], mode, config=config).make()

    def call(self, inputs: Tree, reverse: bool = False) -> Any:
        """The vectors or, reversed, one number for each integer."""
        if not reverse:
            return self._looked_up(inputs)
        dtype, cap = self.reverse_dtype, self.logit_soft_cap
        logits = self._products("embeddings" if self.tie_weights else "reverse_embeddings", inputs, dtype)
        return logits if cap is None else ops.multiply(ops.tanh(ops.divide(logits, cap)), cap)

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """Where the integers are not 0, with `mask_zero`; of vectors, their own mask."""
        return super().compute_mask(inputs, mask) if dtypes.is_int_dtype(dtype_of(inputs)) else mask
