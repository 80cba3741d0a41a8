"""Images: resizing, and the names of `keras.ops.image` from the files beside this one."""

from typing import Any

import numpy as np

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.config import standardize_data_format
from kerata.core.op import op
from kerata.core.types import Shape, Tensor, TensorLike
from kerata.engines.abstract.array import AbstractArray
from kerata.ops import numpy as knp
from kerata.ops.core import saturate_cast
from kerata.ops.image_borders import crop_images, pad_images
from kerata.ops.image_colors import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from kerata.ops.image_filters import extract_patches, extract_patches_3d, gaussian_blur, sobel_edges, ssim
from kerata.ops.image_sampling import affine_transform, elastic_transform, map_coordinates, perspective_transform
from kerata.ops.lengths import lengths_of
from kerata.ops.pooling import along_axis
from kerata.ops.promotion import to_float

# The functions below take a numpy-like namespace: an engine's, where its graph leaves the images' size open.


def _triangle(xp, x):
    return xp.maximum(0, 1 - x)


def _cubic(xp, x):
    """Keys's cubic with a = -0.5 (Keys 1981, doi:10.1109/TASSP.1981.1163711)."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return xp.where(x >= 2, 0, xp.where(x >= 1, far, near))


def _lanczos(radius):
    return lambda xp, x: xp.where(x > radius, 0, xp.sinc(x) * xp.sinc(x / radius))


_KERNELS = {"bilinear": _triangle, "bicubic": _cubic, "lanczos3": _lanczos(3), "lanczos5": _lanczos(5)}
INTERPOLATIONS = ("nearest", *_KERNELS)


def _weights(xp, length, size, interpolation, antialias):
    """The matrix (size, length) that resizes an axis; pixels have their centres at halves."""
    scale = length / size
    centres = (xp.arange(size, dtype="float64") + 0.5) * scale - 0.5
    width = xp.maximum(scale, 1) if antialias else 1
    weights = _KERNELS[interpolation](xp, xp.abs(centres[:, None] - xp.arange(length, dtype="float64")) / width)
    return weights / xp.sum(weights, axis=1, keepdims=True)


def _nearest(xp, length, size):
    """The number of the pixel, of `length`, at the centre of each of `size`."""
    return (2 * xp.arange(size, dtype="int64") + 1) * length // (2 * size)


def resize_axis(x: TensorLike, axis: int, size: Any, interpolation: str, antialias: bool = False) -> Tensor:
    """`x`, of a float dtype, with another length along one axis."""
    xp, length = lengths_of(x, axis)
    unknown = length is None or size is None
    if interpolation == "nearest":
        places = knp.zeros((size,), "int32") if unknown else as_array(_nearest(xp, length, size), "int32")
        return knp.take(x, places, axis)
    if unknown:
        return along_axis(knp.zeros((size, length), dtype_of(x)), x, axis)
    return along_axis(as_array(_weights(xp, length, size, interpolation, antialias), dtype_of(x)), x, axis)


@op
def resize(
    images: TensorLike,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: Any = "constant",
    fill_value: Any = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Images in another size.

    Shapes: (batch, height, width, channels) or (height, width, channels) -> the same with `size`, or with channels first.

    Args:
        size: (height, width).
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: whether the kernel widens when the image shrinks.
        crop_to_aspect_ratio: whether the middle of the image is cut out first, in the proportions of `size`.
        pad_to_aspect_ratio: whether the image is padded first to the proportions of `size`.
        fill_mode, fill_value: what it is padded with; "constant" is the one mode.
        data_format: "channels_last" or "channels_first".

    Raises: ValueError for an unknown interpolation, a wrong number of axes, or both crop and pad.

    >>> import kerata
    >>> kerata.ops.image.resize([[[1.0], [2.0]]], (1, 4), interpolation="nearest").tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """
    images, size = as_array(images), tuple(size)
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"resize: interpolation must be one of {', '.join(INTERPOLATIONS)}; {interpolation!r} came.")
    if len(size) != 2 or len(images.shape) not in (3, 4):
        raise ValueError(
            f"resize takes images of 3 or 4 axes and a size (height, width); shape {tuple(images.shape)} and size {size} came."
        )
    if any(isinstance(n, int) and n <= 0 for n in size):  # in a graph they may be tensors
        raise ValueError(f"resize: size must be a positive height and width; {size} came.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("resize can crop to the aspect ratio or pad to it, not both.")
    if fill_mode != "constant":
        raise ValueError(f"resize: fill_mode must be 'constant'; {fill_mode!r} came.")
    first = len(images.shape) - (3 if standardize_data_format(data_format) == "channels_last" else 2)
    axes = (first, first + 1)
    if crop_to_aspect_ratio:
        images = _cropped(images, axes, size)
    if pad_to_aspect_ratio:
        images = _padded(images, axes, size, fill_value)
    dtype = dtype_of(images)
    x = images if interpolation == "nearest" else to_float(images)
    for axis, length in zip(axes, size):
        if x.shape[axis] is None or length is None or x.shape[axis] != length:
            x = resize_axis(x, axis, length, interpolation, antialias)
    return saturate_cast(knp.round(x), dtype) if dtypes.is_int_dtype(dtype) and dtype_of(x) != dtype else _cast(x, dtype)


def inner_window(xp: Any, height: int, width: int, size: Any) -> Tensor:
    """Where the largest part of an image in the proportions of `size` lies: (start, length) along both axes."""
    wanted = (xp.minimum(height, width * size[0] // size[1]), xp.minimum(width, height * size[1] // size[0]))
    return [((length - new) // 2, new) for length, new in zip((height, width), wanted)]


def outer_window(xp: Any, height: int, width: int, size: Any) -> Tensor:
    """Where the smallest frame around an image in the proportions of `size` lies: (start, length) along both axes."""
    wanted = (xp.maximum(height, width * size[0] // size[1]), xp.maximum(width, height * size[1] // size[0]))
    borders = [(new - length) // 2 for length, new in zip((height, width), wanted)]
    return [(-border, length + 2 * border) for length, border in zip((height, width), borders)]


def _cropped(images, axes, size):
    """The middle of the images, in the proportions of `size`."""
    xp, height, width = lengths_of(images, *axes)
    if height is None or width is None:
        return images
    for axis, (start, new) in zip(axes, inner_window(xp, height, width, size)):
        key = [slice(None)] * len(images.shape)
        key[axis] = slice(start, start + new)
        images = knp.get_item(images, tuple(key))
    return images


def _padded(images, axes, size, fill_value):
    """The images with borders, in the proportions of `size`."""
    xp, height, width = lengths_of(images, *axes)
    if height is None or width is None:
        return images
    pairs = [(0, 0)] * len(images.shape)
    for axis, (start, _) in zip(axes, outer_window(xp, height, width, size)):
        pairs[axis] = (-start, -start)
    pad = knp.pad if xp is np else xp.pad
    return pad(images, pairs, mode="constant", constant_values=fill_value)


# Names of `scale_and_translate` for the kernels above.
_METHODS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), "bilinear"),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), "bicubic"),
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
}


def _moved_weights(length, size, scale, translation, kernel, antialias):
    """The matrix (size, length) that scales and moves an axis; rows whose centre falls beyond the axis are 0."""
    inverse = knp.divide(1.0, scale)
    centres = (knp.arange(size, dtype=dtype_of(inverse)) + 0.5 - translation) * inverse
    width = knp.maximum(inverse, 1.0) if antialias else 1.0
    places = knp.arange(length, dtype=dtype_of(inverse)) + 0.5
    weights = _KERNELS[kernel](knp, knp.absolute(knp.expand_dims(centres, -1) - places) / width)
    total = knp.sum(weights, 1, keepdims=True)
    some = knp.absolute(total) > 1000 * np.finfo("float32").eps
    weights = knp.where(some, weights / knp.where(some, total, 1.0), 0.0)
    inside = knp.logical_and(centres >= 0, centres <= length)
    return knp.where(knp.expand_dims(inside, -1), weights, 0.0)


@op
def scale_and_translate(
    images: TensorLike,
    output_shape: Shape,
    scale: Any,
    translation: Any,
    spatial_dims: Any,
    method: Any,
    antialias: bool = True,
) -> Tensor:
    """Images scaled, then moved: the point x of an axis comes to `x * scale + translation`; pixels have centres at halves.

    Shapes: (...) -> `output_shape`, with as many axes. Integers give floats.

    Args:
        scale, translation: (axes,), one number for each of `spatial_dims`.
        spatial_dims: the axes that are scaled and moved; the lengths of the others stay.
        method: "linear" (also "bilinear", "trilinear", "triangle"), "cubic" (also "bicubic", "tricubic"), "lanczos3" or
            "lanczos5".
        antialias: whether the kernel widens when the images shrink.

    Raises: ValueError for an unknown method, or numbers of axes that don't fit.

    >>> import kerata
    >>> kerata.ops.image.scale_and_translate([1.0, 3.0], (4,), [2.0], [0.0], (0,), "linear").tolist()
    [1.0, 1.5, 2.5, 3.0]
    """
    images = to_float(images)
    scale, translation = to_float(scale), to_float(translation)
    if method not in _METHODS:
        raise ValueError(f"scale_and_translate: method must be one of {', '.join(_METHODS)}; {method!r} came.")
    if len(output_shape) != len(images.shape) or not tuple(scale.shape) == tuple(translation.shape) == (len(spatial_dims),):
        raise ValueError(
            f"scale_and_translate takes an output_shape with as many axes as the images, {len(images.shape)}, and a scale and "
            f"a translation for each of the axes {tuple(spatial_dims)}; output_shape {tuple(output_shape)}, scale of shape "
            f"{tuple(scale.shape)} and translation of shape {tuple(translation.shape)} came."
        )
    x, dtype = images, dtype_of(images)
    for i, axis in enumerate(spatial_dims):
        _, length = lengths_of(x, axis)
        numbers = knp.get_item(scale, i), knp.get_item(translation, i)
        if length is None:
            weights = knp.zeros((output_shape[axis], None), dtype)
        else:
            weights = _moved_weights(length, output_shape[axis], *numbers, _METHODS[method], antialias)
        x = along_axis(_cast(weights, dtype), x, axis)
    return engines.current().told_by_shapes(AbstractArray(tuple(output_shape), dtype)) if isinstance(x, AbstractArray) else x


__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]
