"""Callbacks that change or log the learning rate, keep records, or call functions of the user's."""

import csv
import math
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.callbacks.callback import Callback
from kerata.callbacks.monitor import learning_rate_of
from kerata.core.arguments import FilePath
from kerata.core.fields import dataclass


@dataclass
class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Args:
        schedule: a function `(epoch, learning_rate) -> learning_rate`, or of the epoch alone.
        verbose: 1 tells the rate.

    >>> import kerata, numpy as np
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile(kerata.optimizers.SGD(0.5), "mse")
    >>> halve = kerata.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch == 0 else rate / 2)
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[halve])
    >>> [round(rate, 4) for rate in history.history["learning_rate"]]
    [0.5, 0.25, 0.125]
    """

    schedule: Callable[..., Any]
    verbose: int = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate."""
        try:
            rate = self.schedule(epoch, learning_rate_of(self.model))
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, float) and not hasattr(rate, "dtype"):
            raise ValueError(f"LearningRateScheduler: the schedule must return a float; {rate!r} came for epoch {epoch}.")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the rate into the logs."""
        if logs is not None:
            logs["learning_rate"] = learning_rate_of(self.model)


@dataclass
class CSVLogger(Callback):
    """Write every epoch's logs to a CSV file.

    There is a column for each entry of the first epoch's logs and, unless that was validated, one for the same of a later
    validation; what an epoch lacks is NA.

    Args:
        filename: where.
        separator: between the fields.
        append: whether a file that is there is continued.

    >>> import kerata, numpy as np, pathlib, tempfile
    >>> model = kerata.Sequential([kerata.layers.Dense(1, kernel_initializer="ones")])
    >>> model.compile(kerata.optimizers.SGD(0.0), "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = kerata.callbacks.CSVLogger(folder + "/log.csv")
    ...     history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[log])
    ...     print(pathlib.Path(folder, "log.csv").read_text().split())
    ['epoch,loss,val_loss', '0,1.0,NA', '1,1.0,NA']
    """

    filename: FilePath
    separator: str = ","
    append: bool = False

    def __post_init__(self):
        super().__post_init__()
        self._file: Any = None
        self._writer: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the file."""
        path = pathlib.Path(self.filename)
        has_header = self.append and path.exists() and path.stat().st_size > 0
        self._file = path.open("a" if self.append else "w", newline="")
        self._header_due = not has_header
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write a line."""
        logs = logs or {}
        if self._writer is None:
            names = sorted(logs)
            if not any(name.startswith("val_") for name in names):  # the first validation may come later
                names += [f"val_{name}" for name in names]
            self._writer = csv.DictWriter(self._file, ["epoch", *names], "NA", "ignore", delimiter=self.separator)
            if self._header_due:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **{name: _in_a_field(value) for name, value in logs.items()}})
        self._file.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the file."""
        self._file.close()
        self._file = self._writer = None


def _in_a_field(value):
    """A log's value as a field of a table: one with axes as a text in quotes."""
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'


class LambdaCallback(Callback):
    """A callback of functions.

    Args:
        on_epoch_begin, on_epoch_end: functions `(epoch, logs)`.
        on_train_begin, on_train_end: functions `(logs)`.
        on_train_batch_begin, on_train_batch_end: functions `(batch, logs)`.
        **kwargs: other hooks by their names.

    >>> import kerata, numpy as np
    >>> model = kerata.Sequential([kerata.layers.Dense(1, kernel_initializer="ones")])
    >>> model.compile(kerata.optimizers.SGD(0.0), "mse")
    >>> tell = kerata.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[tell])
    0 1.0
    1 1.0
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        given = {k: v for k, v in locals().items() if k.startswith("on_")} | kwargs
        for name, function in given.items():
            if not hasattr(Callback, name):
                raise TypeError(f"LambdaCallback: there is no hook {name!r}.")
            if function is not None:
                setattr(self, name, function)


@dataclass
class TerminateOnNaN(Callback):
    """Stop training when the loss is NaN or infinite.

    Args:
        raise_error: whether an error is raised instead.

    >>> import kerata
    >>> model, stop = kerata.Sequential([kerata.layers.Dense(1)]), kerata.callbacks.TerminateOnNaN()
    >>> stop.set_model(model)
    >>> stop.on_train_batch_end(7, {"loss": float("nan")})  # as `fit(callbacks=[stop])` does
    Batch 7: Invalid loss, terminating training
    >>> model.stop_training
    True
    """

    samples_batches = True  # a NaN does not go away: seeing it at the next block is soon enough

    raise_error: bool = False

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(f"The loss is {loss} at batch {batch}.")
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
