"""Contrast by what values images have: stretched, or by their histogram."""

from kerata import engines, ops
from kerata.core import dtypes
from kerata.core.arrays import dtype_of
from kerata.core.fields import dataclass
from kerata.layers.arguments import PerAxis, PositiveInt
from kerata.layers.preprocessing.images import ForAnyTransformation, ImageLayer, Number, ValueRange, in_range
from kerata.ops.image_sampling import reflected
from kerata.ops.lengths import run_time_shape


@dataclass
class AutoContrast(ForAnyTransformation):
    """The values of each channel stretched over the whole range, in training and otherwise.

    Args:
        value_range: the range of the images' values.

    >>> import kerata, numpy as np
    >>> kerata.layers.AutoContrast()(np.array([[[100.0], [150.0], [200.0]]])).tolist()
    [[[0.0], [127.5], [255.0]]]
    """

    always = True

    value_range: ValueRange = ValueRange((0, 255))

    def _change_images(self, images, transformation):
        """The images, their contrast stretched; channels of one value stay."""
        axes = (self.height_axis, self.width_axis)
        low, high = ops.min(images, axes, keepdims=True), ops.max(images, axes, keepdims=True)
        spread = high - low
        flat = ops.equal(spread, 0)
        stretched = (images - low) / ops.where(flat, 1.0, spread)
        return ops.where(flat, images, in_range(stretched, (0.0, 1.0), self.value_range))


@dataclass(after={"data_format": "bins"})
class Equalization(ImageLayer):
    """The values of each channel spread so that all are about equally frequent in the batch, while training.

    Args:
        value_range: the range of the images' values.
        bins: how many values are told apart.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> image = np.array([100.0, 101.0, 102.0, 103.0]).reshape(1, 4, 1)
    >>> np.asarray(kerata.layers.Equalization()(image)).ravel().round().tolist()
    [0.0, 85.0, 170.0, 255.0]
    """

    keeps_unchanged = mixes_batch = True

    value_range: ValueRange = ValueRange((0, 255))
    bins: PositiveInt = PositiveInt(256)

    def _acts(self, transformation, training):
        return training

    def _change_images(self, images, transformation):
        scaled = ops.clip(
            in_range(ops.cast(images, "float32"), self.value_range, (0.0, float(self.bins - 1))), 0, self.bins - 1
        )
        values = ops.cast(scaled, "int32")
        order = (3, 0, 1, 2) if self.data_format == "channels_last" else (1, 0, 2, 3)
        planes = ops.transpose(values, order)
        equal = ops.reshape(self._equalized(ops.reshape(planes, (planes.shape[0], -1))), run_time_shape(planes))
        equal = ops.transpose(equal, (1, 2, 3, 0) if order[0] == 3 else (1, 0, 2, 3))
        return in_range(equal, (0.0, 255.0), self.value_range)

    def _equalized(self, rows):
        """Values (channels, pixels) by the cumulative histogram of their channel, as whole numbers up to 255."""
        counts, places = histograms(rows, self.bins)
        below = ops.cumsum(counts, axis=1)
        first = ops.min(ops.where(ops.equal(below, 0), float("inf"), below), axis=1, keepdims=True)
        rest = below[:, -1:] - first
        table = (below - first) / ops.where(ops.equal(rest, 0), 1.0, rest)
        table = ops.clip(ops.round(table * 255.0), 0.0, 255.0)
        found = ops.reshape(ops.take(ops.ravel(table), ops.ravel(places), axis=0), run_time_shape(rows))
        as_bytes = ops.cast(rows, "float32") * (255.0 / max(self.bins - 1, 1))
        return ops.where(ops.equal(rest, 0), as_bytes, found)


def histograms(rows, bins):
    """How often each row of (n, pixels) has each whole number below `bins`: floats (n, bins), and where each pixel counts.

    Those places are among all n * bins ones, so that `take` finds for each pixel what belongs to its value in its row.
    """
    count = run_time_shape(rows)[0]
    places = rows + ops.expand_dims(ops.arange(count, dtype="int32") * bins, -1)
    every = ops.ravel(places)
    counts = ops.segment_sum(ops.ones_like(every, "float32"), every, None if count is None else count * bins)
    return ops.reshape(counts, (-1, bins)), places


@dataclass(after={"data_format": "tile_grid_size"})
class ContrastLimitedAdaptiveHistogramEqualization(ForAnyTransformation):
    """The values of each part of an image spread so that all are about equally frequent there, noise made no stronger than
    a limit; in training and otherwise.

    An image is parted into tiles, extended by its mirror image where they do not fit. Each tile has its own table of new
    values, and each pixel is interpolated between the tables of the four tiles around it. Images keep their dtype if it
    is one of whole numbers.

    Args:
        value_range: the range of the images' values; they are told apart in 256 steps.
        clip_limit: how many times the average a value counts at most in a tile's histogram, which limits how far its
            neighbours are spread; no limit if 0.
        tile_grid_size: how many tiles there are, (along the height, along the width).
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Source: Zuiderveld 1994, "Contrast limited adaptive histogram equalization", Graphics Gems IV, pages 474-485.

    >>> import kerata, numpy as np
    >>> layer = kerata.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(1, 1), clip_limit=0.0)
    >>> layer(np.array([[0, 1], [2, 2]], "uint8").reshape(1, 2, 2, 1))[0, :, :, 0].tolist()
    [[0, 85], [255, 255]]
    """

    always = keeps_dtype = True
    steps = 256

    value_range: ValueRange = ValueRange((0, 255))
    clip_limit: Number = Number(4.0)
    tile_grid_size: PerAxis = PerAxis((8, 8))

    def _change_images(self, images, transformation):
        """The images, equalized tile by tile."""
        dtype = dtype_of(images) if dtypes.is_int_dtype(dtype_of(images)) else self.compute_dtype
        if engines.current().is_abstract:  # tiles of unknown images have unknown sizes
            return engines.current().told_by_shapes(ops.cast(images, dtype))
        first = self.data_format == "channels_first"
        x = ops.cast(ops.transpose(images, (0, 2, 3, 1)) if first else images, "float32")
        levels = ops.cast(ops.clip(in_range(x, self.value_range, (0.0, self.steps - 1.0)), 0, self.steps - 1), "int32")
        equal = in_range(self._equalized(levels), (0.0, self.steps - 1.0), self.value_range)
        return ops.cast(ops.transpose(equal, (0, 3, 1, 2)) if first else equal, dtype)

    def _equalized(self, levels):
        """Whole numbers (batch, height, width, channels) by the tables of the tiles around them."""
        batch, height, width, channels = run_time_shape(levels)
        rows, columns = self.tile_grid_size
        tall, wide = -(-height // rows), -(-width // columns)
        tables = ops.ravel(self._tables(self._tiles(levels, tall, wide), tall * wide))
        image = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1, 1))
        channel = ops.arange(channels, dtype="int32")
        total = 0.0
        for row, height_share in _around(height, tall, rows, (-1, 1, 1)):
            for column, width_share in _around(width, wide, columns, (-1, 1)):
                tile = ((image * rows + row) * columns + column) * channels + channel
                total = total + height_share * width_share * ops.take(tables, tile * self.steps + levels)
        return total

    def _tiles(self, levels, tall, wide):
        """The pixels of each tile: (batch * rows * columns * channels, pixels)."""
        batch, height, width, channels = run_time_shape(levels)
        for axis, length, wanted in ((1, height, tall * self.tile_grid_size[0]), (2, width, wide * self.tile_grid_size[1])):
            levels = ops.take(levels, reflected(ops.arange(wanted, dtype="int32"), length), axis)
        tiles = ops.reshape(levels, (batch, self.tile_grid_size[0], tall, self.tile_grid_size[1], wide, channels))
        return ops.reshape(ops.transpose(tiles, (0, 1, 3, 5, 2, 4)), (-1, tall * wide))

    def _tables(self, tiles, pixels):
        """The new value of each old one: (tiles, pixels) -> (tiles, steps)."""
        counts, _ = histograms(tiles, self.steps)
        if self.clip_limit > 0:
            limited = ops.minimum(counts, ops.cast(pixels, "float32") * (self.clip_limit / self.steps))
            beyond = ops.sum(counts - limited, 1, keepdims=True)
            counts = limited + beyond / self.steps
        below = ops.cumsum(counts, 1)
        first, rest = below[:, :1], below[:, -1:] - below[:, :1]
        return (below - first) / ops.where(rest > 0, rest, 1.0) * (self.steps - 1.0)


def _around(length, tile, count, shape):
    """The two tiles around each pixel of an axis, and what each counts, both of `shape`."""
    place = ops.clip(ops.cast(ops.arange(length, dtype="int32"), "float32") / ops.cast(tile, "float32") - 0.5, 0, count - 1)
    low = ops.floor(place)
    far, low = ops.reshape(place - low, shape), ops.reshape(ops.cast(low, "int32"), shape)
    return (low, 1.0 - far), (ops.minimum(low + 1, count - 1), far)
