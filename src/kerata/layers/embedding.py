"""Integers to vectors, and back."""

from kerata import ops
from kerata.core import dtypes, findings
from kerata.core.arrays import dtype_of
from kerata.layers.arguments import positive_integer, settle
from kerata.layers.quantizable import QuantizableTable, WeightRole

_TABLE = WeightRole("embeddings", "...x,yx->...y", turned=True)
_REVERSE = WeightRole("reverse_embeddings", "...x,xy->...y", packed=0)


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

    def __init__(
        self,
        input_dim,
        output_dim,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero=False,
        weights=None,
        lora_rank=None,
        lora_alpha=None,
        quantization_config=None,
        **kwargs,
    ):
        kwargs.setdefault("autocast", False)  # integers only: float inputs must keep their values
        super().__init__(lora_rank, lora_alpha, quantization_config, **kwargs)
        self.input_dim = positive_integer(input_dim, "input_dim", self)
        self.output_dim = positive_integer(output_dim, "output_dim", self)
        settle(
            self,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
        )
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        if weights is not None:
            self._initial_weights = weights if isinstance(weights, list) else [weights]
            self.build()

    def _roles(self):
        return (_TABLE,)

    def build(self, input_shape=None):
        """Make the table (input_dim, output_dim)."""
        self._make_weight("embeddings", (self.input_dim, self.output_dim))

    def call(self, inputs):
        """The vectors."""
        return self._looked_up(inputs)

    def _looked_up(self, inputs):
        indices = ops.cast(inputs, "int32")
        findings.check_range(indices, self.input_dim, self._out_of_range, key=id(self), from_end=True)
        return self._rows("embeddings", indices)

    def _out_of_range(self, index):
        return (
            f'Layer "{self.path}": index {index} is out of range for a table of {self.input_dim} rows (0 to '
            f"{self.input_dim - 1}). input_dim must be larger than the largest index."
        )

    def compute_mask(self, inputs, mask=None):
        """Where the integers are not 0, with `mask_zero`; whatever `mask` they had."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def quantized_build(self, embeddings_shape, mode, config=None):
        """Make the variables that a quantized table of this shape is kept in.

        Args:
            embeddings_shape: the table's shape.
            mode: "int8" or "int4"; the block size is that of the layer's dtype policy.
            config: how activations are quantized; that of the layer if None.
        """
        super().quantized_build(embeddings_shape, mode, config)

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        return config | {"activity_regularizer": config.get("activity_regularizer")}


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

    def __init__(
        self,
        input_dim,
        output_dim,
        tie_weights=True,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero=False,
        reverse_dtype=None,
        logit_soft_cap=None,
        **kwargs,
    ):
        super().__init__(
            input_dim, output_dim, embeddings_initializer, embeddings_regularizer, embeddings_constraint, mask_zero, **kwargs
        )
        self.tie_weights, self.reverse_dtype, self.logit_soft_cap = tie_weights, reverse_dtype, logit_soft_cap

    def _roles(self):
        return (_TABLE,) if self.tie_weights else (_TABLE, _REVERSE)

    def build(self, input_shape=None):
        """Make the table (input_dim, output_dim) and, untied, the one back (output_dim, input_dim)."""
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self._make_weight("reverse_embeddings", shape, kind="embeddings")

    def quantized_build(self, embeddings_shape, mode, config=None):
        """Make the variables that a quantized table of this shape, and untied the one back, are kept in.

        Args:
            embeddings_shape: the table's shape.
            mode: "int8" or "int4"; the block size is that of the layer's dtype policy.
            config: how activations are quantized; that of the layer if None.
        """
        super().quantized_build(embeddings_shape, mode, config)
        if not self.tie_weights:
            self._transform(_REVERSE, tuple(embeddings_shape)[::-1], mode, config=config).make()

    def call(self, inputs, reverse=False):
        """The vectors or, reversed, one number for each integer."""
        if not reverse:
            return self._looked_up(inputs)
        dtype, cap = self.reverse_dtype, self.logit_soft_cap
        logits = self._products("embeddings" if self.tie_weights else "reverse_embeddings", inputs, dtype)
        return logits if cap is None else ops.multiply(ops.tanh(ops.divide(logits, cap)), cap)

    def compute_mask(self, inputs, mask=None):
        """Where the integers are not 0, with `mask_zero`; of vectors, their own mask."""
        return super().compute_mask(inputs, mask) if dtypes.is_int_dtype(dtype_of(inputs)) else mask
