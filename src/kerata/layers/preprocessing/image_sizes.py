"""Images brought to another size: resized, or cut."""

from typing import Any, ClassVar

from kerata import ops
from kerata.core.arrays import as_array
from kerata.core.fields import dataclass
from kerata.core.types import Seed, Shape
from kerata.layers.arguments import PositiveInt
from kerata.layers.preprocessing.image_geometry import MovingLayer
from kerata.layers.preprocessing.images import ForAnyTransformation, ForNoTransformation
from kerata.ops.image import inner_window
from kerata.ops.lengths import run_time_shape


@dataclass(after={"data_format": "width"})
class SizeLayer(MovingLayer):
    """A layer whose output has a height and a width of its own.

    A subclass tells what the output shows: `_window(transformation, size)`, (start, length) along both axes of images of a
    size.
    """

    always = True
    _window: ClassVar[Any]

    height: PositiveInt
    width: PositiveInt

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The output's shape for inputs of this shape: with the layer's height and width."""
        shape = list(input_shape)
        shape[self.height_axis], shape[self.width_axis] = self.height, self.width
        return tuple(shape)

    def _move_points(self, x, y, transformation, size):
        (top, left), (down, across) = (
            [ops.cast(n, "float32") for n in pair] for pair in zip(*self._window(transformation, size))
        )
        return (x - left) * (self.width / across), (y - top) * (self.height / down)


@dataclass(after={"data_format": "antialias"})
class Resizing(ForNoTransformation, SizeLayer):
    """Images resized.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same, of the
    layer's size. The dtype stays.

    Args:
        height: the output's height.
        width: the output's width.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: whether the images are first cut to the proportions of the output.
        pad_to_aspect_ratio: whether the images are first extended to them.
        fill_mode: only "constant".
        fill_value: what they are extended with.
        antialias: whether images made smaller are smoothed.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> kerata.layers.Resizing(2, 3)(np.ones((1, 8, 9, 3))).shape
    (1, 2, 3, 3)
    """

    interpolation: str = "bilinear"
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    fill_mode: str = "constant"
    fill_value: float = 0.0
    antialias: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError("Resizing: images are cut to the proportions or extended to them, not both.")

    def _draw(self, draws, images):
        """The images' height and width."""
        return self._size(images)

    def _sizes(self, transformation):
        return transformation, (self.height, self.width)

    def _move_points(self, x, y, transformation, size):
        """Points by the one factor that keeps proportions, if they are kept, and by whole pixels from there to the middle."""
        wanted = [float(n) for n in (self.height, self.width)]
        down, across = (new / ops.cast(n, "float32") for new, n in zip(wanted, size))
        if not self.crop_to_aspect_ratio and not self.pad_to_aspect_ratio:
            return x * across, y * down
        scale = (ops.maximum if self.crop_to_aspect_ratio else ops.minimum)(down, across)
        beside = [(new - scale * ops.cast(n, "float32")) / 2.0 for new, n in zip(wanted, size)]
        top, left = (ops.sign(n) * ops.floor(ops.absolute(n)) for n in beside)
        return x * scale + left, y * scale + top

    def _move(self, images, transformation, interpolation):
        return ops.image.resize(
            images,
            (self.height, self.width),
            interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )


class CroppingLayer(SizeLayer):
    """A layer that cuts a part of its own size out of images, or resizes the largest part of its proportions.

    A subclass tells where the part begins: `_corner(transformation, size)`, a row and a column, or None to resize.
    """

    masks_in_floats = True
    _corner: Any

    def _window(self, transformation, size):
        """Where the part of the images lies that is shown."""
        corner = self._corner(transformation, size)
        if corner is None:
            return inner_window(ops, size[0], size[1], (self.height, self.width))
        return list(zip(corner, (self.height, self.width)))

    def _move(self, images, transformation, interpolation):
        size = (self.height, self.width)
        corner = self._corner(transformation, self._size(images))
        if corner is None:
            return ops.image.resize(images, size, interpolation, crop_to_aspect_ratio=True, data_format=self.data_format)
        for axis, start, length in zip((self.height_axis, self.width_axis), corner, size):
            images = ops.take(images, ops.arange(length, dtype="int32") + start, axis=axis)
        return images

    def _is_larger(self, size):
        """Whether images of a size, or of an unknown one, hold the layer's part."""
        return all(not isinstance(n, int) or n >= wanted for n, wanted in zip(size, (self.height, self.width)))


@dataclass
class CenterCrop(ForAnyTransformation, CroppingLayer):
    """The middle of images; images that are too small are resized first.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same, of the
    layer's size.

    Args:
        height: the output's height.
        width: the output's width.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> image = np.arange(16.0).reshape(4, 4, 1)
    >>> kerata.layers.CenterCrop(2, 2)(image)[:, :, 0].tolist()
    [[5.0, 6.0], [9.0, 10.0]]
    """

    def _draw(self, draws, images):
        """The images' shape."""
        return {"input_shape": tuple(run_time_shape(images))}

    def _sizes(self, transformation):
        return super()._sizes(transformation)[0], (self.height, self.width)

    def _corner(self, transformation, size):
        height, width = size
        known = isinstance(height, int) and isinstance(width, int)
        return ((height - self.height) // 2, (width - self.width) // 2) if known and self._is_larger(size) else None


@dataclass(after={"data_format": "seed", "name": "data_format"})
class RandomCrop(CroppingLayer):
    """A random part of images while training, the same of a whole batch; otherwise images resized to that size.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same, of the
    layer's size.

    Otherwise, and where images are too small, it is the largest part of the wanted proportions that is resized.

    Args:
        height: the output's height.
        width: the output's width.
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> crop = kerata.layers.RandomCrop(2, 2, seed=1)
    >>> part = np.asarray(crop(np.arange(16.0).reshape(4, 4, 1), training=True))[:, :, 0]
    >>> (part - part[0, 0]).tolist()  # two neighbours of a row, two of the next
    [[0.0, 1.0], [4.0, 5.0]]
    """

    seed: int | None = None

    def get_random_transformation(self, data: Any, training: bool | None = True, seed: Seed = None) -> Any:
        self._seen = self._size(as_array(data["images"] if isinstance(data, dict) else data))
        return super().get_random_transformation(data, training, seed)

    def _draw(self, draws, images):
        """The first row and the first column; None where images are too small."""
        if not self._is_larger(self._seen):
            return None
        return tuple(
            ops.cast(ops.floor(draws.uniform(0.0, 1.0, each=False) * ops.cast(length - wanted + 1, "float32")), "int32")
            for length, wanted in zip(self._seen, (self.height, self.width))
        )

    def _sizes(self, transformation):
        return getattr(self, "_seen", (None, None)), (self.height, self.width)

    def _corner(self, transformation, size):
        return transformation
