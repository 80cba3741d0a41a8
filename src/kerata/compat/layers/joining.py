"""Keras 1's `Merge`: one layer for all ways of making one tensor of several."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from kerata import ops
from kerata.compat.layers.mixin import Mixin
from kerata.core.arrays import static_shape
from kerata.core.fields import dataclass, field
from kerata.core.graph import get_source_inputs
from kerata.core.plan import Plan
from kerata.core.signatures import accepts
from kerata.core.types import Tree
from kerata.engines.abstract.array import AbstractArray
from kerata.layers import merging
from kerata.layers.core import Lambda
from kerata.layers.layer import Layer

_ELEMENTWISE = {
    "sum": merging.Add,
    "mul": merging.Multiply,
    "ave": merging.Average,
    "max": merging.Maximum,
    "min": merging.Minimum,
}
_MODES = (*_ELEMENTWISE, "concat", "dot", "cos")


@dataclass
class Merge(Layer):
    """Several tensors made one, as `mode` says.

    Shapes: a list of tensors -> as those of `Add`, `Multiply`, `Average`, `Maximum`, `Minimum`, `Concatenate` and `Dot`;
    "cos" gives an axis of length one more, behind the batch's.

    Args:
        layers: layers or models that were called, whose outputs are merged at once: the layer then has an `output`, and may
            be the first one of a Sequential.
        mode: "sum", "mul", "concat", "ave", "cos", "dot", "max" or "min"; or a function of the list of tensors, or a `Lambda`.
        concat_axis: the axis of "concat".
        dot_axes: the axis, or a pair of them, of "dot" and "cos".
        output_shape: for a function, the output's shape without the batch axis, or a function of the list of input shapes;
            found by running the function if None.
        output_mask: for a function, the output's mask, or a function of the list of masks.
        arguments: a dict of further arguments of the function.
        node_indices, tensor_indices: for each of the layers, which of its calls counts, and which output of that.

    Raises: ValueError for another mode, for fewer than two layers or tensors, and for layers that were not called.

    >>> import numpy as np
    >>> Merge(mode="concat")([np.ones((2, 3)), np.ones((2, 4))]).shape
    (2, 7)
    """

    supports_masking = True
    given_output_shape: ClassVar[Any]
    branches: ClassVar[Any]
    given_output_mask: ClassVar[Any]

    layers: Sequence[Any] | None = field(default=None, attribute="branches", config=False)
    mode: str | Callable[..., Any] = "sum"
    concat_axis: int = -1
    dot_axes: int | Sequence[int] = -1
    output_shape: Any = field(default=None, attribute="given_output_shape")
    output_mask: Any = field(default=None, attribute="given_output_mask")
    arguments: dict[str, Any] | None = None
    node_indices: Sequence[int] | None = field(default=None, config=False)
    tensor_indices: Sequence[int] | None = field(default=None, config=False)

    def __post_init__(self):
        super().__post_init__()
        if not callable(self.mode) and self.mode not in _MODES:
            raise ValueError(f"Merge: mode is one of {', '.join(_MODES)}, or a function; {self.mode!r} came.")
        self._by: Any = None if callable(self.mode) or self.mode == "cos" else self._layer_of_today()
        if self.branches:
            self(self._outputs())

    def _layer_of_today(self):
        if self.mode == "concat":
            return merging.Concatenate(axis=self.concat_axis)
        if self.mode == "dot":
            return merging.Dot(axes=self.dot_axes if isinstance(self.dot_axes, int) else tuple(self.dot_axes))
        return _ELEMENTWISE[str(self.mode)]()

    def _outputs(self):
        """The outputs of the layers."""
        if len(self.branches) < 2:
            raise ValueError(f"Merge needs at least two layers; {len(self.branches)} came.")
        found = []
        for i, layer in enumerate(self.branches):
            node_index = 0 if self.node_indices is None else self.node_indices[i]
            tensors = _output_tensors(layer, node_index)
            found.append(tensors[0 if self.tensor_indices is None else self.tensor_indices[i]])
        return found

    def call(self, inputs: Tree, mask: Any = None) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError(f"Merge {self.name!r} is called on a list of at least two tensors.")
        if callable(self.mode):
            function = self.mode.function if isinstance(self.mode, Lambda) else self.mode
            extra = {"mask": mask} if accepts(function, "mask") and "mask" in function.__code__.co_varnames else {}
            return function(list(inputs), **(extra | (self.arguments or {})))
        if self.mode == "cos":
            return self._cosine(*inputs)
        return self._by(inputs)

    def _cosine(self, x, y):
        """Products over the square roots of each one's products with itself."""
        dot = merging.Dot(axes=self.dot_axes if isinstance(self.dot_axes, int) else tuple(self.dot_axes))
        squares = dot([x, x]) * dot([y, y])
        return ops.expand_dims(dot([x, y]) / ops.sqrt(squares), 1)

    def _output_spec(self, inputs: Tree, **kwargs: Any):
        given = self.given_output_shape
        if not callable(self.mode) or given is None:
            return super()._output_spec(inputs, **kwargs)
        self._ensure_built((inputs,), kwargs)
        shapes = [static_shape(x) for x in inputs]
        shape = tuple(given(shapes)) if callable(given) else (shapes[0][0], *given)
        return AbstractArray(shape, self.compute_dtype)

    def compute_mask(self, inputs: Tree, mask: Any = None) -> Any:
        """The mask of the merged tensor; for a function, what `output_mask` is or returns."""
        if callable(self.mode):
            return self.given_output_mask(mask) if callable(self.given_output_mask) else self.given_output_mask
        if self._by is None or mask is None or all(m is None for m in mask):
            return None
        return self._by.compute_mask(inputs, mask)


def _output_tensors(layer, node_index):
    """The symbolic outputs of a layer's call, or of a model.

    Raises: ValueError if it has none.
    """
    plan = getattr(layer, "plan", None)
    if plan is not None and not layer._inbound_nodes:
        outputs = plan.outputs
        return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if not getattr(layer, "_inbound_nodes", None):
        batch_shape = getattr(layer, "_batch_input_shape", None)
        name = getattr(layer, "name", layer)
        known = "" if batch_shape is None else f" Put it into a Sequential: its input shape {batch_shape} is known there."
        raise ValueError(f"Merge joins the outputs of layers; {name!r} has no output, since it was not called yet.{known}")
    return layer._inbound_nodes[node_index].output_tensors


def merge(
    inputs: Sequence[Any],
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """Several tensors made one: `Merge` as a function.

    >>> import kerata
    >>> merge([kerata.Input((3,)), kerata.Input((4,))], mode="concat").shape
    (None, 7)
    """
    return Merge(
        mode=mode,
        concat_axis=concat_axis,
        dot_axes=dot_axes,
        output_shape=output_shape,
        output_mask=output_mask,
        arguments=arguments,
        name=name,
    )(list(inputs))


class BeginsWithMerge(Mixin):
    """A Sequential whose first layer may be a `Merge` of models: its inputs are theirs. It comes before `Sequential`."""

    _chain: list[Any]
    _tensors: list[Any]

    def add(self, layer, rebuild=True):
        """Put a layer at the end."""
        if self._chain or not isinstance(layer, Merge) or not layer._inbound_nodes:
            super().add(layer, rebuild)
            return
        self._chain, self._tensors = [layer], [layer.output]
        self._changed()

    def _changed(self):
        super()._changed()
        if self._tensors and isinstance(self._chain[0], Merge):
            self.plan = Plan(get_source_inputs(self._tensors[0]), self._tensors[-1])
            self.built = True
            self._remember_engine()
