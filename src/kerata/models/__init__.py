"""Models."""

import kerata.models.functional  # noqa: F401
from kerata.models.cloning import clone_model
from kerata.models.model import Model, model_from_json
from kerata.models.sequential import Sequential


def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    """A model from a file; see `keras.saving.load_model`.

    >>> import kerata, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)]).save(folder + "/model.keras")
    ...     load_model(folder + "/model.keras").count_params()
    3
    """
    from kerata import saving

    return saving.load_model(filepath, custom_objects, compile, safe_mode)


def save_model(model, filepath, overwrite=True, zipped=None, **kwargs):
    """Save a model to a file; see `keras.saving.save_model`.

    >>> import kerata, os, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, folder + "/model.keras")
    ...     os.listdir(folder)
    ['model.keras']
    """
    from kerata import saving

    return saving.save_model(model, filepath, overwrite, zipped, **kwargs)


__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
