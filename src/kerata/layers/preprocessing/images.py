"""What layers that change images have in common: draws, images with what belongs to them, batches and single images."""

import copy
from collections.abc import Sequence
from typing import Any, SupportsFloat

import numpy as np

from kerata import engines, ops, random
from kerata.core.arguments import is_number, plain_number
from kerata.core.arrays import as_array
from kerata.core.fields import Field, dataclass, field
from kerata.core.seeds import SeedGenerator
from kerata.core.types import Seed, Shape, TensorLike
from kerata.engines.abstract.array import AbstractArray
from kerata.layers.arguments import DataFormat
from kerata.layers.preprocessing.base import DataLayer
from kerata.ops.lengths import run_time_shape

PARTS = ("images", "bounding_boxes", "labels", "segmentation_masks")


class Number(Field[SupportsFloat, float]):
    """A number.

    Args:
        kind, fits: what it must be, in words and as a function.
    """

    def __init__(self, default, kind="a number", fits=lambda x: True, **options):
        super().__init__(default, **options)
        self.kind, self.fits = kind, fits

    def convert(self, value, name, owner):
        if not is_number(value) or not self.fits(value):
            raise ValueError(f"{type(owner).__name__}: {name} must be {self.kind}; {value!r} came.")
        return plain_number(value)


class PositiveNumber(Number):
    """A number above 0."""

    def __init__(self, default, **options):
        super().__init__(default, "a positive number", lambda x: x > 0, **options)


def as_pair(value):
    """The range from a number's negative to it, or the pair that it is."""
    return value if isinstance(value, (list, tuple)) else (-abs(value), abs(value))


class Range(Field[SupportsFloat | Sequence[SupportsFloat], tuple[float, float]]):
    """A pair (low, high), from one number or two.

    Args:
        least, most: the bounds of both.
        alone: those of one number, if they are others.
        one: the pair that one number stands for; from its negative to it if unset.
    """

    def __init__(self, default=Field.required, *, least=-1.0, most=1.0, alone=None, one=as_pair, **options):
        super().__init__(default, **options)
        self.least, self.most, self.one = least, most, one
        self.alone = alone or (least, most)

    def convert(self, value, name, owner):
        alone = is_number(value)
        least, most = self.alone if alone else (self.least, self.most)
        given = (value,) if alone else value if isinstance(value, (list, tuple, np.ndarray)) else ()
        given = tuple(map(plain_number, given))
        fits = len(given) == 2 - alone and all(is_number(x) and least <= x <= most for x in given)
        pair = () if not fits else self.one(given[0]) if alone else tuple(sorted(given))
        if not fits or pair[0] > pair[1]:
            raise ValueError(
                f"{type(owner).__name__}: {name} must be a number or a pair (low, high) from {least} to {most}; {value!r} came."
            )
        return pair


class PositiveRange(Range):
    """A pair (low, high) of numbers from 0 to `most`; one number stands for (0, number)."""

    def __init__(self, default=Field.required, *, least=0.0, one=lambda x: (0, x), **options):
        super().__init__(default, least=least, one=one, **options)


class GivenRange(Field[SupportsFloat | Sequence[SupportsFloat] | None, Any]):
    """A `Range`, of which see the arguments, or None if that is the default; kept as it comes."""

    def __init__(self, default=Field.required, **limits):
        super().__init__(default)
        self.range = Range(**limits)

    def convert(self, value, name, owner):
        if value is not None or self.default is not None:
            self.range.convert(value, name, owner)
        return value


class ValueRange(Field[Sequence[float], tuple[float, float]]):
    """The range of images' values: a pair (low, high)."""

    def convert(self, value, name, owner):
        if not isinstance(value, (list, tuple)) or len(value) != 2 or not value[0] < value[1]:
            raise ValueError(f"{type(owner).__name__}: {name} must be a pair (low, high); {value!r} came.")
        return tuple(value)


class Draws:
    """Random numbers for one transformation, each draw from a seed of its own.

    In the graph of a `tf.data` pipeline, the state of a generator that belongs to another engine is moved on by the host,
    whenever the graph runs.
    """

    def __init__(self, seed, images):
        shape = run_time_shape(images)
        self.seed, self.count, self.batch = seed, 0, shape[0] if len(shape) == 4 else 1
        engine = engines.current()
        self.foreign = (
            isinstance(seed, SeedGenerator)
            and not engine.is_abstract
            and engine.name != seed.state.engine_name
            and not engine.is_concrete(images)
        )
        self.anchor = images if self.foreign else None

    def key(self):
        """The seed of the next draw."""
        if not isinstance(self.seed, SeedGenerator):
            self.count += 1
            return np.array([int(self.seed) % 2**32, self.count], "uint32")
        if not self.foreign:
            return self.seed.next()
        first = ops.ravel(self.anchor)[:1]
        return engines.current().on_host(lambda _: self._from_host(), AbstractArray((2,), "uint32"), first)

    def _from_host(self):
        with engines.use_engine(self.seed.state.engine_name) as engine:
            return engine.to_numpy(self.seed.next()).astype("uint32")

    def repeated(self, count):
        """The same source of draws, for so many times as many images."""
        other = copy.copy(self)
        other.batch = None if self.batch is None else self.batch * count
        setattr(other, "key", self.key)  # so that all draw from one count
        return other

    def uniform(self, low, high, shape=None, each=True):
        """Floats from `low` to `high`: one an image, or of `shape` for each if that is given."""
        size = ((self.batch,) if each else ()) + tuple(shape or ())
        return random.uniform(size, low, high, dtype="float32", seed=self.key())

    def normal(self, shape):
        """Normally distributed floats of a shape."""
        return random.normal(shape, dtype="float32", seed=self.key())

    def integers(self, low, high, shape=None):
        """Whole numbers from `low` to `high`, the end left out: one an image, or of a shape."""
        return random.randint((self.batch,) if shape is None else shape, low, high, dtype="int32", seed=self.key())

    def beta(self, alpha):
        """Draws from the beta distribution with both parameters `alpha`, between 0 and 1."""
        return random.beta((self.batch,), alpha, alpha, dtype="float32", seed=self.key())

    def gamma(self, alpha, shape):
        """Draws from the gamma distribution with this parameter."""
        return random.gamma(shape, alpha, dtype="float32", seed=self.key())

    def order(self):
        """The images' numbers in random order."""
        return random.shuffle(ops.arange(self.batch, dtype="int32"), seed=self.key())

    def chance(self, factor):
        """Whether something happens to each image, its probability drawn from a range."""
        return self.uniform(0.0, 1.0) < self.uniform(*factor)

    def sign(self, shape=None):
        """-1 or 1 for each image, or of `shape` for each."""
        return ops.where(self.uniform(0.0, 1.0, shape) < 0.5, -1.0, 1.0)


@dataclass(unlisted=("bounding_box_format", "data_format"))
class ImageLayer(DataLayer):
    """A layer that changes images, and with them what belongs to them.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same, or other
    height and width. A dict may hold "images", "labels", "bounding_boxes" and "segmentation_masks", all of a batch or all
    of one image; it comes back with each of them changed alike.

    A subclass draws in `_draw(draws, images)`, and computes in `_change_images(images, transformation)` and, for what does not
    stay as it is, in `_change_labels`, `_change_bounding_boxes` and `_change_segmentation_masks`. All of them get arrays of a
    batch. Where it has an argument `seed`, it is random: nothing is drawn but in training.

    Args:
        bounding_box_format: that of the boxes, such as "xyxy" or "rel_xyxy"; needed where there are boxes.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
    """

    moves_pixels = False  # whether boxes and masks change with the images
    always = False  # whether images change in any case, not only in training by what was drawn
    keeps_dtype = False  # whether images keep their dtype, and don't come in the layer's floats
    keeps_unchanged = False  # whether images that don't change keep their dtype
    masks_in_floats = False  # whether masks come in the layer's floats, as the images do
    casts_in_pipelines = True
    rank = 2
    generator = None

    bounding_box_format: str | None = field(default=None, kw_only=True)
    data_format: DataFormat = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if hasattr(self, "seed"):
            self.generator = SeedGenerator(self.seed)
        axes = (-3, -2, -1) if self.data_format == "channels_last" else (-2, -1, -3)
        self.height_axis, self.width_axis, self.channel_axis = axes  # counted from the end

    def _size(self, images):
        """The images' height and width."""
        shape = run_time_shape(images)
        return shape[self.height_axis], shape[self.width_axis]

    def _draw(self, draws, images):
        """What is done to a batch, by random numbers from `draws`; None if there is nothing to tell."""
        return

    def get_random_transformation(self, data: Any, training: bool | None = True, seed: Seed = None) -> Any:
        """What is done to a batch, to be given to `transform_images` and its like; None if nothing is drawn.

        Args:
            data: a batch of images, or a dict with one.
            training: whether the model is being trained.
            seed: an integer in place of the layer's own generator.
        """
        if self.generator is not None and not training:
            return None
        images = as_array(data["images"] if isinstance(data, dict) else data)
        if not isinstance(seed, Draws):
            seed = Draws(self.generator if seed is None else seed, images)
        return self._draw(seed, images)

    def _changed(self, part, x, transformation, training):
        """What becomes of images, labels, boxes or masks."""
        change = getattr(self, f"_change_{part}", None)
        return change(_mapped(as_array, x), transformation) if change and self._acts(transformation, training) else x

    def _acts(self, transformation, training):
        """Whether anything is changed."""
        return self.always or transformation is not None and training

    def transform_images(self, images: TensorLike, transformation: Any, training: bool | None = True) -> Any:
        """The images, changed."""
        if self.keeps_dtype or self.keeps_unchanged and not self._acts(transformation, training):
            return self._changed("images", images, transformation, training)
        return self._floats(self._changed("images", self._floats(images), transformation, training))

    def transform_labels(self, labels: TensorLike, transformation: Any, training: bool | None = True) -> Any:
        """The labels, changed if the layer mixes images."""
        return self._changed("labels", labels, transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: TensorLike, transformation: Any, training: bool | None = True) -> Any:
        """The boxes, moved with the images."""
        return self._changed("bounding_boxes", bounding_boxes, transformation, training)

    def transform_segmentation_masks(
        self, segmentation_masks: TensorLike, transformation: Any, training: bool | None = True
    ) -> Any:
        """The masks, moved with the images."""
        masks = self._changed("segmentation_masks", segmentation_masks, transformation, training)
        return self._floats(masks) if self.masks_in_floats else masks

    def _of_batch_of_one(self, transform, part, transformation, training):
        """What a method for batches makes of what belongs to one image."""
        batch = _mapped(lambda x: ops.expand_dims(as_array(x), 0), part)
        return _mapped(lambda x: ops.squeeze(x, 0), transform(batch, transformation=transformation, training=training))

    def transform_single_image(self, image: TensorLike, transformation: Any, training: bool | None = True) -> Any:
        """One image (height, width, channels), changed; the transformation is that of a batch of one."""
        return self._of_batch_of_one(self.transform_images, image, transformation, training)

    def transform_single_label(self, label: TensorLike, transformation: Any, training: bool | None = True) -> Any:
        """The label of one image."""
        return self._of_batch_of_one(self.transform_labels, label, transformation, training)

    def transform_single_bounding_box(self, bounding_box: Any, transformation: Any, training: bool | None = True) -> Any:
        """The dict of boxes (n, 4) and labels (n,) of one image."""
        return self._of_batch_of_one(self.transform_bounding_boxes, bounding_box, transformation, training)

    def transform_single_segmentation_mask(
        self, segmentation_mask: TensorLike, transformation: Any, training: bool | None = True
    ) -> Any:
        """The mask of one image."""
        return self._of_batch_of_one(self.transform_segmentation_masks, segmentation_mask, transformation, training)

    def call(self, data: Any, training: bool | None = True) -> Any:
        """The images, or the dict of images and what belongs to them, changed."""
        parts = dict(data) if isinstance(data, dict) else {"images": data}
        own = [key for key in PARTS if parts.get(key) is not None]
        parts.update({key: _mapped(as_array, parts[key]) for key in own})
        rank = self._checked_rank(parts)
        if rank == 3:
            parts.update({key: _mapped(lambda x: ops.expand_dims(x, 0), parts[key]) for key in own})
        given = parts if isinstance(data, dict) else parts["images"]
        transformation = self.get_random_transformation(given, training=training)
        for key in own:
            transform = getattr(self, f"transform_{key}")
            parts[key] = transform(parts[key], transformation=transformation, training=training)
        if rank == 3:
            parts.update({key: _mapped(lambda x: ops.squeeze(x, 0), parts[key]) for key in own})
        return parts if isinstance(data, dict) else parts["images"]

    def _checked_rank(self, parts):
        name = type(self).__name__
        if "images" not in parts:
            raise ValueError(f"{name}: a dict of data has the key 'images'; {sorted(parts)} came.")
        if "bounding_boxes" in parts and self.bounding_box_format is None:
            raise ValueError(f"{name}: data with bounding_boxes needs bounding_box_format=, such as 'xyxy'.")
        shape = tuple(parts["images"].shape)
        if len(shape) not in (3, 4):
            raise ValueError(f"{name}: images have 3 or 4 axes; shape {shape} came.")
        return len(shape)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        return input_shape

    def _floats(self, images):
        return ops.cast(images, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `bounding_box_format` if it was given."""
        config = super().get_config()
        if config.get("bounding_box_format") is None:
            config.pop("bounding_box_format", None)
        return config


class ForAnyTransformation(ImageLayer):
    """An image layer whose `transform_images` needs no transformation."""

    def transform_images(self, images: TensorLike, transformation: Any = None, training: bool | None = True) -> Any:
        return super().transform_images(images, transformation, training)


class ForNoTransformation(ForAnyTransformation):
    """An image layer whose other methods need none either."""

    always = keeps_dtype = True

    def transform_labels(self, labels: TensorLike, transformation: Any = None, training: bool | None = True) -> Any:
        return super().transform_labels(labels, transformation, training)

    def transform_segmentation_masks(
        self, segmentation_masks: TensorLike, transformation: Any = None, training: bool | None = True
    ) -> Any:
        return super().transform_segmentation_masks(segmentation_masks, transformation, training)


class ComposedLayer(ImageLayer):
    """A layer that applies others, with draws from its own generator.

    A subclass gives them as `_steps`.
    """

    _steps: Any

    def build(self, input_shape: Shape) -> None:
        for layer in self._steps:
            layer.build(input_shape)


def _mapped(fn, part):
    return {k: _mapped(fn, v) for k, v in part.items()} if isinstance(part, dict) else None if part is None else fn(part)


def column(values):
    """Numbers (batch,), one an image, so that they go with images (batch, ..., ..., ...)."""
    return ops.reshape(values, (-1, 1, 1, 1))


def chosen(condition, first, second):
    """`first` for the images for which `condition` (batch,) holds, else `second`."""
    return ops.where(column(condition), first, second)


def in_range(images, source, target=(0.0, 1.0)):
    """Images from one range of values scaled to another."""
    low, high = source
    return (images - low) / (high - low) * (target[1] - target[0]) + target[0]
