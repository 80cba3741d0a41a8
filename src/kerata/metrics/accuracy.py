"""Accuracies: how often predictions equal labels. Functions give 1 or 0 for each sample."""

from typing import Any

from kerata import ops
from kerata.core.arguments import ComputeDtype, OptionalNumber
from kerata.core.arrays import as_array, cast as _cast
from kerata.core.config import settings
from kerata.core.fields import dataclass, field
from kerata.core.naming import Name
from kerata.core.types import TensorLike
from kerata.losses.shapes import fits, squeeze_or_expand
from kerata.metrics.reduction import FunctionMetric
from kerata.ops import special


def _hits(x):
    return _cast(x, settings.floatx)


def _pair(y_true, y_pred, what):
    y_true, y_pred = squeeze_or_expand(as_array(y_true), as_array(y_pred))
    if not fits(y_true.shape, y_pred.shape):
        raise ValueError(
            f"{what}: y_true has shape {tuple(y_true.shape)} and y_pred has shape {tuple(y_pred.shape)}; they must be equal. "
            "For class numbers beside scores of classes use sparse_categorical_accuracy."
        )
    return y_true, y_pred


def accuracy(y_true, y_pred):
    """1 where prediction and label are equal: (...), (...) -> (...).

    Raises: ValueError if the shapes differ.

    >>> accuracy([1, 2], [1, 3]).tolist()
    [1.0, 0.0]
    """
    return _hits(ops.equal(*_pair(y_true, y_pred, "accuracy")))


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: Any = 0.5) -> Any:
    """1 where a probability is on its label's side of the threshold: (...), (...) -> (...).

    Raises: ValueError if the shapes differ.

    >>> binary_accuracy([1, 1, 0], [0.9, 0.4, 0.1]).tolist()
    [1.0, 0.0, 1.0]
    """
    y_true, y_pred = _pair(y_true, y_pred, "binary_accuracy")
    return _hits(ops.equal(_hits(y_true), _hits(y_pred > threshold)))


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """1 where the highest score is the one-hot label's: (..., classes), (..., classes) -> (...).

    Raises: ValueError if the shapes differ.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = _pair(y_true, y_pred, "categorical_accuracy")
    return _hits(ops.equal(ops.argmax(y_true, -1), ops.argmax(y_pred, -1)))


def _class_numbers(y_true, y_pred):
    """Labels of shape (...) for scores of shape (..., classes)."""
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    if not fits(y_true.shape, y_pred.shape[:-1]):
        raise ValueError(
            f"Scores of shape {tuple(y_pred.shape)} go with class numbers of shape {tuple(y_pred.shape[:-1])}; "
            f"{tuple(y_true.shape)} came. For one-hot labels use a categorical metric that is not sparse."
        )
    return _cast(y_true, "int32")


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Any:
    """1 where the highest score is that of the class number: (...), (..., classes) -> (...).

    Raises: ValueError if the class numbers' shape is not that of the scores without the classes.

    >>> sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.2, 0.8]]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = as_array(y_true), as_array(y_pred)
    return _hits(ops.equal(_class_numbers(y_true, y_pred), ops.argmax(y_pred, -1)))


def _rows(x):
    return ops.reshape(x, (-1, x.shape[-1]))


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Any:
    """1 where the one-hot label's class is among the `k` highest scores: (..., classes), (..., classes) -> (...).

    Raises: ValueError if the shapes differ.

    >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = _pair(y_true, y_pred, "top_k_categorical_accuracy")
    return _in_top_k(ops.argmax(y_true, -1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """1 where the class number is among the `k` highest scores: (...), (..., classes) -> (...).

    With `from_sorted_ids`, predictions are class numbers, best first, not scores.

    Raises: ValueError if the class numbers' shape is not that of the scores without the classes.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2).tolist()
    [1.0, 0.0]
    >>> sparse_top_k_categorical_accuracy([2, 0], [[1, 2, 0], [1, 2, 0]], k=2, from_sorted_ids=True).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = as_array(y_true), as_array(y_pred)
    labels = _class_numbers(y_true, y_pred)
    if from_sorted_ids:
        best = _cast(ops.get_item(y_pred, (Ellipsis, slice(0, k))), "int32")
        return _hits(ops.any(ops.equal(best, ops.expand_dims(labels, -1)), -1))
    return _in_top_k(labels, y_pred, k)


def _in_top_k(labels, y_pred, k):
    hits = special.in_top_k(ops.reshape(labels, (-1,)), _rows(y_pred), k)
    return _hits(ops.reshape(hits, [-1 if d is None else d for d in labels.shape]))


class AccuracyMetric(FunctionMetric):
    """The mean of an accuracy; labels and predictions stay as they are, so that large class numbers stay exact."""

    _direction = "up"

    def _inputs(self, y_true, y_pred):
        return as_array(y_true), as_array(y_pred)


@dataclass
class Accuracy(AccuracyMetric):
    """How often predictions equal labels.

    >>> metric = Accuracy()
    >>> metric.update_state([1, 2, 3, 4], [0, 2, 3, 4])
    >>> float(metric.result())
    0.75
    """

    _fn = staticmethod(accuracy)
    name: Name = Name("accuracy")


@dataclass
class BinaryAccuracy(AccuracyMetric):
    """How often probabilities are on their labels' side of `threshold`.

    Raises: ValueError if the threshold is not between 0 and 1.

    >>> metric = BinaryAccuracy()
    >>> metric.update_state([1, 1, 0, 0], [0.9, 0.4, 0.1, 0.0])
    >>> float(metric.result())
    0.75
    """

    _fn = staticmethod(binary_accuracy)
    name: Name = Name("binary_accuracy")
    threshold: OptionalNumber = OptionalNumber(0.5, least=0, below=1)


@dataclass
class CategoricalAccuracy(AccuracyMetric):
    """How often the highest score is the one-hot label's.

    >>> metric = CategoricalAccuracy()
    >>> metric.update_state([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]])
    >>> float(metric.result())
    0.5
    """

    _fn = staticmethod(categorical_accuracy)
    name: Name = Name("categorical_accuracy")


@dataclass
class SparseCategoricalAccuracy(AccuracyMetric):
    """How often the highest score is that of the class number.

    >>> metric = SparseCategoricalAccuracy()
    >>> metric.update_state([1, 0], [[0.1, 0.9], [0.2, 0.8]], sample_weight=[3.0, 1.0])
    >>> float(metric.result())
    0.75
    """

    _fn = staticmethod(sparse_categorical_accuracy)
    name: Name = Name("sparse_categorical_accuracy")


@dataclass
class TopKCategoricalAccuracy(AccuracyMetric):
    """How often the one-hot label's class is among the `k` highest scores.

    >>> metric = TopKCategoricalAccuracy(k=2)
    >>> metric.update_state([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]])
    >>> float(metric.result())
    0.5
    """

    _fn = staticmethod(top_k_categorical_accuracy)
    k: int = 5
    name: Name = field(default="top_k_categorical_accuracy", kw_only=True)
    dtype: ComputeDtype = field(default=None, kw_only=True)


@dataclass
class SparseTopKCategoricalAccuracy(AccuracyMetric):
    """How often the class number is among the `k` highest scores, or among the first `k` of sorted class numbers.

    >>> metric = SparseTopKCategoricalAccuracy(k=2)
    >>> metric.update_state([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]])
    >>> float(metric.result())
    0.5
    """

    _fn = staticmethod(sparse_top_k_categorical_accuracy)
    k: int = 5
    name: Name = field(default="sparse_top_k_categorical_accuracy", kw_only=True)
    dtype: ComputeDtype = field(default=None, kw_only=True)
    from_sorted_ids: bool = field(default=False, kw_only=True)
