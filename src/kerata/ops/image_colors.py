"""Colours of images: greyscale, and hue, saturation and value."""

from kerata.core import dtypes
from kerata.core.arrays import cast as _cast, dtype_of
from kerata.core.op import op
from kerata.ops import numpy as knp
from kerata.ops.image_filters import as_batch
from kerata.ops.promotion import to_float

_LUMA = (0.2989, 0.587, 0.114)  # ITU-R BT.601, rounded as is usual


def _colour_channels(what, x):
    if x.shape[-1] not in (3, None):
        raise ValueError(f"{what} takes images of three channels; {x.shape[-1]} came.")
    return (knp.get_item(x, (Ellipsis, i)) for i in range(3))


def _floats(what, images, data_format):
    x, undo = as_batch(what, images, data_format)
    if not dtypes.is_float_dtype(dtype_of(x)):
        raise ValueError(f"{what} takes floats from 0 to 1; images of dtype {dtype_of(x)} came. Divide bytes by 255 first.")
    return x, undo


@op
def rgb_to_grayscale(images, data_format=None):
    """How bright images are: 0.2989 red + 0.587 green + 0.114 blue; those of one channel stay as they are.

    Shapes: (batch, height, width, 3) or (height, width, 3), or with channels first -> the same with one channel. Integers
    are rounded down.

    Args:
        images: a tensor.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for images that have not 3 or 4 axes, or have another number of channels.

    >>> import kerata
    >>> kerata.ops.image.rgb_to_grayscale([[[1.0, 0.0, 0.0]]]).tolist()
    [[[0.298...]]]
    """
    x, undo = as_batch("rgb_to_grayscale", images, data_format)
    if x.shape[-1] == 1:
        return undo(x)
    red, green, blue = _colour_channels("rgb_to_grayscale", to_float(x))
    grey = red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2]
    return undo(_cast(knp.expand_dims(grey, -1), dtype_of(x)))


@op
def rgb_to_hsv(images, data_format=None):
    """Red, green and blue as hue, saturation and value, all from 0 to 1.

    Shapes: (batch, height, width, 3) or (height, width, 3), or with channels first -> the same.

    Args:
        images: a tensor.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for images that are no floats, have not 3 or 4 axes, or not 3 channels.

    Source: Smith 1978, "Color gamut transform pairs", doi:10.1145/965139.807361.

    >>> import kerata
    >>> kerata.ops.image.rgb_to_hsv([[[0.0, 1.0, 1.0]]]).tolist()
    [[[0.5, 1.0, 1.0]]]
    """
    x, undo = _floats("rgb_to_hsv", images, data_format)
    red, green, blue = _colour_channels("rgb_to_hsv", x)
    value = knp.max(x, -1)
    spread = value - knp.min(x, -1)
    divisor = knp.where(spread > 0, spread, 1.0)
    saturation = knp.where(value > 0, spread, 0.0) / knp.where(value > 0, value, 1.0)
    sixth = knp.where(
        red == value,
        (green - blue) / divisor,
        knp.where(green == value, (blue - red) / divisor + 2.0, (red - green) / divisor + 4.0),
    )
    hue = knp.where(spread > 0, sixth / 6.0, 0.0)
    hue = knp.where(hue < 0, hue + 1.0, hue)
    return undo(knp.stack([hue, saturation, value], -1))


@op
def hsv_to_rgb(images, data_format=None):
    """Hue, saturation and value, from 0 to 1, as red, green and blue.

    Shapes: (batch, height, width, 3) or (height, width, 3), or with channels first -> the same.

    Args:
        images: a tensor.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for images that are no floats, have not 3 or 4 axes, or not 3 channels.

    Source: Smith 1978, "Color gamut transform pairs", doi:10.1145/965139.807361.

    >>> import kerata
    >>> kerata.ops.image.hsv_to_rgb([[[0.5, 1.0, 1.0]]]).tolist()
    [[[0.0, 1.0, 1.0]]]
    """
    x, undo = _floats("hsv_to_rgb", images, data_format)
    hue, saturation, value = _colour_channels("hsv_to_rgb", x)
    place = 6.0 * hue
    amounts = (knp.absolute(place - 3.0) - 1.0, 2.0 - knp.absolute(place - 2.0), 2.0 - knp.absolute(place - 4.0))
    return undo(knp.stack([((knp.clip(a, 0.0, 1.0) - 1.0) * saturation + 1.0) * value for a in amounts], -1))


__all__ = ["hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]
