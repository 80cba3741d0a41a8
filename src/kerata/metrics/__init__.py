"""Metrics."""

from kerata.core import naming, registry
from kerata.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from kerata.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from kerata.metrics.auc import AUC
from kerata.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from kerata.metrics.correlation import (
    ConcordanceCorrelation,
    CosineSimilarity,
    PearsonCorrelation,
    R2Score,
    concordance_correlation,
    pearson_correlation,
)
from kerata.metrics.fbeta import F1Score, FBetaScore
from kerata.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from kerata.metrics.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from kerata.metrics.metric import Metric
from kerata.metrics.reduction import Mean, MeanMetricWrapper, RootMeanSquaredError, Sum

__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "CategoricalAccuracy", "CategoricalCrossentropy",
    "CategoricalHinge", "ConcordanceCorrelation", "CosineSimilarity", "F1Score", "FBetaScore", "FalseNegatives",
    "FalsePositives", "Hinge", "IoU", "KLDivergence", "LogCoshError", "Mean", "MeanAbsoluteError",
    "MeanAbsolutePercentageError", "MeanIoU", "MeanMetricWrapper", "MeanSquaredError", "MeanSquaredLogarithmicError", "Metric",
    "OneHotIoU", "OneHotMeanIoU", "PearsonCorrelation", "Poisson", "Precision", "PrecisionAtRecall", "R2Score", "Recall",
    "RecallAtPrecision", "RootMeanSquaredError", "SensitivityAtSpecificity", "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy", "SpecificityAtSensitivity", "SquaredHinge", "Sum",
    "TopKCategoricalAccuracy", "TrueNegatives", "TruePositives", "binary_accuracy", "binary_crossentropy",
    "binary_focal_crossentropy", "categorical_accuracy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_hinge", "concordance_correlation", "deserialize", "get", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "pearson_correlation", "poisson", "serialize", "sparse_categorical_accuracy", "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy", "squared_hinge", "top_k_categorical_accuracy",
]  # fmt: skip

_CLASSES = {name: globals()[name] for name in __all__ if isinstance(globals().get(name), type)}
# A name that a function and a class share means the class, so that it is averaged over all batches.
_ALIASES = {naming.to_snake_case(name): cls for name, cls in _CLASSES.items()} | {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "rmse": RootMeanSquaredError,
    "acc": Accuracy,
    "logcosh": LogCoshError,
    "log_cosh": LogCoshError,
    "cosine_proximity": CosineSimilarity,
    "kullback_leibler_divergence": KLDivergence,
    "iou": IoU,
    "mean_iou": MeanIoU,
    "fbeta_score": FBetaScore,
}
_ALIASES |= {name.upper(): _ALIASES[name] for name in ("mse", "mae", "mape", "msle", "bce", "kld", "rmse")}


def get(identifier):
    """A metric from its name, config, class or itself; a function stays one.

    Raises: ValueError for an unknown name, with the nearest one.

    >>> get("rmse").name, get("auc").name[:3]
    ('root_mean_squared_error', 'auc')
    """
    return registry.get(identifier, "metrics", _ALIASES)


def serialize(metric):
    """The JSON form.

    >>> serialize(AUC(curve="PR"))["config"]["curve"]
    'PR'
    """
    return registry.serialize_keras_object(metric)


def deserialize(config, custom_objects=None):
    """The metric of a name or a JSON form.

    Args:
        config: a name, or what `serialize` gave.
        custom_objects: a dict from name to class or function, looked up first.

    Raises: ValueError for an unknown name.

    >>> deserialize(serialize(Precision(top_k=3))).top_k
    3
    """
    with registry.CustomObjectScope(custom_objects):
        return get(config)
