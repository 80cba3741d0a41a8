"""What a layer expects of its inputs, and the errors that say what came instead."""

from collections.abc import Mapping
from typing import Any

from kerata.core import dtypes
from kerata.core.arrays import dtype_of, static_shape
from kerata.core.configurable import NamedArguments
from kerata.core.types import DType, Shape


class InputSpec(metaclass=NamedArguments):
    """The rank, dtype and shape that a layer expects of an input.

    Args:
        dtype: the dtype's name.
        shape: the shape, None for what is free.
        ndim: the exact number of axes, the batch's among them.
        max_ndim, min_ndim: bounds of it.
        axes: a dict from axis to length.
        allow_last_axis_squeeze: whether an input without a last axis of length one will do.
        name: the input's name in a dict of inputs.
        optional: whether None will do.

    >>> import kerata
    >>> layer = kerata.layers.Identity()
    >>> layer.input_spec = kerata.InputSpec(ndim=2, axes={-1: 3})
    >>> layer(kerata.ops.ones((2, 3))).shape
    (2, 3)
    >>> layer(kerata.ops.ones((2, 4)))
    Traceback (most recent call last):
        ...
    ValueError: Layer ... input has shape (2, 4); axis -1 must have length 3...
    """

    def __init__(
        self,
        dtype: DType = None,
        shape: Shape | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtypes.standardize_dtype(dtype) if dtype is not None else None
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = _checked_axes(axes or {}, self.ndim or max_ndim)
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A spec from its config."""
        return cls(**config)

    def __repr__(self):
        shown = [f"{name}={value}" for name, value in self.get_config().items() if value not in (None, {}, False)]
        return f"InputSpec({', '.join(shown)})"


def _checked_axes(axes, most):
    """A dict from axis to length.

    Raises: TypeError for anything else; ValueError for an axis that inputs of at most `most` axes don't have.
    """
    try:
        axes = {int(axis): length for axis, length in axes.items()}
    except (AttributeError, ValueError, TypeError):
        raise TypeError(f"InputSpec: axes is a dict from axis to length; {axes!r} came.") from None
    if most and any(axis >= most for axis in axes):
        raise ValueError(f"InputSpec: axes {sorted(axes)} are not all below {most}, the number of axes.")
    return axes


def check(specs, inputs, layer):
    """Raises: ValueError if the inputs are not as the layer expects, telling which, what was expected and the likely cure."""
    if isinstance(specs, InputSpec) and _fits(specs, inputs):
        return
    specs = specs if isinstance(specs, (list, tuple)) else [specs]
    named = isinstance(inputs, dict) and all(s.name for s in specs)
    flat = [inputs[s.name] for s in specs] if named else _flat(inputs)
    if len(flat) != len(specs):
        raise ValueError(
            f"{_who(layer)} expects {len(specs)} input{'s' * (len(specs) > 1)}, and {len(flat)} came"
            f" (shapes {', '.join(str(_shape(x)) for x in flat)})."
        )
    for i, (spec, x) in enumerate(zip(specs, flat)):
        if spec is None or x is None and spec.optional:
            continue
        problem = _problem(spec, x)
        if problem:
            which = f" {i}" if len(flat) > 1 else ""
            raise ValueError(f"{_who(layer)}: input{which} has shape {_shape(x)}{_origin(x)}; {problem}")


def _fits(spec, x):
    """Whether a tensor is as expected, for specs that say no more than a number of axes and lengths: the usual ones."""
    shape = getattr(x, "shape", None)
    if shape is None or spec.dtype is not None or spec.shape is not None or spec.allow_last_axis_squeeze:
        return False
    rank = len(shape)
    if spec.ndim not in (None, rank) or rank < (spec.min_ndim or 0) or rank > (spec.max_ndim or rank):
        return False
    for axis, length in spec.axes.items():
        if length is not None and (not -rank <= axis < rank or shape[axis] != length):
            return False
    return True


def _flat(inputs):
    if isinstance(inputs, dict):
        return list(inputs.values())
    return list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]


def _shape(x):
    return static_shape(x)


def _who(layer):
    return f'Layer "{layer.path}" ({type(layer).__name__})'


def _origin(x):
    history = getattr(x, "_keras_history", None)
    return f' from layer "{history[0].name}"' if history else ""


def _problem(spec, x):
    """What is wrong with `x` and what to do, or None."""
    shape = _shape(x)
    rank = len(shape)
    if spec.ndim is not None and not spec.allow_last_axis_squeeze and rank != spec.ndim:
        return f"{spec.ndim} axes are expected, {_with_example(spec.ndim)}.{_rank_cure(rank, spec.ndim)}"
    if spec.max_ndim is not None and rank > spec.max_ndim:
        return f"at most {spec.max_ndim} axes are expected."
    if spec.min_ndim is not None and rank < spec.min_ndim:
        return f"at least {spec.min_ndim} axes are expected.{_rank_cure(rank, spec.min_ndim)}"
    if spec.dtype is not None and dtype_of(x) != spec.dtype:
        return f"dtype {spec.dtype} is expected, and its dtype is {dtype_of(x)}."
    for axis, length in spec.axes.items():
        if length is not None and -rank <= axis < rank and shape[axis] not in (length, None):
            return (
                f"axis {axis} must have length {length}, as when the layer was built, and has {shape[axis]}. "
                f"Give data with {length} values along it, or build a new layer for {shape[axis]}."
            )
    if spec.shape is not None:
        expected = spec.shape
        if spec.allow_last_axis_squeeze and expected[-1:] == (1,) and rank == len(expected) - 1:
            expected = expected[:-1]
        elif spec.allow_last_axis_squeeze and shape[-1:] == (1,) and rank == len(expected) + 1:
            shape = shape[:-1]
        if len(shape) != len(expected) or any(e not in (None, s) and s is not None for e, s in zip(expected, shape)):
            return f"shape {expected} is expected.{_rank_cure(rank, len(expected))}"
    return None


def _with_example(ndim):
    return {
        2: "(batch, features)",
        3: "(batch, steps, features)",
        4: "(batch, height, width, channels)",
        5: "(batch, depth, height, width, channels)",
    }.get(ndim, f"{ndim} of them")


def _rank_cure(rank, expected):
    if rank == expected - 1:
        return " A batch axis or a channel axis is missing: x[None] adds the first, x[..., None] the second."
    if rank == expected + 1:
        return " There is one axis too many: put a Flatten or Reshape layer before, or return_sequences=False in a recurrent layer before."
    return ""
