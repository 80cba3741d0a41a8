"""The shapes of targets and predictions: one documented squeeze, then they must match."""

from kerata import ops


def squeeze_or_expand(a, b):
    """Two tensors whose ranks differ by a last axis of length 1, made of one rank; others as they are.

    (n,) beside (n, 1) becomes (n, 1); of higher ranks the last axis is squeezed away.
    """
    low, high = sorted((len(a.shape), len(b.shape)))
    if high != low + 1:
        return a, b
    if len(a.shape) > len(b.shape):
        b, a = squeeze_or_expand(b, a)
        return a, b
    if b.shape[-1] != 1:
        return a, b
    return (ops.expand_dims(a, -1), b) if low == 1 else (a, ops.squeeze(b, -1))


def fits(a, b):
    """Whether two shapes are equal, as far as they are known."""
    return len(a) == len(b) and all(None in (m, n) or m == n for m, n in zip(a, b))


def matched(y_true, y_pred, what):
    """Both tensors after the squeeze.

    Raises: ValueError if their shapes differ then, instead of broadcasting silently.
    """
    y_true, y_pred = squeeze_or_expand(y_true, y_pred)
    if fits(y_true.shape, y_pred.shape):
        return y_true, y_pred
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    raise ValueError(f"{what}: y_true has shape {true} and y_pred has shape {pred}; they must be equal. {_cure(true, pred)}")


def _cure(true, pred):
    if len(pred) > 1 and len(true) in (len(pred), len(pred) - 1) and fits(true[: len(pred) - 1], pred[:-1]):
        if len(true) < len(pred) or true[-1] == 1:
            return (
                f"The model gives {pred[-1]} values where there is one target: make its last layer 1 unit wide, or, if the "
                "targets are class numbers, use a sparse categorical loss or one-hot targets."
            )
        if pred[-1] == 1:
            return f"The model gives one value where there are {true[-1]} targets: make its last layer {true[-1]} units wide."
        return f"Make the model's last layer {true[-1]} units wide."
    if true and pred and None not in (true[0], pred[0]) and true[0] != pred[0]:
        return "The numbers of rows differ: check that targets and inputs belong together."
    return "Reshape the targets, or change the model's last layers."
