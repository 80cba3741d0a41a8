"""The plan that runs a graph: its nodes in order, and which of them run on the host."""

import functools
import typing

import optree

from kerata.core.graph import KerasTensor, node_of, symbolic_leaves


class FromHost(typing.NamedTuple):
    """What the host's part of a model gave for a batch, in place of the model's inputs."""

    values: tuple


def _needs_host(operation):
    """Whether an operation runs on the host.

    Raises: ValueError for a model that does so in part.
    """
    plan = getattr(operation, "plan", None)
    if plan is None or plan.host_split is None:
        return getattr(operation, "runs_on_host", False)
    if operation.trainable_variables:
        inner = next(node.operation for node in plan.nodes if _needs_host(node.operation))
        raise ValueError(
            f"Layer {inner.name!r}, which works with texts on the host, is inside the model {operation.name!r}, which has "
            "weights to train. Call that layer before, outside of the inner model."
        )
    return True


class Plan:
    """A graph from `inputs` to `outputs`, sorted once into a flat list of steps; a call runs down the list.

    Raises: ValueError if an output does not follow from the inputs.
    """

    def __init__(self, inputs, outputs):
        self.inputs, self.outputs = inputs, outputs
        self.nodes = _sorted_nodes(symbolic_leaves(inputs), symbolic_leaves(outputs))
        self.slots = {}
        for x in symbolic_leaves(inputs):
            self._slot(x)
        self.steps = [self._step(node) for node in self.nodes]
        leaves, self._output_tree = optree.tree_flatten(outputs)
        self._output_slots = [self._slot(x) for x in leaves]

    def _slot(self, x):
        return self.slots.setdefault(id(x), len(self.slots))

    def _step(self, node):
        leaves, treedef = optree.tree_flatten((node.args, node.kwargs), none_is_leaf=True)
        slots = [(i, self._slot(x)) for i, x in enumerate(leaves) if isinstance(x, KerasTensor)]
        simple = len(node.args) == 1 and not node.kwargs and isinstance(node.args[0], KerasTensor)
        constants = [None if isinstance(x, KerasTensor) else x for x in leaves]
        return node.operation, simple, slots, constants, treedef, [self._slot(x) for x in node.output_tensors]

    @functools.cached_property
    def host_split(self):
        """The part that runs on the host, texts among its values, and the rest; None if no operation needs the host.

        The first takes the inputs, the second what the first gives.
        """
        on_host = set()
        for node in reversed(self.nodes):
            if id(node) in on_host or _needs_host(node.operation):
                on_host.update([id(node), *map(id, node.parents)])
        if not on_host:
            return None
        rest = [node for node in self.nodes if id(node) not in on_host]
        made = {id(x) for node in rest for x in node.output_tensors}
        wanted = [x for node in rest for x in node.input_tensors] + symbolic_leaves(self.outputs)
        between = list({id(x): x for x in wanted if id(x) not in made}.values())
        return Plan(self.inputs, between), Plan(between, self.outputs)

    def run(self, flat_inputs, call=None):
        """The outputs for arrays given in the order of the inputs; `call(operation, args, kwargs)` makes each call."""
        values = [None] * len(self.slots)
        values[: len(flat_inputs)] = flat_inputs
        for operation, simple, slots, constants, treedef, results in self.steps:
            if simple:
                args, kwargs = (values[slots[0][1]],), {}
            else:
                leaves = list(constants)
                for i, slot in slots:
                    leaves[i] = values[slot]
                args, kwargs = optree.tree_unflatten(treedef, leaves)
            out = operation(*args, **kwargs) if call is None else call(operation, args, kwargs)
            if len(results) == 1 and not isinstance(out, (list, tuple, dict)):
                values[results[0]] = out
            else:
                for slot, value in zip(results, optree.tree_leaves(out)):
                    values[slot] = value
        return optree.tree_unflatten(self._output_tree, [values[slot] for slot in self._output_slots])


def _sorted_nodes(inputs, outputs):
    """The nodes between, each after those that it needs; in the order of their making where that is free."""
    known = {id(x) for x in inputs}
    done, order = set(), []
    for output in outputs:
        if id(output) in known:
            continue
        if output._keras_history is None:
            raise ValueError(f"The output {output!r} comes from no layer: it was made by hand, outside any graph.")
        stack = [(node_of(output), False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in done:
                continue
            if ready:
                done.add(id(node))
                order.append(node)
                continue
            if node.is_input:
                raise ValueError(
                    f"The model's outputs need the input {node.operation.name!r}, which is not among its inputs "
                    f"({', '.join(x.name for x in inputs)}). Add it to Model(inputs=...)."
                )
            stack.append((node, True))
            for x in reversed(node.input_tensors):
                if id(x) not in known and x._keras_history is None:
                    raise ValueError(f"{x!r}, an input of {node.operation.name!r}, comes from no layer and is no input.")
                if id(x) not in known and id(node_of(x)) not in done:
                    stack.append((node_of(x), False))
    return order
