"""The area under the ROC or precision-recall curve."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata import ops
from kerata.core.arguments import Integer, OneOf
from kerata.core.arrays import as_array
from kerata.core.fields import Field, dataclass, field
from kerata.core.types import TensorLike
from kerata.losses.loss import divide_no_nan
from kerata.metrics.confusion import Decisions, checked_thresholds, spaced_thresholds
from kerata.metrics.reduction import masked_weights
from kerata.ops.activation import sigmoid


class Curve(OneOf[str, str]):
    """What is drawn against what; small letters will do."""

    values = ("ROC", "PR", "PRGAIN")

    def convert(self, value: Any, name: str, owner: Any) -> Any:
        return super().convert(value.upper() if isinstance(value, str) else value, name, owner)


class SummationMethod(OneOf[str, str]):
    """How the area between two thresholds is taken."""

    values = ("interpolation", "minoring", "majoring")


@dataclass
class AUC(Decisions):
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

    Raises: ValueError for `num_labels` without `multi_label`.

    >>> metric = AUC(num_thresholds=3)
    >>> metric.update_state([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    >>> float(metric.result())
    0.75
    """

    num_thresholds: Integer = Integer(200, least=2)
    curve: Curve = Curve("ROC")
    summation_method: SummationMethod = SummationMethod("interpolation")
    thresholds: Field[Sequence[float] | None, list[float]] = field(default=None, kw_only=True)
    multi_label: bool = field(default=False, kw_only=True)
    num_labels: int | None = field(default=None, kw_only=True)
    label_weights: Sequence[float] | None = field(default=None, kw_only=True)
    from_logits: bool = field(default=False, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if self.num_labels is not None and not self.multi_label:
            raise ValueError(f"AUC: num_labels={self.num_labels} goes with multi_label=True.")
        self._own_thresholds = None if self.thresholds is None else sorted(checked_thresholds(self.thresholds, 0.5))
        self.thresholds = spaced_thresholds(self.num_thresholds, self._own_thresholds)
        self.num_thresholds = len(self.thresholds)
        self._built = False
        if not self.multi_label or self.num_labels is not None:
            self._build(self.num_labels)

    def _build(self, labels):
        self._add_counts((self.num_thresholds, labels) if self.multi_label else (self.num_thresholds,))
        self._built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Take a batch in: labels and probabilities of one shape."""
        given, y_pred = y_pred, as_array(y_pred, self.dtype)
        sample_weight = masked_weights(sample_weight, given, y_pred, self.dtype)
        if not self._built:
            self._build(y_pred.shape[1])
        if self.from_logits:
            y_pred = sigmoid(y_pred)
        if self.label_weights is not None and not self.multi_label:
            weights = ops.ones_like(y_pred) * as_array(self.label_weights, self.dtype)
            if sample_weight is not None:
                given = as_array(sample_weight, self.dtype)
                weights = weights * ops.reshape(given, (*given.shape, *(1,) * (len(weights.shape) - len(given.shape))))
            sample_weight = weights
        self._add(self.thresholds, y_true, y_pred, sample_weight)

    def _counts(self):
        return [as_array(getattr(self, name)) for name in self.kept]

    def interpolate_pr_auc(self) -> Any:
        """The area under the precision-recall curve, interpolated as Davis and Goadrich 2006 say."""
        tp, fp, _, fn = self._counts()
        steps = tp[:-1] - tp[1:]
        both = tp + fp
        slope = divide_no_nan(steps, ops.maximum(both[:-1] - both[1:], 0.0))
        intercept = tp[1:] - slope * both[1:]
        known = ops.logical_and(both[:-1] > 0, both[1:] > 0)
        ratio = ops.where(known, divide_no_nan(both[:-1], both[1:]), 1.0)
        ratio = ops.where(ratio > 0, ratio, 1.0)
        parts = divide_no_nan(slope * (steps + intercept * ops.log(ratio)), ops.maximum(tp[1:] + fn[1:], 0.0))
        return self._joined(ops.sum(parts, 0))

    def _joined(self, by_label):
        """The mean over labels."""
        if not self.multi_label:
            return by_label
        if self.label_weights is None:
            return ops.mean(by_label)
        weights = as_array(np.asarray(self.label_weights, "float32"), self.dtype)
        return divide_no_nan(ops.sum(by_label * weights), ops.sum(weights))

    def result(self) -> Any:
        """The area so far."""
        if not self._built:
            return ops.zeros((), self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self.interpolate_pr_auc()
        x, y = self._curve()
        heights = {
            "interpolation": lambda: (y[:-1] + y[1:]) / 2.0,
            "minoring": lambda: ops.minimum(y[:-1], y[1:]),
            "majoring": lambda: ops.maximum(y[:-1], y[1:]),
        }[self.summation_method]()
        return self._joined(ops.sum((x[:-1] - x[1:]) * heights, 0))

    def _curve(self):
        tp, fp, tn, fn = self._counts()
        recall = divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            return divide_no_nan(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, divide_no_nan(tp, tp + fp)
        odds = divide_no_nan(tp + fn, fp + tn)
        # Recall gain below the baseline counts as none; so does that of no positives found.
        found = ops.where(tp > 0, tp, 1.0)
        gain = ops.where(tp > 0, ops.maximum(1.0 - odds * fn / found, 0.0), 0.0)
        return gain, 1.0 - odds * divide_no_nan(fp, tp)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the thresholds only where some were given."""
        config = super().get_config() | {"thresholds": self._own_thresholds}
        if self._own_thresholds is None:
            del config["thresholds"]
        return config
