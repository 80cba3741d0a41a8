"""`MultiOptimizer`: different optimizers for different variables of a model."""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from kerata.core import serialization
from kerata.core.variable import Variable
from kerata.optimizers.optimizer import Optimizer


class OptimizerMap(MutableMapping):
    """Optimizers by patterns that match whole variable paths, with a default for the others.

    Args:
        default_optimizer: the optimizer of variables that no pattern matches.
        optimizer_map: a dict from pattern to optimizer.

    Raises: TypeError or ValueError for what is no optimizer, a pattern given twice, or a path that two patterns match.

    >>> from kerata.optimizers import SGD, Adam
    >>> optimizers = OptimizerMap(Adam(), {".*bias": SGD()})
    >>> type(optimizers["dense/bias"]).__name__, type(optimizers["dense/kernel"]).__name__
    ('SGD', 'Adam')
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: Mapping[str, Optimizer] | None = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"default_optimizer must be an optimizer; {default_optimizer!r} came.")
        self._default_optimizer = default_optimizer
        self._map: dict[str, Optimizer] = {}
        self.update(optimizer_map or {})

    @property
    def default_optimizer(self) -> Any:
        """The optimizer of variables that no pattern matches."""
        return self._default_optimizer

    def __getitem__(self, path):
        if path in self._map:
            return self._map[path]
        patterns = [p for p in self._map if re.fullmatch(p, path)]
        if len(patterns) > 1:
            raise ValueError(f"The variable {path!r} has several optimizers: it matches {', '.join(patterns)}.")
        return self._map[patterns[0]] if patterns else self._default_optimizer

    def __setitem__(self, pattern, optimizer):
        if not isinstance(pattern, str):
            raise ValueError(f"A pattern is a text; {pattern!r} came.")
        if pattern in self._map:
            raise ValueError(f"{pattern!r} has an optimizer already; delete it first.")
        if not isinstance(optimizer, Optimizer):
            raise ValueError(f"{pattern!r} needs an optimizer; {optimizer!r} came.")
        self._map[pattern] = optimizer

    def __delitem__(self, pattern):
        del self._map[pattern]

    def __len__(self):
        return len(self._map)

    def __iter__(self):
        return iter(self._map)

    def get_config(self) -> dict[str, Any]:
        return {
            "default_optimizer": serialization.serialize_keras_object(self._default_optimizer),
            "optimizer_map": {p: serialization.serialize_keras_object(o) for p, o in self._map.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A map from its config."""
        made = serialization.deserialize_keras_object(config, custom_objects=custom_objects)
        return cls(**made)


class MultiOptimizer(Optimizer):
    """Several optimizers, each for the variables that an `OptimizerMap` gives it.

    Args:
        optimizer_map: an `OptimizerMap`.
        loss_scale_factor: the loss is multiplied by it, and gradients are divided by it.
        name: the first part of its variables' paths.

    Raises: TypeError if `optimizer_map` is no `OptimizerMap`.

    >>> import kerata
    >>> from kerata.optimizers import SGD
    >>> kernel, bias = kerata.Variable([1.0], name="kernel"), kerata.Variable([1.0], name="bias")
    >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {"bias": SGD(0.5)}))
    >>> optimizer.apply([[1.0], [1.0]], [kernel, bias])
    >>> round(float(kernel.numpy()[0]), 4), round(float(bias.numpy()[0]), 4)
    (0.9, 0.5)
    """

    def __init__(self, optimizer_map: OptimizerMap, loss_scale_factor: float | None = None, name: str | None = None) -> None:
        if not isinstance(optimizer_map, OptimizerMap):
            raise TypeError(f"optimizer_map must be an OptimizerMap; {optimizer_map!r} came.")
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map

    @property
    def optimizers(self) -> Any:
        """The optimizers, the default one last."""
        found = [*self.optimizer_map.values(), self.optimizer_map.default_optimizer]
        return list({id(o): o for o in found}.values())

    @property
    def variables(self) -> Any:
        """The state of all."""
        return [*self._variables, *[v for optimizer in self.optimizers for v in optimizer.variables]]

    @property
    def learning_rate(self) -> Any:
        """Each optimizer has its own: see `optimizers`."""
        raise AttributeError("A MultiOptimizer has no learning rate of its own: read those of its optimizers.")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> Any:
        raise AttributeError("A MultiOptimizer has no learning rate of its own: set those of its optimizers.")

    def build(self, var_list: Sequence[Variable]) -> None:
        """Make the state of all optimizers."""
        if self.built:
            return
        super().build(var_list)
        for optimizer, variables in self._parts(self._trainable_variables):
            optimizer.build(variables)

    def _parts(self, variables):
        """Each optimizer with its variables."""
        parts: list[tuple[Any, list[Any]]] = [(optimizer, []) for optimizer in self.optimizers]
        for variable in variables:
            mine = self.optimizer_map[variable.path]
            next(part for optimizer, part in parts if optimizer is mine).append(variable)
        return [(optimizer, part) for optimizer, part in parts if part]

    def _update(self, grads, variables):
        found = {id(v): g for g, v in zip(grads, variables)}
        for optimizer, part in self._parts(variables):
            optimizer.apply([found[id(v)] for v in part], part)

    def flush_accumulated_gradients(self, variables: Sequence[Variable] | None = None) -> None:
        for optimizer, part in self._parts(variables or self._trainable_variables):
            optimizer.flush_accumulated_gradients(part)

    def exclude_from_weight_decay(self, var_list: Sequence[Variable] | None = None, var_names: Any = None) -> None:
        for optimizer in self.optimizers:
            optimizer.exclude_from_weight_decay(var_list, var_names)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        for optimizer in self.optimizers:
            optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        return {
            "optimizer_map": serialization.serialize_keras_object(self.optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        made = serialization.deserialize_keras_object(config["optimizer_map"], custom_objects=custom_objects)
        return cls(**config | {"optimizer_map": made})
