"""Layers that add to the spatial axes at their ends, cut them off, or stretch them."""

from kerata import ops
from kerata.core.config import standardize_data_format
from kerata.layers.arguments import Ranked, pairs, per_axis
from kerata.layers.input_spec import InputSpec
from kerata.ops import nn
from kerata.ops.image import INTERPOLATIONS, resize


class Spatial(Ranked):
    """Layers that change the lengths of the spatial axes."""

    data_format = "channels_last"

    def _set_format(self, data_format):
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _first_axis(self):
        return 1 if self.data_format == "channels_last" else 2


class ZeroPadding(Spatial):
    """Zeros added at both ends of each spatial axis.

    Args:
        padding: how many, one number; one for each spatial axis; or a pair (before, after) for each.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    >>> import kerata, numpy as np
    >>> kerata.layers.ZeroPadding2D(((1, 0), (2, 2)))(np.ones((1, 4, 4, 3))).shape
    (1, 5, 8, 3)
    """

    def __init__(self, padding=1, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.padding = pairs(padding, self.rank, "padding", self)
        if self.rank == 1:
            self.padding = self.padding[0]
        self._set_format(data_format)

    def call(self, inputs):
        """The inputs with zeros around."""
        widths = [(0, 0)] * (self.rank + 2)
        first = self._first_axis()
        widths[first : first + self.rank] = [self.padding] if self.rank == 1 else self.padding
        return ops.pad(inputs, widths)


class ZeroPadding1D(ZeroPadding):
    rank = 1


class ZeroPadding2D(ZeroPadding):
    rank = 2

    def __init__(self, padding=(1, 1), data_format=None, **kwargs):
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(ZeroPadding):
    rank = 3

    def __init__(self, padding=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs):
        super().__init__(padding, data_format, **kwargs)


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

    def __init__(self, cropping, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.cropping = pairs(cropping, self.rank, "cropping", self)
        self._set_format(data_format)

    def call(self, inputs):
        """The middle of the inputs."""
        key = [slice(None)] * (self.rank + 2)
        for axis, (before, after) in enumerate(self._pairs(), self._first_axis()):
            length = inputs.shape[axis]
            if length is not None and before + after >= length:
                raise ValueError(
                    f"{type(self).__name__}: cropping {before} + {after} leaves nothing of axis {axis}, of length {length}."
                )
            key[axis] = slice(before, -after or None)
        return ops.get_item(inputs, tuple(key))

    def _pairs(self):
        return self.cropping


class Cropping1D(Cropping):
    rank = 1

    def __init__(self, cropping=(1, 1), **kwargs):
        super().__init__(cropping, "channels_last", **kwargs)
        self.cropping = self.cropping[0]

    def _pairs(self):
        return (self.cropping,)

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(Cropping):
    rank = 2

    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    rank = 3

    def __init__(self, cropping=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)


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

    def __init__(self, size, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.size = per_axis(size, self.rank, "size", self)
        self._set_format(data_format)

    def call(self, inputs):
        """The repeated inputs."""
        for axis, times in enumerate(self.size, self._first_axis()):
            if times > 1:
                inputs = ops.repeat(inputs, times, axis=axis)
        return inputs


class UpSampling1D(UpSampling):
    rank = 1

    def __init__(self, size=2, **kwargs):
        super().__init__(size, "channels_last", **kwargs)

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        del config["data_format"]
        return config | {"size": self.size[0]}


class UpSampling2D(UpSampling):
    rank = 2

    def __init__(self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs):
        super().__init__(size, data_format, **kwargs)
        self.interpolation = str(interpolation).lower()
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(f"UpSampling2D: interpolation must be one of {', '.join(INTERPOLATIONS)}; {interpolation!r} came.")

    def call(self, inputs):
        """The repeated or interpolated inputs."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = self._first_axis()
        _, *lengths = nn.lengths_of(inputs, first, first + 1)
        size = [None if n is None else n * times for n, times in zip(lengths, self.size)]
        return resize(inputs, size, self.interpolation, data_format=self.data_format)


class UpSampling3D(UpSampling):
    rank = 3

    def __init__(self, size=(2, 2, 2), data_format=None, **kwargs):
        super().__init__(size, data_format, **kwargs)
