"""Intersection over union of classes."""

from kerata.core.arrays import as_array
from kerata.core.arrays import cast as _cast
from kerata.losses.loss import divide_no_nan
from kerata.metrics.confusion import decision_weights
from kerata.metrics.metric import Metric
from kerata.metrics.reduction import masked_weights
from kerata.ops import numpy as knp
from kerata.ops import special


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
    >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        super().__init__(dtype or "int32", name)
        target_class_ids = list(target_class_ids)
        if max(target_class_ids) >= num_classes:
            raise ValueError(f"target_class_ids {target_class_ids} go beyond {num_classes} classes (0 to {num_classes - 1}).")
        self.num_classes, self.target_class_ids, self.ignore_class = num_classes, target_class_ids, ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        self.total_confusion_matrix = self.add_variable((num_classes, num_classes), "zeros", name="total_confusion_matrix")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch in: (batch, ...), with an axis of classes where not sparse."""
        given, y_true, y_pred = y_pred, as_array(y_true), as_array(y_pred)
        y_true = y_true if self.sparse_y_true else knp.argmax(y_true, self.axis)
        y_pred = y_pred if self.sparse_y_pred else knp.argmax(y_pred, self.axis)
        y_true, y_pred = _cast(y_true, "int32"), _cast(y_pred, "int32")
        if len(y_pred.shape) == len(y_true.shape) - 1 and y_true.shape[-1] == 1:
            y_true = knp.squeeze(y_true, -1)
        sample_weight = masked_weights(sample_weight, given, y_true, self.dtype)
        weights = decision_weights(sample_weight, knp.ones_like(y_true, self.dtype), self.dtype, self.name)
        if self.ignore_class is not None:
            weights = knp.where(y_true != self.ignore_class, weights, 0)
            y_true = knp.where(y_true != self.ignore_class, y_true, 0)
        self.total_confusion_matrix.assign_add(self._confusion(*(knp.reshape(x, (-1,)) for x in (y_true, y_pred, weights))))

    def _confusion(self, y_true, y_pred, weights):
        """How often each class was taken for each: (n,), (n,), (n,) -> (classes, classes)."""
        classes = self.num_classes
        known = knp.logical_and(knp.logical_and(y_true >= 0, y_true < classes), knp.logical_and(y_pred >= 0, y_pred < classes))
        places = knp.where(known, y_true * classes + y_pred, -1)
        return knp.reshape(special.totals_at(places, weights, classes * classes), (classes, classes))

    def result(self):
        """The mean so far, over those target classes that occurred."""
        matrix = _cast(as_array(self.total_confusion_matrix), "float32")
        right = knp.diagonal(matrix)
        union = knp.sum(matrix, 0) + knp.sum(matrix, 1) - right
        ids = as_array(self.target_class_ids, "int32")
        right, union = knp.take(right, ids), knp.take(union, ids)
        occurred = knp.sum(_cast(union != 0, "float32"))
        return divide_no_nan(knp.sum(divide_no_nan(right, union)), occurred)


class MeanIoU(IoU):
    """The mean of intersection over union, over all classes. Arguments as for `IoU`.

    >>> metric = MeanIoU(num_classes=2)
    >>> metric.update_state([0, 0, 1, 1], [0, 1, 1, 1])
    >>> round(float(metric.result()), 4)
    0.5833
    """

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_true=True, sparse_y_pred=True, axis=-1):
        ids = list(range(num_classes))
        super().__init__(num_classes, ids, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """`IoU` for one-hot labels.

    Labels are one-hot, and predictions scores unless `sparse_y_pred`; the other arguments are those of `IoU`.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[1])
    >>> metric.update_state([[1, 0], [1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    def __init__(self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` for one-hot labels.

    Labels are one-hot, and predictions scores unless `sparse_y_pred`; the other arguments are those of `IoU`.

    >>> metric = OneHotMeanIoU(num_classes=2)
    >>> metric.update_state([[1, 0], [1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    >>> round(float(metric.result()), 4)
    0.5833
    """

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)


class BinaryIoU(IoU):
    """`IoU` of two classes, for probabilities and a threshold.

    Args:
        target_class_ids: those that count.
        threshold: from it on a probability means class 1.

    >>> metric = BinaryIoU(target_class_ids=[1], threshold=0.3)
    >>> metric.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch in: labels and probabilities of one shape."""
        given, y_pred = y_pred, as_array(y_pred)
        sample_weight = masked_weights(sample_weight, given, y_pred, self.dtype)
        return super().update_state(y_true, _cast(y_pred >= self.threshold, "int32"), sample_weight)
