"""Weights that a model computes with but does not hold: a file of it would lack them."""

import collections
import functools
import types

import numpy as np

from kerata.core.structure import CONTAINERS
from kerata.core.variable import Variable
from kerata.layers.layer import Layer
from kerata.layers.tracking import parts_of

_DEPTH = 8
# Packages whose objects hold no layers of users'.
_FOREIGN = frozenset(
    "kerata builtins numpy jax jaxlib torch tensorflow h5py optree functools types typing enum pathlib".split()
)


def refuse_strays(layers, variables):
    """Raises: ValueError if a function or an object that one of the layers holds uses weights that none of them holds.

    Args:
        layers: pairs of path and layer, all that are saved.
        variables: the model's variables.
    """
    known = {id(layer) for _, layer in layers} | {id(v) for v in variables}
    for _, layer in layers:
        for name, value in vars(layer).items():
            if name not in layer._untracked and not isinstance(value, (Layer, Variable)):
                stray = _stray(value, known, _DEPTH)
                if stray is not None:
                    raise ValueError(_told(layer, name, *stray))


def _told(layer, name, stray, how):
    what = f"the layer {stray.name!r}" if isinstance(stray, Layer) else f"the variable {stray.path!r}"
    return (
        f'Layer "{layer.path}" ({type(layer).__name__}) reaches {what} through {how} in its attribute {name!r}. Such weights are '
        "neither trained nor saved with the model, so it is not saved. Set the layer as an attribute of yours, in __init__: "
        f"self.inner = {getattr(stray, 'name', 'layer')}."
    )


def _stray(value, known, depth):
    """A layer with weights, or a variable, that is not known, and how it was reached; None if there is none."""
    if depth == 0 or id(value) in known:
        return None
    if isinstance(value, Layer):
        return (value, "an object") if value.weights else None
    if isinstance(value, Variable):
        return value, "an object"
    if isinstance(value, CONTAINERS):
        return _first(parts_of(value), known, depth)
    if isinstance(value, types.FunctionType):
        found = _first(_used_by(value), known, depth)
        return found and (found[0], f"the function {value.__name__!r}")
    if isinstance(value, types.MethodType):
        return _first([value.__self__, value.__func__], known, depth)
    if isinstance(value, functools.partial):
        return _first([value.func, *value.args, *value.keywords.values()], known, depth)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _first(value.ravel().tolist(), known, depth)
    if isinstance(value, collections.abc.Mapping):
        return _first(list(value.values()), known, depth)
    if isinstance(value, (collections.deque, collections.UserList)):
        return _first(list(value), known, depth)
    if isinstance(value, type) or type(value).__module__.split(".")[0] in _FOREIGN:
        return None
    return _first(_attributes(value), known, depth)


def _attributes(value):
    """What an object holds, in slots too."""
    slots = [getattr(cls, "__slots__", ()) for cls in type(value).__mro__]
    names = [name for group in slots for name in ([group] if isinstance(group, str) else group)]
    return [*getattr(value, "__dict__", {}).values(), *(getattr(value, name, None) for name in names)]


def _first(values, known, depth):
    return next(filter(None, (_stray(value, known, depth - 1) for value in values)), None)


def _used_by(fn):
    """What a function has in its closure and its defaults, and the layers and variables among its globals."""
    cells = []
    for cell in fn.__closure__ or ():
        try:
            cells.append(cell.cell_contents)
        except ValueError:  # not filled yet
            continue
    named = [fn.__globals__.get(name) for name in fn.__code__.co_names]
    own = [x for x in named if isinstance(x, (Layer, Variable))]
    return [*cells, *(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values(), *own]
