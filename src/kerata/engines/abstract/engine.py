"""The abstract engine: its arrays are a shape, with None for what is unknown, and a dtype.

Running an op's one body on it gives the op's output spec.
"""

from typing import Any

import numpy as np
import optree

from kerata.engines.abstract import numpy as abstract_numpy, sparse as abstract_sparse
from kerata.engines.abstract.array import AbstractArray, NoAbstractRule, indexed
from kerata.engines.base import Engine
from kerata.engines.shapes import same_dim, window_outputs


def _alike(what, results):
    """The first of what branches return.

    Raises: ValueError if they return different structures, shapes or dtypes.
    """
    first, form = optree.tree_flatten(results[0], none_is_leaf=True)
    for other in results[1:]:
        leaves, other_form = optree.tree_flatten(other, none_is_leaf=True)
        if form != other_form:
            raise ValueError(f"{what}: the branches return different structures, {form} and {other_form}.")
        for x, y in zip(first, leaves):
            arrays = isinstance(x, AbstractArray) and isinstance(y, AbstractArray)
            if arrays and (x.dtype != y.dtype or x.ndim != y.ndim or not all(map(same_dim, x.shape, y.shape))):
                raise ValueError(f"{what}: the branches return {x!r} and {y!r}, which are not alike.")
    return results[0]


class AbstractEngine(Engine):
    """Shapes and dtypes only."""

    name = "abstract"
    trains = False
    is_abstract = True
    xp: Any = abstract_numpy

    @property
    def sparse(self):
        return abstract_sparse

    def is_array(self, x):
        return isinstance(x, AbstractArray)

    def asarray(self, x, dtype=None):
        if isinstance(x, AbstractArray):
            return self.cast(x, dtype) if dtype else x
        if not hasattr(x, "shape") or not hasattr(x, "dtype"):
            x = self._stacked(x) if isinstance(x, (list, tuple)) else np.asarray(x)
        if dtype is None:  # PyTorch's has no name but its text
            dtype = getattr(x.dtype, "name", None) or str(x.dtype).rpartition(".")[2]
        return AbstractArray(x.shape, dtype)

    def _stacked(self, xs):
        parts = [self.asarray(x) for x in xs]
        return abstract_numpy.stack(parts) if any(isinstance(x, AbstractArray) for x in xs) else np.asarray(xs)

    def on_host(self, fn, form, *arrays):
        return form

    def to_numpy(self, x):
        return x.__array__()

    def cast(self, x, dtype):
        return x if x.dtype == dtype else type(x)(x.shape, dtype)

    def dtype(self, x):
        return x.dtype

    def getitem(self, x, key):
        return AbstractArray(indexed(x.shape, key), x.dtype)

    def conv(self, inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
        spatial = [None if n is None else (n - 1) * d + 1 for n, d in zip(inputs.shape[1:-1], input_dilation)]
        outputs = window_outputs(spatial, kernel.shape[:-2], strides, padding, kernel_dilation)
        return AbstractArray((inputs.shape[0], *outputs, kernel.shape[-1]), inputs.dtype)

    def pool(self, inputs, window, strides, padding, kind):
        outputs = window_outputs(inputs.shape[1:-1], window, strides, padding, [1] * len(window))
        return AbstractArray((inputs.shape[0], *outputs, inputs.shape[-1]), inputs.dtype)

    def compile(self, fn, variables=(), donate=False, optimize=None):
        return fn

    def compile_loop(self, fn, variables=(), optimize=None):
        return lambda start, stop, *args: fn(AbstractArray((), "int32"), *args)

    def value_and_grad(self, fn, variables, has_aux=False):
        return lambda: (fn(), [AbstractArray(v.shape, v.dtype) for v in variables])

    def stop_gradient(self, x):
        return x

    def custom_gradient(self, fn):
        return lambda *args, **kwargs: fn(*args, **kwargs)[0]

    def vectorized_map(self, fn, xs):
        raise NoAbstractRule("vectorized_map")

    def infer(self, fn, *args, **kwargs):
        return fn(*args, **kwargs)

    def cond(self, predicate, true_fn, false_fn):
        return _alike("cond", [true_fn(), false_fn()])

    def switch(self, index, branches, *operands):
        return _alike("switch", [branch(*operands) for branch in branches])

    def while_loop(self, condition, body, loop_vars, maximum_iterations=None):
        body(*loop_vars)
        return loop_vars

    def fori_loop(self, lower, upper, body, value):
        body(AbstractArray((), "int32"), value)
        return value

    def scan(self, fn, init, xs, length=None, reverse=False, unroll=1):
        steps = length if length is not None else optree.tree_leaves(xs)[0].shape[0]
        carry, ys = fn(init, optree.tree_map(lambda x: AbstractArray(x.shape[1:], x.dtype), xs))
        return carry, optree.tree_map(lambda y: AbstractArray((steps, *y.shape), y.dtype), ys)

    def associative_scan(self, fn, elems, reverse=False, axis=0):
        return elems

    def random(self, kind, seed, shape, dtype, *parameters):
        if kind == "categorical":
            logits, count = parameters
            return AbstractArray((*logits.shape[:-1], count), dtype)
        return parameters[0] if kind == "permutation" else AbstractArray(shape, dtype)
