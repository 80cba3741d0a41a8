"""Bounding boxes: their formats, cutting and overlap. Users find these functions in `kerata.utils.bounding_boxes`."""

import math

from kerata import ops
from kerata.core.arrays import as_array, dtype_of
from kerata.core.dtypes import is_float_dtype

FORMATS = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")


def _parts(boxes):
    return ops.split(boxes, 4, -1)


def _to_edges(name, boxes):
    """Left, top, right and bottom."""
    a, b, c, d = _parts(boxes)
    if name == "xyxy":
        return a, b, c, d
    if name == "yxyx":
        return b, a, d, c
    if name == "xywh":
        return a, b, a + c, b + d
    x, y, width, height = (a, b, c, d) if name == "center_xywh" else (b, a, d, c)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _from_edges(name, left, top, right, bottom):
    if name == "xyxy":
        parts = left, top, right, bottom
    elif name == "yxyx":
        parts = top, left, bottom, right
    elif name == "xywh":
        parts = left, top, right - left, bottom - top
    else:
        x, y, width, height = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
        parts = (x, y, width, height) if name == "center_xywh" else (y, x, height, width)
    return ops.concatenate(parts, -1)


def _checked(name):
    if str(name).lower() not in FORMATS:
        raise ValueError(f"There is no bounding box format {name!r}; known ones are {', '.join(FORMATS)}.")
    name = name.lower()
    return name.removeprefix("rel_"), name.startswith("rel_")


def convert_format(boxes, source, target, height=None, width=None, dtype="float32"):
    """Boxes in another format.

    Shapes: (..., 4) -> the same; or a dict with "boxes".

    Args:
        boxes: a tensor, or a dict whose "boxes" are converted.
        source: "xyxy" (left, top, right, bottom), "yxyx", "xywh" (left, top, width, height), "center_xywh", "center_yxhw",
            or one of "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh", as fractions of the image.
        target: likewise.
        height, width: the image's size, needed between fractions and pixels.
        dtype: the result's dtype.

    Raises: ValueError for an unknown format, other shapes, or a size that is needed and missing.

    >>> import kerata
    >>> convert_format([[10.0, 20.0, 30.0, 60.0]], "xyxy", "xywh").tolist()
    [[10.0, 20.0, 20.0, 40.0]]
    """
    if isinstance(boxes, dict):
        return boxes | {"boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    (first, first_relative), (second, second_relative) = _checked(source), _checked(target)
    boxes = ops.cast(as_array(boxes), dtype)
    if boxes.shape[-1] != 4:
        raise ValueError(f"convert_format: boxes have 4 numbers in their last axis; shape {tuple(boxes.shape)} came.")
    if first == second and first_relative == second_relative:
        return boxes
    edges = _to_edges(first, boxes)
    if first_relative != second_relative:
        if height is None or width is None:
            raise ValueError(f"convert_format: from {source!r} to {target!r}, height and width of the image are needed.")
        scales = [ops.cast(n, dtype) for n in (width, height, width, height)]
        edges = [x * s if first_relative else x / s for x, s in zip(edges, scales)]
    return _from_edges(second, *edges)


def clip_to_image_size(bounding_boxes, height=None, width=None, bounding_box_format="xyxy"):
    """Boxes cut to the image, in their own dtype; those with nothing in it have the label -1.

    Shapes: "boxes" (..., n, 4) and "labels" (..., n) in a dict -> the same.

    Args:
        bounding_boxes: a dict with "boxes" and "labels".
        height, width: the image's size.
        bounding_box_format: the boxes' format.

    >>> boxes = {"boxes": [[[-2.0, 1.0, 9.0, 3.0]]], "labels": [[1]]}
    >>> clip_to_image_size(boxes, height=5, width=6)["boxes"].tolist()
    [[[0.0, 1.0, 6.0, 3.0]]]
    """
    relative = _checked(bounding_box_format)[1]
    if not relative and (height is None or width is None):
        raise ValueError(f"clip_to_image_size: for boxes {bounding_box_format!r}, height and width are needed.")
    corners = "rel_xyxy" if relative else "xyxy"
    given = as_array(bounding_boxes["boxes"])
    boxes = convert_format(given, bounding_box_format, corners, height, width)
    limits = (1.0, 1.0) if relative else (ops.cast(width, "float32"), ops.cast(height, "float32"))
    left, top, right, bottom = _parts(boxes)
    left, right = (ops.minimum(ops.maximum(x, 0.0), limits[0]) for x in (left, right))
    top, bottom = (ops.minimum(ops.maximum(y, 0.0), limits[1]) for y in (top, bottom))
    there = ops.logical_and(ops.greater(right, left), ops.greater(bottom, top))
    clipped = convert_format(ops.concatenate([left, top, right, bottom], -1), corners, bounding_box_format, height, width)
    keeps = bounding_box_format == corners or is_float_dtype(dtype_of(given))  # the middle of whole numbers is none
    result = dict(bounding_boxes) | {"boxes": ops.cast(clipped, dtype_of(given)) if keeps else clipped}
    if bounding_boxes.get("labels") is not None:
        labels = as_array(bounding_boxes["labels"])
        result["labels"] = ops.where(ops.squeeze(there, -1), labels, ops.cast(-1, labels.dtype))
    return result


def _overlap(first, second):
    """Intersection and areas of all pairs: (..., n, 4), (..., m, 4) -> (..., n, m)."""
    a, b = ops.expand_dims(first, -2), ops.expand_dims(second, -3)
    low = ops.maximum(a[..., :2], b[..., :2])
    high = ops.minimum(a[..., 2:], b[..., 2:])
    sides = ops.maximum(high - low, 0.0)
    area = lambda x: (x[..., 2] - x[..., 0]) * (x[..., 3] - x[..., 1])
    return sides[..., 0] * sides[..., 1], area(a), area(b)


def _corners(boxes, source, image_shape):
    height, width = (None, None) if image_shape is None else image_shape[:2]
    return convert_format(boxes, source, "xyxy", height, width)


def compute_iou(boxes1, boxes2, bounding_box_format, use_masking=False, mask_val=-1, image_shape=None):
    """How much boxes overlap: the area of what two share, divided by that of what either covers.

    Shapes: (..., n, 4), (..., m, 4) -> (..., n, m).

    Args:
        boxes1, boxes2: boxes.
        bounding_box_format: their format.
        use_masking: whether boxes that are `mask_val` give `mask_val`.
        mask_val: what stands for no box.
        image_shape: `(height, width, channels)` where pixels are needed.

    >>> boxes = [[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 4.0, 2.0], [5.0, 5.0, 6.0, 6.0]]
    >>> compute_iou(boxes[:1], boxes, "xyxy").tolist()
    [[1.0, 0.5, 0.0]]
    """
    boxes1, boxes2 = as_array(boxes1), as_array(boxes2)
    first, second = (_corners(x, bounding_box_format, image_shape) for x in (boxes1, boxes2))
    shared, one, other = _overlap(first, second)
    union = one + other - shared
    result = ops.where(union > 0, shared / ops.where(union > 0, union, 1.0), 0.0)
    if not use_masking:
        return result
    gone = [ops.all(ops.equal(x, mask_val), -1) for x in (boxes1, boxes2)]
    return ops.where(ops.logical_or(ops.expand_dims(gone[0], -1), ops.expand_dims(gone[1], -2)), float(mask_val), result)


def compute_ciou(boxes1, boxes2, bounding_box_format, image_shape=None):
    """Overlap of boxes, pair by pair, less penalties for the distance of their middles and other proportions.

    Shapes: (..., 4), (..., 4) -> (...).

    Args:
        boxes1, boxes2: boxes.
        bounding_box_format: their format.
        image_shape: `(height, width, channels)` where pixels are needed.

    Source: Zheng et al. 2020, "Distance-IoU loss", arXiv:1911.08287.

    >>> [round(x, 4) for x in compute_ciou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]], "xyxy").tolist()]
    [0.2564]
    """
    first, second = (_corners(as_array(x), bounding_box_format, image_shape) for x in (boxes1, boxes2))
    epsilon = 1e-7
    low, high = ops.maximum(first[..., :2], second[..., :2]), ops.minimum(first[..., 2:], second[..., 2:])
    sides = ops.maximum(high - low, 0.0)
    sizes = [x[..., 2:] - x[..., :2] for x in (first, second)]
    shared = sides[..., 0] * sides[..., 1]
    union = sizes[0][..., 0] * sizes[0][..., 1] + sizes[1][..., 0] * sizes[1][..., 1] - shared
    overlap = shared / (union + epsilon)
    hull = ops.maximum(first[..., 2:], second[..., 2:]) - ops.minimum(first[..., :2], second[..., :2])
    diagonal = ops.sum(hull * hull, -1) + epsilon
    apart = (first[..., :2] + first[..., 2:] - second[..., :2] - second[..., 2:]) / 2
    angle = [ops.arctan(s[..., 0] / (s[..., 1] + epsilon)) for s in sizes]
    shape = 4 / math.pi**2 * ops.square(angle[1] - angle[0])
    weight = shape / (shape - overlap + 1 + epsilon)
    return overlap - (ops.sum(apart * apart, -1) / diagonal + weight * shape)


def crop(boxes, top, left, height, width, bounding_box_format="xyxy"):
    """Boxes in the part of an image that begins at a row and a column, cut to it.

    Shapes: (..., 4) -> the same.

    Args:
        boxes: boxes in pixels, as are the part's place and size.
        top, left: the row and the column at which the part begins.
        height, width: the part's size.
        bounding_box_format: the boxes' format.

    >>> crop([[2.0, 3.0, 9.0, 9.0]], top=1, left=2, height=5, width=6).tolist()
    [[0.0, 2.0, 6.0, 5.0]]
    """
    edges = _to_edges(_checked(bounding_box_format)[0], ops.cast(as_array(boxes), "float32"))
    moved = []
    for x, start, length in zip(edges, (left, top, left, top), (width, height, width, height)):
        moved.append(ops.clip(x - ops.cast(start, "float32"), 0.0, float(length)))
    return _from_edges(_checked(bounding_box_format)[0], *moved)


def pad(boxes, top, left, height=None, width=None, bounding_box_format="xyxy"):
    """Boxes in an image that got rows above and columns on the left.

    Shapes: (..., 4) -> the same.

    Args:
        boxes: boxes in pixels, or in fractions of an image whose padded size is given.
        top, left: how many rows and columns there are before.
        height, width: the image's size before, for boxes in fractions.

    >>> pad([[2.0, 3.0, 9.0, 9.0]], top=10, left=20).tolist()
    [[22.0, 13.0, 29.0, 19.0]]
    """
    corners = convert_format(boxes, bounding_box_format, "xyxy", height, width)
    moved = [x + float(n) for x, n in zip(_parts(corners), (left, top, left, top))]
    size = (None, None) if height is None or width is None else (height + top, width + left)
    return convert_format(ops.concatenate(moved, -1), "xyxy", bounding_box_format, *size)


def affine_transform(
    boxes,
    angle,
    translate_x,
    translate_y,
    scale,
    shear_x,
    shear_y,
    height,
    width,
    center_x=None,
    center_y=None,
    bounding_box_format="xyxy",
):
    """The smallest boxes around boxes that were turned, sheared, scaled and moved with their image.

    Boxes are first moved, and then turned, sheared and scaled around a point. Lengths are those from the first pixel to the
    last one.

    Shapes: (batch, n, 4) and numbers (batch,), or (n, 4) and one number each -> the shape of the boxes.

    Args:
        angle: in degrees, counter-clockwise.
        translate_x, translate_y: as fractions of the width and the height.
        scale: what lengths are multiplied by.
        shear_x, shear_y: in degrees.
        height, width: the image's size.
        center_x, center_y: the point around which the image is turned, as fractions of the image; its middle if None.

    >>> moved = affine_transform([[[1.0, 2.0, 3.0, 4.0]]], [0.0], [0.5], [0.25], [1.0], [0.0], [0.0], height=9, width=9)
    >>> moved.round(4).tolist()
    [[[5.0, 4.0, 7.0, 6.0]]]
    """
    corners = convert_format(boxes, bounding_box_format, "xyxy", height, width)
    single = len(corners.shape) == 2
    corners = ops.expand_dims(corners, 0) if single else corners
    left, top, right, bottom = _parts(corners)
    columns = lambda value: ops.reshape(ops.cast(as_array(value), "float32"), (-1, 1, 1))
    radians = lambda value: columns(value) * (math.pi / 180)
    across, deep = float(width) - 1.0, float(height) - 1.0
    middle_x, middle_y = (columns(0.5 if c is None else c) * n for c, n in ((center_x, across), (center_y, deep)))
    x = ops.concatenate([left, right, left, right], -1) - middle_x + columns(translate_x) * across
    y = ops.concatenate([top, top, bottom, bottom], -1) - middle_y + columns(translate_y) * deep
    turn, along, down = radians(angle), ops.tan(radians(shear_x)), ops.tan(radians(shear_y))
    cos, sin = ops.cos(turn), ops.sin(turn)
    b0, b1 = down * cos - sin, down * sin + cos
    new_x = columns(scale) * ((cos - along * b0) * x + (sin + along * b1) * y) + middle_x
    new_y = columns(scale) * (b0 * x + b1 * y) + middle_y
    edges = ops.stack([ops.min(new_x, -1), ops.min(new_y, -1), ops.max(new_x, -1), ops.max(new_y, -1)], -1)
    moved = convert_format(edges, "xyxy", bounding_box_format, height, width)
    return ops.squeeze(moved, 0) if single else moved


def _pair(anchors, anchor_format, encoding, image_shape):
    if encoding not in ("center_xywh", "center_yxhw"):
        raise ValueError(f"Boxes are encoded as 'center_xywh' or 'center_yxhw'; {encoding!r} came.")
    height, width = (None, None) if image_shape is None else image_shape[:2]
    converted = convert_format(anchors, anchor_format, encoding, height, width)
    return converted[..., :2], converted[..., 2:], (height, width)


def encode_box_to_deltas(
    anchors, boxes, anchor_format, box_format, encoding_format="center_yxhw", variance=None, image_shape=None
):
    """Boxes told by how they differ from anchors: their middles, in anchors' sizes, and the logarithms of their sizes.

    Shapes: (..., n, 4), (..., n, 4) -> (..., n, 4).

    Args:
        anchors, boxes: boxes, pair by pair.
        anchor_format, box_format: their formats.
        encoding_format: "center_yxhw" or "center_xywh".
        variance: four numbers that the result is divided by.
        image_shape: `(height, width, channels)` where pixels and fractions are mixed.

    Source: Ren et al. 2015, "Faster R-CNN", arXiv:1506.01497.

    >>> anchors, boxes = [[0.0, 0.0, 4.0, 2.0]], [[1.0, 0.0, 5.0, 2.0]]
    >>> encode_box_to_deltas(anchors, boxes, "xyxy", "xyxy", encoding_format="center_xywh").tolist()
    [[0.25, 0.0, 0.0, 0.0]]
    """
    middle, size, (height, width) = _pair(anchors, anchor_format, encoding_format, image_shape)
    converted = convert_format(boxes, box_format, encoding_format, height, width)
    moved = (converted[..., :2] - middle) / size
    deltas = ops.concatenate([moved, ops.log(ops.maximum(converted[..., 2:] / size, 1e-8))], -1)
    return deltas if variance is None else deltas / ops.cast(as_array(variance), "float32")


def decode_deltas_to_boxes(
    anchors, boxes_delta, anchor_format, box_format, encoded_format="center_yxhw", variance=None, image_shape=None
):
    """The boxes that `encode_box_to_deltas` told; dicts of tensors are decoded key by key.

    Shapes: (..., n, 4), (..., n, 4) -> (..., n, 4).

    The arguments are those of `encode_box_to_deltas`.

    >>> anchors, deltas = [[0.0, 0.0, 4.0, 2.0]], [[0.25, 0.0, 0.0, 0.0]]
    >>> decode_deltas_to_boxes(anchors, deltas, "xyxy", "xyxy", encoded_format="center_xywh").tolist()
    [[1.0, 0.0, 5.0, 2.0]]
    """
    if isinstance(anchors, dict):
        rest = (anchor_format, box_format, encoded_format, variance, image_shape)
        return {key: decode_deltas_to_boxes(anchors[key], boxes_delta[key], *rest) for key in anchors}
    middle, size, (height, width) = _pair(anchors, anchor_format, encoded_format, image_shape)
    deltas = ops.cast(as_array(boxes_delta), "float32")
    deltas = deltas if variance is None else deltas * ops.cast(as_array(variance), "float32")
    boxes = ops.concatenate([deltas[..., :2] * size + middle, ops.exp(deltas[..., 2:]) * size], -1)
    return convert_format(boxes, encoded_format, box_format, height, width)
