"""F-scores."""

from kerata.core.arrays import as_array
from kerata.losses.functions import pair
from kerata.losses.loss import divide_no_nan
from kerata.metrics.correlation import row_weights
from kerata.metrics.metric import Metric
from kerata.metrics.reduction import masked_weights
from kerata.ops import numpy as knp

_AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """The harmonic mean of precision and recall, recall counting `beta` times as much.

    Args:
        average: how the scores of classes are joined: None for one score each, "micro", "macro" or "weighted".
        beta: a positive number.
        threshold: above it a probability means yes; None for the highest of the row.

    Shapes: (batch, classes), (batch, classes).

    Raises: ValueError for another average, a beta that is not positive, a threshold out of range.

    >>> metric = FBetaScore(average="macro", beta=2.0, threshold=0.5)
    >>> metric.update_state([[1, 1], [1, 0]], [[0.2, 0.6], [0.6, 0.2]])
    >>> round(float(metric.result()), 4)
    0.7778
    """

    def __init__(self, average=None, beta=1.0, threshold=None, name="fbeta_score", dtype=None):
        super().__init__(dtype, name)
        if average not in _AVERAGES:
            raise ValueError(f"average must be one of {_AVERAGES}; {average!r} came.")
        if not isinstance(beta, (int, float)) or beta <= 0:
            raise ValueError(f"beta must be a positive number; {beta!r} came.")
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(f"threshold must be from 0 to 1; {threshold!r} came.")
        self.average, self.beta, self.threshold = average, beta, threshold
        self._built = False

    def _build(self, classes):
        shape = () if self.average == "micro" else (classes,)
        names = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
        for name in names:
            setattr(self, name, self.add_variable(shape, "zeros", name=name))
        self._built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch in."""
        given = y_pred
        y_true, y_pred = pair(as_array(y_true, self.dtype), as_array(y_pred, self.dtype), self.name)
        if len(y_pred.shape) != 2:
            raise ValueError(f"{self.name} takes tensors of shape (batch, classes); {tuple(y_pred.shape)} came.")
        if not self._built:
            self._build(y_pred.shape[1])
        sample_weight = masked_weights(sample_weight, given, y_pred, self.dtype)
        weights = row_weights(sample_weight, y_true, self.dtype, self.name)
        yes = knp.where(self._decided(y_pred), 1.0, knp.zeros_like(y_true))
        axis = None if self.average == "micro" else 0
        self.true_positives.assign_add(knp.sum(yes * y_true * weights, axis))
        self.false_positives.assign_add(knp.sum(yes * (1.0 - y_true) * weights, axis))
        self.false_negatives.assign_add(knp.sum((1.0 - yes) * y_true * weights, axis))
        self.intermediate_weights.assign_add(knp.sum(y_true * weights, axis))

    def _decided(self, y_pred):
        if self.threshold is not None:
            return y_pred > self.threshold
        return knp.logical_and(y_pred >= knp.max(y_pred, -1, keepdims=True), knp.absolute(y_pred) > 1e-9)

    def result(self):
        """The score so far."""
        if not self._built:
            return knp.zeros((), self.dtype)
        tp, fp, fn = (as_array(v) for v in (self.true_positives, self.false_positives, self.false_negatives))
        precision, recall = divide_no_nan(tp, tp + fp), divide_no_nan(tp, tp + fn)
        square = self.beta * self.beta
        score = divide_no_nan((1.0 + square) * precision * recall, square * precision + recall)
        if self.average == "weighted":
            weights = as_array(self.intermediate_weights)
            return knp.sum(score * divide_no_nan(weights, knp.sum(weights)))
        return knp.mean(score) if self.average == "macro" else score


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall. Arguments as for `FBetaScore`.

    >>> metric = F1Score(threshold=0.5)
    >>> metric.update_state([[1, 1], [1, 0]], [[0.2, 0.6], [0.6, 0.2]])
    >>> [round(score, 4) for score in metric.result().tolist()]
    [0.6667, 1.0]
    """

    def __init__(self, average=None, threshold=None, name="f1_score", dtype=None):
        super().__init__(average, 1.0, threshold, name, dtype)
