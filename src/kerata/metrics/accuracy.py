"""Accuracies: how often predictions equal labels. Functions give 1 or 0 for each sample."""

from kerata.core.arrays import as_array
from kerata.core.arrays import cast as _cast
from kerata.core.config import settings
from kerata.losses.shapes import fits, squeeze_or_expand
from kerata.metrics.reduction import MeanMetricWrapper
from kerata.ops import numpy as knp
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
    return _hits(knp.equal(*_pair(y_true, y_pred, "accuracy")))


def binary_accuracy(y_true, y_pred, threshold=0.5):
    """1 where a probability is on its label's side of the threshold: (...), (...) -> (...).

    Raises: ValueError if the shapes differ.

    >>> binary_accuracy([1, 1, 0], [0.9, 0.4, 0.1]).tolist()
    [1.0, 0.0, 1.0]
    """
    y_true, y_pred = _pair(y_true, y_pred, "binary_accuracy")
    return _hits(knp.equal(_hits(y_true), _hits(y_pred > threshold)))


def categorical_accuracy(y_true, y_pred):
    """1 where the highest score is the one-hot label's: (..., classes), (..., classes) -> (...).

    Raises: ValueError if the shapes differ.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = _pair(y_true, y_pred, "categorical_accuracy")
    return _hits(knp.equal(knp.argmax(y_true, -1), knp.argmax(y_pred, -1)))


def _class_numbers(y_true, y_pred):
    """Labels of shape (...) for scores of shape (..., classes)."""
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape and y_true.shape[-1] == 1:
        y_true = knp.squeeze(y_true, -1)
    if not fits(y_true.shape, y_pred.shape[:-1]):
        raise ValueError(
            f"Scores of shape {tuple(y_pred.shape)} go with class numbers of shape {tuple(y_pred.shape[:-1])}; "
            f"{tuple(y_true.shape)} came. For one-hot labels use a categorical metric that is not sparse."
        )
    return _cast(y_true, "int32")


def sparse_categorical_accuracy(y_true, y_pred):
    """1 where the highest score is that of the class number: (...), (..., classes) -> (...).

    Raises: ValueError if the class numbers' shape is not that of the scores without the classes.

    >>> sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.2, 0.8]]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = as_array(y_true), as_array(y_pred)
    return _hits(knp.equal(_class_numbers(y_true, y_pred), knp.argmax(y_pred, -1)))


def _rows(x):
    return knp.reshape(x, (-1, x.shape[-1]))


def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where the one-hot label's class is among the `k` highest scores: (..., classes), (..., classes) -> (...).

    Raises: ValueError if the shapes differ.

    >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = _pair(y_true, y_pred, "top_k_categorical_accuracy")
    return _in_top_k(knp.argmax(y_true, -1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False):
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
        best = _cast(knp.get_item(y_pred, (Ellipsis, slice(0, k))), "int32")
        return _hits(knp.any(knp.equal(best, knp.expand_dims(labels, -1)), -1))
    return _in_top_k(labels, y_pred, k)


def _in_top_k(labels, y_pred, k):
    hits = special.in_top_k(knp.reshape(labels, (-1,)), _rows(y_pred), k)
    return _hits(knp.reshape(hits, [-1 if d is None else d for d in labels.shape]))


class _AccuracyMetric(MeanMetricWrapper):
    """The mean of an accuracy; labels and predictions stay as they are, so that large class numbers stay exact."""

    def _inputs(self, y_true, y_pred):
        return as_array(y_true), as_array(y_pred)


class Accuracy(_AccuracyMetric):
    """How often predictions equal labels.

    >>> metric = Accuracy()
    >>> metric.update_state([1, 2, 3, 4], [0, 2, 3, 4])
    >>> float(metric.result())
    0.75
    """

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(_AccuracyMetric):
    """How often probabilities are on their labels' side of `threshold`.

    Raises: ValueError if the threshold is not between 0 and 1.

    >>> metric = BinaryAccuracy()
    >>> metric.update_state([1, 1, 0, 0], [0.9, 0.4, 0.1, 0.0])
    >>> float(metric.result())
    0.75
    """

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        if threshold is not None and not 0 <= threshold < 1:
            raise ValueError(f"threshold must be from 0 to 1; {threshold!r} came.")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(_AccuracyMetric):
    """How often the highest score is the one-hot label's.

    >>> metric = CategoricalAccuracy()
    >>> metric.update_state([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]])
    >>> float(metric.result())
    0.5
    """

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(_AccuracyMetric):
    """How often the highest score is that of the class number.

    >>> metric = SparseCategoricalAccuracy()
    >>> metric.update_state([1, 0], [[0.1, 0.9], [0.2, 0.8]], sample_weight=[3.0, 1.0])
    >>> float(metric.result())
    0.75
    """

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(_AccuracyMetric):
    """How often the one-hot label's class is among the `k` highest scores.

    >>> metric = TopKCategoricalAccuracy(k=2)
    >>> metric.update_state([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]])
    >>> float(metric.result())
    0.5
    """

    def __init__(self, k=5, name="top_k_categorical_accuracy", dtype=None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(_AccuracyMetric):
    """How often the class number is among the `k` highest scores, or among the first `k` of sorted class numbers.

    >>> metric = SparseTopKCategoricalAccuracy(k=2)
    >>> metric.update_state([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]])
    >>> float(metric.result())
    0.5
    """

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None, from_sorted_ids=False):
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
