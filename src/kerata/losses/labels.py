"""Class numbers must be in range: engines would read on silently, or give a loss of 0."""

import numpy as np

from kerata import engines
from kerata.core.arrays import to_numpy
from kerata.core.findings import check_range


def check_labels(labels, num_classes, what, ignore=None):
    """Check class numbers on the host.

    Args:
        labels: a NumPy array of class numbers.
        num_classes: how many classes there are.
        what: the loss or metric, for the message.
        ignore: a label that may stand for "none".

    Raises: ValueError naming the first label out of range.

    >>> check_labels(np.array([0, 7]), 3, "sparse_categorical_crossentropy")
    Traceback (most recent call last):
    ...
    ValueError: sparse_categorical_crossentropy: label 7 is out of range for 3 classes (0 to 2). ...
    """
    if labels.dtype.kind in "iu" and (not labels.size or labels.min() >= 0 and labels.max() < num_classes):
        return  # most are right, and this makes no arrays
    bad = (labels < 0) | (labels >= num_classes) | (labels != np.floor(labels))
    if ignore is not None:
        bad &= labels != ignore
    if bad.any():
        label = labels[bad].ravel()[0].item()
        label = int(label) if label == int(label) else label
        raise ValueError(_out_of_range(what, label, num_classes))


def check_tensor_labels(labels, num_classes, what, ignore=None):
    """`check_labels` for an engine's array: at once when it has values now, else when the step has run."""
    if num_classes is None:
        return
    if engines.current().is_concrete(labels):
        check_labels(to_numpy(labels), num_classes, what, ignore)
    else:
        check_range(labels, num_classes, lambda label: _out_of_range(what, label, num_classes), ignore, (what, num_classes))


def _out_of_range(what, label, num_classes):
    return (
        f"{what}: label {label} is out of range for {num_classes} classes (0 to {num_classes - 1}). Make the "
        "model's last layer as wide as there are classes, or number the classes from 0."
    )
