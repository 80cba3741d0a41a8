"""F-scores."""

from typing import Any, ClassVar

from kerata import ops
from kerata.core.arguments import OneOf, OptionalNumber, Positive
from kerata.core.arrays import as_array
from kerata.core.fields import dataclass, field
from kerata.core.naming import Name
from kerata.core.types import TensorLike
from kerata.losses.functions import pair
from kerata.losses.loss import divide_no_nan
from kerata.metrics.correlation import row_weights
from kerata.metrics.metric import Metric
from kerata.metrics.reduction import masked_weights


class Average(OneOf[str | None, str | None]):
    """How the scores of classes are joined."""

    values = (None, "micro", "macro", "weighted")


@dataclass(after={"dtype": "name"})
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

    _direction = "up"

    true_positives: ClassVar[Any]
    false_positives: ClassVar[Any]
    false_negatives: ClassVar[Any]
    intermediate_weights: ClassVar[Any]

    average: Average = Average(None)
    beta: Positive = Positive(1.0)
    threshold: OptionalNumber = OptionalNumber(None, above=0, most=1)
    name: Name = field(default="fbeta_score", kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self._built = False

    def _build(self, classes):
        shape = () if self.average == "micro" else (classes,)
        names = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
        for name in names:
            setattr(self, name, self.add_variable(shape, "zeros", name=name))
        self._built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        given = y_pred
        y_true, y_pred = pair(as_array(y_true, self.dtype), as_array(y_pred, self.dtype), self.name)
        if len(y_pred.shape) != 2:
            raise ValueError(f"{self.name} takes tensors of shape (batch, classes); {tuple(y_pred.shape)} came.")
        if not self._built:
            self._build(y_pred.shape[1])
        sample_weight = masked_weights(sample_weight, given, y_pred, self.dtype)
        weights = row_weights(sample_weight, y_true, self.dtype, self.name)
        yes = ops.where(self._decided(y_pred), 1.0, ops.zeros_like(y_true))
        axis = None if self.average == "micro" else 0
        self.true_positives.assign_add(ops.sum(yes * y_true * weights, axis))
        self.false_positives.assign_add(ops.sum(yes * (1.0 - y_true) * weights, axis))
        self.false_negatives.assign_add(ops.sum((1.0 - yes) * y_true * weights, axis))
        self.intermediate_weights.assign_add(ops.sum(y_true * weights, axis))

    def _decided(self, y_pred):
        if self.threshold is not None:
            return y_pred > self.threshold
        return ops.logical_and(y_pred >= ops.max(y_pred, -1, keepdims=True), ops.absolute(y_pred) > 1e-9)

    def result(self) -> Any:
        """The score so far."""
        if not self._built:
            return ops.zeros((), self.dtype)
        tp, fp, fn = (as_array(v) for v in (self.true_positives, self.false_positives, self.false_negatives))
        precision, recall = divide_no_nan(tp, tp + fp), divide_no_nan(tp, tp + fn)
        square = self.beta * self.beta
        score = divide_no_nan((1.0 + square) * precision * recall, square * precision + recall)
        if self.average == "weighted":
            weights = as_array(self.intermediate_weights)
            return ops.sum(score * divide_no_nan(weights, ops.sum(weights)))
        return ops.mean(score) if self.average == "macro" else score


@dataclass
class F1Score(FBetaScore):
    """The harmonic mean of precision and recall. Arguments as for `FBetaScore`.

    >>> metric = F1Score(threshold=0.5)
    >>> metric.update_state([[1, 1], [1, 0]], [[0.2, 0.6], [0.6, 0.2]])
    >>> [round(score, 4) for score in metric.result().tolist()]
    [0.6667, 1.0]
    """

    beta: float = field(default=1.0, init=False)
    name: Name = field(default="f1_score", kw_only=True)

    def __post_init__(self):
        self.beta = 1.0
        super().__post_init__()
