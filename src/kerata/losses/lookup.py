"""`get`, `serialize` and `deserialize` of losses."""

from typing import Any

from kerata.core import serialization
from kerata.core.lookup import Namespace

_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "huber_loss": "huber",
    "cosine_proximity": "cosine_similarity",
}
_ALIASES |= {name.upper(): _ALIASES[name] for name in ("mse", "mae", "mape", "msle", "bce", "kld")}
_losses = Namespace("losses", _ALIASES)
get = _losses.get


def serialize(loss: Any) -> Any:
    """The JSON form of a loss; see `keras.saving.serialize_keras_object`."""
    return serialization.serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss of a name or a JSON form, as `deserialize` of the other namespaces."""
    return _losses.deserialize(name, custom_objects)
