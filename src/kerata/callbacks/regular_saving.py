"""What callbacks that save have in common: after each epoch, or after every so many batches."""

from typing import Any, ClassVar, Literal

from kerata.callbacks.callback import Callback, batches_done
from kerata.core.fields import Field, dataclass, field


class SaveFrequency(Field[str | int, Literal["epoch"] | int]):
    """ "epoch", or a number of batches."""

    def convert(self, value, name, owner):
        if value != "epoch" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ValueError(f"{type(owner).__name__}: {name} is 'epoch' or a number of batches; {value!r} came.")
        return value


@dataclass
class SavesRegularly(Callback):
    """A callback that saves after each epoch, or after every so many batches.

    A subclass writes `_save_after(epoch, logs)` and `_save_within(epoch, batch, logs)`.
    """

    _save_after: ClassVar[Any]
    _save_within: ClassVar[Any]

    save_freq: SaveFrequency = field(default="epoch", kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self.samples_batches = self.save_freq == "epoch"
        self._epoch = self._since = self._seen = 0  # batches since the last saving; those of the epoch that were seen

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the epoch."""
        self._epoch, self._seen = epoch, 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Save if it is time."""
        if self.save_freq != "epoch":
            done = batches_done(self, batch)
            self._since, self._seen = self._since + done - self._seen, done
            if self._since >= self.save_freq:
                self._since = 0
                self._save_within(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save, unless batches are counted."""
        if self.save_freq == "epoch":
            self._save_after(epoch, logs)
