"""`get`, `serialize` and `deserialize` of metrics."""

from typing import Any

from kerata.core import naming, registry, serialization
from kerata.core.lookup import Namespace

_SHORT = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "bce": "BinaryCrossentropy",
    "kld": "KLDivergence",
    "rmse": "RootMeanSquaredError",
}
_ALIASES = {
    "acc": "Accuracy",
    "logcosh": "LogCoshError",
    "log_cosh": "LogCoshError",
    "cosine_proximity": "CosineSimilarity",
    "kullback_leibler_divergence": "KLDivergence",
    "iou": "IoU",
    "mean_iou": "MeanIoU",
    "fbeta_score": "FBetaScore",
    **_SHORT,
    **{name.upper(): cls for name, cls in _SHORT.items()},
}


class _Metrics(Namespace):
    def find(self, name: str) -> Any:
        """A name that a function and a class share means the class, so that it is averaged over all batches."""
        if name not in self.aliases:
            table = registry.builtins(self.name)
            classes = (n for n, found in table.items() if isinstance(found, type))
            name = next((cls for cls in classes if naming.to_snake_case(cls) == name), name)
        return super().find(name)


_metrics = _Metrics("metrics", _ALIASES)
get, deserialize = _metrics.get, _metrics.deserialize


def serialize(metric: Any) -> Any:
    """The JSON form of a metric; see `keras.saving.serialize_keras_object`."""
    return serialization.serialize_keras_object(metric)
