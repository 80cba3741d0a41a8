"""Convolutions with weights of their own at each place."""

import itertools
import math
from typing import Any

import numpy as np

from kerata import ops
from kerata.core.fields import Field, dataclass
from kerata.core.types import Shape, Tree
from kerata.layers.arguments import (
    Activation,
    Constraint,
    DataFormat,
    Initializer,
    PerAxis,
    PositiveInt,
    Regularizer,
    make_weight,
)
from kerata.layers.conv import Padding, Windowed


class Implementation(Field[int, int]):
    """1, 2 or 3."""

    def convert(self, value, name, owner):
        """Raises: ValueError for another number, and for padding "same" with 1, which has no place for it."""
        if value not in (1, 2, 3):
            raise ValueError(f"{type(owner).__name__}: {name} is 1, 2 or 3; {value!r} came.")
        if value == 1 and owner.padding == "same":
            raise ValueError(f'{type(owner).__name__}: padding="same" needs implementation=2 or 3; with 1 it is "valid".')
        return int(value)


@dataclass(after={"activity_regularizer": "bias_regularizer"})
class LocallyConnected(Windowed):
    """A convolution with another kernel, and another bias, at each place of the output.

    Shapes: (batch, *spatial, channels) -> (batch, *output, filters), or with channels second.

    Args:
        filters: the number of output channels.
        kernel_size: the window's length, one number or one for each spatial axis.
        strides: the step of the window.
        padding: "valid", or "same" with implementation 2 or 3.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied after each update.
        implementation: how the kernel is kept: 1, a matrix for each place, (places, window * channels, filters); 2, a tensor
            from each element of the input to each of the output, of which what is no connection counts for nothing; 3, a
            vector of the connections, in the order of the outputs and then of the inputs. The function is the same.

    Raises: ValueError if a length of the input is unknown: the weights are as many as it has places.
    """

    paddings = ("valid", "same")
    dilation_rate = 1

    filters: PositiveInt
    kernel_size: PerAxis
    strides: PerAxis = PerAxis(1)
    padding: Padding = Padding("valid")
    data_format: DataFormat = DataFormat(None)
    activation: Activation = Activation(None)
    use_bias: bool = True
    kernel_initializer: Initializer = Initializer("glorot_uniform")
    bias_initializer: Initializer = Initializer("zeros")
    kernel_regularizer: Regularizer = Regularizer(None)
    bias_regularizer: Regularizer = Regularizer(None)
    kernel_constraint: Constraint = Constraint(None)
    bias_constraint: Constraint = Constraint(None)
    implementation: Implementation = Implementation(1)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel and the bias (*output, filters)."""
        last = self.data_format == "channels_last"
        lengths = tuple(input_shape[1:-1] if last else input_shape[2:])
        channels = self._channels(input_shape)
        if None in lengths:
            raise ValueError(
                f"{type(self).__name__} needs to know the lengths of its input, since each place has weights of its own; the input "
                f"shape is {tuple(input_shape)}. Give it in full."
            )
        self._lengths = lengths
        self._windows = [_windows(*sizes, self.padding) for sizes in zip(lengths, self.kernel_size, self.strides, strict=True)]
        self._output = tuple(map(len, self._windows))
        if 0 in self._output:
            raise ValueError(f"{type(self).__name__}: the window {self.kernel_size} does not fit inputs of {lengths}.")
        ends: Any = ((*lengths, channels), (*self._output, self.filters))
        ends = ends if last else tuple((shape[-1], *shape[:-1]) for shape in ends)
        if self.implementation == 1:
            shape: Any = (math.prod(self._output), math.prod(self.kernel_size) * channels, self.filters)
        else:
            self._connections = _connections(self._windows, ends[0], ends[1], last)
            shape = (*ends[0], *ends[1]) if self.implementation == 2 else (len(self._connections),)
        self.kernel = make_weight(self, "kernel", shape)
        self.bias = make_weight(self, "bias", (*self._output, self.filters)) if self.use_bias else None

    def call(self, inputs: Tree) -> Any:
        y = self._by_places(inputs) if self.implementation == 1 else self._by_connections(inputs)
        last = self.data_format == "channels_last"
        y = y if last else ops.moveaxis(y, -1, 1)
        if self.bias is not None:  # with channels first its numbers lie in that order, although its shape is the same
            y = y + (self.bias if last else ops.reshape(self.bias, (self.filters, *self._output)))
        return self.activation(y)

    def _by_places(self, x):
        """(batch, *output, filters), from the patches (batch, places, window * channels)."""
        last = self.data_format == "channels_last"
        parts = []
        for offset in itertools.product(*map(range, self.kernel_size)):
            steps = zip(offset, self.strides, self._output, strict=True)
            cut = tuple(slice(at, at + stride * (count - 1) + 1, stride) for at, stride, count in steps)
            parts.append(x[(slice(None), *cut, slice(None)) if last else (slice(None), slice(None), *cut)])
        patches = ops.stack(
            parts, axis=-2 if last else 2
        )  # (batch, *output, window, channels), (batch, channels, window, *output)
        if not last:
            patches = ops.moveaxis(patches, (1, 2), (-2, -1))
        patches = ops.reshape(patches, (-1, self.kernel.shape[0], self.kernel.shape[1]))
        return ops.reshape(ops.einsum("bpi,pif->bpf", patches, self.kernel), (-1, *self._output, self.filters))

    def _by_connections(self, x):
        """(batch, *output, filters), from one matrix of all inputs and outputs."""
        size = (math.prod(x.shape[1:]), math.prod(self._output) * self.filters)
        if self.implementation == 2:
            mask = np.zeros(size, "float32")
            mask[self._connections[:, 1], self._connections[:, 0]] = 1.0
            matrix = ops.reshape(self.kernel, size) * ops.cast(mask, self.compute_dtype)
        else:
            matrix = ops.scatter(self._connections[:, ::-1], self.kernel, size)
        y = ops.matmul(ops.reshape(x, (-1, size[0])), matrix)
        if self.data_format == "channels_last":
            return ops.reshape(y, (-1, *self._output, self.filters))
        return ops.moveaxis(ops.reshape(y, (-1, self.filters, *self._output)), 1, -1)


def _windows(length, window, stride, padding):
    """The range of inputs that each output of an axis sees."""
    if padding == "valid":
        return [range(start, start + window) for start in range(0, length - window + 1, stride)]
    before = window // 2
    return [range(max(0, at - before), min(length, at - before + window)) for at in range(0, length, stride)]


def _connections(windows, ends_in, ends_out, last):
    """The pairs (output, input), as flat indices of both shapes, in order."""
    channels, filters = (ends_in[-1], ends_out[-1]) if last else (ends_in[0], ends_out[0])
    pairs = []
    for place in itertools.product(*[range(len(w)) for w in windows]):
        seen = list(itertools.product(*[w[i] for w, i in zip(windows, place)]))
        for f, at, c in itertools.product(range(filters), seen, range(channels)):
            to, of = ((*place, f), (*at, c)) if last else ((f, *place), (c, *at))
            pairs.append((np.ravel_multi_index(to, ends_out), np.ravel_multi_index(of, ends_in)))
    return np.array(sorted(pairs), "int32")


@dataclass
class LocallyConnected1D(LocallyConnected):
    """`LocallyConnected` with one spatial axis: (batch, length, channels) -> (batch, output, filters).

    >>> import numpy as np
    >>> LocallyConnected1D(4, 3)(np.ones((2, 5, 3))).shape
    (2, 3, 4)
    """


@dataclass
class LocallyConnected2D(LocallyConnected):
    """`LocallyConnected` with two spatial axes: (batch, height, width, channels) -> (batch, *output, filters).

    >>> import numpy as np
    >>> LocallyConnected2D(4, 3)(np.ones((2, 5, 6, 3))).shape
    (2, 3, 4, 4)
    """

    rank = 2
