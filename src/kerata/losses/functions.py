"""Loss functions of regression and of margins: one value for each sample, (..., d), (..., d) -> (...)."""

import math
from typing import Any

from kerata import ops
from kerata.core.arrays import as_array
from kerata.core.config import settings
from kerata.core.types import Axis, TensorLike
from kerata.losses.shapes import matched
from kerata.ops import crossentropy
from kerata.ops.activation import softplus
from kerata.ops.promotion import promote, to_float


def pair(y_true, y_pred, what):
    """Targets and predictions as float tensors of one dtype and one shape."""
    y_pred = to_float(y_pred)
    y_true, y_pred = promote(as_array(y_true), y_pred)
    return matched(y_true, y_pred, what)


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """mean((y_true - y_pred)^2) along the last axis.

    Raises: ValueError if the shapes differ, but for a last axis of length 1.

    >>> mean_squared_error([[1.0, 2.0]], [[1.0, 4.0]]).tolist()
    [2.0]
    """
    y_true, y_pred = pair(y_true, y_pred, "mean_squared_error")
    return ops.mean(ops.square(y_true - y_pred), -1)


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """mean(|y_true - y_pred|) along the last axis.

    Shapes: (..., d), (..., d) -> (...).

    >>> mean_absolute_error([[1.0, 2.0]], [[1.0, 5.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = pair(y_true, y_pred, "mean_absolute_error")
    return ops.mean(ops.absolute(y_true - y_pred), -1)


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """100 * mean(|y_true - y_pred| / |y_true|) along the last axis; targets near 0 count as epsilon.

    Shapes: (..., d), (..., d) -> (...).

    >>> mean_absolute_percentage_error([[1.0, 2.0]], [[1.5, 2.0]]).tolist()
    [25.0]
    """
    y_true, y_pred = pair(y_true, y_pred, "mean_absolute_percentage_error")
    return 100.0 * ops.mean(ops.absolute((y_true - y_pred) / ops.maximum(ops.absolute(y_true), settings.epsilon)), -1)


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """mean((log(y_true + 1) - log(y_pred + 1))^2) along the last axis; nothing counts as less than epsilon.

    Shapes: (..., d), (..., d) -> (...).

    >>> [round(loss, 4) for loss in mean_squared_logarithmic_error([[0.0, 1.0]], [[0.0, 3.0]]).tolist()]
    [0.2402]
    """
    y_true, y_pred = pair(y_true, y_pred, "mean_squared_logarithmic_error")
    first, second = (ops.log(ops.maximum(y, settings.epsilon) + 1.0) for y in (y_true, y_pred))
    return ops.mean(ops.square(first - second), -1)


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Any:
    """Quadratic within `delta` of the target, linear outside; the mean along the last axis.

    Args:
        y_true, y_pred: targets and predictions.
        delta: where the one becomes the other.

    Shapes: (..., d), (..., d) -> (...).

    Source: Huber 1964, doi:10.1214/aoms/1177703732.

    >>> huber([[0.0], [0.0]], [[0.5], [3.0]]).tolist()
    [0.125, 2.5]
    """
    y_true, y_pred = pair(y_true, y_pred, "huber")
    error = ops.absolute(y_true - y_pred)
    return ops.mean(ops.where(error <= delta, 0.5 * ops.square(error), delta * error - 0.5 * delta * delta), -1)


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """mean(log(cosh(y_pred - y_true))) along the last axis.

    Shapes: (..., d), (..., d) -> (...).

    >>> [round(loss, 4) for loss in log_cosh([[0.0], [0.0]], [[0.1], [10.0]]).tolist()]
    [0.005, 9.3069]
    """
    y_true, y_pred = pair(y_true, y_pred, "log_cosh")
    error = y_pred - y_true
    return ops.mean(error + softplus(-2.0 * error) - math.log(2.0), -1)


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """sum(y_true * log(y_true / y_pred)) along the last axis; both are kept from epsilon to 1.

    Shapes: (..., d), (..., d) -> (...).

    >>> [round(loss, 4) for loss in kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).tolist()]
    [0.1438]
    """
    y_true, y_pred = pair(y_true, y_pred, "kl_divergence")
    y_true, y_pred = (ops.clip(y, settings.epsilon, 1.0) for y in (y_true, y_pred))
    return ops.sum(y_true * ops.log(y_true / y_pred), -1)


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """mean(y_pred - y_true * log(y_pred)) along the last axis.

    Shapes: (..., d), (..., d) -> (...).

    >>> [round(loss, 4) for loss in poisson([[1.0, 2.0]], [[1.0, 1.0]]).tolist()]
    [1.0]
    """
    y_true, y_pred = pair(y_true, y_pred, "poisson")
    return ops.mean(y_pred - y_true * ops.log(y_pred + settings.epsilon), -1)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Any:
    """-cos of the angle between target and prediction: -1 for the same direction.

    Args:
        y_true, y_pred: targets and predictions.
        axis: that of the vectors.

    Shapes: (..., d), (..., d) -> (...).

    >>> [round(loss, 4) for loss in cosine_similarity([[1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [3.0, 4.0]]).tolist()]
    [-1.0, -0.6]
    """
    y_true, y_pred = pair(y_true, y_pred, "cosine_similarity")
    return -ops.sum(crossentropy.normalize(y_true, axis) * crossentropy.normalize(y_pred, axis), axis)


def _signs(y_true):
    """Targets as -1 and 1, also where they came as 0 and 1."""
    binary = ops.all(ops.logical_or(y_true == 0, y_true == 1))
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """mean(max(1 - y_true * y_pred, 0)) along the last axis; targets are -1 and 1, or 0 and 1.

    Shapes: (..., d), (..., d) -> (...).

    >>> hinge([[1.0, -1.0]], [[0.5, -2.0]]).tolist(), hinge([[1.0, 0.0]], [[0.5, -2.0]]).tolist()
    ([0.25], [0.25])
    """
    y_true, y_pred = pair(y_true, y_pred, "hinge")
    return ops.mean(ops.maximum(1.0 - _signs(y_true) * y_pred, 0.0), -1)


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """mean(max(1 - y_true * y_pred, 0)^2) along the last axis; targets are -1 and 1, or 0 and 1.

    Shapes: (..., d), (..., d) -> (...).

    >>> squared_hinge([[1.0, -1.0]], [[0.5, -2.0]]).tolist()
    [0.125]
    """
    y_true, y_pred = pair(y_true, y_pred, "squared_hinge")
    return ops.mean(ops.square(ops.maximum(1.0 - _signs(y_true) * y_pred, 0.0)), -1)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """max(1 + the best wrong score - the right score, 0) along the last axis; targets are one-hot.

    Shapes: (..., classes), (..., classes) -> (...).

    >>> categorical_hinge([[0.0, 1.0]], [[0.75, 0.25]]).tolist()
    [1.5]
    """
    y_true, y_pred = pair(y_true, y_pred, "categorical_hinge")
    right = ops.sum(y_true * y_pred, -1)
    wrong = ops.max((1.0 - y_true) * y_pred, -1)
    return ops.maximum(wrong - right + 1.0, 0.0)
