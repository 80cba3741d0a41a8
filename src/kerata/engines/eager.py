"""What engines that run step by step, in Python, have in common: NumPy and PyTorch."""

import numpy as np
import optree

from kerata.engines.base import Engine
from kerata.engines.lifting import in_a_scope, inferred, with_length


class EagerEngine(Engine):
    """An engine whose control flow is Python's."""

    recompiles = False

    def compile(self, fn, variables=(), donate=False, optimize=None):
        return fn

    def compile_loop(self, fn, variables=(), optimize=None):
        def loop(start, stop, *args):
            for i in range(start, stop):
                fn(i, *args)

        return loop

    def vectorized_map(self, fn, xs):
        count = optree.tree_leaves(xs)[0].shape[0]
        results = [fn(optree.tree_map(lambda x: x[i], xs)) for i in range(count)]
        return optree.tree_map(lambda *ys: self.xp.stack(ys), *results)

    def infer(self, fn, *args, **kwargs):
        """Runs `fn` on zeros of two sizes."""

        def run(specs, rebuilt, probe):
            arrays = [self.xp.zeros(with_length(x, probe), dtype=self.known_dtype(x.dtype)) for x in specs]
            with self.no_gradients(), np.errstate(all="ignore"):
                return in_a_scope(fn, rebuilt(arrays))

        return inferred(self, run, (3, 5), args, kwargs)

    # Control flow

    def cond(self, predicate, true_fn, false_fn):
        return true_fn() if predicate else false_fn()

    def switch(self, index, branches, *operands):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)

    def while_loop(self, condition, body, loop_vars, maximum_iterations=None):
        is_list = isinstance(loop_vars, list)
        values, i = tuple(loop_vars), 0
        while (maximum_iterations is None or i < maximum_iterations) and condition(*values):
            values = body(*values)
            values = tuple(values) if isinstance(values, (list, tuple)) else (values,)
            i += 1
        return list(values) if is_list else values

    def fori_loop(self, lower, upper, body, value):
        for i in range(int(lower), int(upper)):
            value = body(i, value)
        return value

    def scan(self, fn, init, xs, length=None, reverse=False, unroll=1):
        steps = length if length is not None else optree.tree_leaves(xs)[0].shape[0]
        carry, ys = init, []
        for i in range(steps)[:: -1 if reverse else 1]:
            carry, y = fn(carry, optree.tree_map(lambda x: x[i], xs))
            ys.append(y)
        return carry, optree.tree_map(lambda *parts: self.xp.stack(parts[:: -1 if reverse else 1]), *ys)

    def associative_scan(self, fn, elems, reverse=False, axis=0):
        def parts(x):
            return list(self.xp.split(x, x.shape[axis], axis=axis))[:: -1 if reverse else 1]

        leaves, treedef = optree.tree_flatten(elems)
        steps = [optree.tree_unflatten(treedef, list(step)) for step in zip(*map(parts, leaves))]
        results = steps[:1]
        for step in steps[1:]:
            results.append(fn(results[-1], step))
        return optree.tree_map(lambda *xs: self.xp.concatenate(xs[:: -1 if reverse else 1], axis=axis), *results)
