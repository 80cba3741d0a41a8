"""`save_model`, `load_model`, `save_weights`, `load_weights`."""

import contextlib
import datetime
import io
import os
import pathlib
import tempfile
import zipfile
from typing import Any

from kerata.callbacks import orbax_files
from kerata.core import object_sharing, suggestions
from kerata.core.registry import CustomObjectScope
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object
from kerata.core.types import Path
from kerata.engines.warning import warn
from kerata.saving import archive, model_weights, weights_files
from kerata.saving.weights import walk
from kerata.saving.weights_files import ONE, SEVERAL

# The version of Keras whose files these are.
FORMAT = "3.15.1"


class NoSuchFile(FileNotFoundError, ValueError):
    """A missing file: as an argument that can't be used it is a ValueError, too."""


def save_model(model: Any, filepath: Path, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Save a model, its weights and its optimizer's state to a `.keras` file, which Keras 3 reads too.

    Args:
        filepath: where; the name ends in `.keras`.
        overwrite: False raises if there is a file already.
        zipped: None or True: the file is a zip archive.
        include_optimizer: False leaves the optimizer's state out; the file is then that of a model that is not compiled.
        save_format: None or "keras"; the ending tells it.

    Raises: ValueError for another ending, or a model that can't be saved: one with weights that the file would lack, such as
        those of a layer in a function's closure. An existing file stays as it was then. TypeError for unknown arguments.

    >>> import kerata, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, folder + "/model.keras")
    ...     load_model(folder + "/model.keras").output_shape
    (None, 1)
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs.pop("save_format", None) not in (None, "keras"):
        raise ValueError("save_model to a .keras file takes no other save_format than 'keras'.")
    suggestions.refuse(save_model, kwargs, ("include_optimizer", "save_format"))
    path = _checked_path(filepath, overwrite, (".keras",), "a model")
    if zipped is False:
        raise ValueError("zipped=False would be a folder; a .keras file is a zip archive. Leave it out.")
    config = object_sharing.whole(lambda: serialize_keras_object(model))
    if not include_optimizer:
        config.pop("compile_config", None)
    metadata = {"keras_version": FORMAT, "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    buffer = io.BytesIO()
    with weights_files.Writer(buffer) as writer:
        model_weights.write(model, writer, with_optimizer=bool(include_optimizer))
    with _atomic(path) as temporary:
        archive.write(temporary, config, metadata, buffer.getvalue(), _with_assets(model, "save_assets"))


def load_model(
    filepath: Path, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """A model from a `.keras` file, or from a folder of Orbax's checkpoints, of kerata's or of Keras 3's.

    Args:
        custom_objects: a dict from name to class or function, for those that are not registered.
        compile: whether the model is compiled as it was when saved, with its optimizer's state.
        safe_mode: whether what the file could do harm with is refused; unset means safe.

    Raises: ValueError, or FileNotFoundError, telling what is wrong with the file. Nothing in the file is run.

    >>> import kerata, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(folder + "/model.keras")
    ...     copy = load_model(folder + "/model.keras")
    >>> [bool((a == b).all()) for a, b in zip(model.get_weights(), copy.get_weights())]
    [True, True]
    """
    path = pathlib.Path(filepath)
    if not path.exists():
        raise NoSuchFile(f"There is no file {str(filepath)!r}.")
    if _checkpoint(path) is not None:
        return _load_checkpoint(path, custom_objects, compile, safe_mode)
    if path.is_dir() or not zipfile.is_zipfile(path):
        raise ValueError(
            f"{str(filepath)!r} is no .keras file (a zip archive). Weights alone are read by model.load_weights()."
        )
    with zipfile.ZipFile(path) as zipped:
        archive.check_members(zipped)
        config = archive.read_json(zipped, "config.json")
        compiled = config.pop("compile_config", None)
        with object_sharing.reading():
            model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
        if compile and compiled:
            _compile_as_saved(model, compiled, custom_objects)
        with zipped.open("model.weights.h5") as file, weights_files.Reader(io.BytesIO(file.read())) as reader:
            model_weights.read(model, reader, optimizer="if there" if compile else "never")
        archive.read_assets(zipped, _with_assets(model, "load_assets"))
    return model


def _checkpoint(path):
    """The folder of the last of Orbax's checkpoints in a folder, None for other paths."""
    if not path.is_dir():
        return None
    return orbax_files.folder_of(path)


def _load_checkpoint(path, custom_objects, compile, safe_mode):
    """The model of a checkpoint that `OrbaxCheckpoint` saved."""
    tree, config = orbax_files.read(_checkpoint(path))
    if config is None:
        raise ValueError(f"The checkpoint in {str(path)!r} holds weights alone: make the model, then model.load_weights(path).")
    compiled = config.pop("compile_config", None)
    with object_sharing.reading():
        model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
    if compile and compiled:
        _compile_as_saved(model, compiled, custom_objects)
    optimizer, kinds = getattr(model, "optimizer", None), orbax_files.WEIGHTS
    if optimizer is not None and tree.get(orbax_files.OPTIMIZER):
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
        kinds = (*kinds, orbax_files.OPTIMIZER)
    orbax_files.restore(model, tree, kinds)
    return model


def _compile_as_saved(model, compiled, custom_objects):
    try:
        with CustomObjectScope(custom_objects):
            model.compile_from_config(compiled)
    except (ValueError, TypeError) as error:
        warn(f"The model is loaded but not compiled: {error} Compile it yourself.")


def save_weights(model: Any, filepath: Path, overwrite: bool = True, max_shard_size: Any = None, **kwargs: Any) -> None:
    """Save a model's weights, and its optimizer's state, to a `.weights.h5` file, or several, which Keras 3 reads too.

    Args:
        model: a built model.
        filepath: where; the name ends in `.weights.h5`, or `.weights.json` for several files.
        overwrite: False raises if there is a file already.
        max_shard_size: gigabytes (2**30 bytes) in a file; what is more goes into further files beside it, and a
            `.weights.json` tells what is where. A weight that is larger has a file of its own. None for one file.

    Raises: ValueError for another ending, or weights that the file would lack; an existing file stays as it was then.

    >>> import kerata, os, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(model, folder + "/model.weights.h5")
    ...     os.listdir(folder)
    ['model.weights.h5']
    """
    suggestions.refuse(save_weights, kwargs)
    if max_shard_size is not None:
        _save_shards(model, filepath, overwrite, max_shard_size)
        return
    if str(filepath).endswith(SEVERAL):
        raise ValueError(f"{str(filepath)!r} is a name for several files: give max_shard_size, or a name that ends in {ONE}.")
    path = _checked_path(filepath, overwrite, (ONE,), "weights")
    with _atomic(path) as temporary, weights_files.Writer(temporary) as writer:
        model_weights.write(model, writer)


def _save_shards(model, filepath, overwrite, gigabytes):
    if isinstance(gigabytes, (bool, str)) or not gigabytes > 0:
        raise ValueError(f"max_shard_size is a positive number of gigabytes; {gigabytes!r} came.")
    stem = str(filepath).removesuffix(ONE).removesuffix(SEVERAL)
    _checked_path(filepath, True, (ONE, SEVERAL), "weights")
    path = _checked_path(stem + SEVERAL, overwrite, (SEVERAL,), "weights")
    with tempfile.TemporaryDirectory(prefix=".kerata-", dir=path.parent or ".") as folder:
        with weights_files.ShardWriter(folder, pathlib.Path(stem).name, gigabytes * 2**30) as writer:
            model_weights.write(model, writer)
        for name in writer.names:
            _checked_path(path.parent / name, overwrite, (ONE,), "weights")
        for name in writer.names:
            os.replace(pathlib.Path(folder, name), path.parent / name)
    with _atomic(path) as temporary:
        pathlib.Path(temporary).write_text(writer.index())


def load_weights(model: Any, filepath: Path, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Load weights from a `.weights.h5`, `.weights.json` or `.keras` file, or the last of Orbax's checkpoints in a folder, into
    a model of the same structure; those of checkpoints go by the variables' names.

    A compiled, built model gets its optimizer's state, too; where the file has none for an optimizer that has one, or
    another optimizer's, a warning says so.

    Args:
        skip_mismatch: whether layers whose weights do not fit are left as they are, with a warning.

    Raises: ValueError that lists the weights that are missing, unexpected or of another shape; the model is left as it was
    then.

    >>> import kerata, tempfile
    >>> trained, fresh = (kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)]) for _ in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(trained, folder + "/model.weights.h5")
    ...     load_weights(fresh, folder + "/model.weights.h5")
    >>> [bool((a == b).all()) for a, b in zip(trained.get_weights(), fresh.get_weights())]
    [True, True]
    """
    suggestions.refuse(load_weights, kwargs)
    path = pathlib.Path(filepath)
    if not path.exists():
        raise NoSuchFile(f"There is no file {str(filepath)!r}.")
    if _checkpoint(path) is not None:
        orbax_files.restore(model, orbax_files.read(_checkpoint(path))[0], orbax_files.WEIGHTS)
        return
    source: Any = str(path)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            archive.check_members(zipped)
            source = io.BytesIO(zipped.read("model.weights.h5"))
    with weights_files.reader(source) as reader:
        model_weights.read(model, reader, skip_mismatch, optimizer="tell" if model.built else "never")


def _with_assets(model, method):
    """The layers that keep files of their own, vocabularies for instance, with their paths."""
    return [(path, layer) for path, layer in walk(model) if hasattr(type(layer), method)]


def _checked_path(filepath, overwrite, endings, what):
    path = pathlib.Path(filepath)
    if not str(path).endswith(endings):
        raise ValueError(f"{what} is saved to a file whose name ends in {' or '.join(endings)}; {str(filepath)!r} came.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{str(filepath)!r} exists, and overwrite=False.")
    return path


@contextlib.contextmanager
def _atomic(path):
    """A temporary file beside `path` that takes its place when all went well."""
    handle, temporary = tempfile.mkstemp(prefix=".kerata-", dir=path.parent or ".")
    os.close(handle)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
