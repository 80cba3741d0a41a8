"""`model.summary()`, in the layout that people know."""

import math

from kerata.core.graph import Node
from kerata.layers.layer import Layer


def print_summary(
    model,
    line_length=None,
    positions=None,
    print_fn=None,
    expand_nested=False,
    show_trainable=False,
    layer_range=None,
):
    """Print a table of the model's layers, their outputs' shapes, their parameters, and what they are connected to."""
    connected = not _is_chain(model)
    headers = [
        "Layer (type)",
        "Output Shape",
        "Param #",
        *(["Connected to"] if connected else []),
        *(["Trainable"] if show_trainable else []),
    ]
    line_length = line_length or (98 if connected else 65) + (11 if show_trainable else 0)
    positions = positions or ([0.33, 0.55, 0.67, 1.0] if connected else [0.45, 0.85, 1.0])
    if show_trainable and len(positions) < len(headers):
        positions = [p * 0.89 for p in positions] + [1.0]
    columns = [int(p * line_length) if p <= 1 else int(p) for p in positions]
    lines = [f'Model: "{model.name}"', "_" * line_length, _row(headers, columns), "=" * line_length]
    relevant = {id(n) for n in model._nodes()} if connected else None
    layers = _ranged(_rows_of(model), layer_range)
    for i, layer in enumerate(layers):
        lines += _layer_lines(layer, columns, connected, relevant, show_trainable, expand_nested, 0)
        lines.append(("=" if i == len(layers) - 1 else "_") * line_length)
    lines += [*_totals(model), "_" * line_length]
    (print_fn or print)("\n".join(lines)) if print_fn is None else [print_fn(line) for line in lines]


def _rows_of(model):
    """The layers, and the ops between them."""
    return model._operations if getattr(model, "plan", None) is not None and not hasattr(model, "_chain") else model.layers


def _ranged(layers, layer_range):
    if layer_range is None:
        return layers
    if len(layer_range) != 2:
        raise ValueError(f"layer_range is the names of the first and the last layer; {layer_range!r} came.")
    names = [layer.name for layer in layers]
    for name in layer_range:
        if name not in names:
            raise ValueError(f"layer_range names the layer {name!r}, which the model does not have: {', '.join(names[:20])}.")
    return layers[names.index(layer_range[0]) : names.index(layer_range[1]) + 1]


def _is_chain(model):
    """Whether each layer has one input, the output of the layer before."""
    if getattr(model, "plan", None) is None:
        return True
    nodes = model._nodes()
    consumers: dict[int, int] = {}
    for node in nodes:
        if len(node.input_tensors) > 1:
            return False
        for x in node.input_tensors:
            consumers[id(x)] = consumers.get(id(x), 0) + 1
    return (
        all(c == 1 for c in consumers.values())
        and len(model.inputs) == 1
        and len({id(n.operation) for n in nodes}) == len(nodes)
    )


def _layer_lines(layer, columns, connected, relevant, show_trainable, expand_nested, depth):
    indent = "|" + "  " * depth if depth else ""
    fields = [f"{indent}{layer.name} ({type(layer).__name__})", _output_shape(layer), _parameters(layer)]
    sources = _connections(layer, relevant) if connected else []
    if connected:
        fields.append(sources[0] if sources else "")
    if show_trainable:
        fields.append("Y" if getattr(layer, "trainable", True) else "N")
    lines = [_row(fields, columns)]
    lines += [_row(["", "", "", source], columns) for source in sources[1:]]
    if expand_nested and getattr(layer, "layers", None) and hasattr(layer, "summary"):
        for inner in _rows_of(layer):
            inside = {id(n) for n in layer._nodes()} if connected and getattr(layer, "plan", None) else None
            lines += _layer_lines(inner, columns, connected, inside, show_trainable, True, depth + 1)
    return lines


def _row(fields, columns):
    line, start = "", 0
    for field, end in zip(fields, columns):
        line = line[:start].ljust(start) + str(field)
        line = line[: end - 1].ljust(end) if end != columns[-1] or len(line) > end else line.ljust(end)
        start = end
    return line


def _output_shape(layer):
    nodes = layer._inbound_nodes
    if not nodes:
        return "?"
    shapes = [x.shape for x in nodes[-1].output_tensors]
    return str(shapes[0]) if len(shapes) == 1 else str(list(shapes))


def _parameters(layer):
    if not isinstance(layer, Layer):
        return 0
    return layer.count_params() if layer.built else "unbuilt"


def _connections(layer, relevant):
    found = []
    for node in layer._inbound_nodes:
        if isinstance(node, Node) and (relevant is None or id(node) in relevant):
            for x in node.input_tensors:
                operation, index, tensor = x._keras_history
                found.append(f"{operation.name}[{index}][{tensor}]")
    return found


def _totals(model):
    counts = [_count(group) for group in (model.weights, model.trainable_weights, model.non_trainable_weights)]
    lines = [f"{label} params: {count:,}" for label, count in zip(("Total", "Trainable", "Non-trainable"), counts)]
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        lines.append(f"Optimizer params: {_count(optimizer.variables):,}")
    return lines


def _count(variables):
    return sum(math.prod(v.shape) for v in variables)
