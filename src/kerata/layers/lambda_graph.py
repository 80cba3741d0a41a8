"""A `lambda` of ops as a graph that a file can hold: it is run once on symbolic tensors."""

import optree

from kerata import engines
from kerata.core.function import Function
from kerata.core.graph import OpCall, symbolic_leaves
from kerata.core.serialization import serialize_keras_object
from kerata.engines.abstract.array import AbstractArray
from kerata.layers.input_layer import Input, InputLayer


def traced(function, seen, arguments, path):
    """The graph of what `function` does.

    Args:
        function: takes the inputs, and `arguments` by name.
        seen: the inputs' (shape, dtype), in the inputs' structure; None if the layer was not called yet.
        path: the layer's path, for the error.

    Raises: TypeError if it is no graph of ops, saying why and what to do.
    """
    if seen is None:
        raise _cannot(function, path, "the layer has not been called yet, so its input's shape is not known")
    inputs = optree.tree_map(lambda s: Input(batch_shape=s[0], dtype=s[1]), seen, is_leaf=_is_spec)
    try:
        with engines.use_engine("abstract"):  # so that no number drawn or computed on the way becomes a constant
            outputs = function(inputs, **arguments)
    except Exception as error:
        raise _cannot(function, path, f"it can't be run on symbolic tensors ({error})") from error
    if not symbolic_leaves(outputs):
        raise _cannot(function, path, "its result does not come from its input")
    graph = Function(inputs, outputs, name=f"{path.rpartition('/')[2]}_function")
    for operation in graph.operations:
        if not isinstance(operation, (OpCall, InputLayer)):
            raise _cannot(function, path, f"it uses the layer {operation.name!r}")
    if any(type(x) is AbstractArray for node in graph.plan.nodes for x in optree.tree_leaves((node.args, node.kwargs))):
        raise _cannot(function, path, "it draws numbers, or makes tensors that do not come from its input")
    try:
        serialize_keras_object(graph)
    except (TypeError, ValueError, AttributeError) as error:
        raise _cannot(function, path, f"it uses values that a file can't hold ({error})") from error
    return graph


def _is_spec(x):
    return isinstance(x, tuple) and len(x) == 2 and isinstance(x[0], tuple) and isinstance(x[1], str)


def _cannot(function, path, why):
    code = function.__code__
    return TypeError(
        f'Layer "{path}": its lambda ({code.co_filename}:{code.co_firstlineno}) can\'t be saved as a graph of ops: {why}. '
        "Files hold no byte code. Use the functions of keras.ops in it, or write it as a named function and register it with "
        "@keras.saving.register_keras_serializable()."
    )
