"""HDF5 files from strangers, read with care: plain numbers behind hard links, nothing else."""

import h5py
import ml_dtypes
import numpy as np

MAX_DEPTH = 64
MAX_MEMBERS = 1_000_000
_KINDS = "fiub"


class Store:
    """The numbered arrays of one layer, like a dict; they may be in several files."""

    def __init__(self, groups, path):
        self._groups, self._path = groups, path

    def _group_of(self, key):
        return next((group for group in self._groups if key in group), None)

    def keys(self):
        """The names of the arrays."""
        return [key for group in self._groups for key in group]

    def __len__(self):
        return len(self.keys())

    def __contains__(self, key):
        return self._group_of(key) is not None

    def __iter__(self):
        return iter(self.keys())

    def __getitem__(self, key):
        group = self._group_of(key)
        if group is None:
            raise KeyError(f"{self._path}/vars/{key}")
        return read_array(group, key, self._path)

    @property
    def class_name(self):
        """The class of what was written, None if the file does not tell."""
        return next((group.attrs["class_name"] for group in self._groups if "class_name" in group.attrs), None)

    def shape(self, key):
        """The shape of an array, before anything is read."""
        return shape_of(self._group_of(key), key)

    def name(self, key):
        """The name that is kept beside an array, None if there is none."""
        value = member(self._group_of(key), key, self._path).attrs.get("name")
        return value if isinstance(value, str) else None


def member(group, name, path):
    """What a hard link leads to.

    Raises: ValueError for soft and external links, which reach outside the place where they stand.
    """
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"The file has a {type(link).__name__} at {path}/{name}; only plain members are read.")
    return group[name]


def find(root, path):
    """The group at `path`, None if there is none."""
    group = root
    for name in [part for part in path.split("/") if part]:
        if not isinstance(group, h5py.Group) or name not in group:
            return None
        group = member(group, name, group.name)
    return group


def read_array(group, name, path):
    """The numbers of a data set.

    Raises: ValueError for external or virtual storage, objects, references, and other things that are no numbers.
    """
    data = member(group, name, path)
    if not isinstance(data, h5py.Dataset):
        raise ValueError(f"{path}/{name} is no array.")
    if data.external or data.is_virtual:
        raise ValueError(f"{path}/{name} keeps its numbers in another file, which is not read.")
    kind = np.dtype(data.dtype).kind
    if kind == "V" and "dtype" in data.attrs and data.attrs["dtype"] == "bfloat16":
        return data[()].view(ml_dtypes.bfloat16)
    if kind not in _KINDS:
        raise ValueError(f"{path}/{name} holds {data.dtype}; a weight holds numbers.")
    return data[()]


def write_array(group, name, array):
    """Write numbers as `read_array` reads them."""
    if array.dtype.name == "bfloat16":
        group.create_dataset(name, data=array.view("V2"))
        group[name].attrs["dtype"] = "bfloat16"
    else:
        group[name] = array


def shape_of(group, name):
    """The shape of a data set, before anything is read."""
    data = member(group, name, group.name)
    return data.shape if isinstance(data, h5py.Dataset) else None
