"""`KerasFileEditor`: look into files of weights and change them, without the model that they are of."""

import io
import pathlib
import re
import zipfile
from typing import Any

import numpy as np

from kerata.core.configurable import NamedArguments
from kerata.core.types import Path
from kerata.saving import archive, hdf5
from kerata.saving.api import _atomic, _checked_path
from kerata.saving.weights import walk

_LARGEST_GROWTH = 1000  # how many times as large as what the file holds an array may be
_NAMES = ("names of arrays",)  # among a group's attributes, which have texts for keys
_SMALL = 2**20  # bytes that need no such check


class KerasFileEditor(metaclass=NamedArguments):
    """Look into a `.weights.h5` or `.keras` file and change its weights, for a model that has changed since.

    Objects (layers, the optimizer) are named by their paths, such as `"layers/dense_1"`, or by the last part alone where no
    other object has it. Nothing is written before `save`; nothing in the file is run, and files that refer to others are
    refused.

    Args:
        filepath: the file.

    Attributes: `weights_dict`, the weights as nested dicts of NumPy arrays; `metadata` and `config` of a `.keras` file,
    else None.

    Raises: FileNotFoundError; ValueError for another ending, or for a file that is damaged or no weights' file.

    >>> import kerata, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "old.weights.h5"
    >>> kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(2)]).save_weights(path)
    >>> editor = kerata.saving.KerasFileEditor(path)
    Keras model file '...old.weights.h5'
    >>> editor.rename_object("dense", "dense_7")
    >>> editor.summary()
    Weights structure
    └── layers
        └── dense_7
            ├── 0: shape=(3, 2), dtype=float32
            └── 1: shape=(2,), dtype=float32
    >>> editor.save(path.with_name("new.weights.h5"))
    """

    def __init__(self, filepath: Path) -> None:
        path = pathlib.Path(filepath)
        if not str(path).endswith((".keras", ".weights.h5")):
            raise ValueError(f"KerasFileEditor opens .keras and .weights.h5 files; {str(filepath)!r} came.")
        if not path.exists():
            raise FileNotFoundError(f"There is no file {str(filepath)!r}.")
        self.filepath, self.metadata, self.config = str(filepath), None, None
        source = self._unpacked(path) if str(path).endswith(".keras") else path
        self.weights_dict, self.object_metadata = _read(source, self.filepath)
        self._print(f"Keras model file {self.filepath!r}")
        if self.metadata:
            known = self.metadata.get("keras_version"), self.metadata.get("date_saved")
            self._print(f"Saved with Keras {known[0]} - date: {known[1]}")

    def _unpacked(self, path):
        if not zipfile.is_zipfile(path):
            raise ValueError(f"{self.filepath!r} is no .keras file (a zip archive).")
        with zipfile.ZipFile(path) as zipped:
            archive.check_members(zipped)
            self.config = archive.read_json(zipped, "config.json")
            if "metadata.json" in zipped.namelist():
                self.metadata = archive.read_json(zipped, "metadata.json")
            return io.BytesIO(zipped.read("model.weights.h5"))

    # Looking

    def summary(self) -> None:
        """Print the objects and weights in the file, as a tree; in a notebook as HTML."""
        from rich.text import Text
        from rich.tree import Tree

        tree = Tree(Text("Weights structure"))
        _grow(tree, self.weights_dict, Text)
        self._print(tree)

    def compare(self, reference_model: Any) -> Any:
        """Compare the file with a model, and print what does not match.

        Returns: a dict of `"status"`, "success" or "error"; `"error_count"`, the number of mismatches: objects and weights
        that one of both lacks, and weights of other shapes; and `"match_count"`, the number of weights that match.

        Raises: ValueError for a model that is not built.
        """
        if not reference_model.built:
            raise ValueError(
                f"compare needs weights to compare with, and {reference_model.name!r} is not built. Call it first."
            )
        self._print("Running comparison")
        problems: list[str] = []
        matches = _compare(_weights_of(reference_model), _without_empty(self.weights_dict), "", problems)
        for problem in problems:
            self._print(f"...{problem}")
        verdict = "the file and the model match" if not problems else "the file does not fit the model"
        self._print(f"{len(problems)} mismatch{'' if len(problems) == 1 else 'es'}, {matches} matching weights: {verdict}.")
        return {"status": "error" if problems else "success", "error_count": len(problems), "match_count": matches}

    @staticmethod
    def _print(what):
        from rich.console import Console
        from rich.text import Text

        Console(highlight=False).print(Text(what) if isinstance(what, str) else what, soft_wrap=True)

    # Changing

    def rename_object(self, object_name: str, new_name: Any) -> None:
        """Give an object another name, in the same place.

        Raises: ValueError if there is no such object, or more than one, or its neighbour has the name.
        """
        parent, name = self._place(object_name)
        _check_name(new_name)
        if new_name in parent:
            raise ValueError(f"rename_object: there is an object {new_name!r} beside {object_name!r} already.")
        before = self._path_of(parent[name])
        renamed = {new_name if key == name else key: value for key, value in parent.items()}
        parent.clear()
        parent.update(renamed)
        after = before.rpartition("/")[0] + "/" + new_name if "/" in before else new_name
        moved = lambda path: after + path[len(before) :] if path == before or path.startswith(before + "/") else path
        self.object_metadata = {moved(path): value for path, value in self.object_metadata.items()}

    def delete_object(self, object_name: str) -> None:
        """Take out an object, with all objects inside it.

        Raises: ValueError if there is no such object, or more than one.
        """
        parent, name = self._place(object_name)
        gone = self._path_of(parent[name])
        del parent[name]
        inside = lambda path: path == gone or path.startswith(gone + "/")
        self.object_metadata = {path: value for path, value in self.object_metadata.items() if not inside(path)}

    def add_object(self, object_path: Any, weights: Any) -> None:
        """Add an object.

        Args:
            object_path: its whole path, such as "layers/dense_2", of which all but the last part must exist.
            weights: a dict from a weight's name ("0", "1", ...) to its value.

        Raises: ValueError if there is no such place, or there is an object already.
        """
        *above, name = _parts(object_path)
        _check_name(name)
        parent = self._at(above) if above else self.weights_dict
        if parent is None:
            raise ValueError(f"add_object: there is no {'/'.join(above)!r} to put {name!r} into. {self._hint()}")
        if name in parent:
            raise ValueError(f"add_object: there is an object {object_path!r} already. Use add_weights, or delete it first.")
        parent[name] = _checked_weights(weights)

    def delete_weight(self, object_name: str, weight_name: Any) -> None:
        """Take a weight out of an object.

        Raises: ValueError if there is no such object or weight, or more than one such object.
        """
        found = self._object(object_name)
        if isinstance(found.get(weight_name), (dict, type(None))):
            names = [name for name, value in found.items() if not isinstance(value, dict)]
            raise ValueError(f"{object_name!r} has no weight {weight_name!r}; it has {', '.join(map(repr, names)) or 'none'}.")
        del found[weight_name]

    def add_weights(self, object_name: str, weights: Any) -> None:
        """Add weights to an object; those that it has under the same names are replaced.

        Args:
            object_name: the object's name or path.
            weights: a dict from a weight's name ("0", "1", ...) to its value.

        Raises: ValueError if there is no such object, or more than one, or a name is that of an object inside it.
        """
        found, given = self._object(object_name), _checked_weights(weights)
        for name in given:
            if isinstance(found.get(name), dict):
                raise ValueError(f"add_weights: {name!r} is an object inside {object_name!r}, no weight.")
        found.update(given)

    # Saving

    def save(self, filepath: Path) -> None:
        """Write the weights to a `.weights.h5` file. Raises: ValueError for another ending."""
        import h5py

        path = _checked_path(filepath, True, (".weights.h5",), "The editor's weights")
        with _atomic(path) as temporary, h5py.File(temporary, "w") as root:
            _write(root, self.weights_dict, "", self.object_metadata)

    def resave_weights(self, filepath: Path) -> None:
        """The same as `save`."""
        self.save(filepath)

    # Finding

    def _object(self, object_name):
        parent, name = self._place(object_name)
        return parent[name]

    def _place(self, object_name):
        """The dict that holds an object, and its name there."""
        parts = _parts(object_name)
        if len(parts) > 1:
            if self._at(parts) is None:
                raise ValueError(f"There is no object {object_name!r} in the file. {self._hint()}")
            return self._at(parts[:-1]), parts[-1]
        found = [path for path in _paths(self.weights_dict) if path.rpartition("/")[2] == parts[0]]
        if not found:
            raise ValueError(f"There is no object {object_name!r} in the file. {self._hint()}")
        if len(found) > 1 and parts[0] not in found:
            raise ValueError(f"{object_name!r} is the name of several objects; give a path: {', '.join(found)}.")
        *above, name = (parts[0] if parts[0] in found else found[0]).split("/")
        return self._at(above), name

    def _at(self, parts):
        place = self.weights_dict
        for part in parts:
            place = place.get(part) if isinstance(place, dict) else None
        return place if isinstance(place, dict) else None

    def _path_of(self, wanted):
        return next(path for path in _paths(self.weights_dict) if self._at(path.split("/")) is wanted)

    def _hint(self):
        return f"It has {', '.join(list(_paths(self.weights_dict))[:20]) or 'none'}; editor.summary() shows all."


def _parts(path):
    if not isinstance(path, str) or not path.strip("/"):
        raise ValueError(f"An object is named by a path such as 'layers/dense'; {path!r} came.")
    return path.strip("/").split("/")


def _check_name(name):
    if not isinstance(name, str) or name in ("", ".", "..", "vars") or "/" in name or "\0" in name:
        raise ValueError(f"An object's name is a text without '/', and not 'vars'; {name!r} came.")


def _checked_weights(weights):
    """Weights as NumPy arrays of numbers.

    Raises: ValueError for other things.
    """
    if not isinstance(weights, dict):
        raise ValueError(f"weights must be a dict from name to array, such as {{'0': kernel}}; {type(weights).__name__} came.")
    arrays = {}
    for name, value in weights.items():
        _check_name(name)
        arrays[name] = value.numpy() if hasattr(value, "numpy") else np.asarray(value)
        if arrays[name].dtype.kind not in "fiubV":
            raise ValueError(f"Weight {name!r} must be an array of numbers; one of dtype {arrays[name].dtype} came.")
    return arrays


def _paths(tree, path=""):
    """The paths of all objects."""
    for name, value in tree.items():
        if isinstance(value, dict):
            inner = f"{path}/{name}" if path else name
            yield inner
            yield from _paths(value, inner)


def _natural(name):
    """A key that puts 2 before 10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _without_empty(tree):
    """A tree without the objects in which there are no weights."""
    kept = {name: _without_empty(value) if isinstance(value, dict) else value for name, value in tree.items()}
    return {name: value for name, value in kept.items() if not isinstance(value, dict) or value}


def _grow(branch, tree, text):
    for name, value in sorted(_without_empty(tree).items(), key=lambda item: _natural(item[0])):
        if isinstance(value, dict):
            _grow(branch.add(text(name)), value, text)
        else:
            branch.add(text(f"{name}: shape={value.shape}, dtype={value.dtype}"))


def _weights_of(model):
    """A model's weights as a tree: the same as that of the file it would be saved to."""
    tree: dict[str, Any] = {}
    optimizer = getattr(model, "optimizer", None)
    parts = [*walk(model), *([("optimizer", optimizer)] if optimizer is not None and optimizer.built else [])]
    for path, part in parts:
        store: dict[str, Any] = {}
        part.save_own_variables(store)
        place = tree
        for name in path.split("/") if path else []:
            place = place.setdefault(name, {})
        place.update({key: np.asarray(value) for key, value in store.items()})
    return _without_empty(tree)


def _compare(model, file, path, problems):
    """The number of weights that match; what does not is put into `problems`, in words."""
    matches = 0
    for name in sorted({*model, *file}, key=_natural):
        here, ours, theirs = f"{path}/{name}", model.get(name), file.get(name)
        kind = "Object" if isinstance(ours if ours is not None else theirs, dict) else "Weight"
        if theirs is None or ours is None:
            there, missing = ("the model", "the file") if theirs is None else ("the file", "the model")
            problems.append(f"{kind} {here} is in {there}, and missing from {missing}")
        elif isinstance(ours, dict) != isinstance(theirs, dict):
            problems.append(f"{here} is an object in one, a weight in the other")
        elif isinstance(ours, dict):
            matches += _compare(ours, theirs, here, problems)
        elif ours.shape != theirs.shape:
            problems.append(f"Weight {here} has shape {ours.shape} in the model, {theirs.shape} in the file")
        else:
            matches += 1
    return matches


def _read(source, filepath):
    """The weights of an HDF5 file as nested dicts, and the objects' attributes by path.

    Raises: ValueError for a file that is damaged, refers to others, or holds other things than numbers.
    """
    import h5py

    try:
        root = h5py.File(source, "r")
    except OSError as error:
        raise ValueError(f"{filepath!r} is no HDF5 file, or is damaged: {error}") from None
    with root:
        attributes: dict[str, Any] = {}
        return _read_object(root, "", attributes, [0]), attributes


def _read_object(group, path, attributes, seen):
    if path.count("/") > hdf5.MAX_DEPTH:
        raise ValueError(f"The file is nested more than {hdf5.MAX_DEPTH} levels deep; it is not read.")
    import h5py

    tree = {}
    for name in group:
        seen[0] += 1
        if seen[0] > hdf5.MAX_MEMBERS:
            raise ValueError(f"The file has more than {hdf5.MAX_MEMBERS} members; it is not read.")
        inner = hdf5.member(group, name, path)
        if name == "vars" and isinstance(inner, h5py.Group):
            attributes[path] = {key: value for key, value in inner.attrs.items() if isinstance(value, (str, int, float))}
            tree.update({key: _read_weight(inner, key, f"{path}/vars") for key in inner})
            names = {key: hdf5.Store([inner], path).name(key) for key in inner}
            if any(names.values()):
                attributes[path][_NAMES] = {key: name for key, name in names.items() if name is not None}
        elif isinstance(inner, h5py.Group):
            tree[name] = _read_object(inner, f"{path}/{name}" if path else name, attributes, seen)
        else:
            raise ValueError(f"{path}/{name} is an array outside of any 'vars': this is no file of weights.")
    return tree


def _read_weight(group, name, path):
    data = hdf5.member(group, name, path)
    size = getattr(data, "nbytes", 0)
    if size > max(_SMALL, _LARGEST_GROWTH * data.id.get_storage_size() if size else 0):
        raise ValueError(f"{path}/{name} would take {size} bytes, far more than the file holds; it is not read.")
    return hdf5.read_array(group, name, path)


def _write(root, tree, path, attributes):
    weights = {name: value for name, value in tree.items() if not isinstance(value, dict)}
    if weights or path in attributes:
        group = root.require_group(f"{path}/vars" if path else "vars")
        own = dict(attributes.get(path, {}))
        names = own.pop(_NAMES, {})
        group.attrs.update(own)
        for name, value in weights.items():
            hdf5.write_array(group, name, value)
            if name in names:
                group[name].attrs["name"] = names[name]
    for name, value in tree.items():
        if isinstance(value, dict):
            inner = f"{path}/{name}" if path else name
            root.require_group(inner)
            _write(root, value, inner, attributes)
