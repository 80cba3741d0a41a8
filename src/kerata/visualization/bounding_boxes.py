"""Bounding boxes drawn on images, by Pillow."""

from typing import Any

import numpy as np

from kerata import engines
from kerata.core.arrays import to_numpy
from kerata.core.types import TensorLike
from kerata.ops.boxes import convert_format
from kerata.utils.images import pillow
from kerata.visualization import pixels

_TEXT_SHARE, _SMALLEST_TEXT, _LARGEST_TEXT = 0.06, 9, 24  # of the image's height, and in pixels


def draw_bounding_boxes(
    images: TensorLike,
    bounding_boxes: TensorLike,
    bounding_box_format: str,
    class_mapping: Any = None,
    color: Any = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int = 1,
    font_scale: float = 1.0,
    data_format: str | None = None,
) -> Any:
    """Draw boxes, with the names of what is in them, on images.

    Shapes: (batch, height, width, channels) -> the same, in bytes.

    Args:
        images: arrays or tensors with values from 0 to 255; 1, 3 or 4 channels.
        bounding_boxes: a dict of "boxes" (batch, n, 4), "labels" (batch, n) and perhaps "confidences" (batch, n). Boxes
            with the label -1 fill up the array, and are not drawn.
        bounding_box_format: "xyxy", "rel_xyxy", ...; see `kerata.utils.bounding_boxes.convert_format`.
        class_mapping: a dict from label to name; without it, or for labels that it lacks, no name is written.
        color: red, green and blue from 0 to 255.
        line_thickness: in pixels.
        text_thickness: 1 for plain letters; larger numbers make them bolder.
        font_scale: 1 is a size that suits the image's.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Raises: ValueError for images that are no batch, shapes that do not fit, unknown formats; TypeError if the boxes are no
    dict; ImportError without Pillow.

    >>> import numpy as np
    >>> boxes = {"boxes": [[[2, 2, 12, 9]]], "labels": [[0]]}
    >>> draw_bounding_boxes(np.zeros((1, 16, 16, 3)), boxes, "xyxy", color=(255, 0, 0))[0, 2, 2].tolist()
    [255, 0, 0]
    """
    array = pixels.batch_of(images, data_format, "draw_bounding_boxes")
    boxes = checked_boxes(bounding_boxes, bounding_box_format, array.shape)
    original = pixels.as_bytes(array)
    drawn = Pen(color, line_thickness, text_thickness, font_scale).batch(pixels.with_colors(original), boxes, class_mapping)
    return pixels.returned(pixels.as_before(drawn, original), data_format)


def checked_boxes(bounding_boxes, bounding_box_format, shape):
    """Boxes as left, top, right and bottom in pixels, with labels and confidences (None if there are none).

    Raises: TypeError or ValueError for what is no dict of them.
    """
    if not isinstance(bounding_boxes, dict):
        raise TypeError(f"Boxes come in a dict with 'boxes' and 'labels'; {type(bounding_boxes).__name__} came.")
    missing = [key for key in ("boxes", "labels") if key not in bounding_boxes]
    if missing:
        raise ValueError(f"The dict of boxes lacks {', '.join(map(repr, missing))}; it has {', '.join(bounding_boxes)}.")
    with engines.use_engine("numpy"):
        boxes = np.asarray(to_numpy(bounding_boxes["boxes"]), "float32")
        boxes = convert_format(boxes, bounding_box_format, "xyxy", *shape[1:3])
    labels, confidences = (
        None if bounding_boxes.get(key) is None else np.asarray(to_numpy(bounding_boxes[key]))
        for key in ("labels", "confidences")
    )
    if boxes.ndim != 3 or len(boxes) != shape[0]:
        raise ValueError(f"The boxes of {shape[0]} images have the shape (batch, n, 4); {boxes.shape} came.")
    for name, values in (("labels", labels), ("confidences", confidences)):
        if values is not None and values.shape != boxes.shape[:2]:
            raise ValueError(f"There must be one of {name!r} for each box, {boxes.shape[:2]}; {values.shape} came.")
    return boxes, labels, confidences


def _names(labels, confidences, class_mapping):
    """What is written at each box: its class and, where it is known, how sure that is."""
    for i, label in enumerate(labels.tolist()):
        name = None if class_mapping is None else class_mapping.get(int(label))
        yield name if name is None or confidences is None else f"{name} {confidences[i]:.2f}"


class Pen:
    """Draws boxes in one colour and thickness.

    Args:
        below: whether names stand below boxes in place of above, so that those of two kinds of boxes can both be read.
    """

    def __init__(self, color, line_thickness, text_thickness, font_scale, below=False):
        if line_thickness < 1 or text_thickness < 1 or font_scale <= 0:
            raise ValueError(
                "Boxes are drawn with a line_thickness and text_thickness of at least 1 and a positive font_scale; "
                f"{line_thickness}, {text_thickness} and {font_scale} came."
            )
        self.color, self.thickness, self.font_scale = pixels.checked_color(color, "color"), int(line_thickness), font_scale
        self.stroke, self.below = (int(text_thickness) - 1) // 2, below
        self.text_color = (0, 0, 0) if pixels.grey(self.color) > 110 else (255, 255, 255)

    def batch(self, images, boxes, class_mapping):
        """Images of three channels with what `checked_boxes` returned drawn on them."""
        places, labels, confidences = boxes
        drawn = images.copy()
        for i in range(len(drawn)):
            names = _names(labels[i], None if confidences is None else confidences[i], class_mapping)
            there = [(box, name) for box, name, label in zip(places[i], names, labels[i]) if label != -1]
            drawn[i] = self._drawn(drawn[i], there)
        return drawn

    def _drawn(self, image, boxes):
        """The image with pairs of box and name, the names last so that no line goes through them."""
        picture = pillow().fromarray(image)
        from PIL import ImageDraw, ImageFont

        draw = ImageDraw.Draw(picture)
        height = image.shape[0]
        size = self.font_scale * min(max(height * _TEXT_SHARE, _SMALLEST_TEXT), _LARGEST_TEXT)
        font = ImageFont.load_default(size)
        boxes = [(tuple(round(float(x)) for x in box), name) for box, name in boxes if np.isfinite(box).all()]
        for (left, top, right, bottom), _ in boxes:
            if right >= left and bottom >= top:
                draw.rectangle((left, top, right, bottom), outline=self.color, width=self.thickness)
        for box, name in boxes:
            if name:
                self._write(draw, font, box, str(name), picture.size)
        return np.asarray(picture)

    def _write(self, draw, font, box, text, size):
        """A name on a ground of the box's colour, above or below the box or, where there is no room, inside it."""
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font, stroke_width=self.stroke)
        margin = 2
        width, height = right - left + 2 * margin, bottom - top + 2 * margin
        x = min(max(box[0], 0), max(size[0] - width, 0))
        y = box[1] - height if box[1] >= height else max(box[1], 0)
        if self.below:
            y = box[3] + 1 if box[3] + 1 + height <= size[1] else min(box[3] + 1, size[1]) - height
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=self.color)
        place = (x + margin - left, y + margin - top)
        draw.text(place, text, fill=self.text_color, font=font, stroke_width=self.stroke, stroke_fill=self.text_color)
