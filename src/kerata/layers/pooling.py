"""Pooling: the largest, smallest or mean element of windows, of the whole input, or of so many parts of it."""

from kerata.core.config import standardize_data_format
from kerata.layers.arguments import Ranked, per_axis
from kerata.layers.input_spec import InputSpec
from kerata.ops import core, nn
from kerata.ops import numpy as knp


class Pooling(Ranked):
    """Windows of the input, each reduced to one element."""

    pool = None  # the op

    def __init__(self, pool_size, strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.pool_size = per_axis(pool_size, self.rank, "pool_size", self)
        self.strides = self.pool_size if strides is None else per_axis(strides, self.rank, "strides", self)
        self.padding = str(padding).lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(f"{type(self).__name__}: padding must be 'valid' or 'same'; {padding!r} came.")
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        """The pooled windows."""
        return type(self).pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class ExtremePooling(Pooling):
    """Pooling whose window has a default."""

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class GlobalPooling(Ranked):
    """All places of the input reduced to one element a channel."""

    reduce = None  # the op

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _axes(self):
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def call(self, inputs):
        """One element a channel."""
        return type(self).reduce(inputs, axis=self._axes(), keepdims=self.keepdims)


class AdaptivePooling(Ranked):
    """Pooling with windows chosen so that the output has a given size."""

    pool = None  # the op

    def __init__(self, output_size, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.output_size = per_axis(output_size, self.rank, "output_size", self)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        """The pooled windows."""
        return type(self).pool(inputs, self.output_size, self.data_format)


class MaxPooling(ExtremePooling):
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

    pool = staticmethod(nn.max_pool)


class MaxPooling1D(MaxPooling):
    rank = 1


class MaxPooling2D(MaxPooling):
    rank = 2


class MaxPooling3D(MaxPooling):
    rank = 3


class MinPooling(ExtremePooling):
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

    pool = staticmethod(nn.min_pool)


class MinPooling1D(MinPooling):
    rank = 1


class MinPooling2D(MinPooling):
    rank = 2


class MinPooling3D(MinPooling):
    rank = 3


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

    pool = staticmethod(nn.average_pool)


class AveragePooling1D(AveragePooling):
    rank = 1


class AveragePooling2D(AveragePooling):
    rank = 2


class AveragePooling3D(AveragePooling):
    rank = 3


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

    reduce = staticmethod(knp.max)


class GlobalMaxPooling1D(GlobalMaxPooling):
    rank = 1


class GlobalMaxPooling2D(GlobalMaxPooling):
    rank = 2


class GlobalMaxPooling3D(GlobalMaxPooling):
    rank = 3


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

    reduce = staticmethod(knp.min)


class GlobalMinPooling1D(GlobalMinPooling):
    rank = 1


class GlobalMinPooling2D(GlobalMinPooling):
    rank = 2


class GlobalMinPooling3D(GlobalMinPooling):
    rank = 3


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

    reduce = staticmethod(knp.mean)


class GlobalAveragePooling1D(GlobalAveragePooling):
    rank = 1
    supports_masking = True

    def call(self, inputs, mask=None):
        """The mean over the steps."""
        if mask is None:
            return super().call(inputs)
        axis = self._axes()[0]
        weights = knp.expand_dims(core.cast(mask, core.dtype(inputs)), 3 - axis)
        total = knp.sum(knp.multiply(inputs, weights), axis, self.keepdims)
        return knp.divide(total, knp.sum(weights, axis, self.keepdims))

    def compute_mask(self, inputs, mask=None):
        """None: there are no steps any more."""


class GlobalAveragePooling2D(GlobalAveragePooling):
    rank = 2


class GlobalAveragePooling3D(GlobalAveragePooling):
    rank = 3


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

    pool = staticmethod(nn.adaptive_average_pool)


class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    rank = 1


class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    rank = 2


class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    rank = 3


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

    pool = staticmethod(nn.adaptive_max_pool)


class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    rank = 1


class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    rank = 2


class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D
