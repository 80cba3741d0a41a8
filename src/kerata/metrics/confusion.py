"""Metrics that count right and wrong decisions at thresholds: positives, precision, recall, and values at a constraint."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kerata import ops
from kerata.core import batch
from kerata.core.arguments import Integer, Share
from kerata.core.arrays import as_array
from kerata.core.fields import Field, dataclass, field
from kerata.core.types import TensorLike
from kerata.engines.shapes import normalize_axis
from kerata.losses.loss import aligned_weights, divide_no_nan
from kerata.losses.shapes import fits, squeeze_or_expand
from kerata.metrics.metric import Metric
from kerata.metrics.reduction import masked_weights
from kerata.ops import special

# Below every score: what is not among the top k.
_NEVER = -1e10


def checked_thresholds(thresholds, default):
    """Thresholds as a list.

    Raises: ValueError if one is not from 0 to 1.
    """
    if thresholds is None:
        return [default]
    found = [float(t) for t in np.ravel(thresholds)]
    if any(not 0 <= t <= 1 for t in found):
        raise ValueError(f"thresholds must be from 0 to 1; {thresholds!r} came.")
    return found


class Thresholds(Field[float | Sequence[float] | None, list[float]]):
    """One threshold or several, from 0 to 1; None for the metric's own."""


def counts_at(thresholds, y_true, y_pred, sample_weight, dtype, name, class_id=None, top_k=None, multi_label=False):
    """True positives, false positives, true negatives and false negatives at each threshold.

    Shapes: (thresholds,), (...), (...) -> four of (thresholds,); with `multi_label` (batch, labels) -> (thresholds, labels).
    """
    given = y_pred
    y_true, y_pred = squeeze_or_expand(as_array(y_true, dtype), as_array(y_pred, dtype))
    if not fits(y_true.shape, y_pred.shape):
        true, pred = tuple(y_true.shape), tuple(y_pred.shape)
        raise ValueError(f"{name}: y_true has shape {true} and y_pred has shape {pred}; they must be equal.")
    if top_k is not None:
        y_pred = _only_top_k(y_pred, top_k)
    if class_id is not None:
        class_id = normalize_axis(class_id, y_pred.shape[-1])
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    weights = decision_weights(masked_weights(sample_weight, given, y_pred, dtype), y_pred, dtype, name)
    tail = y_pred.shape[1:] if multi_label else ()
    y_true, y_pred, weights = (ops.reshape(x, (-1, *tail)) for x in (y_true, y_pred, weights))
    limits = as_array(np.asarray(thresholds, "float32"), dtype)
    above = ops.expand_dims(y_pred, 0) > ops.reshape(limits, (-1, 1, *(1,) * len(tail)))
    true = y_true != 0
    positive, negative = ops.where(true, weights, 0.0), ops.where(true, 0.0, weights)
    tp, fp = (ops.sum(ops.where(above, ops.expand_dims(w, 0), 0.0), 1) for w in (positive, negative))
    return tp, fp, ops.sum(negative, 0) - fp, ops.sum(positive, 0) - tp


def _only_top_k(y_pred, k):
    border = special.top_k(y_pred, k)[0][..., k - 1 : k]
    return ops.where(y_pred >= border, y_pred, _NEVER)


def decision_weights(sample_weight, y_pred, dtype, name):
    """Weights in the shape of the predictions; padded rows have 0."""
    weights = ops.ones_like(y_pred)
    for given in (sample_weight, batch.context.valid):
        if given is not None:
            weights = weights * aligned_weights(as_array(given, dtype), y_pred, name)
    return weights


@dataclass(after={"dtype": "name"})
class Decisions(Metric):
    """Some of the four counts, at thresholds."""

    _direction = "up"

    kept: ClassVar[tuple[str, ...]] = ("true_positives", "false_positives", "true_negatives", "false_negatives")
    multi_label = False

    def _add_counts(self, shape):
        for name in self.kept:
            setattr(self, name, self.add_variable(shape, "zeros", name=name))

    def _add(self, thresholds, y_true, y_pred, sample_weight, class_id=None, top_k=None):
        found = counts_at(thresholds, y_true, y_pred, sample_weight, self.dtype, self.name, class_id, top_k, self.multi_label)
        for name, value in zip(Decisions.kept, found):
            if name in self.kept:
                getattr(self, name).assign_add(value)


@dataclass(after={"dtype": "name"})
class _Count(Metric):
    """One of the four counts."""

    place = 0

    thresholds: Thresholds = field(default=None, attribute="init_thresholds")

    def __post_init__(self):
        super().__post_init__()
        self.thresholds = checked_thresholds(vars(self)["init_thresholds"], 0.5)
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Take a batch in: labels and probabilities of one shape."""
        found = counts_at(self.thresholds, y_true, y_pred, sample_weight, self.dtype, self.name)
        self.accumulator.assign_add(found[self.place])

    def result(self) -> Any:
        """The count so far, at each threshold if there are several."""
        return _one_or_all(as_array(self.accumulator))


def _one_or_all(x):
    return x[0] if x.shape[0] == 1 else x


@dataclass
class TruePositives(_Count):
    """How many positives were found.

    Args:
        thresholds: above it a probability means yes; one or several, 0.5 by default.

    Raises: ValueError if a threshold is not from 0 to 1.

    >>> metric = TruePositives()
    >>> metric.update_state([0, 1, 1], [1.0, 1.0, 0.0])
    >>> float(metric.result())
    1.0
    """


@dataclass
class FalsePositives(_Count):
    """How many negatives were taken for positives.

    Arguments as for `TruePositives`.

    >>> metric = FalsePositives(thresholds=[0.2, 0.5])
    >>> metric.update_state([0, 0, 1], [0.3, 0.8, 0.9])
    >>> metric.result().tolist()
    [2.0, 1.0]
    """

    place = 1


@dataclass
class TrueNegatives(_Count):
    """How many negatives were found.

    Arguments as for `TruePositives`.

    >>> metric = TrueNegatives()
    >>> metric.update_state([0, 0, 1], [0.3, 0.8, 0.9])
    >>> float(metric.result())
    1.0
    """

    place = 2


@dataclass
class FalseNegatives(_Count):
    """How many positives were taken for negatives.

    Arguments as for `TruePositives`.

    >>> metric = FalseNegatives()
    >>> metric.update_state([0, 1, 1], [0.3, 0.4, 0.1])
    >>> float(metric.result())
    2.0
    """

    place = 3


@dataclass
class _Ratio(Decisions):
    """True positives divided by themselves and another count."""

    other: ClassVar[str]
    true_positives: ClassVar[Any]

    thresholds: Thresholds = field(default=None, attribute="init_thresholds")
    top_k: int | None = None
    class_id: int | None = None

    def __post_init__(self):
        super().__post_init__()
        self.thresholds = checked_thresholds(vars(self)["init_thresholds"], 0.5 if self.top_k is None else _NEVER)
        self._add_counts((len(self.thresholds),))

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Take a batch in: labels and probabilities of one shape."""
        self._add(self.thresholds, y_true, y_pred, sample_weight, self.class_id, self.top_k)

    def result(self) -> Any:
        """The ratio so far, at each threshold if there are several."""
        right = as_array(self.true_positives)
        return _one_or_all(divide_no_nan(right, right + as_array(getattr(self, self.other))))


@dataclass
class Precision(_Ratio):
    """How many of the positives found are right.

    Args:
        thresholds: above it a probability means yes; one or several, 0.5 by default.
        top_k: only the `k` highest probabilities of a row can mean yes.
        class_id: only this class is counted.

    >>> metric = Precision()
    >>> metric.update_state([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    kept = ("true_positives", "false_positives")
    other = "false_positives"


@dataclass
class Recall(_Ratio):
    """How many of the positives are found. Arguments as for `Precision`.

    >>> metric = Recall()
    >>> metric.update_state([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    kept = ("true_positives", "false_negatives")
    other = "false_negatives"


def spaced_thresholds(count, inner=None):
    """So many thresholds, evenly from just below 0 to just above 1; or given ones between these two."""
    if inner is None:
        inner = [(i + 1) / (count - 1) for i in range(count - 2)]
    return [-1e-7, *inner, 1.0 + 1e-7]


class _AtConstraint(Decisions):
    """The best of one ratio where another is high enough, over thresholds."""

    # The ratio asked for and the ratio that must be high enough, each as the names of its two counts; how high it must be.
    wanted: ClassVar[tuple[str, str]]
    held: ClassVar[tuple[str, str]]
    limit: ClassVar[str]
    num_thresholds: Any
    class_id: Any

    def __post_init__(self):
        super().__post_init__()
        self.thresholds = [0.5] if self.num_thresholds == 1 else spaced_thresholds(self.num_thresholds)
        self._add_counts((len(self.thresholds),))

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Take a batch in: labels and probabilities of one shape."""
        self._add(self.thresholds, y_true, y_pred, sample_weight, self.class_id)

    def result(self) -> Any:
        """The best ratio so far, 0 if the constraint is met nowhere."""
        held, wanted = self._ratio(self.held), self._ratio(self.wanted)
        return ops.max(ops.where(held >= getattr(self, self.limit), wanted, 0.0))

    def _ratio(self, names):
        right, other = (as_array(getattr(self, name)) for name in names)
        return divide_no_nan(right, right + other)


_SENSITIVITY = ("true_positives", "false_negatives")
_SPECIFICITY = ("true_negatives", "false_positives")
_PRECISION = ("true_positives", "false_positives")


@dataclass
class SensitivityAtSpecificity(_AtConstraint):
    """The best sensitivity where the specificity is at least the one given.

    Args:
        specificity: the share of the negatives that must be found, from 0 to 1.
        num_thresholds: how many thresholds, evenly from 0 to 1, are tried.
        class_id: only this class is counted.

    Raises: ValueError if the specificity is not from 0 to 1, or the number of thresholds not positive.

    >>> metric = SensitivityAtSpecificity(0.5)
    >>> metric.update_state([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.4, 0.9])
    >>> float(metric.result())
    1.0
    """

    wanted, held = _SENSITIVITY, _SPECIFICITY
    limit = "specificity"

    specificity: Share
    num_thresholds: Integer = Integer(200, above=0)
    class_id: int | None = None


@dataclass
class SpecificityAtSensitivity(_AtConstraint):
    """The best specificity where the sensitivity is at least the one given.

    Args:
        sensitivity: the share of the positives that must be found, from 0 to 1.
        num_thresholds, class_id: as for `SensitivityAtSpecificity`.

    Raises: ValueError if the sensitivity is not from 0 to 1, or the number of thresholds not positive.

    >>> metric = SpecificityAtSensitivity(1.0)
    >>> metric.update_state([0, 0, 1, 1], [0.3, 0.5, 0.4, 0.9])
    >>> float(metric.result())
    0.5
    """

    wanted, held = _SPECIFICITY, _SENSITIVITY
    limit = "sensitivity"

    sensitivity: Share
    num_thresholds: Integer = Integer(200, above=0)
    class_id: int | None = None


@dataclass
class PrecisionAtRecall(_AtConstraint):
    """The best precision where the recall is at least the one given.

    Args:
        recall: the share of the positives that must be found, from 0 to 1.
        num_thresholds, class_id: as for `SensitivityAtSpecificity`.

    Raises: ValueError if the recall is not from 0 to 1, or the number of thresholds not positive.

    >>> metric = PrecisionAtRecall(0.5)
    >>> metric.update_state([0, 0, 1, 1], [0.3, 0.5, 0.4, 0.9])
    >>> float(metric.result())
    1.0
    """

    wanted, held = _PRECISION, _SENSITIVITY
    limit = "recall"

    recall: Share
    num_thresholds: Integer = Integer(200, above=0)
    class_id: int | None = None


@dataclass
class RecallAtPrecision(_AtConstraint):
    """The best recall where the precision is at least the one given.

    Args:
        precision: the share of what is found that must be right, from 0 to 1.
        num_thresholds, class_id: as for `SensitivityAtSpecificity`.

    Raises: ValueError if the precision is not from 0 to 1, or the number of thresholds not positive.

    >>> metric = RecallAtPrecision(0.8)
    >>> metric.update_state([0, 0, 1, 1], [0.3, 0.5, 0.4, 0.9])
    >>> float(metric.result())
    0.5
    """

    wanted, held = _SENSITIVITY, _PRECISION
    limit = "precision"

    precision: Share
    num_thresholds: Integer = Integer(200, above=0)
    class_id: int | None = None
