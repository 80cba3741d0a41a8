"""Rematerialization: inner values are computed again in the backward pass instead of being kept, which saves memory."""

import functools
import math
from typing import Any

import optree

from kerata import engines
from kerata.core import masks
from kerata.core.arrays import dtype_of, static_shape
from kerata.core.configurable import NamedArguments
from kerata.core.graph import abstract_call
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.state import context, thread_context

_MODES = ("full", "activations", "larger_than", "list_of_layers")


class RematScope(metaclass=NamedArguments):
    """Layers that are made or called inside compute their inner values again in the backward pass.

    Args:
        mode: "full" (every layer), "activations" (layers' activation functions alone), "larger_than" (layers with more
            output elements than `output_size_threshold`), "list_of_layers" (those in `layer_names`), or None for none.
        output_size_threshold: for "larger_than"; unknown dimensions, such as the batch's, count as one.
        layer_names: for "list_of_layers".

    A layer made inside keeps the scope; one made outside follows the scope in which it is called. Scopes nest.

    Raises: ValueError for another mode.
    Source: Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174.

    >>> import kerata
    >>> with kerata.RematScope(mode="full"):
    ...     layer = kerata.layers.Dense(2, activation="relu")
    >>> layer(kerata.ops.ones((1, 3))).shape == (1, 2)
    True
    """

    def __init__(self, mode: Any = "full", output_size_threshold: float = 1024, layer_names: Any = None) -> None:
        if mode is not None and mode not in _MODES:
            raise ValueError(f"RematScope: mode is one of {', '.join(map(repr, _MODES))} or None; {mode!r} came.")
        self.mode, self.output_size_threshold, self.layer_names = mode, output_size_threshold, list(layer_names or [])

    def __enter__(self):
        self._outer, context.remat = context.remat, self
        return self

    def __exit__(self, *error):
        context.remat = self._outer


def current_scope():
    """The `RematScope` in force, None outside all."""
    return context.remat


def remat(f: Any) -> Any:
    """`f`, its inner values computed again in the backward pass. Arguments may be structures of tensors and other values.

    >>> import kerata
    >>> float(remat(lambda x, power: x**power)(kerata.ops.convert_to_tensor(3.0), power=2))
    9.0
    """

    @functools.wraps(f)
    def wrapped(*args, **kwargs):
        engine = engines.current()
        if engine.is_abstract:
            return f(*args, **kwargs)
        leaves, treedef = optree.tree_flatten((args, kwargs), none_is_leaf=True)
        arrays = [i for i, x in enumerate(leaves) if engine.is_array(x)]
        first_run = {name: getattr(context, name) for name in ("depth", "training", "autocast")}

        def on_arrays(*values):
            filled = list(leaves)
            for i, value in zip(arrays, values):
                filled[i] = value
                if masks.any_masks() and value is not leaves[i]:
                    masks.pass_on([leaves[i]], value)
            inner_args, inner_kwargs = optree.tree_unflatten(treedef, filled)
            with engines.use_engine(engine), thread_context(**first_run):
                return f(*inner_args, **inner_kwargs)

        return engine.remat(on_arrays)(*[leaves[i] for i in arrays])

    return wrapped


def call_layer(layer, call, scope, *args, **kwargs):
    """`call`, a layer's computation, rematerialized as far as `scope` says."""
    if scope.mode == "activations" and callable(getattr(layer, "activation", None)):
        return _with_activation(layer, call, remat(layer.activation), args, kwargs)
    if masks.any_masks() and layer._sublayers():  # masks don't come out of a second run: the layers inside run again instead
        return call(*args, **kwargs)
    if scope.mode == "full" or scope.mode == "list_of_layers" and layer.name in scope.layer_names:
        return layer.rematerialized_call(call, *args, **kwargs)
    if scope.mode == "larger_than" and not engines.current().is_abstract:
        outputs = abstract_call(call, *_as_specs(args, kwargs))
        if _size(outputs) > scope.output_size_threshold:
            return layer.rematerialized_call(call, *args, **kwargs)
    return call(*args, **kwargs)


def _with_activation(layer, call, activation, args, kwargs):
    before = layer.activation
    object.__setattr__(layer, "activation", activation)
    try:
        return call(*args, **kwargs)
    finally:
        object.__setattr__(layer, "activation", before)


def _as_specs(args, kwargs):
    engine = engines.current()
    spec = lambda x: AbstractArray(static_shape(x), dtype_of(x)) if engine.is_array(x) else x
    return optree.tree_map(spec, (args, kwargs), none_is_leaf=True)


def _size(outputs):
    return sum(math.prod(d or 1 for d in x.shape) for x in optree.tree_leaves(outputs) if hasattr(x, "shape"))
