"""What a layer holds: weights, sublayers, metrics, losses."""

from typing import TYPE_CHECKING, Any

import numpy as np
import optree

from kerata import constraints, engines, initializers, regularizers
from kerata.core import dtypes, naming, suggestions
from kerata.core.arrays import is_text
from kerata.core.structure import Structure
from kerata.core.types import DType, Shape
from kerata.core.variable import Variable, autocast_scope
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.state import context, outside_scopes
from kerata.layers.tracking import Parts, unchanged
from kerata.metrics.metric import Metric

if TYPE_CHECKING:
    from kerata.layers.declared import Declared
else:
    Declared = object


class Holder(Declared):
    """The part of `Layer` that keeps state: its weights and those of the layers inside it, metrics and losses."""

    is_part = True
    # Attributes that hold no part of the layer.
    _untracked = frozenset(
        ("_arguments", "_inbound_nodes", "_losses", "_parent", "_parts_found", "_layers_found", "_fast_call")
    )

    # Weights

    def add_weight(
        self,
        *args: Any,
        shape: Shape | None = None,
        initializer: Any = None,
        dtype: DType = None,
        trainable: bool = True,
        autocast: Any = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """A new variable of the layer.

        Args:
            shape: its shape, () if None.
            initializer: "glorot_uniform" for floats if None, else zeros.
            dtype: the layer's variable dtype if None.
            trainable: whether training changes it.
            regularizer: a function of the value, added to the loss.
            constraint: a function applied to the value after each update.
            name: the last part of its path.
        """
        for value in args:
            if isinstance(value, str) and name is None and initializer is None and shape is None:
                name = value
            elif shape is None:
                shape = value
            else:
                initializer = value
        if kwargs:  # `synchronization` and `layout`, which go on to the variable
            suggestions.refuse(Holder.add_weight, kwargs, ("synchronization", "layout"))
        self._check_unlocked(f"the weight {name!r}")
        dtype = dtypes.standardize_dtype(dtype or self.variable_dtype)
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        if None in shape:
            raise ValueError(
                f'Layer "{self.path}" can\'t make a weight of shape {shape}: a dimension is unknown. Give the input shape '
                "in full along the axis of the features."
            )
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float_dtype(dtype) else "zeros"
        with naming.name_scope.at(self.path):
            variable = Variable(
                initializers.get(initializer), shape, dtype, trainable, autocast, aggregation, name=name, **kwargs
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        variable.freeze(not self._trainable)
        self._weights.append(variable)
        Structure.version += 1
        return variable

    add_variable = add_weight

    def _check_unlocked(self, what):
        """Raises: ValueError for a weight, a layer or a metric of a user's layer that is built already."""
        if self.built and not self.may_grow and not self._building:
            raise ValueError(
                f'Layer "{self.path}" is built already, and gets no new state such as {what}. Make all weights, layers and metrics '
                "in __init__() or in build()."
            )

    def _lock_initial_weights(self):
        if self._initial_weights is not None:
            weights, self._initial_weights = self._initial_weights, None
            with engines.use_engine(engines.concrete_name()), outside_scopes():
                self.set_weights(weights)

    # What it holds is looked for once, and again when `Structure.version` or one of its containers says that it may differ

    def _held(self):
        """The parts of the layer itself."""
        found = self._parts_found
        if found is None or found[0] != Structure.version or not unchanged(found[1].containers):
            found = Structure.version, Parts(self, self._untracked, Holder, Metric)
            object.__setattr__(self, "_parts_found", found)
        return found[1]

    def _own_variables(self):
        """The layer's own variables, trainable ones first, and the states of its seed generators."""
        held = self._held()
        found = held.variables.values()
        seeds = [g.state for g in held.seeds.values()]
        return [v for v in found if v.may_train], [v for v in found if not v.may_train], seeds

    def _accompanying_variables(self):
        """Variables that are nobody's state, but go where this object's variables go."""
        return []

    def _sublayers(self):
        """The layers that this one holds, in the order in which they were set."""
        return list(self._held().layers.values())

    def _flatten_layers(self, include_self=True, recursive=True):
        """This layer and all inside it, each once; without `recursive`, those directly inside it only."""
        layers = self._all_layers() if recursive else [self, *self._sublayers()]
        return list(layers) if include_self else layers[1:]

    def _all_layers(self):
        """This layer and all inside it, each once; not to be changed."""
        return self._structure()[1]

    def _structure(self):
        """All that this layer and those inside it hold: (version, layers, metrics, containers)."""
        known = self._layers_found
        if known is not None and known[0] == Structure.version and unchanged(known[3]):
            return known
        found, metrics, stack = {}, {}, [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in found:
                found[id(layer)] = layer
                stack.extend(layer._sublayers()[::-1])
        parts = [layer._held() for layer in found.values()]
        for held in parts:
            metrics.update(held.metrics)
        containers = [container for held in parts for container in held.containers]
        known = Structure.version, list(found.values()), list(metrics.values()), containers
        object.__setattr__(self, "_layers_found", known)
        return known

    def _gather(self, select):
        found = {}
        for layer in self._all_layers():
            for v in select(layer, *layer._own_variables()):
                found[id(v)] = v
        return list(found.values())

    @property
    def variables(self) -> Any:
        """The weights, and the states of random generators; metrics' states are in `metrics_variables`."""
        return self._gather(lambda layer, *groups: [v for group in groups for v in group])

    @property
    def weights(self) -> Any:
        """The weights, trainable or not."""
        return self._gather(lambda layer, trainable, fixed, seeds: [*trainable, *fixed])

    @property
    def trainable_variables(self) -> Any:
        """The variables that training changes."""
        return (
            self._gather(lambda layer, trainable, fixed, seeds: trainable if layer._trainable else [])
            if self._trainable
            else []
        )

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> Any:
        """The variables that training leaves alone, random states among them."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trained]

    @property
    def non_trainable_weights(self) -> Any:
        """The weights that training leaves alone."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def trainable(self) -> Any:
        """Whether training changes the weights; setting it sets it for all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: Any) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)
            for v in layer._own_variables()[0]:
                v.freeze(not value)

    def get_weights(self) -> list[Any]:
        """The weights' values, as a list of NumPy arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set all weights, in the order of `get_weights()`.

        Raises: ValueError if their number or a shape differs; nothing is changed then.
        """
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                f'Layer "{self.path}" has {len(variables)} weights ({", ".join(v.name for v in variables[:8])}); '
                f"{len(weights)} values came."
                + ("" if self.built else " It is not built yet: call it once, or give it an input shape.")
            )
        for variable, value in zip(variables, weights):
            if variable.shape != np.shape(value):
                raise ValueError(
                    f'Weight "{variable.path}" of layer "{self.path}" has shape {variable.shape}; a value of shape '
                    f"{np.shape(value)} came."
                )
        for variable, value in zip(variables, weights):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of parameters.

        Raises: ValueError if the layer is not built yet.
        """
        if not self.built:
            raise ValueError(f'Layer "{self.path}" has no weights yet: build it, or call it once, before counting them.')
        return int(sum(np.prod(v.shape, dtype="int64") for v in self.weights))

    # Metrics and losses

    def _all_metrics(self):
        return list(self._structure()[2])

    @property
    def metrics(self) -> Any:
        """The metrics that the layer, or a layer inside it, holds."""
        return self._all_metrics()

    @property
    def metrics_variables(self) -> Any:
        """The metrics' variables."""
        return [v for metric in self.metrics for v in metric.variables]

    def add_metric(self, *args: Any, **kwargs: Any) -> Any:
        """Gone since Keras 3: set a metric as an attribute and call its `update_state`."""
        raise TypeError(
            "add_metric is not part of Keras 3. In __init__: self.my_metric = keras.metrics.Mean(name='my_metric'); in call: "
            "self.my_metric.update_state(value)."
        )

    def add_loss(self, loss: Any) -> None:
        """Add a scalar, or several in a structure, to the loss of the model that is being called.

        Raises: ValueError for what is no tensor.
        """
        for value in optree.tree_leaves(loss, none_is_leaf=True):
            if callable(value):
                value = value()
            if not isinstance(value, AbstractArray) and (not engines.current().is_array(value) or is_text(value)):
                raise ValueError(f'Layer "{self.path}": add_loss takes tensors; {value!r} came.')
            if context.scope is not None:
                context.scope.losses.setdefault(id(self), []).append(value)
            elif not isinstance(value, AbstractArray):
                self._losses.append(value)
                context.losses_noted = True

    @property
    def losses(self) -> Any:
        """The losses added in the last call, and the weights' regularization, as a list of scalars."""
        found = []
        for layer in self._flatten_layers():
            found.extend(self._added_losses(layer))
        with autocast_scope(None):
            for v in self.trainable_variables:
                if v.regularizer is not None:
                    found.append(v.regularizer(v.value))
        return found

    @staticmethod
    def _added_losses(layer):
        scope = context.scope
        while scope is not None:
            if id(layer) in scope.losses:
                return scope.losses[id(layer)]
            scope = scope.parent
        return layer._losses

    def _clear_losses(self):
        if context.scope is not None:
            if context.scope.losses:
                for layer in self._flatten_layers():
                    context.scope.losses.pop(id(layer), None)
        elif context.losses_noted:
            for layer in self._flatten_layers():
                layer._losses.clear()

    # Saving

    def _saved_variables(self):
        """The layer's own variables in the order in which files hold them."""
        trainable, fixed, _ = self._own_variables()
        return [*trainable, *fixed]

    def _saved_values(self):
        """What files hold of those variables: variables or arrays."""
        return self._saved_variables()

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the layer's own variables into a dict-like store, by number."""
        for i, v in enumerate(self._saved_values()):
            store[str(i)] = v.numpy() if isinstance(v, Variable) else np.asarray(v)

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Read back what `save_own_variables` wrote.

        Raises: ValueError if the number of variables or a shape differs.
        """
        variables = self._saved_variables()
        if len(store.keys()) != len(variables):
            hint = "" if self.built else " The layer is not built yet: call it once, or build it, before loading."
            raise ValueError(
                f'Layer "{self.path}" has {len(variables)} variables and the file holds {len(store.keys())} for it.{hint}'
            )
        for i, v in enumerate(variables):
            v.assign(np.asarray(store[str(i)]))
        self._after_loading()

    def _after_loading(self):
        """What follows when the variables have new values."""
