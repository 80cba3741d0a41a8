"""Images brought to another size: resized, or cut."""

from kerata import ops
from kerata.core.arrays import as_array
from kerata.layers.arguments import positive_integer
from kerata.layers.preprocessing import box_moves
from kerata.layers.preprocessing.images import ImageLayer


class SizeLayer(ImageLayer):
    """A layer whose output has a height and a width of its own."""

    moves_pixels = True

    def __init__(self, height, width, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = positive_integer(height, "height", self), positive_integer(width, "width", self)

    def compute_output_shape(self, input_shape):
        """The output's shape for inputs of this shape: with the layer's height and width."""
        shape = list(input_shape)
        shape[self.height_axis], shape[self.width_axis] = self.height, self.width
        return tuple(shape)

    def _cut(self, images, top, left):
        """The part of the layer's size that begins at a row and a column."""
        size, axes = (self.height, self.width), (self.height_axis, self.width_axis)
        for axis, start, length in zip(axes, (top, left), size):
            images = ops.take(images, ops.add(ops.arange(length, dtype="int32"), start), axis=axis)
        return images

    def _resized(self, images, interpolation="bilinear"):
        """The largest part of the layer's proportions, brought to its size."""
        return ops.image.resize(
            images, (self.height, self.width), interpolation, crop_to_aspect_ratio=True, data_format=self.data_format
        )


class Resizing(SizeLayer):
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

    def __init__(
        self,
        height,
        width,
        interpolation="bilinear",
        crop_to_aspect_ratio=False,
        pad_to_aspect_ratio=False,
        fill_mode="constant",
        fill_value=0.0,
        antialias=False,
        data_format=None,
        **kwargs,
    ):
        super().__init__(height, width, data_format, **kwargs)
        self.interpolation, self.antialias = interpolation, antialias
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError("Resizing: images are cut to the proportions or extended to them, not both.")

    def get_random_transformation(self, data, training=True, seed=None):
        """The images' height and width."""
        return self._size(data)

    def transform_images(self, images, transformation=None, training=True):
        """The images, resized."""
        return self._resize(images, self.interpolation)

    def transform_labels(self, labels, transformation=None, training=True):
        """The labels: as they are."""
        return labels

    def _resize(self, images, interpolation):
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

    def transform_segmentation_masks(self, segmentation_masks, transformation=None, training=True):
        """The masks, resized; each pixel is one of the mask's."""
        return self._resize(as_array(segmentation_masks), "nearest")

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes in the resized images."""
        return box_moves.resized(self, bounding_boxes, transformation)


class CenterCrop(SizeLayer):
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

    def get_random_transformation(self, data, training=True, seed=None):
        """The images' shape."""
        return {"input_shape": tuple((data["images"] if isinstance(data, dict) else data).shape)}

    def transform_images(self, images, transformation=None, training=True):
        """The middle of the images, in floats."""
        return self._middle(self._floats(images), "bilinear")

    def _middle(self, images, interpolation):
        height, width = self._size(images)
        known = isinstance(height, int) and isinstance(width, int)
        if not known or height < self.height or width < self.width:
            return self._resized(images, interpolation)
        return self._cut(images, (height - self.height) // 2, (width - self.width) // 2)

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        """The middle of the masks."""
        return self._middle(as_array(segmentation_masks), "nearest")

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes in the middle of the images, cut to it."""
        height, width = (transformation["input_shape"][axis] for axis in (self.height_axis, self.width_axis))
        if height < self.height or width < self.width:
            return box_moves.resized(self, bounding_boxes, (height, width))
        return box_moves.cut(self, bounding_boxes, (height - self.height) // 2, (width - self.width) // 2, (height, width))


class RandomCrop(SizeLayer):
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

    def __init__(self, height, width, seed=None, data_format=None, name=None, **kwargs):
        super().__init__(height, width, data_format, name=name, **kwargs)
        self._draw_from(seed)

    def get_random_transformation(self, data, training=True, seed=None):
        """The first row and the first column; None where images are resized."""
        height, width = self._size(data)
        if not training or isinstance(height, int) and height < self.height or isinstance(width, int) and width < self.width:
            return None
        draws = self._draws(data, seed)
        return tuple(
            ops.cast(ops.floor(draws.uniform(0.0, 1.0, each=False) * ops.cast(length - wanted + 1, "float32")), "int32")
            for length, wanted in ((height, self.height), (width, self.width))
        )

    def transform_images(self, images, transformation, training=True):
        """The part of the images, in floats."""
        images = self._floats(images)
        return self._resized(images) if transformation is None else self._cut(images, *transformation)

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        """The same part of the masks."""
        masks = as_array(segmentation_masks)
        return self._resized(masks, "nearest") if transformation is None else self._cut(masks, *transformation)

    def call(self, data, training=True):
        """The part of the images, or of the dict of images and what belongs to them."""
        if len((data["images"] if isinstance(data, dict) else data).shape) in (3, 4):
            self._seen = self._size(data)
        return super().call(data, training=training)

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes in that part, cut to it."""
        if transformation is None:
            return box_moves.resized(self, bounding_boxes, self._seen)
        return box_moves.cut(self, bounding_boxes, *transformation, self._seen)
