"""Images turned, moved, zoomed, sheared and bent at random."""

import math
from typing import Any, ClassVar

from kerata import ops
from kerata.core.arrays import as_array
from kerata.core.fields import dataclass
from kerata.core.types import TensorLike
from kerata.layers.arguments import OneOf
from kerata.layers.preprocessing.images import (
    GivenRange,
    ImageLayer,
    Number,
    PositiveRange,
    Range,
    ValueRange,
    as_pair,
    chosen,
    column,
)
from kerata.ops.boxes import clip_to_image_size, convert_format
from kerata.ops.image_sampling import homography, projected
from kerata.ops.lengths import run_time_shape

FILL_MODES = ("constant", "reflect", "wrap", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


class MovingLayer(ImageLayer):
    """A layer that moves pixels, and boxes and masks with them.

    A subclass computes in `_move(images, transformation, interpolation)`, for images and masks, and in
    `_move_points(x, y, transformation, size)`, for boxes; or it gives the `_matrix` of an affine map for both.
    """

    moves_pixels = True
    _matrix: Any
    interpolation, fill_mode, fill_value = "bilinear", "reflect", 0.0

    def _change_images(self, images, transformation):
        return self._move(images, transformation, self.interpolation)

    def _change_segmentation_masks(self, segmentation_masks, transformation):
        """The masks, moved with the images; each pixel is one of the mask's."""
        return self._move(segmentation_masks, transformation, "nearest")

    def _change_bounding_boxes(self, bounding_boxes, transformation):
        """The smallest boxes around the moved corners of boxes, cut to the image; what is no longer in it has the label -1."""
        boxes, kind = bounding_boxes["boxes"], self.bounding_box_format
        old, new = self._sizes(transformation)
        left, top, right, bottom = ops.split(convert_format(boxes, kind, "xyxy", *old), 4, -1)
        x, y = ops.concatenate([left, right, left, right], -1), ops.concatenate([top, top, bottom, bottom], -1)
        x, y = self._move_points(x, y, transformation, old)
        edges = ops.stack([ops.min(x, -1), ops.min(y, -1), ops.max(x, -1), ops.max(y, -1)], -1)
        clipped = clip_to_image_size(bounding_boxes | {"boxes": edges}, new[0], new[1], "xyxy")
        return clipped | {"boxes": convert_format(clipped["boxes"], "xyxy", kind, *new)}

    def _sizes(self, transformation):
        """The images' height and width, before and after."""
        if "image_height" in transformation:
            size = transformation["image_height"], transformation["image_width"]
        else:
            size = tuple(transformation["input_shape"][axis] for axis in (self.height_axis, self.width_axis))
        return size, size

    def _move(self, images, transformation, interpolation):
        """The images, or masks, moved."""
        return ops.image.affine_transform(
            images,
            self._matrix(transformation, self._size(images)),
            interpolation=interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )

    def _move_points(self, x, y, transformation, size):
        """Where points (batch, n, 4) of the images come to, by the map from pixel to pixel; `affine_transform` reads backwards.

        The middle of the first pixel is at 0 there, and a box's edge at 0 is taken for it, as in Keras.
        """
        matrix = self._matrix(transformation, size)
        a0, a1, a2, b0, b1, b2 = (ops.reshape(matrix[:, i], (-1, 1, 1)) for i in range(6))
        x, y = x - a2, y - b2
        determinant = a0 * b1 - a1 * b0
        return (b1 * x - a1 * y) / determinant, (a0 * y - b0 * x) / determinant

    def get_transformed_x_y(self, x: TensorLike, y: TensorLike, transform: Any) -> Any:
        """The points of the images that points of the result are read from, by rows of eight numbers: (n,) -> (batch, n)."""
        return projected(as_array(transform), as_array(x), as_array(y), (-1, 1))


def matrix(a0, a1, a2, b0, b1, b2):
    """Rows of eight numbers for `ops.image.affine_transform`, from numbers (batch,)."""
    zero = ops.zeros_like(a2)
    return ops.stack([part if hasattr(part, "shape") else zero + part for part in (a0, a1, a2, b0, b1, b2, 0, 0)], -1)


def _float(length):
    return ops.cast(length, "float32")


@dataclass(after={"data_format": "fill_value"})
class RandomRotation(MovingLayer):
    """Images turned around their middle at random while training.

    Args:
        factor: how far, in whole turns, positive ones counter-clockwise: a pair (low, high), or one number for
            (-factor, factor).
        fill_mode: what is beyond the edges: "reflect", "constant", "wrap" or "nearest".
        interpolation: "nearest" or "bilinear".
        seed: an integer for the same draws in each run.
        fill_value: what is beyond the edges with "constant".
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> image = np.arange(4.0).reshape(2, 2, 1)  # rows [0, 1] and [2, 3]
    >>> with kerata.use_engine("numpy"):
    ...     kerata.layers.RandomRotation((0.25, 0.25))(image, training=True)[:, :, 0].round(2).tolist()
    [[1.0, 3.0], [0.0, 2.0]]
    """

    factor: Range
    fill_mode: OneOf = OneOf("reflect", *FILL_MODES)
    interpolation: OneOf = OneOf("bilinear", *INTERPOLATIONS)
    seed: int | None = None
    fill_value: float = 0.0

    def _draw(self, draws, images):
        """`angle` (batch,) in degrees, and the `rotation_matrix` (batch, 8)."""
        height, width = self._size(images)
        bottom, right = _float(height) - 1.0, _float(width) - 1.0
        angle = draws.uniform(*self.factor) * 360.0
        cos, sin = ops.cos(angle * (math.pi / 180)), ops.sin(angle * (math.pi / 180))
        across, down = right - (cos * right - sin * bottom), bottom - (sin * right + cos * bottom)
        rotation = matrix(cos, -sin, across / 2.0, sin, cos, down / 2.0)
        sizes = {"image_height": height, "image_width": width, "batch_size": draws.batch}
        return {"angle": angle, "rotation_matrix": rotation} | sizes

    def _matrix(self, transformation, size):
        return as_array(transformation["rotation_matrix"])


@dataclass(after={"data_format": "fill_value"})
class RandomZoom(MovingLayer):
    """Images zoomed at random while training.

    Args:
        height_factor: how far along the height: 0.3 is 30 % out, -0.3 is 30 % in. A pair (low, high), or one number for
            (-factor, factor).
        width_factor: the same along the width; as along the height if None.
        fill_mode: what is beyond the edges: "reflect", "constant", "wrap" or "nearest".
        interpolation: "nearest" or "bilinear".
        seed: an integer for the same draws in each run.
        fill_value: what is beyond the edges with "constant".
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> image = np.arange(16.0).reshape(4, 4, 1)
    >>> zoom = kerata.layers.RandomZoom((-0.5, -0.5), interpolation="nearest")
    >>> with kerata.use_engine("numpy"):
    ...     zoom(image, training=True)[:, :, 0].tolist()
    [[5.0, 5.0, 6.0, 6.0], [5.0, 5.0, 6.0, 6.0], [9.0, 9.0, 10.0, 10.0], [9.0, 9.0, 10.0, 10.0]]
    """

    height_factor: GivenRange = GivenRange()
    width_factor: GivenRange = GivenRange(None)
    fill_mode: OneOf = OneOf("reflect", *FILL_MODES)
    interpolation: OneOf = OneOf("bilinear", *INTERPOLATIONS)
    seed: int | None = None
    fill_value: float = 0.0

    def _draw(self, draws, images):
        """`height_zoom` and `width_zoom` (batch, 1): how many pixels of the image one of the result is."""
        height = draws.uniform(*as_pair(self.height_factor), shape=(1,)) + 1.0
        width = height if self.width_factor is None else draws.uniform(*as_pair(self.width_factor), shape=(1,)) + 1.0
        return {"height_zoom": height, "width_zoom": width, "input_shape": tuple(run_time_shape(images))}

    height_lower = property(lambda self: as_pair(self.height_factor)[0], doc="The least factor of the height.")
    height_upper = property(lambda self: as_pair(self.height_factor)[1], doc="The greatest factor of the height.")

    def get_clipped_bbox(self, bounding_boxes: TensorLike, h_end: Any, h_start: Any, w_end: Any, w_start: Any) -> Any:
        """Boxes "xyxy" in a dict, cut to a window of the image and counted from its corner."""
        low = [_float(x) for x in (w_start, h_start, w_start, h_start)]
        high = [_float(x) for x in (w_end, h_end, w_end, h_end)]
        edges = ops.split(_float(as_array(bounding_boxes["boxes"])), 4, -1)
        cut = [ops.minimum(ops.maximum(x, a), b) - a for x, a, b in zip(edges, low, high)]
        return dict(bounding_boxes) | {"boxes": ops.concatenate(cut, -1)}

    def _matrix(self, transformation, size):
        height, width = (ops.reshape(transformation[f"{name}_zoom"], (-1,)) for name in ("height", "width"))
        across, down = (_float(length) - 1.0 for length in (size[1], size[0]))
        return matrix(width, 0, (1.0 - width) * across / 2.0, 0, height, (1.0 - height) * down / 2.0)


@dataclass(after={"data_format": "fill_value"})
class RandomTranslation(MovingLayer):
    """Images moved up, down, left and right at random while training.

    Args:
        height_factor: how far down, as a fraction of the height: a pair (low, high), or one number for (-factor, factor).
        width_factor: how far to the right, as a fraction of the width, likewise.
        fill_mode: what is beyond the edges: "reflect", "constant", "wrap" or "nearest".
        interpolation: "nearest" or "bilinear".
        seed: an integer for the same draws in each run.
        fill_value: what is beyond the edges with "constant".
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> image = np.arange(4.0).reshape(2, 2, 1)
    >>> down = kerata.layers.RandomTranslation((0.5, 0.5), (0.0, 0.0), fill_mode="constant", fill_value=9.0)
    >>> with kerata.use_engine("numpy"):
    ...     down(image, training=True)[:, :, 0].round(2).tolist()
    [[9.0, 9.0], [0.0, 1.0]]
    """

    height_factor: GivenRange
    width_factor: GivenRange
    fill_mode: OneOf = OneOf("reflect", *FILL_MODES)
    interpolation: OneOf = OneOf("bilinear", *INTERPOLATIONS)
    seed: int | None = None
    fill_value: float = 0.0

    def _draw(self, draws, images):
        """`translations` (batch, 2): how many pixels right and down each image is moved."""
        height, width = self._size(images)
        down = draws.uniform(*as_pair(self.height_factor), shape=(1,)) * _float(height)
        right = draws.uniform(*as_pair(self.width_factor), shape=(1,)) * _float(width)
        return {"translations": ops.concatenate([right, down], 1), "input_shape": tuple(run_time_shape(images))}

    height_lower, height_upper = RandomZoom.height_lower, RandomZoom.height_upper
    width_lower = property(lambda self: as_pair(self.width_factor)[0], doc="The least factor of the width.")
    width_upper = property(lambda self: as_pair(self.width_factor)[1], doc="The greatest factor of the width.")

    def get_shifted_bbox(self, bounding_boxes: TensorLike, w_shift_factor: Any, h_shift_factor: Any) -> Any:
        """Boxes "xyxy" in a dict, moved to the left and up by these numbers of pixels."""
        offsets = [_float(as_array(n)) for n in (w_shift_factor, h_shift_factor) * 2]
        edges = ops.split(_float(as_array(bounding_boxes["boxes"])), 4, -1)
        moved = [edge - offset for edge, offset in zip(edges, offsets)]
        return dict(bounding_boxes) | {"boxes": ops.concatenate(moved, -1)}

    def _matrix(self, transformation, size):
        right, down = (ops.squeeze(part, 1) for part in ops.split(transformation["translations"], 2, 1))
        return matrix(1, 0, -right, 0, 1, -down)


@dataclass(after={"data_format": "fill_value"})
class RandomShear(MovingLayer):
    """Images sheared at random while training.

    Args:
        x_factor: how far pixels move along the width for each pixel of height: a pair (low, high), either way, or one
            number for (-factor, factor).
        y_factor: how far they move along the height, likewise.
        interpolation: "nearest" or "bilinear".
        fill_mode: what is beyond the edges: "reflect", "constant", "wrap" or "nearest".
        fill_value: what is beyond the edges with "constant".
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> image = np.eye(3)[:, :, None]
    >>> shear = kerata.layers.RandomShear((1.0, 1.0), interpolation="nearest", fill_mode="constant", seed=1)
    >>> with kerata.use_engine("numpy"):
    ...     shear(image, training=True)[:, :, 0].tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """

    x_factor: Range = Range(0.0, alone=(0.0, 1.0))
    y_factor: Range = Range(0.0, alone=(0.0, 1.0))
    interpolation: OneOf = OneOf("bilinear", *INTERPOLATIONS)
    fill_mode: OneOf = OneOf("reflect", *FILL_MODES)
    fill_value: float = 0.0
    seed: int | None = None

    def _draw(self, draws, images):
        """`shear_factor` (batch, 2): along the width and along the height."""
        factors = [draws.uniform(*factor, shape=(1,)) for factor in (self.x_factor, self.y_factor)]
        return {"shear_factor": ops.concatenate(factors, 1) * draws.sign((1,)), "input_shape": tuple(run_time_shape(images))}

    get_shifted_bbox = RandomTranslation.get_shifted_bbox

    def _move_points(self, x, y, transformation, size):
        """Corners of boxes moved along the width, in fractions of the image, and those of the boxes around them along the
        height, as in Keras.
        """
        along, down = (ops.expand_dims(part, -1) for part in ops.split(as_array(transformation["shear_factor"]), 2, 1))
        height, width = (_float(length) for length in size)
        x, y = x / width, y / height
        x = x - along * y
        low, high = ops.min(x, -1, keepdims=True), ops.max(x, -1, keepdims=True)
        x = ops.concatenate([low, high, low, high], -1)
        return x * width, (y - down * x) * height

    def _matrix(self, transformation, size):
        along, down = (ops.squeeze(part, 1) for part in ops.split(transformation["shear_factor"], 2, 1))
        return matrix(1, along, ops.zeros_like(along), down, 1, 0)


@dataclass(after={"data_format": "seed"})
class RandomPerspective(MovingLayer):
    """Images seen from aside at random while training: their corners are moved.

    Args:
        factor: the probability, drawn for each image from a pair (low, high), or from (0, factor).
        scale: how far corners move at most, as a fraction of the image.
        interpolation: "nearest" or "bilinear".
        fill_value: what is beyond the edges.
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> image = np.ones((4, 4, 1))
    >>> with kerata.use_engine("numpy"):
    ...     aside = kerata.layers.RandomPerspective(scale=0.5, seed=1)
    ...     aside(image, training=True).shape, bool((aside(image, training=False) == image).all())
    ((4, 4, 1), True)
    """

    fill_mode = "constant"

    factor: PositiveRange = PositiveRange(1.0)
    scale: Number = Number(1.0, "a number from 0 to 1", lambda x: 0 <= x <= 1)
    interpolation: OneOf = OneOf("bilinear", *INTERPOLATIONS)
    fill_value: float = 0.0
    seed: int | None = None

    def _draw(self, draws, images):
        """Which images are changed, their corners, and where those come to."""
        height, width = self._size(images)
        bottom, right, zero = _float(height) - 1.0, _float(width) - 1.0, ops.zeros((), "float32")
        corners = ops.stack([ops.stack(p) for p in ((zero, zero), (right, zero), (zero, bottom), (right, bottom))])
        start = ops.zeros_like(draws.uniform(0.0, 1.0, shape=(4, 2))) + corners
        moved = draws.uniform(-self.scale / 2, self.scale / 2, shape=(4, 2)) * ops.stack([right, bottom])
        points = {"start_points": start, "end_points": start + moved, "input_shape": tuple(run_time_shape(images))}
        return {"apply_perspective": draws.chance(self.factor)} | points

    def _move(self, images, transformation, interpolation):
        start, end = (as_array(transformation[name]) for name in ("start_points", "end_points"))
        moved = ops.image.perspective_transform(
            images, start, end, interpolation=interpolation, fill_value=self.fill_value, data_format=self.data_format
        )
        return chosen(transformation["apply_perspective"], moved, images)

    def _move_points(self, x, y, transformation, size):
        rows = homography(*(as_array(transformation[name]) for name in ("start_points", "end_points")))
        there = ops.reshape(transformation["apply_perspective"], (-1, 1, 1))
        return tuple(ops.where(there, moved, old) for moved, old in zip(projected(rows, x, y), (x, y)))


@dataclass(after={"data_format": "seed"})
class RandomFlip(MovingLayer):
    """Images flipped at random while training, each with a probability of one half.

    Args:
        mode: "horizontal" for left and right, "vertical" for top and bottom, or "horizontal_and_vertical".
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> images = np.tile(np.array([1.0, 2.0]).reshape(1, 1, 2, 1), (20, 1, 1, 1))  # 20 images of one row
    >>> flipped = np.asarray(kerata.layers.RandomFlip("horizontal", seed=1)(images, training=True))[:, 0, :, 0]
    >>> sorted(set(map(tuple, flipped.tolist())))
    [(1.0, 2.0), (2.0, 1.0)]
    """

    masks_in_floats = True

    mode: str = "horizontal_and_vertical"
    seed: int | None = None

    def __post_init__(self):
        super().__post_init__()
        if self.mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise ValueError(
                f"RandomFlip: mode must be 'horizontal', 'vertical' or 'horizontal_and_vertical'; {self.mode!r} came."
            )

    def _draw(self, draws, images):
        """`flips` (batch, 1, 1, 1) or, for both directions, (batch, 1, 1, 2), the horizontal ones first."""
        flips = draws.uniform(0.0, 1.0, shape=(1, 1, len(self._axes()))) < 0.5
        return {"flips": flips, "input_shape": tuple(run_time_shape(images))}

    def _axes(self):
        axes = {"horizontal": self.width_axis, "vertical": self.height_axis}
        return [axis for name, axis in axes.items() if name in self.mode]

    def _flips(self, transformation):
        """The axes, each with which images are flipped along it; flips that are told once are those of all axes."""
        flips, axes = as_array(transformation["flips"]), self._axes()
        once = flips.shape[-1] != len(axes)
        return [(axis, flips[..., 0 if once else i]) for i, axis in enumerate(axes)]

    def _move(self, images, transformation, interpolation):
        for axis, flips in self._flips(transformation):
            images = ops.where(column(flips), ops.flip(images, axis), images)
        return images

    def _move_points(self, x, y, transformation, size):
        for axis, flips in self._flips(transformation):
            flip = ops.reshape(flips, (-1, 1, 1))
            if axis == self.width_axis:
                x = ops.where(flip, _float(size[1]) - x, x)
            else:
                y = ops.where(flip, _float(size[0]) - y, y)
        return x, y


@dataclass(after={"data_format": "seed"})
class RandomElasticTransform(MovingLayer):
    """Images bent at random while training: neighbouring pixels move alike.

    Args:
        factor: the probability, drawn for each image from a pair (low, high), or from (0, factor).
        scale: how strongly images are bent, drawn from a pair (low, high), or from (0, scale).
        interpolation: "nearest" or "bilinear".
        fill_mode: what is beyond the edges: "reflect", "constant", "wrap" or "nearest".
        fill_value: what is beyond the edges with "constant".
        value_range: the range of the images' values.
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Source: Simard et al. 2003, "Best practices for convolutional neural networks applied to visual document analysis".

    >>> import kerata, numpy as np
    >>> image = np.arange(64.0).reshape(8, 8, 1)
    >>> with kerata.use_engine("numpy"):
    ...     bent = kerata.layers.RandomElasticTransform((1.0, 1.0), seed=1)(image, training=True)
    >>> bent.shape, bool(np.allclose(bent, image)), bool(0 <= np.min(bent) and np.max(bent) <= 63)
    ((8, 8, 1), False, True)
    """

    factor: PositiveRange = PositiveRange(1.0)
    scale: PositiveRange = PositiveRange(1.0, most=float("inf"), alone=(0.0, 1.0))
    interpolation: OneOf = OneOf("bilinear", *INTERPOLATIONS)
    fill_mode: OneOf = OneOf("reflect", *FILL_MODES)
    fill_value: float = 0.0
    value_range: ValueRange = ValueRange((0, 255))
    seed: int | None = None

    _change_bounding_boxes: ClassVar[Any] = None  # neighbouring pixels move alike, but every way

    def get_elastic_transform_params(self, height: int, width: int, factor: TensorLike) -> Any:
        """`alpha` and `sigma` of `ops.image.elastic_transform` for a size and a factor."""
        if not isinstance(height, int) or not isinstance(width, int):  # known at run time alone
            height, width = _float(height), _float(width)
            return ops.maximum(height, width) * factor * 0.1, ops.minimum(height, width) * factor * 0.05
        return max(height, width) * factor * 0.1, min(height, width) * factor * 0.05

    def _draw(self, draws, images):
        """Which images are bent, how strongly all of them are, and the seed of the displacements."""
        return {
            "apply_transform": draws.chance(self.factor),
            "distortion_factor": draws.uniform(*self.scale, each=False),
            "seed": draws.key(),
        }

    def _change_images(self, images, transformation):
        return ops.clip(super()._change_images(images, transformation), *self.value_range)

    def _move(self, images, transformation, interpolation):
        factor = as_array(transformation["distortion_factor"])
        height, width = self._size(images)
        alpha, sigma = self.get_elastic_transform_params(height, width, factor)
        bent = ops.image.elastic_transform(
            images,
            alpha=alpha,
            sigma=sigma,
            interpolation=interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            seed=transformation["seed"],
            data_format=self.data_format,
        )
        return chosen(transformation["apply_transform"], bent, images)
