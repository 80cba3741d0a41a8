"""A graph in JSON form, as Keras 3 writes it: operations, their calls, inputs and outputs."""

import contextlib
import inspect

from kerata.core import op_names
from kerata.core.config import image_data_format
from kerata.core.graph import KerasTensor, Node, OpCall, node_of, symbolic_leaves
from kerata.core.op import OPS
from kerata.core.operators import op_named
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object
from kerata.core.signatures import parameters_of, variadic


def serialized(inputs, outputs, operations, nodes):
    """The JSON form of a graph.

    Args:
        inputs, outputs: symbolic tensors, in any structure.
        operations: the layers and ops, in the order in which they are written.
        nodes: the calls that belong to the graph.
    """
    nodes = {id(n) for n in nodes}
    layers = []
    for operation in operations:
        config = _serialized_operation(operation)
        calls = [n for n in operation._inbound_nodes if id(n) in nodes]
        config["name"] = operation.name
        config["inbound_nodes"] = [_serialized_call(n, nodes) for n in calls if not n.is_input]
        layers.append(config)
    return {"layers": layers, "input_layers": _references(inputs, nodes), "output_layers": _references(outputs, nodes)}


def restored(config, custom_objects=None):
    """The inputs and outputs of a graph made again.

    Raises: ValueError for a graph whose calls wait for each other, and for an op that kerata does not have.
    """
    operations, waiting = {}, []
    for data in config["layers"]:
        operation = _operation_from(data, custom_objects)
        operations[data["name"]] = operation
        waiting += [(operation, call) for call in data.get("inbound_nodes") or []]
    start = {name: _own_calls(operation) for name, operation in operations.items()}
    while waiting:
        blocked = []
        for operation, call in waiting:
            if not _call_from(operation, call, operations, start, custom_objects):
                blocked.append((operation, call))
        if len(blocked) == len(waiting):
            names = ", ".join(sorted({op.name for op, _ in blocked}))
            raise ValueError(f"The model's graph can't be made: the calls of {names} wait for tensors that nothing makes.")
        waiting = blocked
    return _tensors(config["input_layers"], operations, start), _tensors(config["output_layers"], operations, start)


def _own_calls(operation):
    """How many calls an operation had before the graph's: those of a nested model's own graph."""
    nodes = operation._inbound_nodes
    return 0 if nodes and nodes[0].is_input else len(nodes)


# Out


def _serialized_operation(operation):
    if not isinstance(operation, OpCall):
        return serialize_keras_object(operation)
    class_name = op_names.class_name(operation.op)
    node = operation._inbound_nodes[0]
    return {
        "module": f"keras.src.ops.{op_names.file_name(operation.op)}",
        "class_name": class_name,
        "config": {"name": operation.name, **serialize_keras_object(_parted(node)[1]), **_data_format(node)},
        "registered_name": class_name,
    }


def _data_format(node):
    """The format of an op's images, which files say outright."""
    arguments = inspect.signature(node.operation.op).bind(*node.args, **node.kwargs)
    if "data_format" not in arguments.signature.parameters:
        return {}
    return {"data_format": arguments.arguments.get("data_format") or image_data_format()}


def _parted(node):
    """The arguments of an op's call in two: those of the call, in order, and those of the op's config."""
    parameters = parameters_of(node.operation.op)
    bound = inspect.signature(node.operation.op).bind(*node.args, **node.kwargs).arguments
    many = variadic(parameters.values())
    always = op_names.in_every_call(node.operation.op)
    bound = {n: bound.get(n, p.default) for n, p in parameters.items() if n in bound or n in always}
    in_call = {n: v for n, v in bound.items() if n in op_names.IN_CALLS or n in always or n == many or symbolic_leaves(v)}
    places = list(parameters)
    for n in places[: max(map(places.index, in_call), default=0)]:  # left out, these would be given what comes next by place
        bound.setdefault(n, parameters[n].default)
    flat = [x for n, v in in_call.items() for x in (v if n == many else [v])]
    return flat, {n: v for n, v in bound.items() if n not in in_call}


def _serialized_call(node, nodes):
    args, kwargs = (_parted(node)[0], {}) if isinstance(node.operation, OpCall) else (node.args, node.kwargs)
    return {"args": [_plain(a, nodes) for a in args], "kwargs": {k: _plain(v, nodes) for k, v in kwargs.items()}}


def _plain(x, nodes):
    if isinstance(x, KerasTensor):
        config = serialize_keras_object(x)
        config["config"]["keras_history"] = _reference(x, nodes)
        return config
    if isinstance(x, (list, tuple)):
        return [_plain(v, nodes) for v in x]
    if isinstance(x, dict):
        return {k: _plain(v, nodes) for k, v in x.items()}
    return serialize_keras_object(x)


def _reference(x, nodes):
    """Layer name, number of the call among those in this graph, number of the output."""
    operation, index, tensor = x._keras_history
    before = [n for n in operation._inbound_nodes[:index] if id(n) in nodes]
    return [operation.name, len(before), tensor]


def _references(structure, nodes):
    if isinstance(structure, KerasTensor):
        return _reference(structure, nodes)
    if isinstance(structure, dict):
        return {k: _references(v, nodes) for k, v in structure.items()}
    references = [_references(x, nodes) for x in structure]
    return tuple(references) if isinstance(structure, tuple) else references


# In


def _op_of(class_name):
    """The op that a form names.

    Raises: ValueError for one that kerata does not have.
    """
    name = op_names.op_of_class(class_name)
    for namespace in (op_named, lambda name: getattr(op_named("image"), name)):
        with contextlib.suppress(AttributeError):
            namespace(name)  # which imports the op's file
    if name not in OPS:
        raise ValueError(f"The model uses the op {class_name!r}, which kerata does not have.")
    return OPS[name]


def _operation_from(data, custom_objects):
    module = data.get("module") or ""
    if ".ops." in module:
        operation = OpCall(_op_of(data["class_name"]), name=data["config"].get("name"))
        operation.fixed = {k: deserialize_keras_object(v) for k, v in data["config"].items() if k != "name"}
        return operation
    if "module" not in data:
        data = {**data, "module": "keras.layers", "registered_name": None}
    return deserialize_keras_object(data, custom_objects=custom_objects)


def _call_from(operation, call, operations, start, custom_objects):
    """Make one call of the graph again; False if a tensor that it needs is not there yet."""
    missing = []

    def find(x):
        if isinstance(x, dict) and x.get("class_name") == "__keras_tensor__":
            tensor = _tensor(x["config"]["keras_history"], operations, start)
            if tensor is None:
                missing.append(x)
            return tensor
        if isinstance(x, list):
            return [find(v) for v in x]
        if isinstance(x, dict) and "class_name" not in x:
            return {k: find(v) for k, v in x.items()}
        return deserialize_keras_object(x, custom_objects=custom_objects)

    args, kwargs = [find(a) for a in call["args"]], {k: find(v) for k, v in call["kwargs"].items()}
    if missing:
        return False
    if isinstance(operation, OpCall):
        if operation.op.__name__ == "get_item" and isinstance(args[1], list):
            args[1] = tuple(args[1])
        _record_op(operation, *_bound(operation, args, kwargs))
    else:
        operation(*args, **kwargs)
    return True


def _bound(operation, args, kwargs):
    """The arguments of an op's call, with those that Keras keeps in the operation's config instead of in the call."""
    parameters = parameters_of(operation.op)
    fixed = {k: v for k, v in getattr(operation, "fixed", {}).items() if k in parameters}
    names = list(parameters)
    many = variadic(parameters.values())
    if not many:
        given = {**dict(zip([n for n in names if n not in fixed], args)), **kwargs, **fixed}
        bound = inspect.signature(operation.op).bind(**given)  # in the signature's order
        return bound.args, bound.kwargs
    first = [fixed.pop(n) for n in names[: names.index(many)] if n in fixed]  # what stands before *operands goes by position
    return [*first, *args], {**kwargs, **fixed}


def _record_op(operation, args, kwargs):
    outputs = operation.op(*args, **kwargs)
    made = node_of(symbolic_leaves(outputs)[0])
    Node(operation, made.args, made.kwargs, outputs)


def _tensor(history, operations, start):
    name, index, position = history
    operation = operations.get(name)
    nodes = operation._inbound_nodes[start.get(name, 0) :] if operation is not None else []
    return nodes[index].output_tensors[position] if index < len(nodes) else None


def _tensors(structure, operations, start):
    if isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str):
        return _tensor(structure, operations, start)
    if isinstance(structure, dict):
        return {k: _tensors(v, operations, start) for k, v in structure.items()}
    made = [_tensors(x, operations, start) for x in structure]
    return tuple(made) if isinstance(structure, tuple) else made
