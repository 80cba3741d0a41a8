"""Where bounding boxes come to when their image is moved, cut or resized."""

from kerata import ops
from kerata.core.arrays import as_array
from kerata.layers.preprocessing import boxes as formats
from kerata.ops.image import inner_window, outer_window


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
    new, windows = (layer.height, layer.width), [(0, length) for length in old]
    if getattr(layer, "pad_to_aspect_ratio", False):
        windows = outer_window(ops, *old, new)
    elif getattr(layer, "crop_to_aspect_ratio", not hasattr(layer, "interpolation")):
        windows = inner_window(ops, *old, new)
    (top, left), (down, across) = ([ops.cast(n, "float32") for n in pair] for pair in zip(*windows))
    places = zip(ops.split(edges, 4, -1), (left, top) * 2, (layer.width / across, layer.height / down) * 2)
    edges = ops.concatenate([(x - start) * scale for x, start, scale in places], -1)
    return _result(layer, bounding_boxes, edges, there, (layer.height, layer.width))


def cut(layer, bounding_boxes, top, left, old):
    """The boxes in the part of images that begins at a row and a column."""
    edges, there = _edges(layer, bounding_boxes, old)
    edges = shifted({"boxes": edges}, left, top)["boxes"]
    return _result(layer, bounding_boxes, edges, there, (layer.height, layer.width))


def shifted(bounding_boxes, left, up):
    """Boxes "xyxy" moved to the left and up."""
    boxes = ops.cast(as_array(bounding_boxes["boxes"]), "float32")
    offsets = [ops.cast(as_array(n), "float32") for n in (left, up, left, up)]
    moved = [edge - offset for edge, offset in zip(ops.split(boxes, 4, -1), offsets)]
    return dict(bounding_boxes) | {"boxes": ops.concatenate(moved, -1)}
