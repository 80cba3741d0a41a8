"""Batches of images from a folder that has a folder for each class."""

import os
from typing import Any

import numpy as np

from kerata.core.types import DType, Path
from kerata.engines.warning import warn
from kerata.preprocessing.image.batches import FilesIterator, path_in
from kerata.preprocessing.image.files import FORMATS, with_old_names
from kerata.utils import folders


class DirectoryIterator(FilesIterator):
    """Batches of images from a folder that has a folder for each class, changed by an `ImageDataGenerator`.

    Args:
        directory: the folder; images in folders below a class's folder are of this class too.
        image_data_generator: changes the images; None leaves them as they are.
        target_size: (height, width) that images are resized to.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: the classes' folders in the order of their numbers; all folders by name if None.
        class_mode: what stands beside the images: "categorical" (one-hot rows), "binary" or "sparse" (class numbers),
            "input" (the images again), or None for nothing.
        batch_size, shuffle, seed: see `Iterator`.
        data_format: "channels_last" or "channels_first"; the default of `kerata.config` if None.
        save_to_dir: a folder into which changed images are written, for a look at them.
        save_prefix, save_format: of the files' names there.
        follow_links: whether links to folders are followed.
        subset: "training" or "validation", of the split that the generator's `validation_split` says; None for all. The
            validation part is the first of each class.
        interpolation: see `load_img`.
        dtype: of the batches; `floatx` if None.
        keep_aspect_ratio: whether the middle of an image is cut out in the proportions of `target_size` before it is resized.

    Attributes: `class_indices` (folder -> number), `classes` (a number for each file), `filenames` (below the folder),
    `filepaths`, `samples`, `num_classes`, `image_shape`.

    Raises: FileNotFoundError if there is no such folder, ValueError for unknown settings, ImportError without Pillow.
    """

    allowed_class_modes = ("categorical", "binary", "sparse", "input", None)

    @with_old_names()
    def __init__(
        self,
        directory: Path,
        image_data_generator: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Path = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: DType = None,
        keep_aspect_ratio: bool = False,
    ) -> None:
        if class_mode not in self.allowed_class_modes:
            raise ValueError(f"class_mode is one of {', '.join(map(repr, self.allowed_class_modes))}; {class_mode!r} came.")
        saving = (save_to_dir, save_prefix, save_format)
        self._read_settings(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            *saving,
            subset,
            interpolation,
            dtype,
            keep_aspect_ratio,
        )
        self.directory, self.class_mode = directory, class_mode
        if not os.path.isdir(directory):
            raise FileNotFoundError(f"There is no folder {os.fspath(directory)!r}.")
        names = list(classes or sorted(entry.name for entry in os.scandir(directory) if entry.is_dir()))
        self.num_classes, self.class_indices = len(names), {name: i for i, name in enumerate(names)}
        found = [self._files_of(name, follow_links) for name in names]
        self.filenames = [file for files in found for file in files]
        self.classes = np.repeat(np.arange(len(names), dtype="int32"), [len(files) for files in found])
        self._filepaths = [path_in(directory, name) for name in self.filenames]
        print(f"Found {len(self.filenames)} images belonging to {self.num_classes} classes.")
        if any(name.lower().endswith(".tiff") for name in self.filenames):
            warn('Images in ".tiff" files that have several bands are distorted: look at what comes.')
        self._begin(batch_size, shuffle, seed)

    def _files_of(self, name, follow_links):
        """The files of a class's folder that are in the subset, as paths below the whole folder."""
        top = path_in(self.directory, name)
        found = self._cut(folders.image_paths(top, tuple(f".{ending}" for ending in FORMATS), follow_links))
        return [os.path.join(name, os.path.relpath(path, top)) for path in found]
