"""Loss functions of classes: cross entropies, focal losses, CTC."""

from typing import Any

from kerata import ops
from kerata.core import masks
from kerata.core.arrays import as_array, cast as _cast
from kerata.core.config import settings
from kerata.core.types import Axis, TensorLike
from kerata.engines.shapes import normalize_axis
from kerata.losses import labels
from kerata.losses.functions import pair
from kerata.ops import crossentropy
from kerata.ops.activation import sigmoid, softmax
from kerata.ops.promotion import to_float


def _smoothed(y_true, label_smoothing, classes):
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes if label_smoothing else y_true


def binary_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: Axis = -1
) -> Any:
    """The mean along `axis` of -log of the probability of the right side of each yes-no question.

    Args:
        y_true: 0 or 1, or between.
        y_pred: probabilities, or unnormalised scores with `from_logits=True`.
        label_smoothing: from 0 to 1; moves targets towards 0.5.
        axis: the axis of the mean.

    >>> binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).tolist()
    [0.6931...]
    """
    y_true, y_pred = pair(y_true, y_pred, "binary_crossentropy")
    return ops.mean(crossentropy.binary_crossentropy(_smoothed(y_true, label_smoothing, 2), y_pred, from_logits), axis)


def binary_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    apply_class_balancing: bool = False,
    alpha: Any = 0.25,
    gamma: Any = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Axis = -1,
) -> Any:
    """Binary cross entropy times (1 - probability of the right side)^gamma. Source: Lin et al. 2018, arXiv:1708.02002.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: as for `binary_crossentropy`.
        apply_class_balancing: whether targets 1 weigh `alpha` and targets 0 weigh 1 - `alpha`.
        alpha: see there.
        gamma: how fast easy samples lose weight; 0 is the plain cross entropy.

    Shapes: (..., d), (..., d) -> (...).

    >>> sure, unsure = binary_focal_crossentropy([[1.0], [1.0]], [[0.9], [0.5]]).tolist()
    >>> round(sure, 4), round(unsure, 4)
    (0.0011, 0.1733)
    """
    y_true, y_pred = pair(y_true, y_pred, "binary_focal_crossentropy")
    y_true = _smoothed(y_true, label_smoothing, 2)
    probability = sigmoid(y_pred) if from_logits else y_pred
    loss = crossentropy.binary_crossentropy(y_true, probability)
    right = y_true * probability + (1.0 - y_true) * (1.0 - probability)
    loss = ops.power(1.0 - right, gamma) * loss
    if apply_class_balancing:
        loss = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * loss
    return ops.mean(loss, axis)


def categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: Axis = -1
) -> Any:
    """-log of the probability of the right class; targets are one-hot.

    Args:
        y_true: one-hot targets, or probabilities.
        y_pred: probabilities, or unnormalised scores with `from_logits=True`.
        label_smoothing: from 0 to 1; moves targets towards 1 / classes.
        axis: that of the classes.

    Shapes: (..., classes), (..., classes) -> (...).

    >>> [round(loss, 4) for loss in categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).tolist()]
    [0.6931]
    """
    y_true, y_pred = pair(y_true, y_pred, "categorical_crossentropy")
    y_true = _smoothed(y_true, label_smoothing, y_true.shape[axis])
    return crossentropy.categorical_crossentropy(y_true, y_pred, from_logits, axis)


def categorical_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    alpha: Any = 0.25,
    gamma: Any = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Axis = -1,
) -> Any:
    """Cross entropy times alpha * (1 - probability)^gamma, summed over classes. Source: arXiv:1708.02002.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: as for `categorical_crossentropy`.
        alpha: a number, or one for each class.
        gamma: how fast easy samples lose weight.

    Shapes: (..., classes), (..., classes) -> (...).

    >>> sure, unsure = categorical_focal_crossentropy([[0.0, 1.0], [0.0, 1.0]], [[0.1, 0.9], [0.5, 0.5]]).tolist()
    >>> round(sure, 4), round(unsure, 4)
    (0.0003, 0.0433)
    """
    y_true, y_pred = pair(y_true, y_pred, "categorical_focal_crossentropy")
    y_true = _smoothed(y_true, label_smoothing, y_true.shape[axis])
    probability = softmax(y_pred, axis) if from_logits else y_pred / ops.sum(y_pred, axis, keepdims=True)
    probability = ops.clip(probability, settings.epsilon, 1.0 - settings.epsilon)
    focal = alpha * ops.power(1.0 - probability, gamma)
    return ops.sum(focal * (-y_true * ops.log(probability)), axis)


def categorical_generalized_cross_entropy(y_true: TensorLike, y_pred: TensorLike, q: Any) -> Any:
    """(1 - p^q) / q for the probability p of the right class: robust to wrong labels. Source: arXiv:1805.07836.

    Shapes: class numbers (...) or one-hot targets (..., classes), (..., classes) -> (...).

    Args:
        y_true: class numbers or one-hot targets.
        y_pred: probabilities.
        q: between 0, which would be the cross entropy, and 1, which would be the absolute error.

    Raises: ValueError if `q` is not between 0 and 1.

    >>> losses = categorical_generalized_cross_entropy([1, 0], [[0.0, 1.0], [0.75, 0.25]], q=0.5)
    >>> [round(loss, 4) for loss in losses.tolist()]
    [0.0, 0.2679]
    """
    if not 0 < q < 1:
        raise ValueError(f"q must be between 0 and 1; {q!r} came.")
    y_true, y_pred = as_array(y_true), to_float(y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        y_true = ops.squeeze(y_true, -1) if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1 else y_true
        labels.check_tensor_labels(y_true, y_pred.shape[-1], "categorical_generalized_cross_entropy")
        y_true = crossentropy.one_hot(y_true, y_pred.shape[-1])
    y_true, y_pred = pair(y_true, y_pred, "categorical_generalized_cross_entropy")
    return (1.0 - ops.power(ops.sum(y_true * y_pred, -1), q)) / q


def sparse_categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, ignore_class: int | None = None, axis: Axis = -1
) -> Any:
    """-log of the probability of the right class; targets are class numbers.

    Args:
        y_true: class numbers.
        y_pred: probabilities, or unnormalised scores with `from_logits=True`.
        ignore_class: a number that stands for no class: such targets have loss 0.
        axis: that of the classes.

    Shapes: (...), (..., classes) -> (...).

    Raises: ValueError for a label out of range, when labels are concrete, and if the shapes don't fit.

    >>> sparse_categorical_crossentropy([1], [[0.0, 1.0]]).tolist()
    [...e-07]
    """
    y_true, y_pred = as_array(y_true), to_float(y_pred)
    rank = len(y_pred.shape)
    axis = normalize_axis(axis, rank) if rank else 0
    if rank and len(y_true.shape) == rank and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis)
    labels.check_tensor_labels(y_true, y_pred.shape[axis] if rank else None, "sparse_categorical_crossentropy", ignore_class)
    if ignore_class is None:
        return crossentropy.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    counts = ops.not_equal(y_true, ignore_class)
    y_true = ops.where(counts, y_true, ops.zeros_like(y_true))
    loss = crossentropy.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    result = ops.where(counts, loss, 0.0)
    if result.shape:
        masks.set_mask(result, counts)
    return result


setattr(sparse_categorical_crossentropy, "targets_are_classes", True)


def ctc(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """The connectionist temporal classification loss; class 0 stands for "no label".

    Shapes: (batch, labels), (batch, time, classes) -> (batch,). Source: Graves et al. 2006, doi:10.1145/1143844.1143891.

    Args:
        y_true: class numbers from 1 on, each row filled up with 0.
        y_pred: unnormalised scores.

    Raises: ValueError for tensors of other ranks.

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     loss = ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]])
    >>> [round(x, 4) for x in loss.tolist()]  # 3 of 4 ways of equal chance read "1"
    [0.2877]
    """
    y_true, y_pred = as_array(y_true, "int32"), to_float(y_pred)
    if len(y_true.shape) != 2 or len(y_pred.shape) != 3:
        raise ValueError(
            "ctc needs targets of shape (batch, labels) and predictions of shape (batch, time, classes); "
            f"{tuple(y_true.shape)} and {tuple(y_pred.shape)} came."
        )
    labels = ops.sum(_cast(y_true != 0, "int32"), -1)
    return crossentropy.ctc_loss(y_true, y_pred, labels, ops.zeros_like(labels) + y_pred.shape[1], mask_index=0)
