"""Files of weights: one HDF5 file, or several with a `.weights.json` that tells what is where, as Keras 3 writes them."""

import contextlib
import json
import pathlib
from typing import Any

import h5py
import numpy as np

from kerata.core import registry
from kerata.saving import hdf5

MAX_JSON = 64 * 1024**2
ONE, SEVERAL = ".weights.h5", ".weights.json"


class Writer:
    """Writes arrays, by the path of their layer and their number, into one HDF5 file."""

    def __init__(self, file):
        self._root = h5py.File(file, "w")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._root.close()

    def write(self, path, obj, attributes=None):
        """Write an object's own variables; `attributes` maps a number to a name that is kept beside it."""
        store: dict[str, Any] = {}
        obj.save_own_variables(store)
        self.group(path).attrs["name"] = obj.name
        if attributes is not None:
            self.group(path).attrs["class_name"] = registry.public_name(type(obj))
        for key, value in store.items():
            array = np.asarray(value)
            self._make_room(path, array.nbytes)
            group = self.group(path)
            hdf5.write_array(group, key, array)
            if attributes is not None and key in attributes:
                group[key].attrs["name"] = attributes[key]

    def _make_room(self, _path, _size):
        """Called before an array of so many bytes is written: one file has room for all."""

    def group(self, path):
        """The group of a layer's variables."""
        return self._root.require_group(f"{path}/vars" if path else "vars")


class ShardWriter(Writer):
    """Writes into several files of a limited size.

    Args:
        folder: where.
        stem: what the files' names begin with.
        limit: bytes in a file; an array that is larger has a file of its own.
    """

    def __init__(self, folder, stem, limit):
        self._folder, self._stem, self._limit = pathlib.Path(folder), stem, limit
        self.names, self.places, self.total, self._size = [], {}, 0, 0
        self._next()

    def _next(self):
        if self.names:
            self._root.close()
        self.names.append(f"{self._stem}_{len(self.names):05d}{ONE}")
        self._root, self._size = h5py.File(self._folder / self.names[-1], "w"), 0

    def _make_room(self, path, size):
        """Go on in a new file where this one would be too large, and note where the array is."""
        if self._size and self._size + size > self._limit:
            self._next()
        self._size, self.total = self._size + size, self.total + size
        places = self.places.setdefault(f"/{path}/vars" if path else "/vars", [])
        if self.names[-1] not in places:
            places.append(self.names[-1])

    def index(self):
        """The text of the file that tells what is where."""
        return json.dumps({"metadata": {"total_size": self.total}, "weight_map": self.places}, indent=4)


class Reader:
    """Reads what `Writer` wrote; a context."""

    def __init__(self, source):
        self._roots = [h5py.File(source, "r")]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for root in self._roots:
            root.close()

    def store(self, path):
        """A layer's numbered arrays, like a dict; empty if there are none."""
        groups = [hdf5.find(root, f"{path}/vars") for root in self._roots]
        return hdf5.Store([g for g in groups if g is not None], path)

    def paths(self):
        """The paths of the layers of which there are arrays."""
        found = {}
        for root in self._roots:
            root.visititems(lambda name, item: found.update(_path_of(name, item)))
        return list(found)


def _path_of(name, item):
    parent, _, last = name.rpartition("/")
    if isinstance(item, h5py.Dataset) and (parent == "vars" or parent.endswith("/vars")):
        return {parent.removesuffix("vars").rstrip("/"): None}
    return {}


class ShardReader(Reader):
    """Reads what `ShardWriter` wrote.

    Raises: ValueError for an index that is none, or names files elsewhere; FileNotFoundError for a file that is missing.
    """

    def __init__(self, path):
        path = pathlib.Path(path)
        with contextlib.ExitStack() as opened:
            self._roots = [opened.enter_context(h5py.File(shard, "r")) for shard in _shards(path)]
            opened.pop_all()


def _shards(path):
    """The files that an index names, which lie beside it."""
    if path.stat().st_size > MAX_JSON:
        raise ValueError(f"{str(path)!r} is larger than {MAX_JSON} bytes; it is not read.")
    try:
        places = json.loads(path.read_text())["weight_map"]
        names = dict.fromkeys(name for found in places.values() for name in ([found] if isinstance(found, str) else found))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{str(path)!r} is no index of weights: it has no 'weight_map' from paths to files.") from None
    for name in names:
        if not isinstance(name, str) or pathlib.PurePath(name).name != name or "\\" in name or not name.endswith(ONE):
            raise ValueError(f"{str(path)!r} names the file {name!r}; files of weights lie beside it and end in {ONE}.")
        if not (path.parent / name).is_file() or (path.parent / name).is_symlink():
            raise FileNotFoundError(f"There is no file {str(path.parent / name)!r}, which {path.name!r} names.")
    return [path.parent / name for name in names]


def reader(source):
    """A reader of a file: an index, an HDF5 file, or the bytes of one.

    Raises: ValueError for a file of another kind.
    """
    if isinstance(source, (str, pathlib.Path)) and str(source).endswith(SEVERAL):
        return ShardReader(source)
    try:
        return Reader(source)
    except OSError as error:
        raise ValueError(f"{str(source)!r} is no HDF5 file of weights: {error}.") from None
