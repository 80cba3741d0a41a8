"""Decoding of CTC: the most likely labels for scores of each class at each step."""

from kerata.core.arrays import as_array, cast as _cast, dtype_of
from kerata.core.op import op
from kerata.core.types import Tensor, TensorLike, Tree
from kerata.ops import numpy as knp
from kerata.ops.activation import log_softmax
from kerata.ops.promotion import widened
from kerata.ops.special import logsumexp, top_k

_NEVER = -1e30


@op
def ctc_decode(
    inputs: Tree,
    sequence_lengths: TensorLike,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> Tensor:
    """The labels that scores of a CTC model stand for.

    Shapes: inputs (batch, steps, classes), sequence_lengths (batch,) -> (1, batch, steps) and (batch, 1) for "greedy",
    (top_paths, batch, steps) and (batch, top_paths) for "beam_search". Behind a path's labels is -1.

    Args:
        inputs: logits.
        sequence_lengths: the number of steps of each sequence.
        strategy: "greedy" takes the best class of each step, and returns the negative sum of their logits. "beam_search"
            adds up all ways to write a path among the `beam_width` best beginnings of paths, and returns logarithms of
            probabilities.
        top_paths: how many paths "beam_search" returns, the best first.
        merge_repeated: whether equal neighbours are one label, for "greedy"; beams always follow CTC's own rule.
        mask_index: the class that stands for no label; the last one if None.

    Raises: ValueError for an unknown strategy, other than three axes, or more paths than beams.

    Source: Graves et al. 2006, doi:10.1145/1143844.1143891; the search by prefixes, Hannun et al. 2014, arXiv:1408.2873.

    >>> scores = [[[0.0, 2.0, 0.0], [0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 3.0]]]
    >>> labels, total = ctc_decode(scores, [4])
    >>> labels.tolist(), total.tolist()
    ([[[1, 2, -1, -1]]], [[-8.0]])
    """
    inputs, lengths = widened(inputs), _cast(as_array(sequence_lengths), "int32")
    if len(inputs.shape) != 3 or strategy not in ("greedy", "beam_search") or top_paths > beam_width:
        raise ValueError(
            "ctc_decode takes inputs (batch, steps, classes), strategy 'greedy' or 'beam_search', and no more top_paths than "
            f"beam_width; shape {tuple(inputs.shape)}, {strategy!r}, {top_paths} and {beam_width} came."
        )
    mask_index = inputs.shape[-1] - 1 if mask_index is None else mask_index % inputs.shape[-1]
    if strategy == "greedy":
        return _greedy(inputs, lengths, merge_repeated, mask_index)
    return _beam_search(inputs, lengths, beam_width, top_paths, mask_index)


def _steps_of(x):
    """0, 1, ... along the second axis of (batch, steps)."""
    return knp.subtract(knp.cumsum(knp.ones_like(x, "int32"), 1), 1)


def _greedy(inputs, lengths, merge_repeated, mask_index):
    labels = _cast(knp.argmax(inputs, -1), "int32")  # (batch, steps)
    steps = _steps_of(labels)
    known = steps < knp.expand_dims(lengths, -1)
    score = knp.sum(knp.where(known, knp.max(inputs, -1), 0.0), 1, keepdims=True)
    kept = knp.logical_and(known, knp.not_equal(labels, mask_index))
    if merge_repeated:
        before = knp.pad(knp.get_item(labels, (slice(None), slice(0, -1))), ((0, 0), (1, 0)), constant_values=-1)
        kept = knp.logical_and(kept, knp.not_equal(labels, before))
    order = knp.argsort(knp.where(kept, 0, 1), 1)  # what is kept comes first, in its order
    found = knp.take_along_axis(knp.where(kept, labels, -1), order, 1)
    return knp.expand_dims(found, 0), knp.negative(score)


def _start(logits, beams):
    """One empty path for each sequence, and places for others: paths, lengths, scores with and without a blank at the end."""
    one = knp.sum(knp.multiply(logits, 0.0), (1, 2))  # (batch,)
    first = as_array([[0.0] + [_NEVER] * (beams - 1)], dtype_of(logits))
    blank = knp.add(knp.expand_dims(one, 1), first)
    empty = _cast(knp.multiply(blank, 0.0), "int32")
    steps = logits.shape[1]
    paths = knp.subtract(knp.multiply(knp.expand_dims(empty, 2), knp.ones((1, 1, steps), "int32")), 1)
    return paths, empty, blank, knp.add(knp.multiply(blank, 0.0), _NEVER)


def _either(a, b):
    return knp.logaddexp(a, b)


def _beam_search(inputs, lengths, beams, top_paths, mask_index):
    """Paths (batch, beams, steps); the scores are logarithms of probabilities."""
    logits = log_softmax(inputs, -1)
    steps = logits.shape[1]
    if steps is None:
        raise ValueError("ctc_decode by beam_search needs a known number of steps: the search goes through them one by one.")
    state = _start(logits, beams)
    for step in range(steps):
        scores = knp.get_item(logits, (slice(None), step))
        active = knp.expand_dims(knp.less(step, lengths), 1)  # (batch, 1)
        following = _step(state, scores, mask_index)
        state = tuple(
            knp.where(knp.expand_dims(active, 2) if len(new.shape) == 3 else active, new, old)
            for new, old in zip(following, state)
        )
    paths, _, blank, label = state
    totals = _either(blank, label)
    values, order = top_k(totals, top_paths)
    best = knp.take_along_axis(paths, knp.expand_dims(order, 2), 1)
    return knp.moveaxis(best, 1, 0), values


def _last_labels(paths, lengths):
    """The last label of each path, -1 if it is empty."""
    last = knp.expand_dims(knp.maximum(knp.subtract(lengths, 1), 0), 2)
    return knp.squeeze(knp.take_along_axis(paths, last, 2), 2)


def _merged(paths, lengths, extended, blank_score):
    """Scores moved from `path i with one label more` to the path j that it equals: gained by j, and left to extend."""
    last = _last_labels(paths, lengths)
    places = knp.arange(paths.shape[2], dtype="int32")
    shorter = knp.where(knp.equal(places, knp.expand_dims(knp.subtract(lengths, 1), 2)), -1, paths)  # j without its last
    same = knp.all(knp.equal(knp.expand_dims(paths, 1), knp.expand_dims(shorter, 2)), 3)  # (batch, j, i)
    alive = knp.logical_and(knp.expand_dims(lengths > 0, 2), knp.expand_dims(blank_score > _NEVER / 2, 1))
    parent = knp.logical_and(same, alive)
    index = knp.maximum(last, 0)
    moved = knp.take_along_axis(knp.swapaxes(extended, 1, 2), knp.expand_dims(index, 2), 1)  # (batch, j, i)
    gained = logsumexp(knp.where(parent, moved, _NEVER), 2)
    classes = knp.arange(extended.shape[2], dtype="int32")
    taken = knp.logical_and(knp.expand_dims(parent, 3), knp.equal(knp.expand_dims(index, (2, 3)), classes))
    return gained, knp.where(knp.any(taken, 1), _NEVER, extended)


def _step(state, scores, mask_index):
    paths, lengths, blank, label = state
    beams, classes = paths.shape[1], scores.shape[1]
    last = _last_labels(paths, lengths)
    total = _either(blank, label)
    numbers = knp.arange(classes, dtype="int32")
    repeated = knp.equal(knp.expand_dims(last, 2), numbers)
    extended = knp.add(knp.where(repeated, knp.expand_dims(blank, 2), knp.expand_dims(total, 2)), knp.expand_dims(scores, 1))
    extended = knp.where(knp.equal(numbers, mask_index), _NEVER, extended)
    gained, extended = _merged(paths, lengths, extended, total)
    stay_blank = knp.add(total, knp.expand_dims(knp.get_item(scores, (slice(None), mask_index)), 1))
    again = knp.add(label, knp.take_along_axis(scores, knp.maximum(last, 0), 1))
    stay_label = _either(knp.where(lengths > 0, again, _NEVER), gained)
    # The candidates: each path as it is, then with each label more.
    flat = knp.reshape(extended, (-1, beams * classes))
    candidates = knp.concatenate([_either(stay_blank, stay_label), flat], 1)
    _, chosen = top_k(candidates, beams)
    grows = chosen >= beams
    more = knp.maximum(knp.subtract(chosen, beams), 0)
    source = knp.where(grows, knp.floor_divide(more, classes), chosen)
    new_label = knp.mod(more, classes)
    paths = knp.take_along_axis(paths, knp.expand_dims(source, 2), 1)
    lengths = knp.take_along_axis(lengths, source, 1)
    here = knp.logical_and(
        knp.equal(knp.arange(paths.shape[2], dtype="int32"), knp.expand_dims(lengths, 2)), knp.expand_dims(grows, 2)
    )
    paths = knp.where(here, knp.expand_dims(new_label, 2), paths)
    grown = knp.take_along_axis(flat, more, 1)
    blank = knp.where(grows, _NEVER, knp.take_along_axis(stay_blank, source, 1))
    label = knp.where(grows, grown, knp.take_along_axis(stay_label, source, 1))
    return paths, knp.add(lengths, _cast(grows, "int32")), blank, label


__all__ = ["ctc_decode"]
