"""Galleries of images with bounding boxes."""

from collections.abc import Sequence
from typing import Any

from kerata.core import suggestions
from kerata.core.types import TensorLike
from kerata.visualization import pixels
from kerata.visualization.bounding_boxes import Pen, checked_boxes
from kerata.visualization.galleries import plot_image_gallery

_HANDED_ON = ("scale", "path", "show", "transparent", "dpi")  # to `plot_image_gallery`
_LEAST_SIDE = 256  # smaller images are enlarged, so that lines are thin and names can be read


def plot_bounding_box_gallery(
    images: TensorLike,
    bounding_box_format: str,
    y_true: TensorLike = None,
    y_pred: TensorLike = None,
    value_range: Sequence[float] = (0, 255),
    true_color: Any = (0, 188, 212),
    pred_color: Any = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: Any = None,
    class_mapping: Any = None,
    ground_truth_mapping: Any = None,
    prediction_mapping: Any = None,
    legend: bool = False,
    legend_handles: Any = None,
    rows: Any = None,
    cols: Any = None,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Show images with the boxes that are in them, and those that were predicted.

    Args:
        images: (batch, height, width, channels).
        bounding_box_format: of both kinds of boxes; see `draw_bounding_boxes`. The names of predicted ones stand below.
        y_true, y_pred: dicts of "boxes", "labels" and perhaps "confidences"; see `draw_bounding_boxes`.
        value_range: the values of black and white.
        true_color, pred_color: red, green and blue from 0 to 255.
        line_thickness, font_scale, text_thickness: see `draw_bounding_boxes`; the text is as thick as the line if None.
        class_mapping: a dict from label to name, for both kinds.
        ground_truth_mapping, prediction_mapping: the same for one kind.
        legend: whether the colours are explained below.
        legend_handles: matplotlib's, of a legend of your own.
        rows, cols, data_format, **kwargs: see `plot_image_gallery`.

    Returns: what `plot_image_gallery` returns.

    Raises: ValueError for wrong images or boxes, or both kinds of legends.

    >>> import numpy as np
    >>> boxes = {"boxes": [[[0.2, 0.2, 0.8, 0.7]]], "labels": [[3]]}
    >>> figure = plot_bounding_box_gallery(np.zeros((1, 64, 64, 3)), "rel_xyxy", boxes, class_mapping={3: "cat"}, show=False)
    >>> len(figure.axes)
    1
    """
    suggestions.refuse(plot_bounding_box_gallery, kwargs, _HANDED_ON)
    if legend and legend_handles is not None:
        raise ValueError("plot_bounding_box_gallery: give legend=True or legend_handles, not both.")
    array = pixels.batch_of(images, data_format, "plot_bounding_box_gallery")
    drawn = pixels.with_colors(pixels.as_bytes(array, value_range))
    kinds = ((y_true, true_color, ground_truth_mapping), (y_pred, pred_color, prediction_mapping))
    found = [None if y is None else checked_boxes(y, bounding_box_format, drawn.shape) for y, _, _ in kinds]
    factor = max(1, -(-_LEAST_SIDE // max(drawn.shape[1:3])))
    drawn = drawn.repeat(factor, axis=1).repeat(factor, axis=2)
    for below, boxes, (_, color, mapping) in zip((False, True), found, kinds):
        pen = Pen(color, line_thickness, text_thickness or line_thickness, font_scale, below)
        if boxes is not None:
            drawn = pen.batch(drawn, (boxes[0] * factor, *boxes[1:]), mapping or class_mapping)
    handles = _legend(found, true_color, pred_color) if legend else legend_handles
    return plot_image_gallery(drawn, rows=rows, cols=cols, legend_handles=handles, data_format="channels_last", **kwargs)


def _legend(found, true_color, pred_color):
    """A patch for each kind of boxes."""
    from matplotlib.patches import Patch

    named = zip(found, (true_color, pred_color), ("Ground truth", "Prediction"))
    patch: Any = Patch  # it takes a list for a color, too
    return [patch(facecolor=[c / 255 for c in color], edgecolor="black", label=text) for boxes, color, text in named if boxes]
