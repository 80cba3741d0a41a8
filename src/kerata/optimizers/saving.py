"""The state of optimizers, as values and in files."""

from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.engines.warning import warn


class SavedState:
    """What has `variables`, whose values are got, set, saved and loaded in their order."""

    if TYPE_CHECKING:
        name: Any

        @property
        def variables(self) -> Any: ...

    def get_weights(self) -> list[Any]:
        """The values of the state."""
        return [v.numpy() for v in self.variables]

    def set_weights(self, weights: Any) -> None:
        """Set the values of the state, in the order of `variables`.

        Raises: ValueError if their number or a shape differs.
        """
        if len(weights) != len(self.variables):
            raise ValueError(f"{self.name} has {len(self.variables)} variables; {len(weights)} values came.")
        for variable, value in zip(self.variables, weights):
            variable.assign(value)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the state into a dict-like store, under "0", "1", ..."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Take the state from a store; a store of another length is left alone, with a warning."""
        count = len(store.keys())
        if count != len(self.variables):
            warn(
                f"The file has {count} variables for the optimizer {self.name!r}, which has {len(self.variables)}: its state "
                "is not loaded. Compile the model with the same optimizer, and build it, first."
            )
            return
        for i, variable in enumerate(self.variables):
            variable.assign(np.asarray(store[str(i)]))
