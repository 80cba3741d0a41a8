"""Stateful functions compiled by `jit`, and the way in which their variables' values reach them.

A call of a compiled program costs about half a microsecond for each array that goes in and comes out, and a small network
has dozens: weights, an optimizer's slots, metrics. Those of few 32-bit numbers go together in one array of words, which is
taken apart inside the program, bit by bit the same.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from kerata.engines.lifting import listing
from kerata.engines.state import SharedStorage

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
        self.words = self._host = None

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
        self.words, self._host = words, None
        if not self.is_whole:  # a trace read a variable's value outside of the program
            self._point_here()

    def part(self):
        for v in self.variables:
            if v.is_in(self):
                v.stored = self.numpy(v)

    def numpy(self, variable):
        if self._host is None:
            self._host = self._read()
        start, end = self._places[id(variable)]
        return self._host[start:end].copy().view(variable.dtype).reshape(variable.shape)

    def _read(self):
        """The words on the host; a program that is about to end is looked for, which takes less time than to be woken."""
        for _ in range(_LOOKS):
            if self.words.is_ready():
                break
        return np.asarray(self.words)

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


class CompiledFunction:
    """A stateful function, compiled with the variables that it touches as arguments and results.

    Args:
        pure: a function from a list of variables to `(values, *args) -> (result, new)`, where `new` is a list of all
            variables' values afterwards, or a dict of those that were assigned by their place in the list.
        variables: those that are touched, as far as known.
        donate: whether the memory of values that are not packed may be used for the new ones.
    """

    def __init__(self, pure, variables, donate):
        self.pure, self.variables, self.donate = pure, list(variables), donate
        self.known = -1

    def __call__(self, *args):
        return listing(self.variables, lambda: self._run(args))

    def _run(self, args):
        if self.known != len(self.variables):
            self._build()
        packed = self.packed
        if packed is not None and not packed.is_whole:
            if packed.shapes != [v.shape for v in packed.variables]:
                self._build()
                packed = self.packed
            for v in packed.variables:  # some may have been made while another engine was in force, or have been moved
                if v.engine_name != "jax":
                    v.to_engine("jax")
            packed.gather()
        for v in self.large:
            if v.engine_name != "jax":
                v.to_engine("jax")
        result, words, others = self.jitted(packed and packed.words, [v.stored for v in self.large], *args)
        if words is not None:
            packed.keep(words)
        for i, value in others.items():
            self.variables[i].stored = value
        return result

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
        self.packed = packed = Packed([self.variables[i] for i in small]) if small else None
        pure = self.pure(self.variables)

        def whole(words, others, *args):
            values = dict(zip(small, packed.values(words))) if packed else {}
            values.update(zip(places, others))
            result, new = pure([values[i] for i in range(len(values))], *args)
            new = dict(enumerate(new)) if isinstance(new, list) else new
            changed = inside.intersection(new)
            words = packed.joined([new.get(i, values[i]) for i in small]) if changed else None
            return result, words, {i: value for i, value in new.items() if i not in inside}

        self.jitted = jax.jit(whole, donate_argnums=(1,) if self.donate else ())
