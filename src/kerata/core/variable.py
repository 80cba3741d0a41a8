"""`Variable`: the state that layers, optimizers, metrics and random generators read and assign."""

import copy
from typing import Any

import numpy as np

from kerata import engines
from kerata.core import dtypes, naming, suggestions
from kerata.core.arrays import as_array, is_variable, narrowed, static_shape, to_numpy
from kerata.core.config import wide_variables
from kerata.core.operators import op_named, with_operators
from kerata.core.signatures import parameters_of, takes_any_name
from kerata.core.types import DType, Shape
from kerata.engines import state
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.shapes import standardize_shape

_NOT_PLACED_ALONE = (np.ndarray, state.SharedStorage)


def independent_copy(self):
    """What `copy.copy` gives of an object that holds variables: a copy with variables of its own."""
    return copy.deepcopy(self)


def autocast_scope(dtype):
    """Inside, float variables read as `dtype` (None: as they are)."""
    return state.thread_context(autocast=dtype)


class Variable:
    """A tensor with state.

    Args:
        initializer: an array, or a function `(shape, dtype)`, or an initializer's name.
        shape: needed when `initializer` is a function or a name.
        dtype: `floatx()` for None, or that of the array given.
        trainable: whether training changes it.
        autocast: whether a layer of lower precision reads it in that precision.
        aggregation: how replicas' values are joined: "none", "mean", "sum" or "only_first_replica".
        name: the last part of its path.

    The value is drawn on the host, and reaches the engine's device when it is first read, so building a model neither
    compiles nor waits.

    >>> import kerata
    >>> v = kerata.Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0]).numpy().tolist()
    [2.0, 3.0]
    """

    holds_state = True
    is_part = True
    _is_frozen = False  # whether `trainable` is False as long as that of its layer is

    def __init__(
        self,
        initializer: Any,
        shape: Shape | None = None,
        dtype: DType = None,
        trainable: bool = True,
        autocast: Any = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
        layout: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            suggestions.refuse(type(self), kwargs)
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        if not isinstance(self.name, str) or "/" in self.name:
            raise ValueError(f"A variable's name is a text without '/'; {self.name!r} came.")
        scope = naming.current_path()
        self.path = f"{scope}/{self.name}" if scope else self.name
        if aggregation not in ("none", "mean", "sum", "only_first_replica", None):
            raise ValueError(f"aggregation must be 'none', 'mean', 'sum' or 'only_first_replica'; {aggregation!r} came.")
        if synchronization not in ("none", "on_read", "on_write", "auto", None):
            raise ValueError(f"synchronization must be 'none', 'on_read', 'on_write' or 'auto'; {synchronization!r} came.")
        self.trainable = bool(trainable)
        self.autocast = autocast
        self.aggregation = aggregation or "none"
        self.synchronization = synchronization
        self.layout = layout
        self._regularizer = self._constraint = None
        self._overwrite_with_gradient = False
        self.engine_name = engines.concrete_name()
        self._initialize(initializer, shape, dtype)
        if self.dtype == "float64":
            wide_variables[id(self)] = self

    def _initialize(self, initializer, shape, dtype):
        if isinstance(initializer, str):
            from kerata import initializers

            initializer = initializers.get(initializer)
        if callable(initializer) and not is_variable(initializer):
            if shape is None:
                raise ValueError(f"Variable {self.path!r} needs a shape when its initializer is a function.")
            self.shape = standardize_shape(shape)
            if None in self.shape:
                raise ValueError(f"Variable {self.path!r} needs a shape without None; {shape} came.")
            self.dtype = dtypes.standardize_dtype(dtype)
            self._initializer = initializer
            self._value = None
            if not getattr(initializer, "deferrable", False):
                self._draw()
        else:
            value = initializer.numpy() if is_variable(initializer) else initializer
            host = np.asarray(value if type(value) in (int, float, list, tuple) else to_numpy(value))
            if host.dtype.kind in "OUS":
                raise ValueError(f"Variable {self.path!r} holds numbers; {value!r} came.")
            if shape is not None and tuple(shape) != host.shape:
                raise ValueError(f"Variable {self.path!r}: a value of shape {host.shape} came for the shape {tuple(shape)}.")
            if dtype is None:
                from_python = type(value) in (int, float, list, tuple)
                dtype = (
                    None
                    if from_python and host.dtype.kind == "f"
                    else "int32"
                    if from_python and host.dtype.kind == "i"
                    else narrowed(host) or host.dtype
                )
            self.dtype = dtypes.standardize_dtype(dtype)
            self.shape = host.shape
            self._initializer = None
            self._value = np.array(host)

    def _draw(self):
        """Run the initializer, on the host when it is one of kerata's."""
        draw, self._initializer = self._initializer, None
        if getattr(draw, "deferrable", False):
            self._value = draw(self.shape, dtype=self.dtype)
        else:
            with engines.use_engine(self.engine_name) as engine, state.StateScope(), autocast_scope(None):
                self._value = draw(self.shape, dtype=self.dtype) if _takes_dtype(draw) else draw(self.shape)
                if static_shape(self._value) == self.shape and self._is_placed():
                    self._value = engine.new_storage(self._value, self.dtype, self.may_train)
        if static_shape(self._value) != self.shape:
            raise ValueError(
                f"The initializer of {self.path!r} returned shape {static_shape(self._value)}; {self.shape} was asked for."
            )

    @property
    def regularizer(self) -> Any:
        """A function of the value, whose result is added to the loss; None for none."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:
        self._regularizer = _callable_or_none("regularizer", value)

    @property
    def constraint(self) -> Any:
        """A function that the value goes through after each step of an optimizer; None for none."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:
        self._constraint = _callable_or_none("constraint", value)

    @property
    def overwrite_with_gradient(self) -> Any:
        """Whether an optimizer puts the gradient itself in the value's place."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: Any) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"overwrite_with_gradient is a bool; {value!r} came.")
        self._overwrite_with_gradient = value

    # Freezing

    @property
    def may_train(self) -> bool:
        """Whether training changes it once its layer is trainable."""
        return self.trainable or self._is_frozen

    def freeze(self, frozen: bool) -> None:
        """Take part in training no more, or again: for the layer that it belongs to."""
        if self.may_train:
            self._is_frozen, self.trainable = frozen, not frozen

    # The engine's side

    @property
    def stored(self) -> Any:
        """The value outside all scopes, as an array of the variable's engine."""
        value = self._value
        return self._placed() if value is None or isinstance(value, _NOT_PLACED_ALONE) else value

    @stored.setter
    def stored(self, value: Any) -> None:
        with state.storage_lock:
            self._initializer = None
            if isinstance(self._value, state.SharedStorage):
                self._value.is_whole = False
            self._value = value

    def _placed(self):
        """The value in storage of the variable's own on its engine."""
        with state.storage_lock:
            if self._value is None:
                self._draw()
            elif isinstance(self._value, state.SharedStorage):
                self._value.part()
            if not self._is_placed():
                self._value = engines.get(self.engine_name).new_storage(self._value, self.dtype, self.may_train)
            return self._value

    def is_in(self, storage: Any) -> bool:
        """Whether the value is in this piece of memory, which it may share with others."""
        return self._value is storage

    def _is_placed(self):
        return self._value is not None and type(self._value) is not np.ndarray

    def _keep(self, value):
        """Store an array of the engine's."""
        engine = engines.get(self.engine_name)
        if self._is_placed() or not engine.is_concrete(value):
            shared = isinstance(self._value, state.SharedStorage)  # which is left as it is
            self.stored = engine.stored_after(self._value if shared else self.stored, value)
        else:
            self.stored = engine.new_storage(value, self.dtype, self.may_train)

    def _keep_host(self, array):
        """Store an array of NumPy's, made for this variable; it is placed when it is next read."""
        self.stored = engines.get(self.engine_name).stored_after(self._value, array) if self._is_placed() else array

    def raw(self) -> Any:
        """The value here and now, in the variable's own dtype."""
        if state.context.scope is not None:
            value = state.read(self)
            if value is not None:
                return value
            self._join_program()
        return engines.get(self.engine_name).read(self.stored)

    def _join_program(self):
        """Move to the engine in force, if it is making a program: a program can't hold the variables of another engine."""
        engine, scope = engines.current(), state.context.scope
        if engine.name == self.engine_name or not engine.trains:
            return
        while scope is not None and scope.unlisted is None and not scope.in_place:
            scope = scope.parent
        if scope is not None:
            self.to_engine(engine.name)

    def write(self, value: Any) -> None:
        """Keep `value`, an array of the right shape and dtype: in the innermost scope, else for good."""
        if state.context.scope is not None:
            state.context.scope.write(self, value)
        else:
            self._keep(value)

    # The user's side

    @property
    def value(self) -> Any:
        """The value on the engine that `use_engine` put in force, in the precision of the layer that is running."""
        engine = state.context.engine
        target = state.context.autocast
        if target is None or not self.autocast or not self.dtype.startswith(("float", "bfloat")):
            target = self.dtype
        if engine is not None and engine.is_abstract:
            return AbstractArray(self.shape, target)
        value = self.raw()
        if engine is not None and engine.name != self.engine_name and not engine.is_array(value):
            value = engine.asarray(engines.get(self.engine_name).to_numpy(value))
        return value if target == self.dtype else engines.current().cast(value, target)

    def numpy(self) -> Any:
        """The value as a NumPy array of its own."""
        if state.context.scope is None:
            return self.on_host()
        return np.array(engines.get(self.engine_name).to_numpy(self.raw()))

    def on_host(self) -> Any:
        """The value outside all scopes, as a NumPy array of its own."""
        known = state.context.host_values
        if known is not None and id(self) in known:
            return np.array(known[id(self)])
        value = self._value
        if value is None:
            self._draw()
            value = self._value
        if type(value) is np.ndarray:
            return np.array(value, dtype=dtypes.numpy_dtype(self.dtype))
        if isinstance(value, state.SharedStorage):
            return value.numpy(self)
        engine = engines.get(self.engine_name)
        return np.array(engine.to_numpy(engine.read(value)))

    def assign(self, value: Any) -> Any:
        """Set the value, and return the variable.

        Raises: ValueError if the shape differs.
        """
        shape = static_shape(value)
        if shape != self.shape:
            raise ValueError(
                f"Variable {self.path!r} has shape {self.shape}; a value of shape {shape} can't be assigned to it."
            )
        engine = state.context.engine or engines.current()
        if engine.is_abstract:
            return self
        self._join_program()
        if engine.name == self.engine_name and engine.is_array(value) and engine.dtype(value) == self.dtype:
            self.write(value)
        elif state.context.scope is None and isinstance(value, np.ndarray):
            self._keep_host(np.array(value, dtype=dtypes.numpy_dtype(self.dtype)))
        else:
            with engines.use_engine(self.engine_name):
                self.write(engines.current().asarray(as_array(value), self.dtype))
        return self

    def assign_add(self, value: Any) -> Any:
        """Add to the value, and return the variable."""
        return self.assign(_arithmetic("add", self, value))

    def assign_sub(self, value: Any) -> Any:
        """Subtract from the value, and return the variable."""
        return self.assign(_arithmetic("subtract", self, value))

    def to_engine(self, name: str | None) -> None:
        """Move the value to another engine."""
        if name != self.engine_name:
            with state.storage_lock:
                if self._is_placed():
                    self.stored = self.on_host()
                self.engine_name = name

    def _movable(self):
        """The stored value as NumPy's; None if it is still to be drawn."""
        return self.on_host() if self._is_placed() else self._value

    # Copies

    def __getstate__(self):
        """What is pickled: the value on the host, which can be read where neither the device nor the engine's library is."""
        if getattr(self._value, "is_shared_with_module", False):
            return vars(self)  # the very tensor that a module holds
        return {**vars(self), "_value": self._movable()}

    def __setstate__(self, state):
        vars(self).update(state)
        if isinstance(self._value, np.ndarray):
            self._value = np.array(self._value)  # a reader may give one that is mapped to a file

    def __deepcopy__(self, memo):
        """A variable of its own, on the device where this one is."""
        new = memo[id(self)] = type(self).__new__(type(self))
        if isinstance(self._value, state.SharedStorage):
            self._value.part()
        vars(new).update(copy.deepcopy(vars(self), memo))
        return new

    __copy__ = independent_copy

    @property
    def ndim(self) -> Any:
        """The number of axes."""
        return len(self.shape)

    def __len__(self):
        if not self.shape:
            raise TypeError(f"{self!r} has no axis, so it has no len().")
        return self.shape[0]

    def __iter__(self):
        return iter([op_named("get_item")(self, i) for i in range(len(self))])

    def __pos__(self):
        return self.value

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __jax_array__(self):
        return self.value

    def __float__(self):
        return float(self.numpy())

    def __int__(self):
        return int(self.numpy())

    def __bool__(self):
        raise TypeError(f"Variable {self.path!r} can't be used in `if` or `while`. Use its value, `bool(variable.numpy())`.")

    def __index__(self):
        return int(self.numpy())

    def __repr__(self):
        shown = "" if state.context.scope is not None else f", value={np.array2string(self.numpy(), threshold=8)}"
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}{shown}>"


with_operators(Variable)


def _callable_or_none(what, value):
    if value is not None and not callable(value):
        raise ValueError(f"A variable's {what} is a function or None; {value!r} came.")
    return value


def _arithmetic(name, variable, value):
    with autocast_scope(None):
        return op_named(name)(variable.value, value)


def _takes_dtype(initializer):
    try:
        parameters = parameters_of(initializer)
    except (TypeError, ValueError):
        return True
    return "dtype" in parameters or takes_any_name(parameters.values()) or len(parameters) > 1
