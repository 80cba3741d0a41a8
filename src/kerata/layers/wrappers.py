"""Layers around other layers."""

import optree

from kerata import ops
from kerata.core.arrays import static_shape
from kerata.core.graph import accepts
from kerata.core.registry import deserialize_keras_object
from kerata.layers.layer import Layer, is_default
from kerata.layers.recurrent import states_apart
from kerata.ops import nn


class Wrapper(Layer):
    """The base of layers that hold one other layer, as `layer`.

    Args:
        layer: the layer inside.

    Raises: ValueError if it is no layer.

    >>> import kerata
    >>> class Twice(kerata.layers.Wrapper):
    ...     def call(self, x):
    ...         return self.layer(self.layer(x))
    >>> Twice(kerata.layers.Rescaling(3.0))(1.0).shape
    ()
    """

    def __init__(self, layer, **kwargs):
        check_layer(layer, type(self))
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape=None):
        """Build the layer inside, for the same shape."""
        _build(self.layer, input_shape)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A layer from its config."""
        return cls(**{**config, "layer": _made(config["layer"], custom_objects)})


def check_layer(layer, cls):
    """Raises: ValueError if `layer` is no layer."""
    if not isinstance(layer, Layer):
        raise ValueError(f"{cls.__name__} wraps a layer, such as {cls.__name__}(keras.layers.LSTM(8)); {layer!r} came.")


def _build(layer, *shapes):
    if not layer.built and not is_default(type(layer).build):
        layer.build(*shapes)
        layer.built = True


def _made(config, custom_objects):
    return deserialize_keras_object(config, custom_objects=custom_objects) if isinstance(config, dict) else config


class TimeDistributed(Wrapper):
    """The same layer at each step of a sequence.

    Shapes: (batch, time, ...) -> (batch, time, ...), the layer being given (batch, ...).

    Args:
        layer: the layer inside.

    The steps are put into the batch, and the layer is called once, unless it mixes the batch's rows (batch normalization) or
    keeps states: then it is called step by step.

    Raises: ValueError if the input has less than 3 axes.

    >>> import kerata, numpy as np
    >>> kerata.layers.TimeDistributed(kerata.layers.Conv2D(4, 3))(np.ones((2, 5, 8, 8, 1))).shape
    (2, 5, 6, 6, 4)
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        """Build the layer inside, for one step."""
        if len(input_shape) < 3:
            raise ValueError(
                f'Layer "{self.path}" (TimeDistributed) needs an input with at least 3 axes, (batch, time, ...); one of shape '
                f"{tuple(input_shape)} came."
            )
        _build(self.layer, (input_shape[0], *input_shape[2:]))

    @property
    def _folds(self):
        return not any(layer.mixes_batch or getattr(layer, "stateful", False) for layer in self.layer._flatten_layers())

    def call(self, inputs, training=None, mask=None):
        """The layer's outputs at all steps, stacked."""
        first = optree.tree_leaves(inputs)[0]
        steps = static_shape(first)[1]
        options = {"training": training} if accepts(self.layer.call, "training") else {}
        masked = mask is not None and accepts(self.layer.call, "mask")
        if self._folds or steps is None:
            fold = lambda x: ops.reshape(x, (-1, *nn.run_time_shape(x)[2:]))
            if masked:
                options["mask"] = optree.tree_map(fold, mask)
            outputs = self.layer(optree.tree_map(fold, inputs), **options)
            return optree.tree_map(
                lambda y: ops.reshape(y, (*nn.run_time_shape(first)[:2], *nn.run_time_shape(y)[1:])), outputs
            )
        outputs = []
        for i in range(steps):
            at = lambda x, i=i: x[:, i]
            if masked:
                options["mask"] = optree.tree_map(at, mask)
            outputs.append(self.layer(optree.tree_map(at, inputs), **options))
        return optree.tree_map(lambda *ys: ops.stack(ys, axis=1), *outputs)


_MERGE_MODES = {
    "concat": lambda y, z: ops.concatenate([y, z], axis=-1),
    "sum": ops.add,
    "ave": lambda y, z: ops.multiply(ops.add(y, z), 0.5),
    "mul": ops.multiply,
}


class Bidirectional(Layer):
    """A recurrent layer run from the beginning, and another from the end (Schuster and Paliwal 1997, doi:10.1109/78.650093).

    Shapes: (batch, time, features) -> those of the layer, twice as wide with `merge_mode="concat"`. With `return_state` the
    forward states follow the output, then the backward ones.

    Args:
        layer: a recurrent layer; one like it is made.
        merge_mode: how the two outputs become one: "concat", "sum", "ave", "mul", or None for a tuple of both.
        weights: a list of arrays to begin with.
        backward_layer: the layer for the other direction; one like `layer` if None.

    Call arguments: as for `RNN`; `initial_state` holds the forward states, then the backward ones.

    Raises: ValueError for another merge mode, for a layer that is not recurrent, and for a backward layer that does not fit.

    >>> import kerata, numpy as np
    >>> kerata.layers.Bidirectional(kerata.layers.GRU(4, return_sequences=True))(np.ones((2, 5, 3))).shape
    (2, 5, 8)
    """

    def __init__(self, layer, merge_mode="concat", weights=None, backward_layer=None, **kwargs):
        for given in (layer, backward_layer) if backward_layer is not None else (layer,):
            _check_recurrent(given)
        if merge_mode is not None and merge_mode not in _MERGE_MODES:
            raise ValueError(
                f"Bidirectional: merge_mode must be one of {', '.join(_MERGE_MODES)} or None; {merge_mode!r} came."
            )
        super().__init__(weights=weights, **kwargs)
        self.merge_mode = merge_mode
        self.supports_masking = True
        self.forward_layer = _copied(layer, "forward_")
        self.backward_layer = backward_layer
        if backward_layer is None:
            self.backward_layer = _copied(layer, "backward_", go_backwards=not layer.go_backwards)
        self._check_directions()
        for direction in (self.forward_layer, self.backward_layer):
            if hasattr(direction, "zero_output_for_mask"):  # the two outputs of a step count or do not count together
                direction.zero_output_for_mask = direction.return_sequences

    def _check_directions(self):
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                f"Bidirectional: the two layers must run in different directions; both have "
                f"go_backwards={forward.go_backwards}."
            )
        for name in ("return_sequences", "return_state", "stateful"):
            one, other = getattr(forward, name, False), getattr(backward, name, False)
            if one != other:
                raise ValueError(f"Bidirectional: {name} must be the same in both layers; it is {one} and {other}.")

    @property
    def layer(self):
        """The forward layer."""
        return self.forward_layer

    return_sequences = property(lambda self: self.forward_layer.return_sequences, doc="Whether all outputs are returned.")
    return_state = property(lambda self: self.forward_layer.return_state, doc="Whether the last states are returned too.")
    stateful = property(lambda self: getattr(self.forward_layer, "stateful", False), doc="Whether states are kept.")

    @property
    def states(self):
        """The kept states, forward ones first; None if there are none."""
        if not self.stateful or self.forward_layer.states is None:
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    def reset_state(self):
        """Set the states of stateful layers to 0."""
        if self.stateful:
            self.forward_layer.reset_state()
            self.backward_layer.reset_state()

    def reset_states(self):
        """Set the states of stateful layers to 0."""
        self.reset_state()

    def build(self, sequences_shape, initial_state_shape=None):
        """Build both layers. `initial_state_shape` is accepted: their cells know their states' shapes."""
        _build(self.forward_layer, sequences_shape)
        _build(self.backward_layer, sequences_shape)

    def __call__(self, *args, **kwargs):
        args, kwargs = states_apart(args, kwargs, 2 * len(getattr(self.forward_layer, "state_size", ())))
        return super().__call__(*args, **kwargs)

    def call(self, sequences, initial_state=None, mask=None, training=None):
        """The merged outputs, and the states if `return_state`."""
        halves = (None, None)
        if initial_state is not None:
            half = len(initial_state) // 2
            halves = (list(initial_state[:half]), list(initial_state[half:]))
        results = []
        for layer, states in zip((self.forward_layer, self.backward_layer), halves):
            options = {"initial_state": states, "mask": mask, "training": training}
            options = {k: v for k, v in options.items() if v is not None and accepts(layer.call, k)}
            result = layer(sequences, **options)
            results.append(tuple(result) if self.return_state else (result,))
        (y, *states), (z, *more) = results
        if self.return_sequences:
            z = ops.flip(z, 1)
        if self.merge_mode is None:
            return (y, z, *states, *more)
        merged = _MERGE_MODES[self.merge_mode](y, z)
        return (merged, *states, *more) if self.return_state else merged

    def compute_mask(self, _, mask):
        """The sequence's mask if all outputs are returned, none otherwise."""
        mask = next(iter(optree.tree_leaves(mask)), None) if self.return_sequences else None
        return (mask, mask) if self.merge_mode is None else mask

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A layer from its config."""
        layers = {name: _made(config.get(name), custom_objects) for name in ("layer", "backward_layer")}
        return cls(**{**config, **layers})


def _check_recurrent(layer):
    check_layer(layer, Bidirectional)
    missing = [name for name in ("go_backwards", "return_sequences", "return_state") if not hasattr(layer, name)]
    if missing:
        raise ValueError(
            f"Bidirectional wraps a recurrent layer, one with {', '.join(missing)}; {type(layer).__name__} is none."
        )


def _copied(layer, prefix, **changes):
    """A new layer like `layer`, its name prefixed."""
    name = layer.name if layer.name.startswith(prefix) else prefix + layer.name
    return type(layer).from_config({**layer.get_config(), "name": name, **changes})
