"""Batches of images as NumPy arrays to draw on, and colours."""

import colorsys

import numpy as np

from kerata.core.arrays import to_numpy
from kerata.core.config import standardize_data_format

# Okabe and Ito 2008, "Color universal design": eight colours that people with any kind of colour vision can tell apart.
# Black is left out, as pictures are full of it; the order is that of the greatest differences first.
OKABE_ITO = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
_GOLDEN = 0.618034


def batch_of(images, data_format, what="images"):
    """Images as a NumPy array of shape (batch, height, width, channels).

    Raises: ValueError for another number of axes, or channels that are neither grey, colours nor colours and opacity.
    """
    array = to_numpy(images)
    if array.ndim != 4:
        raise ValueError(
            f"{what}: a batch of images, of four axes, is expected; shape {array.shape} came. Add the batch axis to a single "
            "image, with image[None]."
        )
    if standardize_data_format(data_format) == "channels_first":
        array = array.transpose(0, 2, 3, 1)
    if array.shape[-1] not in (1, 3, 4):
        raise ValueError(f"{what}: images have 1, 3 or 4 channels; {array.shape[-1]} came, for data_format={data_format!r}.")
    return array


def returned(array, data_format):
    """Images in the layout that they came in."""
    return array.transpose(0, 3, 1, 2) if standardize_data_format(data_format) == "channels_first" else array


def as_bytes(array, value_range=(0, 255)):
    """Images with values from `value_range` as bytes; what is outside is cut off.

    Raises: ValueError for a range that is none.
    """
    low, high = value_range
    if not high > low:
        raise ValueError(f"value_range must be a smaller and a larger number; {value_range!r} came.")
    if array.dtype == np.uint8 and (low, high) == (0, 255):
        return array
    scaled = (np.nan_to_num(array.astype("float64")) - low) * (255 / (high - low))
    return np.clip(np.round(scaled), 0, 255).astype("uint8")


def with_colors(array):
    """Images with three channels: grey ones three times, opacity left out."""
    return np.repeat(array, 3, axis=-1) if array.shape[-1] == 1 else array[..., :3]


def as_before(colored, original):
    """Images of three channels with the channels that they had."""
    if original.shape[-1] == 1:
        return grey(colored)[..., None]
    return np.concatenate([colored, original[..., 3:]], axis=-1) if original.shape[-1] == 4 else colored


def grey(colors):
    """How bright colours are; the weights are those of ITU-R BT.601."""
    return np.round(np.asarray(colors, "float64") @ [0.299, 0.587, 0.114]).astype("uint8")


def checked_color(color, what):
    """A colour as three integers from 0 to 255.

    Raises: ValueError for other things.
    """
    values = np.asarray(color)
    if values.shape not in ((3,), (4,)) or values.dtype.kind not in "iuf" or (values < 0).any() or (values > 255).any():
        raise ValueError(f"{what}: a colour is three numbers from 0 to 255, red, green and blue; {color!r} came.")
    return tuple(int(x) for x in values[:3])


def palette(count):
    """Colours for classes: those of Okabe and Ito, and then others whose hue, by the golden ratio, and lightness vary."""
    further = range(len(OKABE_ITO), count)
    made = [colorsys.hls_to_rgb(i * _GOLDEN % 1.0, (0.35, 0.6, 0.8)[i % 3], 0.75) for i in further]
    return [*OKABE_ITO[:count], *(tuple(round(255 * x) for x in color) for color in made)]
