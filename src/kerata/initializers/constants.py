"""Initializers without chance."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import arrays, dtypes, serialization
from kerata.core.arguments import OneOf, wrong_value
from kerata.core.fields import dataclass
from kerata.core.types import DType
from kerata.initializers.initializer import Initializer, as_dtype


def _numpy_dtype(dtype):
    return dtypes.numpy_dtype(dtypes.standardize_dtype(dtype))


@dataclass
class Zeros(Initializer):
    """Zeros.

    >>> Zeros()((2,)).tolist()
    [0.0, 0.0]
    """

    deferrable = True

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        return np.zeros(shape, _numpy_dtype(dtype))


@dataclass
class Ones(Initializer):
    """Ones.

    >>> Ones()((2,), "int32").tolist()
    [1, 1]
    """

    deferrable = True

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        return np.ones(shape, _numpy_dtype(dtype))


@dataclass
class Constant(Initializer):
    """One value, or the values of an array that broadcasts to the shape.

    >>> Constant(3.0)((2,)).tolist()
    [3.0, 3.0]
    """

    deferrable = True

    value: Any = 0.0

    broadcasts = True  # False for an array that was given in place of an initializer

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        """Raises: ValueError for a shape that the value doesn't fit."""
        if not self.broadcasts and tuple(shape) != np.shape(self.value):
            raise ValueError(
                f"An array of shape {np.shape(self.value)} was given as initializer; {tuple(shape)} was asked for."
            )
        return as_dtype(np.broadcast_to(arrays.to_numpy(self.value), shape), dtype).copy()

    def get_config(self) -> dict[str, Any]:
        """The value, in a form that JSON has."""
        return {"value": serialization.serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(serialization.deserialize_keras_object(config["value"])) if config else cls()


@dataclass
class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere.

    Raises: ValueError if the shape is no matrix's.

    >>> Identity()((2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    deferrable = True

    gain: float = 1.0

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices, of 2 axes; the shape asked for is {tuple(shape)}.")
        rows, columns = shape
        return as_dtype(self.gain * np.eye(rows, columns, dtype="float32"), dtype)


class Side(OneOf[str, str]):
    """A part of complex numbers."""

    values = ("real", "imag")


class Scaling(OneOf[str | None, str | None]):
    """What a window is divided by."""

    values = (None, "density", "spectrum")


@dataclass
class STFT(Initializer):
    """The real or imaginary part of a short-time Fourier transform, as the kernel of a convolution in one dimension.

    Args:
        side: "real" or "imag".
        window: "hann", "hamming", an array, or None for none.
        scaling: that of the window, "density", "spectrum" or None.
        periodic: whether the window is periodic rather than symmetric.

    Shapes: (frame_length, channels, frequencies); with n frequencies the transform has length 2 * (n - 1).

    >>> STFT("real", window=None)((4, 1, 3))[:, 0, :].round(2).tolist()  # cosines of 0, 1 and 2 periods
    [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -1.0, 1.0], [1.0, -0.0, -1.0]]
    """

    deferrable = True

    side: Side = Side("real")
    window: Any = "hann"
    scaling: Scaling = Scaling("density")
    periodic: bool = False

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.window, str) and self.window not in _WINDOWS:
            raise wrong_value(self, "window", f"one of {', '.join(_WINDOWS)}, an array or None", self.window)

    def __call__(self, shape: Sequence[int], dtype: DType = None) -> Any:
        frame, channels, bins = shape
        length = 2 * (bins - 1)
        angles = 2 * math.pi / length * np.outer(np.arange(frame), np.arange(bins))
        part = np.cos(angles) if self.side == "real" else -np.sin(angles)
        part = part * self._scaled_window(frame)[:, None]
        return as_dtype(np.repeat(part[:, None, :], channels, 1), dtype)

    def _scaled_window(self, frame):
        if self.window is None:
            return np.ones(frame)
        if isinstance(self.window, str):
            window = _WINDOWS[self.window](np.arange(frame) * 2 * math.pi / max(1, frame - (not self.periodic)))
        else:
            window = np.asarray(arrays.to_numpy(self.window))
        if self.scaling == "density":
            return window / math.sqrt((window**2).sum())
        return window / window.sum() if self.scaling == "spectrum" else window


_WINDOWS = {
    "hann": lambda angle: 0.5 - 0.5 * np.cos(angle),
    "hamming": lambda angle: 0.54 - 0.46 * np.cos(angle),
}
