"""One batch of `predict`: few compilations whatever the sizes asked for, and little between the call and the answer."""

import numpy as np
import optree

from kerata import engines
from kerata.training.data import pad_rows


class Predictor:
    """Runs a model's `predict_step`.

    Batches are padded to the next power of two, and the padding is cut off the outputs, so that a program which asks for
    many sizes compiles a few; see `padding`.

    Args:
        compilation: what the model was compiled for.
    """

    def __init__(self, compilation):
        self.compilation, self.programs = compilation, compilation.programs

    def one(self, x):
        """The outputs for one batch in NumPy arrays, as NumPy arrays."""
        return self.finish(*self.start(x))

    def start(self, x):
        """Begin with a batch in NumPy arrays: what `finish` takes."""
        model, programs = self.compilation.model, self.programs
        if not model.built:
            self.compilation.build_for((x, None, None))
        if not programs.is_current:
            programs.watch()
        rows = len(optree.tree_leaves(x)[0])
        width = self._width(rows, x)
        if width != rows:
            x = optree.tree_map(lambda a: pad_rows(a, width), x)
        with programs.executing():
            outputs = programs.predict()(self._as_data(x))
        return outputs, rows, width

    def together(self, xs):
        """The outputs for several batches of one size, on the host, from one call of a compiled program."""
        programs = self.programs
        with programs.executing():
            outputs = programs.predict_together()(self._as_data(optree.tree_map(lambda *parts: np.stack(parts), *xs)))
        whole = self.finish(outputs, len(xs), len(xs))
        return [optree.tree_map(lambda a: a[i], whole) for i in range(len(xs))]

    def _as_data(self, x):
        """What `predict_step` is given; several inputs in a tuple, so that they are not taken for targets."""
        return x if self.compilation.overrides("predict_step") or not isinstance(x, (list, tuple)) else (x,)

    def finish(self, outputs, rows, width):
        """The outputs of a batch that was begun with, on the host.

        Raises: ValueError for what the step found wrong.
        """
        finding = self.programs.findings.first()
        if finding is not None:
            self.programs.findings.clear()
            raise ValueError(f"{finding.message}\nThis was found in predict().")
        to_numpy = engines.current().to_numpy
        if hasattr(outputs, "shape"):
            host = to_numpy(outputs)
            return host if width == rows else host[:rows]
        return optree.tree_map(lambda a: to_numpy(a) if width == rows else to_numpy(a)[:rows], outputs)

    def _width(self, rows, x):
        """The number of rows at which a batch runs: the next power of two, where rows added are proven to change nothing."""
        width = 1 << (rows - 1).bit_length()
        return width if width == rows or self.programs.can_pad("predict", (x, None, None)) else rows
