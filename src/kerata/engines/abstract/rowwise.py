"""The engine that proves that the rows of a batch are independent: whether padding a batch can change a result.

It is the abstract engine with one more question at each primitive (`row_rules.py`): does each row of the result follow
from the same row of the batch alone? Code that ran on it without `MixesRows` gives the same rows whatever other rows
are in the batch, on every engine, since they run the same bodies. This is dependence analysis by abstract interpretation:
Cousot and Cousot 1977, doi:10.1145/512950.512973.
"""

import functools
from typing import Any

import optree

from kerata import engines
from kerata.engines.abstract import numpy as abstract_numpy
from kerata.engines.abstract.array import AbstractArray, indexed
from kerata.engines.abstract.engine import AbstractEngine
from kerata.engines.abstract.linalg import AbstractFourier, AbstractLinearAlgebra
from kerata.engines.abstract.row_rules import (
    CREATE,
    FOURIER_RULES,
    MATRIX_RULES,
    RULES,
    MixesRows,
    arrays_in,
    facts,
    note,
    unknown_axis,
)
from kerata.engines.state import thread_context


class _Watched:
    """A namespace of abstract functions, each followed by its rule."""

    def __init__(self, namespace, rules):
        self._namespace, self._rules = namespace, rules

    def __getattr__(self, name):
        function = getattr(self._namespace, name)
        if isinstance(function, functools.partial):  # made of primitives, each of which is followed by its rule
            call: Any = functools.partial(function.func, self)
        else:
            call = lambda *args, **kwargs: _checked(name, self._rules.get(name), function(*args, **kwargs), args, kwargs)
        setattr(self, name, call)
        return call


def _checked(name, rule, result, args, kwargs):
    """The result of a primitive, its facts noted.

    Raises: MixesRows if the rule, or that there is none, says so.
    """
    given = arrays_in([args, kwargs])
    result = optree.tree_map(lambda r: _of_its_own(r, given), result)
    axes = [unknown_axis(x) for x in given]
    given_rows = any(axis is not None for axis in axes)
    if given_rows or any(None in r.shape for r in arrays_in([result])):
        if rule is None or not given_rows and name not in CREATE:
            raise MixesRows(f"there is no rule for {name}" if rule is None else f"the result of {name} has an unknown length")
        rule(name, result, *args, **kwargs)
    for r in arrays_in([result]):
        unknown_axis(r)
    return result


def _of_its_own(result, given):
    """A result that carries no facts of an argument's."""
    if isinstance(result, AbstractArray) and any(result is x for x in given):
        return AbstractArray(result.shape, result.dtype)
    return result


class RowwiseEngine(AbstractEngine):
    """Shapes and dtypes, with None for the length of the batch, and proof that its rows don't meet."""

    name = "rowwise"

    @property
    def sparse(self):
        raise MixesRows("there are no rules for sparse tensors")

    def __init__(self):
        super().__init__()
        self.xp = _Watched(abstract_numpy, RULES)
        self.xp.linalg = _Watched(AbstractLinearAlgebra(), MATRIX_RULES)
        self.xp.fft = _Watched(AbstractFourier(), FOURIER_RULES)

    def asarray(self, x, dtype=None):
        if x is None:
            raise MixesRows("it computes with the number of rows")
        if isinstance(x, (list, tuple)) and arrays_in(x):
            return self.asarray(self.xp.stack([self.asarray(part) for part in x]), dtype)
        array = super().asarray(x, dtype)
        if isinstance(x, (bool, int, float)):
            note(array, number=x)
        return array

    def cast(self, x, dtype):
        if x.dtype == dtype:
            return x
        known = facts(x)
        return note(AbstractArray(x.shape, dtype), per_row=known.per_row, zero=known.zero, number=known.number)

    def to_numpy(self, x):
        raise MixesRows("values are read on the host")

    def on_host(self, fn, form, *arrays):
        if any(unknown_axis(x) is not None for x in arrays):
            raise MixesRows("it works on the host, in NumPy")
        return form

    def getitem(self, x, key):
        result = AbstractArray(indexed(x.shape, key), x.dtype)
        keys = key if isinstance(key, tuple) else (key,)
        batched = [a for a in arrays_in(list(keys)) if unknown_axis(a) is not None]
        if unknown_axis(x) is None:
            if bool(batched) != (None in result.shape) or any(a.dtype == "bool" for a in batched):
                raise MixesRows("what is picked depends on values")
            return note(result, per_row=facts(batched[0]).per_row) if batched else result
        if batched or not _whole(_key_of(x, keys)):
            raise MixesRows("rows are picked by their number")
        return note(result, per_row=facts(x).per_row, zero=facts(x).zero)

    def take_rows(self, x, rows):
        return self.getitem(x, rows)

    def conv(self, inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
        result = super().conv(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups)
        return _images("convolution", result, inputs, kernel)

    def pool(self, inputs, window, strides, padding, kind):
        return _images("pooling", super().pool(inputs, window, strides, padding, kind), inputs)

    def told_by_shapes(self, result):
        raise MixesRows("there is nothing but the shapes to go by")

    def believed(self, fn, *args, **kwargs):
        try:
            with thread_context(engine=engines.get("abstract")):
                outputs = fn(*args, **kwargs)
        except Exception:  # code that calls a compute library itself
            concrete = engines.get(engines.concrete_name())
            with thread_context(engine=concrete):
                outputs = concrete.infer(fn, *args, **kwargs)
        if any(x.shape[:1] != (None,) for x in arrays_in(outputs)):
            raise MixesRows("an output has no row for each of the batch, though row_wise is set")
        return outputs

    # Control flow: what goes round in a loop stays what it was, so that one round stands for all.

    def switch(self, index, branches, *operands):
        results = [branch(*operands) for branch in branches]
        for other in results[1:]:
            _same(results[0], other)
        return optree.tree_map(_without_facts, results[0])

    def cond(self, predicate, true_fn, false_fn):
        return self.switch(predicate, [false_fn, true_fn])

    def while_loop(self, condition, body, loop_vars, maximum_iterations=None):
        start = optree.tree_map(_without_facts, loop_vars)
        condition(*start)
        result = body(*start)
        _same(list(start), list(result) if isinstance(result, (list, tuple)) else [result])
        return start

    def fori_loop(self, lower, upper, body, value):
        start = optree.tree_map(_without_facts, value)
        _same(start, body(AbstractArray((), "int32"), start))
        return start

    def scan(self, fn, init, xs, length=None, reverse=False, unroll=1):
        leaves = [x for x in optree.tree_leaves(xs) if isinstance(x, AbstractArray)]
        if any(unknown_axis(x) == 0 for x in leaves):
            raise MixesRows("a loop runs over the rows")
        steps = length if length is not None else leaves[0].shape[0]
        part = lambda x: note(AbstractArray(x.shape[1:], x.dtype), per_row=facts(x).per_row)
        carry, ys = fn(optree.tree_map(_without_facts, init), optree.tree_map(part, xs))
        _same(init, carry)
        whole = lambda y: note(AbstractArray((steps, *y.shape), y.dtype), per_row=facts(y).per_row)
        return optree.tree_map(_without_facts, carry), optree.tree_map(whole, ys)

    def associative_scan(self, fn, elems, reverse=False, axis=0):
        raise MixesRows("there is no rule for associative_scan")

    def random(self, kind, seed, shape, dtype, *parameters):
        if kind == "permutation" and unknown_axis(parameters[0]) is not None:
            raise MixesRows("rows are shuffled")
        result = super().random(kind, seed, shape, dtype, *parameters)
        return note(AbstractArray(result.shape, result.dtype), per_row=None if None in result.shape else 1)


def _without_facts(x):
    """An array whose rows are known to be a batch's, and nothing else."""
    return note(AbstractArray(x.shape, x.dtype), per_row=facts(x).per_row) if isinstance(x, AbstractArray) else x


def _same(one, other):
    for a, b in zip(optree.tree_leaves(one), optree.tree_leaves(other), strict=True):
        if isinstance(a, AbstractArray) and isinstance(b, AbstractArray):
            pair = [facts(x).per_row for x in (a, b) if unknown_axis(x) is not None]
            if unknown_axis(a) != unknown_axis(b) or len(set(pair) - {None}) > 1:
                raise MixesRows("a loop or a branch changes which axis is the batch's")


def _images(what, result, inputs, *kernels):
    if any(unknown_axis(x) is not None for x in kernels):
        raise MixesRows(f"the kernel of a {what} follows from the batch")
    if unknown_axis(inputs) not in (0, None):
        raise MixesRows(f"a {what} runs along the batch's axis")
    return note(result, per_row=facts(inputs).per_row)


def _key_of(x, keys):
    """What is asked for along the batch's axis, None if nothing is."""
    axis, before = unknown_axis(x), 0
    keys = [k for k in keys if k is not None]
    used = sum(1 if k is not Ellipsis else 0 for k in keys)
    for k in keys:
        width = x.ndim - used if k is Ellipsis else 1
        if before <= axis < before + width:
            return slice(None) if k is Ellipsis else k
        before += width
    return slice(None)


def _whole(key):
    return isinstance(key, slice) and key.start in (None, 0) and key.stop is None and key.step in (None, 1)
