"""`Metric`: numbers gathered over batches in variables, and a result computed from them."""

from typing import Any, ClassVar

import numpy as np

from kerata import engines
from kerata.core import dtypes, naming
from kerata.core.arguments import ComputeDtype
from kerata.core.arrays import as_array
from kerata.core.configurable import Configurable
from kerata.core.fields import dataclass, field
from kerata.core.structure import Structure
from kerata.core.types import DType, Shape
from kerata.core.variable import Variable, independent_copy
from kerata.engines import state


@dataclass
class _Arguments(Configurable):
    """What all metrics take."""

    name: naming.Name = field(default=None, kw_only=True)
    dtype: ComputeDtype = field(default=None, kw_only=True)


@dataclass(after={"dtype": None})
class Metric(_Arguments):
    """The base class of metrics.

    A subclass makes its variables in `__init__` with `add_variable`, and writes `update_state(self, y_true, y_pred,
    sample_weight=None)` and `result(self)`.

    Args:
        dtype: that of the computation; `floatx()` for None. Variables have at least 32 bits.
        name: shown in logs.

    >>> from kerata import ops
    >>> class Largest(Metric):
    ...     def __init__(self, name="largest"):
    ...         super().__init__(name=name)
    ...         self.best = self.add_variable((), "zeros", name="best")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.best.assign(ops.maximum(self.best, ops.max(y_pred)))
    ...     def result(self):
    ...         return self.best.value
    >>> metric = Largest()
    >>> metric.update_state(None, [1.0, 3.0])
    >>> float(metric.result())
    3.0
    """

    _variables: ClassVar[list[Variable]]  # of each instance
    _metrics: ClassVar[list["Metric"]]

    _direction: ClassVar[str | None] = None  # "up" where more is better, "down" where less is, for callbacks; None if neither

    is_part = True
    shown_name = None  # that of its entry in the logs of a model, where it is not its own

    def __new__(cls, *args, **kwargs):
        instance = super().__new__(cls, *args, **kwargs)
        vars(instance).update(_variables=[], _metrics=[])
        return instance

    def __setattr__(self, name, value):
        if isinstance(value, Metric) and name != "_metrics":
            self._metrics.append(value)
        elif isinstance(value, Variable) and not any(v is value for v in self._variables):
            self._variables.append(value)
        Structure.note(self, name, value)
        super().__setattr__(name, value)

    @property
    def variables(self) -> Any:
        """The variables, those of inner metrics last."""
        return [*self._variables, *[v for metric in self._metrics for v in metric.variables]]

    def add_variable(
        self, shape: Shape, initializer: Any, dtype: DType = None, aggregation: str = "sum", name: str | None = None
    ) -> Any:
        """Make a variable that `reset_state` sets back to zeros."""
        dtype = dtypes.standardize_dtype(dtype or self.dtype)
        dtype = "float32" if dtype in ("float16", "bfloat16") else dtype
        with naming.name_scope(self.name.replace("/", "_")):
            variable = Variable(
                initializer, shape=shape, dtype=dtype, trainable=False, autocast=False, aggregation=aggregation, name=name
            )
        self._variables.append(variable)
        return variable

    def add_weight(self, shape: Shape = (), initializer: Any = None, dtype: DType = None, name: str | None = None) -> Any:
        """Make a variable, of zeros unless an initializer is given."""
        return self.add_variable(shape, initializer or "zeros", dtype, name=name)

    def reset_state(self) -> None:
        """Start anew: all variables are set to zeros."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape, dtypes.numpy_dtype(variable.dtype)))

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take a batch in."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state(self, y_true, y_pred, sample_weight=None).")

    def result(self) -> Any:
        """The metric's value, a scalar, or a dict of scalars."""
        raise NotImplementedError(f"{type(self).__name__} must define result(self).")

    def result_on_host(self) -> Any:
        """The result, computed by NumPy: nothing is compiled to show it."""
        variables = self.variables
        with engines.use_engine("numpy"), state.StateScope(variables, [v.numpy() for v in variables]):
            return self.result()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch in, and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    # Without side effects

    def _scope(self, metric_variables):
        if len(metric_variables) != len(self.variables):
            raise ValueError(f"{self.name} has {len(self.variables)} variables; {len(metric_variables)} values came.")
        return state.StateScope(self.variables, [as_array(v) for v in metric_variables])

    def stateless_update_state(self, metric_variables: Any, *args: Any, **kwargs: Any) -> Any:
        """The variables' values after a batch, from those before."""
        if not getattr(self, "_built", True):
            with state.StateScope():  # a metric that knows its shapes only now makes its variables
                self.update_state(*args, **kwargs)
            metric_variables = self.stateless_reset_state()
        with self._scope(metric_variables):
            self.update_state(*args, **kwargs)
            return [v.value for v in self.variables]

    def stateless_result(self, metric_variables: Any) -> Any:
        """The result for the variables' values."""
        with self._scope(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> Any:
        """The variables' values at the start."""
        with state.StateScope():
            self.reset_state()
            return [v.value for v in self.variables]

    __copy__ = independent_copy

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"

    __str__ = __repr__
