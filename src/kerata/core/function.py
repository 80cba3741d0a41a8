"""A graph of operations as one function."""

from typing import Any

import optree

from kerata.core import graph_form
from kerata.core.arrays import static_shape
from kerata.core.graph import KerasTensor, Operation, abstract_call, node_of, symbolic_leaves
from kerata.core.plan import Plan
from kerata.core.types import Shape, Tree
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.shapes import same_dim


class Function(Operation):
    """A graph of operations as one function.

    Args:
        inputs: symbolic tensors, in any structure.
        outputs: symbolic tensors that follow from them.

    Shapes: it takes and returns tensors in the structures of `inputs` and `outputs`.

    Raises: ValueError if an output does not follow from the inputs, or one is no symbolic tensor.

    >>> import kerata
    >>> x = kerata.KerasTensor((2,))
    >>> squares = kerata.Function(x, {"squares": kerata.ops.square(x), "sum": kerata.ops.sum(x)})
    >>> {name: value.tolist() for name, value in squares(kerata.ops.array([1.0, 2.0])).items()}
    {'squares': [1.0, 4.0], 'sum': 3.0}
    """

    def __init__(self, inputs: Tree, outputs: Tree, name: str | None = None) -> None:
        super().__init__(name)
        for x in optree.tree_leaves((inputs, outputs)):
            if not isinstance(x, KerasTensor):
                raise ValueError(f"A Function leads from symbolic tensors to symbolic tensors; {x!r} is none.")
        self.plan = Plan(inputs, outputs)
        self.inputs, self.outputs = symbolic_leaves(inputs), symbolic_leaves(outputs)
        self._inputs_struct, self._outputs_struct = inputs, outputs

    @property
    def operations(self) -> Any:
        """The operations, in the order in which they run, those that made the inputs first."""
        nodes = [*self._input_nodes(), *self.plan.nodes]
        return list({id(n.operation): n.operation for n in nodes}.values())

    def _input_nodes(self):
        nodes = [node_of(x) for x in self.inputs if x._keras_history is not None]
        return list({id(n): n for n in nodes if n.is_input}.values())

    def call(self, inputs: Tree) -> Any:
        """The outputs for `inputs`.

        Raises: ValueError if there are more or fewer than the graph's, or they have other names or shapes.
        """
        leaves, own = optree.tree_leaves(inputs), self._inputs_struct
        renamed = isinstance(inputs, dict) and isinstance(own, dict) and inputs.keys() != own.keys()
        if renamed or len(leaves) != len(self.inputs):
            came = f"a dict of {', '.join(map(repr, inputs))}" if isinstance(inputs, dict) else f"{len(leaves)} tensors"
            raise ValueError(f"{self.name!r} takes inputs in the structure {own!r}; {came} came.")
        for x, expected in zip(leaves, self.inputs):
            shape = static_shape(x)
            if len(shape) != len(expected.shape) or not all(map(same_dim, shape, expected.shape)):
                raise ValueError(f"{self.name!r} takes shape {expected.shape} for {expected.name!r}; {shape} came.")
        return self.plan.run(leaves)

    def compute_output_spec(self, inputs: Tree) -> Any:
        """The outputs' shapes and dtypes for symbolic inputs."""
        return super().compute_output_spec(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The outputs' shapes for inputs of these shapes, in the inputs' own structure."""
        shapes = [input_shape] if len(self.inputs) == 1 else list(_shapes_in(input_shape))
        if len(shapes) != len(self.inputs):
            raise ValueError(f"{self.name!r} has {len(self.inputs)} inputs; {len(shapes)} shapes came: {input_shape}.")
        specs = [AbstractArray(tuple(shape), x.dtype) for shape, x in zip(shapes, self.inputs)]
        return optree.tree_map(lambda x: x.shape, abstract_call(lambda *leaves: self.plan.run(list(leaves)), specs, {}))

    def get_config(self) -> dict[str, Any]:
        """The graph."""
        first = {id(n): n for n in map(node_of, self.inputs)}
        operations = list({id(n.operation): n.operation for n in [*first.values(), *self.plan.nodes]}.values())
        nodes = [*first.values(), *self.plan.nodes]
        return {"name": self.name} | graph_form.serialized(self._inputs_struct, self._outputs_struct, operations, nodes)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A function from its graph."""
        inputs, outputs = graph_form.restored(config)
        return cls(inputs, outputs, name=config.get("name"))


def _shapes_in(structure):
    """The shapes in a structure of them, in order."""
    if isinstance(structure, (list, tuple)) and all(d is None or isinstance(d, int) for d in structure):
        yield structure
    else:
        parts = [structure[k] for k in sorted(structure)] if isinstance(structure, dict) else structure
        for part in parts:
            yield from _shapes_in(part)
