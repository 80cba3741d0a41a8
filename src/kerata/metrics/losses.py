"""Losses as metrics: the mean over all samples."""

from kerata.core.fields import dataclass
from kerata.core.naming import Name
from kerata.losses import functions, probabilistic
from kerata.losses.shapes import squeeze_or_expand
from kerata.metrics.reduction import FunctionMetric


class LossMetric(FunctionMetric):
    """A metric whose function is a loss."""

    _direction = "down"

    def _inputs(self, y_true, y_pred):
        return squeeze_or_expand(*super()._inputs(y_true, y_pred))


@dataclass
class MeanSquaredError(LossMetric):
    """mean((y_true - y_pred)^2) along the last axis. See `losses.mean_squared_error`.

    >>> metric = MeanSquaredError()
    >>> metric.update_state([[1.0, 2.0]], [[1.0, 4.0]])
    >>> round(float(metric.result()), 4)
    2.0
    """

    _fn = staticmethod(functions.mean_squared_error)
    name: Name = Name("mean_squared_error")


@dataclass
class MeanAbsoluteError(LossMetric):
    """mean(|y_true - y_pred|) along the last axis. See `losses.mean_absolute_error`.

    >>> metric = MeanAbsoluteError()
    >>> metric.update_state([[1.0, 2.0]], [[1.0, 5.0]])
    >>> round(float(metric.result()), 4)
    1.5
    """

    _fn = staticmethod(functions.mean_absolute_error)
    name: Name = Name("mean_absolute_error")


@dataclass
class MeanAbsolutePercentageError(LossMetric):
    """100 * mean(|y_true - y_pred| / |y_true|) along the last axis; targets near 0 count as epsilon.

    See `losses.mean_absolute_percentage_error`.

    >>> metric = MeanAbsolutePercentageError()
    >>> metric.update_state([[1.0, 2.0]], [[1.5, 2.0]])
    >>> round(float(metric.result()), 4)
    25.0
    """

    _fn = staticmethod(functions.mean_absolute_percentage_error)
    name: Name = Name("mean_absolute_percentage_error")


@dataclass
class MeanSquaredLogarithmicError(LossMetric):
    """mean((log(y_true + 1) - log(y_pred + 1))^2) along the last axis; nothing counts as less than epsilon.

    See `losses.mean_squared_logarithmic_error`.

    >>> metric = MeanSquaredLogarithmicError()
    >>> metric.update_state([[0.0, 1.0]], [[0.0, 3.0]])
    >>> round(float(metric.result()), 4)
    0.2402
    """

    _fn = staticmethod(functions.mean_squared_logarithmic_error)
    name: Name = Name("mean_squared_logarithmic_error")


@dataclass
class Hinge(LossMetric):
    """mean(max(1 - y_true * y_pred, 0)) along the last axis; targets are -1 and 1, or 0 and 1. See `losses.hinge`.

    >>> metric = Hinge()
    >>> metric.update_state([[1.0, -1.0]], [[0.5, -2.0]])
    >>> round(float(metric.result()), 4)
    0.25
    """

    _fn = staticmethod(functions.hinge)
    name: Name = Name("hinge")


@dataclass
class SquaredHinge(LossMetric):
    """mean(max(1 - y_true * y_pred, 0)^2) along the last axis; targets are -1 and 1, or 0 and 1. See `losses.squared_hinge`.

    >>> metric = SquaredHinge()
    >>> metric.update_state([[1.0, -1.0]], [[0.5, -2.0]])
    >>> round(float(metric.result()), 4)
    0.125
    """

    _fn = staticmethod(functions.squared_hinge)
    name: Name = Name("squared_hinge")


@dataclass
class CategoricalHinge(LossMetric):
    """max(1 + the best wrong score - the right score, 0) along the last axis; targets are one-hot.

    See `losses.categorical_hinge`.

    >>> metric = CategoricalHinge()
    >>> metric.update_state([[0.0, 1.0]], [[0.75, 0.25]])
    >>> round(float(metric.result()), 4)
    1.5
    """

    _fn = staticmethod(functions.categorical_hinge)
    name: Name = Name("categorical_hinge")


@dataclass
class KLDivergence(LossMetric):
    """sum(y_true * log(y_true / y_pred)) along the last axis; both are kept from epsilon to 1. See `losses.kl_divergence`.

    >>> metric = KLDivergence()
    >>> metric.update_state([[0.5, 0.5]], [[0.25, 0.75]])
    >>> round(float(metric.result()), 4)
    0.1438
    """

    _fn = staticmethod(functions.kl_divergence)
    name: Name = Name("kl_divergence")


@dataclass
class LogCoshError(LossMetric):
    """mean(log(cosh(y_pred - y_true))) along the last axis. See `losses.log_cosh`.

    >>> metric = LogCoshError()
    >>> metric.update_state([[0.0, 0.0]], [[0.0, 1.0]])
    >>> round(float(metric.result()), 4)
    0.2169
    """

    _fn = staticmethod(functions.log_cosh)
    name: Name = Name("logcosh")


@dataclass
class Poisson(LossMetric):
    """mean(y_pred - y_true * log(y_pred)) along the last axis. See `losses.poisson`.

    >>> metric = Poisson()
    >>> metric.update_state([[1.0, 2.0]], [[1.0, 1.0]])
    >>> round(float(metric.result()), 4)
    1.0
    """

    _fn = staticmethod(functions.poisson)
    name: Name = Name("poisson")


@dataclass
class BinaryCrossentropy(LossMetric):
    """Cross entropy of yes-no questions. See `losses.binary_crossentropy`.

    >>> metric = BinaryCrossentropy()
    >>> metric.update_state([[1.0, 0.0]], [[0.5, 0.5]])
    >>> round(float(metric.result()), 4)
    0.6931
    """

    _fn = staticmethod(probabilistic.binary_crossentropy)
    name: Name = Name("binary_crossentropy")
    from_logits: bool = False
    label_smoothing: float = 0


@dataclass
class CategoricalCrossentropy(LossMetric):
    """Cross entropy of classes, targets one-hot. See `losses.categorical_crossentropy`.

    >>> metric = CategoricalCrossentropy()
    >>> metric.update_state([[0.0, 1.0]], [[0.75, 0.25]])
    >>> round(float(metric.result()), 4)
    1.3863
    """

    _fn = staticmethod(probabilistic.categorical_crossentropy)
    name: Name = Name("categorical_crossentropy")
    from_logits: bool = False
    label_smoothing: float = 0
    axis: int = -1


@dataclass
class SparseCategoricalCrossentropy(LossMetric):
    """Cross entropy of classes, targets as numbers. See `losses.sparse_categorical_crossentropy`.

    >>> metric = SparseCategoricalCrossentropy()
    >>> metric.update_state([1], [[0.75, 0.25]])
    >>> round(float(metric.result()), 4)
    1.3863
    """

    _fn = staticmethod(probabilistic.sparse_categorical_crossentropy)
    name: Name = Name("sparse_categorical_crossentropy")
    from_logits: bool = False
    ignore_class: int | None = None
    axis: int = -1
