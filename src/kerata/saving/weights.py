"""Where each weight of a model stands in a file: Keras 3's tree of names."""

from kerata.core.naming import to_snake_case
from kerata.core.structure import CONTAINERS
from kerata.layers.layer import Layer
from kerata.layers.tracking import parts_of


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
    yield from ((name, attributes[name]) for name in sorted(attributes) if isinstance(attributes[name], (Layer, *CONTAINERS)))


def walk(obj, path="", seen=None):
    """Pairs of path and layer for `obj` and all inside it, each layer once."""
    seen = {} if seen is None else seen
    if id(obj) in seen:
        return
    seen[id(obj)] = obj  # kept, so that its id stays its own
    if not isinstance(obj, Layer):
        yield from _walk_container(obj, path, seen)
        return
    yield path, obj
    for name, child in children(obj):
        yield from walk(child, f"{path}/{name}" if path else name, seen)


def _walk_container(container, path, seen):
    """What a list, tuple, set or dict holds, under names made of the classes; containers in it are `container`s."""
    counts: dict[str, int] = {}
    for item in parts_of(container):
        if isinstance(item, (Layer, *CONTAINERS)):
            name = to_snake_case(type(item).__name__) if isinstance(item, Layer) else "container"
            count = counts[name] = counts.get(name, -1) + 1
            yield from walk(item, f"{path}/{name}_{count}" if count else f"{path}/{name}", seen)
