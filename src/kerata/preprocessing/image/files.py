"""Images as files, arrays and Pillow's objects, with the arguments of Keras 1 and 2 too."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from kerata.compat.translate import tell
from kerata.core.types import Path
from kerata.utils import folders, images

P = ParamSpec("P")
R = TypeVar("R")

FORMATS = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")
_ORDERINGS = {"th": "channels_first", "tf": "channels_last", "default": None}


def with_old_names(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of functions that take arguments under old names too, `old="new"`.

    A function with `data_format` also takes Keras 1's `dim_ordering`, and its "th", "tf" and "default".
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        known = list(inspect.signature(function).parameters)
        place = known.index("data_format") if "data_format" in known else len(known)
        renamed = names | {"dim_ordering": "data_format"} if "data_format" in known else names
        owner = function.__qualname__.removesuffix(".__init__")

        @functools.wraps(function)
        def taking_both(*args: P.args, **kwargs: P.kwargs) -> R:
            for old in renamed.keys() & kwargs.keys():
                tell(f"{owner}({old}=)", f"{owner}({renamed[old]}=)")
                kwargs[renamed[old]] = kwargs.pop(old)
            positional: Any = [_today(value) if i == place else value for i, value in enumerate(args)]
            if place < len(known) and "data_format" in kwargs:
                kwargs["data_format"] = _today(kwargs["data_format"])
            return function(*positional, **kwargs)

        return taking_both

    return decorated


def _today(data_format):
    return _ORDERINGS.get(data_format, data_format) if isinstance(data_format, str) else data_format


array_to_img = with_old_names()(images.array_to_img)
img_to_array = with_old_names()(images.img_to_array)
save_img = with_old_names()(images.save_img)


@functools.wraps(images.load_img)
def load_img(path: Path, *args: Any, **kwargs: Any) -> Any:
    """A Pillow image from a file: `kerata.utils.load_img`, with the arguments of Keras 1 and 2 too.

    Beyond what `kerata.utils.load_img` takes there is `grayscale`, True for `color_mode="grayscale"`; by place it stands
    second, before `color_mode` (Keras 2) or `target_size` (Keras 1).

    >>> import io, numpy as np
    >>> buffer = io.BytesIO()
    >>> save_img(buffer, np.zeros((10, 12, 3)), file_format="png")
    >>> load_img(buffer, target_size=(4, 6)).size  # Pillow's (width, height)
    (6, 4)
    """
    if args and isinstance(args[0], (bool, int)):
        kwargs["grayscale"] = args[0]
        args = args[1:]
        if args and not isinstance(args[0], str):
            args = ("rgb", *args)
    if "grayscale" in kwargs:
        tell("load_img(grayscale=True)", 'load_img(color_mode="grayscale")')
        if kwargs.pop("grayscale"):
            args = ("grayscale", *args[1:])
            kwargs.pop("color_mode", None)
    return images.load_img(path, *args, **kwargs)


def list_pictures(directory: Path, ext: Any = FORMATS) -> list[str]:
    """The paths of the images in a folder and the folders below it, sorted folder by folder.

    Args:
        directory: the folder.
        ext: endings, as a tuple or, as in Keras 1, in one text: "jpg|png". Case does not count.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.png", "a.JPG", "notes.txt"):
    ...         pathlib.Path(folder, name).touch()
    ...     [pathlib.Path(path).name for path in list_pictures(folder)]
    ['a.JPG', 'b.png']
    """
    endings = ext.split("|") if isinstance(ext, str) else ext
    return folders.image_paths(directory, tuple("." + ending.lower().lstrip(".") for ending in endings), False)
