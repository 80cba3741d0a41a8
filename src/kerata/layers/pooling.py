"""Pooling: the largest, smallest or mean element of windows, of the whole input, or of so many parts of it."""

from typing import Any, ClassVar

from kerata import ops
from kerata.core.fields import Field, dataclass
from kerata.core.types import TensorLike, Tree
from kerata.layers.arguments import DataFormat, Integers, PerAxis, Ranked, per_axis
from kerata.ops.pooling import adaptive_average_pool, adaptive_max_pool, average_pool, max_pool, min_pool


class Strides(Field[Integers | None, tuple[int, ...]]):
    """The steps of a window along each spatial axis; its lengths if None."""

    def convert(self, value, name, owner):
        """Raises: ValueError for another count, and for what is no positive integer."""
        return owner.pool_size if value is None else per_axis(value, owner.rank, name, owner)


class Padding(Field[str, str]):
    """What is done at the borders: "valid" for nothing, "same" for as much as gives `ceil(length / stride)` outputs."""

    def convert(self, value, name, owner):
        found = str(value).lower()
        if found not in ("valid", "same"):
            raise ValueError(f"{type(owner).__name__}: {name} must be 'valid' or 'same'; {value!r} came.")
        return found


@dataclass(after={"name": "data_format"})
class Pooling(Ranked):
    """Windows of the input, each reduced to one element."""

    pool: ClassVar[Any]  # the op
    pool_mode: ClassVar[str]  # its name

    pool_size: PerAxis
    strides: Strides = Strides(None)
    padding: Padding = Padding("valid")
    data_format: DataFormat = DataFormat(None)

    def call(self, inputs: Tree) -> Any:
        """The pooled windows."""
        return type(self).pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


@dataclass
class GlobalPooling(Ranked):
    """All places of the input reduced to one element a channel."""

    reduce: ClassVar[Any]  # the op

    data_format: DataFormat = DataFormat(None)
    keepdims: bool = False

    def _axes(self):
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def call(self, inputs: Tree) -> Any:
        """One element a channel."""
        return type(self).reduce(inputs, axis=self._axes(), keepdims=self.keepdims)


@dataclass
class AdaptivePooling(Ranked):
    """Pooling with windows chosen so that the output has a given size."""

    built_by_call = True

    pool: ClassVar[Any]  # the op

    output_size: PerAxis
    data_format: DataFormat = DataFormat(None)

    def call(self, inputs: Tree) -> Any:
        """The pooled windows."""
        return type(self).pool(inputs, self.output_size, self.data_format)


@dataclass
class MaxPooling(Pooling):
    """The largest element of each window.

    Shapes: (batch, *spatial, channels) -> (batch, *output, channels), or with channels second.

    Args:
        pool_size: the window's length, one number or one for each spatial axis.
        strides: the step of the window; the window's length if None.
        padding: "valid" for none, "same" for as much as gives `ceil(length / stride)` outputs.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Raises: ValueError if the window does not fit the input.

    >>> import kerata, numpy as np
    >>> kerata.layers.MaxPooling2D(2)(np.ones((2, 9, 9, 3))).shape
    (2, 4, 4, 3)
    """

    pool, pool_mode = staticmethod(max_pool), "max"

    pool_size: PerAxis = PerAxis(2)


@dataclass
class MaxPooling1D(MaxPooling):
    rank = 1


@dataclass
class MaxPooling2D(MaxPooling):
    rank = 2


@dataclass
class MaxPooling3D(MaxPooling):
    rank = 3


@dataclass
class MinPooling(Pooling):
    """The smallest element of each window.

    Shapes: (batch, *spatial, channels) -> (batch, *output, channels), or with channels second.

    Args:
        pool_size: the window's length, one number or one for each spatial axis.
        strides: the step of the window; the window's length if None.
        padding: "valid" for none, "same" for as much as gives `ceil(length / stride)` outputs.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Raises: ValueError if the window does not fit the input.

    >>> import kerata, numpy as np
    >>> kerata.layers.MinPooling1D(3, strides=1)(np.ones((2, 9, 3))).shape
    (2, 7, 3)
    """

    pool, pool_mode = staticmethod(min_pool), "min"

    pool_size: PerAxis = PerAxis(2)


@dataclass
class MinPooling1D(MinPooling):
    rank = 1


@dataclass
class MinPooling2D(MinPooling):
    rank = 2


@dataclass
class MinPooling3D(MinPooling):
    rank = 3


@dataclass
class AveragePooling(Pooling):
    """The mean of each window; places outside the input are not counted.

    Shapes: (batch, *spatial, channels) -> (batch, *output, channels), or with channels second.

    Args:
        pool_size: the window's length, one number or one for each spatial axis.
        strides: the step of the window; the window's length if None.
        padding: "valid" for none, "same" for as much as gives `ceil(length / stride)` outputs.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Raises: ValueError if the window does not fit the input.

    >>> import kerata, numpy as np
    >>> kerata.layers.AveragePooling2D(2, padding="same")(np.ones((2, 9, 9, 3))).shape
    (2, 5, 5, 3)
    """

    pool, pool_mode = staticmethod(average_pool), "average"


@dataclass
class AveragePooling1D(AveragePooling):
    rank = 1


@dataclass
class AveragePooling2D(AveragePooling):
    rank = 2


@dataclass
class AveragePooling3D(AveragePooling):
    rank = 3


@dataclass
class GlobalMaxPooling(GlobalPooling):
    """The largest element of each channel.

    Shapes: (batch, *spatial, channels) -> (batch, channels), or with channels second.

    Args:
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        keepdims: whether the spatial axes stay, with length one.

    >>> import kerata, numpy as np
    >>> kerata.layers.GlobalMaxPooling2D()(np.ones((2, 9, 9, 3))).shape
    (2, 3)
    """

    reduce = staticmethod(ops.max)


@dataclass
class GlobalMaxPooling1D(GlobalMaxPooling):
    rank = 1


@dataclass
class GlobalMaxPooling2D(GlobalMaxPooling):
    rank = 2


@dataclass
class GlobalMaxPooling3D(GlobalMaxPooling):
    rank = 3


@dataclass
class GlobalMinPooling(GlobalPooling):
    """The smallest element of each channel.

    Shapes: (batch, *spatial, channels) -> (batch, channels), or with channels second.

    Args:
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        keepdims: whether the spatial axes stay, with length one.

    >>> import kerata, numpy as np
    >>> kerata.layers.GlobalMinPooling2D()(np.ones((2, 9, 9, 3))).shape
    (2, 3)
    """

    reduce = staticmethod(ops.min)


@dataclass
class GlobalMinPooling1D(GlobalMinPooling):
    rank = 1


@dataclass
class GlobalMinPooling2D(GlobalMinPooling):
    rank = 2


@dataclass
class GlobalMinPooling3D(GlobalMinPooling):
    rank = 3


@dataclass
class GlobalAveragePooling(GlobalPooling):
    """The mean of each channel; of a sequence, over the steps that the mask lets count.

    Shapes: (batch, *spatial, channels) -> (batch, channels), or with channels second.

    Args:
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        keepdims: whether the spatial axes stay, with length one.

    >>> import kerata, numpy as np
    >>> kerata.layers.GlobalAveragePooling2D(keepdims=True)(np.ones((2, 9, 9, 3))).shape
    (2, 1, 1, 3)
    """

    reduce = staticmethod(ops.mean)


@dataclass
class GlobalAveragePooling1D(GlobalAveragePooling):
    rank = 1
    supports_masking = True

    def call(self, inputs: Tree, mask: TensorLike | None = None) -> Any:
        """The mean over the steps."""
        if mask is None:
            return super().call(inputs)
        axis = self._axes()[0]
        weights = ops.expand_dims(ops.cast(mask, ops.dtype(inputs)), 3 - axis)
        total = ops.sum(inputs * weights, axis, self.keepdims)
        return ops.divide(total, ops.sum(weights, axis, self.keepdims))

    def compute_mask(self, inputs: Tree, mask: TensorLike | None = None) -> None:
        """None: there are no steps any more."""


@dataclass
class GlobalAveragePooling2D(GlobalAveragePooling):
    rank = 2


@dataclass
class GlobalAveragePooling3D(GlobalAveragePooling):
    rank = 3


@dataclass
class AdaptiveAveragePooling(AdaptivePooling):
    """The means of so many windows.

    Window i covers the places from `floor(i * n / size)` up to `ceil((i + 1) * n / size)`, the end left out.

    Shapes: (batch, *spatial, channels) -> (batch, *output_size, channels), or with channels second.

    Args:
        output_size: the output's length, one number or one for each spatial axis.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> kerata.layers.AdaptiveAveragePooling2D(4)(np.ones((2, 9, 9, 3))).shape
    (2, 4, 4, 3)
    """

    pool = staticmethod(adaptive_average_pool)


@dataclass
class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    rank = 1


@dataclass
class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    rank = 2


@dataclass
class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    rank = 3


@dataclass
class AdaptiveMaxPooling(AdaptivePooling):
    """The maxima of so many windows.

    Window i covers the places from `floor(i * n / size)` up to `ceil((i + 1) * n / size)`, the end left out.

    Shapes: (batch, *spatial, channels) -> (batch, *output_size, channels), or with channels second.

    Args:
        output_size: the output's length, one number or one for each spatial axis.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> kerata.layers.AdaptiveMaxPooling1D(4)(np.ones((2, 9, 3))).shape
    (2, 4, 3)
    """

    pool = staticmethod(adaptive_max_pool)


@dataclass
class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    rank = 1


@dataclass
class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    rank = 2


@dataclass
class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D
