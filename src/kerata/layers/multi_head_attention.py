"""Attention with several heads."""

import string
from typing import Any, ClassVar, SupportsIndex

from kerata import ops, random
from kerata.core import policies, serialization
from kerata.core.arrays import static_shape
from kerata.core.fields import Field, dataclass, field
from kerata.core.seeds import SeedGenerator
from kerata.core.types import Shape, TensorLike
from kerata.engines.shapes import normalize_axis, same_dim
from kerata.layers.activation import Softmax
from kerata.layers.arguments import (
    Constraint,
    Initializer,
    Integers,
    OptionalPositiveInt,
    PositiveInt,
    Regularizer,
    positive_integer,
)
from kerata.layers.attention import both, causal_mask
from kerata.layers.dense import EinsumDense
from kerata.layers.layer import Layer


class ValueDepth(Field[SupportsIndex | None, int]):
    """The depth of each head's value: a positive integer; that of its key if None."""

    def convert(self, value, name, owner):
        return positive_integer(owner.key_dim if value is None else value, name, owner)


class Several(Field[Integers | None, tuple[int, ...] | None]):
    """An integer or several, or None."""

    def convert(self, value, name, owner):
        """A tuple, or None.

        Raises: ValueError for what is no integers.
        """
        if value is None:
            return None
        values = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        if not all(hasattr(v, "__index__") for v in values):
            raise ValueError(f"{type(owner).__name__}: {name} must be an integer or several; {value!r} came.")
        return values


class Heads(Layer):
    """The base: projections of query, key and value to heads, attention, and a projection back."""

    supports_masking = True

    use_bias: Any
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    sliding_window: Any
    flash_attention: Any
    dropout: Any
    seed: Any
    _inner_activity_regularizer: Any

    def __post_init__(self):
        super().__post_init__()
        if self.flash_attention and self.dropout > 0:
            raise ValueError(f"{type(self).__name__}: flash attention has no dropout; dropout={self.dropout} came.")
        if self.dropout > 0:
            self.seed_generator = SeedGenerator(self.seed)

    def _dense(self, name, equation, output_shape, bias_axes):
        """A projection; its initializers are new ones, so that no two projections begin alike."""
        dense = EinsumDense(
            equation,
            output_shape=output_shape,
            bias_axes=bias_axes if self.use_bias else None,
            kernel_initializer=_new(self.kernel_initializer),
            bias_initializer=_new(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            activity_regularizer=self._inner_activity_regularizer,
            dtype=self.dtype_policy,
            name=name,
        )
        dense.supports_masking = True
        return dense

    def _to_heads(self, name, shape, heads, depth):
        """A projection (batch, ..., features) -> (batch, ..., heads, depth), built."""
        before = string.ascii_lowercase[: len(shape) - 1]
        x, n, h = tuple(string.ascii_lowercase[len(shape) - 1 : len(shape) + 2])
        dense = self._dense(name, f"{before}{x},{x}{n}{h}->{before}{n}{h}", (None,) * (len(shape) - 2) + (heads, depth), n + h)
        dense.build(shape)
        return dense

    def _from_heads(self, name, query_shape, heads, depth, output_shape):
        """A projection (batch, ..., heads, depth) -> (batch, ..., *output_shape), built."""
        letters = string.ascii_lowercase
        rank = len(query_shape)
        before, inner = letters[: rank - 1], letters[rank - 1 : rank + 1]
        after = letters[rank + 1 : rank + 1 + len(output_shape)]
        equation = f"{before}{inner},{inner}{after}->{before}{after}"
        dense = self._dense(name, equation, (None,) * (rank - 2) + tuple(output_shape), after)
        dense.build((*query_shape[:-1], heads, depth))
        return dense

    def _mask(self, query, value, key, source_masks, given, use_causal_mask):
        """One mask (batch or 1, targets, sources) from all, or None.

        Raises: ValueError for keys and values of different lengths.
        """
        lengths = static_shape(value)[1:-1]
        if key is not None and not all(map(same_dim, static_shape(key)[1:-1], lengths)):
            raise ValueError(
                f'Layer "{self.path}": each value has a key, so key {static_shape(key)} and value {static_shape(value)} must have '
                "the same steps."
            )
        mask = None if given is None else ops.cast(given, "bool")
        for source_mask in source_masks:
            if source_mask is not None:
                mask = both(mask, ops.expand_dims(ops.cast(source_mask, "bool"), -2))
        targets, sources = static_shape(query)[1], static_shape(value if key is None else key)[1]
        if use_causal_mask:
            mask = both(mask, causal_mask(targets, sources))
        if self.sliding_window is not None:
            rows, columns = ops.arange(targets, dtype="int32"), ops.arange(sources, dtype="int32")
            distance = ops.absolute(ops.subtract(ops.expand_dims(rows, 1), columns))
            mask = both(mask, ops.expand_dims(ops.less(distance, self.sliding_window), 0))
        return mask

    def _attend(self, query, key, value, axes, depth, mask, training, with_scores):
        """`(result, scores)` for projected tensors; the scores are None when not asked for and not needed.

        Raises: ValueError if they are asked for with `flash_attention=True`, which does not make them.
        """
        if with_scores and self.flash_attention:
            raise ValueError(
                f'Layer "{self.path}": flash attention makes no scores. Leave out flash_attention=True, or '
                "return_attention_scores=True."
            )
        drops = training and self.dropout > 0
        if not drops and not with_scores and len(query.shape) == 4 and axes == (1,):
            options = {} if mask is None else {"mask": ops.expand_dims(mask, 1) if len(mask.shape) == 3 else mask}
            return ops.dot_product_attention(query, key, value, scale=depth**-0.5, **options), None
        to_scores, to_result = _equations(len(query.shape), axes)
        scores = ops.einsum(to_scores, ops.multiply(query, depth**-0.5), key)
        if mask is not None:
            missing = len(scores.shape) - len(mask.shape)
            mask = ops.expand_dims(mask, tuple(range(-2 * len(axes) - missing, -2 * len(axes)))) if missing > 0 else mask
        shares = Softmax(axis=tuple(range(-len(axes), 0)), dtype=self.dtype_policy)(scores, mask)
        dropped = random.dropout(shares, self.dropout, seed=self.seed_generator) if drops else shares
        return ops.einsum(to_result, dropped, value), shares

    def _policy_with_layers(self):
        """The dtype policy; if layers inside have been quantized, a map that tells so when they are made again."""
        changed = {x.path: x.dtype_policy for x in self._sublayers() if x.quantization_mode is not None}
        if not changed or isinstance(self.dtype_policy, policies.DTypePolicyMap):
            return self.dtype_policy
        return policies.DTypePolicyMap(self.dtype_policy, changed)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["dtype"] = policies.serialize(self._policy_with_layers())
        return config | {"activity_regularizer": serialization.serialize_keras_object(self._inner_activity_regularizer)}


def _new(initializer):
    """An initializer like the given one, which draws other values unless it has a seed."""
    return initializer.clone() if hasattr(initializer, "clone") else initializer


def _equations(rank, axes):
    """The einsums from query and key to scores, and from scores and value to the result.

    Query and value are (batch, *others, heads, depth); attention runs along `axes`, and the scores are
    (batch, *axes left, heads, *target axes, *source axes).
    """
    letters = iter(string.ascii_lowercase)
    target = [next(letters) for _ in range(rank)]
    source = list(target)
    for axis in axes:
        source[axis] = next(letters)
    alone = [target[a] for a in range(rank - 2) if a not in axes]
    scores = [*alone, target[-2], *[target[a] for a in axes], *[source[a] for a in axes]]
    q, v, s = ("".join(letters) for letters in (target, source, scores))
    return f"{q},{v}->{s}", f"{s},{v}->{q}"


@dataclass(after={"activity_regularizer": "bias_regularizer"})
class MultiHeadAttention(Heads):
    """Attention with several heads, each with its own projections (Vaswani et al. 2017, arXiv:1706.03762).

    Shapes: query (batch, targets, features), value and key (batch, sources, features) -> (batch, targets, features of
    the query or `output_shape`); the scores are (batch, heads, targets, sources). There may be more axes in the middle.

    Args:
        num_heads: the number of heads.
        key_dim: the depth of each head's query and key.
        value_dim: the depth of each head's value, `key_dim` if None.
        dropout: the share of the attention set to 0 while training.
        use_bias: whether the projections have a bias.
        output_shape: the output's shape behind the middle axes; the query's features if None.
        attention_axes: the axes of the query to attend over, also counted from the end; all middle ones if None.
        sliding_window: a target sees only sources fewer places away than this.
        flash_attention: True refuses what goes without such a kernel, dropout and scores; the engine chooses the fastest
            kernel by itself.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer: of the projections.
        activity_regularizer, kernel_constraint, bias_constraint: of the projections.
        use_gate: whether the heads' results are multiplied by the sigmoid of a projection of the query.
        seed: of the dropout.

    Call arguments: `key` is `value` if None; `value_mask` and `key_mask` (batch, steps) say which sources count;
    `attention_mask` (batch, targets, sources); `return_attention_scores`; `use_causal_mask`. `query_mask` is accepted and
    changes nothing, as in Keras 3.15.1: targets that don't count are computed too, and left out by what comes after.

    Raises: ValueError for sizes that are no positive integers, and if query, value and key differ in rank.

    >>> import kerata, numpy as np
    >>> kerata.layers.MultiHeadAttention(num_heads=2, key_dim=3)(np.ones((2, 4, 6)), np.ones((2, 5, 6))).shape
    (2, 4, 6)
    """

    _given_output_shape: ClassVar[tuple[int, ...] | None]

    num_heads: PositiveInt
    key_dim: PositiveInt
    value_dim: ValueDepth = ValueDepth(None)
    dropout: float = 0.0
    use_bias: bool = True
    output_shape: Several = field(default=None, attribute="_given_output_shape")
    attention_axes: Several = Several(None)
    sliding_window: OptionalPositiveInt = OptionalPositiveInt(None)
    flash_attention: bool | None = field(default=None, config=False)
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)
    use_gate: bool = False
    seed: int | SeedGenerator | None = None
    activity_regularizer: Regularizer = field(default=None, kw_only=True, attribute="_inner_activity_regularizer")

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        ranks = {len(s) for s in (query_shape, value_shape, key_shape)}
        if len(ranks) > 1 or min(ranks) < 3:
            raise ValueError(
                f'Layer "{self.path}" ({type(self).__name__}): query, value and key must have the same number of axes, at '
                f"least 3: (batch, steps, features); shapes {tuple(query_shape)}, {tuple(value_shape)} and "
                f"{tuple(key_shape)} came."
            )
        self.attention_axes = self.attention_axes or tuple(range(1, len(query_shape) - 1))
        self.query_dense = self._to_heads("query", query_shape, self.num_heads, self.key_dim)
        self.key_dense = self._to_heads("key", key_shape, self.num_heads, self.key_dim)
        if self.use_gate:
            self._gate_dense = self._to_heads("gate", query_shape, self.num_heads, self.value_dim)
        self.value_dense = self._to_heads("value", value_shape, self.num_heads, self.value_dim)
        output_shape = self._given_output_shape or (query_shape[-1],)
        self.output_dense = self._from_heads("attention_output", query_shape, self.num_heads, self.value_dim, output_shape)

    def call(
        self,
        query: TensorLike,
        value: Any,
        key: TensorLike = None,
        query_mask: TensorLike | None = None,
        value_mask: TensorLike | None = None,
        key_mask: TensorLike | None = None,
        attention_mask: TensorLike | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output; with `return_attention_scores` a tuple of it and the scores. `query_mask` changes nothing."""
        mask = self._mask(query, value, key, (value_mask, key_mask), attention_mask, use_causal_mask)
        gate = ops.sigmoid(self._gate_dense(query)) if self.use_gate else None
        rank = len(query.shape)
        axes = tuple(normalize_axis(a, rank) for a in self.attention_axes or ())
        heads = self.query_dense(query), self.key_dense(value if key is None else key), self.value_dense(value)
        result, scores = self._attend(*heads, axes, self.key_dim, mask, training, return_attention_scores)
        if gate is not None:
            result = result * gate
        output = self.output_dense(result)
        return (output, scores) if return_attention_scores else output


@dataclass(after={"activity_regularizer": "bias_regularizer"})
class GroupedQueryAttention(Heads):
    """Attention in which groups of query heads share a key and a value head (Ainslie et al. 2023, arXiv:2305.13245).

    Shapes: query (batch, targets, features), value and key (batch, sources, features) -> (batch, targets, features); the
    scores are (batch, query heads, targets, sources).

    Args:
        head_dim: the depth of each head.
        num_query_heads: the number of query heads, a multiple of the next.
        num_key_value_heads: the number of key and value heads.

    For the others, and the call arguments, see `MultiHeadAttention`.

    Raises: ValueError if the numbers of heads do not divide.

    >>> import kerata, numpy as np
    >>> x = np.ones((2, 4, 6))
    >>> kerata.layers.GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)(x, x).shape
    (2, 4, 6)
    """

    public_name = "GroupQueryAttention"  # the class in files of weights has one name, that in configs another

    head_dim: PositiveInt
    num_query_heads: PositiveInt
    num_key_value_heads: PositiveInt
    dropout: float = 0.0
    use_bias: bool = True
    sliding_window: OptionalPositiveInt = OptionalPositiveInt(None)
    flash_attention: bool | None = field(default=None, config=False)
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)
    use_gate: bool = False
    seed: int | SeedGenerator | None = None

    def __post_init__(self):
        super().__post_init__()
        self._inner_activity_regularizer = self.activity_regularizer
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                f"GroupQueryAttention: num_query_heads must be a multiple of num_key_value_heads; {self.num_query_heads} and "
                f"{self.num_key_value_heads} came."
            )

    @property
    def num_repeats(self) -> int:
        """How many query heads share a key and a value head."""
        return self.num_query_heads // self.num_key_value_heads

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        self.feature_dim = query_shape[-1]
        self._query_dense = self._to_heads("query", query_shape, self.num_query_heads, self.head_dim)
        self._key_dense = self._to_heads("key", key_shape, self.num_key_value_heads, self.head_dim)
        if self.use_gate:
            self._gate_dense = self._to_heads("gate", query_shape, self.num_query_heads, self.head_dim)
        self._value_dense = self._to_heads("value", value_shape, self.num_key_value_heads, self.head_dim)
        self._output_dense = self._from_heads(
            "attention_output", query_shape, self.num_query_heads, self.head_dim, (self.feature_dim,)
        )

    def call(
        self,
        query: TensorLike,
        value: Any,
        key: TensorLike = None,
        query_mask: TensorLike | None = None,
        value_mask: TensorLike | None = None,
        key_mask: TensorLike | None = None,
        attention_mask: TensorLike | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output; with `return_attention_scores` a tuple of it and the scores."""
        mask = self._mask(query, value, key, (value_mask, key_mask), attention_mask, use_causal_mask)
        if query_mask is not None:
            mask = both(mask, ops.expand_dims(ops.cast(query_mask, "bool"), -1))
        gate = ops.sigmoid(self._gate_dense(query)) if self.use_gate else None
        heads = [self._query_dense(query), self._key_dense(value if key is None else key), self._value_dense(value)]
        if self.num_repeats > 1 and (return_attention_scores or training and self.dropout > 0):
            heads[1:] = [ops.repeat(x, self.num_repeats, axis=2) for x in heads[1:]]
        result, scores = self._attend(
            heads[0], heads[1], heads[2], (1,), self.head_dim, mask, training, return_attention_scores
        )
        if gate is not None:
            result = result * gate
        output = self._output_dense(result)
        return (output, scores) if return_attention_scores else output


GroupQueryAttention = GroupedQueryAttention
