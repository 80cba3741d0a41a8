"""Colours changed at random: brightness, contrast, hue, saturation, and what else leaves pixels where they are."""

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core import suggestions
from kerata.core.arguments import Share
from kerata.core.arrays import dtype_of
from kerata.core.fields import dataclass
from kerata.core.types import Seed, TensorLike
from kerata.layers.preprocessing.images import (
    ComposedLayer,
    ForAnyTransformation,
    GivenRange,
    ImageLayer,
    PositiveRange,
    Range,
    ValueRange,
    column,
    in_range,
)


class ColorLayer(ImageLayer):
    """A layer that changes colours at random while training, and cuts them to its `value_range`.

    A subclass draws a dict of numbers, one for each image, and computes in `_recolor(images, **numbers)`, to which they come
    as (batch, 1, 1, 1), in the images' dtype.
    """

    keeps_unchanged = True

    value_range: Any
    _recolor: Any

    def _change_images(self, images, transformation):
        numbers = {name: self._floats(column(values)) for name, values in transformation.items()}
        return ops.clip(self._recolor(images, **numbers), *self.value_range)


@dataclass
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

    keeps_dtype = True

    factor: Range
    value_range: ValueRange = ValueRange((0, 255))
    seed: int | None = None

    def _draw(self, draws, images):
        """`rgb_delta` (batch, 1, 1, 1): what is added to each image."""
        return {"rgb_delta": column(draws.uniform(*self.factor) * (self.value_range[1] - self.value_range[0]))}

    def _change_images(self, images, transformation):
        return ops.cast(super()._change_images(self._floats(images), transformation), dtype_of(images))

    def _recolor(self, images, rgb_delta):
        return images + rgb_delta


@dataclass
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

    factor: GivenRange = GivenRange(least=0.0, most=float("inf"), alone=(0.0, 1.0), one=lambda x: (x, x))
    value_range: ValueRange = ValueRange((0, 255))
    seed: int | None = None

    def _draw(self, draws, images):
        """`contrast_factor` (batch, 1, 1, 1)."""
        lower, upper = self.factor if isinstance(self.factor, (list, tuple)) else (self.factor, self.factor)
        return {"contrast_factor": column(draws.uniform(1.0 - lower, 1.0 + upper))}

    def _recolor(self, images, contrast_factor):
        mean = ops.mean(images, axis=(self.height_axis, self.width_axis), keepdims=True)
        return (images - mean) * contrast_factor + mean


@dataclass(after={"data_format": "value_range"})
class FactorLayer(ForAnyTransformation, ColorLayer):
    """A layer whose transformation is one `factor` for each image, drawn evenly from a range."""

    factor: Range
    value_range: ValueRange = ValueRange((0, 255))
    seed: int | None = None

    def _draw(self, draws, images):
        """`factor` (batch,): one for each image."""
        return {"factor": draws.uniform(*self.factor)}


@dataclass
class RandomHue(FactorLayer):
    """The hue of images turned at random while training, either way.

    Args:
        factor: how far, from 0 for not at all to 1 for half a circle, to the opposite colours: a pair (low, high), or one number
            for (0, factor).
        value_range: the range of the images' values.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> red = np.array([[[255.0, 0.0, 0.0]]])
    >>> with kerata.use_engine("numpy"):
    ...     kerata.layers.RandomHue((2 / 3, 2 / 3), seed=1)(red, training=True).round().tolist()
    [[[0.0, 0.0, 255.0]]]
    """

    factor: Range = Range(one=lambda x: (0, x))

    def _draw(self, draws, images):
        """`factor` (batch,): how far each image's hue is turned, a whole circle being 1."""
        sign = draws.sign()
        return {"factor": 0.5 * draws.uniform(*self.factor) * sign}

    def _recolor(self, images, factor):
        return in_hsv(self, images, lambda hue, saturation, value: (ops.mod(hue + factor, 1.0), saturation, value))


@dataclass
class RandomSaturation(FactorLayer):
    """The saturation of images made stronger or weaker at random while training.

    Args:
        factor: 0 makes images grey, 0.5 leaves them as they are, and towards 1 their colours become as strong as can be: the
            saturation is multiplied by factor / (1 - factor). A pair (low, high), or one number for (0, factor).
        value_range: the range of the images' values.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        seed: an integer for the same draws in each run.

    >>> import kerata, numpy as np
    >>> red = np.array([[[255.0, 0.0, 0.0]]])
    >>> with kerata.use_engine("numpy"):
    ...     kerata.layers.RandomSaturation((1 / 6, 1 / 6))(red, training=True).round().tolist()
    [[[255.0, 204.0, 204.0]]]
    """

    factor: Range = Range(one=lambda x: (0, x))

    def _draw(self, draws, images):
        """`factor` (batch,): what each image's saturation is multiplied by."""
        drawn = draws.uniform(*self.factor)
        return {"factor": drawn / ops.maximum(1.0 - drawn, 1e-3)}

    def _recolor(self, images, factor):
        return in_hsv(self, images, lambda hue, saturation, value: (hue, ops.clip(saturation * factor, 0.0, 1.0), value))


def in_hsv(layer, images, change):
    """Images after `change(hue, saturation, value)`."""
    parts = ops.image.rgb_to_hsv(in_range(images, layer.value_range), data_format=layer.data_format)
    axis = layer.channel_axis
    hsv = ops.concatenate(change(*ops.split(parts, 3, axis)), axis)
    return in_range(ops.image.hsv_to_rgb(hsv, data_format=layer.data_format), (0.0, 1.0), layer.value_range)


@dataclass
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

    def _draw(self, draws, images):
        """`factor` (batch, 1, 1, 1): the share of grey."""
        return {"factor": column(draws.uniform(*self.factor))}

    def _recolor(self, images, factor):
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        return images + factor * (grey - images)


@dataclass
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

    keeps_unchanged = False

    factor: PositiveRange

    def _recolor(self, images, factor):
        soft = self._softened(images)
        return soft + (images - soft) * 2.0 * factor

    def _softened(self, images):
        """Each pixel averaged with its neighbours, itself counted five times; zeros beyond the edges."""
        rows, columns = self.height_axis % 4, self.width_axis % 4
        padded = ops.pad(images, [(1, 1) if axis in (rows, columns) else (0, 0) for axis in range(4)])
        total = images * 4.0
        for down in (0, 1, 2):
            for right in (0, 1, 2):
                key = [slice(None)] * 4
                key[rows] = slice(down, -2 + down or None)
                key[columns] = slice(right, -2 + right or None)
                total = total + padded[tuple(key)]
        return total / 13.0


@dataclass
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

    factor: Range = Range(least=1, most=8, one=lambda x: (1, x))

    def _draw(self, draws, images):
        """`shift_factor` (batch,): how many bits are lost."""
        low, high = self.factor
        return {"shift_factor": ops.cast(8 - draws.integers(int(low), int(high) + 1), "uint8")}

    def _recolor(self, images, shift_factor):
        step = ops.power(2.0, ops.cast(shift_factor, "float32"))
        whole = ops.floor(ops.clip(in_range(ops.cast(images, "float32"), self.value_range, (0.0, 255.0)), 0.0, 255.0))
        return in_range(ops.floor(whole / step) * step, (0.0, 255.0), self.value_range)


@dataclass
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

    keeps_unchanged = False

    addition_factor: PositiveRange = PositiveRange(0.0)
    threshold_factor: PositiveRange = PositiveRange(0.0)
    value_range: ValueRange = ValueRange((0, 255))
    seed: int | None = None

    def _draw(self, draws, images):
        """`additions` and `thresholds` (batch, 1, 1, 1)."""
        span = self.value_range[1] - self.value_range[0]
        names = {"additions": self.addition_factor, "thresholds": self.threshold_factor}
        return {name: column(draws.uniform(*factor) * span) for name, factor in names.items()}

    def _recolor(self, images, additions, thresholds):
        low, high = self.value_range
        raised = ops.clip(images + additions, low, high)
        return ops.where(raised < thresholds + low, raised, high + low - raised)


@dataclass(after={"data_format": "seed"})
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

    factor: PositiveRange = PositiveRange(1.0)
    value_range: ValueRange = ValueRange((0, 255))
    seed: int | None = None

    def _draw(self, draws, images):
        """`apply_inversion` (batch,): which images are inverted."""
        return {"apply_inversion": draws.chance(self.factor)}

    def _recolor(self, images, apply_inversion):
        low, high = self.value_range
        return ops.where(apply_inversion > 0, high + low - images, images)


@dataclass(after={"data_format": "factor"})
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

    keeps_dtype = True

    factor: Share = Share(0.5)
    seed: int | None = None

    def _draw(self, draws, images):
        """Which images are made grey, (batch, 1, 1, 1)."""
        return column(draws.uniform(0.0, 1.0) < self.factor)

    def get_random_transformation(self, images: TensorLike, training: bool | None = True, seed: Seed = None) -> Any:
        return super().get_random_transformation(images, training, seed)

    def _change_images(self, images, transformation):
        return ops.where(transformation, ops.image.rgb_to_grayscale(images, data_format=self.data_format), images)

    # The names are Keras's.
    def transform_labels(  # type: ignore[override]
        self, labels: TensorLike, transformations: Any = None, **kwargs: Any
    ) -> Any:
        """The labels: as they are, whatever the `transformations`."""
        return _as_they_are(labels, kwargs)

    def transform_bounding_boxes(self, bounding_boxes: TensorLike, **kwargs: Any) -> Any:  # type: ignore[override]
        """The boxes: as they are."""
        return _as_they_are(bounding_boxes, kwargs)

    def transform_segmentation_masks(  # type: ignore[override]
        self, segmentation_masks: TensorLike, transformations: Any = None, **kwargs: Any
    ) -> Any:
        """The masks: as they are, whatever the `transformations`."""
        return _as_they_are(segmentation_masks, kwargs)


def _as_they_are(x, given):
    """`x`, after a look at what was given beside it: other layers' methods of the name take a transformation and `training`.

    Raises: TypeError for anything else.
    """
    suggestions.refuse(ImageLayer.transform_labels, given, ("transformation", "training"))
    return x


@dataclass(after={"data_format": "seed"})
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

    keeps_unchanged = True

    value_range: ValueRange = ValueRange((0, 255))
    brightness_factor: float | Sequence[float] | None = None
    contrast_factor: float | Sequence[float] | None = None
    saturation_factor: float | Sequence[float] | None = None
    hue_factor: float | Sequence[float] | None = None
    seed: int | None = None

    def __post_init__(self):
        super().__post_init__()
        shared = {"value_range": self.value_range, "data_format": self.data_format, "dtype": self.dtype_policy}
        kinds = {RandomBrightness: self.brightness_factor, RandomContrast: self.contrast_factor}
        kinds |= {RandomSaturation: self.saturation_factor, RandomHue: self.hue_factor}
        self._steps = [cls(factor, **shared) for cls, factor in kinds.items() if factor is not None]
        for step in self._steps:
            setattr(self, type(step).__name__.replace("Random", "random_").lower(), step)

    def _draw(self, draws, images):
        """The transformations of the changes, in their order."""
        return [step.get_random_transformation(images, True, draws) for step in self._steps]

    def transform_images(self, images: TensorLike, transformation: Any, training: bool | None = True) -> Any:
        """The images with all changes; they are drawn anew if `transformation` is None."""
        if transformation is None:
            transformation = self.get_random_transformation(images, training)
        return super().transform_images(images, transformation, training)

    def _change_images(self, images, transformation):
        for step, part in zip(self._steps, transformation):
            images = step.transform_images(images, part)
        return images
