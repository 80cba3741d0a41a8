"""A model as a diagram: its layers with what is to be told of them, and what is connected to what."""

import dataclasses

from kerata.core.graph import node_of
from kerata.utils.diagram_layout import Box, place

_PADDING, _LINE, _LABEL = 9, 17, 20
_CHARACTER = 7.1  # how wide a character is on the average, at the size that diagrams are drawn in


@dataclasses.dataclass
class LayerBox(Box):
    """A layer's box: a title and lines of text."""

    key: str = ""
    title: str = ""
    lines: tuple = ()
    is_input: bool = False
    inner: "Diagram | None" = None


@dataclasses.dataclass
class Diagram:
    """Boxes with their places, and lines between them."""

    boxes: list
    edges: list  # pairs of keys
    paths: list  # the points of each edge
    width: float
    height: float


def diagram_of(model, options, prefix=""):
    """The diagram of a model.

    Args:
        options: a dict of the arguments of `plot_model` that say what is shown.
    """
    operations, edges = _graph(model)
    boxes = {}
    for key, operation in operations.items():
        inner = None
        if options["expand_nested"] and _is_graph(operation):
            inner = diagram_of(operation, options, f"{prefix}{key}/")
        boxes[key] = _box(f"{prefix}{key}", operation, options, inner)
    sideways = options["rankdir"] in ("LR", "RL")
    if sideways:
        _turn(boxes.values())
    width, height, paths = place(boxes, edges)
    if sideways:
        _turn(boxes.values())
        width, height, paths = height, width, [[(y, x) for x, y in path] for path in paths]
    if options["rankdir"] in ("BT", "RL"):
        across = int(options["rankdir"] == "BT")
        whole = height if across else width
        for box in boxes.values():
            box.y, box.x = (whole - box.y - box.height, box.x) if across else (box.y, whole - box.x - box.width)
        paths = [[(x, whole - y) if across else (whole - x, y) for x, y in path] for path in paths]
    return Diagram(list(boxes.values()), [(prefix + a, prefix + b) for a, b in edges], paths, width, height)


def _turn(boxes):
    for box in boxes:
        box.x, box.y, box.width, box.height = box.y, box.x, box.height, box.width


def _is_graph(operation):
    return hasattr(operation, "summary") and (
        getattr(operation, "plan", None) is not None or getattr(operation, "layers", None)
    )


def _graph(model):
    """A model's operations by name, in the order in which they run, and the pairs of names that are connected."""
    if getattr(model, "plan", None) is None:
        operations = {layer.name: layer for layer in model.layers}
        names = list(operations)
        chained = type(model).__name__ == "Sequential"
        return operations, list(zip(names, names[1:])) if chained else []
    nodes = [*{id(node_of(x)): node_of(x) for x in model.inputs}.values(), *model.plan.nodes]
    operations = {node.operation.name: node.operation for node in nodes}
    edges = {(node_of(x).operation.name, node.operation.name): None for node in nodes for x in node.input_tensors}
    order, edges = _sorted(list(operations), [(a, b) for a, b in edges if a in operations and a != b])
    return {name: operations[name] for name in order}, edges


def _sorted(names, edges):
    """The names, each after those that it needs, and the edges that go forwards: a shared layer may close a ring."""
    order, left = [], list(names)
    while left:
        waiting = {b for a, b in edges if a in left}
        free = [name for name in left if name not in waiting] or left[:1]
        order += free
        left = [name for name in left if name not in free]
    position = {name: i for i, name in enumerate(order)}
    return order, [(a, b) for a, b in edges if position[a] < position[b]]


def _box(key, operation, options, inner):
    """A box with the lines that the options ask for, as large as they need."""
    kind = operation.op.__name__ if hasattr(operation, "op") else type(operation).__name__
    title = f"{operation.name} ({kind})" if options["show_layer_names"] else kind
    lines = () if inner else tuple(_lines(operation, options))
    is_input = type(operation).__name__ == "InputLayer"
    if inner is not None:
        width = max(inner.width, len(title) * _CHARACTER) + 2 * _PADDING
        return LayerBox(width, inner.height + _LABEL + 2 * _PADDING, key=key, title=title, inner=inner)
    longest = max(len(text) for text in (title, *lines))
    height = _LINE * (1 + len(lines)) + 2 * _PADDING + (4 if lines else 0)
    return LayerBox(longest * _CHARACTER + 2 * _PADDING, height, key=key, title=title, lines=lines, is_input=is_input)


def _lines(operation, options):
    activation = getattr(operation, "activation", None)
    if options["show_layer_activations"] and activation is not None:
        yield f"activation: {getattr(activation, '__name__', activation)}"
    nodes = operation._inbound_nodes
    if nodes and (options["show_shapes"] or options["show_dtype"]):
        inputs, outputs = nodes[-1].input_tensors, nodes[-1].output_tensors
        if options["show_shapes"]:
            if inputs:
                yield f"input: {_shown(inputs, 'shape')}"
            yield f"output: {_shown(outputs, 'shape')}"
        if options["show_dtype"]:
            yield f"dtype: {_shown(outputs, 'dtype')}"
    if options["show_trainable"] and getattr(operation, "weights", None):
        yield "trainable" if operation.trainable else "not trainable"


def _shown(tensors, what):
    values = [str(getattr(x, what)) for x in tensors]
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]" if len(values) < 4 else f"{len(values)} tensors"
