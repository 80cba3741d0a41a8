"""Images made brighter or darker, and their channels' values shifted."""

from typing import Any

import numpy as np

from kerata.core.types import TensorLike
from kerata.utils import images

try:
    from PIL import ImageEnhance
except ImportError:  # `images.array_to_img` says what to install
    pass


def apply_brightness_shift(x: TensorLike, brightness: float, scale: bool = True) -> Any:
    """An image whose brightness is multiplied.

    Args:
        x: one image.
        brightness: the factor: 0 for black, 1 for the image as it is.
        scale: whether the values are stretched to 0 to 255 first, as Keras 2.3.1 always does, and stay so. If False they
            keep their range: those outside of 0 to 255 are brought into it and back.

    Shapes: (height, width, channels) with 1, 3 or 4 channels, channels first if that is the default of
    `kerata.config.image_data_format` -> the same, in `floatx` and in steps of 1/255 of the range.

    Raises: ImportError without Pillow.

    >>> import numpy as np
    >>> apply_brightness_shift(np.full((1, 1, 3), 100.0), 0.5, scale=False).ravel().tolist()
    [50.0, 50.0, 50.0]
    """
    return shifted(x, brightness, None, scale)


def shifted(x, brightness, data_format, scale):
    """`apply_brightness_shift` of an image in a given format."""
    low, high = np.min(x), np.max(x)
    outside = bool(low < 0 or high > 255)
    img = images.array_to_img(x, data_format, scale=scale or outside)
    result = images.img_to_array(ImageEnhance.Brightness(img).enhance(brightness), data_format)
    return result / 255 * (high - low) + low if outside and not scale else result


def random_brightness(x: TensorLike, brightness_range: Any, scale: bool = True) -> Any:
    """An image whose brightness is multiplied by a number drawn from `brightness_range`, a pair, by `numpy.random`.

    Args:
        x: one image.
        brightness_range: the lowest and the highest factor.
        scale: see `apply_brightness_shift`.

    Raises: ValueError if `brightness_range` is no pair, ImportError without Pillow.
    """
    return apply_brightness_shift(x, np.random.uniform(*pair(brightness_range, "brightness_range")), scale)


def pair(value, name):
    """A pair of numbers.

    Raises: ValueError for anything else.
    """
    if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != 2:
        raise ValueError(f"{name} is a pair of numbers, the lowest and the highest; {value!r} came.")
    return value


def apply_channel_shift(x: TensorLike, intensity: float, channel_axis: int = 0) -> Any:
    """An image with a number added to all values, kept between its lowest and its highest value.

    Args:
        x: one image.
        intensity: the number, in the units of the values.
        channel_axis: where the channels are.

    Shapes: any image -> the same.

    >>> import numpy as np
    >>> apply_channel_shift(np.array([[[0.0, 100.0, 250.0]]]), 60.0, channel_axis=2).tolist()
    [[[60.0, 160.0, 250.0]]]
    """
    x = np.moveaxis(np.asarray(x), channel_axis, 0)
    low, high = np.min(x), np.max(x)
    return np.moveaxis(np.stack([np.clip(channel + intensity, low, high) for channel in x]), 0, channel_axis)


def random_channel_shift(x: TensorLike, intensity_range: float, channel_axis: int = 0) -> Any:
    """An image with one number added to all values, drawn between `-intensity_range` and `intensity_range`.

    Args:
        x: one image.
        intensity_range: in the units of the values.
        channel_axis: where the channels are.

    The draw is `numpy.random`'s.
    """
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)
