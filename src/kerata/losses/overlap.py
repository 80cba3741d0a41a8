"""Loss functions of whole maps and of pairs: Dice, Tversky, Circle."""

from typing import Any

from kerata import ops
from kerata.core import masks
from kerata.core.arrays import as_array
from kerata.core.config import settings
from kerata.core.types import Axis, TensorLike
from kerata.losses.functions import pair
from kerata.ops.activation import softplus
from kerata.ops.promotion import to_float
from kerata.ops.special import logsumexp


def dice(y_true: TensorLike, y_pred: TensorLike, axis: Axis = None) -> Any:
    """1 - 2 * overlap / (size of both), summed over `axis`, over everything if None. Source: Sudre 2017, arXiv:1707.03237.

    Shapes: (...), (...) -> the axes that are left.

    Args:
        y_true, y_pred: maps of 0 and 1, or of probabilities.
        axis: the axes that are summed over; everything if None.

    >>> round(float(dice([[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]])), 4)
    0.3333
    """
    y_true, y_pred = pair(y_true, y_pred, "dice")
    both = ops.sum(y_true * y_pred, axis)
    return 1.0 - (2.0 * both + settings.epsilon) / (ops.sum(y_true, axis) + ops.sum(y_pred, axis) + settings.epsilon)


def tversky(y_true: TensorLike, y_pred: TensorLike, alpha: Any = 0.5, beta: Any = 0.5, axis: Axis = None) -> Any:
    """Dice with a weight for each kind of error: `alpha` for what is missing, `beta` for what is wrongly there.

    Args:
        y_true, y_pred: maps of 0 and 1, or of probabilities.
        alpha: the weight of what is missing.
        beta: the weight of what is wrongly there.
        axis: the axes that are summed over; everything if None.

    Source: Salehi et al. 2017, arXiv:1706.05721. The paper has the weights the other way round; these are Keras 3's numbers.

    Shapes: (...), (...) -> the axes that are left.

    >>> found, missed = [[1.0, 1.0]], [[1.0, 0.0]]
    >>> round(float(tversky(found, missed, alpha=0.9)), 4), round(float(tversky(found, missed, alpha=0.1)), 4)
    (0.4737, 0.0909)
    """
    y_true, y_pred = pair(y_true, y_pred, "tversky")
    both = ops.sum(y_true * y_pred, axis)
    wrong = ops.sum((1.0 - y_true) * y_pred, axis)
    missing = ops.sum(y_true * (1.0 - y_pred), axis)
    return 1.0 - (both + settings.epsilon) / (both + missing * alpha + wrong * beta + settings.epsilon)


def circle(
    y_true: TensorLike,
    y_pred: TensorLike,
    ref_labels: TensorLike = None,
    ref_embeddings: TensorLike = None,
    remove_diagonal: bool = True,
    gamma: Any = 80,
    margin: float = 0.4,
) -> Any:
    """Pulls embeddings of one class together and those of others apart. Source: Sun et al. 2020, arXiv:2002.10857.

    Args:
        y_true: class numbers, (batch,) or (batch, 1).
        y_pred: embeddings of length 1, (batch, d).
        ref_labels, ref_embeddings: those to compare with; the batch itself if None.
        remove_diagonal: whether a sample is not compared with the reference of the same place.
        gamma: the scale of the similarities.
        margin: how far from perfect a pair may be.

    Shapes: -> (batch,).

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     apart = circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    ...     mixed = circle([0, 1, 0], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> bool(apart[0] < mixed[0])
    True
    """
    y_pred = to_float(y_pred)
    own = ops.reshape(as_array(y_true), (-1, 1))
    other = own if ref_labels is None else ops.reshape(as_array(ref_labels), (-1, 1))
    references = y_pred if ref_embeddings is None else to_float(ref_embeddings)
    distance = 1.0 - ops.matmul(y_pred, ops.transpose(references))
    same = ops.equal(own, ops.transpose(other))
    different = ops.logical_not(same)
    if remove_diagonal:
        same = ops.logical_and(same, ops.arange(same.shape[0])[:, None] != ops.arange(same.shape[1])[None, :])
    # In terms of the distance: the best for like pairs is -margin, for others 1 + margin.
    far = ops.maximum(distance + margin, 0.0)
    near = ops.maximum(1.0 + margin - distance, 0.0)
    pull = gamma * far * (distance - margin)
    push = gamma * near * (1.0 - margin - distance)
    loss = softplus(_over(pull, same) + _over(push, different))
    masks.set_mask(loss, ops.any(same, 1))  # a sample without a like one says nothing
    return loss


def _over(x, mask):
    """logsumexp over the pairs of a mask."""
    return logsumexp(ops.where(mask, x, -1e9), 1)
