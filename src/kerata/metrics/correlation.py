"""Agreement of directions and of courses: cosine similarity, Pearson's and the concordance correlation, R2."""

from collections.abc import Callable
from typing import Any, ClassVar

from kerata import ops
from kerata.core import batch, masks
from kerata.core.arguments import Integer, OneOf
from kerata.core.arrays import as_array
from kerata.core.config import settings
from kerata.core.fields import dataclass, field
from kerata.core.naming import Name
from kerata.core.types import Axis, TensorLike
from kerata.engines.shapes import normalize_axis
from kerata.losses.functions import pair
from kerata.losses.loss import aligned_weights, divide_no_nan
from kerata.metrics.metric import Metric
from kerata.metrics.reduction import FunctionMetric, Mean, _filled, masked_weights
from kerata.ops import crossentropy


def _mean(x, axis, mask):
    """The mean along an axis, over what a mask of ones and zeros leaves; the axis stays, with length 1."""
    if mask is None:
        return ops.mean(x, axis, keepdims=True)
    return divide_no_nan(ops.sum(x * mask, axis, keepdims=True), ops.sum(mask + ops.zeros_like(x), axis, keepdims=True))


def _left(mask, *arrays):
    """Arrays with 0 where a mask leaves them out."""
    return arrays if mask is None else tuple(ops.where(mask != 0, x, 0.0) for x in arrays)


def _cosines(y_true, y_pred, axis, mask=None):
    y_true, y_pred = _left(mask, *pair(y_true, y_pred, "cosine_similarity"))
    return ops.sum(crossentropy.normalize(y_true, axis) * crossentropy.normalize(y_pred, axis), axis)


def _pearsons(y_true, y_pred, axis, mask=None):
    ys = _left(mask, *pair(y_true, y_pred, "pearson_correlation"))
    first, second = (crossentropy.normalize(_left(mask, y - _mean(y, axis, mask))[0], axis) for y in ys)
    return ops.sum(first * second, axis)


def _concordances(y_true, y_pred, axis, mask=None):
    y_true, y_pred = _left(mask, *pair(y_true, y_pred, "concordance_correlation"))
    mean_true, mean_pred = _mean(y_true, axis, mask), _mean(y_pred, axis, mask)
    true, pred = y_true - mean_true, y_pred - mean_pred
    covariance, spread = _mean(true * pred, axis, mask), _mean(ops.square(true) + ops.square(pred), axis, mask)
    gap = ops.square(mean_true - mean_pred)
    return ops.squeeze(2.0 * covariance / (spread + gap + settings.epsilon), axis)


def cosine_similarity(y_true, y_pred, axis=-1):
    """The cosine of the angle between target and prediction."""
    return _cosines(y_true, y_pred, axis)


def pearson_correlation(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Any:
    """Pearson's correlation coefficient along an axis.

    Shapes: (..., d), (..., d) -> (...).

    >>> [round(x, 4) for x in pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).tolist()]
    [1.0]
    """
    return _pearsons(y_true, y_pred, axis)


def concordance_correlation(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Any:
    """Lin's concordance correlation coefficient along an axis. Source: Lin 1989, doi:10.2307/2532051.

    Shapes: (..., d), (..., d) -> (...).

    >>> [round(x, 4) for x in concordance_correlation([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]).tolist()]
    [0.5714]
    """
    return _concordances(y_true, y_pred, axis)


@dataclass
class _AlongAxis(FunctionMetric):
    """The mean of a function of what lies along an axis; where a mask has that axis, of what it leaves there."""

    _direction = "up"

    course: ClassVar[Callable[..., Any]]  # a function `(y_true, y_pred, axis, mask)`

    axis: int = -1

    def update_state(  # type: ignore[override]
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> Any:
        mask = masks.get_mask(y_pred)
        axis: Any = None if mask is None else normalize_axis(self.axis, len(y_pred.shape))
        if mask is None or axis >= len(mask.shape):
            return super().update_state(y_true, y_pred, sample_weight)
        mask = _filled(as_array(mask, self.dtype), y_pred)
        values = type(self).course(*self._inputs(y_true, y_pred), axis, mask)
        weights = ops.max(mask, axis) + ops.zeros_like(values)  # 0 where nothing is left
        if sample_weight is not None:
            weights = weights * aligned_weights(as_array(sample_weight, self.dtype), values, self.name)
        return Mean.update_state(self, values, weights)


@dataclass
class CosineSimilarity(_AlongAxis):
    """The mean cosine of the angle between target and prediction.

    Shapes: (..., d), (..., d).

    >>> metric = CosineSimilarity()
    >>> metric.update_state([[1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [3.0, 4.0]])
    >>> round(float(metric.result()), 4)
    0.8
    """

    course = staticmethod(_cosines)
    _fn = staticmethod(cosine_similarity)
    name: Name = Name("cosine_similarity")


@dataclass
class PearsonCorrelation(_AlongAxis):
    """The mean of Pearson's correlation coefficient.

    Shapes: (..., d), (..., d).

    >>> metric = PearsonCorrelation()
    >>> metric.update_state([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0], [0.0, 1.0, 0.0]])
    >>> round(float(metric.result()), 4)
    0.5
    """

    course = staticmethod(_pearsons)
    _fn = staticmethod(pearson_correlation)
    name: Name = Name("pearson_correlation")


@dataclass
class ConcordanceCorrelation(_AlongAxis):
    """The mean of the concordance correlation coefficient.

    Shapes: (..., d), (..., d).

    >>> metric = ConcordanceCorrelation()
    >>> metric.update_state([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]])
    >>> round(float(metric.result()), 4)
    0.5714
    """

    course = staticmethod(_concordances)
    _fn = staticmethod(concordance_correlation)
    name: Name = Name("concordance_correlation")


class Aggregation(OneOf[str | None, str | None]):
    """How the scores of several outputs are joined."""

    values = (None, "uniform_average", "variance_weighted_average")


@dataclass(after={"dtype": "name"})
class R2Score(Metric):
    """The coefficient of determination: 1 less the share of the targets' variance that predictions miss.

    Args:
        class_aggregation: how the scores of several outputs are joined: "uniform_average",
            "variance_weighted_average", or None for one score each.
        num_regressors: the number of independent variables, for the adjusted score; 0 for the plain one.

    Shapes: (batch, outputs), (batch, outputs).

    >>> metric = R2Score()
    >>> metric.update_state([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    >>> round(float(metric.result()), 4)
    0.5714
    """

    _direction = "up"

    class_aggregation: Aggregation = Aggregation("uniform_average")
    num_regressors: Integer = Integer(0, least=0)
    name: Name = field(default="r2_score", kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, outputs):
        names = ("squared_sum", "sum", "residual", "count")
        self.squared_sum, self.sum, self.total_mse, self.count = (
            self.add_variable((outputs,), "zeros", name=name) for name in names
        )
        self._built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Take a batch in: (batch, outputs), (batch, outputs)."""
        given = y_pred
        y_true, y_pred = pair(as_array(y_true, self.dtype), as_array(y_pred, self.dtype), "r2_score")
        if len(y_true.shape) == 1:
            y_true, y_pred = y_true[:, None], y_pred[:, None]
        if not self._built:
            self._build(y_true.shape[1])
        counted = row_weights(masked_weights(None, given, y_pred, self.dtype), y_true, self.dtype, self.name)
        weights = row_weights(sample_weight, y_true, self.dtype, self.name) * counted
        y_true, y_pred = ops.where(weights > 0, y_true, 0.0), ops.where(weights > 0, y_pred, 0.0)
        self.squared_sum.assign_add(ops.sum(weights * ops.square(y_true), 0))
        self.sum.assign_add(ops.sum(weights * y_true, 0))
        self.total_mse.assign_add(ops.sum(weights * ops.square(y_true - y_pred), 0))
        self.count.assign_add(ops.sum(weights, 0))
        self.num_samples.assign_add(ops.sum(counted))

    def result(self) -> Any:
        """The score so far."""
        if not self._built:
            return ops.zeros((), self.dtype)
        mean = divide_no_nan(as_array(self.sum), as_array(self.count))
        total = self.squared_sum - self.sum * mean
        raw = 1.0 - divide_no_nan(as_array(self.total_mse), total)
        raw = ops.where(total == 0, 0.0, raw)
        if self.class_aggregation == "uniform_average":
            raw = ops.mean(raw)
        elif self.class_aggregation == "variance_weighted_average":
            raw = divide_no_nan(ops.sum(total * raw), ops.sum(total))
        if self.num_regressors:
            freedom = self.num_samples - self.num_regressors - 1.0
            adjusted = 1.0 - (1.0 - raw) * (self.num_samples - 1.0) / ops.where(freedom > 0, freedom, 1.0)
            raw = ops.where(freedom > 0, adjusted, raw)
        return raw


def row_weights(sample_weight, y_true, dtype, name):
    """Weights in the shape of (batch, outputs) targets; padded rows have 0."""
    weights = ops.ones_like(y_true)
    for given in (sample_weight, batch.context.valid):
        if given is not None:
            given = as_array(given, dtype)
            given = ops.reshape(given, (-1, 1)) if len(given.shape) == 1 else given
            if len(given.shape) > 2 or any(None not in (w, n) and w not in (1, n) for w, n in zip(given.shape, y_true.shape)):
                raise ValueError(f"{name}: sample_weight of shape {tuple(given.shape)} doesn't fit {tuple(y_true.shape)}.")
            weights = weights * given
    return weights
