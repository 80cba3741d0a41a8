"""`clone_model`: the same structure with fresh weights."""

import contextlib
from collections.abc import Callable
from typing import Any

import optree

from kerata.core import suggestions
from kerata.core.graph import KerasTensor, OpCall, symbolic_leaves
from kerata.engines.warning import warn
from kerata.layers.input_layer import Input, InputLayer
from kerata.layers.layer import Layer
from kerata.metrics.metric import Metric
from kerata.models.functional import Functional
from kerata.models.sequential import Sequential
from kerata.optimizers.optimizer import Optimizer
from kerata.training.trainer import Trainer


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[..., Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model of the same structure with new layers and new weights.

    It is compiled as the model is, with a new optimizer and new metrics, unless the model's class has a `compile` of its own.

    Args:
        model: a Sequential, or a model made from a graph, or one of a class with a config.
        input_tensors: symbolic tensors to build on in place of new inputs.
        clone_function: makes a layer from a layer; by default `layer.__class__.from_config(layer.get_config())`.
        call_function: `call_function(layer, *args, **kwargs)` in place of calling the layer, in models made from a graph.
        recursive: whether `clone_function` and `call_function` are also applied inside nested models; the latter in those
            made from a graph.

    Raises: TypeError for arguments by other names; ValueError for those that a model of this kind has no use for.

    >>> import kerata
    >>> def wider(layer):
    ...     return type(layer).from_config(layer.get_config() | {"units": 2 * layer.units})
    >>> model = kerata.Sequential([kerata.layers.Input((4,)), kerata.layers.Dense(3)])
    >>> clone_model(model).output_shape, clone_model(model, clone_function=wider).output_shape
    ((None, 3), (None, 6))
    """
    suggestions.refuse(clone_model, kwargs)

    def clone(layer):
        if recursive and (clone_function or call_function) and getattr(layer, "plan", None) is not None:
            inner = None if isinstance(layer, Sequential) else call_function
            return clone_model(layer, clone_function=clone_function, call_function=inner, recursive=True)
        make = clone_function or (lambda old: type(old).from_config(old._config_for_copies()))
        new = make(layer)
        if not isinstance(new, Layer):
            raise TypeError(f"clone_function must return a layer; {new!r} came for {layer.name!r}.")
        return new

    if isinstance(model, Sequential):
        _of_no_use(model, call_function=call_function)
        start = [input_tensors] if input_tensors is not None and not isinstance(input_tensors, list) else input_tensors
        layers = [clone(layer) for layer in model.layers]
        if start:
            return _compiled_as(model, Sequential([*start, *layers], name=model.name))
        if model.plan is not None and isinstance(model._chain[0], InputLayer):
            x = model.inputs[0]
            layers = [Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), *layers]
        return _compiled_as(model, Sequential(layers, name=model.name))
    if model.plan is None:
        _of_no_use(model, input_tensors=input_tensors, clone_function=clone_function, call_function=call_function)
        return _compiled_as(model, _built_as(model, type(model).from_config(model.get_config())))
    return _compiled_as(model, _clone_graph(model, input_tensors, clone, call_function))


def _built_as(model, new):
    """`new`, of a class of the user's, built for the inputs of `model`; what can't be built by their shape alone is left."""
    if model.built:
        with contextlib.suppress(ValueError):
            new.build_from_config(model.get_build_config())
    return new


def _compiled_as(model, new):
    """`new`, trainable and compiled as `model` is."""
    new._trainable = model._trainable
    if model.compiled and type(model).compile is Trainer.compile:
        try:
            arguments = optree.tree_map(_anew, model._compilation.arguments, none_is_leaf=True)
        except (TypeError, ValueError) as error:
            warn(f"The clone of {model.name!r} is not compiled, since its optimizer can't be made anew: {error}")
            return new
        new.compile(**arguments)
        if new.built:
            new.optimizer.build(new.trainable_variables)
    return new


def _anew(argument):
    """An argument of `compile`; what has state is made anew."""
    return type(argument).from_config(argument.get_config()) if isinstance(argument, (Optimizer, Metric)) else argument


def _of_no_use(model, **given):
    """Raises: ValueError if something is given for a model that has no use for it."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"clone_model has no use for {name} with {model.name!r}, which is a {type(model).__name__}: only a model made "
                f"from a graph, Model(inputs, outputs), {'or a Sequential ' if name != 'call_function' else ''}takes it."
            )


def _clone_graph(model, input_tensors, clone, call_function):
    tensors = {}
    if input_tensors is None:
        for x in model.inputs:
            tensors[id(x)] = Input(batch_shape=x.shape, dtype=x.dtype, name=x._keras_history[0].name)
    else:
        given = optree.tree_leaves(input_tensors)
        if len(given) != len(model.inputs):
            raise ValueError(
                f"input_tensors: the model {model.name!r} has {len(model.inputs)} inputs; {len(given)} tensors came."
            )
        tensors.update((id(x), y) for x, y in zip(model.inputs, given))
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
