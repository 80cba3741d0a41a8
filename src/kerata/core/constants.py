"""Constants of a graph that look like a part of it: what a layer made of values, and variables that no layer holds."""

import weakref
from typing import Any

import optree

from kerata.core.arrays import is_variable
from kerata.engines.warning import warn

_made_by: dict = {}  # id of an array -> (weak reference to it, the name of the layer that made it of values)


def note_outputs(name, outputs):
    """Note that the layer of this name made arrays of values, outside all graphs."""
    for x in optree.tree_leaves(outputs):
        key = id(x)
        forget: Any = lambda _, key=key: _made_by.pop(key, None)
        _made_by[key] = (weakref.ref(x, forget), name)


def maker_of(x):
    """The name of the layer that made an array of values; None if it was none, or isn't known."""
    found = _made_by.get(id(x))
    return found[1] if found is not None and found[0]() is x else None


def warn_of_strangers(model, nodes):
    """One warning for each layer and variable whose value is in a model's graph though it is no part of the model.

    Args:
        model: the model.
        nodes: the graph's nodes.
    """
    name = model.name
    leaves = [x for node in nodes for x in optree.tree_leaves((node.args, node.kwargs))]
    layers = dict.fromkeys(filter(None, map(maker_of, leaves)))
    for layer in layers:
        warn(
            f"Layer {layer!r} was called on values, not on a tensor of the model {name!r}: what it made is a constant there. Its "
            "weights are neither trained nor saved with the model. Call it on a symbolic tensor, or inside a layer of your own."
        )
    found = {id(x): x for x in leaves if is_variable(x)}
    own = {id(v) for v in model.variables} if found else ()
    for v in [v for key, v in found.items() if key not in own]:
        warn(
            f"Variable {v.path!r} is used in the model {name!r}, but no layer of it holds the variable: it is neither trained "
            "nor saved with the model. Make it in a layer of your own, with add_weight."
        )
