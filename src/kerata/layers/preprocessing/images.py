"""What layers that change images have in common: draws, images with what belongs to them, batches and single images."""

import copy

import numpy as np

from kerata import engines, ops, random
from kerata.core.arrays import as_array, dtype_of, static_shape
from kerata.core.config import standardize_data_format
from kerata.core.seeds import SeedGenerator
from kerata.engines.abstract.array import AbstractArray
from kerata.layers.preprocessing.base import DataLayer
from kerata.ops.nn import run_time_shape

PARTS = ("images", "bounding_boxes", "labels", "segmentation_masks")


class Draws:
    """Random numbers for one transformation, each draw from a seed of its own.

    In the graph of a `tf.data` pipeline, the state of a generator that belongs to another engine is moved on by the host,
    whenever the graph runs.
    """

    def __init__(self, seed, images):
        self.seed, self.count, self.batch = seed, 0, run_time_shape(images)[0]
        engine = engines.current()
        self.foreign = (
            isinstance(seed, SeedGenerator)
            and not engine.is_abstract
            and engine.name != seed.state.engine_name
            and not engine.is_concrete(images)
        )
        self.anchor = images if self.foreign else None

    def _next(self):
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
        other._next = self._next
        return other

    def uniform(self, low, high, shape=None, each=True):
        """Floats from `low` to `high`: one an image, or of `shape` for each if that is given."""
        size = ((self.batch,) if each else ()) + tuple(shape or ())
        return random.uniform(size, low, high, dtype="float32", seed=self._next())

    def normal(self, shape):
        """Normally distributed floats of a shape."""
        return random.normal(shape, dtype="float32", seed=self._next())

    def integers(self, low, high, shape=None):
        """Whole numbers from `low` to `high`, the end left out: one an image, or of a shape."""
        return random.randint((self.batch,) if shape is None else shape, low, high, dtype="int32", seed=self._next())

    def beta(self, alpha, shape=None):
        """Draws from the beta distribution with both parameters `alpha`, between 0 and 1."""
        return random.beta((self.batch,) if shape is None else shape, alpha, alpha, dtype="float32", seed=self._next())

    def gamma(self, alpha, shape):
        """Draws from the gamma distribution with this parameter."""
        return random.gamma(shape, alpha, dtype="float32", seed=self._next())

    def key(self):
        """What an op takes as its seed."""
        return self._next()

    def order(self):
        """The images' numbers in random order."""
        return random.shuffle(ops.arange(self.batch, dtype="int32"), seed=self._next())

    def chance(self, factor):
        """Whether something happens to each image, its probability drawn from a range."""
        return ops.less(self.uniform(0.0, 1.0), self.uniform(*factor))


class ImageLayer(DataLayer):
    """A layer that changes images, and with them what belongs to them.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same, or other
    height and width. A dict may hold "images", "labels", "bounding_boxes" and "segmentation_masks", all of a batch or all
    of one image; it comes back with each of them changed alike.

    A subclass draws in `get_random_transformation` and computes in `transform_images` and its like.

    Args:
        bounding_box_format: that of the boxes, such as "xyxy" or "rel_xyxy"; needed where there are boxes.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
    """

    moves_pixels = False  # whether boxes and masks change with the images

    def __init__(self, bounding_box_format=None, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.bounding_box_format = bounding_box_format
        self.data_format = standardize_data_format(data_format)

    @property
    def height_axis(self):
        """The axis of the rows, counted from the end."""
        return -3 if self.data_format == "channels_last" else -2

    @property
    def width_axis(self):
        """The axis of the columns, counted from the end."""
        return self.height_axis + 1

    @property
    def channel_axis(self):
        """The axis of the channels, counted from the end."""
        return -1 if self.data_format == "channels_last" else -3

    def _draw_from(self, seed):
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def _draws(self, data, seed):
        if isinstance(seed, Draws):
            return seed
        images = as_array(data["images"] if isinstance(data, dict) else data)
        images = ops.expand_dims(images, 0) if len(images.shape) == 3 else images
        return Draws(self.generator if seed is None else seed, images)

    def _size(self, data):
        """The images' height and width."""
        shape = run_time_shape(as_array(data["images"] if isinstance(data, dict) else data))
        return shape[self.height_axis], shape[self.width_axis]

    def get_random_transformation(self, data, training=True, seed=None):
        """What is done to a batch, to be given to `transform_images` and its like; None if nothing is drawn.

        Args:
            data: a batch of images, or a dict with one.
            training: whether the model is being trained.
            seed: an integer in place of the layer's own generator.
        """
        return

    def transform_images(self, images, transformation, training=True):
        """The images, changed."""
        raise TypeError(
            f"{type(self).__name__} has no method transform_images(self, images, transformation, training): write one."
        )

    def transform_labels(self, labels, transformation, training=True):
        """The labels: as they are."""
        return labels

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes: as they are, where pixels stay where they are."""
        return bounding_boxes

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        """The masks: as they are, where pixels stay where they are."""
        return segmentation_masks

    def call(self, data, training=True):
        """The images, or the dict of images and what belongs to them, changed."""
        if not isinstance(data, dict):
            return self._single(data, training)
        if "images" not in data:
            raise ValueError(f"{type(self).__name__}: a dict of data has the key 'images'; {sorted(data)} came.")
        if "bounding_boxes" in data and self.moves_pixels and self.bounding_box_format is None:
            raise ValueError(f"{type(self).__name__}: data with bounding_boxes needs bounding_box_format=, such as 'xyxy'.")
        batched = len(static_shape(data["images"])) == 4
        data = (
            data if batched else {key: _mapped(lambda x: ops.expand_dims(as_array(x), 0), part) for key, part in data.items()}
        )
        data = {k: _mapped(as_array, v) for k, v in data.items()}
        transformation = self.get_random_transformation(data, training=training)
        result = dict(data)
        for key in PARTS:
            if data.get(key) is not None:
                transform = getattr(self, f"transform_{key}")
                result[key] = transform(data[key], transformation=transformation, training=training)
        return result if batched else {key: _mapped(lambda x: ops.squeeze(x, 0), part) for key, part in result.items()}

    def _single(self, images, training):
        images = as_array(images)
        rank = len(images.shape)
        if rank not in (3, 4):
            raise ValueError(f"{type(self).__name__}: images have 3 or 4 axes; shape {tuple(images.shape)} came.")
        batch = ops.expand_dims(images, 0) if rank == 3 else images
        transformation = self.get_random_transformation(batch, training=training)
        result = self.transform_images(batch, transformation=transformation, training=training)
        return ops.squeeze(result, 0) if rank == 3 else result

    def compute_output_shape(self, input_shape):
        """The output's shape for inputs of this shape: the same."""
        return input_shape

    def compute_output_spec(self, data, *args, **kwargs):
        """The outputs' shapes and dtypes, for symbolic inputs."""
        from kerata.core.graph import abstract_call

        return abstract_call(self._call_inside_outer, (data, *args), kwargs)

    def _floats(self, images):
        return ops.cast(images, self.compute_dtype)

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        if config.get("bounding_box_format") is None:
            config.pop("bounding_box_format", None)
        return config


class ComposedLayer(ImageLayer):
    """A layer that applies others, with draws from its own generator.

    A subclass gives them as `_steps`.
    """

    def build(self, input_shape):
        """Build the layers that it applies."""
        for layer in self._steps:
            layer.build(input_shape)


def _mapped(fn, part):
    return {k: _mapped(fn, v) for k, v in part.items()} if isinstance(part, dict) else None if part is None else fn(part)


def as_range(value, name, layer, low=None, least=-1.0, most=1.0):
    """A pair (low, high) from one number or two.

    Args:
        low: what the lower end is if one number is given; its negative if None.
        least, most: the bounds of both.

    Raises: ValueError naming the argument and the layer's class.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        pair = (-abs(value) if low is None else low, abs(value) if low is None else value)
    else:
        pair = tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(pair) != 2 or not all(isinstance(x, (int, float)) and least <= x <= most for x in pair) or pair[0] > pair[1]:
        raise ValueError(
            f"{type(layer).__name__}: {name} must be a number or a pair (low, high) from {least} to {most}; {value!r} came."
        )
    return pair


def column(values):
    """Numbers (batch,), one an image, so that they go with images (batch, ..., ..., ...)."""
    return ops.reshape(values, (-1, 1, 1, 1))


def chosen(condition, first, second):
    """`first` for the images for which `condition` (batch,) holds, else `second`."""
    return ops.where(column(condition), first, second)


def in_range(images, source, target=(0.0, 1.0)):
    """Images from one range of values scaled to another."""
    low, high = source
    scaled = ops.divide(ops.subtract(images, low), high - low)
    return ops.add(ops.multiply(scaled, target[1] - target[0]), target[0])


def checked_value_range(value, layer):
    """Raises: ValueError if a range of values is no pair of increasing numbers."""
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not value[0] < value[1]:
        raise ValueError(f"{type(layer).__name__}: value_range must be a pair (low, high); {value!r} came.")
    return tuple(value)


def dtype_name(x):
    """The dtype's name of a tensor."""
    return dtype_of(x)
