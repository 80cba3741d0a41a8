"""A product over several axes as one over one axis, for engines whose libraries have a fast kernel for that."""

import math


def affine_along(affine, reshape):
    """The kernel of `ops.nn.affine_along`, made of that of `ops.nn.affine`."""

    def kernel(count, x, kernel, bias=None):
        units, lengths, depth = tuple(kernel.shape[count:]), tuple(x.shape)[:-count], math.prod(kernel.shape[:count])
        if not x.shape[-count:] == kernel.shape[:count]:
            return NotImplemented
        rows = x if count == 1 else reshape(x, (*lengths, depth))
        columns = None if bias is None else reshape(bias, (-1,))
        y = affine(rows, reshape(kernel, (depth, math.prod(units))), columns)
        return y if y is NotImplemented else reshape(y, (*lengths, *units))

    return kernel
