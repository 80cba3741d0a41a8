"""Ops that lay tensors out anew: by a pattern, depth into space and back, windows into columns and back."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.config import standardize_data_format
from kerata.core.op import op
from kerata.core.types import Tensor, TensorLike
from kerata.ops import numpy as knp
from kerata.ops.image_filters import windows
from kerata.ops.lengths import run_time_shape
from kerata.ops.pooling import along_axis


def _groups(side, pattern):
    """One side of a pattern as a list of lists of names: `b (h w) 1` is [["b"], ["h", "w"], []]."""
    groups: list[list[str]] = []
    inside: list[str] | None = None
    for token in side.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(" and inside is None:
            inside = []
        elif token == ")" and inside is not None:
            groups.append(inside)
            inside = None
        elif token in "()" or token != "..." and token != "1" and not token.isidentifier():
            raise ValueError(f"rearrange: pattern {pattern!r} can't be read at {token!r}.")
        elif inside is not None:
            inside.extend([] if token == "1" else [token])
        else:
            groups.append([] if token == "1" else [token])
    if inside is not None:
        raise ValueError(f"rearrange: pattern {pattern!r} has an open parenthesis.")
    return groups


def _spelled(left, right, rank, pattern):
    """Both sides with names in place of the ellipsis."""
    if ["..."] in left:
        rest = [[f"...{i}"] for i in range(rank - len(left) + 1)]
        names = [name for (name,) in rest]
        at = left.index(["..."])
        left = [*left[:at], *rest, *left[at + 1 :]]
        right = [
            part for g in right for part in (rest if g == ["..."] else [[n for m in g for n in (names if m == "..." else [m])]])
        ]
    before, after = ([name for g in side for name in g] for side in (left, right))
    if len(left) != rank or sorted(before) != sorted(after) or len(set(before)) != len(before):
        raise ValueError(
            f"rearrange: pattern {pattern!r} does not fit a tensor of {rank} axes, or has not the same names on both sides."
        )
    return left, right


def _lengths(group, length, known, pattern):
    """The lengths of a group's axes, one of which may follow from that of them together."""
    lengths = [known.get(name) for name in group]
    if lengths.count(None) > 1:
        raise ValueError(f"rearrange: all but one of the axes {group} of pattern {pattern!r} need a length: {group[0]}=...")
    told = math.prod(n for n in lengths if n is not None)
    if isinstance(length, int) and (length % told if None in lengths else length != told):
        raise ValueError(f"rearrange: an axis of length {length} can't be divided into {group} by the lengths {known}.")
    return [(None if length is None else length // told) if n is None else n for n in lengths]


@op
def rearrange(tensor: TensorLike, pattern: str, **axes_lengths: Any) -> Tensor:
    """Axes named by a pattern divided, put in another order and joined: `"b (h p) c -> (b h) p c"` with `p=2`.

    Names in parentheses are parts of one axis, the last the fastest; `...` stands for all others, 1 for an axis of length
    one.

    Raises: ValueError for a pattern that can't be read, or does not fit the tensor.

    Source: Rogozhnikov 2022, "Einops: clear and reliable tensor manipulations with Einstein-like notation".

    >>> rearrange([[1, 2, 3, 4]], "a (b c) -> (a c) b", b=2).tolist()
    [[1, 3], [2, 4]]
    """
    x = as_array(tensor)
    if pattern.count("->") != 1:
        raise ValueError(f"rearrange: pattern {pattern!r} needs one '->'.")
    left, right = (_groups(side, pattern) for side in pattern.split("->"))
    left, right = _spelled(left, right, len(x.shape), pattern)
    sizes: dict[str, Any] = {}
    static: dict[str, int | None] = {}
    for group, length, known in zip(left, run_time_shape(x), static_shape(x)):
        sizes.update(zip(group, _lengths(group, length, axes_lengths, pattern)))
        static.update(zip(group, _lengths(group, known, axes_lengths, pattern)))
    names = [name for group in left for name in group]
    x = _to_shape(x, [[name] for name in names], sizes, static)
    x = knp.transpose(x, [names.index(name) for group in right for name in group]) if names else x
    return _to_shape(x, right, sizes, static)


def _to_shape(x, groups, sizes, static):
    shape = []
    for group in groups:
        open_ones = [name for name in group if static[name] is None]
        shape.append(math.prod(static[n] for n in group) if not open_ones else None)
    if shape.count(None) <= 1:
        return knp.reshape(x, [-1 if n is None else n for n in shape])
    return knp.reshape(x, [math.prod(sizes[n] for n in g) if None not in [sizes[n] for n in g] else None for g in groups])


def _four_axes(what, x, data_format, block_size):
    x = as_array(x)
    if len(x.shape) != 4 or not isinstance(block_size, int) or block_size < 2:
        raise ValueError(
            f"{what} takes tensors of four axes and a block_size of 2 or more; shape {tuple(x.shape)} and {block_size!r} came."
        )
    return x, standardize_data_format(data_format) == "channels_last"


@op
def depth_to_space(x: TensorLike, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Channels laid out as blocks of pixels.

    Shapes: (batch, height, width, channels) -> (batch, height * block_size, width * block_size, channels / block_size**2),
    or with channels second.

    Raises: ValueError unless there are four axes, and the channels can be divided.

    Source: Shi et al. 2016, arXiv:1609.05158.

    >>> depth_to_space([[[[1, 2, 3, 4]]]], 2).tolist()
    [[[[1], [2]], [[3], [4]]]]
    """
    x, last = _four_axes("depth_to_space", x, data_format, block_size)
    channels = x.shape[-1 if last else 1]
    if channels is not None and channels % block_size**2:
        raise ValueError(f"depth_to_space: {channels} channels can't be divided into blocks of {block_size} by {block_size}.")
    pattern = "b h w (p q c) -> b (h p) (w q) c" if last else "b (c p q) h w -> b c (h p) (w q)"
    return rearrange(x, pattern, p=block_size, q=block_size)


@op
def space_to_depth(x: TensorLike, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Blocks of pixels laid out as channels: the inverse of `depth_to_space`.

    Shapes: (batch, height, width, channels) -> (batch, height / block_size, width / block_size, channels * block_size**2),
    or with channels second.

    Raises: ValueError unless there are four axes, and height and width can be divided.

    >>> space_to_depth([[[[1], [2]], [[3], [4]]]], 2).tolist()
    [[[[1, 2, 3, 4]]]]
    """
    x, last = _four_axes("space_to_depth", x, data_format, block_size)
    for length in x.shape[1:3] if last else x.shape[2:4]:
        if length is not None and length % block_size:
            raise ValueError(f"space_to_depth: an axis of length {length} can't be divided into blocks of {block_size}.")
    pattern = "b (h p) (w q) c -> b h w (p q c)" if last else "b c (h p) (w q) -> b (c p q) h w"
    return rearrange(x, pattern, p=block_size, q=block_size)


def _both(value):
    return (value, value) if isinstance(value, int) else tuple(value)


@op
def unfold(
    x: TensorLike,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: Any = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """The windows of images as columns.

    Shapes: (batch, channels, height, width) -> (batch, channels * kernel_size[0] * kernel_size[1], windows).

    Args:
        kernel_size, dilation, stride: one number, or two for height and width.
        padding: how many zeros are put on both sides.

    Raises: ValueError unless there are four axes.

    >>> unfold([[[[1, 2, 3], [4, 5, 6]]]], 2).tolist()
    [[[1, 2], [2, 3], [4, 5], [5, 6]]]
    """
    x = as_array(x)
    if len(x.shape) != 4:
        raise ValueError(f"unfold takes images (batch, channels, height, width); shape {tuple(x.shape)} came.")
    if any(_both(padding)):
        x = knp.pad(x, [(0, 0), (0, 0), *[(n, n) for n in _both(padding)]])
    for i, (window, step, d) in enumerate(zip(_both(kernel_size), _both(stride), _both(dilation))):
        x = windows(x, 2 + 2 * i, window, step, d, "valid")
    return rearrange(x, "b c h p w q -> b (c p q) (h w)")


@op
def fold(
    x: TensorLike,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: Any = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """The sum of windows laid at their places: what `unfold` took apart, each pixel as often as it is in windows.

    Shapes: (batch, channels * kernel_size[0] * kernel_size[1], windows) -> (batch, channels, *output_size).

    Raises: ValueError unless there are three axes, and lengths that fit.

    >>> fold([[[1, 2], [2, 3], [4, 5], [5, 6]]], (2, 3), 2).tolist()
    [[[[1, 4, 3], [4, 10, 6]]]]
    """
    x, size, window = as_array(x), _both(output_size), _both(kernel_size)
    options = list(zip(size, window, _both(dilation), _both(padding), _both(stride)))
    counts = [(n + 2 * p - (w - 1) * d - 1) // s + 1 for n, w, d, p, s in options]
    if len(x.shape) != 3 or x.shape[2] not in (None, math.prod(counts)) or (x.shape[1] or 0) % math.prod(window):
        raise ValueError(
            f"fold: for {counts[0]} by {counts[1]} windows of {window}, inputs must have the shape (batch, channels * "
            f"{math.prod(window)}, {math.prod(counts)}); {tuple(x.shape)} came."
        )
    dtype = dtype_of(x)
    x = _cast(x, "float32") if dtype in ("bool", "int8", "uint8", "int16", "uint16") else x
    x = rearrange(x, "b (c p q) (h w) -> b c (h p) (w q)", p=window[0], q=window[1], h=counts[0], w=counts[1])
    for axis, (n, w, d, p, s), count in zip((2, 3), options, counts):
        places = (np.arange(count)[:, None] * s + np.arange(w) * d - p).ravel()
        x = along_axis(as_array(np.arange(n)[:, None] == places, dtype_of(x)), x, axis)
    return _cast(x, dtype)


__all__ = ["depth_to_space", "fold", "rearrange", "space_to_depth", "unfold"]
