"""Layers that make one tensor of several."""

import functools
import string
from collections.abc import Sequence
from typing import Any, ClassVar

from kerata import ops
from kerata.core.arrays import dtype_of, static_shape
from kerata.core.fields import Field, dataclass
from kerata.core.types import Shape, TensorLike, Tree
from kerata.engines.shapes import broadcast_shapes, normalize_axis
from kerata.layers.layer import Layer


def _shapes_text(shapes):
    return ", ".join(str(tuple(s)) for s in shapes)


def _is_list_of_shapes(shapes):
    return isinstance(shapes, (list, tuple)) and all(isinstance(s, (list, tuple)) for s in shapes)


@dataclass
class Merge(Layer):
    """Elementwise, over a list of tensors that can be broadcast together.

    A tensor with fewer axes than another gets axes of length one after its batch axis. The result's mask is where one of
    the inputs counts, and none if one of them has no mask.

    Raises: ValueError if the input is no list, or the shapes do not fit.
    """

    supports_masking = True
    count: ClassVar[int | None] = None  # how many inputs there must be
    merge: ClassVar[Any]  # the op of two inputs

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that the shapes fit."""
        self._check_list(input_shape)
        try:
            broadcast_shapes(*[self._widened(s, max(map(len, input_shape))) for s in input_shape])
        except ValueError:
            raise ValueError(
                f"{type(self).__name__}: inputs of shapes {_shapes_text(input_shape)} can't be merged element by element."
            ) from None

    def _check_list(self, shapes):
        wanted = f"{self.count} tensors" if self.count else "tensors"
        if not _is_list_of_shapes(shapes) or not shapes:
            raise ValueError(f"{type(self).__name__} is called on a list of {wanted}; one of shape {tuple(shapes)} came.")
        if self.count and len(shapes) != self.count:
            raise ValueError(
                f"{type(self).__name__} is called on a list of {wanted}; {len(shapes)} came, of shapes {_shapes_text(shapes)}."
            )

    def _masks(self, inputs, mask):
        """The masks of the inputs, as a list; empty if there are none.

        Raises: ValueError for what is no list of one for each of the inputs.
        """
        if mask is None:
            return []
        if not isinstance(mask, (list, tuple)) or not isinstance(inputs, (list, tuple)) or len(mask) != len(inputs):
            raise ValueError(
                f"{type(self).__name__}.compute_mask takes a list of tensors, and one of as many masks or None; "
                f"{_count(inputs)} and {_count(mask)} came."
            )
        return list(mask)

    @staticmethod
    def _widened(shape, rank):
        return (*shape[:1], *[1] * (rank - len(shape)), *shape[1:])

    def _aligned(self, inputs):
        """The inputs with equally many axes."""
        if not isinstance(inputs, (list, tuple)):  # a tensor's rows, to which a layer that is built would come
            self._check_list(tuple(inputs.shape))
        rank = max(len(x.shape) for x in inputs)
        return [x if len(x.shape) == rank else ops.expand_dims(x, tuple(range(1, 1 + rank - len(x.shape)))) for x in inputs]

    def call(self, inputs: Tree) -> Any:
        """The merged inputs."""
        return self._merged(self._aligned(inputs))

    def _merged(self, inputs):
        return functools.reduce(type(self).merge, inputs)

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """Where one of the inputs counts; None if one of them has no mask."""
        masks = self._masks(inputs, mask)
        return None if any(m is None for m in masks) or not masks else functools.reduce(ops.logical_or, masks)


@dataclass
class Add(Merge):
    """The sum of a list of tensors.

    >>> import kerata, numpy as np
    >>> kerata.layers.Add()([np.array([1.0]), np.array([2.0])]).tolist()
    [3.0]
    """

    merge = staticmethod(ops.add)


@dataclass
class Subtract(Merge):
    """The first of two tensors minus the second.

    >>> import kerata, numpy as np
    >>> kerata.layers.Subtract()([np.array([3.0]), np.array([1.0])]).tolist()
    [2.0]
    """

    merge = staticmethod(ops.subtract)
    count = 2


@dataclass
class Multiply(Merge):
    """The product of a list of tensors; where an input is masked, it is left out, and where all are, the product is 0.

    >>> import kerata, numpy as np
    >>> kerata.layers.Multiply()([np.array([3.0]), np.array([2.0])]).tolist()
    [6.0]
    """

    merge = staticmethod(ops.multiply)

    def call(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """The product."""
        if mask is None or all(m is None for m in mask):
            return self._merged(self._aligned(inputs))
        counts = [None if m is None else _stretched(m, x) for m, x in zip(mask, inputs)]
        product = self._merged(self._aligned([x if c is None else ops.where(c, x, 1.0) for x, c in zip(inputs, counts)]))
        if None in [c if c is None else 0 for c in counts]:
            return product
        return product * ops.cast(functools.reduce(ops.logical_or, self._aligned(counts)), dtype_of(product))


@dataclass
class Average(Merge):
    """The mean of a list of tensors.

    >>> import kerata, numpy as np
    >>> kerata.layers.Average()([np.array([3.0]), np.array([1.0]), np.array([2.0])]).tolist()
    [2.0]
    """

    merge = staticmethod(ops.add)

    def _merged(self, inputs):
        return ops.divide(super()._merged(inputs), len(inputs))


@dataclass
class Maximum(Merge):
    """The larger element of each place of a list of tensors.

    >>> import kerata, numpy as np
    >>> kerata.layers.Maximum()([np.array([3.0, 1.0]), np.array([2.0, 2.0])]).tolist()
    [3.0, 2.0]
    """

    merge = staticmethod(ops.maximum)


@dataclass
class Minimum(Merge):
    """The smaller element of each place of a list of tensors.

    >>> import kerata, numpy as np
    >>> kerata.layers.Minimum()([np.array([3.0, 1.0]), np.array([2.0, 2.0])]).tolist()
    [2.0, 1.0]
    """

    merge = staticmethod(ops.minimum)


def _stretched(mask, x):
    """A mask with as many axes as `x`."""
    missing = len(x.shape) - len(mask.shape)
    return ops.expand_dims(mask, tuple(range(-missing, 0))) if missing else mask


@dataclass
class Concatenate(Merge):
    """Tensors joined along an axis.

    Args:
        axis: the axis, the last one by default.

    Raises: ValueError if the input is no list, or other axes differ.

    >>> import kerata, numpy as np
    >>> kerata.layers.Concatenate()([np.ones((2, 3)), np.ones((2, 4))]).shape
    (2, 7)
    """

    axis: int = -1

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that the shapes fit."""
        self._check_list(input_shape)
        ranks = {len(s) for s in input_shape}
        if len(ranks) == 1:
            axis = normalize_axis(self.axis, ranks.pop())
            rests = [[d for i, d in enumerate(s) if i != axis] for s in input_shape]
            if all(len({d for d in dims if d is not None}) <= 1 for dims in zip(*rests)):
                return
        raise ValueError(
            f"Concatenate(axis={self.axis}): all axes but that one must be equal; inputs of shapes "
            f"{_shapes_text(input_shape)} came."
        )

    def call(self, inputs: Tree) -> Any:
        """The joined inputs."""
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """The masks joined likewise; along the last axis, where one of the inputs counts."""
        masks = self._masks(inputs, mask)
        if all(m is None for m in masks):
            return None
        steps = []
        for x, m in zip(inputs, masks):
            shape = static_shape(x)[:-1]
            if m is None:
                steps.append(ops.ones(shape, "bool"))
            elif len(m.shape) == len(x.shape):
                steps.append(ops.any(m, axis=-1))
            else:
                steps.append(ops.broadcast_to(ops.squeeze(_stretched(m, x), -1), shape))
        rank = len(inputs[0].shape)
        axis = normalize_axis(self.axis, rank)
        return functools.reduce(ops.logical_or, steps) if axis == rank - 1 else ops.concatenate(steps, axis=axis)


class OneOrTwo(Field[int | Sequence[int], int | tuple[int, ...]]):
    """An integer, or a pair of them."""

    def convert(self, value, name, owner):
        pair = (value, value) if isinstance(value, int) else value
        if not isinstance(pair, (list, tuple)):
            raise TypeError(f"{type(owner).__name__}: {name} must be an integer or a pair of them; {value!r} came.")
        if len(pair) != 2 or not all(isinstance(n, int) for n in pair):
            raise ValueError(f"{type(owner).__name__}: {name} must be an integer or a pair of them; {value!r} came.")
        return value if isinstance(value, int) else tuple(value)


@dataclass
class Dot(Merge):
    """The products of two tensors, summed over an axis of each, for each element of the batch.

    Shapes: (batch, a, n), (batch, b, n) with axes=2 -> (batch, a, b); (batch, n), (batch, n) -> (batch, 1).

    Args:
        axes: the axis, or a pair of them, not the batch's.
        normalize: whether both are divided by their lengths along the axis first, for the cosine of their angle.

    Raises: ValueError if there are not two tensors, or their lengths along the axes differ.

    >>> import kerata, numpy as np
    >>> kerata.layers.Dot(axes=1)([np.ones((2, 3)), np.ones((2, 3))]).tolist()
    [[3.0], [3.0]]
    """

    count = 2

    axes: OneOrTwo
    normalize: bool = False

    def _both_axes(self, shapes):
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return [normalize_axis(axis, len(shape)) for axis, shape in zip(axes, shapes)]

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that the shapes fit."""
        self._check_list(input_shape)
        if any(len(s) < 2 for s in input_shape):
            raise ValueError(f"Dot: both inputs need a batch axis and another; shapes {_shapes_text(input_shape)} came.")
        axes = self._both_axes(input_shape)
        lengths = [shape[axis] for axis, shape in zip(axes, input_shape)]
        if 0 in axes:
            raise ValueError(f"Dot: axes {self.axes} name the batch axis; the products are summed over another one.")
        if None not in lengths and lengths[0] != lengths[1]:
            raise ValueError(
                f"Dot: axes {axes[0]} and {axes[1]} must have equal lengths; inputs of shapes {_shapes_text(input_shape)} came."
            )

    def call(self, inputs: Tree) -> Any:
        """The sums of products."""
        x1, x2 = inputs
        axis1, axis2 = self._both_axes([x1.shape, x2.shape])
        if self.normalize:
            x1, x2 = _unit(x1, axis1), _unit(x2, axis2)
        letters = iter(string.ascii_letters[2:])
        term1 = ["b" if i == 0 else "a" if i == axis1 else next(letters) for i in range(len(x1.shape))]
        term2 = ["b" if i == 0 else "a" if i == axis2 else next(letters) for i in range(len(x2.shape))]
        rest = [t for t in (*term1[1:], *term2[1:]) if t != "a"]
        y = ops.einsum(f"{''.join(term1)},{''.join(term2)}->b{''.join(rest)}", x1, x2)
        return y if rest else ops.expand_dims(y, 1)

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> None:
        """None."""


def _count(values):
    return f"{len(values)} of them" if isinstance(values, (list, tuple)) else type(values).__name__


def _unit(x, axis):
    """`x` divided by its length along an axis."""
    length = ops.sum(ops.square(x), axis, keepdims=True)
    return ops.divide(x, ops.sqrt(ops.maximum(length, 1e-12)))


def _function(cls, doc, result):
    """The function of a class, with what its doc string's example gives."""

    def merge(inputs, **kwargs):
        return cls(**kwargs)(inputs)

    merge.__name__ = merge.__qualname__ = cls.__name__.lower()
    merge.__doc__ = f"""{doc}: `{cls.__name__}` as a function.

    >>> import numpy as np
    >>> {merge.__name__}([np.array([1.0, 6.0]), np.array([3.0, 2.0])]).tolist()
    {result}
    """
    return merge


add = _function(Add, "The sum of a list of tensors", [4.0, 8.0])
subtract = _function(Subtract, "The first of two tensors minus the second", [-2.0, 4.0])
multiply = _function(Multiply, "The product of a list of tensors", [3.0, 12.0])
average = _function(Average, "The mean of a list of tensors", [2.0, 4.0])
maximum = _function(Maximum, "The larger elements of a list of tensors", [3.0, 6.0])
minimum = _function(Minimum, "The smaller elements of a list of tensors", [1.0, 2.0])


def concatenate(inputs: Tree, axis: int = -1, **kwargs: Any) -> Any:
    """Tensors joined along an axis: `Concatenate` as a function.

    Args:
        inputs: a list of tensors.
        axis: the axis, the last one by default.

    >>> import numpy as np
    >>> concatenate([np.ones((2, 3)), np.ones((2, 4))]).shape
    (2, 7)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Tree, axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """The products of two tensors summed over an axis: `Dot` as a function.

    Args:
        inputs: two tensors.
        axes: the axis, or a pair of them, not the batch's.

    >>> import numpy as np
    >>> dot([np.ones((2, 3)), np.ones((2, 3))]).tolist()
    [[3.0], [3.0]]
    """
    return Dot(axes=axes, **kwargs)(inputs)
