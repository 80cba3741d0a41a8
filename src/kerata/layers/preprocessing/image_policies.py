"""Changes of images chosen at random among many: one after another, or in chains that are mixed."""

from typing import Any

import numpy as np
import optree

from kerata import engines, ops
from kerata.core.arrays import as_array
from kerata.core.fields import dataclass
from kerata.layers.arguments import OneOf, PositiveInt
from kerata.layers.preprocessing import image_colors, image_geometry, image_histograms
from kerata.layers.preprocessing.images import ComposedLayer, Number, PositiveNumber, PositiveRange, ValueRange

# The layers by name, each with its arguments for a factor.
MOVES = {
    "random_shear": (image_geometry.RandomShear, lambda factor: (factor, factor)),
    "random_translation": (image_geometry.RandomTranslation, lambda factor: (factor, factor)),
    "random_rotation": (image_geometry.RandomRotation, lambda factor: (factor,)),
}
ADJUSTMENTS = {
    "random_brightness": (image_colors.RandomBrightness, lambda factor: (factor,)),
    "random_color_degeneration": (image_colors.RandomColorDegeneration, lambda factor: (factor,)),
    "random_contrast": (image_colors.RandomContrast, lambda factor: (factor,)),
    "random_sharpness": (image_colors.RandomSharpness, lambda factor: (factor,)),
}
VALUES = {
    "solarization": (image_colors.Solarization, lambda factor: (factor, factor)),
    "random_posterization": (image_colors.RandomPosterization, lambda factor: (max(1, int(8 * factor[1])),)),
    "auto_contrast": (image_histograms.AutoContrast, lambda factor: ()),
    "equalization": (image_histograms.Equalization, lambda factor: ()),
}


class PolicyLayer(ComposedLayer):
    """A layer that applies other layers, chosen at random for each batch while training.

    A subclass gives them as `changes`. Each of them has a name in `names`, and is an attribute of that name.
    """

    mixes_batch = True  # the histograms are those of the batch
    moves_pixels = True
    value_range: Any
    interpolation: Any
    factor: Any

    @property
    def changes(self) -> Any:
        """The layers by name, each with its arguments for a factor."""
        return {**MOVES, **ADJUSTMENTS, **VALUES}

    def __post_init__(self):
        super().__post_init__()
        shared = {"data_format": self.data_format, "dtype": self.dtype_policy}
        moving = {"interpolation": self.interpolation, "bounding_box_format": self.bounding_box_format}
        for name, (cls, arguments) in self.changes.items():
            options = moving if issubclass(cls, image_geometry.MovingLayer) else {"value_range": self.value_range}
            setattr(self, name, cls(*arguments(self.factor), **options, **shared))

    @property
    def names(self) -> Any:
        """The names of the layers, in the order of their numbers."""
        return tuple(self.changes)

    _steps: Any = property(lambda self: [getattr(self, name) for name in self.names])

    def _drawn(self, draws, data, count):
        """What each of the layers would do if it were chosen in each of so many steps: by name, arrays (steps, ...)."""
        many = draws.repeated(count)
        transformations = [layer.get_random_transformation(data, True, many) for layer in self._steps]
        return {name: _of_steps(t, count) for name, t in zip(self.names, transformations)}

    def _folded(self, what, steps, start, xs, transforms):
        """`steps(change, carry, *x)` along the first axis of `xs`, where `change(part, number)` is what the layer of a
        number does in that step to `what`, "images" and so on; the number after the last one stands for none.
        """
        varies = lambda x: len(getattr(x, "shape", ())) > 0
        arrays = {name: {k: x for k, x in (t or {}).items() if varies(x)} for name, t in transforms.items()}
        engine = engines.current()
        known = engine.is_concrete(xs[0])

        def body(carry, x):
            x, moving = x
            merged = {name: t and t | moving[name] for name, t in transforms.items()}
            transform = {name: getattr(getattr(self, name), f"transform_{what}") for name in self.names}
            branches: list[Any] = [lambda part, n=name: transform[n](part, merged[n], training=True) for name in self.names]
            branches.append(lambda part: part)

            def change(part, number):
                return branches[int(engine.to_numpy(number))](part) if known else ops.switch(number, branches, part)

            return steps(change, carry, *x), None

        if not known:  # one loop, so that each layer is compiled once
            return ops.scan(body, start, (xs, arrays))[0]
        for step in range(xs[0].shape[0]):
            start, _ = body(start, optree.tree_map(lambda x: x[step], (xs, arrays)))
        return start


def _of_steps(transformation, count):
    """A transformation of so many batches, one after another, as one of so many steps; None where a layer draws nothing."""
    if transformation is None:
        return None
    engine = engines.current()
    parted = lambda x: ops.reshape(x, (count, -1, *x.shape[1:])) if engine.is_array(x) and len(x.shape) else x
    return {key: parted(x) for key, x in transformation.items()}


@dataclass(after={"data_format": "seed"})
class RandAugment(PolicyLayer):
    """Images changed by a few of eleven layers, chosen at random for each batch while training.

    Args:
        value_range: the range of the images' values.
        num_ops: how many layers are applied, one after another; none if 0.
        factor: how strongly, from 0 to 1: a pair (low, high), or one number for (0, factor).
        interpolation: "nearest" or "bilinear".
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Source: Cubuk et al. 2020, "RandAugment: practical automated data augmentation with a reduced search space",
    arXiv:1909.13719.

    >>> import kerata, numpy as np
    >>> with kerata.use_engine("numpy"):
    ...     kerata.layers.RandAugment(seed=1)(np.ones((2, 8, 8, 3), "float32"), training=True).shape
    (2, 8, 8, 3)
    """

    value_range: ValueRange = ValueRange((0, 255))
    num_ops: Number = Number(2, "a whole number that is not negative", lambda x: x >= 0 and x == int(x))
    factor: PositiveRange = PositiveRange(0.5)
    interpolation: OneOf = OneOf("bilinear", *image_geometry.INTERPOLATIONS)
    seed: int | None = None

    def _draw(self, draws, images):
        """`layer_idxes` (num_ops,), which layers are applied, and `transforms`, by name what each would do in
        each step, in arrays (num_ops, ...); None for no layers.
        """
        if not self.num_ops:
            return None
        chosen = draws.integers(0, len(self.names), shape=(self.num_ops,))
        return {"transforms": self._drawn(draws, images, self.num_ops), "layer_idxes": chosen}

    def _applied(self, what, x, transformation):
        numbers = (as_array(transformation["layer_idxes"]),)
        return self._folded(what, lambda change, part, number: change(part, number), x, numbers, transformation["transforms"])

    def _change_images(self, images, transformation):
        return self._applied("images", images, transformation)

    def _change_segmentation_masks(self, segmentation_masks, transformation):
        return self._applied("segmentation_masks", segmentation_masks, transformation)

    def _change_bounding_boxes(self, bounding_boxes, transformation):
        boxes = bounding_boxes | {"boxes": ops.cast(bounding_boxes["boxes"], "float32")}
        return self._applied("bounding_boxes", boxes, transformation)


@dataclass(after={"data_format": "seed"})
class AugMix(PolicyLayer):
    """Images mixed with what a few random chains of layers make of them, while training.

    Each chain has 1 to `chain_depth` layers, the same for a whole batch. The results are mixed with weights from a Dirichlet
    distribution, and that with the images themselves by a weight from a beta distribution.

    Args:
        value_range: the range of the images' values.
        num_chains: how many chains there are.
        chain_depth: how many layers a chain has at most.
        factor: how strongly layers change images, from 0 to 1: a pair (low, high), or one number for (0, factor).
        alpha: the parameters of both distributions; small ones keep images nearly as one chain makes them.
        all_ops: whether brightness, colour, contrast and sharpness are changed too, which the paper leaves out since
            they are among the corruptions that it tests with.
        interpolation: "nearest" or "bilinear".
        seed: an integer for the same draws in each run.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Source: Hendrycks et al. 2020, "AugMix: a simple data processing method to improve robustness and uncertainty",
    arXiv:1912.02781.

    >>> import kerata, numpy as np
    >>> with kerata.use_engine("numpy"):
    ...     kerata.layers.AugMix(seed=1)(np.ones((2, 8, 8, 3), "float32"), training=True).shape
    (2, 8, 8, 3)
    """

    value_range: ValueRange = ValueRange((0, 255))
    num_chains: PositiveInt = PositiveInt(3)
    chain_depth: PositiveInt = PositiveInt(3)
    factor: PositiveRange = PositiveRange(0.3)
    alpha: PositiveNumber = PositiveNumber(1.0)
    all_ops: bool = True
    interpolation: OneOf = OneOf("bilinear", *image_geometry.INTERPOLATIONS)
    seed: int | None = None

    @property
    def changes(self) -> Any:
        return {**MOVES, **VALUES, **(ADJUSTMENTS if self.all_ops else {})}

    def _draw(self, draws, images):
        """The weights `chain_mixing_weights` (num_chains,) and `weight_sample`, the images' own; `layer_idxes` (num_chains,
        chain_depth), which layers are applied, the number after the last for none; and `transforms`, by name what each would
        do in each step of each chain, in arrays (num_chains * chain_depth, ...).
        """
        chosen = draws.integers(0, len(self.names), shape=(self.num_chains, self.chain_depth))
        depth = draws.integers(1, self.chain_depth + 1, shape=(self.num_chains, 1))
        there = ops.arange(self.chain_depth, dtype="int32") < depth
        gammas = draws.gamma(self.alpha, (self.num_chains + 2,))  # both distributions are made of these (Devroye 1986)
        shares, (first, second) = gammas[:-2], (gammas[-2], gammas[-1])
        return {
            "chain_mixing_weights": shares / ops.sum(shares),
            "weight_sample": first / (first + second),
            "layer_idxes": ops.where(there, chosen, len(self.names)),
            "transforms": self._drawn(draws, images, self.num_chains * self.chain_depth),
        }

    def _change_images(self, images, transformation):
        return self._mixed("images", images, transformation)

    def _change_segmentation_masks(self, segmentation_masks, transformation):
        """The masks, mixed as the images are: in floats, so give one channel for each class."""
        return self._mixed("segmentation_masks", self._floats(segmentation_masks), transformation)

    def _mixed(self, what, x, transformation):
        numbers, last = ops.ravel(as_array(transformation["layer_idxes"])), self.chain_depth - 1
        begins = np.tile([True] + [False] * last, self.num_chains)
        weights = ops.expand_dims(self._floats(as_array(transformation["chain_mixing_weights"])), 1)
        weights = ops.ravel(ops.pad(weights, [(0, 0), (last, 0)]))  # a chain counts when it is at its end

        def steps(change, carry, number, begin, weight):
            part, total = carry
            part = change(ops.where(begin, x, part), number)
            return part, total + weight * part

        xs = (numbers, as_array(begins), weights)
        _, total = self._folded(what, steps, (x, ops.zeros_like(x)), xs, transformation["transforms"])
        own = self._floats(as_array(transformation["weight_sample"]))
        return own * x + (1.0 - own) * total
