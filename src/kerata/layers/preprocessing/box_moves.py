"""Where bounding boxes come to when their image is moved, cut or resized."""

from kerata import ops
from kerata.core.arrays import as_array
from kerata.layers.preprocessing import boxes as formats


def _edges(layer, bounding_boxes, size):
    """The boxes' edges in pixels, (batch, n, 4), and where there is a box at all."""
    boxes = as_array(bounding_boxes["boxes"])
    there = ops.logical_not(ops.all(ops.equal(boxes, -1), -1, keepdims=True))
    return formats.convert_format(boxes, layer.bounding_box_format, "xyxy", *size), there


def _result(layer, bounding_boxes, edges, there, size):
    edges = ops.where(there, edges, -1.0)
    clipped = formats.clip_to_image_size(dict(bounding_boxes) | {"boxes": edges}, *size, "xyxy")
    gone = ops.all(ops.equal(clipped["boxes"], -1), -1, keepdims=True)
    converted = formats.convert_format(clipped["boxes"], "xyxy", layer.bounding_box_format, *size)
    return clipped | {"boxes": ops.where(gone, -1.0, converted)}


def moved(layer, bounding_boxes, transformation):
    """The smallest boxes around the moved corners of boxes, cut to the image."""
    size = _image_size(layer, transformation)
    edges, there = _edges(layer, bounding_boxes, size)
    left, top, right, bottom = ops.split(edges, 4, -1)
    x, y = ops.concatenate([left, right, left, right], -1), ops.concatenate([top, top, bottom, bottom], -1)
    x, y = layer._moved_points(x, y, transformation, size)
    edges = ops.stack([ops.min(x, -1), ops.min(y, -1), ops.max(x, -1), ops.max(y, -1)], -1)
    return _result(layer, bounding_boxes, edges, there, size)


def _image_size(layer, transformation):
    if "image_height" in transformation:
        return transformation["image_height"], transformation["image_width"]
    shape = transformation["input_shape"]
    return shape[layer.height_axis], shape[layer.width_axis]


def through_affine(matrix, x, y):
    """Points (batch, n, 4) of images that `ops.image.affine_transform` moves by (batch, 8); it reads backwards."""
    a0, a1, a2, b0, b1, b2 = (ops.reshape(matrix[:, i], (-1, 1, 1)) for i in range(6))
    x, y = x - 0.5 - a2, y - 0.5 - b2  # the middle of the first pixel is at 0 there
    determinant = a0 * b1 - a1 * b0
    return (b1 * x - a1 * y) / determinant + 0.5, (a0 * y - b0 * x) / determinant + 0.5


def resized(layer, bounding_boxes, old):
    """The boxes of images that were resized to the layer's size, their proportions kept if the layer does so."""
    edges, there = _edges(layer, bounding_boxes, old)
    height, width = old
    scale = layer.height / height, layer.width / width
    top = left = 0.0
    if getattr(layer, "pad_to_aspect_ratio", False):
        scale = (min(scale),) * 2
    elif getattr(layer, "crop_to_aspect_ratio", not hasattr(layer, "interpolation")):
        scale = (max(scale),) * 2
    top, left = (layer.height - height * scale[0]) / 2, (layer.width - width * scale[1]) / 2
    parts = zip(ops.split(edges, 4, -1), (scale[1], scale[0]) * 2, (left, top) * 2)
    edges = ops.concatenate([x * s + offset for x, s, offset in parts], -1)
    return _result(layer, bounding_boxes, edges, there, (layer.height, layer.width))


def cut(layer, bounding_boxes, top, left, old):
    """The boxes in the part of images that begins at a row and a column."""
    edges, there = _edges(layer, bounding_boxes, old)
    offsets = [ops.cast(n, "float32") for n in (left, top, left, top)]
    edges = ops.concatenate([x - offset for x, offset in zip(ops.split(edges, 4, -1), offsets)], -1)
    return _result(layer, bounding_boxes, edges, there, (layer.height, layer.width))
