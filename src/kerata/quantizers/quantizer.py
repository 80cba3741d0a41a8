"""Objects that make integers of floats."""

from collections.abc import Sequence
from typing import Any

from kerata.core.configurable import Configurable
from kerata.core.types import Axis, TensorLike
from kerata.quantizers.functions import abs_max_quantize


class Quantizer(Configurable):
    """What makes integers of floats: the class that all quantizers descend from.

    A subclass has `__call__(self, x)`, which returns the integers and the scale that they were multiplied by.

    Args:
        output_dtype: the integers' dtype.

    >>> import kerata
    >>> class Halves(kerata.Quantizer):
    ...     def __call__(self, x):
    ...         return kerata.ops.cast(kerata.ops.round(kerata.ops.multiply(x, 2)), self.output_dtype), 2.0
    >>> integers, scale = Halves()([0.4, 1.6])
    >>> integers.tolist(), (integers / scale).tolist()
    ([1, 3], [0.5, 1.5])
    """

    def __init__(self, output_dtype: str = "int8") -> None:
        self.output_dtype = output_dtype

    def __call__(self, x: TensorLike) -> Any:
        """`x` as it is."""
        return x

    def __repr__(self):
        return f"<{type(self).__name__} {self.get_config()}>"


class AbsMaxQuantizer(Quantizer):
    """Integers by the largest magnitude along an axis, see `kerata.quantizers.abs_max_quantize`.

    Args:
        axis: the axis, or several, that share a scale, unless the call names others; the last one if neither does.
        value_range: the smallest and the largest integer; symmetric, so that a number and its negative stay so.
        epsilon: added to the largest magnitude, so that zeros have a scale.
        output_dtype: the integers' dtype.

    >>> import kerata
    >>> integers, scale = kerata.quantizers.AbsMaxQuantizer(axis=-1)([[0.25, -1.0]])
    >>> integers.tolist()
    [[32, -127]]
    """

    def __init__(
        self,
        axis: Axis = None,
        value_range: Sequence[float] = (-127, 127),
        epsilon: float | None = 1e-7,
        output_dtype: str = "int8",
    ) -> None:
        super().__init__(output_dtype)
        self.axis = axis if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.value_range = tuple(value_range)
        self.epsilon = epsilon

    def __call__(self, x: TensorLike, axis: Axis = None, to_numpy: bool = False) -> Any:
        """The integers and the scale.

        Args:
            x: floats.
            axis: in place of the quantizer's own.
            to_numpy: whether the host computes, to spare the device's memory.
        """
        axis = axis if axis is not None else self.axis if self.axis is not None else -1
        return abs_max_quantize(x, axis, self.value_range, self.output_dtype, self.epsilon, to_numpy)

    def get_config(self) -> dict[str, Any]:
        config = {"value_range": self.value_range, "epsilon": self.epsilon, "output_dtype": self.output_dtype}
        return config if self.axis is None else config | {"axis": self.axis}
