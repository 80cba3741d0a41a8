"""`save_model`, `load_model`, `save_weights`, `load_weights`."""

import contextlib
import datetime
import io
import os
import pathlib
import tempfile
import warnings
import zipfile

import numpy as np

from kerata.core.registry import deserialize_keras_object, serialize_keras_object
from kerata.saving import archive, hdf5
from kerata.saving.weights import walk

# The version of Keras whose files these are.
FORMAT = "3.15.1"


def save_model(model, filepath, overwrite=True, zipped=None, **kwargs):
    """Save a model, its weights and its optimizer's state to a `.keras` file, which Keras 3 reads too.

    Args:
        filepath: where; the name ends in `.keras`.
        overwrite: False raises if there is a file already.

    Raises: ValueError for another ending, or a model that can't be saved; an existing file stays as it was then.

    >>> import kerata, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, folder + "/model.keras")
    ...     load_model(folder + "/model.keras").output_shape
    (None, 1)
    """
    path = _checked_path(filepath, overwrite, (".keras",), "a model")
    if kwargs.pop("save_format", None) not in (None, "keras") or kwargs.pop("include_optimizer", True) is None or kwargs:
        raise ValueError(f"save_model to a .keras file takes no {', '.join(kwargs) or 'save_format'}.")
    config = serialize_keras_object(model)
    metadata = {"keras_version": FORMAT, "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    buffer = io.BytesIO()
    _write_weights(model, buffer, with_optimizer=True)
    with _atomic(path) as temporary:
        archive.write(temporary, config, metadata, buffer.getvalue(), _with_assets(model, "save_assets"))


def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
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
        raise FileNotFoundError(f"There is no file {str(filepath)!r}.")
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
        model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
        if compile and compiled:
            _compile_as_saved(model, compiled, custom_objects)
        with zipped.open("model.weights.h5") as file:
            _read_weights(model, io.BytesIO(file.read()), skip_mismatch=False, with_optimizer=compile)
        archive.read_assets(zipped, _with_assets(model, "load_assets"))
    return model


def _checkpoint(path):
    """The folder of the last of Orbax's checkpoints in a folder, None for other paths."""
    if not path.is_dir():
        return None
    from kerata.callbacks import orbax_files

    return orbax_files.folder_of(path)


def _load_checkpoint(path, custom_objects, compile, safe_mode):
    """The model of a checkpoint that `OrbaxCheckpoint` saved."""
    from kerata.callbacks import orbax_files

    tree, config = orbax_files.read(_checkpoint(path))
    if config is None:
        raise ValueError(f"The checkpoint in {str(path)!r} holds weights alone: make the model, then model.load_weights(path).")
    compiled = config.pop("compile_config", None)
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
    from kerata.core.registry import CustomObjectScope

    try:
        with CustomObjectScope(custom_objects):
            model.compile_from_config(compiled)
    except (ValueError, TypeError) as error:
        warnings.warn(f"The model is loaded but not compiled: {error} Compile it yourself.", stacklevel=3)


def save_weights(model, filepath, overwrite=True, max_shard_size=None, **kwargs):
    """Save a model's weights to a `.weights.h5` file, which Keras 3 reads too.

    Args:
        model: a built model.
        filepath: where; the name ends in `.weights.h5`.
        overwrite: False raises if there is a file already.

    >>> import kerata, os, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(model, folder + "/model.weights.h5")
    ...     os.listdir(folder)
    ['model.weights.h5']
    """
    path = _checked_path(filepath, overwrite, (".weights.h5",), "weights")
    with _atomic(path) as temporary, open(temporary, "w+b") as file:
        _write_weights(model, file, with_optimizer=True)


def load_weights(model, filepath, skip_mismatch=False, **kwargs):
    """Load weights from a `.weights.h5` or a `.keras` file, or the last of Orbax's checkpoints in a folder, into a model of the
    same structure; those of checkpoints go by the variables' names.

    Args:
        skip_mismatch: whether layers whose weights do not fit are left as they are, with a warning.

    Raises: ValueError naming the layer if a weight is missing, is too many or has another shape; the model is left as it
    was then.

    >>> import kerata, tempfile
    >>> trained, fresh = (kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)]) for _ in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(trained, folder + "/model.weights.h5")
    ...     load_weights(fresh, folder + "/model.weights.h5")
    >>> [bool((a == b).all()) for a, b in zip(trained.get_weights(), fresh.get_weights())]
    [True, True]
    """
    path = pathlib.Path(filepath)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {str(filepath)!r}.")
    if _checkpoint(path) is not None:
        from kerata.callbacks import orbax_files

        orbax_files.restore(model, orbax_files.read(_checkpoint(path))[0], orbax_files.WEIGHTS)
        return
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            archive.check_members(zipped)
            source = io.BytesIO(zipped.read("model.weights.h5"))
    else:
        source = str(path)
    _read_weights(model, source, skip_mismatch, with_optimizer=False)


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


def _write_weights(model, file, with_optimizer):
    import h5py

    with h5py.File(file, "w") as root:
        for path, layer in walk(model):
            _write_own(root, path, layer)
        optimizer = getattr(model, "optimizer", None)
        if with_optimizer and optimizer is not None and optimizer.built:
            _write_own(root, "optimizer", optimizer)


def _write_own(root, path, obj):
    group = root.require_group(f"{path}/vars" if path else "vars")
    group.attrs["name"] = obj.name
    store = {}
    obj.save_own_variables(store)
    for key, value in store.items():
        hdf5.write_array(group, key, np.asarray(value))


def _read_weights(model, source, skip_mismatch, with_optimizer):
    import h5py

    with h5py.File(source, "r") as root:
        planned, problems = [], []
        for path, layer in walk(model):
            group = hdf5.find(root, f"{path}/vars")
            problem = _fit(layer, group, path)
            if problem:
                problems.append(problem)
            elif group is not None and len(group):
                planned.append((layer, hdf5.Store(group, path)))
        if problems and not skip_mismatch:
            raise ValueError("The weights don't fit the model:\n" + "\n".join(f"- {p}" for p in problems[:10]))
        for layer, store in planned:
            layer.load_own_variables(store)
        if problems:
            warnings.warn("Skipped:\n" + "\n".join(problems), stacklevel=4)
        if with_optimizer:
            _read_optimizer(model, root)


def _read_optimizer(model, root):
    optimizer = getattr(model, "optimizer", None)
    group = hdf5.find(root, "optimizer/vars")
    if optimizer is None or group is None or not len(group):
        return
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    optimizer.load_own_variables(hdf5.Store(group, "optimizer"))


def _fit(layer, group, path):
    """What is wrong with a layer's weights in the file, or None."""
    if is_custom_load(layer):
        return None
    variables = layer._saved_variables()
    found = 0 if group is None else len(group)
    where = f'layer "{layer.path}" ({path or "the model"})'
    if found != len(variables):
        hint = "" if layer.built else "; it is not built yet: call the model on data first"
        return f"{where} has {len(variables)} weights, the file {found}{hint}"
    for i, variable in enumerate(variables):
        if str(i) not in group:
            return f"{where}: the file has no weight {i}"
        shape = hdf5.shape_of(group, str(i))
        if shape != variable.shape:
            return f'{where}: weight "{variable.name}" has shape {variable.shape}, in the file {shape}'
    return None


def is_custom_load(layer):
    """Whether a layer reads its weights in its own way."""
    from kerata.layers.layer import Layer

    return type(layer).load_own_variables is not Layer.load_own_variables
