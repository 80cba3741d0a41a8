"""Where each weight of a model stands in a file: Keras 3's tree of names."""

from kerata.core.naming import to_snake_case
from kerata.layers.layer import Layer


def children(obj):
    """The parts of a layer that have weights of their own, by the name under which files hold them.

    A model made from a graph, or a Sequential, holds its `layers`; any other object its attributes, in the order of their
    names, of which a model's private ones count as its layers.
    """
    if getattr(obj, "plan", None) is not None or hasattr(obj, "_chain"):
        yield "layers", list(obj.layers)
        return
    is_model = hasattr(type(obj), "fit")
    attributes = {k: v for k, v in vars(obj).items() if k not in obj._untracked and not (is_model and k.startswith("_"))}
    for base in type(obj).__mro__:
        for name, value in vars(base).items():
            if isinstance(value, property) and name in ("cell",) and isinstance(getattr(obj, name, None), Layer):
                attributes.setdefault(name, getattr(obj, name))
    if is_model:
        attributes["layers"] = list(obj.layers)
    for name in sorted(attributes):
        value = attributes[name]
        if isinstance(value, Layer):
            yield name, value
        elif isinstance(value, dict):
            yield name, [v for v in value.values() if isinstance(v, (Layer, list, tuple, dict))]
        elif isinstance(value, (list, tuple)):
            yield name, [v for v in value if isinstance(v, (Layer, list, tuple, dict))]


def walk(obj, path="", seen=None):
    """Pairs of path and layer for `obj` and all inside it, each layer once."""
    seen = set() if seen is None else seen
    if id(obj) in seen:
        return
    seen.add(id(obj))
    yield path, obj
    for name, child in children(obj):
        inner = f"{path}/{name}" if path else name
        if isinstance(child, Layer):
            yield from walk(child, inner, seen)
        else:
            yield from _walk_list(child, inner, seen)


def _walk_list(items, path, seen):
    counts = {}
    for item in items:
        if not isinstance(item, Layer):
            continue
        name = to_snake_case(type(item).__name__)
        count = counts[name] = counts.get(name, -1) + 1
        yield from walk(item, f"{path}/{name}_{count}" if count else f"{path}/{name}", seen)
