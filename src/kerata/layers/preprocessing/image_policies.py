"""Changes of images chosen at random among many: one after another, or in chains that are mixed."""

import numpy as np
import optree

from kerata import engines, ops
from kerata.core.arrays import as_array
from kerata.layers.arguments import positive_integer
from kerata.layers.preprocessing.image_colors import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomPosterization,
    RandomSharpness,
    Solarization,
)
from kerata.layers.preprocessing.image_geometry import RandomRotation, RandomShear, RandomTranslation
from kerata.layers.preprocessing.image_histograms import AutoContrast, Equalization
from kerata.layers.preprocessing.images import ComposedLayer, as_range, checked_value_range

MOVES = ("random_shear", "random_translation", "random_rotation")
ADJUSTMENTS = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")
VALUES = ("solarization", "random_posterization", "auto_contrast", "equalization")


class PolicyLayer(ComposedLayer):
    """A layer that applies other layers, chosen at random for each batch while training.

    Each of them has a name in `names`, and is an attribute of that name.
    """

    mixes_batch = True  # the histograms are those of the batch
    moves_pixels = True

    def _set_policy(self, names, value_range, factor, interpolation, seed):
        self.value_range = checked_value_range(value_range, self)
        self.factor = as_range(factor, "factor", self, low=0, least=0.0)
        self.interpolation = interpolation
        self._draw_from(seed)
        self.names = names
        for name in names:
            setattr(self, name, self._layer(name))

    @property
    def _steps(self):
        return [getattr(self, name) for name in self.names]

    def _layer(self, name):
        factor = self.factor
        shared = {"data_format": self.data_format, "dtype": self.dtype_policy}
        moving = {"interpolation": self.interpolation, "bounding_box_format": self.bounding_box_format} | shared
        colors = {"value_range": self.value_range} | shared
        make = {
            "random_shear": lambda: RandomShear(factor, factor, **moving),
            "random_translation": lambda: RandomTranslation(factor, factor, **moving),
            "random_rotation": lambda: RandomRotation(factor, **moving),
            "random_brightness": lambda: RandomBrightness(factor, **colors),
            "random_color_degeneration": lambda: RandomColorDegeneration(factor, **colors),
            "random_contrast": lambda: RandomContrast(factor, **colors),
            "random_sharpness": lambda: RandomSharpness(factor, **colors),
            "solarization": lambda: Solarization(factor, factor, **colors),
            "random_posterization": lambda: RandomPosterization(max(1, int(8 * factor[1])), **colors),
            "auto_contrast": lambda: AutoContrast(**colors),
            "equalization": lambda: Equalization(**colors),
        }
        return make[name]()

    def _drawn(self, draws, data, count):
        """What each of the layers would do if it were chosen in each of so many steps: by name, arrays (steps, ...)."""
        many = draws.repeated(count)
        transformations = [layer.get_random_transformation(data, True, many) for layer in self._steps]
        return {name: _of_steps(t, count) for name, t in zip(self.names, transformations)}

    def _folded(self, what, steps, start, xs, transforms):
        """`steps(change, carry, *x)` along the first axis of `xs`, where `change(part, number)` is what the layer of a
        number does in that step to `what`, "images" and so on; the number after the last one stands for none.
        """
        arrays, rest = _parted(transforms)
        engine = engines.current()
        known = engine.is_concrete(xs[0])

        def body(carry, x):
            x, moving = x
            merged = {name: None if t is None else t | moving[name] for name, t in rest.items()}
            transform = {name: getattr(getattr(self, name), f"transform_{what}") for name in self.names}
            branches = [lambda part, n=name: transform[n](part, merged[n], training=True) for name in self.names]
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


def _parted(transforms):
    """The arrays of transformations, by name and key, and what is the same in all steps."""
    varies = lambda x: hasattr(x, "shape") and len(x.shape) > 0
    kept = {name: t or {} for name, t in transforms.items()}
    arrays = {name: {k: x for k, x in t.items() if varies(x)} for name, t in kept.items()}
    return arrays, {n: None if t is None else {k: x for k, x in t.items() if k not in arrays[n]} for n, t in transforms.items()}


class RandAugment(PolicyLayer):
    """Images changed by a few of eleven layers, chosen at random for each batch while training.

    Args:
        value_range: the range of the images' values.
        num_ops: how many layers are applied, one after another.
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

    def __init__(
        self,
        value_range=(0, 255),
        num_ops=2,
        factor=0.5,
        interpolation="bilinear",
        seed=None,
        data_format=None,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.num_ops = positive_integer(num_ops, "num_ops", self)
        self._set_policy((*MOVES, *ADJUSTMENTS, *VALUES), value_range, factor, interpolation, seed)

    def get_random_transformation(self, data, training=True, seed=None):
        """`layer_idxes` (num_ops,), which layers are applied, and `transforms`, by name what each would do in
        each step, in arrays (num_ops, ...).
        """
        if not training:
            return None
        draws = self._draws(data, seed)
        chosen = draws.integers(0, len(self.names), shape=(self.num_ops,))
        return {"transforms": self._drawn(draws, data, self.num_ops), "layer_idxes": chosen}

    def _changed(self, what, x, transformation):
        numbers = (as_array(transformation["layer_idxes"]),)
        return self._folded(what, lambda change, part, number: change(part, number), x, numbers, transformation["transforms"])

    def transform_images(self, images, transformation, training=True):
        """The images in floats, changed by the layers while training."""
        images = self._floats(images)
        return images if not training or transformation is None else self._changed("images", images, transformation)

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        """The masks, moved with the images."""
        masks = as_array(segmentation_masks)
        return masks if not training or transformation is None else self._changed("segmentation_masks", masks, transformation)

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        """The boxes, moved with the images."""
        if not training or transformation is None:
            return bounding_boxes
        boxes = {key: as_array(x) for key, x in bounding_boxes.items()}
        boxes["boxes"] = ops.cast(boxes["boxes"], "float32")
        return self._changed("bounding_boxes", boxes, transformation)


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

    def __init__(
        self,
        value_range=(0, 255),
        num_chains=3,
        chain_depth=3,
        factor=0.3,
        alpha=1.0,
        all_ops=True,
        interpolation="bilinear",
        seed=None,
        data_format=None,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.num_chains = positive_integer(num_chains, "num_chains", self)
        self.chain_depth = positive_integer(chain_depth, "chain_depth", self)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or alpha <= 0:
            raise ValueError(f"AugMix: alpha must be a positive number; {alpha!r} came.")
        self.alpha, self.all_ops = alpha, all_ops
        self._set_policy((*MOVES, *VALUES, *(ADJUSTMENTS if all_ops else ())), value_range, factor, interpolation, seed)

    def get_random_transformation(self, data, training=True, seed=None):
        """The weights `chain_mixing_weights` (num_chains,) and `weight_sample`, the images' own; `layer_idxes` (num_chains,
        chain_depth), which layers are applied, the number after the last for none; and `transforms`, by name what each would
        do in each step of each chain, in arrays (num_chains * chain_depth, ...).
        """
        if not training:
            return None
        draws, shape = self._draws(data, seed), (self.num_chains, self.chain_depth)
        chosen = draws.integers(0, len(self.names), shape=shape)
        depth = draws.integers(1, self.chain_depth + 1, shape=(self.num_chains, 1))
        there = ops.less(ops.arange(self.chain_depth, dtype="int32"), depth)
        gammas = draws.gamma(self.alpha, (self.num_chains + 2,))  # both distributions are made of these (Devroye 1986)
        shares, (first, second) = gammas[:-2], (gammas[-2], gammas[-1])
        return {
            "chain_mixing_weights": ops.divide(shares, ops.sum(shares)),
            "weight_sample": ops.divide(first, ops.add(first, second)),
            "layer_idxes": ops.where(there, chosen, len(self.names)),
            "transforms": self._drawn(draws, data, self.num_chains * self.chain_depth),
        }

    def transform_images(self, images, transformation, training=True):
        """The images in floats, mixed with what the chains make of them while training."""
        return self._mixed("images", images, transformation, training)

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        """The masks, mixed as the images are: in floats, so give one channel for each class."""
        return self._mixed("segmentation_masks", segmentation_masks, transformation, training)

    def _mixed(self, what, x, transformation, training):
        if not training or transformation is None:
            return self._floats(x) if what == "images" else x
        x = self._floats(x)
        numbers, last = ops.ravel(as_array(transformation["layer_idxes"])), self.chain_depth - 1
        begins = np.tile([True] + [False] * last, self.num_chains)
        weights = ops.expand_dims(ops.cast(as_array(transformation["chain_mixing_weights"]), self.compute_dtype), 1)
        weights = ops.ravel(ops.pad(weights, [(0, 0), (last, 0)]))  # a chain counts when it is at its end

        def steps(change, carry, number, begin, weight):
            part, total = carry
            part = change(ops.where(begin, x, part), number)
            return part, ops.add(total, ops.multiply(weight, part))

        xs = (numbers, as_array(begins), weights)
        _, total = self._folded(what, steps, (x, ops.zeros_like(x)), xs, transformation["transforms"])
        own = ops.cast(as_array(transformation["weight_sample"]), self.compute_dtype)
        return ops.add(ops.multiply(own, x), ops.multiply(ops.subtract(1.0, own), total))
