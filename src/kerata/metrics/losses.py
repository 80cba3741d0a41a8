"""Losses as metrics: the mean over all samples."""

from kerata.losses import functions, probabilistic
from kerata.losses.shapes import squeeze_or_expand
from kerata.metrics.reduction import MeanMetricWrapper


class _LossMetric(MeanMetricWrapper):
    """A metric whose function is a loss."""

    def _inputs(self, y_true, y_pred):
        return squeeze_or_expand(*super()._inputs(y_true, y_pred))


def _plain(class_name, function, y_true, y_pred, result, name=None):
    """A class for a loss function of targets and predictions alone; with the doc string's example, and what it gives."""
    name = name or function.__name__

    def __init__(self, name=name, dtype=None):
        super(cls, self).__init__(function, name, dtype)

    body = {
        "__init__": __init__,
        "__doc__": f"""{function.__doc__.splitlines()[0]} See `losses.{function.__name__}`.

        >>> metric = {class_name}()
        >>> metric.update_state({y_true}, {y_pred})
        >>> round(float(metric.result()), 4)
        {result}
        """,
        "__module__": __name__,
    }
    cls = type(class_name, (_LossMetric,), body)
    return cls


MeanSquaredError = _plain("MeanSquaredError", functions.mean_squared_error, [[1.0, 2.0]], [[1.0, 4.0]], 2.0)
MeanAbsoluteError = _plain("MeanAbsoluteError", functions.mean_absolute_error, [[1.0, 2.0]], [[1.0, 5.0]], 1.5)
MeanAbsolutePercentageError = _plain(
    "MeanAbsolutePercentageError", functions.mean_absolute_percentage_error, [[1.0, 2.0]], [[1.5, 2.0]], 25.0
)
MeanSquaredLogarithmicError = _plain(
    "MeanSquaredLogarithmicError", functions.mean_squared_logarithmic_error, [[0.0, 1.0]], [[0.0, 3.0]], 0.2402
)
Hinge = _plain("Hinge", functions.hinge, [[1.0, -1.0]], [[0.5, -2.0]], 0.25)
SquaredHinge = _plain("SquaredHinge", functions.squared_hinge, [[1.0, -1.0]], [[0.5, -2.0]], 0.125)
CategoricalHinge = _plain("CategoricalHinge", functions.categorical_hinge, [[0.0, 1.0]], [[0.75, 0.25]], 1.5)
KLDivergence = _plain("KLDivergence", functions.kl_divergence, [[0.5, 0.5]], [[0.25, 0.75]], 0.1438)
LogCoshError = _plain("LogCoshError", functions.log_cosh, [[0.0, 0.0]], [[0.0, 1.0]], 0.2169, "logcosh")
Poisson = _plain("Poisson", functions.poisson, [[1.0, 2.0]], [[1.0, 1.0]], 1.0)


class BinaryCrossentropy(_LossMetric):
    """Cross entropy of yes-no questions. See `losses.binary_crossentropy`.

    >>> metric = BinaryCrossentropy()
    >>> metric.update_state([[1.0, 0.0]], [[0.5, 0.5]])
    >>> round(float(metric.result()), 4)
    0.6931
    """

    def __init__(self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0):
        kwargs = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(probabilistic.binary_crossentropy, name, dtype, **kwargs)


class CategoricalCrossentropy(_LossMetric):
    """Cross entropy of classes, targets one-hot. See `losses.categorical_crossentropy`.

    >>> metric = CategoricalCrossentropy()
    >>> metric.update_state([[0.0, 1.0]], [[0.75, 0.25]])
    >>> round(float(metric.result()), 4)
    1.3863
    """

    def __init__(self, name="categorical_crossentropy", dtype=None, from_logits=False, label_smoothing=0, axis=-1):
        kwargs = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(probabilistic.categorical_crossentropy, name, dtype, **kwargs)


class SparseCategoricalCrossentropy(_LossMetric):
    """Cross entropy of classes, targets as numbers. See `losses.sparse_categorical_crossentropy`.

    >>> metric = SparseCategoricalCrossentropy()
    >>> metric.update_state([1], [[0.75, 0.25]])
    >>> round(float(metric.result()), 4)
    1.3863
    """

    def __init__(self, name="sparse_categorical_crossentropy", dtype=None, from_logits=False, ignore_class=None, axis=-1):
        kwargs = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(probabilistic.sparse_categorical_crossentropy, name, dtype, **kwargs)
