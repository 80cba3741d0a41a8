"""A pass over data in parts: rows on the device, and the compiled loop, or the step, that runs over them.

Arrays that easily fit go to the device once, and a pass is one part. Larger ones, and files mapped to memory, go in blocks
of rows in the pass's order, the next one while this one is computed. Small batches of a stream go several at a time, since a
call of a compiled program takes longer than a step of a small network.
"""

import abc
from typing import Any

import numpy as np
import optree

from kerata import engines
from kerata.core.arrays import static_shape
from kerata.training.data import pad_rows
from kerata.training.prefetch import Prefetcher, copied

TOGETHER = 8  # batches of a stream
_BYTES_TOGETHER = 1 << 22


class Part(abc.ABC):
    """Steps of a pass: from number `first` to the one before `stop`."""

    first = stop = 0

    @abc.abstractmethod
    def program(self, start, stop, one_by_one):
        """The program that makes the steps from `start` to `stop`, numbers in the pass, and its arguments.

        Args:
            one_by_one: whether all calls are for one step.
        """

    @abc.abstractmethod
    def batch(self, number):
        """The batch of a step, as the steps see it: `(data, valid)`."""

    def release(self):
        """All steps are made: what is large is let go."""
        return


class LoopPart(Part):
    """Steps that one compiled loop makes.

    Args:
        programs: the model's.
        mode: "train" or "test".
        padded: whether the last step's rows are filled up.
        arrays: `(x, y, sample_weight)` on the device.
        index: (steps, rows of a step), the numbers of the rows.
        size: how many rows are real.
        first: the number of the first step in the pass.
        host: a function from a step's number in this part to its batch on the host.
    """

    def __init__(self, programs, mode, padded, arrays, index, size, first, host, steps=None):
        self.first, self.stop = first, first + (len(index) if steps is None else steps)
        self._programs, self._kind, self._one_by_one = programs, (mode, padded), False
        self._arguments: Any = arrays, index, np.int32(size), np.int32(first)
        self._host, self._generation = host, None

    def program(self, start, stop, one_by_one):
        if self._generation != self._programs.generation:
            self._find_program(stop - start < self.stop - self.first, one_by_one)
        numbers = [start - self.first] if self._one_by_one else [start - self.first, stop - self.first]
        return self._run, *map(np.int32, numbers), *self._arguments

    def _find_program(self, several_calls, one_by_one):
        programs = self._programs
        self._one_by_one = one_by_one and engines.current().recompiles
        self._run = (programs.single if self._one_by_one else programs.loop)(*self._kind)
        self._generation = programs.generation
        if several_calls:  # what they need is moved once
            self._arguments = optree.tree_map(engines.current().asarray, self._arguments)

    def batch(self, number):
        return self._host(number - self.first), None

    def release(self):
        self._arguments = None


class StepPart(Part):
    """One step on one batch, `valid` telling which of its rows are real, None for all."""

    def __init__(self, programs, mode, data, valid, first):
        self.first, self.stop = first, first + 1
        self._programs, self._mode, self._batch = programs, mode, (data, valid)

    def program(self, start, stop, one_by_one):
        return self._programs.step(self._mode), *self._batch, np.int32(start)

    def batch(self, number):
        return self._batch


def of_arrays(programs, mode, data, orders):
    """The parts of a pass over `MemoryData`, whose rows are taken in these orders, one after another.

    Returns: an iterator, and the number of steps.
    """
    plans, first = [], 0
    for order in orders:
        for rows, width, padded in _stretches(programs, mode, data, order):
            plans.append((rows, width, padded, first))
            first += -(-len(rows) // width)
    if data.fits():
        return (_whole(programs, mode, data, *plan) for plan in plans), first
    blocks = (block for plan in plans for block in _block_plans(data, *plan))
    make = lambda block: _block(programs, mode, data, *block)
    return Prefetcher(blocks, make, ahead=1), first


def _stretches(programs, mode, data, order):
    """The rows in this order: in one stretch, or the smaller last batch apart where it can't be padded."""
    width = data.batch_size
    whole = len(order) // width * width
    pads = whole != len(order) and programs.can_pad(mode, data.first())
    for rows in [order] if pads else [order[:whole], order[whole:]]:
        if len(rows):
            yield rows, width if pads else min(width, len(rows)), pads


def _whole(programs, mode, data, rows, width, padded, first):
    steps = -(-len(rows) // width)
    index = pad_rows(rows, steps * width).reshape(-1, width)
    batch = lambda i: data.rows(rows[i * width : (i + 1) * width])
    return LoopPart(programs, mode, padded, data.on_device(), index, len(rows), first, batch)


def _block_plans(data, rows, width, padded, first):
    """Rows in blocks of so many steps that a block is small."""
    steps = max(1, data.block_bytes // max(1, data.row_bytes * width))
    for start in range(0, len(rows), steps * width):
        yield rows[start : start + steps * width], width, padded, first + start // width, steps


def _block(programs, mode, data, rows, width, padded, first, steps):
    """One block, filled up to the size of the others so that one program serves."""
    arrays = optree.tree_map(engines.current().asarray, data.rows(pad_rows(rows, steps * width)))
    index = np.arange(steps * width, dtype="int32").reshape(-1, width)
    batch = lambda i: data.rows(rows[i * width : (i + 1) * width])
    return LoopPart(programs, mode, padded, arrays, index, len(rows), first, batch, -(-len(rows) // width))


def of_batches(programs, mode, batches, is_next_ready):
    """The parts of a pass over batches `(data, valid)` that come one after another.

    Args:
        is_next_ready: a function that says whether a batch waits for the next one, to be run with it by one compiled loop;
            None if each runs by itself.
    """
    first, waiting, error, batches = 0, None, None, iter(batches)
    while True:
        try:
            data, valid = next(batches)
        except StopIteration:
            break
        except BaseException as found:  # told after the steps on the batches before
            error = found
            break
        if waiting and (valid is not None or not waiting.takes(data)):
            yield (part := waiting.part(programs, mode, first))
            first, waiting = part.stop, None
        most = _fit_together(data) if is_next_ready else 1
        if most == 1:
            own = copied(data) if is_next_ready else data  # a compiled program may still read it when the next one is asked for
            yield StepPart(programs, mode, own, valid, first)
            first += 1
            continue
        waiting = waiting or _Waiting(data, most)
        waiting.add(data)
        if waiting.count == most or valid is not None or not is_next_ready():
            yield (part := waiting.part(programs, mode, first, valid))
            first, waiting = part.stop, None
    if waiting:
        yield waiting.part(programs, mode, first)
    if error is not None:
        raise error


def _form(data):
    leaves, structure = optree.tree_flatten(data)
    return structure, [(static_shape(x), x.dtype) for x in leaves]


def _fit_together(data):
    """How many batches like this one go at a time: always as many, so that one program serves."""
    size = sum(x.nbytes for x in optree.tree_leaves(data))
    return max(1, min(TOGETHER, _BYTES_TOGETHER // max(1, size)))


def fit_together(batches):
    """Whether as many batches as go at a time are there, all of one form."""
    if len(batches) != _fit_together(batches[0]) or len(batches) < 2:
        return False
    form = _form(batches[0])
    return all(_form(x) == form for x in batches[1:])


class _Waiting:
    """Batches of one form that wait for each other, copied: who gives them may fill the same memory again.

    Args:
        data: the first of them.
        most: how many there is room for.
    """

    def __init__(self, data, most):
        self.form, self.most, self.count = _form(data), most, 0
        self.width = len(optree.tree_leaves(data)[0])
        self.arrays = optree.tree_map(lambda x: np.zeros((most * self.width, *x.shape[1:]), x.dtype), data)

    def takes(self, data):
        """Whether a batch is of this form."""
        return _form(data) == self.form

    def add(self, data):
        """Take a batch in."""
        rows = self._rows(self.count)
        for whole, x in zip(optree.tree_leaves(self.arrays), optree.tree_leaves(data)):
            whole[rows] = x
        self.count += 1

    def _rows(self, i):
        return slice(i * self.width, (i + 1) * self.width)

    def part(self, programs, mode, first, valid=None):
        """The steps on these batches."""
        index = np.arange(self.most * self.width, dtype="int32").reshape(-1, self.width)
        real = self.count * self.width if valid is None else int(valid.sum())
        batch = lambda i: optree.tree_map(lambda x: x[self._rows(i)], self.arrays)
        return LoopPart(programs, mode, valid is not None, self.arrays, index, real, first, batch, self.count)
