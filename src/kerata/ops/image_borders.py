"""Images with borders, or cut to their middle."""

from kerata.core.arrays import as_array
from kerata.core.config import standardize_data_format
from kerata.core.op import op
from kerata.engines.abstract.array import AbstractArray
from kerata.ops import numpy as knp
from kerata.ops.lengths import lengths_of


def _sides(what, length, sign, **given):
    """How much goes before and after an axis, of which two are told: before, after, and the length in the end.

    Raises: ValueError unless it is two, and no border is negative.
    """
    (first, before), (last, after), (target, wanted) = given.items()
    if sum(v is not None for v in given.values()) != 2:
        told = ", ".join(f"{name}={value}" for name, value in given.items())
        raise ValueError(f"{what} takes exactly two of {first}, {last} and {target}; {told} came.")
    if length is not None or wanted is None:
        change = None if wanted is None else sign * (wanted - length)
        before = change - after if before is None else before
        after = change - before if after is None else after
        left = None if length is None else length + sign * (before + after)
        for name, value in ((first, before), (last, after), (target, left)):
            if isinstance(value, int) and value < 0:
                raise ValueError(f"{what}: {name} must not be negative; for an axis of length {length} it would be {value}.")
    return before, after


def _spatial_axes(what, images, data_format):
    rank = len(images.shape)
    if rank not in (3, 4):
        raise ValueError(
            f"{what} takes images of 3 axes (height, width, channels), or of 4 with a batch; shape {tuple(images.shape)} came."
        )
    first = rank - (3 if standardize_data_format(data_format) == "channels_last" else 2)
    return first, first + 1


@op
def crop_images(
    images,
    top_cropping=None,
    left_cropping=None,
    bottom_cropping=None,
    right_cropping=None,
    target_height=None,
    target_width=None,
    data_format=None,
):
    """Images without some rows and columns.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same, smaller.

    Of `top_cropping`, `bottom_cropping` and `target_height` two are given, and two of `left_cropping`, `right_cropping` and
    `target_width`.

    Args:
        images: a tensor.
        top_cropping, left_cropping, bottom_cropping, right_cropping: how many are cut away at each side.
        target_height, target_width: the lengths of the result.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError unless two are given, for images that have not 3 or 4 axes, or are smaller than what is cut away.

    >>> import kerata
    >>> kerata.ops.image.crop_images([[[1.0], [2.0], [3.0]]], 0, 1, 0, target_width=1).tolist()
    [[[2.0]]]
    """
    images = as_array(images)
    rows, columns = _spatial_axes("crop_images", images, data_format)
    key = [slice(None)] * len(images.shape)
    height = dict(top_cropping=top_cropping, bottom_cropping=bottom_cropping, target_height=target_height)
    width = dict(left_cropping=left_cropping, right_cropping=right_cropping, target_width=target_width)
    for axis, given in ((rows, height), (columns, width)):
        _, length = lengths_of(images, axis)
        before, after = _sides("crop_images", length, -1, **given)
        *_, target = given.values()
        if before is None:  # the length is not known yet: count from the end
            key[axis] = slice(-target - after, -after or None)
        else:
            key[axis] = slice(before, before + target if target is not None else -after or None)
    result = knp.get_item(images, tuple(key))
    return _with_lengths(result, (rows, target_height), (columns, target_width))


def _with_lengths(x, *axes):
    """`x`, whose lengths along some axes are known, also to a model that is being built."""
    if not isinstance(x, AbstractArray):
        return x
    shape = list(x.shape)
    for axis, length in axes:
        shape[axis] = shape[axis] if length is None else length
    return AbstractArray(shape, x.dtype)


@op
def pad_images(
    images,
    top_padding=None,
    left_padding=None,
    bottom_padding=None,
    right_padding=None,
    target_height=None,
    target_width=None,
    data_format=None,
):
    """Images with rows and columns of zeros around them.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same, larger.

    Of `top_padding`, `bottom_padding` and `target_height` two are given, and two of `left_padding`, `right_padding` and
    `target_width`.

    Args:
        images: a tensor.
        top_padding, left_padding, bottom_padding, right_padding: how many are put at each side.
        target_height, target_width: the lengths of the result.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError unless two are given, for images that have not 3 or 4 axes, or are larger than the target.

    >>> import kerata
    >>> kerata.ops.image.pad_images([[[1.0], [2.0]]], 0, 1, 0, target_width=4)[0, :, 0].tolist()
    [0.0, 1.0, 2.0, 0.0]
    """
    images = as_array(images)
    rows, columns = _spatial_axes("pad_images", images, data_format)
    height = dict(top_padding=top_padding, bottom_padding=bottom_padding, target_height=target_height)
    width = dict(left_padding=left_padding, right_padding=right_padding, target_width=target_width)
    pairs = [(0, 0)] * len(images.shape)
    namespace = None
    for axis, given in ((rows, height), (columns, width)):
        found, length = lengths_of(images, axis)
        before, after = _sides("pad_images", length, 1, **given)
        if None not in (before, after):
            pairs[axis] = (before, after)
        namespace = found if not all(isinstance(n, (int, type(None))) for n in (before, after)) else namespace
    result = knp.pad(images, pairs) if namespace is None else namespace.pad(images, pairs)
    return _with_lengths(result, (rows, target_height), (columns, target_width))


__all__ = ["crop_images", "pad_images"]
