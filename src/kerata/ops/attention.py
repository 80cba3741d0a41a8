"""Products with a kernel, and attention."""

from typing import Any

from kerata.core import dtypes
from kerata.core.arrays import cast as _cast, dtype_of, static_shape
from kerata.core.op import op
from kerata.core.types import Tensor, TensorLike
from kerata.ops import numpy as knp
from kerata.ops.activation import softmax
from kerata.ops.lengths import lengths_of, run_time_shape  # noqa: F401  (used from here, too)
from kerata.ops.promotion import promote


@op
def affine(x: TensorLike, kernel: TensorLike, bias: TensorLike = None) -> Tensor:
    """`x @ kernel + bias`: (..., features), (features, units), (units,) -> (..., units)."""
    y = knp.matmul(x, kernel)
    return y if bias is None else knp.add(y, bias)


@op
def affine_along(count: Any, x: TensorLike, kernel: TensorLike, bias: TensorLike = None) -> Tensor:
    """`affine` over the last `count` axes: (..., *features), (*features, *units), units -> (..., *units)."""
    y = knp.tensordot(x, kernel, count)
    return y if bias is None else knp.add(y, bias)


@op
def dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: Any,
    bias: TensorLike = None,
    mask: TensorLike | None = None,
    scale: Any = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """Scaled dot-product attention.

    Shapes: query (batch, targets, heads, depth), key and value (batch, sources, heads or groups, depth), bias and mask
    broadcast to (batch, heads, targets, sources) -> (batch, targets, heads, depth).

    Args:
        query, key, value: the tensors.
        bias: added to the logits.
        mask: booleans; where one is False, the target does not see the source.
        scale: what the logits are multiplied with; `1 / sqrt(depth)` if None.
        is_causal: whether a target sees no source behind its own place.
        flash_attention: accepted; the engine chooses its fastest kernel, and the result is the same.
        attn_logits_soft_cap: what the logits are kept below, by tanh, if given.

    Source: Vaswani et al. 2017, arXiv:1706.03762.

    >>> dot_product_attention([[[[1.0]]]], [[[[0.0]], [[0.0]]]], [[[[2.0]], [[4.0]]]]).tolist()
    [[[[3.0]]]]
    """
    query, key = promote(query, key)
    query, value = promote(query, value)
    heads, groups = query.shape[2], key.shape[2]
    if heads != groups:
        key, value = knp.repeat(key, heads // groups, 2), knp.repeat(value, heads // groups, 2)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    logits = _cast(knp.einsum("bthd,bshd->bhts", query, key), dtypes.result_type(dtype_of(query), "float32"))
    logits = knp.multiply(logits, scale)
    if attn_logits_soft_cap is not None:
        logits = knp.multiply(knp.tanh(knp.divide(logits, attn_logits_soft_cap)), attn_logits_soft_cap)
    if bias is not None:
        logits = knp.add(logits, bias)
    if is_causal:
        targets, sources = static_shape(logits)[-2:]
        causal = knp.tril(knp.ones((targets, sources), "bool"))
        mask = causal if mask is None else knp.logical_and(mask, causal)
    if mask is not None:
        logits = knp.where(mask, logits, -0.7 * 3.4e38)
    weights = _cast(softmax(logits, axis=-1), dtype_of(value))
    return knp.einsum("bhts,bshd->bthd", weights, value)


__all__ = ["dot_product_attention"]
