"""Masks of tensors: which time steps count. Kept beside the tensors, so that any engine's arrays can have one."""

import weakref

from kerata.engines.state import local

of_arrays: dict = {}  # id of an array outside all scopes -> (weak reference to it, its mask)


def set_mask(x, mask):
    """Say that `mask` tells which steps of `x` count."""
    key = id(x)
    if local.scope is not None:
        local.scope.masks[key] = (x, mask)
    else:
        forget = of_arrays.pop
        of_arrays[key] = (weakref.ref(x, lambda _: forget(key, None)), mask)


def get_mask(x):
    """The mask of `x`, or None."""
    key = id(x)
    scope = local.scope
    while scope is not None:
        if key in scope.masks:
            return scope.masks[key][1]
        scope = scope.parent
    found = of_arrays.get(key)
    return found[1] if found is not None and found[0]() is x else None


def any_masks():
    """Whether there is a mask at all: a quick test for the usual case."""
    if of_arrays:
        return True
    scope = local.scope
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
