"""Masks of tensors: which time steps count.

They are kept beside the tensors, so that any engine's arrays can have one, and where the engine's arrays take attributes,
as `_keras_mask` too, where Keras's guides read them, and where users may set them.
"""

import contextlib
import weakref

from kerata.core.arrays import as_array
from kerata.engines.state import context

of_arrays: dict = {}  # id of an array outside all scopes -> (weak reference to it, its mask)


def set_mask(x, mask):
    """Say that `mask` tells which steps of `x` count."""
    if mask is None:
        getattr(x, "__dict__", {}).pop("_keras_mask", None)
    else:
        with contextlib.suppress(AttributeError):  # NumPy's arrays take none
            x._keras_mask = mask
    key = id(x)
    if context.scope is not None:
        context.scope.masks[key] = (x, mask)
    else:
        forget = of_arrays.pop
        of_arrays[key] = (weakref.ref(x, lambda _: forget(key, None)), mask)


def get_mask(x):
    """The mask of `x`, or None."""
    key = id(x)
    scope = context.scope
    while scope is not None:
        if key in scope.masks:
            return scope.masks[key][1]
        scope = scope.parent
    found = of_arrays.get(key)
    return found[1] if found is not None and found[0]() is x else getattr(x, "__dict__", {}).get("_keras_mask")


def is_marked(x):
    """Whether a tensor has a mask as an attribute."""
    return "_keras_mask" in getattr(x, "__dict__", ())


def any_marked(args, kwargs):
    """Whether a tensor among the arguments has a mask as an attribute."""
    for x in (*args, *kwargs.values()):
        if any(map(is_marked, x)) if isinstance(x, (list, tuple)) else is_marked(x):
            return True
    return False


@contextlib.contextmanager
def masked(xs, given):
    """Inside, tensors have the masks given for them, None for that which they have; `xs` as tensors is what it gives."""
    xs = [x if mask is None or x is None else as_array(x) for x, mask in zip(xs, given)]
    changed = [(x, get_mask(x), mask) for x, mask in zip(xs, given) if mask is not None and x is not None]
    for x, _, mask in changed:
        set_mask(x, as_array(mask, "bool"))
    try:
        yield xs
    finally:
        for x, before, _ in changed:  # the tensors may be the user's own
            set_mask(x, before) if before is not None else _forget(x)


def _forget(x):
    getattr(x, "__dict__", {}).pop("_keras_mask", None)
    of_arrays.pop(id(x), None)
    if context.scope is not None:
        context.scope.masks.pop(id(x), None)


def any_masks():
    """Whether there is a mask at all: a quick test for the usual case."""
    if of_arrays:
        return True
    scope = context.scope
    while scope is not None:
        if scope.masks:
            return True
        scope = scope.parent
    return False


def pass_on(inputs, output):
    """Give `output` the mask of the first of `inputs` that has one and whose leading axes it shares."""
    for x in inputs:
        mask = get_mask(x)
        if mask is not None and output.shape[: len(mask.shape)] == mask.shape:
            set_mask(output, mask)
            return
