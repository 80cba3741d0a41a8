"""What layers could do before Keras 3."""

from typing import Any

import numpy as np
import optree

from kerata.compat import initializations, regularizers, tables, translate
from kerata.compat.layers import weight_order
from kerata.compat.layers.mixin import Mixin
from kerata.core import suggestions
from kerata.core.arrays import static_shape
from kerata.core.configurable import is_own
from kerata.core.structure import Structure
from kerata.core.variable import Variable
from kerata.engines.state import context
from kerata.initializers import VarianceScaling
from kerata.layers import Conv1D, input_spec
from kerata.layers.layer_call import call_parameters

# The order in which `add_weight` took its arguments: from Keras 2 on, and in Keras 1.
_NAME_FIRST = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
_SHAPE_FIRST = ("shape", "initializer", "name", "trainable", "regularizer", "constraint")
_ALIASES = {
    "W": "kernel",
    "b": "bias",
    "U": "recurrent_kernel",
    "initial_weights": "_initial_weights",
    "batch_input_shape": "_batch_input_shape",
    "inbound_nodes": "_inbound_nodes",
}
_FORMATS = {"channels_first": "th", "channels_last": "tf"}


class _Then:
    """What an old layer remembers besides."""

    def __init__(self):
        self.outbound_nodes, self.updates, self.declared, self.learning_phase = [], [], set(), None


class _Weights(list):
    """Weights of a layer, which also gets what is put into the list."""

    def __init__(self, layer, trainable, found):
        super().__init__(found)
        self._layer, self._trainable = layer, trainable

    def append(self, weight):
        super().append(weight)
        self._layer.declare_weights([weight], self._trainable)

    def extend(self, weights):
        super().extend(weights)
        self._layer.declare_weights(list(weights), self._trainable)

    def __iadd__(self, weights):  # type: ignore[misc]  # any iterable, as `extend`
        self.extend(weights)
        return self


class _Constraints(dict):
    """Constraints by their weights, to which they are given."""

    def __setitem__(self, weight, constraint):
        super().__setitem__(weight, constraint)
        weight.constraint = constraint


class _Updates(list):
    """Updates of a layer: what is put in is done."""

    def __init__(self, layer, found):
        super().__init__(found)
        self._layer = layer

    def append(self, update):
        super().append(update)
        self._layer.add_update([update])

    def extend(self, updates):
        super().extend(updates)
        self._layer.add_update(list(updates))

    def __iadd__(self, updates):  # type: ignore[misc]  # any iterable, as `extend`
        self.extend(updates)
        return self


class OldLayer(Mixin):
    """What all layers of older generations could do besides: it comes before the class of today.

    A user's layer may define `get_output_shape_for(self, input_shape)`, make variables itself and put them into
    `self.trainable_weights`, and get new weights at any time. Arguments can be read by the names that they had.
    """

    built_by_call = True
    may_grow = True
    stateful = False
    _generation = "tf_keras"

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "get_output_shape_for" in own and "compute_output_shape" not in own and not is_own(cls):
            shape_of = own["get_output_shape_for"]
            setattr(cls, "compute_output_shape", lambda self, input_shape: shape_of(self, input_shape))

    @property
    def _then(self):
        return self.__dict__.setdefault("_then_kept", _Then())

    def __getattr__(self, name):
        """An argument or a weight by an old name.

        Raises: AttributeError if it never had one.
        """
        made: Any = getattr(type(self), name, None)
        if isinstance(made, property):  # which raised an AttributeError of its own
            return made.__get__(self)
        if not name.startswith("__"):
            found = _by_old_name(self, name)
            if found is not None:
                return found[0]
        after: Any = getattr(super(), "__getattr__", None)
        if after is not None:
            return after(name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # Weights

    def add_weight(self, *args, **kwargs):
        """A new weight: `add_weight(shape, initializer, name=...)` of Keras 1, or `add_weight(name, shape, ...)` since.

        Raises: TypeError for an argument given twice, and for one that it never took.
        """
        names = _NAME_FIRST if args and (args[0] is None or isinstance(args[0], str)) else _SHAPE_FIRST
        twice = set(names[: len(args)]) & kwargs.keys()
        if twice or len(args) > len(names):
            raise TypeError(f"add_weight takes {', '.join(names)}, each once; {', '.join(sorted(twice)) or 'more'} came twice.")
        given = _today(dict(zip(names, args)) | kwargs)
        given["initializer"] = initializations.initializer(given.get("initializer"), self._generation)
        if self._generation == "keras1":
            given["initializer"] = _scaled_as_then(self, given["initializer"], given.get("shape"))
        regularizer = given.get("regularizer")
        given["regularizer"] = regularizers.regularizer(regularizer, self._generation)
        return super().add_weight(**given)

    add_variable = add_weight

    def declare_weights(self, weights, trainable):
        """Make variables weights of the layer.

        Args:
            trainable: whether training changes them.

        Raises: TypeError for what is no variable.
        """
        wrong = next((w for w in weights if not isinstance(w, Variable)), None)
        if wrong is not None:
            raise TypeError(f"The weights of layer {self.name!r} are variables (K.variable, add_weight); {wrong!r} came.")
        held = {id(v) for v in self.weights}
        self._weights.extend(v for v in weights if id(v) not in held)
        for v in weights:
            self._then.declared.add(id(v))
            if trainable and not v.may_train:
                v.trainable = True
            elif not trainable:
                v.trainable = v._is_frozen = False
            v.freeze(not self._trainable)
        Structure.version += 1

    def _set_trainable_weights(self, weights):
        kept = {id(v) for v in weights}
        for v in self.trainable_variables:
            if id(v) not in kept:
                v.trainable = False
        self.declare_weights(list(weights), True)

    trainable_weights = _trainable_weights = property(
        lambda self: _Weights(self, True, self.trainable_variables), _set_trainable_weights
    )
    non_trainable_weights = _non_trainable_weights = property(
        lambda self: _Weights(self, False, super().non_trainable_weights),
        lambda self, weights: self.declare_weights(list(weights), False),
    )

    @property
    def constraints(self):
        """The constraints by their weights, a dict that may be changed and set."""
        return _Constraints({v: v.constraint for v in self.weights if v.constraint is not None})

    @constraints.setter
    def constraints(self, found):
        for weight, constraint in dict(found).items():
            weight.constraint = constraint

    def _lock_initial_weights(self):
        """What is left to do after `build`: variables that were only set as attributes are no weights to train, as then."""
        if self._generation != "tf_keras" and not is_own(type(self)):
            known = {id(v) for v in self._weights} | self._then.declared
            for v in self._held().variables.values():
                if id(v) not in known:
                    v.trainable = False
        super()._lock_initial_weights()

    def get_weights(self):
        """The weights' values, in the order and the shapes of their time."""
        return weight_order.values(self) if self._generation == "keras1" else super().get_weights()

    def set_weights(self, weights):
        """Set all weights, in the order and the shapes of their time.

        Raises: ValueError if their number or a shape differs.
        """
        super().set_weights(weight_order.today(self, weights) if self._generation == "keras1" else weights)

    # Losses and updates

    def _activity_penalty(self, x):
        """The activity regularization of an output: in Keras 1 and 2 that of the whole batch."""
        return super()._activity_penalty(x) if self._generation == "tf_keras" else self.activity_regularizer(x)

    def add_loss(self, losses, inputs=None):
        """Add losses to that of the model. `inputs` is accepted: losses of inputs are those made in `call`.

        Raises: ValueError for a tensor that is made in `build`, where it would be a constant.
        """
        values = optree.tree_leaves(losses)
        if self._building and not all(map(callable, values)):
            raise ValueError(
                f"Layer {self.name!r} adds a loss in build(), where it would be a constant. Write "
                "add_weight(..., regularizer=...), or add_loss(lambda: ...), or add it in call()."
            )
        super().add_loss([v if callable(v) or hasattr(v, "shape") else np.float32(v) for v in values])

    def add_update(self, updates, inputs=None):
        """Assign new values to variables while training, and in each call if the layer is `stateful`.

        Args:
            updates: a pair `(variable, value)`, or a list of them. What `K.update` returned has been assigned.
            inputs: accepted: updates are those of the call that makes them.
        """
        updates = [updates] if isinstance(updates, tuple) else list(updates if isinstance(updates, list) else [updates])
        self._then.updates = updates
        if context.training or self.stateful:
            for update in updates:
                if isinstance(update, tuple) and len(update) == 2:
                    update[0].assign(update[1])

    add_updates = add_update

    @property
    def updates(self):
        """The updates of the last call; those that are put in are done."""
        return _Updates(self, self._then.updates)

    @updates.setter
    def updates(self, updates):
        self.add_update(list(updates))

    def get_updates_for(self, inputs):
        """The updates of the last call. `inputs` is accepted: all of them are made in it."""
        return list(self._then.updates)

    def get_losses_for(self, inputs):
        """The losses of the last call; for None, those of the weights."""
        if inputs is not None:
            return list(self._added_losses(self))
        return [v.regularizer(v.value) for v in self.trainable_variables if v.regularizer is not None]

    # Shapes and the graph

    def get_output_shape_for(self, input_shape):
        """The output's shape."""
        return super().compute_output_shape(input_shape)

    def _call_symbolic(self, args, kwargs):
        outputs = super()._call_symbolic(args, kwargs)
        node = self._inbound_nodes[-1]
        for tensor in node.input_tensors:
            layer = tensor._keras_history[0] if tensor._keras_history else None
            if isinstance(layer, OldLayer):
                layer.outbound_nodes.append(node)
        return outputs

    @property
    def outbound_nodes(self):
        """The calls of other layers on what this one returned."""
        return self._then.outbound_nodes

    @outbound_nodes.setter
    def outbound_nodes(self, nodes):
        self._then.outbound_nodes = list(nodes)

    _outbound_nodes = outbound_nodes

    def _node_at(self, node_index):
        if not -len(self._inbound_nodes) <= node_index < len(self._inbound_nodes):
            raise ValueError(
                f"Layer {self.name!r} was called {len(self._inbound_nodes)} times on symbolic tensors; there is no node {node_index}."
            )
        return self._inbound_nodes[node_index]

    def get_input_at(self, node_index):
        """The symbolic input of a call; a list of several."""
        node = self._node_at(node_index)
        return _one(node.input_tensors or node.output_tensors)

    def get_output_at(self, node_index):
        """The symbolic output of a call; a list of several."""
        return _one(self._node_at(node_index).output_tensors)

    def get_input_shape_at(self, node_index):
        """The input's shape in a call."""
        return optree.tree_map(static_shape, self.get_input_at(node_index))

    def get_output_shape_at(self, node_index):
        """The output's shape in a call."""
        return optree.tree_map(static_shape, self.get_output_at(node_index))

    def get_input_mask_at(self, node_index):
        """The input's mask in a call, symbolic."""
        return _masks(self.get_input_at(node_index))

    def get_output_mask_at(self, node_index):
        """The output's mask in a call, symbolic."""
        return _masks(self.get_output_at(node_index))

    input_mask = property(lambda self: self.get_input_mask_at(0))
    output_mask = property(lambda self: self.get_output_mask_at(0))

    @property
    def input_shape(self):
        """The shape of the one input.

        Raises: AttributeError if the layer wasn't called, or for several shapes.
        """
        return self._one_shape("input", self.get_input_shape_at)

    @property
    def output_shape(self):
        """The shape of the one output.

        Raises: AttributeError if the layer wasn't called, or for several shapes.
        """
        return self._one_shape("output", self.get_output_shape_at)

    def _one_shape(self, what, shape_at):
        shapes = [shape_at(i) for i in range(len(self._inbound_nodes))]
        if not shapes or any(s != shapes[0] for s in shapes):
            raise AttributeError(
                f"Layer {self.name!r} has {len(shapes)} {what} shapes: it was called {len(shapes)} times on symbolic tensors. "
                f"Use get_{what}_shape_at(node_index)."
            )
        return shapes[0]

    def assert_input_compatibility(self, inputs):
        """Raises: ValueError if the inputs are not as the layer expects."""
        if self.input_spec is not None:
            input_spec.check(self.input_spec, inputs, self)

    @property
    def uses_learning_phase(self):
        """Whether the layer does something else while it is trained."""
        known = self._then.learning_phase
        cls: Any = type(self)
        return "training" in call_parameters(cls)[1] if known is None else known

    @uses_learning_phase.setter
    def uses_learning_phase(self, value):
        self._then.learning_phase = bool(value)


def _one(tensors):
    return tensors[0] if len(tensors) == 1 else list(tensors)


def _masks(tensors):
    return [_masks(x) for x in tensors] if isinstance(tensors, list) else getattr(tensors, "_keras_mask", None)


def _scaled_as_then(layer, initializer, shape):
    """An initializer whose scale Keras 1 found in another way: for weights of one or three axes."""
    shape = (shape,) if isinstance(shape, int) else shape
    if not isinstance(initializer, VarianceScaling) or shape is None or len(shape) not in (1, 3):
        return initializer
    shape = (shape[0], 1, *shape[1:]) if isinstance(layer, Conv1D) else shape
    return initializations.of_fans(initializer, *initializations.get_fans(shape))


def _today(given):
    """Arguments of `add_weight` as those of today."""
    name = given.get("name")
    if name is not None:
        given["name"] = str(name).replace("/", "_")
    given.pop("use_resource", None)  # how TensorFlow 1 kept the value
    for argument in ("partitioner", "getter", "collections"):
        if given.pop(argument, None) is not None:
            raise ValueError(
                f"add_weight({argument}=...) places a weight on servers of TensorFlow 1, which kerata has none of."
            )
    for argument in ("synchronization", "aggregation"):  # members of TensorFlow's enumerations
        if argument in given and not isinstance(given[argument], str):
            given[argument] = getattr(given[argument], "name", "none").lower()
    if "experimental_autocast" in given:
        given["autocast"] = given.pop("experimental_autocast")
    if given.get("trainable", True) is None:
        given["trainable"] = given.get("synchronization") != "on_read"
    known = (
        "shape initializer dtype trainable autocast regularizer constraint aggregation synchronization layout name"
    ).split()
    for argument in given.keys() - set(known):
        raise suggestions.unknown_argument("add_weight", argument, known)
    return given


def _by_old_name(layer, name):
    """`(value,)` of an attribute by the name that it had; None if there is none."""
    for olds, new in tables.TOGETHER["*"].items():
        if name in olds:
            found = vars(layer).get(new)
            return None if found is None or len(found) != len(olds) else (found[olds.index(name)],)
    cls: Any = type(layer)
    names = (_ALIASES.get(name), translate.name_today(cls, name))
    for new in [n for n in names if n not in (None, name)]:
        for holder in (layer, vars(layer).get("cell")):
            try:
                value = object.__getattribute__(holder, new)
            except AttributeError:
                continue
            if name == "dim_ordering":
                value = _FORMATS[value]
            return (value[0] if isinstance(value, tuple) and len(value) == 1 else value,)
    return None
