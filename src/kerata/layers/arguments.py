"""Reading constructors' arguments: positive integers, one number for each axis, pairs, and what weights are made from."""

from kerata import constraints, initializers, ops, regularizers
from kerata.layers.layer import Layer

_GETTERS = {"initializer": initializers.get, "regularizer": regularizers.get, "constraint": constraints.get}


def positive_integer(value, name, layer):
    """`value`, if it is a positive integer.

    Raises: ValueError naming the argument and the layer's class.
    """
    if not hasattr(value, "__index__") or isinstance(value, bool) or int(value) <= 0:
        raise ValueError(f"{type(layer).__name__}: {name} must be a positive integer; {value!r} came.")
    return int(value)


def per_axis(value, rank, name, layer, least=1):
    """A tuple of one integer for each spatial axis, from one integer or as many as there are axes.

    Raises: ValueError naming the argument and the layer's class.
    """
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(values) != rank or not all(hasattr(v, "__index__") and int(v) >= least for v in values):
        kind = "a positive integer" if least else "a non-negative integer"
        count = "" if rank == 1 else f" or {rank} of them"
        raise ValueError(f"{type(layer).__name__}: {name} must be {kind}{count}; {value!r} came.")
    return tuple(int(v) for v in values)


def pairs(value, rank, name, layer):
    """A pair (before, after) for each spatial axis, from one integer, one for each axis, or the pairs themselves.

    Raises: ValueError naming the argument and the layer's class.
    """
    parts = value if isinstance(value, (list, tuple)) else [value] * rank
    if rank == 1 and len(parts) == 2:
        parts = [parts]
    found = [tuple(p) if isinstance(p, (list, tuple)) else (p, p) for p in parts]
    if len(found) != rank or any(len(p) != 2 or not all(_is_count(n) for n in p) for p in found):
        each = "or a pair (before, after)" if rank == 1 else f"{rank} of them, or {rank} pairs (before, after)"
        raise ValueError(f"{type(layer).__name__}: {name} must be a non-negative integer, {each}; {value!r} came.")
    return tuple((int(before), int(after)) for before, after in found)


def _is_count(n):
    return hasattr(n, "__index__") and not isinstance(n, bool) and int(n) >= 0


def rate(value, name, layer):
    """`value`, if it is a number from 0 to 1.

    Raises: ValueError naming the argument and the layer's class.
    """
    if not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{type(layer).__name__}: {name} must be a number from 0 to 1; {value!r} came.")
    return value


def settle(layer, **given):
    """Set `kernel_initializer=...`, `bias_constraint=...` and their like as attributes, names made into objects."""
    for name, value in given.items():
        setattr(layer, name, _GETTERS[name.rpartition("_")[2]](value))


def make_weight(layer, name, shape, kind=None, **options):
    """A weight from the attributes that `settle` made: `kernel_initializer` and so on, for the kind "kernel"."""
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
    """A family of layers that differ in the number of their spatial axes, `rank`."""

    rank = 1
    each_axis = ("strides", "dilation_rate", "pool_size")  # arguments whose default is shown as one number an axis

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
