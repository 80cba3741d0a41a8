"""Integers to vectors, and back."""

from kerata import ops
from kerata.core import dtypes, findings
from kerata.core.arrays import dtype_of
from kerata.layers.arguments import make_weight, positive_integer, settle
from kerata.layers.dense import Quantizable


class Embedding(Quantizable):
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
        **kwargs,
    ):
        kwargs.setdefault("autocast", False)  # integers only: float inputs must keep their values
        super().__init__(**kwargs)
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

    def build(self, input_shape=None):
        """Make the table (input_dim, output_dim)."""
        self.embeddings = make_weight(self, "embeddings", (self.input_dim, self.output_dim))

    def call(self, inputs):
        """The vectors."""
        return self._looked_up(inputs)

    def _looked_up(self, inputs):
        indices = ops.cast(inputs, "int32")
        findings.check_range(indices, self.input_dim, self._out_of_range, key=id(self), from_end=True)
        return ops.take(self.embeddings, indices, axis=0)

    def _out_of_range(self, index):
        return (
            f'Layer "{self.path}": index {index} is out of range for a table of {self.input_dim} rows (0 to '
            f"{self.input_dim - 1}). input_dim must be larger than the largest index."
        )

    def compute_mask(self, inputs, mask=None):
        """Where the integers are not 0, with `mask_zero`."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

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

    def build(self, input_shape=None):
        """Make the table (input_dim, output_dim) and, untied, the one back (output_dim, input_dim)."""
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self.reverse_embeddings = make_weight(self, "reverse_embeddings", shape, kind="embeddings")

    def call(self, inputs, reverse=False):
        """The vectors or, reversed, one number for each integer."""
        if not reverse:
            return self._looked_up(inputs)
        table = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        if self.reverse_dtype is not None:
            inputs, table = ops.cast(inputs, self.reverse_dtype), ops.cast(table, self.reverse_dtype)
        logits, cap = ops.matmul(inputs, table), self.logit_soft_cap
        return logits if cap is None else ops.multiply(ops.tanh(ops.divide(logits, cap)), cap)

    def compute_mask(self, inputs, mask=None):
        """Where the integers are not 0, with `mask_zero`; of vectors, their own mask."""
        return super().compute_mask(inputs, mask) if dtypes.is_int_dtype(dtype_of(inputs)) else mask
