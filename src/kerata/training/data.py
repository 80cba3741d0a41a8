"""Data of every kind, as one of two: arrays in memory, or a stream of batches."""

import collections.abc
import itertools
import math
from typing import Any

import numpy as np
import optree

from kerata import engines
from kerata.core import sparse, tree
from kerata.core.arrays import checked_cast
from kerata.core.config import floatx
from kerata.core.plan import FromHost
from kerata.core.types import TensorLike
from kerata.engines.sparse_rows import KINDS_OF_ROWS
from kerata.training.py_dataset import PyDataset, Readers

# Arrays of more bytes keep their dtype, and are converted a block of rows at a time.
_LARGE = 1 << 26
# How much of data that do not go to the device at once is there at a time, beside the next block on its way.
BLOCK_BYTES = 1 << 24


def unpack_x_y_sample_weight(data: Any) -> Any:
    """A batch as `(x, y, sample_weight)`, None for what it lacks.

    >>> unpack_x_y_sample_weight(("x", "y")), unpack_x_y_sample_weight("x")
    (('x', 'y', None), ('x', None, None))
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) > 3:
        raise ValueError(f"A batch is x, (x, y) or (x, y, sample_weight); a tuple of {len(data)} came.")
    return (*data, None, None)[:3]


def pack_x_y_sample_weight(x: TensorLike, y: TensorLike = None, sample_weight: TensorLike | None = None) -> Any:
    """A batch from its parts, as short as it can be.

    >>> pack_x_y_sample_weight("x", "y"), pack_x_y_sample_weight("x", None, "weights")
    (('x', 'y'), ('x', None, 'weights'))
    """
    if y is None and sample_weight is None:
        return x if not isinstance(x, (list, tuple)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


class _Data:
    """Data of either kind; `begin_epoch` and `end_epoch` are called around each pass over it."""

    def begin_epoch(self):
        """Before the first batch of a pass is read."""

    def end_epoch(self):
        """After a pass."""

    def go_on(self, steps):
        """Called where an epoch is so many steps: arrays go on with the rest by themselves."""


class MemoryData(_Data):
    """Arrays of equal length, in memory as a whole.

    Args:
        arrays: `(x, y, sample_weight)`, each a structure of arrays or None.
        batch_size: rows in a batch.
        shuffle: whether the rows' order changes every epoch; "batch" shuffles whole batches.
    """

    in_memory = True

    def __init__(self, arrays, batch_size, shuffle=False):
        self.arrays = arrays
        leaves = optree.tree_leaves(arrays)
        self.size = len(leaves[0])
        self.batch_size = min(batch_size, max(self.size, 1))
        self.shuffle = shuffle
        self.steps = math.ceil(self.size / self.batch_size)
        self.bytes = sum(a.nbytes for a in leaves)
        self.row_bytes = max(1, self.bytes // max(1, self.size))
        self.block_bytes = BLOCK_BYTES
        self._placed = None

    def fits(self):
        """Whether the arrays go to the engine's device at once: where that leaves most of its memory free."""
        leaves = optree.tree_leaves(self.arrays)
        as_they_are = all(not isinstance(a, np.memmap) and to_host(a[:0]).dtype == a.dtype for a in leaves)
        room = engines.current().room_for_data()
        if room is None and not as_they_are:  # the device shares the host's memory, but not what has to be converted
            room = _LARGE
        return room is None or self.bytes <= room

    def on_device(self):
        """The arrays, moved to the engine's device once."""
        if self._placed is None:
            self._placed = optree.tree_map(engines.current().asarray, self.rows(slice(None)))
        return self._placed

    def rows(self, rows):
        """Rows by number, in arrays of the dtypes that tensors have."""
        return optree.tree_map(lambda a: to_host(a[rows]), self.arrays)

    def order(self, generator):
        """The rows' numbers for an epoch, in int32."""
        rows = np.arange(self.size, dtype="int32")
        if self.shuffle == "batch":
            whole = self.size // self.batch_size * self.batch_size
            blocks = rows[:whole].reshape(-1, self.batch_size)
            generator.shuffle(blocks)
        elif self.shuffle:
            generator.shuffle(rows)
        return rows

    def first(self):
        """The first batch."""
        return self.rows(slice(self.batch_size))

    def batches(self, order):
        """The batches one after another."""
        for start in range(0, len(order), self.batch_size):
            yield self.rows(order[start : start + self.batch_size])


class StreamData(_Data):
    """Batches that come one after another.

    Args:
        iterate: makes an iterator over an epoch's batches `(x, y, sample_weight)`.
        steps: batches in an epoch, None if unknown.
        endless: whether one iterator serves all epochs (a generator).
        source: a data set of the user's, whose hooks `on_epoch_begin` and `on_epoch_end` are called, and whose iterator
            ends after the number of batches that it has in that epoch.
    """

    in_memory = False

    def __init__(self, iterate, steps=None, endless=False, batch_size=None, source=None):
        self.iterate, self.steps, self.endless, self.batch_size = iterate, steps, endless, batch_size
        self.source = source
        self.kept = False  # whether an iterator serves until it ends
        self._kept = None

    def go_on(self, steps):
        """Go on in each epoch where the last one stopped, and begin again after the last batch.

        Where the number of batches is not known, the epoch in which they end is shorter.
        """
        if self.endless or self.steps is None and self.source is not None:
            return  # it does so already
        if self.steps is None:
            self.kept = True
        elif steps < self.steps:
            once = self.iterate
            self.iterate, self.endless = lambda: itertools.chain.from_iterable(once() for _ in itertools.count()), True

    def begin_epoch(self):
        """Tell the data set; before its workers are started, which may be processes with copies of it."""
        self._tell("on_epoch_begin")

    def end_epoch(self):
        """Tell the data set."""
        self._tell("on_epoch_end")

    def _tell(self, hook):
        getattr(self.source, hook, lambda: None)()

    def batches(self):
        """An iterator over the batches of an epoch; the same one again for an endless stream."""
        if not self.endless:
            return self.iterate()
        if self._kept is None:
            self._kept = iter(self.iterate())
        return self._kept


def adapt(x, y=None, sample_weight=None, batch_size=None, shuffle=False, class_weight=None, generator=None, inputs=None):
    """Data of any kind as `MemoryData` or `StreamData`.

    `inputs` makes a model's inputs of `x` where that is arrays: `standard` if None.

    Raises: ValueError or TypeError for data that can't be understood, arrays of different lengths, or arguments that do
    not go with the kind of data.
    """
    if class_weight is not None:
        check_class_weight(class_weight)
    if _is_arrays(x):
        arrays = _standard_arrays((inputs or standard)(x, whole_to_host), y, sample_weight)
        if class_weight is not None:
            arrays = weighted_by_class(arrays, class_weight)
        batch_size = 32 if batch_size is None else batch_size
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size must be a positive integer; {batch_size!r} came.")
        return MemoryData(arrays, int(batch_size), shuffle)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{name} is not given beside {_describe(x)}: its batches hold (x, y) or (x, y, sample_weight).")
    stream = _stream(x, shuffle, generator)
    if class_weight is not None:
        plain = stream.iterate
        stream.iterate = lambda: (weighted_by_class(unpack_x_y_sample_weight(b), class_weight) for b in plain())
    return stream


def _describe(x):
    return f"a {type(x).__name__}"


def _is_arrays(x):
    if sparse.is_sparse(x) or sparse.is_ragged(x) or isinstance(x, KINDS_OF_ROWS):
        return True
    if x is None or hasattr(x, "__next__") or _is_dataset(x) or _is_foreign_loader(x):
        return False
    if isinstance(x, dict):
        return all(_is_arrays(v) for v in x.values())
    return hasattr(x, "__array__") or isinstance(x, (list, tuple)) or hasattr(x, "to_numpy")


def _is_dataset(x):
    return hasattr(x, "__getitem__") and hasattr(x, "__len__") and hasattr(x, "on_epoch_end")


def _is_foreign_loader(x):
    module = type(x).__module__.split(".")[0]
    return module in ("torch", "tensorflow", "grain") and not hasattr(x, "__array__") and hasattr(x, "__iter__")


def _of_dataset(x, shuffle, generator):
    """The batches of a data set by number; one without end goes on in each epoch where the last one stopped."""

    def count():
        return len(x) if not isinstance(x, PyDataset) or x.num_batches is not None else None

    read, readers = 0, Readers(x)

    def batches():
        nonlocal read
        steps = count()  # a data set may be longer or shorter in another epoch
        order: Any = np.arange(steps) if steps is not None else itertools.count(read)
        if shuffle and steps is not None:
            (generator or np.random.default_rng()).shuffle(order)
        for batch in readers.batches(order):
            read += 1
            yield batch

    return StreamData(batches, count(), source=x)


def _stream(x, shuffle, generator):
    if _is_dataset(x):
        return _of_dataset(x, shuffle, generator)
    if hasattr(x, "__next__"):
        return StreamData(lambda: x, endless=True)
    if type(x).__module__.split(".")[0] == "tensorflow":
        count = int(x.cardinality()) if hasattr(x, "cardinality") else -1
        return StreamData(lambda: iter(x.as_numpy_iterator()), count if count >= 0 else None)
    if hasattr(x, "__iter__"):
        try:
            steps = len(x)
        except TypeError:
            steps = None
        return StreamData(lambda: iter(x), steps)
    if callable(x):
        return StreamData(x)
    raise TypeError(
        f"{_describe(x)} is no data that can be understood. Give NumPy arrays (or lists, dicts of them), a pandas DataFrame, "
        "a generator, a keras.utils.PyDataset, a torch DataLoader or a tf.data.Dataset."
    )


def to_host(x):
    """One array of any kind as a NumPy array in a dtype that tensors have.

    Raises: ValueError for text and objects, OverflowError for integers that do not fit.
    """
    if sparse.is_sparse(x) or sparse.is_ragged(x):
        rows = sparse.rows_of(x)
        return type(rows)(to_host(rows.values), to_host(rows.where), rows.row_shape)
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    if hasattr(x, "to_numpy"):
        x = x.to_numpy()
    array = x if isinstance(x, np.ndarray) else np.asarray(x)
    kind = array.dtype.kind
    if kind == "O":
        if any(v is None for v in array.ravel()):
            raise ValueError("The data has None among its values. Fill in numbers, or leave these rows out, first.")
        try:
            array = np.asarray(array.tolist(), floatx())
        except (ValueError, TypeError):
            raise ValueError(_not_numbers(array)) from None
    elif kind in "US":
        raise ValueError(_not_numbers(array))
    if array.dtype == np.float64 and floatx() != "float64":
        return array.astype(floatx() if floatx() != "bfloat16" else "float32")
    if array.dtype in (np.int64, np.uint64):
        narrow = np.dtype("int32")
        return checked_cast(array, None).astype(narrow) if not engines.current().keeps_64_bits else array
    return array


def whole_to_host(x):
    """`to_host` for data as a whole: large arrays of numbers, and those mapped to files, are left as they are for now."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "biuf" and (isinstance(x, np.memmap) or x.nbytes > _LARGE):
        if x.dtype in (np.int64, np.uint64) and not engines.current().keeps_64_bits:
            checked_cast(x, None)
        return x
    return to_host(x)


def _not_numbers(array):
    rows = {len(v) for v in array.ravel()[:100].tolist() if isinstance(v, (list, np.ndarray))}
    if len(rows) > 1:
        return "The data has rows of different lengths. Pad them to one length first, with keras.utils.pad_sequences."
    return (
        f"The data holds no numbers (dtype {array.dtype}, first element {array.ravel()[:1].tolist()}). Convert columns of text "
        "with pandas' get_dummies or factorize, or a keras.layers.StringLookup, and drop what is no feature."
    )


def with_texts(x):
    """One array of any kind as a NumPy array, texts and large integers among them."""
    if hasattr(x, "detach") or hasattr(x, "to_numpy"):
        return with_texts(x.detach().cpu().numpy() if hasattr(x, "detach") else x.to_numpy())
    array = np.asarray(x)
    try:
        return to_host(array) if array.dtype.kind == "O" else array
    except ValueError:
        return array


def standard(structure, to_host=to_host):
    """A structure of arrays of any kind as one of NumPy arrays, which `to_host` makes; None stays."""
    if structure is None or isinstance(structure, (FromHost, *KINDS_OF_ROWS)):
        return structure
    if sparse.is_sparse(structure) or sparse.is_ragged(structure):
        return to_host(structure)
    if type(structure).__module__.startswith("pandas"):
        return to_host(structure)
    if isinstance(structure, dict):
        return {k: standard(v, to_host) for k, v in structure.items()}
    if isinstance(structure, (list, tuple)) and structure and _holds_arrays(structure):
        parts = (standard(v, to_host) for v in structure)
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    return to_host(structure)


def _holds_arrays(xs):
    """Whether a list is one of arrays (several inputs), or of further such, rather than one of rows of numbers."""
    return any(
        x is None
        or isinstance(x, dict)
        or hasattr(x, "shape") and getattr(x, "ndim", 1) > 0
        or isinstance(x, (list, tuple)) and x and not isinstance(x[0], (int, float, str)) and _holds_arrays(x)
        or type(x).__module__.startswith("pandas")
        for x in xs
    )  # fmt: skip


def _standard_arrays(x, y, sample_weight):
    arrays = (x, standard(y, whole_to_host), standard(sample_weight, whole_to_host))
    sizes: dict[int, str] = {}
    for name, part in zip(("x", "y", "sample_weight"), arrays):
        for leaf in tree.flatten(part):
            if leaf is not None:
                if leaf.ndim == 0:
                    raise ValueError(f"{name} is a single number; an array with a batch axis is expected.")
                sizes.setdefault(leaf.shape[0], name)
    if len(sizes) > 1:
        told = ", ".join(f"{name} {size}" for size, name in sizes.items())
        raise ValueError(f"The arrays have different numbers of samples: {told}. They must be equal.")
    if 0 in sizes:
        raise ValueError("The data is empty: the arrays have 0 samples.")
    return arrays


def split(arrays, fraction):
    """Arrays parted in two, the last `fraction` apart.

    Raises: ValueError if the fraction is not between 0 and 1, or leaves one part empty.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"validation_split must be between 0 and 1; {fraction} came.")
    size = len(optree.tree_leaves(arrays)[0])
    at = int(math.floor(size * (1 - fraction)))
    if at in (0, size):
        raise ValueError(f"validation_split={fraction} of {size} samples leaves one part empty.")
    return optree.tree_map(lambda a: a[:at], arrays), optree.tree_map(lambda a: a[at:], arrays)


def check_class_weight(class_weight):
    """Raises: TypeError for class weights that are no dict, nor "balanced"."""
    if isinstance(class_weight, collections.abc.Mapping) or isinstance(class_weight, str) and class_weight == "balanced":
        return
    raise TypeError(
        f"class_weight is a dict from class number to weight, such as {{0: 1.0, 1: 3.0}}, or 'balanced'; {class_weight!r} came."
        + (" For weights in the order of the classes give dict(enumerate(weights))." if np.ndim(class_weight) == 1 else "")
    )


def _class_number(key):
    """Raises: ValueError for a key of class weights that is no whole number."""
    try:
        if not isinstance(key, str) and int(key) == key:
            return int(key)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"The keys of class_weight are class numbers, as in {{0: 1.0, 1: 3.0}}; {key!r} came.")


def weighted_by_class(batch, class_weight):
    """`(x, y, sample_weight)`, the weights multiplied by those of the classes; a class without one has 1.

    Labels are class numbers, (batch,), (batch, 1) or (batch, ...), or one-hot in the last of several axes.

    Raises: TypeError for weights that are no dict; ValueError for keys that are no class numbers, for weights without
    targets, and for several outputs whose weights are not given by output name.
    """
    x, y, weights = batch
    check_class_weight(class_weight)
    if y is None:
        raise ValueError("class_weight needs targets: the data has none.")
    if isinstance(y, (dict, list, tuple)):
        if not isinstance(class_weight, dict) or not isinstance(y, dict) or not set(class_weight) <= set(y):
            raise ValueError("class_weight for several outputs is a dict from output name to a dict from class to weight.")
        own = weights if isinstance(weights, dict) else dict.fromkeys(y, weights)
        new = {
            k: weighted_by_class((x, v, own.get(k)), class_weight[k])[2] if k in class_weight else own.get(k)
            for k, v in y.items()
        }
        return x, y, {k: np.ones(len(y[k]), "float32") if w is None else w for k, w in new.items()}
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else labels[..., 0]
    if labels.dtype.kind == "f" and np.any(labels != np.floor(labels)):
        raise ValueError("class_weight needs class numbers as targets; the data's are no whole numbers.")
    values = _weights_of_classes(labels.astype("int64"), class_weight)
    return x, y, values if weights is None else _product(values, np.asarray(weights, "float32"))


def _product(values, weights):
    """Two kinds of weights as one: those of samples go with all that a sample holds."""
    if weights.ndim > values.ndim and weights.shape[-1] == 1:
        weights = weights[..., 0]
    rank = max(values.ndim, weights.ndim)
    first, second = (w.reshape(*w.shape, *(1,) * (rank - w.ndim)) for w in (values, weights))
    return first * second


def _weights_of_classes(labels, class_weight):
    """The weights of labels, in their shape."""
    classes, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if isinstance(class_weight, str):
        table = {int(c): labels.size / (len(classes) * n) for c, n in zip(classes, counts)}
    else:
        table = {_class_number(key): float(weight) for key, weight in class_weight.items()}
    return np.array([table.get(int(c), 1.0) for c in classes], "float32")[places].reshape(labels.shape)


def pad_rows(array, size):
    """`array` with rows of its first value added up to `size`."""
    missing = size - len(array)
    return np.concatenate([array, np.repeat(array[:1], missing, 0)]) if missing > 0 else array
