"""Filters of images: blur, edges, structural similarity, patches."""

import numpy as np

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.config import standardize_data_format
from kerata.core.op import op
from kerata.ops import numpy as knp
from kerata.ops.convolution import from_channels_last, to_channels_last
from kerata.ops.core import saturate_cast
from kerata.ops.lengths import lengths_of
from kerata.ops.promotion import promote, to_float


def as_batch(what, images, data_format):
    """Images as (batch, height, width, channels), and the function that undoes that.

    Raises: ValueError unless there are 3 or 4 axes.
    """
    images = as_array(images)
    rank, data_format = len(images.shape), standardize_data_format(data_format)
    if rank not in (3, 4):
        raise ValueError(
            f"{what} takes images of 3 axes (height, width, channels), or of 4 with a batch; shape {tuple(images.shape)} came."
        )
    batch = knp.expand_dims(images, 0) if rank == 3 else images

    def undo(y):
        y = from_channels_last(y, data_format)
        return knp.squeeze(y, 0) if rank == 3 else y

    return to_channels_last(batch, data_format), undo


def as_pixels(x, dtype):
    """What was computed in floats, in the images' own dtype."""
    whole = dtypes.is_int_dtype(dtype) and not dtypes.is_int_dtype(dtype_of(x))
    return saturate_cast(knp.round(x), dtype) if whole else _cast(x, dtype)


def _gaussian(size, sigma):
    """A Gaussian of so many places, its sum 1."""
    weights = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * sigma**2))
    return weights / weights.sum()


def _filtered(x, rows, columns, padding):
    """Every channel of `x`, floats (batch, height, width, channels), filtered by a product of two vectors."""
    channels, one = x.shape[-1], (1, 1)
    for weights, shape in ((rows, (-1, 1, 1, 1)), (columns, (1, -1, 1, 1))):
        kernel = np.tile(np.reshape(weights, shape), (1, 1, 1, channels))
        x = engines.current().conv(x, as_array(kernel, dtype_of(x)), one, padding, one, one, channels)
    return x


def blurred(x, kernel_size, sigma):
    """Floats (batch, height, width, channels), each averaged with its neighbours by a Gaussian; zeros beyond the edges."""
    rows, columns = (_gaussian(int(n), float(s)) for n, s in zip(kernel_size, sigma))
    return _filtered(x, rows, columns, "same")


@op
def gaussian_blur(images, kernel_size=(3, 3), sigma=(1.0, 1.0), data_format=None):
    """Images smoothed by a Gaussian; beyond the edges are zeros.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same.

    Args:
        kernel_size: the number of pixels (along the height, along the width).
        sigma: the standard deviation (along the height, along the width).
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for images that have not 3 or 4 axes, or a size or deviation that isn't a pair of positive numbers.

    >>> import kerata
    >>> kerata.ops.image.gaussian_blur([[[0.0], [1.0], [0.0]]], (1, 3))[0, :, 0].tolist()
    [0.274..., 0.451..., 0.274...]
    """
    for name, pair in (("kernel_size", kernel_size), ("sigma", sigma)):
        if np.shape(pair) != (2,) or min(pair) <= 0:
            raise ValueError(f"gaussian_blur: {name} must be two positive numbers, (height, width); {pair!r} came.")
    batch, undo = as_batch("gaussian_blur", images, data_format)
    return undo(as_pixels(blurred(to_float(batch), kernel_size, sigma), dtype_of(batch)))


@op
def sobel_edges(images, data_format=None):
    """How fast the brightness changes at each pixel, downwards and to the right; beyond the edges are zeros.

    Shapes: (batch, height, width, channels) -> (batch, height, width, channels, 2), or with channels second. The last axis
    has the change along the height, then along the width. Small integers give int32.

    Args:
        images: a tensor.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for images that have not 4 axes.

    Source: Sobel and Feldman 1968, "A 3x3 isotropic gradient operator for image processing".

    >>> import kerata
    >>> kerata.ops.image.sobel_edges([[[[0.0], [1.0], [2.0]]] * 3])[0, 1, 1, 0].tolist()
    [0.0, 8.0]
    """
    images = as_array(images)
    if len(images.shape) != 4:
        raise ValueError(f"sobel_edges takes images (batch, height, width, channels); shape {tuple(images.shape)} came.")
    dtype = dtype_of(images)
    whole = not dtype.startswith(("float", "bfloat"))
    x = to_channels_last(to_float(images), data_format)
    smooth, change = np.array([1.0, 2.0, 1.0]), np.array([-1.0, 0.0, 1.0])
    edges = [from_channels_last(_filtered(x, *pair, "same"), data_format) for pair in ((change, smooth), (smooth, change))]
    result = knp.stack(edges, -1)
    return _cast(knp.round(result), dtypes.result_type(dtype, "int32")) if whole else result


@op
def ssim(image1, image2, max_val=1.0, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03, data_format=None):
    """The structural similarity of two images, from -1 to 1 for equal ones.

    Shapes: twice (batch, height, width, channels) -> (batch,), or twice (height, width, channels) -> ().

    Args:
        max_val: the largest value that a pixel can have: 1.0, or 255 for bytes.
        filter_size, filter_sigma: the Gaussian window of the local statistics; the defaults are the paper's.
        k1, k2: what keeps the quotients finite, relative to `max_val`; the paper's.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError if the shapes differ, or the window is larger than the images.

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity",
    doi:10.1109/TIP.2003.819861.

    >>> import numpy as np
    >>> import kerata
    >>> image = np.linspace(0.0, 1.0, 144).reshape(12, 12, 1)
    >>> [round(float(kerata.ops.image.ssim(image, other)), 2) for other in (image, 1.0 - image)]
    [1.0, -0.93]
    """
    first, second = promote(to_float(image1), to_float(image2))
    if len(first.shape) != len(second.shape) or any(a != b and None not in (a, b) for a, b in zip(first.shape, second.shape)):
        raise ValueError(f"ssim compares images of one shape; {tuple(first.shape)} and {tuple(second.shape)} came.")
    (x, _), (y, _) = (as_batch("ssim", image, data_format) for image in (first, second))
    if any(n is not None and n < filter_size for n in x.shape[1:3]):
        raise ValueError(
            f"ssim: a window of {filter_size} pixels does not fit images of shape {tuple(x.shape)}: choose a smaller filter_size."
        )
    window = _gaussian(filter_size, filter_sigma)
    mean_x, mean_y, xx, yy, xy = (_filtered(z, window, window, "valid") for z in (x, y, x * x, y * y, x * y))
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    both, squares = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
    luminance = (2.0 * both + c1) / (squares + c1)
    structure = (2.0 * (xy - both) + c2) / (xx + yy - squares + c2)
    result = knp.mean(luminance * structure, (1, 2, 3))
    return result if len(first.shape) == 4 else knp.squeeze(result, 0)


def _places(length, window, stride, dilation, padding, namespace):
    """Which elements of an axis each window holds, (windows, window), and the border that the axis needs first."""
    reach = (window - 1) * dilation + 1
    count = -(-length // stride) if padding == "same" else (length - reach) // stride + 1
    missing = namespace.maximum((count - 1) * stride + reach - length, 0) if padding == "same" else 0
    starts = namespace.arange(count, dtype="int64") * stride
    return starts[:, None] + np.arange(window) * dilation, (missing // 2, missing - missing // 2)


def windows(x, axis, window, stride, dilation, padding):
    """One axis of `x` made two, (windows, window)."""
    namespace, length = lengths_of(x, axis)
    if length is None:
        return knp.take(x, knp.zeros((None, window), "int32"), axis)
    places, border = _places(length, window, stride, dilation, padding, namespace)
    if padding == "same":
        pairs = [border if a == axis else (0, 0) for a in range(len(x.shape))]
        x = knp.pad(x, pairs) if namespace is np else namespace.pad(x, pairs)
    return knp.take(x, as_array(places, "int32"), axis)


def _patches(what, images, size, strides, dilation_rate, padding, data_format):
    images, rank = as_array(images), len(size)
    padding = padding.lower() if isinstance(padding, str) else padding
    if any(not isinstance(n, (int, np.integer)) or n < 1 for n in size):
        raise ValueError(f"{what}: size must be positive lengths of a window; {size!r} came.")
    if padding not in ("same", "valid") or len(images.shape) not in (rank + 1, rank + 2):
        raise ValueError(
            f"{what} with {rank} sizes takes images of {rank + 1} axes, or {rank + 2} with a batch, and padding 'same' or "
            f"'valid'; shape {tuple(images.shape)} and {padding!r} came."
        )
    strides, dilation = (
        (value,) * rank if isinstance(value, int) else tuple(value)
        for value in (size if strides is None else strides, dilation_rate)
    )
    single = len(images.shape) == rank + 1
    x = to_channels_last(knp.expand_dims(images, 0) if single else images, data_format)
    channels = x.shape[-1]
    for i, (window, stride, step) in enumerate(zip(size, strides, dilation)):
        x = windows(x, 1 + 2 * i, window, stride, step, padding)
    order = [0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2), 2 * rank + 1]
    x = knp.transpose(x, order)  # (batch, *windows, *size, channels)
    flat = knp.reshape(x, (*[-1 if i == 0 else n for i, n in enumerate(x.shape[: rank + 1])], int(np.prod(size)) * channels))
    y = from_channels_last(flat, data_format)
    return knp.squeeze(y, 0) if single else y


def _lengths(what, size, rank):
    """The lengths of a window, of which one number stands for `rank`."""
    if isinstance(size, (int, np.integer)):
        return (int(size),) * rank
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"{what} takes an integer or a tuple of them as its size; {size!r} came.")
    return tuple(size)


@op
def extract_patches(images, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """The windows of images, or of volumes, each made one vector.

    Shapes: (batch, height, width, channels) -> (batch, rows, columns, size[0] * size[1] * channels), without the batch,
    with a depth before the height where `size` has three lengths, or with channels first.

    Args:
        size: the lengths of a window, or one for height and width.
        strides: how far windows are apart, or one number; `size` by default, so that they do not overlap.
        dilation_rate: how far a window's pixels are apart.
        padding: "valid", or "same" for as many windows as fit begin within the images.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for another number of sizes or axes, or an unknown padding; TypeError for a size of another kind.

    >>> import kerata
    >>> kerata.ops.image.extract_patches([[[1.0], [2.0]], [[3.0], [4.0]]], (2, 1)).tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    """
    size = _lengths("extract_patches", size, 2)
    if len(size) not in (2, 3):
        raise ValueError(f"extract_patches takes a size of 2 or 3 lengths; {size!r} came.")
    return _patches("extract_patches", images, size, strides, dilation_rate, padding, data_format)


@op
def extract_patches_3d(volumes, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """The windows of volumes, each made one vector: `extract_patches` where one number for `size` stands for three.

    Shapes: (batch, depth, height, width, channels) -> (batch, *windows, size[0] * size[1] * size[2] * channels).

    The other arguments are those of `extract_patches`.

    Raises: ValueError for another number of sizes or axes, or an unknown padding; TypeError for a size of another kind.

    >>> import numpy as np
    >>> import kerata
    >>> kerata.ops.image.extract_patches_3d(np.ones((1, 4, 4, 4, 3)), 2).shape
    (1, 2, 2, 2, 24)
    """
    size = _lengths("extract_patches_3d", size, 3)
    if len(size) != 3:
        raise ValueError(f"extract_patches_3d takes a size of 3 lengths; {size!r} came.")
    return _patches("extract_patches_3d", volumes, size, strides, dilation_rate, padding, data_format)


__all__ = ["extract_patches", "extract_patches_3d", "gaussian_blur", "sobel_edges", "ssim"]
