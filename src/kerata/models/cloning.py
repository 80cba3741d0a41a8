"""`clone_model`: the same structure with fresh weights."""

import optree

from kerata.core.graph import KerasTensor, OpCall, symbolic_leaves
from kerata.layers.input_layer import Input, InputLayer
from kerata.layers.layer import Layer


def clone_model(model, input_tensors=None, clone_function=None, call_function=None, recursive=False, **kwargs):
    """A model of the same structure with new layers and new weights.

    Args:
        model: a Sequential, or a model made from a graph, or one of a class with a config.
        input_tensors: symbolic tensors to build on in place of new inputs.
        clone_function: makes a layer from a layer; by default `layer.__class__.from_config(layer.get_config())`.
        call_function: `call_function(layer, *args, **kwargs)` in place of calling the layer.
        recursive: whether `clone_function` is also applied inside nested models.

    >>> import kerata
    >>> def wider(layer):
    ...     return type(layer).from_config(layer.get_config() | {"units": 2 * layer.units})
    >>> model = kerata.Sequential([kerata.layers.Input((4,)), kerata.layers.Dense(3)])
    >>> clone_model(model).output_shape, clone_model(model, clone_function=wider).output_shape
    ((None, 3), (None, 6))
    """
    from kerata.models.sequential import Sequential

    def clone(layer):
        if recursive and clone_function is not None and getattr(layer, "plan", None) is not None:
            return clone_model(layer, clone_function=clone_function, call_function=call_function, recursive=True)
        make = clone_function or (lambda old: type(old).from_config(old._config_for_copies()))
        new = make(layer)
        if not isinstance(new, Layer):
            raise TypeError(f"clone_function must return a layer; {new!r} came for {layer.name!r}.")
        return new

    if isinstance(model, Sequential):
        start = [input_tensors] if input_tensors is not None and not isinstance(input_tensors, list) else input_tensors
        layers = [clone(layer) for layer in model.layers]
        if start:
            return Sequential([*start, *layers], name=model.name)
        if model.inputs and isinstance(model._chain[0], InputLayer):
            x = model.inputs[0]
            layers = [Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), *layers]
        return Sequential(layers, name=model.name)
    if model.plan is None:
        return type(model).from_config(model.get_config())
    return _clone_graph(model, input_tensors, clone, call_function)


def _clone_graph(model, input_tensors, clone, call_function):
    from kerata.models.functional import Functional

    tensors = {}
    if input_tensors is None:
        for x in model.inputs:
            tensors[id(x)] = Input(batch_shape=x.shape, dtype=x.dtype, name=x._keras_history[0].name)
    else:
        tensors.update((id(x), y) for x, y in zip(model.inputs, optree.tree_leaves(input_tensors)))
    copies = {}
    for node in model.plan.nodes:
        args, kwargs = optree.tree_map(lambda x: _moved(x, tensors), (node.args, node.kwargs), none_is_leaf=True)
        old = node.operation
        if id(old) not in copies:
            copies[id(old)] = old if isinstance(old, OpCall) else clone(old)
        new = copies[id(old)]
        is_layer = isinstance(new, Layer)
        outputs = call_function(new, *args, **kwargs) if call_function and is_layer else new(*args, **kwargs)
        tensors.update((id(x), y) for x, y in zip(node.output_tensors, symbolic_leaves(outputs)))
    inputs, outputs = optree.tree_map(lambda x: _moved(x, tensors), (model.plan.inputs, model.plan.outputs))
    return Functional(inputs, outputs, name=model.name)


def _moved(x, tensors):
    return tensors[id(x)] if isinstance(x, KerasTensor) else x
