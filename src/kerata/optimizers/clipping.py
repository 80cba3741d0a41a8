"""Gradients kept within bounds."""

from kerata import ops


def clipped(grads, clipnorm, clipvalue, global_clipnorm):
    """Gradients clipped in the one way that is asked for."""
    if clipnorm:
        return [_to_norm(g, clipnorm) for g in grads]
    if global_clipnorm:
        return by_global_norm(grads, global_clipnorm)
    if clipvalue:
        return [ops.clip(g, -clipvalue, clipvalue) for g in grads]
    return grads


def _norm(square):
    """The root of a sum of squares, safe to differentiate at 0."""
    positive = square > 0
    return ops.where(positive, ops.sqrt(ops.where(positive, square, 1.0)), 0.0)


def _to_norm(g, limit):
    return g * limit / ops.maximum(_norm(ops.sum(ops.square(g))), limit)


def global_norm(grads):
    """The norm of all gradients together."""
    total = 0.0
    for g in grads:
        total = ops.add(total, ops.sum(ops.square(g)))
    return ops.sqrt(total)


def by_global_norm(grads, limit):
    """Gradients scaled together so that their norm is at most `limit`; NaN if it is not finite."""
    norm = global_norm(grads)
    scale = limit / ops.maximum(norm, limit)
    scale = ops.where(ops.isfinite(norm), scale, float("nan"))
    return [ops.multiply(g, scale) for g in grads]
