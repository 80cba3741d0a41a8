"""`StatelessScope`: Keras 3's public name for running stateful code as a pure function."""

from typing import Any

from kerata.core.arrays import as_array, is_variable, static_shape
from kerata.core.configurable import NamedArguments
from kerata.core.variable import Variable
from kerata.engines.state import StateScope


class StatelessScope(StateScope, metaclass=NamedArguments):
    """Inside, variables read and write values of the scope's, not their own.

    Args:
        state_mapping: a list of pairs `(variable, value)`, each value of its variable's shape.
        collect_losses: accepted for old programs; losses are always collected.
        initialize_variables: accepted; every variable made inside draws its value when it is first read.

    Raises: ValueError for a key that is no variable, or a value of another shape.

    >>> import kerata
    >>> v = kerata.Variable(1.0)
    >>> with kerata.StatelessScope(state_mapping=[(v, 5.0)]) as scope:
    ...     _ = v.assign(v.value + 1.0)
    >>> float(scope.get_current_value(v)), float(v)
    (6.0, 1.0)
    """

    def __init__(self, state_mapping: Any = None, collect_losses: bool = False, initialize_variables: bool = True) -> None:
        pairs = [(v, _value_for(v, value)) for v, value in state_mapping or []]
        super().__init__([v for v, _ in pairs], [value for _, value in pairs])
        self.collect_losses = collect_losses

    def add_loss(self, loss: Any) -> None:
        """Keep a loss."""
        self.losses.setdefault(None, []).append(loss)

    def add_update(self, update: Any) -> None:
        """Keep a pair `(variable, value)`."""
        variable, value = update
        self.write(variable, _value_for(variable, value))

    def get_current_value(self, variable: Variable) -> Any:
        """The variable's value in this scope, None if it has none here."""
        return self.values.get(id(variable))


def _value_for(variable, value):
    if not is_variable(variable):
        raise ValueError(f"StatelessScope holds values of variables; {variable!r} is none.")
    if static_shape(value) != variable.shape:
        raise ValueError(
            f"StatelessScope: variable {variable.path!r} has shape {variable.shape}; a value of shape {static_shape(value)} came."
        )
    return as_array(value, variable.dtype)
