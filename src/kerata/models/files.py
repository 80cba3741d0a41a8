"""`load_model` and `save_model` under the names that `keras.models` has for them."""

from typing import Any

from kerata import saving
from kerata.core.types import Path


def load_model(
    filepath: Path, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """A model from a file; see `keras.saving.load_model`.

    >>> import kerata, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)]).save(folder + "/model.keras")
    ...     load_model(folder + "/model.keras").count_params()
    3
    """
    return saving.load_model(filepath, custom_objects, compile, safe_mode)


def save_model(model: Any, filepath: Path, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> Any:
    """Save a model to a file; see `keras.saving.save_model`.

    >>> import kerata, os, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, folder + "/model.keras")
    ...     os.listdir(folder)
    ['model.keras']
    """
    return saving.save_model(model, filepath, overwrite, zipped, **kwargs)
