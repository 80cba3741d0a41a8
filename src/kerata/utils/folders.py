"""Files in folders: which there are, which class each is of, and which part of a split it is in."""

import os
from typing import Any

import numpy as np


def index_folder(directory, labels, formats, class_names=None, shuffle=True, seed=None, follow_links=False):
    """The files of a folder with their classes.

    Args:
        directory: has a folder for each class if `labels` is "inferred".
        labels: "inferred", None, or the files' class numbers in the order of their paths.
        formats: the endings of files that count, such as (".png",).
        class_names: the classes' folders in the order of their numbers; alphanumeric if None.
        shuffle: whether the order is shuffled, by `numpy.random.RandomState(seed)`.
        follow_links: whether links to folders inside the classes' folders are followed.

    Returns: paths, class numbers (None without labels), names of the classes.

    Raises: ValueError for names that are no folders, or another number of labels than of files.
    """
    directory = os.fspath(directory)
    if not os.path.isdir(directory):
        raise FileNotFoundError(f"There is no folder {directory!r}.")
    if labels == "inferred":
        class_names = _checked_names(directory, class_names)
        found = [image_paths(os.path.join(directory, name), formats, follow_links) for name in class_names]
        paths = [path for part in found for path in part]
        numbers: Any = np.repeat(np.arange(len(class_names), dtype="int32"), [len(part) for part in found])
    else:
        paths = image_paths(directory, formats, follow_links)
        numbers = None if labels is None else np.asarray(labels, "int32")
        class_names = None if labels is None else [str(label) for label in sorted(set(labels))]
    if numbers is not None and len(numbers) != len(paths):
        raise ValueError(f"labels has {len(numbers)} entries, but there are {len(paths)} files in {directory!r}.")
    if not paths:
        raise ValueError(f"There are no files in {directory!r} that end in {', '.join(formats)}.")
    if shuffle:
        order = np.arange(len(paths))
        np.random.RandomState(seed).shuffle(order)
        paths = [paths[i] for i in order]
        numbers = None if numbers is None else numbers[order]
    return paths, numbers, class_names


def _checked_names(directory, class_names):
    folders = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir() and not entry.name.startswith("."))
    if class_names is None:
        return folders
    unknown = [name for name in class_names if name not in folders]
    if unknown:
        raise ValueError(f"class_names has {unknown[0]!r}, but {directory!r} has the folders {', '.join(folders)}.")
    return list(class_names)


def image_paths(directory, formats, follow_links):
    """The files below a folder, in the order of their folders and then of their names."""
    walked = sorted(os.walk(directory, followlinks=follow_links), key=lambda entry: entry[0])
    return [os.path.join(root, name) for root, _, files in walked for name in sorted(files) if name.lower().endswith(formats)]


def check_arguments(labels, label_mode, class_names, shuffle, seed, validation_split, subset):
    """Raise ValueError for what does not go together."""
    if labels != "inferred" and labels is not None and not isinstance(labels, (list, tuple)):
        raise ValueError(f"labels is 'inferred', None or a list of class numbers; {labels!r} came.")
    if label_mode not in ("int", "categorical", "binary", None):
        raise ValueError(f"label_mode is 'int', 'categorical', 'binary' or None; {label_mode!r} came.")
    if labels != "inferred" and class_names is not None:
        raise ValueError("class_names goes with labels='inferred' alone.")
    if (validation_split is None) != (subset is None):
        raise ValueError(f"validation_split and subset go together; {validation_split!r} and {subset!r} came.")
    if validation_split is None:
        return
    if not 0 < validation_split < 1:
        raise ValueError(f"validation_split must be between 0 and 1; {validation_split} came.")
    if subset not in ("training", "validation", "both"):
        raise ValueError(f"subset is 'training', 'validation' or 'both'; {subset!r} came.")
    if shuffle and seed is None:
        raise ValueError("A split of shuffled files needs a seed, so that the two subsets don't overlap.")


def parts(paths, numbers, validation_split, subset):
    """The `(paths, class numbers)` of the subset, or of both."""
    if subset is None:
        return [(paths, numbers)]
    count = int(validation_split * len(paths))
    if count == 0:
        raise ValueError(f"validation_split={validation_split} of {len(paths)} files leaves none for validation.")
    cut = lambda part: (paths[part], None if numbers is None else numbers[part])
    training, validation = cut(slice(None, -count)), cut(slice(-count, None))
    return {"training": [training], "validation": [validation], "both": [training, validation]}[subset]


def encoded(numbers, label_mode, class_names):
    """Class numbers in the form that `label_mode` asks for, each row a sample's.

    Raises: ValueError if "binary" meets another number of classes than two.
    """
    if numbers is None or label_mode is None:
        return None
    if label_mode == "binary":
        if len(class_names) != 2:
            raise ValueError(f"label_mode='binary' needs two classes; there are {len(class_names)}: {', '.join(class_names)}.")
        return numbers.astype("float32")[:, None]
    return numbers if label_mode == "int" else np.eye(len(class_names), dtype="float32")[numbers]


def announce(total, class_names, subset, sizes):
    """Print how many files there are, and how many of them are used."""
    classes = f" belonging to {len(class_names)} classes" if class_names is not None else ""
    print(f"Found {total} files{classes}.")
    if subset is not None:
        names = ("training", "validation") if subset == "both" else (subset,)
        for name, size in zip(names, sizes):
            print(f"Using {size} files for {name}.")
