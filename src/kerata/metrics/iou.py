"""Intersection over union of classes."""

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.arguments import ComputeDtype
from kerata.core.arrays import as_array, cast as _cast
from kerata.core.fields import dataclass, field
from kerata.core.types import TensorLike
from kerata.losses.loss import divide_no_nan
from kerata.metrics.confusion import decision_weights
from kerata.metrics.metric import Metric
from kerata.metrics.reduction import masked_weights
from kerata.ops import special


class CountDtype(ComputeDtype):
    """The dtype of counts: int32 for None."""

    def convert(self, value, name, owner):
        return super().convert(value or "int32", name, owner)


@dataclass(after={"dtype": "name"})
class IoU(Metric):
    """The mean, over target classes, of intersection over union: tp / (tp + fp + fn).

    Args:
        num_classes: how many classes there are.
        target_class_ids: those that count.
        ignore_class: a label whose places are left out.
        sparse_y_true: whether labels are class numbers, not one-hot.
        sparse_y_pred: whether predictions are class numbers, not scores.
        axis: that of the classes, where one is not sparse.
        dtype: that of the counts, int32 by default; give "float32" for weights that are no integers.

    >>> metric = IoU(num_classes=2, target_class_ids=[0])
    >>> _ = metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    _direction = "up"

    num_classes: int
    target_class_ids: Sequence[int]
    dtype: CountDtype = field(default=None, kw_only=True)
    ignore_class: int | None = field(default=None, kw_only=True)
    sparse_y_true: bool = field(default=True, kw_only=True)
    sparse_y_pred: bool = field(default=True, kw_only=True)
    axis: int = field(default=-1, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self.target_class_ids, classes = list(self.target_class_ids), self.num_classes
        if max(self.target_class_ids) >= classes:
            raise ValueError(f"target_class_ids {self.target_class_ids} go beyond {classes} classes (0 to {classes - 1}).")
        self.total_confusion_matrix = self.add_variable((classes, classes), "zeros", name="total_confusion_matrix")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> Any:
        """Take a batch in: (batch, ...), with an axis of classes where not sparse.

        Returns the confusion matrix so far, (true classes, predicted classes).
        """
        given, y_true, y_pred = y_pred, as_array(y_true), as_array(y_pred)
        y_true = y_true if self.sparse_y_true else ops.argmax(y_true, self.axis)
        y_pred = y_pred if self.sparse_y_pred else ops.argmax(y_pred, self.axis)
        y_true, y_pred = _cast(y_true, "int32"), _cast(y_pred, "int32")
        if len(y_pred.shape) == len(y_true.shape) - 1 and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, -1)
        sample_weight = masked_weights(sample_weight, given, y_true, self.dtype)
        weights = decision_weights(sample_weight, ops.ones_like(y_true, self.dtype), self.dtype, self.name)
        if self.ignore_class is not None:
            weights = ops.where(y_true != self.ignore_class, weights, 0)
            y_true = ops.where(y_true != self.ignore_class, y_true, 0)
        counted = self._confusion(*(ops.reshape(x, (-1,)) for x in (y_true, y_pred, weights)))
        return self.total_confusion_matrix.assign_add(counted).value

    def _confusion(self, y_true, y_pred, weights):
        """How often each class was taken for each: (n,), (n,), (n,) -> (classes, classes)."""
        classes = self.num_classes
        known = ops.logical_and(ops.logical_and(y_true >= 0, y_true < classes), ops.logical_and(y_pred >= 0, y_pred < classes))
        places = ops.where(known, y_true * classes + y_pred, -1)
        return ops.reshape(special.totals_at(places, weights, classes * classes), (classes, classes))

    def result(self) -> Any:
        """The mean so far, over those target classes that occurred."""
        matrix = _cast(as_array(self.total_confusion_matrix), "float32")
        right = ops.diagonal(matrix)
        union = ops.sum(matrix, 0) + ops.sum(matrix, 1) - right
        ids = as_array(self.target_class_ids, "int32")
        right, union = ops.take(right, ids), ops.take(union, ids)
        occurred = ops.sum(_cast(union != 0, "float32"))
        return divide_no_nan(ops.sum(divide_no_nan(right, union)), occurred)


@dataclass
class MeanIoU(IoU):
    """The mean of intersection over union, over all classes. Arguments as for `IoU`.

    >>> metric = MeanIoU(num_classes=2)
    >>> _ = metric.update_state([0, 0, 1, 1], [0, 1, 1, 1])
    >>> round(float(metric.result()), 4)
    0.5833
    """

    target_class_ids: Sequence[int] = field(default=(), init=False)

    def __post_init__(self):
        self.target_class_ids = range(self.num_classes)
        super().__post_init__()


@dataclass
class OneHotIoU(IoU):
    """`IoU` for one-hot labels.

    Labels are one-hot, and predictions scores unless `sparse_y_pred`; the other arguments are those of `IoU`.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[1])
    >>> _ = metric.update_state([[1, 0], [1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    sparse_y_true: bool = field(default=False, init=False)
    sparse_y_pred: bool = field(default=False, kw_only=True)

    def __post_init__(self):
        self.sparse_y_true = False
        super().__post_init__()


@dataclass
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` for one-hot labels.

    Labels are one-hot, and predictions scores unless `sparse_y_pred`; the other arguments are those of `IoU`.

    >>> metric = OneHotMeanIoU(num_classes=2)
    >>> _ = metric.update_state([[1, 0], [1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    >>> round(float(metric.result()), 4)
    0.5833
    """

    sparse_y_true: bool = field(default=False, init=False)
    sparse_y_pred: bool = field(default=False, kw_only=True)

    def __post_init__(self):
        self.sparse_y_true = False
        super().__post_init__()


@dataclass
class BinaryIoU(IoU):
    """`IoU` of two classes, for probabilities and a threshold.

    Args:
        target_class_ids: those that count.
        threshold: from it on a probability means class 1.

    >>> metric = BinaryIoU(target_class_ids=[1], threshold=0.3)
    >>> _ = metric.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    num_classes: int = field(default=2, init=False)
    target_class_ids: Sequence[int] = (0, 1)
    ignore_class: int | None = field(default=None, init=False)
    sparse_y_true: bool = field(default=True, init=False)
    sparse_y_pred: bool = field(default=True, init=False)
    axis: int = field(default=-1, init=False)
    threshold: float = 0.5

    def __post_init__(self):
        self.num_classes, self.ignore_class, self.axis = 2, None, -1
        self.sparse_y_true = self.sparse_y_pred = True
        super().__post_init__()

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> Any:
        """Take a batch in: labels and probabilities of one shape."""
        given, y_pred = y_pred, as_array(y_pred)
        sample_weight = masked_weights(sample_weight, given, y_pred, self.dtype)
        return super().update_state(y_true, _cast(ops.greater_equal(y_pred, self.threshold), "int32"), sample_weight)
