"""Batches of changed images, without end or by number."""

import functools
import os
import threading
from typing import Any

import numpy as np

from kerata.core import config
from kerata.core.types import DType, Path, TensorLike
from kerata.engines.warning import warn
from kerata.preprocessing.image.files import FORMATS, with_old_names
from kerata.training.py_dataset import PyDataset
from kerata.utils import images


class Iterator(PyDataset):
    """Batches of samples by their numbers: a data set for `fit`, and an iterator without end.

    A subclass writes `_get_batches_of_transformed_samples(index_array)`, which returns the batch of the samples with these
    numbers. `fit`, `evaluate` and `predict` read `len(iterator)` batches for an epoch; `next(iterator)` goes on for ever,
    through the samples again and again.

    Args:
        n: how many samples there are.
        batch_size: samples in a batch.
        shuffle: whether each pass has another order, drawn by `numpy.random`.
        seed: `numpy.random.seed` is called with `seed` plus the number of batches read so far before each batch; not at all
            if None. Processes that read for this one seed each batch with a number of its own too, or begin anew if None.

    Raises: ValueError for a batch size that is no positive integer.
    """

    white_list_formats = FORMATS

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size is a positive integer; {batch_size!r} came.")
        self.n, self.batch_size, self.shuffle, self.seed = n, int(batch_size), shuffle, seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array: Any = None
        self._home = os.getpid()
        self._sent = False  # to processes that read, since the last pass
        self._prepare()

    def _prepare(self):
        self.lock = threading.Lock()
        self.index_generator = self._flow_index()

    def __getstate__(self):
        if self.index_array is None:  # all who read have one order
            if self.seed is not None:
                np.random.seed(self.seed + self.total_batches_seen)
            self._set_index_array()
        self._sent = True
        return {k: v for k, v in vars(self).items() if k not in ("lock", "index_generator")}

    def __setstate__(self, state):
        vars(self).update(state)
        self._prepare()

    def _set_index_array(self):
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _seed(self):
        """Seed what the next batch draws from."""
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def _is_away(self):
        """Whether this is a copy in another process, where nobody counts all batches of a pass."""
        return self._home != os.getpid()

    def _seed_away(self, idx):
        if self.seed is None:
            _draw_anew()
        else:
            np.random.seed(self.seed + self.total_batches_seen + idx)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, idx):
        if not 0 <= idx < len(self):
            raise ValueError(f"There are {len(self)} batches, numbered from 0; number {idx} was asked for.")
        if self._is_away():
            self._seed_away(idx)
        else:
            self._seed()
        if self.index_array is None:
            self._set_index_array()
        return self._get_batches_of_transformed_samples(self.index_array[idx * self.batch_size : (idx + 1) * self.batch_size])

    def on_epoch_end(self) -> None:
        """Draw the order of the next pass."""
        if self._sent or self._is_away():
            self._sent, self.total_batches_seen = False, self.total_batches_seen + len(self)
        self._set_index_array()

    def reset(self) -> None:
        """Let `next` begin with a new pass."""
        self.batch_index = 0

    def _flow_index(self):
        while True:
            at = self.batch_index
            self._seed()
            if at == 0 or self.index_array is None:
                self._set_index_array()
            self.batch_index = at + 1 if (at + 1) * self.batch_size < self.n else 0
            yield self.index_array[at * self.batch_size : (at + 1) * self.batch_size]

    def __iter__(self):
        return self

    def __next__(self):
        if self.n < 1:
            raise ValueError("There are no samples.")
        with self.lock:
            index_array = next(self.index_generator)
        return self._get_batches_of_transformed_samples(index_array)

    def next(self) -> Any:
        """The next batch, as `next(iterator)` gives it."""
        return self.__next__()

    def _get_batches_of_transformed_samples(self, index_array):
        raise NotImplementedError(
            f"{type(self).__name__} has no _get_batches_of_transformed_samples(self, index_array): write one that returns "
            "the batch of the samples with these numbers."
        )


@functools.cache
def _draw_anew():
    """Let a process that reads draw other numbers than its siblings, once."""
    np.random.seed()


class ImageIterator(Iterator):
    """An iterator over images that a generator changes, and that may be written to files.

    A subclass has `_image(number)`, which returns one image, and the attributes `image_shape`, `data_format` and `dtype`.
    """

    image_data_generator: Any
    image_shape: Any
    data_format: str
    dtype: Any
    save_to_dir: Any
    save_prefix: str
    save_format: str
    _highest_mark = 10**4  # files' names end in a random number below it, as Keras 2's do

    def _image(self, number):
        raise NotImplementedError

    def _changed(self, index_array):
        """The images with these numbers, changed by the generator, in one array."""
        batch = np.zeros((len(index_array), *self.image_shape), self.dtype)
        generator = self.image_data_generator
        for i, number in enumerate(index_array):
            x = self._image(number)
            if generator is not None:
                x = generator.apply_transform(x, generator.get_random_transform(x.shape))
                x = generator.standardize(x)
            batch[i] = x
        if self.save_to_dir:
            self._save(batch, index_array)
        return batch

    def _save(self, batch, index_array):
        os.makedirs(self.save_to_dir, exist_ok=True)
        for x, number in zip(batch, index_array):
            name = f"{self.save_prefix}_{number}_{np.random.randint(self._highest_mark)}.{self.save_format}"
            images.array_to_img(x, self.data_format).save(os.path.join(self.save_to_dir, name))


class NumpyArrayIterator(ImageIterator):
    """Batches of images from an array, changed by an `ImageDataGenerator`.

    Args:
        x: the images; or a pair of them and of further arrays (one, or a list) that are given on beside them.
        y: labels, given on beside the images; None for none.
        image_data_generator: changes the images; None leaves them as they are.
        batch_size, shuffle, seed: see `Iterator`.
        sample_weight: weights, given on after the labels.
        data_format: "channels_last" or "channels_first"; the default of `kerata.config` if None.
        save_to_dir: a folder into which changed images are written, for a look at them.
        save_prefix, save_format: of the files' names there.
        subset: "training" or "validation", of the split that the generator's `validation_split` says; None for all. The
            validation part is the first.
        dtype: of the batches; `floatx` if None.
        ignore_class_split: whether a class may be missing in one of the two parts.

    Shapes: x (samples, height, width, channels), or with channels first. A batch is `(images, labels, weights)` without
    what is not there, the images alone if there is nothing else.

    Raises: ValueError for arrays of other shapes or different lengths, an unknown subset, or parts that have not the same
    classes.

    >>> import numpy as np
    >>> batches = NumpyArrayIterator(np.ones((5, 8, 8, 1)), np.arange(5), None, batch_size=2)
    >>> len(batches), [y.tolist() for x, y in (batches[i] for i in range(3))]
    (3, [[0, 1], [2, 3], [4]])
    """

    @with_old_names()
    def __init__(
        self,
        x: TensorLike,
        y: TensorLike,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: TensorLike = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Path = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        dtype: DType = None,
        ignore_class_split: bool = False,
    ) -> None:
        self.image_data_generator, self.dtype = image_data_generator, np.dtype(dtype or config.floatx())
        self.data_format = config.standardize_data_format(data_format)
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        x, misc = x if isinstance(x, (tuple, list)) and len(x) == 2 and np.ndim(x[0]) == 4 else (x, [])
        arrays = [np.asarray(a) for a in [x, *(misc if isinstance(misc, (list, tuple)) else [misc])]]
        self.y, self.sample_weight = (None if a is None else np.asarray(a) for a in (y, sample_weight))
        self._check_lengths(arrays)
        part = self._part(len(arrays[0]), subset, ignore_class_split)
        self.x, *self.x_misc = (a[part] for a in arrays)
        self.x = self.x.astype(self.dtype, copy=False)
        self.y, self.sample_weight = (None if a is None else a[part] for a in (self.y, self.sample_weight))
        if self.x.ndim != 4:
            raise ValueError(f"x is a batch of images with 4 axes; shape {self.x.shape} came.")
        self.image_shape = self.x.shape[1:]
        check_channels(self.x.shape, self.data_format)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _check_lengths(self, arrays):
        if self.y is None and self.sample_weight is not None:
            raise ValueError("sample_weight goes with labels: give y too.")
        length = len(arrays[0])
        beside = [(f"x[1][{i}]", a) for i, a in enumerate(arrays[1:])]
        for name, array in [*beside, ("y", self.y), ("sample_weight", self.sample_weight)]:
            if array is not None and len(array) != length:
                raise ValueError(f"x has {length} images, but {name} has {len(array)} entries (shape {array.shape}).")

    def _part(self, length, subset, ignore_class_split):
        """The rows of the subset."""
        if subset is None:
            return slice(None)
        split = int(length * split_of(self.image_data_generator, subset)[0 if subset == "training" else 1])
        if split and self.y is not None and not ignore_class_split:
            first, rest = (set(np.unique(part).tolist()) for part in (self.y[:split], self.y[split:]))
            if first != rest:
                raise ValueError(
                    "The two parts of the split have not the same classes. If the arrays are sorted by class, shuffle them "
                    "first; or say ignore_class_split=True."
                )
        return slice(split) if subset == "validation" else slice(split, None)

    def _image(self, number):
        return self.x[number].copy()

    def _get_batches_of_transformed_samples(self, index_array):
        changed = self._changed(index_array)
        inputs = [changed, *(a[index_array] for a in self.x_misc)] if self.x_misc else changed
        rest = [a[index_array] for a in (self.y, self.sample_weight) if a is not None]
        return (inputs, *rest) if self.y is not None else inputs


def check_channels(shape, data_format):
    """Warn about a batch of images of this shape that has another number of channels than 1, 3 or 4."""
    channels = shape[1 if data_format == "channels_first" else 3]
    if channels not in (1, 3, 4):
        warn(
            f"Images have 1, 3 or 4 channels; with data_format={data_format!r} an array of shape {tuple(shape)} has {channels}."
        )


def split_of(image_data_generator, subset):
    """The part of the samples that a subset is, as two fractions: from, to.

    Raises: ValueError for an unknown subset, or a generator without a split.
    """
    if subset not in ("training", "validation"):
        raise ValueError(f"subset is 'training', 'validation' or None; {subset!r} came.")
    split = getattr(image_data_generator, "_validation_split", 0)
    if subset == "validation" and not split:
        raise ValueError("subset='validation' needs a split: give ImageDataGenerator a validation_split.")
    return (0, split) if subset == "validation" else (split, 1)
