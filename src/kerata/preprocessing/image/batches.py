"""Batches of images that are read from files when they are needed."""

import os
from typing import Any

import numpy as np

from kerata.core import config
from kerata.preprocessing.image.iterators import ImageIterator, split_of
from kerata.utils import images

CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class FilesIterator(ImageIterator):
    """An iterator over images in files.

    A subclass sets `filenames`, and `_filepaths` with the whole paths; `class_mode`, `class_indices`, `classes` and what
    `labels` gives; and calls `_begin`.
    """

    _highest_mark = 10**7
    class_mode: Any
    class_indices: Any
    classes: Any
    filenames: list[str]
    _filepaths: list[str]
    _weights: Any = None

    def _read_settings(
        self,
        image_data_generator,
        target_size,
        color_mode,
        data_format,
        save_to_dir,
        save_prefix,
        save_format,
        subset,
        interpolation,
        dtype,
        keep_aspect_ratio,
    ):
        """Set what says how files are read.

        Raises: ValueError for an unknown color mode or subset, or a size that is no pair.
        """
        if color_mode not in CHANNELS:
            raise ValueError(f"color_mode is 'rgb', 'rgba' or 'grayscale'; {color_mode!r} came.")
        if not hasattr(target_size, "__len__") or len(target_size) != 2:
            raise ValueError(f"target_size is (height, width); {target_size!r} came.")
        self.image_data_generator, self.color_mode = image_data_generator, color_mode
        self.target_size = tuple(target_size)
        self.data_format = config.standardize_data_format(data_format)
        channels = (CHANNELS[color_mode],)
        first = self.data_format == "channels_first"
        self.image_shape = (*channels, *self.target_size) if first else (*self.target_size, *channels)
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        self.interpolation, self.keep_aspect_ratio = interpolation, keep_aspect_ratio
        self.dtype = np.dtype(dtype or config.floatx())
        self.subset, self.split = subset, None if subset is None else split_of(image_data_generator, subset)

    def _cut(self, rows):
        """The part of a sequence that the subset is."""
        start, stop = self.split or (0, 1)
        return rows[int(start * len(rows)) : int(stop * len(rows))]

    def _begin(self, batch_size, shuffle, seed):
        self.samples = len(self.filenames)
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _image(self, number):
        path = self._filepaths[number]
        img = images.load_img(path, self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio)
        return images.img_to_array(img, self.data_format, self.dtype)

    def _get_batches_of_transformed_samples(self, index_array):
        changed = self._changed(index_array)
        targets = self._targets_of(index_array, changed)
        if targets is None:
            return changed
        weights = self.sample_weight
        return (changed, targets) if weights is None else (changed, targets, weights[index_array])

    def _targets_of(self, index_array, batch):
        if self.class_mode == "input":
            return batch.copy()
        if self.class_mode in ("binary", "sparse"):
            return np.asarray(self.classes)[index_array].astype(self.dtype)
        if self.class_mode == "categorical":
            targets = np.zeros((len(batch), len(self.class_indices)), self.dtype)
            for row, number in zip(targets, index_array):
                row[self.classes[number]] = 1
            return targets
        if self.class_mode == "multi_output":
            return tuple(output[index_array] for output in self.labels)
        return self.labels[index_array] if self.class_mode == "raw" else None

    @property
    def filepaths(self) -> list[str]:
        """The images' paths."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """The images' class numbers, or what stands for them."""
        return self.classes

    @property
    def sample_weight(self) -> Any:
        """The images' weights, None without any."""
        return self._weights

    @property
    def nb_sample(self) -> int:
        """`samples` as Keras 1 calls it."""
        return self.samples

    @property
    def nb_class(self) -> int:
        """How many classes there are, as Keras 1 calls it."""
        return len(self.class_indices)


def path_in(directory, name):
    """The path of a file in a folder; as it is without a folder."""
    return os.path.join(os.fspath(directory), name) if directory else name
