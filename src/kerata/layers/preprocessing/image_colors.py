"""Colours changed at random: brightness, contrast, hue, saturation, and what else leaves pixels where they are."""

from kerata import ops
from kerata.core import suggestions
from kerata.layers.preprocessing.images import (
    ComposedLayer,
    ImageLayer,
    as_range,
    checked_value_range,
    chosen,
    column,
    in_range,
)


class ColorLayer(ImageLayer):
    """A layer that changes colours at random while training, by a `factor` drawn for each image."""

    def __init__(self, data_format=None, seed=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self._draw_from(seed)

    def transform_images(self, images, transformation, training=True):
        """The images in floats, with other colours while training."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        return self._clipped(self._colored(images, transformation))

    def _clipped(self, images):
        return ops.cast(ops.clip(images, *self.value_range), self.compute_dtype)

    def _factor(self, transformation, key="factor"):
        return ops.cast(column(transformation[key]), self.compute_dtype)


class RandomBrightness(ColorLayer):
    """Images made brighter or darker at random while training.

    Args:
        factor: from -1 for black to 1 for white: a pair (low, high), or one number for (-factor, factor).
        value_range: the range of the images' values; results are cut to it.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> brighter = kerata.layers.RandomBrightness((0.2, 0.2))
    >>> np.asarray(brighter(np.full((1, 1, 3), 100.0), training=True)).ravel().round(1).tolist()
    [151.0, 151.0, 151.0]
    """

    def __init__(self, factor, value_range=(0, 255), seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.factor, self.value_range = as_range(factor, "factor", self), checked_value_range(value_range, self)

    def get_random_transformation(self, data, training=True, seed=None):
        """`rgb_delta` (batch, 1, 1, 1): what is added to each image."""
        if not training:
            return None
        span = self.value_range[1] - self.value_range[0]
        return {"rgb_delta": column(ops.multiply(self._draws(data, seed).uniform(*self.factor), span))}

    def _colored(self, images, transformation):
        return ops.add(images, self._factor(transformation, "rgb_delta"))


class RandomContrast(ColorLayer):
    """The contrast of each channel made stronger or weaker at random while training: `(x - mean) * factor + mean`.

    Args:
        factor: a pair (lower, upper) for factors from 1 - lower to 1 + upper, or one number for both.
        value_range: the range of the images' values; results are cut to it.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> image = np.array([[[80.0], [120.0]]])  # one row of two pixels
    >>> y = kerata.layers.RandomContrast((0.5, 0.5), seed=1)(image, training=True)  # a factor from 0.5 to 1.5
    >>> bool(20 <= np.ptp(y) <= 60), np.asarray(y).mean().round().item()
    (True, 100.0)
    """

    def __init__(self, factor, value_range=(0, 255), seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self._given_factor = factor
        self.factor = as_range(factor, "factor", self, low=0, least=0.0, most=float("inf"))
        lower, upper = (factor, factor) if isinstance(factor, (int, float)) else self.factor
        self._bounds = 1.0 - lower, 1.0 + upper
        self.value_range = checked_value_range(value_range, self)

    def get_random_transformation(self, data, training=True, seed=None):
        """`contrast_factor` (batch, 1, 1, 1)."""
        return {"contrast_factor": column(self._draws(data, seed).uniform(*self._bounds))} if training else None

    def _colored(self, images, transformation):
        mean = ops.mean(images, axis=(self.height_axis, self.width_axis), keepdims=True)
        return ops.add(ops.multiply(ops.subtract(images, mean), self._factor(transformation, "contrast_factor")), mean)

    def get_config(self):
        """The constructor's arguments."""
        return super().get_config() | {"factor": self._given_factor}


class FactorLayer(ColorLayer):
    """A layer whose transformation is one `factor` for each image, drawn evenly from a range."""

    lowest = 0.0
    most = 1.0
    one_number = 0  # the lower end of the range that one number stands for; None for its negative

    def __init__(self, factor, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        self.factor = as_range(factor, "factor", self, low=self.one_number, least=self.lowest, most=self.most)
        self.value_range = checked_value_range(value_range, self)

    def get_random_transformation(self, data, training=True, seed=None):
        """`factor` (batch,): one for each image."""
        return {"factor": self._draws(data, seed).uniform(*self.factor)} if training else None

    def transform_images(self, images, transformation=None, training=True):
        """The images in floats, with other colours while training."""
        return super().transform_images(images, transformation, training)


class RandomHue(FactorLayer):
    """The hue of images turned at random while training, either way.

    Args:
        factor: how far, from 0 to 1 for the whole circle: a pair (low, high), or one number for (0, factor).
        value_range: the range of the images' values.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> red = np.array([[[255.0, 0.0, 0.0]]])
    >>> with kerata.use_engine("numpy"):
    ...     kerata.layers.RandomHue((1 / 3, 1 / 3), seed=1)(red, training=True).round().tolist()
    [[[0.0, 0.0, 255.0]]]
    """

    lowest = -1.0

    def get_random_transformation(self, data, training=True, seed=None):
        """`factor` (batch,): how far each image's hue is turned."""
        if not training:
            return None
        draws = self._draws(data, seed)
        sign = ops.where(ops.less(draws.uniform(0.0, 1.0), 0.5), -1.0, 1.0)
        return {"factor": ops.multiply(draws.uniform(*self.factor), sign)}

    def _colored(self, images, transformation):
        turn = self._factor(transformation)

        def change(hue, saturation, value):
            return ops.mod(ops.add(hue, turn), 1.0), saturation, value

        return in_hsv(self, images, change)


class RandomSaturation(FactorLayer):
    """The saturation of images made stronger or weaker at random while training.

    Args:
        factor: what the saturation is multiplied by: 0 makes images grey, 1 leaves them as they are. A pair (low, high), or
            one number for (-factor, factor).
        value_range: the range of the images' values.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> red = np.array([[[255.0, 0.0, 0.0]]])
    >>> with kerata.use_engine("numpy"):
    ...     kerata.layers.RandomSaturation((0.2, 0.2))(red, training=True).round().tolist()
    [[[255.0, 204.0, 204.0]]]
    """

    lowest, one_number = -1.0, None

    def _colored(self, images, transformation):
        factor = self._factor(transformation)

        def change(hue, saturation, value):
            return hue, ops.clip(ops.multiply(saturation, factor), 0.0, 1.0), value

        return in_hsv(self, images, change)


def in_hsv(layer, images, change):
    """Images after `change(hue, saturation, value)`."""
    parts = ops.image.rgb_to_hsv(in_range(images, layer.value_range), data_format=layer.data_format)
    axis = layer.channel_axis
    hsv = ops.concatenate(change(*ops.split(parts, 3, axis)), axis)
    return in_range(ops.image.hsv_to_rgb(hsv, data_format=layer.data_format), (0.0, 1.0), layer.value_range)


class RandomColorDegeneration(FactorLayer):
    """Images made duller at random while training: mixed with their grey selves.

    Args:
        factor: from 0 for no change to 1 for grey: a pair (low, high), or one number for (-factor, factor).
        value_range: the range of the images' values.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> red = np.array([[[255.0, 0.0, 0.0]]])
    >>> np.asarray(kerata.layers.RandomColorDegeneration((1.0, 1.0))(red, training=True)).round().tolist()
    [[[76.0, 76.0, 76.0]]]
    """

    lowest, one_number = -1.0, None

    def get_random_transformation(self, data, training=True, seed=None):
        """`factor` (batch, 1, 1, 1): the share of grey."""
        found = super().get_random_transformation(data, training, seed)
        return None if found is None else {"factor": column(found["factor"])}

    def _colored(self, images, transformation):
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        return ops.add(images, ops.multiply(self._factor(transformation), ops.subtract(grey, images)))


class RandomSharpness(FactorLayer):
    """Images made sharper or softer at random while training.

    Args:
        factor: 0 for soft, 0.5 for no change, 1 for sharp: a pair (low, high), or one number for (0, factor).
        value_range: the range of the images' values; results are cut to it.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> image = np.zeros((3, 3, 1))
    >>> image[1, 1] = 130.0
    >>> np.asarray(kerata.layers.RandomSharpness((0.0, 0.0))(image, training=True))[:, :, 0].round().tolist()
    [[10.0, 10.0, 10.0], [10.0, 50.0, 10.0], [10.0, 10.0, 10.0]]
    """

    def _colored(self, images, transformation):
        soft = self._softened(images)
        return ops.add(soft, ops.multiply(ops.multiply(ops.subtract(images, soft), 2.0), self._factor(transformation)))

    def _softened(self, images):
        """Each pixel averaged with its neighbours, itself counted five times; zeros beyond the edges."""
        rows, columns = self.height_axis % 4, self.width_axis % 4
        pairs = [(1, 1) if axis in (rows, columns) else (0, 0) for axis in range(4)]
        padded = ops.pad(images, pairs)
        total = ops.multiply(images, 4.0)
        for down in (0, 1, 2):
            for right in (0, 1, 2):
                key = [slice(None)] * 4
                key[rows] = slice(down, -2 + down or None)
                key[columns] = slice(right, -2 + right or None)
                total = ops.add(total, padded[tuple(key)])
        return ops.divide(total, 13.0)


class RandomPosterization(FactorLayer):
    """Colours kept to fewer bits at random while training.

    Args:
        factor: how many bits are kept, from 1 to 8: a pair (low, high), or one number for (1, factor).
        value_range: the range of the images' values.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    Source: Cubuk et al. 2018, "AutoAugment", arXiv:1805.09501.

    >>> import kerata, numpy as np
    >>> image = np.array([[[100.0], [200.0]]])
    >>> np.asarray(kerata.layers.RandomPosterization((1, 1))(image, training=True)).ravel().tolist()
    [0.0, 128.0]
    """

    lowest, most, one_number = 1, 8, 1

    def get_random_transformation(self, data, training=True, seed=None):
        """`shift_factor` (batch,): how many bits are lost."""
        if not training:
            return None
        low, high = self.factor
        kept = self._draws(data, seed).integers(int(low), int(high) + 1)
        return {"shift_factor": ops.cast(ops.subtract(8, kept), "uint8")}

    def _colored(self, images, transformation):
        step = ops.power(2.0, ops.cast(column(transformation["shift_factor"]), "float32"))
        whole = ops.floor(ops.clip(in_range(ops.cast(images, "float32"), self.value_range, (0.0, 255.0)), 0.0, 255.0))
        kept = ops.multiply(ops.floor(ops.divide(whole, step)), step)
        return in_range(kept, (0.0, 255.0), self.value_range)


class Solarization(ColorLayer):
    """Pixels above a threshold inverted, in each image while training.

    Args:
        addition_factor: what is added first, as a fraction of the range: a pair (low, high), or one number for
            (0, factor).
        threshold_factor: from which value on pixels are inverted, likewise.
        value_range: the range of the images' values.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> image = np.array([[[100.0], [200.0]]])
    >>> with kerata.use_engine("numpy"):
    ...     kerata.layers.Solarization(threshold_factor=(0.5, 0.5))(image, training=True).ravel().tolist()
    [100.0, 55.0]
    """

    def __init__(self, addition_factor=0.0, threshold_factor=0.0, value_range=(0, 255), seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.addition_factor = as_range(addition_factor, "addition_factor", self, low=0, least=0.0)
        self.threshold_factor = as_range(threshold_factor, "threshold_factor", self, low=0, least=0.0)
        self.value_range = checked_value_range(value_range, self)

    def get_random_transformation(self, data, training=True, seed=None):
        """`additions` and `thresholds` (batch, 1, 1, 1)."""
        if not training:
            return None
        draws, span = self._draws(data, seed), self.value_range[1] - self.value_range[0]
        names = {"additions": self.addition_factor, "thresholds": self.threshold_factor}
        return {name: column(ops.multiply(draws.uniform(*factor), span)) for name, factor in names.items()}

    def _colored(self, images, transformation):
        low, high = self.value_range
        raised = ops.clip(ops.add(images, self._factor(transformation, "additions")), low, high)
        kept = ops.less(raised, ops.add(self._factor(transformation, "thresholds"), low))
        return ops.where(kept, raised, ops.subtract(high + low, raised))


class RandomInvert(ColorLayer):
    """Colours inverted at random while training.

    Args:
        factor: the probability, drawn for each image from a pair (low, high), or from (0, factor).
        value_range: the range of the images' values.
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> image = np.array([[[100.0, 0.0, 255.0]]])
    >>> np.asarray(kerata.layers.RandomInvert((1.0, 1.0))(image, training=True)).ravel().tolist()
    [155.0, 255.0, 0.0]
    """

    def __init__(self, factor=1.0, value_range=(0, 255), seed=None, data_format=None, **kwargs):
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        self.factor = as_range(factor, "factor", self, low=0, least=0.0)
        self.value_range = checked_value_range(value_range, self)

    def get_random_transformation(self, data, training=True, seed=None):
        """`apply_inversion` (batch,): which images are inverted."""
        return {"apply_inversion": self._draws(data, seed).chance(self.factor)} if training else None

    def _colored(self, images, transformation):
        low, high = self.value_range
        return chosen(transformation["apply_inversion"], ops.subtract(high + low, images), images)


class RandomGrayscale(ImageLayer):
    """Images made grey at random while training, in as many channels as before.

    Args:
        factor: the probability, from 0 to 1.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> red = np.array([[[255.0, 0.0, 0.0]]])
    >>> np.asarray(kerata.layers.RandomGrayscale(1.0)(red, training=True)).round().tolist()
    [[[76.0, 76.0, 76.0]]]
    """

    def __init__(self, factor=0.5, data_format=None, seed=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        if not isinstance(factor, (int, float)) or not 0 <= factor <= 1:
            raise ValueError(f"RandomGrayscale: factor must be a number from 0 to 1; {factor!r} came.")
        self.factor = factor
        self._draw_from(seed)

    def get_random_transformation(self, images, training=True, seed=None):
        """Which images are made grey, (batch, 1, 1, 1)."""
        return column(ops.less(self._draws(images, seed).uniform(0.0, 1.0), self.factor)) if training else None

    def transform_images(self, images, transformation, training=True):
        """The images, grey where the transformation says so."""
        images = self._floats(images)
        if transformation is None:
            return images
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        return ops.where(transformation, grey, images)

    def transform_labels(self, labels, transformations=None, **kwargs):
        """The labels: as they are, whatever the `transformations`."""
        return _as_they_are(labels, kwargs)

    def transform_bounding_boxes(self, bounding_boxes, **kwargs):
        """The boxes: as they are."""
        return _as_they_are(bounding_boxes, kwargs)

    def transform_segmentation_masks(self, segmentation_masks, transformations=None, **kwargs):
        """The masks: as they are, whatever the `transformations`."""
        return _as_they_are(segmentation_masks, kwargs)


def _as_they_are(x, given):
    """`x`, after a look at what was given beside it: other layers' methods of the name take a transformation and `training`.

    Raises: TypeError for anything else.
    """
    suggestions.refuse(ImageLayer.transform_labels, given, ("transformation", "training"))
    return x


class RandomColorJitter(ComposedLayer):
    """Brightness, contrast, saturation and hue changed at random while training, one after another.

    Args:
        value_range: the range of the images' values.
        brightness_factor, contrast_factor, saturation_factor, hue_factor: those of `RandomBrightness`, `RandomContrast`,
            `RandomSaturation` and `RandomHue`; None for no change.
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> image = np.full((4, 4, 3), 100.0)
    >>> with kerata.use_engine("numpy"):
    ...     jitter = kerata.layers.RandomColorJitter(brightness_factor=0.2, contrast_factor=0.2, hue_factor=0.1, seed=1)
    ...     jitter(image, training=True).shape, bool((jitter(image, training=False) == image).all())
    ((4, 4, 3), True)
    """

    def __init__(
        self,
        value_range=(0, 255),
        brightness_factor=None,
        contrast_factor=None,
        saturation_factor=None,
        hue_factor=None,
        seed=None,
        data_format=None,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = checked_value_range(value_range, self)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        self._draw_from(seed)
        shared = {"value_range": self.value_range, "data_format": self.data_format, "dtype": self.dtype_policy}
        kinds = [RandomBrightness, RandomContrast, RandomSaturation, RandomHue]
        factors = [brightness_factor, contrast_factor, saturation_factor, hue_factor]
        self._steps = [cls(factor, **shared) for cls, factor in zip(kinds, factors) if factor is not None]

    def get_random_transformation(self, data, training=True, seed=None):
        """The transformations of the changes, in their order."""
        draws = self._draws(data, seed)
        return [step.get_random_transformation(data, training, draws) for step in self._steps]

    def transform_images(self, images, transformation, training=True):
        """The images with all changes; they are drawn anew if `transformation` is None."""
        images = self._floats(images)
        if transformation is None:
            transformation = self.get_random_transformation(images, training)
        for step, part in zip(self._steps, transformation):
            images = step.transform_images(images, part, training=training)
        return images
