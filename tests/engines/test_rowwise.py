"""The proof that rows are independent: where it is given, rows added to a batch change none of the others."""

import numpy as np
import optree
import pytest
from tests.engines.test_agreement import every_call, outputs_of

from kerata import engines, ops
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.abstract.row_rules import MixesRows, facts, note


def marked(x, axis):
    """An array's shape with the batch along an axis."""
    return AbstractArray([None if i == axis else n for i, n in enumerate(x.shape)], x.dtype.name)


def proven(call, marks):
    """The outputs where the arrays have the batch along these axes, {place: axis}; None without a proof."""
    arrays = [marked(x, marks[i]) if i in marks else x for i, x in enumerate(call.arrays)]
    try:
        with engines.use_engine("rowwise") as engine:
            return outputs_of(call, [x if isinstance(x, AbstractArray) else engine.asarray(x) for x in arrays])
    except Exception:
        return None


def lengthened(x, axis, count):
    """An array with its first row repeated at the end of an axis."""
    first = np.take(x, [0], axis)
    return np.concatenate([x, *[first] * count], axis)


def ways(call):
    """Which axes may be the batch's: the first ones of the arrays that go together, or one axis of one array."""
    yield dict.fromkeys(call.free, 0)
    for i, x in enumerate(call.arrays):
        for axis in range(x.ndim):
            yield {i: axis}


@every_call
def test_proven_ops_keep_their_rows(call):
    if call.op.startswith("random"):
        return  # draws are others where there are more of them, with the same distribution
    with engines.use_engine("numpy"):
        plain = [np.asarray(y) for y in outputs_of(call, call.arrays)]
    for marks in ways(call):
        specs = proven(call, marks) if all(i < len(call.arrays) and call.arrays[i].ndim for i in marks) else None
        if specs is None:
            continue
        longer = [lengthened(x, marks[i], 2) if i in marks else x for i, x in enumerate(call.arrays)]
        with engines.use_engine("numpy"):
            padded = [np.asarray(y) for y in outputs_of(call, longer)]
        for spec, want, got in zip(specs, plain, padded, strict=True):
            if isinstance(spec, AbstractArray) and None in spec.shape:
                axis = spec.shape.index(None)
                got = np.take(got, range(want.shape[axis]), axis)
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6, err_msg=f"{call.name}, batch along {marks}")


ROWS = np.arange(12, dtype="float32").reshape(3, 4)
PROVEN = {
    "elementwise": lambda x: ops.exp(x) + ops.ones((4,)),
    "per row": lambda x: x - ops.mean(x, axis=-1, keepdims=True),
    "softmax": lambda x: ops.softmax(x),
    "product": lambda x: ops.matmul(x, ops.ones((4, 2))),
    "rows of products": lambda x: ops.matmul(x[:, None, :], x[:, :, None]),
    "folded": lambda x: ops.reshape(ops.reshape(x, (-1, 2)) + 1.0, (-1, 4)),
    "turned": lambda x: ops.transpose(ops.transpose(x) * 2.0),
    "looked up": lambda x: ops.take(ops.ones((9, 2)), ops.cast(x, "int32"), axis=0),
    "sorted within": lambda x: ops.flip(ops.sort(x, axis=1), axis=-1),
    "loop over steps": lambda x: ops.scan(lambda c, e: (c + e, c), x[:, 0], ops.transpose(x))[0],
    "branch": lambda x: ops.cond(True, lambda: x, lambda: x + 1),
    "joined": lambda x: ops.concatenate([x, ops.stack([x[:, 0], x[:, 1]], axis=1)], axis=1),
}
MIXED = {
    "mean": lambda x: x - ops.mean(x, axis=0),
    "mean of all": lambda x: x - ops.mean(x),
    "flip": lambda x: ops.flip(x, axis=0),
    "roll": lambda x: ops.roll(x, 1, axis=0),
    "cumsum": lambda x: ops.cumsum(x, axis=0),
    "sort": lambda x: ops.sort(x, axis=0),
    "softmax": lambda x: ops.softmax(x, axis=0),
    "gram": lambda x: ops.matmul(x, ops.transpose(x)),
    "gram within": lambda x: ops.matmul(ops.transpose(x), x),
    "einsum": lambda x: ops.einsum("bi,bi->i", x, x),
    "einsum pairs": lambda x: ops.einsum("bi,ci->bc", x, x),
    "merged": lambda x: ops.reshape(x, (2, -1)),
    "merged and back": lambda x: ops.reshape(ops.flip(ops.reshape(x, (-1,)), 0), (-1, 4)),
    "folded the wrong way": lambda x: ops.reshape(ops.transpose(x), (-1, 4)),
    "part": lambda x: x[1:],
    "first": lambda x: x - x[0],
    "last": lambda x: x - x[-1:],
    "strided": lambda x: x[::2],
    "picked": lambda x: ops.take(x, [0, 0, 1], axis=0),
    "picked by rows": lambda x: ops.take(x, ops.cast(x[:, 0], "int32"), axis=0),
    "joined": lambda x: ops.concatenate([x, x], axis=0),
    "repeated": lambda x: ops.repeat(x, 2, axis=0),
    "tiled": lambda x: ops.tile(x, (2, 1)),
    "padded": lambda x: ops.pad(x, ((1, 0), (0, 0))),
    "split": lambda x: ops.split(x, 1, axis=0)[0],
    "loop over rows": lambda x: ops.scan(lambda c, e: (c + e, c), x[0], x)[1],
    "against known": lambda x: x + ops.ones((3, 4)),
    "against a column": lambda x: ops.ones((3, 4)) + ops.reshape(x[:, 0], (1, -1)),
    "number of rows": lambda x: x / ops.cast(ops.shape(x)[0], "float32"),
    "counted down": lambda x: x + ops.flip(ops.arange(ops.shape(x)[0]), 0)[:, None],
    "while": lambda x: ops.while_loop(lambda a: ops.any(a < 9), lambda a: a + 1, (x,)),
    "segments": lambda x: ops.segment_sum(x, ops.zeros((3,), "int32"), num_segments=1),
    "nonzero": lambda x: ops.nonzero(x)[0],
    "quantile": lambda x: x - ops.quantile(x, 0.5, axis=0),
    "determinant": lambda x: ops.det(ops.matmul(x, ops.ones((4, 3)))),
    "fourier": lambda x: ops.fft((ops.transpose(x), ops.transpose(x)))[0],
    "permuted": lambda x: ops.take(x, ops.argsort(x[:, 0]), axis=0),
}


@pytest.mark.parametrize("name", PROVEN)
def test_proves_what_keeps_rows_apart(name):
    with engines.use_engine("rowwise"):
        y = PROVEN[name](marked(ROWS, 0))
    assert all(x.shape[0] is None for x in optree.tree_leaves(y))


@pytest.mark.parametrize("name", MIXED)
def test_refuses_what_mixes_rows(name):
    with engines.use_engine("rowwise"), pytest.raises(Exception) as caught:
        MIXED[name](marked(ROWS, 0))
    assert not isinstance(caught.value, AssertionError)


class TestZeros:
    """A sum over the batch is right where the rows that fill it hold 0."""

    def valid(self):
        return note(AbstractArray((None,), "float32"), zero=True)

    @pytest.mark.parametrize(
        "sum_of",
        [
            lambda x, v: ops.sum(x * v[:, None]),
            lambda x, v: ops.sum(ops.where(v[:, None] > 0, x, 0.0), axis=0),
            lambda x, v: ops.sum(ops.square(ops.reshape(x * v[:, None], (-1,)) / 2.0)),
            lambda x, v: ops.matmul(ops.transpose(x), x * v[:, None]),
            lambda x, v: ops.einsum("bi,b->i", x, v),
            lambda x, v: ops.sum(ops.mean(x, -1) * v) / ops.sum(v + ops.zeros_like(v)),
        ],
    )
    def test_sums_without_them(self, sum_of):
        with engines.use_engine("rowwise"):
            assert None not in sum_of(marked(ROWS, 0), self.valid()).shape

    @pytest.mark.parametrize(
        "sum_of",
        [
            lambda x, v: ops.sum(x + v[:, None]),
            lambda x, v: ops.sum(ops.exp(x * v[:, None])),
            lambda x, v: ops.mean(x * v[:, None]),
            lambda x, v: ops.max(x * v[:, None]),
            lambda x, v: ops.sum(ops.where(v[:, None] > -1, x, 0.0)),
            lambda x, v: ops.sum(ops.where(v[:, None] > 0, x, 1.0)),
            lambda x, v: ops.sum(v / v),
            lambda x, v: ops.matmul(ops.transpose(x), x),
            lambda x, v: ops.einsum("bi,b->bi", ops.ones((3, 2)), v) + 0 * x[:, :2],
        ],
    )
    def test_refuses_others(self, sum_of):
        with engines.use_engine("rowwise"), pytest.raises(MixesRows):
            sum_of(marked(ROWS, 0), self.valid())

    def test_facts_are_an_arrays_own(self):
        with engines.use_engine("rowwise") as engine:
            v = self.valid()
            assert facts(engine.cast(v, "int32")).zero and not facts(ops.exp(v)).zero and facts(v).zero
