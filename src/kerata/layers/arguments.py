"""The types of layers' arguments: positive integers, one number for each axis, functions and objects that have names."""

from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

import numpy as np

from kerata import activations, constraints, initializers, ops, regularizers
from kerata.core.config import standardize_data_format
from kerata.core.fields import Field
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer

# What has a name in one of kerata's namespaces, or the JSON form of one of its objects.
Named = str | dict[str, Any] | Callable[..., Any] | None
Integers = SupportsIndex | Sequence[SupportsIndex]


class PositiveInt(Field[SupportsIndex, int]):
    """A positive integer."""

    def convert(self, value, name, owner):
        return positive_integer(value, name, owner)


class OptionalPositiveInt(Field[SupportsIndex | None, int | None]):
    """A positive integer, or None."""

    def convert(self, value, name, owner):
        return None if value is None else positive_integer(value, name, owner)


class PartialShape(Field[SupportsIndex | Sequence[SupportsIndex | None], tuple[int | None, ...]]):
    """A shape without the batch axis, or the length of its one axis; None stands for what the input gives."""

    def convert(self, value, name, owner):
        """A tuple."""
        return (value,) if isinstance(value, int) else tuple(value)


class PerAxis(Field[Integers, tuple[int, ...]]):
    """One positive integer for each of a layer's spatial axes; one stands for all of them."""

    def convert(self, value, name, owner):
        """Raises: ValueError for another count, and for what is no such integer."""
        return per_axis(value, owner.rank, name, owner)


class Axes(Field[Integers, int | list[int]]):
    """An axis, or several of them."""

    def convert(self, value, name, owner):
        """An integer or a list.

        Raises: TypeError for what is neither.
        """
        axes = value if isinstance(value, (list, tuple)) else [value]
        if not all(hasattr(axis, "__index__") for axis in axes):
            raise TypeError(f"{type(owner).__name__}: {name} is an integer or a list of them; {value!r} came.")
        return list(value) if isinstance(value, (list, tuple)) else int(value)


class Activation(Field[Named, Callable[..., Any]]):
    """A function, or the name of one of `activations`; None for none."""

    def convert(self, value, name, owner):
        return activations.get(value)


class Initializer(Field[Named, Callable[..., Any]]):
    """How a weight starts: a function of shape and dtype, or the name of one of `initializers`."""

    def convert(self, value, name, owner):
        return initializers.get(value)


class Regularizer(Field[Named, Callable[..., Any] | None]):
    """A penalty that is added to the loss: a function, or the name of one of `regularizers`; None for none."""

    def convert(self, value, name, owner):
        return regularizers.get(value)


class Constraint(Field[Named, Callable[..., Any] | None]):
    """What a weight becomes after each update: a function, or the name of one of `constraints`; None for none."""

    def convert(self, value, name, owner):
        return constraints.get(value)


class DataFormat(Field[str | None, str]):
    """ "channels_last" or "channels_first"; `image_data_format()` if None."""

    def convert(self, value, name, owner):
        return standardize_data_format(value)


class OneOf(Field[str, str]):
    """One of some names, in any case.

    Args:
        names: the names.
    """

    def __init__(self, default: str = Field.required, *names: str, **options: Any) -> None:
        super().__init__(default, **options)
        self.names = names

    def convert(self, value, name, owner):
        """Raises: ValueError for another name."""
        return one_of(self.names, value, name, owner)


def positive_integer(value, name, layer):
    """`value`, if it is a positive integer.

    Raises: ValueError naming the argument and the layer's class.
    """
    if not hasattr(value, "__index__") or isinstance(value, bool) or int(value) <= 0:
        raise ValueError(f"{type(layer).__name__}: {name} must be a positive integer; {value!r} came.")
    return int(value)


def one_of(names, value, name, layer):
    """`value` in lower case, if it is one of some names.

    Raises: ValueError naming the argument and the layer's class.
    """
    found = str(value).lower()
    if found not in names:
        raise ValueError(f"{type(layer).__name__}: {name} must be one of {', '.join(names)}; {value!r} came.")
    return found


def per_axis(value, rank, name, layer, least=1):
    """A tuple of one integer for each spatial axis, from one integer or as many as there are axes.

    Raises: ValueError naming the argument and the layer's class.
    """
    values = tuple(value) if isinstance(value, (tuple, list, np.ndarray)) else (value,) * rank
    if len(values) != rank or not all(hasattr(v, "__index__") and int(v) >= least for v in values):
        kind = "a positive integer" if least else "a non-negative integer"
        count = "" if rank == 1 else f" or {rank} of them"
        raise ValueError(f"{type(layer).__name__}: {name} must be {kind}{count}; {value!r} came.")
    return tuple(int(v) for v in values)


def check_strides(layer):
    """Raises: ValueError for strides and dilation together, which convolutional layers don't take: `ops.conv` does."""
    if max(layer.strides) > 1 and max(layer.dilation_rate) > 1:
        raise ValueError(
            f"{type(layer).__name__}: either strides or dilation_rate may be greater than 1, not both; {layer.strides} and "
            f"{layer.dilation_rate} came."
        )


def make_weight(layer, name, shape, kind=None, **options):
    """A weight from a layer's arguments: `kernel_initializer` and so on, for the kind "kernel"."""
    kind = kind or name
    return layer.add_weight(
        name=name,
        shape=shape,
        initializer=getattr(layer, f"{kind}_initializer"),
        regularizer=getattr(layer, f"{kind}_regularizer", None),
        constraint=getattr(layer, f"{kind}_constraint", None),
        **options,
    )


class Ranked(Layer):
    """A family of layers that differ in the number of their spatial axes, `rank`, and share their doc string."""

    rank = 1
    data_format = "channels_last"  # of those that have no such argument
    each_axis = ("strides", "dilation_rate", "pool_size", "size")  # arguments whose default is shown as one number an axis

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__doc__ is None:
            cls.__doc__ = cls.__base__.__doc__

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @classmethod
    def _signature(cls):
        signature = super()._signature()
        if cls.rank == 1:
            return signature
        parameters = [
            p.replace(default=(p.default,) * cls.rank) if p.name in cls.each_axis and isinstance(p.default, int) else p
            for p in signature.parameters.values()
        ]
        return signature.replace(parameters=parameters)


def along_channels(vector, rank, data_format):
    """A vector shaped so that it lies along the channels of (batch, *spatial, channels) or (batch, channels, *spatial)."""
    return vector if data_format == "channels_last" else ops.reshape(vector, (1, -1) + (1,) * rank)
