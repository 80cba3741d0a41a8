"""Cross entropies, one-hot codes, CTC."""

import math
from typing import Any

from kerata import engines
from kerata.core import dtypes, suggestions
from kerata.core.arrays import as_array, cast as _cast, dtype_of, static_shape
from kerata.core.config import settings
from kerata.core.op import op
from kerata.core.sparse import check_available
from kerata.core.types import Axis, DType, Tensor, TensorLike, Tree
from kerata.engines.shapes import normalize_axis
from kerata.ops import core, numpy as knp, special
from kerata.ops.activation import log_softmax, softplus
from kerata.ops.promotion import promote, to_float, widened

# The logarithm of nothing: far below any score, and finite, so that gradients through it are 0 and not NaN.
_NEVER = -1e30


@op
def one_hot(x: TensorLike, num_classes: int, axis: Axis = -1, dtype: DType = None, sparse: bool = False) -> Tensor:
    """1 at each integer's place along a new axis of length `num_classes`; nothing for integers out of range.

    >>> one_hot([0, 2], 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    x = as_array(x)
    rank = len(x.shape) + 1
    axis = normalize_axis(axis, rank)
    if check_available("one_hot", sparse):
        return _sparse_one_hot(_integers(x), num_classes, axis, dtypes.standardize_dtype(dtype))
    classes = knp.reshape(knp.arange(num_classes, dtype="int32"), [-1 if a == axis else 1 for a in range(rank)])
    return _cast(knp.equal(knp.expand_dims(_integers(x), axis), classes), dtypes.standardize_dtype(dtype))


def _sparse_one_hot(x, num_classes, axis, dtype):
    """A value for each of the places `(..., x, ...)`; numbers out of range are out of the shape, and left out."""
    shape = static_shape(x)
    library = engines.current().sparse
    whole = (*shape[:axis], num_classes, *shape[axis:])
    if engines.current().is_abstract:
        return library.new(knp.zeros((1,), dtype), None, whole)
    places = [knp.reshape(p, (-1,)) for p in knp.meshgrid(*[knp.arange(n, dtype="int32") for n in shape], indexing="ij")]
    places.insert(axis, _cast(knp.reshape(x, (-1,)), "int32"))
    return library.summed(knp.ones((math.prod(shape),), dtype), knp.stack(places, axis=1), whole)


def _integers(x):
    return x if dtypes.is_int_dtype(dtype_of(x)) else _cast(x, "int32")


@op
def multi_hot(
    inputs: Tree, num_classes: int | None = None, axis: Axis = -1, dtype: DType = None, sparse: bool = False, **kwargs: Any
) -> Tensor:
    """1 at the place of every integer of a row: (batch, n) -> (batch, num_classes), (n,) -> (num_classes,).

    Args:
        inputs: integers; those out of range count for nothing.
        num_classes: the length of the result's last axis, also under its old name `num_tokens`.
        axis: where the classes stand in the codes of single integers, before they are joined.
        dtype: the dtype; the default float if None.
        sparse: whether the result is a sparse tensor.

    Raises: ValueError without `num_classes`, or for `sparse=True` where there are none; TypeError for arguments by other names.

    >>> multi_hot([0, 2], 4).tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    num_classes = kwargs.pop("num_tokens", None) if num_classes is None else num_classes
    suggestions.refuse(multi_hot, kwargs)
    if num_classes is None:
        raise ValueError("multi_hot needs num_classes, the length of the result's last axis; None came.")
    inputs = as_array(inputs)
    codes = one_hot(inputs, num_classes, axis, dtype, check_available("multi_hot", sparse))
    if sparse:
        return _any_of(codes, 1 if len(inputs.shape) > 1 else 0)
    return knp.max(codes, axis=1 if len(inputs.shape) > 1 else 0)


def _any_of(codes, axis):
    """1 where a sparse tensor of zeros and ones has one anywhere along an axis."""
    counts = knp.sum(codes, axis)
    return knp.minimum(counts, counts) if engines.current().is_abstract else knp.sign(counts)


@op
def normalize(x: TensorLike, axis: Axis = -1, order: Any = 2, epsilon: float | None = None) -> Tensor:
    """`x` divided by its norm along axes, or by `epsilon` where the norm is less.

    Args:
        x: a tensor; integers become floats.
        axis: an axis, or several.
        order: that of the norm, an integer of 1 or more.
        epsilon: `kerata.config.epsilon()` if None.

    Raises: ValueError for another order.

    >>> normalize([0.0, 2.0]).tolist(), normalize([1.0, 3.0], order=1).tolist()
    ([0.0, 1.0], [0.25, 0.75])
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"normalize: order must be an integer of 1 or more; {order!r} came.")
    dtype, x = dtype_of(to_float(x)), widened(x)
    epsilon = settings.epsilon if epsilon is None else epsilon
    if order == 2:
        length = knp.sqrt(knp.maximum(knp.sum(x * x, axis, keepdims=True), epsilon * epsilon))
    else:
        length = knp.maximum(knp.norm(x, order, axis, keepdims=True), epsilon)
    return _cast(x / length, dtype)


def _same_shape(what, target, output):
    if len(target.shape) != len(output.shape) or any(None not in (a, b) and a != b for a, b in zip(target.shape, output.shape)):
        raise ValueError(
            f"{what}: target and output must have the same shape; {tuple(target.shape)} and {tuple(output.shape)} came."
        )


@op
def binary_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False) -> Tensor:
    """-target * log(output) - (1 - target) * log(1 - output), elementwise; probabilities are kept off 0 and 1.

    Args:
        target: labels from 0 to 1.
        output: probabilities; logits with `from_logits`, which is exact also where probabilities are nearly 0 or 1.
        from_logits: what `output` holds.

    Raises: ValueError if the shapes differ.

    >>> binary_crossentropy([1.0, 0.0], [0.5, 0.25]).tolist()
    [0.6931..., 0.2876...]
    """
    target, output = promote(as_array(target), to_float(output))
    _same_shape("binary_crossentropy", target, output)
    if from_logits:
        return softplus(output) - target * output
    output = knp.clip(output, settings.epsilon, 1.0 - settings.epsilon)
    return -(target * knp.log(output) + (1.0 - target) * knp.log(1.0 - output))


def _log_probabilities(output, from_logits, axis):
    if from_logits:
        return log_softmax(output, axis)
    output = output / knp.sum(output, axis, keepdims=True)
    return knp.log(knp.clip(output, settings.epsilon, 1.0 - settings.epsilon))


@op
def categorical_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False, axis: Axis = -1) -> Tensor:
    """-sum(target * log(output)) along the classes' axis.

    Shapes: (..., classes), (..., classes) -> (...).

    Args:
        target: the probability of each class: one-hot labels, for example.
        output: probabilities, which are divided by their sum first; logits with `from_logits`.
        from_logits: what `output` holds.
        axis: the classes' axis.

    Raises: ValueError if the shapes differ.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.75, 0.25]]).tolist()
    [1.3862...]
    """
    target, output = promote(as_array(target), to_float(output))
    _same_shape("categorical_crossentropy", target, output)
    if not output.shape:
        raise ValueError("categorical_crossentropy needs tensors with an axis for the classes; scalars came.")
    return -knp.sum(target * _log_probabilities(output, from_logits, axis), axis)


@op
def sparse_categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-log(output) at each target class.

    Shapes: (...), (..., classes) -> (...); targets may have an axis of length 1 in the place of the classes.

    Args:
        target: numbers of classes.
        output: probabilities, which are divided by their sum first; logits with `from_logits`.
        from_logits: what `output` holds.
        axis: the classes' axis in `output`.

    Raises: ValueError if the shapes do not fit.

    >>> sparse_categorical_crossentropy([1], [[0.75, 0.25]]).tolist()
    [1.3862...]
    """
    target, output = _integers(as_array(target)), to_float(output)
    if not output.shape:
        raise ValueError("sparse_categorical_crossentropy needs an output with an axis for the classes; a scalar came.")
    axis = normalize_axis(axis, len(output.shape))
    if len(target.shape) == len(output.shape) and target.shape[axis] == 1:
        target = knp.squeeze(target, axis)
    expected = (*output.shape[:axis], *output.shape[axis + 1 :])
    if len(target.shape) != len(expected) or any(None not in (a, b) and a != b for a, b in zip(target.shape, expected)):
        raise ValueError(
            f"sparse_categorical_crossentropy: an output of shape {tuple(output.shape)} goes with integer targets of shape "
            f"{expected}; {tuple(target.shape)} came. For one-hot targets use categorical_crossentropy."
        )
    if from_logits:
        return -at_class(log_softmax(output, axis), target, axis)
    # One class is taken out first: what follows is for a number a row, not for one a class.
    probability = at_class(output, target, axis, 1.0) / knp.sum(output, axis)
    return -knp.log(knp.clip(probability, settings.epsilon, 1.0 - settings.epsilon))


@op
def at_class(values, target, axis, otherwise=0.0):
    """The value of each target class along an axis, `otherwise` for a class out of range: (..., classes), (...) -> (...)."""
    along = [-1 if a == axis else 1 for a in range(len(values.shape))]
    classes = knp.reshape(knp.arange(values.shape[axis], dtype="int32"), along)
    hit = knp.equal(knp.expand_dims(target, axis), classes)
    found = knp.sum(knp.where(hit, values, 0.0), axis)
    return knp.where(knp.any(hit, axis), found, otherwise) if otherwise else found


@op
def ctc_loss(
    target: TensorLike, output: TensorLike, target_length: TensorLike, output_length: TensorLike, mask_index: int = 0
) -> Tensor:
    """The connectionist temporal classification loss: -log of the probability of all alignments of a label sequence.

    Args:
        target: labels, (batch, labels).
        output: unnormalised scores, (batch, time, classes).
        target_length: how many labels of each row count, (batch,).
        output_length: how many time steps of each row count, (batch,).
        mask_index: the class that stands for "no label".

    Shapes: -> (batch,), float32 at least. Source: Graves et al. 2006, doi:10.1145/1143844.1143891.

    Raises: ValueError for other numbers of axes.

    >>> ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2]).tolist()
    [0.2876...]
    """
    target, output = as_array(target, "int32"), widened(output)
    if len(target.shape) != 2 or len(output.shape) != 3:
        raise ValueError(
            "ctc_loss needs targets of shape (batch, labels) and outputs of shape (batch, time, classes); "
            f"{tuple(target.shape)} and {tuple(output.shape)} came."
        )
    target_length, output_length = as_array(target_length, "int32"), as_array(output_length, "int32")
    labels, states = target.shape[1], 2 * target.shape[1] + 1
    # States in order: blank, label 1, blank, label 2, ..., blank.
    blanks = knp.full_like(target, mask_index)
    pairs = knp.reshape(knp.stack([blanks, target], -1), (-1, 2 * labels))
    path = knp.concatenate([pairs, knp.full_like(knp.get_item(target, (slice(None), slice(0, 1))), mask_index)], -1)
    logs = knp.take_along_axis(log_softmax(output), knp.expand_dims(path, 1), -1)  # (batch, time, states)
    alpha = _ctc_forward(knp.moveaxis(logs, 1, 0), path, mask_index, output_length)
    ends = _cast(one_hot(2 * target_length, states), "bool")
    last = knp.where(target_length > 0, 2 * target_length - 1, 0)
    ends = knp.logical_or(ends, _cast(one_hot(last, states), "bool"))
    return -special.logsumexp(knp.where(ends, alpha, _NEVER), -1)


def _ctc_forward(logs, path, mask_index, output_length):
    """log of the probability to be in each state after the last step: (time, batch, states) -> (batch, states)."""
    states = path.shape[1]
    dtype = dtype_of(logs)
    index = knp.arange(states, dtype="int32")
    two_back = knp.concatenate([knp.full_like(path, mask_index), path], 1)[:, states - 2 : 2 * states - 2]
    may_skip = knp.logical_and(knp.logical_and(path != mask_index, path != two_back), index >= 2)
    start = knp.where(index < 2, logs[0], knp.full_like(logs[0], _NEVER))

    def step(alpha, inputs):
        time, scores = inputs
        never = knp.full_like(alpha, _NEVER)
        padded = knp.concatenate([never, alpha], 1)
        one = padded[:, states - 1 : 2 * states - 1]
        two = knp.where(may_skip, padded[:, states - 2 : 2 * states - 2], _NEVER)
        new = special.logsumexp(knp.stack([alpha, one, two]), 0) + scores
        new = _cast(knp.maximum(new, _NEVER), dtype)
        return knp.where(knp.expand_dims(time < output_length, -1), new, alpha), time

    times = knp.arange(1, logs.shape[0], dtype="int32")
    return core.scan(step, start, (times, logs[1:]))[0]


__all__ = [
    "one_hot", "multi_hot", "normalize", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy",
    "ctc_loss",
]  # fmt: skip
