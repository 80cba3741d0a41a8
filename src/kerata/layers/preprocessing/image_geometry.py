"""Images turned, moved, zoomed, sheared and bent at random."""

import math

from kerata import ops
from kerata.core.arrays import as_array
from kerata.layers.preprocessing import box_moves
from kerata.layers.preprocessing.images import ImageLayer, as_range, checked_value_range, chosen
from kerata.ops.image_sampling import homography, projected

FILL_MODES = ("constant", "reflect", "wrap", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


class MovingLayer(ImageLayer):
    """A layer that moves pixels at random while training, and boxes and masks with them."""

    moves_pixels = True

    def __init__(self, interpolation="bilinear", fill_mode="reflect", fill_value=0.0, seed=None, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        for name, value, known in (("interpolation", interpolation, INTERPOLATIONS), ("fill_mode", fill_mode, FILL_MODES)):
            if value not in known:
                raise ValueError(f"{type(self).__name__}: {name} must be one of {', '.join(known)}; {value!r} came.")
        self.interpolation, self.fill_mode, self.fill_value = interpolation, fill_mode, fill_value
        self._draw_from(seed)

    def transform_images(self, images, transformation, training=True):
        """The images in floats, moved while training."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        return ops.cast(self._moved(images, transformation, self.interpolation), self.compute_dtype)

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        """The masks, moved with the images; each pixel is one of the mask's."""
        if not training or transformation is None:
            return segmentation_masks
        return self._moved(as_array(segmentation_masks), transformation, "nearest")

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes around what was in them, cut to the image; what is no longer in it is -1."""
        if not training or transformation is None:
            return bounding_boxes
        return box_moves.moved(self, bounding_boxes, transformation)

    def _moved_points(self, x, y, transformation, size):
        """Where points of the images come to."""
        return box_moves.through_affine(self._matrix(transformation, size), x, y)

    def get_transformed_x_y(self, x, y, transform):
        """The points of the images that points of the result are read from, by rows of eight numbers: (n,) -> (batch, n)."""
        return projected(as_array(transform), as_array(x), as_array(y), (-1, 1))

    def _moved(self, images, transformation, interpolation):
        return ops.image.affine_transform(
            images,
            self._matrix(transformation, self._size(images)),
            interpolation=interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )


def matrix(a0, a1, a2, b0, b1, b2):
    """Rows of eight numbers for `ops.image.affine_transform`, from numbers (batch,)."""
    zero = ops.zeros_like(a2)
    return ops.stack([part if hasattr(part, "shape") else ops.add(zero, part) for part in (a0, a1, a2, b0, b1, b2, 0, 0)], -1)


def _float(length):
    return ops.cast(length, "float32")


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

    def __init__(
        self, factor, fill_mode="reflect", interpolation="bilinear", seed=None, fill_value=0.0, data_format=None, **kwargs
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed, data_format, **kwargs)
        self.factor = as_range(factor, "factor", self)

    def get_random_transformation(self, data, training=True, seed=None):
        """`angle` (batch,) in degrees, and the `rotation_matrix` (batch, 8)."""
        if not training:
            return None
        draws, size = self._draws(data, seed), self._size(data)
        angle = ops.multiply(draws.uniform(*self.factor), 360.0)
        return {
            "angle": angle,
            "rotation_matrix": self._rotation(angle, size),
            "image_height": size[0],
            "image_width": size[1],
            "batch_size": draws.batch,
        }

    @staticmethod
    def _rotation(angle, size):
        radians = ops.multiply(angle, math.pi / 180)
        cos, sin = ops.cos(radians), ops.sin(radians)
        bottom, right = _float(size[0]) - 1.0, _float(size[1]) - 1.0
        return matrix(
            cos,
            ops.negative(sin),
            ops.divide(right - (cos * right - sin * bottom), 2.0),
            sin,
            cos,
            ops.divide(bottom - (sin * right + cos * bottom), 2.0),
        )

    def _matrix(self, transformation, size):
        return as_array(transformation["rotation_matrix"])


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

    def __init__(
        self,
        height_factor,
        width_factor=None,
        fill_mode="reflect",
        interpolation="bilinear",
        seed=None,
        fill_value=0.0,
        data_format=None,
        **kwargs,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = as_range(height_factor, "height_factor", self, most=float("inf"))
        self._width = None if width_factor is None else as_range(width_factor, "width_factor", self, most=float("inf"))

    def get_random_transformation(self, data, training=True, seed=None):
        """`height_zoom` and `width_zoom` (batch, 1): how many pixels of the image one of the result is."""
        if not training:
            return None
        draws = self._draws(data, seed)
        height = ops.add(draws.uniform(*self._height, shape=(1,)), 1.0)
        width = height if self._width is None else ops.add(draws.uniform(*self._width, shape=(1,)), 1.0)
        return {"height_zoom": height, "width_zoom": width, "input_shape": _shape_of(data)}

    def get_clipped_bbox(self, bounding_boxes, h_end, h_start, w_end, w_start):
        """Boxes "xyxy" in a dict, cut to a window of the image and counted from its corner."""
        low = [ops.cast(x, "float32") for x in (w_start, h_start, w_start, h_start)]
        high = [ops.cast(x, "float32") for x in (w_end, h_end, w_end, h_end)]
        edges = ops.split(ops.cast(as_array(bounding_boxes["boxes"]), "float32"), 4, -1)
        cut = [ops.minimum(ops.maximum(x, a), b) - a for x, a, b in zip(edges, low, high)]
        return dict(bounding_boxes) | {"boxes": ops.concatenate(cut, -1)}

    def _matrix(self, transformation, size):
        height, width = (ops.reshape(transformation[f"{name}_zoom"], (-1,)) for name in ("height", "width"))
        across, down = (_float(length) - 1.0 for length in (size[1], size[0]))
        return matrix(width, 0, (1.0 - width) * across / 2.0, 0, height, (1.0 - height) * down / 2.0)


def _shape_of(data):
    return tuple((data["images"] if isinstance(data, dict) else data).shape)


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

    def __init__(
        self,
        height_factor,
        width_factor,
        fill_mode="reflect",
        interpolation="bilinear",
        seed=None,
        fill_value=0.0,
        data_format=None,
        **kwargs,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = as_range(height_factor, "height_factor", self)
        self._width = as_range(width_factor, "width_factor", self)

    def get_random_transformation(self, data, training=True, seed=None):
        """`translations` (batch, 2): how many pixels right and down each image is moved."""
        if not training:
            return None
        draws, (height, width) = self._draws(data, seed), self._size(data)
        down = ops.multiply(draws.uniform(*self._height, shape=(1,)), _float(height))
        right = ops.multiply(draws.uniform(*self._width, shape=(1,)), _float(width))
        return {"translations": ops.concatenate([right, down], 1), "input_shape": _shape_of(data)}

    def get_shifted_bbox(self, bounding_boxes, w_shift_factor, h_shift_factor):
        """Boxes "xyxy" in a dict, moved to the left and up by these numbers of pixels."""
        return box_moves.shifted(bounding_boxes, w_shift_factor, h_shift_factor)

    def _matrix(self, transformation, size):
        right, down = (ops.squeeze(part, 1) for part in ops.split(transformation["translations"], 2, 1))
        return matrix(1, 0, ops.negative(right), 0, 1, ops.negative(down))


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

    def __init__(
        self,
        x_factor=0.0,
        y_factor=0.0,
        interpolation="bilinear",
        fill_mode="reflect",
        fill_value=0.0,
        data_format=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed, data_format, **kwargs)
        self.x_factor, self.y_factor = as_range(x_factor, "x_factor", self), as_range(y_factor, "y_factor", self)

    def get_random_transformation(self, data, training=True, seed=None):
        """`shear_factor` (batch, 2): along the width and along the height."""
        if not training:
            return None
        draws = self._draws(data, seed)
        factors = [draws.uniform(*factor, shape=(1,)) for factor in (self.x_factor, self.y_factor)]
        sign = ops.where(ops.less(draws.uniform(0.0, 1.0, shape=(1,)), 0.5), -1.0, 1.0)
        return {"shear_factor": ops.multiply(ops.concatenate(factors, 1), sign), "input_shape": _shape_of(data)}

    get_shifted_bbox = RandomTranslation.get_shifted_bbox

    def _matrix(self, transformation, size):
        along, down = (ops.squeeze(part, 1) for part in ops.split(transformation["shear_factor"], 2, 1))
        return matrix(1, along, ops.zeros_like(along), down, 1, 0)


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

    def __init__(self, factor=1.0, scale=1.0, interpolation="bilinear", fill_value=0.0, seed=None, data_format=None, **kwargs):
        super().__init__(interpolation, "constant", fill_value, seed, data_format, **kwargs)
        self.factor = as_range(factor, "factor", self, low=0, least=0.0)
        if not isinstance(scale, (int, float)) or scale < 0:
            raise ValueError(f"RandomPerspective: scale must be a number that is not negative; {scale!r} came.")
        self.scale = scale

    def get_random_transformation(self, data, training=True, seed=None):
        """Which images are changed, their corners, and where those come to."""
        if not training:
            return None
        draws, (height, width) = self._draws(data, seed), self._size(data)
        bottom, right, zero = _float(height) - 1.0, _float(width) - 1.0, ops.zeros((), "float32")
        corners = ops.stack([ops.stack(p) for p in ((zero, zero), (right, zero), (zero, bottom), (right, bottom))])
        start = ops.add(ops.zeros_like(draws.uniform(0.0, 1.0, shape=(4, 2))), corners)
        moved = ops.multiply(draws.uniform(-self.scale / 2, self.scale / 2, shape=(4, 2)), ops.stack([right, bottom]))
        return {
            "apply_perspective": draws.chance(self.factor),
            "start_points": start,
            "end_points": ops.add(start, moved),
            "input_shape": _shape_of(data),
        }

    def _moved(self, images, transformation, interpolation):
        start, end = (as_array(transformation[name]) for name in ("start_points", "end_points"))
        moved = ops.image.perspective_transform(
            images, start, end, interpolation=interpolation, fill_value=self.fill_value, data_format=self.data_format
        )
        return chosen(transformation["apply_perspective"], moved, images)

    def _moved_points(self, x, y, transformation, size):
        rows = homography(*(as_array(transformation[name]) for name in ("start_points", "end_points")))
        there = ops.reshape(transformation["apply_perspective"], (-1, 1, 1))
        new = projected(rows, x - 0.5, y - 0.5)  # the middle of the first pixel is at 0 there
        return tuple(ops.where(there, moved + 0.5, old) for moved, old in zip(new, (x, y)))

    def get_config(self):
        """The constructor's arguments."""
        return {k: v for k, v in super().get_config().items() if k != "fill_mode"}


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

    def __init__(self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise ValueError(f"RandomFlip: mode must be 'horizontal', 'vertical' or 'horizontal_and_vertical'; {mode!r} came.")
        self.mode = mode

    def get_random_transformation(self, data, training=True, seed=None):
        """`flips` (batch, 1, 1, 1) and, for both directions, the horizontal ones and the vertical ones one after another."""
        if not training:
            return None
        draws, count = self._draws(data, seed), len(self._axes())
        flips = ops.less(draws.uniform(0.0, 1.0, shape=(1, 1, count)), 0.5)
        return {"flips": flips, "input_shape": _shape_of(data)}

    def _axes(self):
        axes = {"horizontal": self.width_axis, "vertical": self.height_axis}
        return [axis for name, axis in axes.items() if name in self.mode]

    def _moved(self, images, transformation, interpolation):
        flips = as_array(transformation["flips"])
        for i, axis in enumerate(self._axes()):
            images = ops.where(flips[..., i : i + 1], ops.flip(images, axis), images)
        return images

    def _moved_points(self, x, y, transformation, size):
        flips = as_array(transformation["flips"])
        for i, axis in enumerate(self._axes()):
            flip = ops.reshape(flips[..., i], (-1, 1, 1))
            if axis == self.width_axis:
                x = ops.where(flip, _float(size[1]) - x, x)
            else:
                y = ops.where(flip, _float(size[0]) - y, y)
        return x, y

    def get_config(self):
        """The constructor's arguments."""
        beyond = ("interpolation", "fill_mode", "fill_value")
        return {k: v for k, v in super().get_config().items() if k not in beyond}


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

    def __init__(
        self,
        factor=1.0,
        scale=1.0,
        interpolation="bilinear",
        fill_mode="reflect",
        fill_value=0.0,
        value_range=(0, 255),
        seed=None,
        data_format=None,
        **kwargs,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed, data_format, **kwargs)
        self.factor = as_range(factor, "factor", self, low=0, least=0.0)
        self.scale = as_range(scale, "scale", self, low=0, least=0.0, most=float("inf"))
        self.value_range = checked_value_range(value_range, self)

    def get_elastic_transform_params(self, height, width, factor):
        """`alpha` and `sigma` of `ops.image.elastic_transform` for a size and a factor."""
        if not isinstance(height, int) or not isinstance(width, int):  # known at run time alone
            height, width = _float(height), _float(width)
            return ops.maximum(height, width) * factor * 0.1, ops.minimum(height, width) * factor * 0.05
        return max(height, width) * factor * 0.1, min(height, width) * factor * 0.05

    def get_random_transformation(self, data, training=True, seed=None):
        """Which images are bent, how strongly all of them are, and the seed of the displacements."""
        if not training:
            return None
        draws = self._draws(data, seed)
        return {
            "apply_transform": draws.chance(self.factor),
            "distortion_factor": draws.uniform(*self.scale, each=False),
            "seed": draws.key(),
        }

    def transform_images(self, images, transformation, training=True):
        """The images in floats, bent while training, and cut to the range of values."""
        result = super().transform_images(images, transformation, training)
        return ops.clip(result, *self.value_range) if training and transformation is not None else result

    def _moved(self, images, transformation, interpolation):
        factor = as_array(transformation["distortion_factor"])
        alpha, sigma = self.get_elastic_transform_params(*self._size(images), factor)
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

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes: as they are, since neighbouring pixels move alike, but every way."""
        return bounding_boxes
