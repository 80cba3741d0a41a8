"""Images mixed with one another, with parts erased, or blurred, at random; and layers one after another."""

from collections.abc import Sequence
from typing import Any, ClassVar

from kerata import ops
from kerata.core import masks, serialization
from kerata.core.arrays import as_array
from kerata.core.fields import Field, dataclass, field
from kerata.core.signatures import accepts
from kerata.core.types import TensorLike, Tree
from kerata.layers.arguments import PositiveInt
from kerata.layers.preprocessing.base import ClosedLayer
from kerata.layers.preprocessing.images import (
    ForAnyTransformation,
    ForNoTransformation,
    PositiveNumber,
    PositiveRange,
    ValueRange,
    chosen,
    column,
)
from kerata.ops.lengths import run_time_shape


class _Mixing(ForAnyTransformation):
    """A layer that mixes each image of a batch with another one while training."""

    mixes_batch = True
    moves_pixels = True

    def _change_labels(self, labels, transformation):
        """The labels, mixed as the images are: (batch, classes) or (batch,), in floats."""
        labels = self._floats(labels)
        weight = ops.reshape(transformation["mix_weight"], (-1,) + (1,) * (len(labels.shape) - 1))
        return ops.multiply(weight, labels) + ops.multiply(1.0 - weight, self._others(labels, transformation))

    @staticmethod
    def _others(x, transformation):
        return ops.take(x, as_array(transformation["permutation_order"]), axis=0)


@dataclass(after={"data_format": "alpha"})
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

    keeps_unchanged = True

    alpha: PositiveNumber = PositiveNumber(0.2)
    seed: int | None = None

    def _draw(self, draws, images):
        """`mix_weight` (batch,), each image's own share, and `permutation_order` (batch,), the others."""
        return {"mix_weight": draws.beta(self.alpha), "permutation_order": draws.order()}

    def _change_images(self, images, transformation):
        weight = ops.cast(column(transformation["mix_weight"]), images.dtype)
        return weight * images + (1.0 - weight) * self._others(images, transformation)

    def _change_segmentation_masks(self, segmentation_masks, transformation):
        """The masks, mixed as the images are."""
        return self._change_images(self._floats(segmentation_masks), transformation)

    def _change_bounding_boxes(self, bounding_boxes, transformation):
        """The boxes of both images."""
        return {key: ops.concatenate([x, self._others(x, transformation)], axis=1) for key, x in bounding_boxes.items()}


@dataclass(after={"data_format": "seed"})
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

    factor: PositiveRange = PositiveRange(1.0)
    seed: int | None = None

    def _draw(self, draws, images):
        """`permutation_order` (batch,), `batch_masks` (batch, height, width, 1) and `mix_weight` (batch, 1, 1, 1)."""
        weight = draws.uniform(*self.factor)
        side = ops.sqrt(1.0 - weight)
        masks = rectangles(self, images, draws, side, side)
        return {"permutation_order": draws.order(), "batch_masks": masks, "mix_weight": column(weight)}

    def _change_images(self, images, transformation):
        return ops.where(as_array(transformation["batch_masks"]), self._others(images, transformation), images)

    def _change_segmentation_masks(self, segmentation_masks, transformation):
        """The masks, with the same parts replaced."""
        inside = ops.any(as_array(transformation["batch_masks"]), axis=self.channel_axis, keepdims=True)
        return ops.where(inside, self._others(segmentation_masks, transformation), segmentation_masks)


def rectangles(layer, images, draws, height_share, width_share):
    """Where a rectangle of this share of the height and the width lies in each image; its middle is anywhere."""
    inside = True
    for axis, length, share in zip((layer.height_axis, layer.width_axis), layer._size(images), (height_share, width_share)):
        length_ = ops.cast(length, "float32")
        half, middle = share * (length_ / 2), draws.uniform(0.0, 1.0) * length_
        place = ops.cast(ops.arange(length, dtype="int32"), "float32") + 0.5
        place = ops.reshape(place, [-1 if a == axis % 4 else 1 for a in range(4)])
        inside = ops.logical_and(inside, ops.absolute(place - column(middle)) <= column(half))
    return inside


@dataclass(after={"data_format": "seed"})
class RandomErasing(ForAnyTransformation):
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

    factor: PositiveRange = PositiveRange(1.0)
    scale: PositiveRange = PositiveRange((0.02, 0.33))
    fill_value: float | None = None
    value_range: ValueRange = ValueRange((0, 255))
    seed: int | None = None

    def _draw(self, draws, images):
        """Which images change, where (batch, height, width, 1), and what is put there."""
        area, slim = draws.uniform(*self.scale), draws.uniform(0.3, 3.3)
        masks = rectangles(self, images, draws, ops.sqrt(area * slim), ops.sqrt(area / slim))
        fill = self.fill_value
        if fill is None:
            low, high = self.value_range
            fill = ops.clip(draws.normal(tuple(run_time_shape(images)[-3:])) * (high - low) + low, low, high)
        return {"apply_erasing": draws.chance(self.factor), "batch_masks": masks, "fill_value": fill}

    def _change_images(self, images, transformation):
        fill = ops.cast(as_array(transformation["fill_value"]), images.dtype)
        erased = ops.where(as_array(transformation["batch_masks"]), fill, images)
        return chosen(transformation["apply_erasing"], erased, images)


class OddSizes(Field[int | Sequence[int], tuple[int, int]]):
    """A pair of odd numbers, from one or two."""

    def convert(self, value, name, owner):
        sizes = (value,) * 2 if isinstance(value, int) else tuple(value)
        if len(sizes) != 2 or not all(isinstance(n, int) and n > 0 and n % 2 for n in sizes):
            raise ValueError(f"{type(owner).__name__}: {name} must be an odd number or a pair of them; {value!r} came.")
        return sizes


@dataclass(after={"data_format": "value_range"})
class RandomGaussianBlur(ForAnyTransformation):
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

    factor: PositiveRange = PositiveRange(1.0)
    kernel_size: OddSizes = OddSizes(3)
    sigma: PositiveRange = PositiveRange(1.0, most=float("inf"), alone=(0.0, 1.0))
    value_range: ValueRange = ValueRange((0, 255))
    seed: int | None = None

    def _draw(self, draws, images):
        """Which images are blurred, and `blur_factor` (2,): the deviations along the width and along the height."""
        low, high = (max(limit, 1e-3) for limit in self.sigma)
        deviations = draws.uniform(low, high, shape=(2,), each=False)
        return {"should_apply_blur": draws.chance(self.factor), "blur_factor": deviations}

    def _change_images(self, images, transformation):
        deviations, blurred = ops.cast(as_array(transformation["blur_factor"]), images.dtype), images
        for axis, number in ((self.height_axis, 1), (self.width_axis, 0)):
            blurred = _averaged(blurred, axis % 4, self.kernel_size[number], deviations[number])
        return chosen(transformation["should_apply_blur"], ops.clip(blurred, *self.value_range), images)


def _averaged(images, axis, size, deviation):
    """Each pixel averaged with its neighbours along an axis by a Gaussian; zeros beyond the edges."""
    half = size // 2
    padded = ops.pad(images, [(half, half) if a == axis else (0, 0) for a in range(4)])
    weights = [ops.exp(-((i - half) ** 2 / 2.0 / (deviation * deviation))) for i in range(size)]
    total, result = sum(weights), 0.0
    for i, weight in enumerate(weights):
        key = [slice(None)] * 4
        key[axis] = slice(i, i - 2 * half or None)
        result = result + padded[tuple(key)] * (weight / total)
    return result


@dataclass
class MaxNumBoundingBoxes(ForNoTransformation):
    """As many bounding boxes in each image: those beyond are left out, missing ones filled in.

    Args:
        max_number: how many.
        fill_value: what stands for no box.

    >>> import kerata, numpy as np
    >>> layer = kerata.layers.MaxNumBoundingBoxes(2, bounding_box_format="xyxy")
    >>> boxes = {"boxes": np.ones((1, 1, 4)), "labels": np.array([[7]])}
    >>> layer({"images": np.ones((1, 4, 4, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"].tolist()
    [[7, -1]]
    """

    max_number: PositiveInt
    fill_value: float = -1

    def _change_bounding_boxes(self, bounding_boxes, transformation):
        """The boxes (batch, max_number, 4) and their labels (batch, max_number)."""
        result = dict(bounding_boxes)
        for key in ("boxes", "labels"):
            if result.get(key) is not None:
                x = result[key][:, : self.max_number]
                missing = self.max_number - x.shape[1]
                pairs = [(0, missing) if axis == 1 else (0, 0) for axis in range(len(x.shape))]
                result[key] = ops.pad(x, pairs, constant_values=self.fill_value)
        return result

    def get_config(self) -> dict[str, Any]:
        return {k: v for k, v in super().get_config().items() if k != "fill_value" or v != -1}


class Layers(Field[Sequence[Any], list[Any]]):
    """A list of layers."""

    def convert(self, value, name, owner):
        """A new list."""
        return list(value)


@dataclass(unlisted=("dtype",))
class Pipeline(ClosedLayer):
    """Layers one after another, to prepare data.

    Args:
        layers: a list of layers.

    >>> import kerata, numpy as np
    >>> prepare = kerata.layers.Pipeline([kerata.layers.Resizing(4, 4), kerata.layers.Rescaling(1 / 255)])
    >>> prepare(np.ones((2, 8, 8, 3))).shape
    (2, 4, 4, 3)
    """

    _pipeline_layers: ClassVar[list[Any]]

    layers: Layers = field(attribute="_pipeline_layers")

    def call(self, inputs: Tree, training: bool | None = True, mask: TensorLike | None = None) -> Any:
        """Each layer on the output of the one before; `mask` says which steps of the input count."""
        with masks.masked([inputs], [mask]) as (x,):
            for layer in self._pipeline_layers:
                x = layer(x, training=training) if accepts(layer.call, "training") else layer(x)
        return x

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "layers": [serialization.serialize_keras_object(layer) for layer in self._pipeline_layers]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        layers = [serialization.deserialize_keras_object(x) if isinstance(x, dict) else x for x in config["layers"]]
        return cls(layers, name=config.get("name"))


# Not in the class, where the name is the argument's.
setattr(Pipeline, "layers", property(lambda self: self._pipeline_layers, doc="The layers."))
