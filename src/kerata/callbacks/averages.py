"""`SwapEMAWeights`: evaluate with the moving averages of the weights."""

from typing import Any

from kerata.callbacks.callback import Callback
from kerata.core.fields import dataclass


@dataclass
class SwapEMAWeights(Callback):
    """Have evaluations and predictions use the moving averages of the weights, which the optimizer keeps.

    Args:
        swap_on_epoch: whether the averages are in the model from an epoch's end to the next one's beginning too, so that
            callbacks after this one, such as `ModelCheckpoint`, save them.

    Raises: ValueError when it is first needed, unless its optimizer has `use_ema=True`.
    Source: Polyak and Juditsky 1992, doi:10.1137/0330046.

    >>> import kerata
    >>> callback = kerata.callbacks.SwapEMAWeights()
    >>> optimizer = kerata.optimizers.SGD(0.1, use_ema=True)
    """

    swap_on_epoch: bool = False

    _kept = None  # the weights themselves, while the model has the averages

    def _averaged(self):
        """The weights with their averages; none before the first update."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        if not getattr(optimizer, "use_ema", False):
            raise ValueError("SwapEMAWeights needs an optimizer that keeps averages: make it with use_ema=True.")
        return optimizer._averaged() if optimizer.built and int(optimizer.iterations) else []

    def _use_averages(self):
        """Put the averages into the model, unless they are there; tells whether they were not."""
        if self._kept is not None:
            return False
        pairs = self._averaged()
        self._kept = [(variable, variable.numpy()) for variable, _ in pairs]
        for variable, average in pairs:
            variable.assign(average.numpy())
        return True

    def _use_weights(self):
        for variable, value in self._kept or ():
            variable.assign(value)
        self._kept = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the weights back."""
        self._use_weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the averages into the model."""
        if self.swap_on_epoch:
            self._use_averages()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After training the model has the averages: forget the weights themselves."""
        self._kept = None

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Put the averages into the model."""
        self._before()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the weights back."""
        self._after()

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Put the averages into the model."""
        self._before()

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the weights back."""
        self._after()

    def _before(self):
        self._mine = self._use_averages()

    def _after(self):
        if self._mine:
            self._use_weights()
