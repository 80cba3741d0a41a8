"""Images read at other places than their pixels: by coordinates, by an affine or a perspective map, by an elastic one."""

import itertools

from kerata import engines
from kerata.core import dtypes
from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op, xp
from kerata.core.seeds import draw_seed
from kerata.ops import numpy as knp
from kerata.ops.image_filters import as_batch, as_pixels
from kerata.ops.lengths import run_time_shape
from kerata.ops.promotion import to_float

_ORDERS = {"nearest": 0, "bilinear": 1}


def _mirrored(index, n):
    period = knp.maximum(2 * (n - 1), 1)
    return knp.absolute(knp.subtract(knp.mod(knp.add(index, n - 1), period), n - 1))


def reflected(index, n):
    """Which of `n` elements stands at an index beyond them, where they are mirrored at their edges: `b a | a b c d | d c`."""
    place = knp.mod(index, 2 * n)
    return knp.minimum(place, knp.subtract(2 * n - 1, place))


# What stands for a pixel beyond the edge: index and length -> an index within.
_INSIDE = {
    "constant": lambda index, n: knp.clip(index, 0, n - 1),
    "nearest": lambda index, n: knp.clip(index, 0, n - 1),
    "wrap": lambda index, n: knp.mod(index, n),
    "mirror": _mirrored,
    "reflect": reflected,
}


def _check(what, value, known):
    if value not in known:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, known))}; {value!r} came.")


def _corners(coordinate, order):
    """The pixels around a coordinate along one axis, as integers, and their weights."""
    if order == 0:  # halves are rounded away from zero
        return [(_cast(knp.sign(coordinate) * knp.floor(knp.absolute(coordinate) + 0.5), "int32"), None)]
    low = knp.floor(coordinate)
    far = coordinate - low
    low = _cast(low, "int32")
    return [(low, 1.0 - far), (low + 1, far)]


def _along_last(x, values):
    """`x` with an axis more where `values` have channels behind their places."""
    return knp.expand_dims(x, -1) if len(values.shape) > len(x.shape) else x


def sampled(rows, lengths, coordinates, order, fill_mode, fill_value, offset=0):
    """Weighted sums of the pixels around each place.

    Args:
        rows: the pixels, the spatial axes made one: (pixels,) or (pixels, channels).
        lengths: the lengths of the spatial axes.
        coordinates: a float tensor for each spatial axis; they broadcast together.
        order: 0 for the nearest pixel, 1 for linear interpolation.
        fill_mode, fill_value: what is beyond the edges.
        offset: where an image begins among `rows`; it broadcasts to the coordinates.
    """
    # The abstract engine has no use for them, and a graph's may be of another dtype than places are.
    lengths = [1 if n is None else n if isinstance(n, int) else _cast(n, "int32") for n in lengths]
    total = None
    for corner in itertools.product(*[_corners(c, order) for c in coordinates]):
        place, weight, inside = 0, None, None
        for (index, share), n in zip(corner, lengths):
            place = knp.add(knp.multiply(place, n), _INSIDE[fill_mode](index, n))
            weight = share if weight is None or share is None else weight * share
            within = knp.logical_and(index >= 0, index < n)
            inside = within if inside is None else knp.logical_and(inside, within)
        values = knp.take(rows, _cast(knp.add(place, offset), "int32"), 0)
        if fill_mode == "constant":
            values = knp.where(_along_last(inside, values), values, as_array(fill_value, dtype_of(values)))
        part = values if weight is None else knp.multiply(values, _along_last(weight, values))
        total = part if total is None else total + part
    return total


def _wide(x, order):
    """`x` in the dtype in which its pixels are added up."""
    return x if order == 0 else _cast(x, dtypes.result_type(dtype_of(x), "float32"))


@op
def map_coordinates(inputs, coordinates, order, fill_mode="constant", fill_value=0):
    """The values of `inputs` at places between its elements.

    Shapes: inputs of rank n, coordinates (n, points, ...) -> (points, ...), in the dtype of `inputs`.

    Args:
        order: 0 for the nearest element, 1 for linear interpolation.
        fill_mode: what is beyond the edges of `a b c d`: "constant" is `fill_value`, "nearest" `a a | a b c d | d d`,
            "wrap" `c d | a b c d | a b`, "mirror" `c b | a b c d | c b`, "reflect" `b a | a b c d | d c`.

    Raises: ValueError for an unknown order or fill mode, or if the first axis of `coordinates` isn't the rank of `inputs`.

    >>> import kerata
    >>> kerata.ops.image.map_coordinates([0.0, 10.0, 20.0], [[0.5, 1.25]], order=1).tolist()
    [5.0, 12.5]
    """
    inputs, coordinates = as_array(inputs), to_float(coordinates)
    _check("map_coordinates: order", order, (0, 1))
    _check("map_coordinates: fill_mode", fill_mode, tuple(_INSIDE))
    rank = len(inputs.shape)
    if len(coordinates.shape) < 2 or coordinates.shape[0] != rank:
        raise ValueError(
            f"map_coordinates takes one row of coordinates for each axis of its inputs: inputs of shape "
            f"{tuple(inputs.shape)} need coordinates ({rank}, points, ...); {tuple(coordinates.shape)} came."
        )
    places = [knp.get_item(coordinates, i) for i in range(rank)]
    values = sampled(knp.ravel(_wide(inputs, order)), run_time_shape(inputs), places, order, fill_mode, fill_value)
    return as_pixels(values, dtype_of(inputs))


def resampled(images, y, x, order, fill_mode, fill_value):
    """Images (batch, height, width, channels) read at places (batch or 1, height, width), in their own dtype.

    Args:
        y, x: the places' coordinates, in pixels from the middle of the first one.
        order, fill_mode, fill_value: as in `map_coordinates`.
    """
    batch, height, width, channels = run_time_shape(images)
    rows = knp.reshape(_wide(images, order), (-1, images.shape[-1]))
    starts = knp.multiply(knp.arange(batch, dtype="int32"), 1 if None in (height, width) else height * width)
    offset = knp.reshape(starts, (-1, 1, 1))
    result = sampled(rows, (height, width), (y, x), order, fill_mode, fill_value, offset)
    return as_pixels(result, dtype_of(images))


def pixels(images, dtype):
    """The coordinates of the pixels of images (batch, height, width, channels): y (height, 1) and x (width,)."""
    _, height, width, _ = run_time_shape(images)
    return knp.expand_dims(knp.arange(height, dtype=dtype), -1), knp.arange(width, dtype=dtype)


def projected(rows, x, y, shape=(-1, 1, 1)):
    """Points taken through a perspective map: `(a0 x + a1 y + a2) / k` and `(b0 x + b1 y + b2) / k`, `k = c0 x + c1 y + 1`.

    Args:
        rows: the numbers `[a0, a1, a2, b0, b1, b2, c0, c1]` of each image, (batch, 8).
        x, y: the points' coordinates.
        shape: the shape of each number, so that it goes with the points.
    """
    a0, a1, a2, b0, b1, b2, c0, c1 = (knp.reshape(knp.get_item(rows, (slice(None), i)), shape) for i in range(8))
    depth = c0 * x + c1 * y + 1.0
    return (a0 * x + a1 * y + a2) / depth, (b0 * x + b1 * y + b2) / depth


def _transformed(images, transform, order, fill_mode, fill_value):
    """Images by rows of eight numbers, (batch or 1, 8)."""
    y, x = pixels(images, dtype_of(transform))
    x, y = projected(transform, x, y)
    return resampled(images, y, x, order, fill_mode, fill_value)


def _fitting(what, x, inner, images, name):
    """`x` as (batch or 1, *inner), of a dtype wide enough for coordinates."""
    x = to_float(x)
    x = _cast(x, dtypes.result_type(dtype_of(x), "float32"))
    shape = tuple(x.shape)
    batch = images.shape[0]
    if shape == inner:
        return knp.expand_dims(x, 0)
    if shape[1:] != inner or len(shape) != len(inner) + 1 or batch not in (None, shape[0]) and shape[0] not in (None, 1):
        raise ValueError(
            f"{what}: {name} must have the shape {inner}, or {(batch, *inner)} with one for each image; {shape} came."
        )
    return x


@op
def affine_transform(images, transform, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format=None):
    """Images moved, turned, scaled, sheared.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first; transform (8,), or
    (batch, 8) -> the shape of `images`.

    Args:
        transform: rows `[a0, a1, a2, b0, b1, b2, c0, c1]`. The output's point (x, y) is read from the input's point
            `((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k)` with `k = c0 x + c1 y + 1`.
        interpolation: "nearest" or "bilinear".
        fill_mode, fill_value: what is beyond the edges, as in `map_coordinates`.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for images that have not 3 or 4 axes, a transform of another shape, or an unknown mode.

    >>> import kerata
    >>> image = [[[1.0], [2.0], [3.0]]]
    >>> kerata.ops.image.affine_transform(image, [1.0, 0, 1, 0, 1, 0, 0, 0])[0, :, 0].tolist()
    [2.0, 3.0, 0.0]
    """
    _check("affine_transform: interpolation", interpolation, tuple(_ORDERS))
    _check("affine_transform: fill_mode", fill_mode, tuple(_INSIDE))
    batch, undo = as_batch("affine_transform", images, data_format)
    transform = _fitting("affine_transform", transform, (8,), batch, "transform")
    return undo(_transformed(batch, transform, _ORDERS[interpolation], fill_mode, fill_value))


def homography(start, end):
    """The eight numbers that map each point of `start` to that of `end`: (batch, 4, 2), (batch, 4, 2) -> (batch, 8).

    Each pair of points gives two linear equations (Hartley and Zisserman, "Multiple View Geometry", 2004, chapter 4).
    """
    x, y, u, v = (knp.get_item(p, (slice(None), slice(None), i)) for p in (start, end) for i in (0, 1))
    zero, one = knp.zeros_like(x), knp.ones_like(x)
    first = knp.stack([x, y, one, zero, zero, zero, -x * u, -y * u], -1)
    second = knp.stack([zero, zero, zero, x, y, one, -x * v, -y * v], -1)
    sides = knp.expand_dims(knp.concatenate([u, v], 1), -1)
    return knp.squeeze(xp().linalg.solve(knp.concatenate([first, second], 1), sides), -1)


@op
def perspective_transform(images, start_points, end_points, interpolation="bilinear", fill_value=0, data_format=None):
    """Images moved so that four points come to four others.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first; points (4, 2), or
    (batch, 4, 2), each one (x, y) -> the shape of `images`.

    Args:
        start_points: points of the images.
        end_points: where they are in the result.
        interpolation: "nearest" or "bilinear".
        fill_value: what is beyond the edges.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for images that have not 3 or 4 axes, points of another shape, or an unknown interpolation.

    >>> import kerata
    >>> corners, moved = [[0, 0], [2, 0], [0, 1], [2, 1]], [[1, 0], [3, 0], [1, 1], [3, 1]]
    >>> image = [[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]]
    >>> with kerata.use_engine("numpy"):
    ...     perspective_transform(image, corners, moved, "nearest")[..., 0].tolist()
    [[0.0, 1.0, 2.0], [0.0, 4.0, 5.0]]
    """
    _check("perspective_transform: interpolation", interpolation, tuple(_ORDERS))
    batch, undo = as_batch("perspective_transform", images, data_format)
    start, end = (
        _fitting("perspective_transform", points, (4, 2), batch, name)
        for points, name in ((start_points, "start_points"), (end_points, "end_points"))
    )
    dtype = dtypes.result_type(dtype_of(start), dtype_of(end))
    transform = homography(*(_cast(points, dtype) for points in _together(end, start)))
    return undo(_transformed(batch, transform, _ORDERS[interpolation], "constant", fill_value))


def _together(first, second):
    """Two tensors of points with one number of rows."""
    if first.shape[0] == second.shape[0]:
        return first, second
    return first + knp.zeros_like(second), second + knp.zeros_like(first)


@op
def elastic_transform(
    images,
    alpha=20.0,
    sigma=5.0,
    interpolation="bilinear",
    fill_mode="reflect",
    fill_value=0.0,
    seed=None,
    data_format=None,
):
    """Images bent at random: each pixel is read from a place a little off, and neighbours move alike.

    Shapes: (batch, height, width, channels) or (height, width, channels), or with channels first -> the same.

    Args:
        alpha: how far pixels move: the displacements have a standard deviation of about 0.28 `alpha`. A number or a scalar.
        sigma: how far neighbours move alike: the standard deviation of the Gaussian that smooths the displacements. A
            number or a scalar.
        interpolation: "nearest" or "bilinear".
        fill_mode, fill_value: what is beyond the edges, as in `map_coordinates`.
        seed: an integer or a `SeedGenerator`.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.

    Raises: ValueError for images that have not 3 or 4 axes, or an unknown mode.

    Source: Simard et al. 2003, "Best practices for convolutional neural networks applied to visual document analysis".

    >>> import kerata
    >>> elastic_transform(kerata.KerasTensor((None, 28, 28, 3)), alpha=5.0).shape
    (None, 28, 28, 3)
    """
    _check("elastic_transform: interpolation", interpolation, tuple(_ORDERS))
    _check("elastic_transform: fill_mode", fill_mode, tuple(_INSIDE))
    batch, undo = as_batch("elastic_transform", images, data_format)
    count, height, width, _ = run_time_shape(batch)
    noise = engines.current().random("normal", draw_seed(seed), (count, height, width, 2), "float32")
    alpha, sigma = (_cast(as_array(value), "float32") for value in (alpha, sigma))
    moved = _smoothed(noise * sigma, sigma) * alpha
    y, x = pixels(batch, "float32")
    dx, dy = (knp.get_item(moved, (Ellipsis, i)) for i in (0, 1))
    return undo(resampled(batch, y + dy, x + dx, _ORDERS[interpolation], fill_mode, fill_value))


def _smoothed(x, sigma):
    """Floats (batch, height, width, channels), each averaged with its neighbours by a Gaussian that ends at three deviations;
    zeros beyond the edges.

    A product of matrices, so that the deviation may be drawn at random in compiled code: a convolution's window may not.
    """
    _, height, width, _ = run_time_shape(x)
    x = knp.einsum("hy,byxc->bhxc", _gaussian_rows(height, sigma), x)
    return knp.einsum("wx,bhxc->bhwc", _gaussian_rows(width, sigma), x)


def _gaussian_rows(length, sigma):
    """What each element of an axis counts for each other: (length, length)."""
    places = knp.arange(length, dtype="float32")

    def weights(distance):
        within = knp.absolute(distance) <= knp.floor(3.0 * sigma)
        return knp.where(within, knp.exp(-0.5 * knp.square(distance / knp.maximum(sigma, 1e-6))), 0.0)

    total = 2.0 * knp.sum(weights(knp.arange(None if length is None else 4 * length, dtype="float32"))) - 1.0
    return weights(knp.expand_dims(places, 1) - places) / total


__all__ = ["affine_transform", "elastic_transform", "map_coordinates", "perspective_transform"]
