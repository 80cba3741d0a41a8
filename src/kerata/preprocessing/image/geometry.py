"""Images turned, moved, sheared, zoomed and mirrored."""

from typing import Any

import numpy as np

from kerata.core.types import TensorLike
from kerata.preprocessing.image.brightness import pair

try:
    from scipy import ndimage
except ImportError:
    ndimage = None


def transform_matrix_offset_center(matrix: TensorLike, x: int, y: int) -> Any:
    """A transform about the middle of an image, from one about its corner.

    The middle is where Keras 1 and Keras 2 have it, at `x / 2 + 0.5`.

    Args:
        matrix: of shape (3, 3), for homogeneous coordinates (row, column, 1).
        x, y: the image's height and width.

    >>> import numpy as np
    >>> transform_matrix_offset_center(np.diag([2.0, 2.0, 1.0]), 3, 5).tolist()
    [[2.0, 0.0, -2.0], [0.0, 2.0, -3.0], [0.0, 0.0, 1.0]]
    """
    centre = np.array([[1, 0, x / 2 + 0.5], [0, 1, y / 2 + 0.5], [0, 0, 1]])
    back = np.array([[1, 0, -centre[0, 2]], [0, 1, -centre[1, 2]], [0, 0, 1]])
    return centre @ np.asarray(matrix) @ back


def apply_transform(
    x: TensorLike,
    transform_matrix: TensorLike,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 0,
) -> Any:
    """An image whose pixels come from where a matrix says: Keras 1's function.

    Args:
        x: one image.
        transform_matrix: of shape (3, 3); takes a pixel's (row, column, 1) to those of the one that is shown there.
        channel_axis: where the channels are; rows and columns are the other axes in their order.
        fill_mode: what is shown from beyond the edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value there for "constant".
        order: of the spline between pixels, 0 to 5: 0 takes the nearest pixel, as Keras 1 does; 1 is linear.

    Raises: ValueError for another number of axes, ImportError without SciPy.
    """
    rows, columns = (axis for axis in range(3) if axis != channel_axis % 3)
    return _transformed(x, np.asarray(transform_matrix), rows, columns, channel_axis, fill_mode, cval, order)


def _transformed(x, matrix, row_axis, col_axis, channel_axis, fill_mode, cval, order):
    if ndimage is None:
        raise ImportError("Images are turned, moved, sheared and zoomed with SciPy: pip install scipy.")
    x = np.asarray(x)
    if x.ndim != 3:
        raise ValueError(f"One image has 3 axes; shape {x.shape} came.")
    axes = (channel_axis, row_axis, col_axis)
    settings = {"order": order, "mode": fill_mode, "cval": cval}
    moved = [ndimage.affine_transform(c, matrix[:2, :2], matrix[:2, 2], **settings) for c in np.moveaxis(x, axes, (0, 1, 2))]
    return np.moveaxis(np.stack(moved), (0, 1, 2), axes)


def apply_affine_transform(
    x: TensorLike,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> Any:
    """An image turned, moved, sheared and zoomed about its middle, in this order.

    Args:
        x: one image.
        theta: the angle in degrees.
        tx, ty: by how many pixels it is moved up (`tx`, along the rows' axis) and to the left.
        shear: the shear's angle in degrees.
        zx, zy: zoom along the rows' and the columns' axis: below 1 magnifies.
        row_axis, col_axis, channel_axis: where rows, columns and channels are; by default channels are first.
        fill_mode: what is shown from beyond the edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value there for "constant".
        order: of the spline between pixels, 0 to 5: 0 takes the nearest pixel, 1 is linear.

    Shapes: three axes -> the same.

    Raises: ValueError for another number of axes, ImportError without SciPy.

    >>> import numpy as np
    >>> apply_affine_transform(np.array([[[1.0], [2.0], [3.0]]]), tx=1).ravel().tolist()
    [2.0, 3.0, 3.0]
    """
    matrix: Any = None
    if theta:
        angle = np.deg2rad(theta)
        matrix = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    for wanted, factor in (
        (tx or ty, [[1, 0, tx], [0, 1, ty], [0, 0, 1]]),
        (shear, [[1, -np.sin(np.deg2rad(shear)), 0], [0, np.cos(np.deg2rad(shear)), 0], [0, 0, 1]]),
        (zx != 1 or zy != 1, [[zx, 0, 0], [0, zy, 0], [0, 0, 1]]),
    ):
        if wanted:
            matrix = np.array(factor, float) if matrix is None else matrix @ np.array(factor)
    if matrix is None:
        return x
    matrix = transform_matrix_offset_center(matrix, np.shape(x)[row_axis], np.shape(x)[col_axis])
    return _transformed(x, matrix, row_axis, col_axis, channel_axis, fill_mode, cval, order)


def random_rotation(
    x: TensorLike,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Any:
    """An image turned by an angle drawn between `-rg` and `rg` degrees by `numpy.random`.

    The further arguments, shapes and errors are those of `apply_affine_transform`.
    """
    theta = np.random.uniform(-rg, rg)
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, *axes)


def random_shift(
    x: TensorLike,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Any:
    """An image moved by parts of its width and height up to `wrg` and `hrg`, drawn by `numpy.random`.

    The further arguments, shapes and errors are those of `apply_affine_transform`.
    """
    tx = np.random.uniform(-hrg, hrg) * np.shape(x)[row_axis]
    ty = np.random.uniform(-wrg, wrg) * np.shape(x)[col_axis]
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *axes)


def random_shear(
    x: TensorLike,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Any:
    """An image sheared by an angle drawn between `-intensity` and `intensity` degrees by `numpy.random`.

    The further arguments, shapes and errors are those of `apply_affine_transform`.
    """
    shear = np.random.uniform(-intensity, intensity)
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, *axes)


def random_zoom(
    x: TensorLike,
    zoom_range: Any,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Any:
    """An image zoomed along each of its axes by factors drawn from `zoom_range`, a pair, by `numpy.random`.

    The further arguments, shapes and errors are those of `apply_affine_transform`.

    Raises: ValueError if `zoom_range` is no pair.
    """
    zx, zy = drawn_zoom(pair(zoom_range, "zoom_range"))
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *axes)


def drawn_zoom(zoom_range):
    """Factors for rows and columns from a pair; nothing is drawn where both of the pair are 1."""
    low, high = zoom_range
    return (1, 1) if low == 1 and high == 1 else tuple(np.random.uniform(low, high, 2))


def flip_axis(x: TensorLike, axis: int) -> Any:
    """An array mirrored along an axis.

    >>> import numpy as np
    >>> flip_axis(np.array([[1, 2], [3, 4]]), 1).tolist()
    [[2, 1], [4, 3]]
    """
    return np.flip(np.asarray(x), axis)
