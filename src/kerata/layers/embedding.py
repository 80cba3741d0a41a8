"""Integers to vectors, and back."""

from kerata import ops
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
        return ops.take(self.embeddings, ops.cast(inputs, "int32"), axis=0)

    def compute_mask(self, inputs, mask=None):
        """Where the integers are not 0, with `mask_zero`."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        return config | {"activity_regularizer": config.get("activity_regularizer")}
