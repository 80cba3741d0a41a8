"""Layers around other layers."""

from typing import Any

import optree

from kerata import ops
from kerata.core.arrays import static_shape
from kerata.core.fields import Field, dataclass, field
from kerata.core.serialization import deserialize_keras_object
from kerata.core.signatures import accepts
from kerata.core.types import Shape, TensorLike, Tree
from kerata.layers.layer import Layer, is_default
from kerata.layers.recurrent import states_apart
from kerata.ops.lengths import run_time_shape


class Wrapped(Field[Layer, Any]):
    """A layer inside another."""

    def convert(self, value, name, owner):
        """Raises: ValueError if it is no layer."""
        check_layer(value, type(owner))
        return value


@dataclass
class Wrapper(Layer):
    """The base of layers that hold one other layer, as `layer`.

    Args:
        layer: the layer inside.

    Raises: ValueError if it is no layer.

    >>> import kerata
    >>> class Twice(kerata.layers.Wrapper):
    ...     def call(self, x):
    ...         return self.layer(self.layer(x))
    >>> Twice(kerata.layers.Rescaling(3.0))(kerata.ops.ones(())).shape
    ()
    """

    layer: Wrapped

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside, for the same shape."""
        _build(self.layer, input_shape)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
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


@dataclass
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

    supports_masking = True

    def build(self, input_shape: Shape) -> None:  # type: ignore[override]  # it needs a shape
        """Build the layer inside, for one step."""
        if len(input_shape) < 3:
            raise ValueError(
                f'Layer "{self.path}" (TimeDistributed) needs an input with at least 3 axes, (batch, time, ...); one of shape '
                f"{tuple(input_shape)} came."
            )
        _build(self.layer, (input_shape[0], *input_shape[2:]))

    def _check_mask(self, mask, expected):
        """Raises: ValueError for a mask of other rows or steps than the inputs'."""
        for x in optree.tree_leaves(mask):
            shape = static_shape(x)[:2]
            if len(shape) < 2 or any(None not in pair and pair[0] != pair[1] for pair in zip(shape, expected)):
                raise ValueError(
                    f'Layer "{self.path}" (TimeDistributed) has inputs of (batch, time) = {expected}; a mask of {shape} came.'
                )

    @property
    def _folds(self):
        return not any(layer.mixes_batch or getattr(layer, "stateful", False) for layer in self.layer._flatten_layers())

    def call(self, inputs: Tree, training: bool | None = None, mask: TensorLike | None = None) -> Any:
        """The layer's outputs at all steps, stacked."""
        first = optree.tree_leaves(inputs)[0]
        steps = static_shape(first)[1]
        self._check_mask(mask, static_shape(first)[:2])
        options = {"training": training} if accepts(self.layer.call, "training") else {}
        masked = mask is not None and accepts(self.layer.call, "mask")
        if self._folds or steps is None:
            fold = lambda x: ops.reshape(x, (-1, *run_time_shape(x)[2:]))
            if masked:
                options["mask"] = optree.tree_map(fold, mask)
            outputs = self.layer(optree.tree_map(fold, inputs), **options)
            return optree.tree_map(lambda y: ops.reshape(y, (*run_time_shape(first)[:2], *run_time_shape(y)[1:])), outputs)
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


@dataclass(after={"weights": "merge_mode"})
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

    supports_masking = True

    layer: Field[Layer, Any] = field(attribute="forward_layer")
    merge_mode: str | None = "concat"
    weights: Any = field(default=None, kw_only=True, attribute="_initial_weights", config=False)
    backward_layer: Field[Layer | None, Any] = field(default=None)

    def __post_init__(self):
        super().__post_init__()
        layer = self.forward_layer
        for given in (layer, self.backward_layer) if self.backward_layer is not None else (layer,):
            _check_recurrent(given)
        if self.merge_mode is not None and self.merge_mode not in _MERGE_MODES:
            raise ValueError(
                f"Bidirectional: merge_mode must be one of {', '.join(_MERGE_MODES)} or None; {self.merge_mode!r} came."
            )
        self.forward_layer: Any = _copied(layer, "forward_")
        if self.backward_layer is None:
            self.backward_layer = _copied(layer, "backward_", go_backwards=True)
        self._check_directions()
        directions: tuple[Any, Any] = self.forward_layer, self.backward_layer
        for direction in directions:
            if hasattr(direction, "zero_output_for_mask"):  # the two outputs of a step count or do not count together
                direction.zero_output_for_mask = direction.return_sequences

    def _check_directions(self):
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                f"Bidirectional: the two layers must run in different directions; both have "
                f"go_backwards={forward.go_backwards}. The forward layer has go_backwards=False, the backward layer True."
            )
        for name in ("return_sequences", "return_state", "stateful"):
            one, other = getattr(forward, name, False), getattr(backward, name, False)
            if one != other:
                raise ValueError(f"Bidirectional: {name} must be the same in both layers; it is {one} and {other}.")

    return_sequences = property(lambda self: self.forward_layer.return_sequences, doc="Whether all outputs are returned.")
    return_state = property(lambda self: self.forward_layer.return_state, doc="Whether the last states are returned too.")
    stateful = property(lambda self: getattr(self.forward_layer, "stateful", False), doc="Whether states are kept.")

    @property
    def states(self) -> Any:
        """The kept states, forward ones first; None if there are none."""
        if not self.stateful or self.forward_layer.states is None:
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    def reset_state(self) -> None:
        """Set the states of stateful layers to 0."""
        if self.stateful:
            self.forward_layer.reset_state()
            self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Set the states of stateful layers to 0."""
        self.reset_state()

    def build(self, sequences_shape: Shape, initial_state_shape: Shape | None = None) -> None:
        """Build both layers. `initial_state_shape` is accepted: their cells know their states' shapes."""
        _build(self.forward_layer, sequences_shape)
        _build(self.backward_layer, sequences_shape)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = states_apart(args, kwargs, 2 * len(getattr(self.forward_layer, "state_size", ())))
        return super().__call__(*args, **kwargs)

    def call(
        self, sequences: Tree, initial_state: Tree = None, mask: TensorLike | None = None, training: bool | None = None
    ) -> Any:
        """The merged outputs, and the states if `return_state`."""
        halves: tuple[Any, Any] = (None, None)
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

    def compute_mask(self, _: Any, mask: TensorLike | None) -> Any:
        """The sequence's mask if all outputs are returned, none otherwise."""
        mask = next(iter(optree.tree_leaves(mask)), None) if self.return_sequences else None
        return (mask, mask) if self.merge_mode is None else mask

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        layers = {name: _made(config.get(name), custom_objects) for name in ("layer", "backward_layer")}
        return cls(**{**config, **layers})


# Not in the class, where the name is the argument's.
setattr(Bidirectional, "layer", property(lambda self: self.forward_layer, doc="The forward layer."))


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
