"""The area under the ROC or precision-recall curve."""

import numpy as np

from kerata.core.arrays import as_array
from kerata.losses.loss import divide_no_nan
from kerata.metrics.confusion import _Decisions, spaced_thresholds
from kerata.metrics.reduction import masked_weights
from kerata.ops import numpy as knp
from kerata.ops.activation import sigmoid

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")


class AUC(_Decisions):
    """The area under a curve of decisions at many thresholds.

    Args:
        num_thresholds: how many thresholds, evenly spaced.
        curve: "ROC", "PR" (precision and recall) or "PRGAIN" (Flach and Kull 2015).
        summation_method: "interpolation" (for PR that of Davis and Goadrich 2006), "minoring" or "majoring".
        thresholds: the thresholds themselves, from 0 to 1.
        multi_label: whether each label of (batch, labels) has a curve of its own; the result is their mean.
        num_labels: the number of labels, if known before the first batch.
        label_weights: weights of the labels, in the mean or in the counts.
        from_logits: whether predictions are scores before the sigmoid.

    >>> metric = AUC(num_thresholds=3)
    >>> metric.update_state([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    >>> float(metric.result())
    0.75
    """

    def __init__(
        self,
        num_thresholds=200,
        curve="ROC",
        summation_method="interpolation",
        name=None,
        dtype=None,
        thresholds=None,
        multi_label=False,
        num_labels=None,
        label_weights=None,
        from_logits=False,
    ):
        super().__init__(dtype, name)
        for what, value, allowed in (("curve", curve, _CURVES), ("summation_method", summation_method, _METHODS)):
            if value not in allowed:
                raise ValueError(f"{what} must be one of {', '.join(allowed)}; {value!r} came.")
        self.curve, self.summation_method = curve, summation_method
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = label_weights
        self._own_thresholds = None if thresholds is None else sorted(float(t) for t in thresholds)
        self._thresholds = self._all_thresholds(num_thresholds)
        self.num_thresholds = len(self._thresholds)
        self._built = False
        if not multi_label or num_labels is not None:
            self._build(num_labels)

    def _all_thresholds(self, num_thresholds):
        if self._own_thresholds is None:
            if num_thresholds <= 1:
                raise ValueError(f"num_thresholds must be at least 2; {num_thresholds!r} came.")
            return spaced_thresholds(num_thresholds)
        if any(not 0 <= t <= 1 for t in self._own_thresholds):
            raise ValueError(f"thresholds must be from 0 to 1; {self._own_thresholds} came.")
        return [-1e-7, *self._own_thresholds, 1.0 + 1e-7]

    @property
    def thresholds(self):
        """All thresholds, the ones just outside 0 and 1 included."""
        return list(self._thresholds)

    def _build(self, labels):
        self._add_counts((self.num_thresholds, labels) if self.multi_label else (self.num_thresholds,))
        self._built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch in: labels and probabilities of one shape."""
        given, y_pred = y_pred, as_array(y_pred, self.dtype)
        sample_weight = masked_weights(sample_weight, given, y_pred, self.dtype)
        if not self._built:
            self._build(y_pred.shape[1])
        if self.from_logits:
            y_pred = sigmoid(y_pred)
        if self.label_weights is not None and not self.multi_label:
            weights = knp.ones_like(y_pred) * as_array(self.label_weights, self.dtype)
            if sample_weight is not None:
                given = as_array(sample_weight, self.dtype)
                weights = weights * knp.reshape(given, (*given.shape, *(1,) * (len(weights.shape) - len(given.shape))))
            sample_weight = weights
        self._add(self._thresholds, y_true, y_pred, sample_weight)

    def _counts(self):
        return [as_array(getattr(self, name)) for name in self.kept]

    def interpolate_pr_auc(self):
        """The area under the precision-recall curve, interpolated as Davis and Goadrich 2006 say."""
        tp, fp, _, fn = self._counts()
        steps = tp[:-1] - tp[1:]
        both = tp + fp
        slope = divide_no_nan(steps, knp.maximum(both[:-1] - both[1:], 0.0))
        intercept = tp[1:] - slope * both[1:]
        known = knp.logical_and(both[:-1] > 0, both[1:] > 0)
        ratio = knp.where(known, divide_no_nan(both[:-1], both[1:]), 1.0)
        ratio = knp.where(ratio > 0, ratio, 1.0)
        parts = divide_no_nan(slope * (steps + intercept * knp.log(ratio)), knp.maximum(tp[1:] + fn[1:], 0.0))
        return self._joined(knp.sum(parts, 0))

    def _joined(self, by_label):
        """The mean over labels."""
        if not self.multi_label:
            return by_label
        if self.label_weights is None:
            return knp.mean(by_label)
        weights = as_array(np.asarray(self.label_weights, "float32"), self.dtype)
        return divide_no_nan(knp.sum(by_label * weights), knp.sum(weights))

    def result(self):
        """The area so far."""
        if not self._built:
            return knp.zeros((), self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self.interpolate_pr_auc()
        x, y = self._curve()
        heights = {
            "interpolation": lambda: (y[:-1] + y[1:]) / 2.0,
            "minoring": lambda: knp.minimum(y[:-1], y[1:]),
            "majoring": lambda: knp.maximum(y[:-1], y[1:]),
        }[self.summation_method]()
        return self._joined(knp.sum((x[:-1] - x[1:]) * heights, 0))

    def _curve(self):
        tp, fp, tn, fn = self._counts()
        recall = divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            return divide_no_nan(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, divide_no_nan(tp, tp + fp)
        odds = divide_no_nan(tp + fn, fp + tn)
        # Recall gain below the baseline counts as none; so does that of no positives found.
        found = knp.where(tp > 0, tp, 1.0)
        gain = knp.where(tp > 0, knp.maximum(1.0 - odds * fn / found, 0.0), 0.0)
        return gain, 1.0 - odds * divide_no_nan(fp, tp)

    def get_config(self):
        """The constructor's arguments; the thresholds only where some were given."""
        config = super().get_config()
        config.pop("thresholds")
        return config if self._own_thresholds is None else config | {"thresholds": self._own_thresholds}
