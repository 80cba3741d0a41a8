"""Batches of images that a table names."""

import os
from typing import Any

import numpy as np

from kerata.core.types import DType, Path
from kerata.engines.warning import warn
from kerata.preprocessing.image.batches import FilesIterator, path_in
from kerata.preprocessing.image.files import FORMATS, with_old_names


class DataFrameIterator(FilesIterator):
    """Batches of images that a pandas `DataFrame` names, changed by an `ImageDataGenerator`.

    Args:
        dataframe: has a row for each image.
        directory: the folder that the files' names are in; None if they are whole paths.
        image_data_generator: changes the images; None leaves them as they are.
        x_col: the column of the files' names.
        y_col: the column of the classes or values, or a list of columns.
        weight_col: the column of the samples' weights; None for none.
        target_size: (height, width) that images are resized to.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: the classes in the order of their numbers, other rows are left out; all that there are, sorted, if None.
        class_mode: what stands beside the images: "categorical" (one-hot rows; several ones where a cell is a list of
            classes), "binary" or "sparse" (class numbers), "input" (the images again), "raw" (the values of `y_col`),
            "multi_output" (a tuple of the values of each column of `y_col`), or None for nothing.
        batch_size, shuffle, seed: see `Iterator`.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder into which changed images are written, for a look at them.
        save_prefix, save_format: of the files' names there.
        subset: "training" or "validation", of the split that the generator's `validation_split` says; None for all. The
            validation part is the first.
        interpolation: see `load_img`.
        dtype: of the batches; `floatx` if None.
        validate_filenames: whether rows are left out, with a warning, whose file is missing or no image by its name.
        keep_aspect_ratio: whether the middle of an image is cut out in the proportions of `target_size` before it is resized.

    Attributes: `class_indices` (class -> number), `classes` (a number, or a list of them, for each file; None without
    classes), `labels` (these, or the values), `filenames`, `filepaths`, `samples`, `image_shape`.

    Raises: ValueError or TypeError for unknown settings and columns whose values don't go with them, ImportError without
    Pillow.
    """

    allowed_class_modes = ("categorical", "binary", "sparse", "input", "multi_output", "raw", None)

    @with_old_names()
    def __init__(
        self,
        dataframe: Any,
        directory: Path = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: Path = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: DType = "float32",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
    ) -> None:
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
        self.directory, self.class_mode = directory or "", class_mode
        _check(dataframe, x_col, y_col, weight_col, classes, class_mode, self.allowed_class_modes)
        table = self._existing(dataframe, x_col) if validate_filenames else dataframe
        self.class_indices, self.classes = {}, None
        if class_mode in ("categorical", "binary", "sparse"):
            table, self.classes = self._with_classes(table, y_col, classes)
        rows = self._cut(table)
        self.filenames = rows[x_col].tolist()
        self._filepaths = [path_in(self.directory, name) for name in self.filenames]
        self.classes = None if self.classes is None else self._cut(self.classes)
        self._weights = None if weight_col is None else rows[weight_col].to_numpy()
        self._values = _values(rows, y_col, class_mode)
        valid = "validated" if validate_filenames else "non-validated"
        belonging = f" belonging to {len(self.class_indices)} classes" if self.class_indices else ""
        print(f"Found {len(self.filenames)} {valid} image filenames{belonging}.")
        self._begin(batch_size, shuffle, seed)

    def _existing(self, table, x_col):
        """The rows whose files are there, and are images by their names."""
        endings = tuple(f".{ending}" for ending in FORMATS)
        there = [
            name.lower().endswith(endings) and os.path.isfile(path_in(self.directory, name)) for name in table[x_col].tolist()
        ]
        if not all(there):
            where = f"in the folder {os.fspath(self.directory)!r}" if self.directory else "of these paths"
            warn(f"{len(there) - sum(there)} names in the column {x_col!r} are left out: there are no images {where}.")
        return table[there]

    def _with_classes(self, table, y_col, classes):
        """The rows that are of one of the classes, and their numbers."""
        cells = table[y_col].tolist()
        each = [list(cell) if isinstance(cell, (list, tuple)) else [cell] for cell in cells]
        names = list(dict.fromkeys(classes)) if classes else sorted({name for cell in each for name in cell})
        self.class_indices = {name: i for i, name in enumerate(names)}
        numbers = [[self.class_indices[name] for name in cell if name in self.class_indices] for cell in each]
        kept = [bool(row) for row in numbers]
        single = [not isinstance(cell, (list, tuple)) for cell in cells]
        return table[kept], [row[0] if alone else row for row, alone, used in zip(numbers, single, kept) if used]

    @property
    def labels(self) -> Any:
        """The images' class numbers, or the values of "raw" and "multi_output"."""
        return self._values if self.class_mode in ("raw", "multi_output") else self.classes


def _values(rows, y_col, class_mode):
    if class_mode == "multi_output":
        return [np.array(rows[column].tolist()) for column in y_col]
    return rows[y_col].to_numpy() if class_mode == "raw" else None


def _check(table, x_col, y_col, weight_col, classes, class_mode, modes):
    """Raise ValueError or TypeError for what does not go together."""
    if class_mode not in modes:
        raise ValueError(f"class_mode is one of {', '.join(map(repr, modes))}; {class_mode!r} came.")
    if class_mode == "multi_output" and not isinstance(y_col, list):
        raise TypeError(f"class_mode='multi_output' takes a list of columns as y_col; {y_col!r} came.")
    reads_y = class_mode not in ("input", None)
    columns = [
        x_col,
        *((y_col if isinstance(y_col, list) else [y_col]) if reads_y else []),
        *([weight_col] if weight_col else []),
    ]
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise KeyError(f"The table has no column {missing[0]!r}; it has {', '.join(map(repr, table.columns))}.")
    if not all(isinstance(name, str) for name in table[x_col]):
        raise TypeError(
            f"The column {x_col!r} (x_col) holds files' names, as texts; {_other(table[x_col], str)!r} is among them."
        )
    if class_mode in ("categorical", "binary", "sparse"):
        kinds = (str, list, tuple) if class_mode == "categorical" else str
        values = table[y_col] if not isinstance(y_col, list) else [y_col]
        if isinstance(y_col, list) or not all(isinstance(value, kinds) for value in values):
            what = "texts, lists or tuples" if class_mode == "categorical" else "texts"
            raise TypeError(
                f"class_mode={class_mode!r} takes one column of {what} as y_col; {y_col!r} holds others. "
                "Convert it with astype(str), or say class_mode='raw'."
            )
    if class_mode == "binary":
        count = len(set(classes)) if classes else table[y_col].nunique()
        if count != 2:
            raise ValueError(f"class_mode='binary' needs two classes; there are {count}. Name the two in classes=[...].")
    if weight_col and not np.issubdtype(table[weight_col].to_numpy().dtype, np.number):
        raise TypeError(f"The column {weight_col!r} (weight_col) holds numbers; its dtype is {table[weight_col].dtype}.")


def _other(values, kind):
    return next(value for value in values if not isinstance(value, kind))
