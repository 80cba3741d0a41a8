"""Segmentation masks drawn on images, and galleries of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import suggestions
from kerata.core.arrays import to_numpy
from kerata.core.types import TensorLike
from kerata.visualization import pixels
from kerata.visualization.galleries import gallery

_GAP = 0.04  # of an image's width, between an image and its masks


def draw_segmentation_masks(
    images: TensorLike,
    segmentation_masks: TensorLike,
    num_classes: int | None = None,
    color_mapping: Any = None,
    alpha: Any = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> Any:
    """Draw the class of each pixel, as a colour, on images.

    Shapes: (batch, height, width, channels), (batch, height, width) or (batch, height, width, 1) -> as the images, in bytes.

    Args:
        images: arrays or tensors with values from 0 to 255.
        segmentation_masks: integers, 0 for the ground, from 1 on for classes.
        num_classes: the highest class that is drawn; the highest in the masks if None.
        color_mapping: a dict from class to red, green and blue from 0 to 255; one with 0 in it colours the ground too. If
            None, colours that people with any kind of colour vision can tell apart, the first seven at least.
        alpha: the colours' opacity, from 0 to 1.
        blend: False draws the colours alone, as if `alpha` were 1.
        ignore_index: a class that is not drawn.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Raises: ValueError for shapes that do not fit, an opacity out of range, classes without a colour; TypeError for masks
    that are no integers.

    >>> import numpy as np
    >>> image, mask = np.full((1, 1, 2, 3), 100), np.array([[[0, 1]]])
    >>> draw_segmentation_masks(image, mask, color_mapping={1: (200, 0, 0)}, alpha=0.5).tolist()
    [[[[100, 100, 100], [150, 50, 50]]]]
    """
    array = pixels.batch_of(images, data_format, "draw_segmentation_masks")
    masks = _checked_masks(segmentation_masks, array.shape, "draw_segmentation_masks")
    if not 0 <= alpha <= 1:
        raise ValueError(f"draw_segmentation_masks: alpha must be from 0 to 1; {alpha} came.")
    colors = _colors(masks, num_classes, color_mapping, ignore_index)
    original = pixels.as_bytes(array)
    plain = pixels.with_colors(original)
    opacity, drawn = (alpha if blend else 1.0), plain.copy()
    for number, color in colors.items():
        there = masks == number
        # The small number is against 0.2 * 100 + 0.8 * 255 being a hair less than what it is.
        drawn[there] = plain[there] * (1 - opacity) + np.array(color) * opacity + 1e-6
    return pixels.returned(pixels.as_before(drawn, original), data_format)


def plot_segmentation_mask_gallery(
    images: TensorLike,
    num_classes: int,
    value_range: Sequence[float] = (0, 255),
    y_true: TensorLike = None,
    y_pred: TensorLike = None,
    color_mapping: Any = None,
    blend: bool = True,
    alpha: Any = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Show images, each beside itself with the masks that are true and those that were predicted.

    Args:
        images: (batch, height, width, channels).
        num_classes: the highest class.
        value_range: the values of black and white.
        y_true, y_pred: masks, (batch, height, width) or (batch, height, width, 1).
        color_mapping, blend, alpha, ignore_index: see `draw_segmentation_masks`.
        data_format, **kwargs: see `plot_image_gallery`.

    Returns: what `plot_image_gallery` returns.

    Raises: ValueError for wrong images, masks or arguments.

    >>> import numpy as np
    >>> masks = np.ones((2, 8, 8), int)
    >>> figure = plot_segmentation_mask_gallery(np.zeros((2, 8, 8, 3)), 1, y_true=masks, y_pred=masks, show=False)
    >>> figure.axes[0].get_title()
    'image | truth | prediction'
    """
    options: dict[str, Any] = {"rows": None, "cols": None, "scale": 2, "path": None, "show": None, "transparent": True, "dpi": 60,
                               "legend_handles": None}  # fmt: skip
    suggestions.refuse(plot_segmentation_mask_gallery, kwargs, options)
    array = pixels.batch_of(images, data_format, "plot_segmentation_mask_gallery")
    plain = pixels.with_colors(pixels.as_bytes(array, value_range))
    named = {"image": plain}
    for name, masks in (("truth", y_true), ("prediction", y_pred)):
        if masks is not None:
            named[name] = draw_segmentation_masks(
                plain, masks, num_classes, color_mapping, alpha, blend, ignore_index, "channels_last"
            )
    gap = np.full((*plain.shape[:2], max(1, round(_GAP * plain.shape[2])), 3), 255, "uint8")
    parts = [part for pictures in named.values() for part in (gap, pictures)][1:]
    options |= kwargs
    titles = [[(" | ".join(named), "black")]] * len(plain) if len(named) > 1 else []
    options["scale"] *= len(named)
    return gallery(np.concatenate(parts, axis=2), titles, **options)


def _checked_masks(given, shape, what):
    masks = np.asarray(to_numpy(given))
    if masks.dtype.kind not in "iu":
        raise TypeError(f"{what}: masks are integers, the classes of pixels; {masks.dtype} came.")
    if masks.ndim == 4 and 1 in (masks.shape[-1], masks.shape[1]) and masks.shape[1:3] != shape[1:3]:
        masks = masks[:, 0]
    elif masks.ndim == 4 and masks.shape[-1] == 1:
        masks = masks[..., 0]
    if masks.shape != shape[:3]:
        raise ValueError(f"{what}: masks for images of shape {shape} have the shape {shape[:3]}; {masks.shape} came.")
    return masks.astype("int64")


def _colors(masks, num_classes, color_mapping, ignore_index):
    """The classes that are drawn, with their colours."""
    last = int(masks.max(initial=0)) if num_classes is None else num_classes
    if color_mapping is None:
        colors = dict(enumerate(pixels.palette(last), start=1))
    else:
        colors = {int(k): pixels.checked_color(v, "color_mapping") for k, v in color_mapping.items()}
        missing = [n for n in np.unique(masks).tolist() if 0 < n <= last and n not in colors and n != ignore_index]
        if missing:
            raise ValueError(f"color_mapping has no colour for class {missing[0]}; it has some for {sorted(colors)}.")
    return {number: color for number, color in colors.items() if 0 <= number <= last and number != ignore_index}
