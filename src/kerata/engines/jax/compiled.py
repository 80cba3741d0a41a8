"""Stateful functions compiled by `jit`, and the way in which their variables' values reach them.

A call of a compiled program costs about half a microsecond for each array that goes in and comes out, and a small network
has dozens: weights, an optimizer's slots, metrics. Those of few 32-bit numbers go together in one array of words, which is
taken apart inside the program, bit by bit the same.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from kerata.engines.lifting import Listing
from kerata.engines.state import SharedStorage, closed_scope, storage_lock

_WORDS = ("float32", "int32", "uint32")
_LOOKS = 400  # about 0.2 ms
_SMALL, _MOST = 1 << 11, 1 << 15  # numbers of one variable, and of all: few enough to be read at once


class Packed(SharedStorage):
    """Values of variables in one array of words on the device.

    Args:
        variables: the variables, of `_WORDS`.
    """

    def __init__(self, variables):
        self.variables = variables
        self.shapes = [v.shape for v in variables]
        ends = np.cumsum([math.prod(shape) for shape in self.shapes]).tolist()
        self._places = {id(v): (end - math.prod(v.shape), end) for v, end in zip(variables, ends)}
        self._now: list = [None, None]  # the words, and what was read of them: replaced as a whole, since others may read

    @property
    def words(self):
        """The words on the device."""
        return self._now[0]

    def gather(self):
        """Take the variables' values in, wherever they are now."""
        host = [np.asarray(v.on_host(), v.dtype).reshape(-1).view("uint32") for v in self.variables]
        self.keep(jnp.asarray(np.concatenate(host)))
        self._point_here()

    def _point_here(self):
        for v in self.variables:
            v.stored = self
        self.is_whole = True

    def keep(self, words):
        """Take the words that a program returned: the variables' values from here on."""
        self._now = [words, None]
        if not self.is_whole:  # a trace read a variable's value outside of the program
            self._point_here()

    def part(self):
        for v in self.variables:
            if v.is_in(self):
                v.stored = self.numpy(v)

    def numpy(self, variable):
        now = self._now
        if now[1] is None:
            now[1] = _read(now[0])
        start, end = self._places[id(variable)]
        return now[1][start:end].copy().view(variable.dtype).reshape(variable.shape)

    # Inside a program

    def values(self, words):
        """The variables' values."""
        parts = [words[slice(*self._places[id(v)])] for v in self.variables]
        return [
            (x if v.dtype == "uint32" else lax.bitcast_convert_type(x, v.dtype)).reshape(shape)
            for v, x, shape in zip(self.variables, parts, self.shapes)
        ]

    @staticmethod
    def joined(values):
        """Values as words."""
        words = [x if x.dtype == "uint32" else lax.bitcast_convert_type(x, "uint32") for x in values]
        return jnp.concatenate([x.reshape(-1) for x in words])


def _read(words):
    """Words on the host; a program that is about to end is looked for, which takes less time than to be woken."""
    for _ in range(_LOOKS):
        if words.is_ready():
            break
    return np.asarray(words)


class CompiledFunction:
    """A stateful function, compiled with the variables that it touches as arguments and results.

    Args:
        fn: the function.
        variables: those that it touches, as far as known.
        loop: whether a call `(start, stop, *args)` runs `fn(i, *args)` for each `i` from `start` to `stop`.
        donate: whether the memory of values that are not packed may be used for the new ones.
    """

    def __init__(self, fn, variables, loop=False, donate=False):
        self.fn, self.variables, self.loop, self.donate = fn, list(variables), loop, donate
        self.known = -1

    def __call__(self, *args):
        with storage_lock:
            for attempt in Listing(self.variables):
                with attempt:
                    if self.known != len(self.variables):
                        self._build()
                    words, others = self._values()
                    result, words, others = self.jitted(words, others, *args)
            if words is not None:
                self.packed.keep(words)
            for i, value in others.items():
                self.variables[i].stored = value
        return result

    def _values(self):
        """What the program is given for the variables."""
        packed = self.packed
        if packed is not None and not packed.is_whole:
            if packed.shapes != [v.shape for v in packed.variables]:
                self._build()
                packed = self.packed
            for v in packed.variables:  # some may have been made while another engine was in force, or have been moved
                v.to_engine("jax")
            packed.gather()
        for v in self.large:
            if v.engine_name != "jax":
                v.to_engine("jax")
        return packed and packed.words, [v.stored for v in self.large]

    def _build(self):
        self.known = len(self.variables)
        small, room = [], _MOST
        for i, v in enumerate(self.variables):
            size = math.prod(v.shape)
            if v.dtype in _WORDS and size <= min(_SMALL, room):
                small.append(i)
                room -= size
        inside = set(small)
        places = [i for i in range(self.known) if i not in inside]
        self.large = [self.variables[i] for i in places]
        packed: Any = Packed([self.variables[i] for i in small]) if small else None
        self.packed = packed
        variables = self.variables

        def whole(words, others, *args):
            known = dict(zip(small, packed.values(words))) if packed else {}
            known.update(zip(places, others))
            values = [known[i] for i in range(len(known))]

            def body(i, values):
                with closed_scope(variables, values) as scope:
                    self.fn(i, *args[2:])
                return [scope.values[id(v)] for v in variables]

            if self.loop:
                result, new = None, dict(enumerate(lax.fori_loop(args[0], args[1], body, values)))
            else:
                with closed_scope(variables, values) as scope:
                    result = self.fn(*args)
                new = {i: scope.values[id(v)] for i, v in enumerate(variables) if self.donate or id(v) in scope.assigned}
            words = packed.joined([new.get(i, values[i]) for i in small]) if inside.intersection(new) else None
            return result, words, {i: value for i, value in new.items() if i not in inside}

        self.jitted = jax.jit(whole, donate_argnums=(1,) if self.donate else ())
