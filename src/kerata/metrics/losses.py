"""Losses as metrics: the mean over all samples."""

from kerata.losses import functions, probabilistic
from kerata.losses.shapes import squeeze_or_expand
from kerata.metrics.reduction import MeanMetricWrapper


class _LossMetric(MeanMetricWrapper):
    """A metric whose function is a loss."""

    def _inputs(self, y_true, y_pred):
        return squeeze_or_expand(*super()._inputs(y_true, y_pred))


def _plain(class_name, function, name):
    """A class for a loss function of targets and predictions alone."""

    def __init__(self, name=name, dtype=None):
        super(cls, self).__init__(function, name, dtype)

    body = {
        "__init__": __init__,
        "__doc__": f"{function.__doc__.splitlines()[0]} See `losses.{function.__name__}`.",
        "__module__": __name__,
    }
    cls = type(class_name, (_LossMetric,), body)
    return cls


MeanSquaredError = _plain("MeanSquaredError", functions.mean_squared_error, "mean_squared_error")
MeanAbsoluteError = _plain("MeanAbsoluteError", functions.mean_absolute_error, "mean_absolute_error")
MeanAbsolutePercentageError = _plain(
    "MeanAbsolutePercentageError", functions.mean_absolute_percentage_error, "mean_absolute_percentage_error"
)
MeanSquaredLogarithmicError = _plain(
    "MeanSquaredLogarithmicError", functions.mean_squared_logarithmic_error, "mean_squared_logarithmic_error"
)
Hinge = _plain("Hinge", functions.hinge, "hinge")
SquaredHinge = _plain("SquaredHinge", functions.squared_hinge, "squared_hinge")
CategoricalHinge = _plain("CategoricalHinge", functions.categorical_hinge, "categorical_hinge")
KLDivergence = _plain("KLDivergence", functions.kl_divergence, "kl_divergence")
LogCoshError = _plain("LogCoshError", functions.log_cosh, "logcosh")
Poisson = _plain("Poisson", functions.poisson, "poisson")


class BinaryCrossentropy(_LossMetric):
    """Cross entropy of yes-no questions. See `losses.binary_crossentropy`."""

    def __init__(self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0):
        kwargs = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(probabilistic.binary_crossentropy, name, dtype, **kwargs)


class CategoricalCrossentropy(_LossMetric):
    """Cross entropy of classes, targets one-hot. See `losses.categorical_crossentropy`."""

    def __init__(self, name="categorical_crossentropy", dtype=None, from_logits=False, label_smoothing=0, axis=-1):
        kwargs = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(probabilistic.categorical_crossentropy, name, dtype, **kwargs)


class SparseCategoricalCrossentropy(_LossMetric):
    """Cross entropy of classes, targets as numbers. See `losses.sparse_categorical_crossentropy`."""

    def __init__(self, name="sparse_categorical_crossentropy", dtype=None, from_logits=False, ignore_class=None, axis=-1):
        kwargs = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(probabilistic.sparse_categorical_crossentropy, name, dtype, **kwargs)
