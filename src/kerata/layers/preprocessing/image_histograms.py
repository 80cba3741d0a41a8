"""Contrast by what values images have: stretched, or by their histogram."""

from kerata import ops
from kerata.core.arrays import as_array, dtype_of
from kerata.layers.arguments import positive_integer
from kerata.layers.preprocessing.images import ImageLayer, in_range, value_range
from kerata.ops.nn import run_time_shape


class AutoContrast(ImageLayer):
    """The values of each channel stretched over the whole range, in training and otherwise.

    Args:
        value_range: the range of the images' values.
    """

    def __init__(self, value_range=(0, 255), **kwargs):
        super().__init__(**kwargs)
        self.value_range = _range(value_range, self)

    def transform_images(self, images, transformation=None, training=True):
        """The images in floats, their contrast stretched; channels of one value stay."""
        images = self._floats(images)
        axes = (self.height_axis, self.width_axis)
        low, high = ops.min(images, axes, keepdims=True), ops.max(images, axes, keepdims=True)
        spread = ops.subtract(high, low)
        flat = ops.equal(spread, 0)
        stretched = ops.divide(ops.subtract(images, low), ops.where(flat, 1.0, spread))
        return ops.where(flat, images, in_range(self, stretched, (0.0, 1.0), self.value_range))


class Equalization(ImageLayer):
    """The values of each channel spread so that all are about equally frequent in the batch, in training and otherwise.

    Args:
        value_range: the range of the images' values.
        bins: how many values are told apart.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
    """

    mixes_batch = True

    def __init__(self, value_range=(0, 255), bins=256, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.bins = _range(value_range, self), positive_integer(bins, "bins", self)

    def transform_images(self, images, transformation=None, training=True):
        """The images, equalized, in their own dtype."""
        images = as_array(images)
        dtype = dtype_of(images)
        x = ops.cast(images, "float32")
        scaled = ops.clip(in_range(self, x, self.value_range, (0.0, float(self.bins - 1))), 0, self.bins - 1)
        values = ops.cast(scaled, "int32")
        order = (3, 0, 1, 2) if self.data_format == "channels_last" else (1, 0, 2, 3)
        planes = ops.transpose(values, order)
        equal = ops.reshape(self._equalized(ops.reshape(planes, (planes.shape[0], -1))), run_time_shape(planes))
        equal = ops.transpose(equal, (1, 2, 3, 0) if order[0] == 3 else (1, 0, 2, 3))
        return ops.cast(in_range(self, equal, (0.0, 255.0), self.value_range), dtype)

    def _equalized(self, rows):
        """Values (channels, pixels) by the cumulative histogram of their channel, as whole numbers up to 255."""
        channels = rows.shape[0]
        offsets = ops.expand_dims(ops.multiply(ops.arange(channels, dtype="int32"), self.bins), -1)
        places = ops.add(rows, offsets)
        counts = ops.reshape(ops.bincount(ops.ravel(places), minlength=channels * self.bins), (channels, self.bins))
        below = ops.cast(ops.cumsum(counts, axis=1), "float32")
        first = ops.min(ops.where(ops.equal(below, 0), float("inf"), below), axis=1, keepdims=True)
        rest = ops.subtract(below[:, -1:], first)
        table = ops.divide(ops.subtract(below, first), ops.where(ops.equal(rest, 0), 1.0, rest))
        table = ops.clip(ops.round(ops.multiply(table, 255.0)), 0.0, 255.0)
        found = ops.reshape(ops.take(ops.ravel(table), ops.ravel(places), axis=0), run_time_shape(rows))
        as_bytes = ops.multiply(ops.cast(rows, "float32"), 255.0 / max(self.bins - 1, 1))
        return ops.where(ops.equal(rest, 0), as_bytes, found)


def _range(given, layer):
    return value_range(given, layer)
