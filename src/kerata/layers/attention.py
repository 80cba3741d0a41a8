"""Attention of one sequence to another."""

from collections.abc import Sequence
from typing import Any

from kerata import activations, ops, random
from kerata.core.arrays import static_shape
from kerata.core.fields import dataclass, field
from kerata.core.seeds import SeedGenerator
from kerata.core.types import Shape, TensorLike, Tree
from kerata.layers.layer import Layer

_FAR_BELOW = -1e9


def masked_softmax(scores, mask):
    """Shares along the last axis; what the mask leaves out gets none, a row without anything gets equal ones."""
    if mask is not None:
        scores = ops.where(mask, scores, -3e4 if ops.dtype(scores) == "float16" else _FAR_BELOW)
    return activations.softmax(scores, axis=-1)


def causal_mask(targets, sources):
    """Booleans (1, targets, sources): each target sees the sources up to its own place."""
    rows, columns = ops.arange(targets, dtype="int32"), ops.arange(sources, dtype="int32")
    return ops.expand_dims(ops.greater_equal(ops.expand_dims(rows, 1), columns), 0)


def both(first, second):
    """Two masks as one; None counts everything."""
    if first is None or second is None:
        return second if first is None else first
    return ops.logical_and(first, second)


@dataclass
class Attention(Layer):
    """Dot-product attention without weights for the projections (Luong et al. 2015, arXiv:1508.04025).

    Shapes: `[query, value]` or `[query, value, key]`: (batch, targets, depth), (batch, sources, width),
    (batch, sources, depth) -> (batch, targets, width); the scores are (batch, targets, sources).

    Args:
        use_scale: whether the scores are multiplied by a trained number.
        score_mode: "dot" for the product of query and key, "concat" for the sum of tanh(query + key).
        dropout: the share of the attention set to 0 while training.
        seed: of the dropout.

    Call arguments: `mask`, a list `[query_mask, value_mask]` of booleans (batch, targets) and (batch, sources) or None;
    `return_attention_scores`; `use_causal_mask`, so that a target sees no later source.

    Raises: ValueError if the inputs, or the masks, are no list of 2 or 3, or for another score mode.

    >>> import kerata, numpy as np
    >>> query, value = np.ones((2, 4, 3)), np.ones((2, 5, 3))
    >>> kerata.layers.Attention()([query, value]).shape
    (2, 4, 3)
    """

    supports_masking = True

    use_scale: bool = False
    score_mode: str = "dot"
    dropout: float = 0.0
    seed: int | SeedGenerator | None = None

    def __post_init__(self):
        super().__post_init__()
        if self.score_mode not in ("dot", "concat"):
            raise ValueError(f"{type(self).__name__}: score_mode must be 'dot' or 'concat'; {self.score_mode!r} came.")
        if self.dropout > 0:
            self.seed_generator = SeedGenerator(self.seed)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Make the trained numbers."""
        self._check_inputs(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def _check_inputs(self, inputs):
        one = not isinstance(inputs, (list, tuple)) or inputs and (isinstance(inputs[0], int) or inputs[0] is None)
        if one or len(inputs) not in (2, 3):
            came = "one tensor" if one else f"a list of {len(inputs)}"
            raise ValueError(f"{type(self).__name__} is called on a list [query, value] or [query, value, key]; {came} came.")

    def _check_masks(self, mask, inputs):
        if mask is not None and (not isinstance(mask, (list, tuple)) or len(mask) < 2 or len(mask) > 3):
            came = f"a list of {len(mask)}" if isinstance(mask, (list, tuple)) else "one tensor"
            raise ValueError(f"{type(self).__name__}: mask is a list [query_mask, value_mask], None for none; {came} came.")

    def _scores(self, query, key):
        """(batch, targets, sources)."""
        if self.score_mode == "dot":
            scores = ops.einsum("...td,...sd->...ts", query, key)
            return scores if self.scale is None else scores * self.scale
        total = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)
        if self.scale is not None:
            total = total * self.scale
        return self.concat_score_weight * ops.sum(ops.tanh(total), -1)

    def call(
        self,
        inputs: Tree,
        mask: TensorLike | None = None,
        training: bool | None = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The values, weighted by attention; with `return_attention_scores` a tuple of them and the scores."""
        self._check_inputs(inputs)
        self._check_masks(mask, inputs)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (None, None) if mask is None else mask[:2]
        allowed = None if value_mask is None else ops.expand_dims(ops.cast(value_mask, "bool"), -2)
        if use_causal_mask:
            allowed = both(allowed, causal_mask(static_shape(query)[-2], static_shape(key)[-2]))
        scores = masked_softmax(self._scores(query, key), allowed)
        if training and self.dropout > 0:
            scores = random.dropout(scores, self.dropout, seed=self.seed_generator)
        result = ops.matmul(scores, value)
        if query_mask is not None:
            result = result * ops.cast(ops.expand_dims(query_mask, -1), ops.dtype(result))
        return (result, scores) if return_attention_scores else result

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """The query's mask."""
        self._check_masks(mask, inputs)
        return None if mask is None else mask[0]


@dataclass(unlisted=("score_mode", "seed"))
class AdditiveAttention(Attention):
    """Attention with scores `sum(scale * tanh(query + key))` (Bahdanau et al. 2015, arXiv:1409.0473).

    Shapes, call arguments and errors as for `Attention`; query and key must have the same depth.

    Args:
        use_scale: whether there is a trained vector `scale`.
        dropout: the share of the attention set to 0 while training.

    >>> import kerata, numpy as np
    >>> kerata.layers.AdditiveAttention()([np.ones((2, 4, 3)), np.ones((2, 5, 3))]).shape
    (2, 4, 3)
    """

    use_scale: bool = True
    score_mode: str = field(default="dot", kw_only=True, config=False)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Make the scale (depth,)."""
        self._check_inputs(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")

    def _scores(self, query, key):
        total = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))
        return ops.sum(total if self.scale is None else total * self.scale, -1)
