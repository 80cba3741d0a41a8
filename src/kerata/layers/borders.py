"""Layers that add to the spatial axes at their ends, cut them off, or stretch them."""

from collections.abc import Sequence
from typing import Any, SupportsIndex

from kerata import ops
from kerata.core.fields import Field, dataclass, field
from kerata.core.types import Tree
from kerata.layers.arguments import DataFormat, OneOf, PerAxis, PositiveInt, Ranked
from kerata.ops.image import INTERPOLATIONS, resize
from kerata.ops.lengths import lengths_of


class Pairs(Field[SupportsIndex | Sequence[SupportsIndex | Sequence[SupportsIndex]], tuple[Any, ...]]):
    """A pair (before, after) for each spatial axis, from one integer, one for each axis, or the pairs themselves.

    Where there is one axis it is the pair.
    """

    def convert(self, value, name, owner):
        """Raises: ValueError for another count, and for negative numbers."""
        rank = owner.rank
        parts = value if isinstance(value, (list, tuple)) else [value] * rank
        if rank == 1 and len(parts) == 2:
            parts = [parts]
        found = [tuple(p) if isinstance(p, (list, tuple)) else (p, p) for p in parts]
        if len(found) != rank or any(len(p) != 2 or not all(_is_count(n) for n in p) for p in found):
            each = "or a pair (before, after)" if rank == 1 else f"{rank} of them, or {rank} pairs (before, after)"
            raise ValueError(f"{type(owner).__name__}: {name} must be a non-negative integer, {each}; {value!r} came.")
        pairs = tuple((int(before), int(after)) for before, after in found)
        return pairs[0] if rank == 1 else pairs


def _is_count(n):
    return hasattr(n, "__index__") and not isinstance(n, bool) and int(n) >= 0


class Spatial(Ranked):
    """Layers that change the lengths of the spatial axes."""

    built_by_call = True

    data_format: Any

    def _first_axis(self):
        return 1 if self.data_format == "channels_last" else 2

    def _each_axis(self, argument):
        return (argument,) if self.rank == 1 else argument


@dataclass
class ZeroPadding(Spatial):
    """Zeros added at both ends of each spatial axis.

    Args:
        padding: how many, one number; one for each spatial axis; or a pair (before, after) for each.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> kerata.layers.ZeroPadding2D(((1, 0), (2, 2)))(np.ones((1, 4, 4, 3))).shape
    (1, 5, 8, 3)
    """

    padding: Pairs = Pairs(1)
    data_format: DataFormat = DataFormat(None)

    def call(self, inputs: Tree) -> Any:
        """The inputs with zeros around."""
        widths = [(0, 0)] * (self.rank + 2)
        first = self._first_axis()
        widths[first : first + self.rank] = self._each_axis(self.padding)
        return ops.pad(inputs, widths)


@dataclass
class ZeroPadding1D(ZeroPadding):
    rank = 1


@dataclass
class ZeroPadding2D(ZeroPadding):
    rank = 2
    padding: Pairs = Pairs((1, 1))


@dataclass
class ZeroPadding3D(ZeroPadding):
    rank = 3
    padding: Pairs = Pairs(((1, 1), (1, 1), (1, 1)))


@dataclass
class Cropping(Spatial):
    """Elements taken away at both ends of each spatial axis.

    Args:
        cropping: how many, one number; one for each spatial axis; or a pair (before, after) for each.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None. Sequences have channels last.

    Raises: ValueError if nothing would be left.

    >>> import kerata, numpy as np
    >>> kerata.layers.Cropping1D((1, 2))(np.ones((1, 7, 3))).shape
    (1, 4, 3)
    """

    cropping: Pairs
    data_format: DataFormat = DataFormat(None)

    def call(self, inputs: Tree) -> Any:
        """The middle of the inputs."""
        key = [slice(None)] * (self.rank + 2)
        for axis, (before, after) in enumerate(self._each_axis(self.cropping), self._first_axis()):
            length = inputs.shape[axis]
            if length is not None and before + after >= length:
                raise ValueError(
                    f"{type(self).__name__}: cropping {before} + {after} leaves nothing of axis {axis}, of length {length}."
                )
            key[axis] = slice(before, -after or None)
        return ops.get_item(inputs, tuple(key))


@dataclass
class Cropping1D(Cropping):
    rank = 1
    cropping: Pairs = Pairs((1, 1))
    data_format: str = field(init=False)


@dataclass
class Cropping2D(Cropping):
    rank = 2
    cropping: Pairs = Pairs(((0, 0), (0, 0)))


@dataclass
class Cropping3D(Cropping):
    rank = 3
    cropping: Pairs = Pairs(((1, 1), (1, 1), (1, 1)))


@dataclass
class UpSampling(Spatial):
    """Each element repeated along the spatial axes; images may be interpolated instead.

    Args:
        size: how often, one number or one for each spatial axis.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None. Sequences have channels last.
        interpolation: of images: "nearest" (repeats), "bilinear", "bicubic", "lanczos3" or "lanczos5".

    >>> import kerata, numpy as np
    >>> kerata.layers.UpSampling2D((2, 3))(np.ones((1, 4, 4, 3))).shape
    (1, 8, 12, 3)
    """

    size: PerAxis = PerAxis(2)
    data_format: DataFormat = DataFormat(None)

    def call(self, inputs: Tree) -> Any:
        """The repeated inputs."""
        for axis, times in enumerate(self._each_axis(self.size), self._first_axis()):
            if times > 1:
                inputs = ops.repeat(inputs, times, axis=axis)
        return inputs


@dataclass
class UpSampling1D(UpSampling):
    rank = 1
    size: PositiveInt = PositiveInt(2)  # type: ignore[assignment]  # no tuple here, as in Keras
    data_format: str = field(init=False)


@dataclass
class UpSampling2D(UpSampling):
    rank = 2
    interpolation: OneOf = OneOf("nearest", *INTERPOLATIONS)

    def call(self, inputs: Tree) -> Any:
        """The repeated or interpolated inputs."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = self._first_axis()
        _, *lengths = lengths_of(inputs, first, first + 1)
        size = [None if n is None else n * times for n, times in zip(lengths, self.size)]
        return resize(inputs, size, self.interpolation, data_format=self.data_format)


@dataclass
class UpSampling3D(UpSampling):
    rank = 3
