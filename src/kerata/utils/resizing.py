"""Images on the host in another size."""

import numpy as np

from kerata import engines
from kerata.ops import image as ops


def _mitchell(x):
    """The cubic of Mitchell and Netravali with B = C = 1/3 (1988, doi:10.1145/54852.378514)."""
    near = ((7 * x - 12) * x * x + 16 / 3) / 6
    far = (((-7 / 3 * x + 12) * x - 20) * x + 32 / 3) / 6
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _gaussian(x):
    """A bell curve of standard deviation 0.5 that ends at 1.5."""
    return np.where(x < 1.5, np.exp(-2 * x * x), 0)


_KERNELS = {"gaussian": _gaussian, "mitchellcubic": _mitchell}
INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", *_KERNELS)


def resized(image, size, interpolation="bilinear", crop=False, pad=False):
    """An image in another size.

    Shapes: (height, width, channels) -> (*size, channels), in float32.

    Args:
        size: (height, width).
        interpolation: one of `INTERPOLATIONS`.
        crop: whether the middle is cut out first, in the proportions of `size`.
        pad: whether the image is made as large as fits into `size`, with zeros around it.
    """
    if crop:
        image = _cropped(image, size)
    if not pad:
        return _resized(image, size, interpolation)
    ratio = max(image.shape[0] / size[0], image.shape[1] / size[1])
    exact = (image.shape[0] / ratio, image.shape[1] / ratio)
    inner = _resized(image, tuple(max(1, int(length)) for length in exact), interpolation)
    result = np.zeros((*size, image.shape[-1]), "float32")
    top, left = (max(0, int((whole - length) / 2)) for whole, length in zip(size, exact))
    result[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return result


def _cropped(image, size):
    height, width = image.shape[:2]
    new_height, new_width = min(height, width * size[0] // size[1]), min(width, height * size[1] // size[0])
    top, left = (height - new_height) // 2, (width - new_width) // 2
    return image[top : top + new_height, left : left + new_width]


def _resized(image, size, interpolation):
    if interpolation in _KERNELS or interpolation == "area":
        rows, columns = (_weights(length, new, interpolation) for length, new in zip(image.shape[:2], size))
        return np.einsum("ih,hwc,jw->ijc", rows, image, columns, optimize=True).astype("float32")
    with engines.use_engine("numpy"):
        return ops.resize(np.asarray(image, "float32"), size, interpolation, data_format="channels_last")


def _weights(length, size, interpolation):
    """The matrix (size, length) that resizes an axis."""
    scale = length / size
    if interpolation == "area":  # the part of each old pixel that a new one covers
        edges = np.arange(size)[:, None] * scale
        old = np.arange(length)
        weights = np.clip(np.minimum(edges + scale, old + 1) - np.maximum(edges, old), 0, None)
    else:
        centres = (np.arange(size) + 0.5) * scale - 0.5
        weights = _KERNELS[interpolation](np.abs(centres[:, None] - np.arange(length)))
    return (weights / weights.sum(1, keepdims=True)).astype("float32")
