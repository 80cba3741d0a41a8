"""Losses that use symbolic tensors of a model, as programs of Keras 1 and 2 wrote them.

A function of that time was called once, with symbolic targets and outputs, so what it closed over (the mean and the variance of
a variational autoencoder) could be symbolic too. Here the model computes such tensors beside its outputs, and the function's own
graph goes on from their values.
"""

from typing import Any

import optree

from kerata import ops
from kerata.core.configurable import is_own
from kerata.core.graph import KerasTensor, node_of
from kerata.core.plan import Plan
from kerata.layers.input_layer import Input
from kerata.losses import Loss
from kerata.metrics import Mean, Metric


def is_symbolic(x: Any) -> bool:
    """Whether something is a symbolic tensor."""
    return isinstance(x, KerasTensor)


class Uses:
    """The symbolic tensors of a model that are used besides its outputs.

    Args:
        model: a model made from a graph, or not.
        before: those of the model before it was compiled anew, whose added losses and metrics stay.

    Attributes:
        tensors: the tensors, computed with each call of the model.
    """

    def __init__(self, model, before=None):
        self.model, self._values = model, {}
        self._losses: list[Any] = [] if before is None else before._losses
        self._metrics: list[Any] = [] if before is None else before._metrics
        self.tensors: list[Any] = [*self._losses, *(tensor for tensor, _ in self._metrics)]

    def add(self, tensor):
        """Compute a tensor with each call."""
        if all(tensor is not x for x in self.tensors):
            self.tensors.append(tensor)
        return tensor

    def add_loss(self, tensor):
        """Add the mean of a tensor to the loss."""
        self._losses.append(self.add(tensor))

    def add_metric(self, tensor, name):
        """Show the mean of a tensor in the logs."""
        metric = Mean(name=name or "metric")
        setattr(self.model, f"_metric_{metric.name}", metric)
        self._metrics.append((self.add(tensor), metric))

    def plan(self):
        """The model's graph with the tensors as further outputs."""
        graph = self.model.plan
        return Plan(graph.inputs, (graph.outputs, self.tensors))

    def take(self, values):
        """Keep the tensors' values in this call; returns the values of added losses."""
        self._values = {id(x): value for x, value in zip(self.tensors, values)}
        for tensor, metric in self._metrics:
            metric.update_state(self._values[id(tensor)])
        return [ops.mean(self._values[id(x)]) for x in self._losses]

    def value(self, tensor):
        """The value of a tensor in the call that was last."""
        return self._values[id(tensor)]

    def of(self, functions):
        """Losses or metrics in any structure; in place of functions that use symbolic tensors what computes with their values."""
        if self.model.plan is None:
            return functions
        outputs = optree.tree_leaves(self.model.plan.outputs)
        leaves, structure = optree.tree_flatten(functions, none_is_leaf=True)
        one_each = len(leaves) == len(outputs)
        found = [self._translated(f, outputs[i if one_each else 0]) for i, f in enumerate(leaves)]
        return optree.tree_unflatten(structure, found)

    def _translated(self, function, output):
        if not callable(function) or isinstance(function, (Loss, Metric, type)) or is_own(function):
            return function
        target = Input(batch_shape=output.shape, dtype=output.dtype)
        try:
            result = function(target, output)
        except Exception:  # it needs values, so it uses no symbolic tensors
            return function
        if not is_symbolic(result):
            return function
        used = _used(result, self.model, (target, output))
        return _WithValues(self, function, target, output, used, result) if used else function


def _used(result, model, known):
    """The tensors of a model's graph from which a result follows, besides those that are known."""
    inside, found, stack, seen = set(model.plan.slots), {}, [result], set()
    while stack:
        x = stack.pop()
        if id(x) in seen or any(x is k for k in known):
            continue
        seen.add(id(x))
        if id(x) in inside:
            found[id(x)] = x
        elif node_of(x) is not None:
            stack.extend(node_of(x).input_tensors)
    return list(found.values())


class _WithValues:
    """A loss or metric whose symbolic tensors have the values of the current batch."""

    def __init__(self, uses, function, target, output, used, result):
        self.uses, self.used = uses, [uses.add(x) for x in used]
        self.graph = Plan([target, output, *used], result)
        self.__name__ = getattr(function, "__name__", "loss")
        self.row_wise = getattr(function, "row_wise", False)

    def __call__(self, y_true, y_pred):
        dtype = getattr(y_pred, "dtype", "float32")
        return self.graph.run([ops.cast(y_true, dtype), y_pred, *[self.uses.value(x) for x in self.used]])
