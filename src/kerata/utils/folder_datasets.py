"""Data sets of the images, texts or sounds in a folder."""

import functools
import math
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.config import standardize_data_format
from kerata.core.types import Path, Seed, TensorLike
from kerata.utils import folders, images, resizing
from kerata.utils.dataset import Dataset, ShuffledOrder, native, reading_threads, stacked
from kerata.utils.waves import read_wave

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


def image_dataset_from_directory(
    directory: Path,
    labels: TensorLike = "inferred",
    label_mode: str = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: Seed = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: Any = True,
) -> Any:
    """The images below a folder, with the folders that they are in as classes.

    Args:
        directory: holds a folder for each class.
        labels: "inferred" from the folders, None for none, or class numbers in the order of the files' paths.
        label_mode: "int" (batch,) in int32; "categorical" (batch, classes) or "binary" (batch, 1) in float32; None.
        class_names: the folders in the order of their numbers; alphanumeric if None. Other folders are left out.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: images in a batch, None for single images.
        image_size: (height, width) that images are resized to; one number for squares.
        shuffle: whether the order is random, another one in each pass; else it is that of the paths.
        seed: of the shuffling. A split needs it; the same seed gives the same split as Keras.
        validation_split: the fraction of the files that are for validation.
        subset: "training", "validation", or "both" for a pair of data sets.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: whether links to folders are followed.
        crop_to_aspect_ratio: whether the middle is cut out first, in the proportions of `image_size`.
        pad_to_aspect_ratio: whether the image is padded to these proportions with zeros.
        data_format: "channels_last" or "channels_first".
        format: "tf" gives a `tf.data.Dataset` on the TensorFlow engine, and kerata's own data set on the others; "grain"
            gives kerata's own on all.
        verbose: whether the number of files is told.

    Shapes: images are (batch, height, width, channels) in float32, 0 to 255.

    Returns: a data set with the attributes `class_names` and `file_paths`.

    Raises: FileNotFoundError if there is no such folder, ValueError for arguments that don't go together.

    >>> import numpy as np, os, tempfile
    >>> from kerata.utils import save_img
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cats", "dogs"):
    ...         os.mkdir(f"{folder}/{name}")
    ...         save_img(f"{folder}/{name}/1.png", np.zeros((10, 12, 3)))
    ...     data = image_dataset_from_directory(folder, image_size=(8, 8), shuffle=False, verbose=False)
    ...     x, y = next(iter(data))
    >>> data.class_names, x.shape, y.tolist()
    (['cats', 'dogs'], (2, 8, 8, 3), [0, 1])
    """
    if color_mode not in _CHANNELS:
        raise ValueError(f"color_mode is 'rgb', 'rgba' or 'grayscale'; {color_mode!r} came.")
    if interpolation not in resizing.INTERPOLATIONS:
        raise ValueError(f"interpolation is one of {', '.join(resizing.INTERPOLATIONS)}; {interpolation!r} came.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Images are cropped to the aspect ratio or padded to it, not both.")
    size, first = _size(image_size), standardize_data_format(data_format) == "channels_first"
    read = functools.partial(_read_image, color_mode, size, interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio, first)
    shape = (_CHANNELS[color_mode], *size) if first else (*size, _CHANNELS[color_mode])
    return _folder_dataset(
        directory, labels, label_mode, class_names, _IMAGES, read, (shape, "float32"), batch_size, shuffle, seed,
        validation_split, subset, follow_links, format, verbose,
    )  # fmt: skip


def text_dataset_from_directory(
    directory: Path,
    labels: TensorLike = "inferred",
    label_mode: str = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: Any = None,
    shuffle: bool = True,
    seed: Seed = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: Any = True,
) -> Any:
    """The `.txt` files below a folder, with the folders that they are in as classes.

    Args:
        max_length: how many bytes of a text are kept; all if None.

    The other arguments are those of `image_dataset_from_directory`.

    Shapes: texts are (batch,) in UTF-8 bytes.

    Returns: a data set with the attributes `class_names` and `file_paths`.

    Raises: FileNotFoundError if there is no such folder, ValueError for arguments that don't go together.

    >>> import os, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("bad", "good"):
    ...         os.mkdir(f"{folder}/{name}")
    ...         _ = pathlib.Path(f"{folder}/{name}/1.txt").write_text(f"a {name} film")
    ...     data = text_dataset_from_directory(folder, shuffle=False, verbose=False)
    ...     x, y = next(iter(data))
    >>> x.tolist(), y.tolist()
    ([b'a bad film', b'a good film'], [0, 1])
    """
    read = lambda path: np.array(pathlib.Path(path).read_bytes()[:max_length], dtype=object)
    return _folder_dataset(
        directory, labels, label_mode, class_names, (".txt",), read, ((), "string"), batch_size, shuffle, seed,
        validation_split, subset, follow_links, format, verbose,
    )  # fmt: skip


def audio_dataset_from_directory(
    directory: Path,
    labels: TensorLike = "inferred",
    label_mode: str = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: Any = None,
    output_sequence_length: Any = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: Seed = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: Any = True,
) -> Any:
    """The `.wav` files below a folder, with the folders that they are in as classes.

    Args:
        sampling_rate: samples a second that sounds are brought to (by scipy's `resample_poly`); as they are if None.
        output_sequence_length: the length that sounds are cut or padded to; that of the longest in the batch if None.
        ragged: whether sounds keep their lengths: a batch is then an array of arrays.

    The other arguments are those of `image_dataset_from_directory`.

    Shapes: sounds are (batch, time, channels) in float32, -1 to 1.

    Returns: a data set with the attributes `class_names` and `file_paths`.

    Raises: FileNotFoundError if there is no such folder, ValueError for arguments that don't go together.

    >>> import os, tempfile, wave
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.mkdir(f"{folder}/beeps")
    ...     with wave.open(f"{folder}/beeps/1.wav", "wb") as file:
    ...         file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
    ...         file.writeframes(bytes(2 * 100))
    ...     data = audio_dataset_from_directory(folder, verbose=False)
    ...     x, y = next(iter(data))
    >>> data.class_names, x.shape, y.shape
    (['beeps'], (1, 100, 1), (1,))
    """
    if ragged and output_sequence_length is not None:
        raise ValueError("ragged sounds keep their lengths: give ragged or output_sequence_length, not both.")
    if sampling_rate is not None and (not isinstance(sampling_rate, int) or sampling_rate <= 0):
        raise ValueError(f"sampling_rate is a positive integer; {sampling_rate!r} came.")
    read = functools.partial(_read_sound, sampling_rate, output_sequence_length)
    return _folder_dataset(
        directory, labels, label_mode, class_names, (".wav",), read, ((output_sequence_length, None), "float32"), batch_size,
        shuffle, seed, validation_split, subset, follow_links, "grain" if ragged else "tf", verbose,
        collate=_ragged if ragged else _padded,
    )  # fmt: skip


def _folder_dataset(
    directory, labels, label_mode, class_names, formats, read, spec, batch_size, shuffle, seed,
    validation_split, subset, follow_links, format, verbose, collate=stacked,
):  # fmt: skip
    folders.check_arguments(labels, label_mode, class_names, shuffle, seed, validation_split, subset)
    if format not in ("tf", "grain"):
        raise ValueError(f"format is 'tf' or 'grain'; {format!r} came.")
    if labels is None or label_mode is None:
        labels, label_mode = None, None
    paths, numbers, names = folders.index_folder(directory, labels, formats, class_names, shuffle, seed, follow_links)
    folders.encoded(numbers, label_mode, names)
    chosen = folders.parts(paths, numbers, validation_split, subset)
    if verbose:
        folders.announce(len(paths), names, subset, [len(part) for part, _ in chosen])
    results = []
    for part, part_numbers in chosen:
        targets = folders.encoded(part_numbers, label_mode, names)
        own = _files_dataset(part, targets, read, batch_size, shuffle, seed, collate)
        own.class_names, own.file_paths = names, part
        leading = () if batch_size is None else (None,)
        specs = ((*leading, *spec[0]), spec[1])
        if targets is not None:
            specs = (specs, ((*leading, *targets.shape[1:]), targets.dtype.name))
        results.append(native(own, specs, class_names=names, file_paths=part) if format == "tf" else own)
    return tuple(results) if subset == "both" else results[0]


def _files_dataset(paths, targets, read, batch_size, shuffle, seed, collate):
    """A data set that reads files batch by batch, in an order that changes with each pass if `shuffle`."""
    order = ShuffledOrder(len(paths), seed) if shuffle else None
    if order is not None:
        order.numbers = np.arange(len(paths))  # the paths are shuffled already

    def fetch(index):
        rows = np.arange(len(paths)) if order is None else order.numbers
        if batch_size is None:
            x = read(paths[rows[index]])
            return x if targets is None else (x, targets[rows[index]])
        rows = rows[index * batch_size : (index + 1) * batch_size]
        x = collate([read(paths[row]) for row in rows])
        return x if targets is None else (x, targets[rows])

    length = len(paths) if batch_size is None else math.ceil(len(paths) / batch_size)
    return Dataset(length, fetch, order.reshuffle if order else None, reading_threads())


def _size(image_size):
    if isinstance(image_size, (int, np.integer)):
        image_size = (image_size, image_size)
    if not isinstance(image_size, (tuple, list)) or len(image_size) != 2 or min(image_size) < 1:
        raise ValueError(f"image_size is (height, width), or one number for both; {image_size!r} came.")
    return tuple(image_size)


def _read_image(color_mode, size, interpolation, crop, pad, channels_first, path):
    try:
        array = images.img_to_array(images.load_img(path, color_mode), "channels_last", "float32")
    except OSError as error:
        raise ValueError(f"{path!r} can't be read as an image: {error}") from None
    array = resizing.resized(array, size, interpolation, crop, pad)
    return np.moveaxis(array, -1, 0) if channels_first else array


def _read_sound(sampling_rate, length, path):
    sound, rate = read_wave(path)
    if sampling_rate is not None and rate != sampling_rate:
        sound = _resampled(sound, rate, sampling_rate)
    return sound if length is None else _fitted(sound, length)


def _resampled(sound, rate, wanted):
    try:
        from scipy.signal import resample_poly
    except ImportError:
        raise ImportError("audio_dataset_from_directory resamples with scipy: pip install scipy.") from None
    common = math.gcd(rate, wanted)
    return resample_poly(sound, wanted // common, rate // common, axis=0).astype("float32")


def _fitted(sound, length):
    return np.pad(sound[:length], ((0, max(length - len(sound), 0)), (0, 0)))


def _padded(sounds):
    longest = max(len(sound) for sound in sounds)
    return np.stack([_fitted(sound, longest) for sound in sounds])


def _ragged(sounds):
    result = np.empty(len(sounds), object)
    result[:] = sounds
    return result
