"""Images as Pillow's objects, files and arrays."""

import io
import os
import pathlib
from typing import Any

import numpy as np

from kerata import ops
from kerata.core import config, suggestions
from kerata.core.types import DType, Path, TensorLike
from kerata.engines.warning import warn

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_WIDE_GRAY = ("I;16", "I;16L", "I;16B", "I")


def pillow():
    """Pillow's module `Image`.

    Raises: ImportError that says what to install.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("Images are read and written with Pillow: pip install pillow (or kerata[images]).") from None
    return Image


def array_to_img(x: TensorLike, data_format: str | None = None, scale: Any = True, dtype: DType = None) -> Any:
    """A Pillow image from an array.

    Args:
        x: one image.
        data_format: "channels_last" or "channels_first".
        scale: whether the values are stretched to 0 to 255.
        dtype: in which this is computed; `floatx` if None.

    Shapes: (height, width, channels) with 1, 3 or 4 channels, or with channels first.

    Raises: ValueError for another shape, ImportError without Pillow.

    >>> import numpy as np
    >>> array_to_img(np.zeros((2, 3, 1))).size
    (3, 2)
    """
    Image = pillow()
    first = config.standardize_data_format(data_format) == "channels_first"
    x = np.asarray(x, dtype=dtype or config.floatx())
    if x.ndim != 3:
        raise ValueError(f"array_to_img takes one image with 3 axes; shape {x.shape} came.")
    x = np.moveaxis(x, 0, -1) if first else x
    if x.shape[-1] not in (1, 3, 4):
        raise ValueError(f"array_to_img takes 1, 3 or 4 channels; {x.shape[-1]} came (shape {x.shape}, channels last).")
    if scale and x.size:
        x = x - x.min()
        x = x / (x.max() or 1) * 255
    if x.shape[-1] > 1:
        return Image.fromarray(x.astype("uint8"))
    gray = x[..., 0]
    return Image.fromarray(gray.astype("int32")) if gray.max(initial=0) > 255 else Image.fromarray(gray.astype("uint8"))


def img_to_array(img: Any, data_format: str | None = None, dtype: DType = None) -> Any:
    """An array from a Pillow image.

    Args:
        data_format: "channels_last" or "channels_first".
        dtype: `floatx` if None.

    Shapes: an image -> (height, width, channels), or with channels first.

    >>> import numpy as np
    >>> img_to_array(array_to_img(np.zeros((2, 3, 3)))).shape
    (2, 3, 3)
    """
    first = config.standardize_data_format(data_format) == "channels_first"
    x = np.asarray(img, dtype=dtype or config.floatx())
    if x.ndim not in (2, 3):
        raise ValueError(f"img_to_array takes an image with 2 or 3 axes; shape {x.shape} came.")
    x = x[..., None] if x.ndim == 2 else x
    return np.moveaxis(x, -1, 0) if first else x


def load_img(
    path: Path,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """A Pillow image from a file.

    Args:
        path: the file's name, or a file or bytes buffer.
        color_mode: "grayscale", "rgb" or "rgba".
        target_size: (height, width) that it is resized to.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: whether the middle is cut out first, in the proportions of `target_size`.

    Raises: ValueError for an unknown mode or interpolation, TypeError for another kind of path, ImportError without Pillow.

    >>> import io, numpy as np
    >>> buffer = io.BytesIO()
    >>> save_img(buffer, np.zeros((10, 12, 3)), file_format="png")
    >>> load_img(buffer, target_size=(4, 6)).size  # Pillow's (width, height)
    (6, 4)
    """
    Image = pillow()
    if color_mode not in _MODES:
        raise ValueError(f"color_mode is 'grayscale', 'rgb' or 'rgba'; {color_mode!r} came.")
    filters = {name.lower(): value for name, value in Image.Resampling.__members__.items()}
    if interpolation not in filters:
        raise ValueError(f"interpolation is one of {', '.join(sorted(filters))}; {interpolation!r} came.")
    if not isinstance(path, (str, bytes, os.PathLike, io.IOBase)):
        raise TypeError(f"path is a file's name or a file; {type(path).__name__} came.")
    content = path if isinstance(path, io.IOBase) else io.BytesIO(pathlib.Path(os.fsdecode(path)).read_bytes())
    img = Image.open(content)
    if not (color_mode == "grayscale" and img.mode in (*_WIDE_GRAY, "L")) and img.mode != _MODES[color_mode]:
        img = img.convert(_MODES[color_mode])
    if target_size is None or img.size == (target_size[1], target_size[0]):
        img.load()
        return img
    size = (target_size[1], target_size[0])
    return img.resize(size, filters[interpolation], _middle(img.size, size) if keep_aspect_ratio else None)


def _middle(size, target):
    """The box in the middle of an image that has the target's proportions."""
    width, height = min(size[0], size[1] * target[0] // target[1]), min(size[1], size[0] * target[1] // target[0])
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height


def save_img(
    path: Path, x: TensorLike, data_format: str | None = None, file_format: Any = None, scale: Any = True, **kwargs: Any
) -> None:
    """An image file from an array.

    Args:
        path: the file's name, or a file.
        x: one image.
        data_format: "channels_last" or "channels_first".
        file_format: of the file, such as "png"; by the name's ending if None.
        scale: whether the values are stretched to 0 to 255.
        **kwargs: for Pillow's `Image.save`.

    Shapes: (height, width, channels) with 1, 3 or 4 channels, or with channels first.

    Raises: TypeError for a name that is nearly one of these arguments' (Pillow leaves out what it does not know).

    >>> import numpy as np, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_img(folder + "/black.png", np.zeros((10, 12, 3)))
    ...     load_img(folder + "/black.png").size  # Pillow's (width, height)
    (12, 10)
    """
    own = suggestions.arguments_of(save_img)
    suggestions.refuse(save_img, [name for name in kwargs if suggestions.nearest(name, own)])
    img = array_to_img(x, data_format, scale)
    ending = file_format or (pathlib.PurePath(path).suffix.lstrip(".") if isinstance(path, (str, os.PathLike)) else "")
    if img.mode == "RGBA" and ending.lower() in ("jpg", "jpeg"):
        warn("JPEG files hold no transparency: the image is saved as RGB.")
        img = img.convert("RGB")
    img.save(path, format="jpeg" if file_format == "jpg" else file_format, **kwargs)


def smart_resize(x, size, interpolation="bilinear", data_format="channels_last", **kwargs):
    """Images in another size without distortion: the middle is cut out in the proportions of `size`, and resized.

    Args:
        x: one image or a batch.
        size: (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        data_format: "channels_last" or "channels_first".

    Shapes: (..., height, width, channels) -> (..., *size, channels), or with channels first. NumPy arrays stay such.

    Raises: ValueError for another number of axes, or a size that is no pair.

    >>> import numpy as np
    >>> smart_resize(np.zeros((10, 20, 3)), (4, 4)).shape
    (4, 4, 3)
    """
    suggestions.refuse(smart_resize, kwargs)
    if not hasattr(size, "__len__") or len(size) != 2:
        raise ValueError(f"size is (height, width); {size!r} came.")
    if len(np.shape(x)) not in (3, 4):
        raise ValueError(f"smart_resize takes images with 3 or 4 axes; shape {tuple(np.shape(x))} came.")
    result = ops.image.resize(
        ops.cast(x, config.floatx()), size, interpolation, crop_to_aspect_ratio=True, data_format=data_format
    )
    return ops.convert_to_numpy(result) if isinstance(x, np.ndarray) else result
