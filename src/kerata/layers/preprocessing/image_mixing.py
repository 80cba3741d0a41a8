"""Images mixed with one another, with parts erased, or blurred, at random; and layers one after another."""

from kerata import ops
from kerata.core import masks, registry
from kerata.core.arrays import as_array
from kerata.layers.preprocessing.base import DataLayer
from kerata.layers.preprocessing.images import ImageLayer, as_range, checked_value_range, chosen, column


class _Mixing(ImageLayer):
    """A layer that mixes each image of a batch with another one while training."""

    mixes_batch = True
    moves_pixels = True

    def __init__(self, seed=None, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self._draw_from(seed)

    def transform_images(self, images, transformation=None, training=True):
        """The images in floats, mixed while training."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        return ops.cast(self._mixed(images, transformation), self.compute_dtype)

    def transform_labels(self, labels, transformation, training=True):
        """The labels, mixed as the images are: (batch, classes) or (batch,), in floats."""
        if not training or transformation is None:
            return labels
        labels = self._floats(as_array(labels))
        weight = ops.reshape(transformation["mix_weight"], (-1,) + (1,) * (len(labels.shape) - 1))
        return ops.add(ops.multiply(weight, labels), ops.multiply(1.0 - weight, self._others(labels, transformation)))

    @staticmethod
    def _others(x, transformation):
        return ops.take(x, as_array(transformation["permutation_order"]), axis=0)


class MixUp(_Mixing):
    """Images mixed with others of the batch while training, and their labels alike.

    Args:
        alpha: both parameters of the beta distribution of the weights; small ones keep images nearly as they are.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    Source: Zhang et al. 2017, "mixup: beyond empirical risk minimization", arXiv:1710.09412.

    >>> import kerata, numpy as np
    >>> batch = {"images": np.arange(2.0).reshape(2, 1, 1, 1) * np.ones((2, 4, 4, 1)), "labels": np.eye(2)}
    >>> with kerata.use_engine("numpy"):
    ...     mixed = kerata.layers.MixUp(alpha=1.0, seed=1)(batch, training=True)
    >>> mixed["images"].shape, np.asarray(mixed["labels"]).sum(1).round(4).tolist()
    ((2, 4, 4, 1), [1.0, 1.0])
    """

    def __init__(self, alpha=0.2, data_format=None, seed=None, **kwargs):
        super().__init__(seed, data_format, **kwargs)
        if not isinstance(alpha, (int, float)) or alpha <= 0:
            raise ValueError(f"MixUp: alpha must be a positive number; {alpha!r} came.")
        self.alpha = alpha

    def get_random_transformation(self, data, training=True, seed=None):
        """`mix_weight` (batch,), each image's own share, and `permutation_order` (batch,), the others."""
        if not training:
            return None
        draws = self._draws(data, seed)
        return {"mix_weight": draws.beta(self.alpha), "permutation_order": draws.order()}

    def _mixed(self, images, transformation):
        weight = ops.cast(column(transformation["mix_weight"]), images.dtype)
        return ops.add(ops.multiply(weight, images), ops.multiply(1.0 - weight, self._others(images, transformation)))

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        """The masks, mixed as the images are."""
        if not training or transformation is None:
            return segmentation_masks
        return self._mixed(self._floats(as_array(segmentation_masks)), transformation)

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes of both images."""
        if not training or transformation is None:
            return bounding_boxes
        return {
            key: ops.concatenate([as_array(x), self._others(as_array(x), transformation)], axis=1)
            for key, x in bounding_boxes.items()
        }


class CutMix(_Mixing):
    """A part of each image replaced by that of another one of the batch while training, and labels mixed alike.

    Args:
        factor: the share of the image that stays is drawn from a pair (low, high), or from (0, factor).
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Source: Yun et al. 2019, "CutMix", arXiv:1905.04899.

    >>> import kerata, numpy as np
    >>> batch = {"images": np.arange(2.0).reshape(2, 1, 1, 1) * np.ones((2, 4, 4, 1)), "labels": np.eye(2)}
    >>> with kerata.use_engine("numpy"):
    ...     mixed = kerata.layers.CutMix(seed=1)(batch, training=True)
    >>> mixed["images"].shape, np.asarray(mixed["labels"]).sum(1).round(4).tolist()
    ((2, 4, 4, 1), [1.0, 1.0])
    """

    def __init__(self, factor=1.0, seed=None, data_format=None, **kwargs):
        super().__init__(seed, data_format, **kwargs)
        self.factor = as_range(factor, "factor", self, low=0, least=0.0)

    def get_random_transformation(self, data, training=True, seed=None):
        """`permutation_order` (batch,), `batch_masks` (batch, height, width, 1) and `mix_weight` (batch, 1, 1, 1)."""
        if not training:
            return None
        draws = self._draws(data, seed)
        weight = draws.uniform(*self.factor)
        side = ops.sqrt(ops.subtract(1.0, weight))
        masks = rectangles(self, data, draws, side, side)
        return {"permutation_order": draws.order(), "batch_masks": masks, "mix_weight": column(weight)}

    def _mixed(self, images, transformation):
        return ops.where(as_array(transformation["batch_masks"]), self._others(images, transformation), images)

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        """The masks, with the same parts replaced."""
        if not training or transformation is None:
            return segmentation_masks
        masks, place = as_array(segmentation_masks), as_array(transformation["batch_masks"])
        inside = ops.any(place, axis=self.channel_axis, keepdims=True)
        return ops.where(inside, self._others(masks, transformation), masks)


def rectangles(layer, data, draws, height_share, width_share):
    """Where a rectangle of this share of the height and the width lies in each image; its middle is anywhere."""
    inside = True
    for axis, length, share in zip((layer.height_axis, layer.width_axis), layer._size(data), (height_share, width_share)):
        length_ = ops.cast(length, "float32")
        half, middle = ops.multiply(share, length_ / 2), ops.multiply(draws.uniform(0.0, 1.0), length_)
        place = ops.cast(ops.arange(length, dtype="int32"), "float32") + 0.5
        place = ops.reshape(place, [-1 if a == axis % 4 else 1 for a in range(4)])
        inside = ops.logical_and(inside, ops.less_equal(ops.absolute(place - column(middle)), column(half)))
    return inside


class RandomErasing(ImageLayer):
    """A rectangle of each image replaced by noise or a value, at random while training.

    Args:
        factor: the probability, drawn for each image from a pair (low, high), or from (0, factor).
        scale: the rectangle's share of the image: a pair (low, high), or one number for (0, scale).
        fill_value: what is put there; noise if None.
        value_range: the range of the images' values.
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Source: Zhong et al. 2017, "Random erasing data augmentation", arXiv:1708.04896.

    >>> import kerata, numpy as np
    >>> erase = kerata.layers.RandomErasing((1.0, 1.0), scale=(0.2, 0.3), fill_value=0.0, seed=1)
    >>> with kerata.use_engine("numpy"):
    ...     share = float(erase(np.ones((20, 20, 1)), training=True).mean())
    >>> 0.65 < share < 0.85
    True
    """

    def __init__(
        self, factor=1.0, scale=(0.02, 0.33), fill_value=None, value_range=(0, 255), seed=None, data_format=None, **kwargs
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.factor = as_range(factor, "factor", self, low=0, least=0.0)
        self.scale = as_range(scale, "scale", self, low=0, least=0.0)
        self.fill_value, self.value_range = fill_value, checked_value_range(value_range, self)
        self._draw_from(seed)

    def get_random_transformation(self, data, training=True, seed=None):
        """Which images change, where (batch, height, width, 1), and what is put there."""
        if not training:
            return None
        draws, low_high = self._draws(data, seed), self.value_range
        area, slim = draws.uniform(*self.scale), draws.uniform(0.3, 3.3)
        height, width = ops.sqrt(ops.multiply(area, slim)), ops.sqrt(ops.divide(area, slim))
        masks = rectangles(self, data, draws, height, width)
        fill = self.fill_value
        if fill is None:
            images = as_array(data["images"] if isinstance(data, dict) else data)
            from kerata.ops.nn import run_time_shape

            noise = draws.normal(tuple(run_time_shape(images)[-3:]))
            fill = ops.clip(noise * (low_high[1] - low_high[0]) + low_high[0], *low_high)
        return {"apply_erasing": draws.chance(self.factor), "batch_masks": masks, "fill_value": fill}

    def transform_images(self, images, transformation=None, training=True):
        """The images in floats, with parts replaced while training."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        fill = ops.cast(as_array(transformation["fill_value"]), images.dtype)
        erased = ops.where(as_array(transformation["batch_masks"]), fill, images)
        return chosen(transformation["apply_erasing"], erased, images)


class RandomGaussianBlur(ImageLayer):
    """Images blurred at random while training.

    Args:
        factor: the probability, drawn for each image from a pair (low, high), or from (0, factor).
        kernel_size: how many pixels are averaged, along the width and along the height: odd numbers.
        sigma: the Gaussian's standard deviation in pixels: a pair (low, high), or one number for (0, sigma).
        value_range: the range of the images' values; results are cut to it.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> image = np.zeros((5, 5, 1))
    >>> image[2, 2] = 100.0
    >>> with kerata.use_engine("numpy"):
    ...     blurred = kerata.layers.RandomGaussianBlur((1.0, 1.0), kernel_size=3, sigma=(1.0, 1.0))(image, training=True)
    >>> np.asarray(blurred)[2, :, 0].round(1)
    array([ 0. , 12.4, 20.4, 12.4,  0. ], dtype=float32)
    """

    def __init__(self, factor=1.0, kernel_size=3, sigma=1.0, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.factor = as_range(factor, "factor", self, low=0, least=0.0)
        self.sigma = as_range(sigma, "sigma", self, low=0, least=0.0, most=float("inf"))
        sizes = (kernel_size,) * 2 if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(sizes) != 2 or not all(isinstance(n, int) and n > 0 and n % 2 for n in sizes):
            raise ValueError(f"RandomGaussianBlur: kernel_size must be an odd number or a pair of them; {kernel_size!r} came.")
        self.kernel_size, self.value_range = sizes, checked_value_range(value_range, self)
        self._draw_from(seed)

    def get_random_transformation(self, data, training=True, seed=None):
        """Which images are blurred, and `blur_factor` (2,): the deviations along the width and along the height."""
        if not training:
            return None
        draws = self._draws(data, seed)
        low, high = self.sigma
        factor = draws.uniform(max(low, 1e-3), max(high, 1e-3), shape=(2,), each=False)
        return {"should_apply_blur": draws.chance(self.factor), "blur_factor": factor}

    def transform_images(self, images, transformation=None, training=True):
        """The images in floats, blurred while training."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        deviations = as_array(transformation["blur_factor"])
        blurred = images
        for axis, size, deviation in zip(
            (self.height_axis, self.width_axis), self.kernel_size[::-1], (deviations[1], deviations[0])
        ):
            blurred = _averaged(blurred, axis % 4, size, ops.cast(deviation, images.dtype))
        return chosen(transformation["should_apply_blur"], ops.clip(blurred, *self.value_range), images)


def _averaged(images, axis, size, deviation):
    """Each pixel averaged with its neighbours along an axis by a Gaussian; zeros beyond the edges."""
    half = size // 2
    padded = ops.pad(images, [(half, half) if a == axis else (0, 0) for a in range(4)])
    weights = [ops.exp(ops.negative(ops.divide((i - half) ** 2 / 2.0, deviation * deviation))) for i in range(size)]
    total, result = sum(weights), 0.0
    for i, weight in enumerate(weights):
        key = [slice(None)] * 4
        key[axis] = slice(i, i - 2 * half or None)
        result = result + padded[tuple(key)] * (weight / total)
    return result


class MaxNumBoundingBoxes(ImageLayer):
    """As many bounding boxes in each image: those beyond are left out, missing ones filled in.

    Args:
        max_number: how many.
        fill_value: what stands for no box.

    >>> import kerata, numpy as np
    >>> layer = kerata.layers.MaxNumBoundingBoxes(2)
    >>> boxes = {"boxes": np.ones((1, 1, 4)), "labels": np.array([[7]])}
    >>> layer({"images": np.ones((1, 4, 4, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"].tolist()
    [[7, -1]]
    """

    def __init__(self, max_number, fill_value=-1, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(max_number, int) or max_number < 1:
            raise ValueError(f"MaxNumBoundingBoxes: max_number must be a positive integer; {max_number!r} came.")
        self.max_number, self.fill_value = max_number, fill_value

    def transform_images(self, images, transformation=None, training=True):
        """The images: as they are."""
        return images

    def transform_labels(self, labels, transformation=None, training=True):
        """The labels of the images: as they are."""
        return labels

    def transform_segmentation_masks(self, segmentation_masks, transformation=None, training=True):
        """The masks: as they are."""
        return segmentation_masks

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes (batch, max_number, 4) and their labels (batch, max_number)."""
        result = dict(bounding_boxes)
        for key in ("boxes", "labels"):
            if result.get(key) is not None:
                x = as_array(result[key])[:, : self.max_number]
                missing = self.max_number - x.shape[1]
                pairs = [(0, missing) if axis == 1 else (0, 0) for axis in range(len(x.shape))]
                result[key] = ops.pad(x, pairs, constant_values=self.fill_value)
        return result

    def get_config(self):
        """The constructor's arguments."""
        return {k: v for k, v in super().get_config().items() if k != "fill_value" or v != -1}


class Pipeline(DataLayer):
    """Layers one after another, to prepare data.

    Args:
        layers: a list of layers.

    >>> import kerata, numpy as np
    >>> prepare = kerata.layers.Pipeline([kerata.layers.Resizing(4, 4), kerata.layers.Rescaling(1 / 255)])
    >>> prepare(np.ones((2, 8, 8, 3))).shape
    (2, 4, 4, 3)
    """

    def __init__(self, layers, name=None):
        super().__init__(name=name)
        self._pipeline_layers = list(layers)

    @property
    def layers(self):
        """The layers."""
        return self._pipeline_layers

    def call(self, inputs, training=True, mask=None):
        """Each layer on the output of the one before; `mask` says which steps of the input count."""
        with masks.masked([inputs], [mask]) as (x,):
            for layer in self._pipeline_layers:
                x = layer(x, training=training) if _takes_training(layer) else layer(x)
        return x

    def get_config(self):
        """The layers' configs."""
        return {"name": self.name, "layers": [registry.serialize_keras_object(layer) for layer in self._pipeline_layers]}

    @classmethod
    def from_config(cls, config):
        """A pipeline from its config."""
        layers = [registry.deserialize_keras_object(x) if isinstance(x, dict) else x for x in config["layers"]]
        return cls(layers, name=config.get("name"))


def _takes_training(layer):
    from kerata.core.graph import accepts

    return accepts(layer.call, "training")
