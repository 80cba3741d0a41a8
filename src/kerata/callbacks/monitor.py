"""Callbacks that watch one number: early stopping, checkpoints, learning rates on plateaus."""

import pathlib
import re
from typing import Any

import numpy as np

from kerata import ops
from kerata.callbacks.callback import Callback
from kerata.callbacks.log_names import entry_named, what_there_is
from kerata.callbacks.regular_saving import SavesRegularly
from kerata.core.arguments import FilePath, Number
from kerata.core.arrays import to_numpy
from kerata.core.fields import Field, dataclass, field
from kerata.engines.warning import warn
from kerata.metrics.group import single_metrics


class Mode(Field[str, str]):
    """Which way is better: "min", "max" or "auto"."""

    def convert(self, value, name, owner):
        """ "auto", with a warning, for anything else."""
        if value in ("auto", "min", "max"):
            return value
        warn(f"{type(owner).__name__}: {name} {value!r} is none of 'auto', 'min', 'max'; 'auto' is taken.")
        return "auto"


@dataclass
class Monitor(Callback):
    """A callback that watches one entry of the logs.

    Args:
        monitor: the entry, such as "val_loss"; see `entry_named` for other names of one.
        mode: "min" or "max": which way is better; "auto" asks the metric, or takes it from the name: "min" for losses and
            errors, "max" for accuracies and areas.
        min_delta: the least change that counts.
    """

    monitor: str = "val_loss"
    mode: Mode = field(default="auto", kw_only=True)

    min_delta = 0.0

    def __post_init__(self):
        super().__post_init__()
        self.min_delta = abs(self.min_delta)
        self._entry, self._told = self.monitor, False
        self.best: Any = None

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        self._entry, self._told = self.monitor, False

    def _larger_is_better(self):
        if self.mode != "auto":
            return self.mode == "max"
        name = self._entry.removeprefix("val_")
        for metric in single_metrics(getattr(self.model, "metrics", [])):
            if name in (metric.name, metric.shown_name) and metric._direction:
                return metric._direction == "up"
        if re.search(r"loss$|error|entropy|mse|mae|mape|msle", name):
            return False
        if re.search(r"acc|auc|precision|recall|f1|fbeta|iou|r2|top_k|fmeasure", name):
            return True
        raise ValueError(
            f"{type(self).__name__} watches {self.monitor!r}, and nothing tells whether more of it is better. Give mode='max' or "
            "mode='min'."
        )

    @property
    def monitor_op(self) -> Any:
        """The op that tells whether a value is better than another, `ops.less` or `ops.greater`; None while that is not known."""
        try:
            return ops.greater if self._larger_is_better() else ops.less
        except ValueError:
            return None

    def is_better(self, value: Any, reference: Any) -> bool:
        """Whether a value is better than another by `min_delta`."""
        if reference is None:
            return True
        return value - self.min_delta > reference if self._larger_is_better() else value + self.min_delta < reference

    def value_in(self, logs: dict[str, Any] | None) -> Any:
        """The watched number; None if the logs lack it, with a warning, one in each run."""
        entry = entry_named(self.monitor, logs or {}, self.model)
        if entry is not None:
            self._entry = entry
            self._larger_is_better()
            return (logs or {})[entry]
        if not self._told:
            self._told = True
            warn(f"{type(self).__name__} watches {self.monitor!r}, {what_there_is(self.monitor, logs or {})}")
        return None


@dataclass
class EarlyStopping(Monitor):
    """Stop training when a number has stopped improving.

    Args:
        monitor, min_delta, mode: see `Monitor`.
        patience: epochs without improvement before training stops.
        verbose: 1 tells when it stops.
        baseline: a value to be better than.
        restore_best_weights: whether the weights of the best epoch are put back, however training ends.
        start_from_epoch: epochs before which nothing is watched.

    Attributes:
        stopped_epoch: the epoch in which training stopped, 0 if it did not.
        best, best_epoch: the best value and its epoch.

    >>> import kerata, numpy as np
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile(kerata.optimizers.SGD(0.0), "mse")  # it learns nothing
    >>> stop = kerata.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=50, verbose=0, callbacks=[stop])
    >>> len(history.epoch), stop.stopped_epoch, stop.best_epoch
    (3, 2, 0)
    """

    min_delta: float = 0
    patience: int = 0
    verbose: int = 0
    baseline: float | None = field(default=None, kw_only=True)
    restore_best_weights: bool = field(default=False, kw_only=True)
    start_from_epoch: int = field(default=0, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin anew."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare, and stop if it is time."""
        value = self.get_monitor_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        if self.is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the best weights back."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: dict[str, Any] | None) -> Any:
        """The watched number."""
        return self.value_in(logs)


@dataclass(unlisted=("epsilon",), kwargs=True)
class ReduceLROnPlateau(Monitor):
    """Lower the learning rate when a number has stopped improving.

    Args:
        monitor, mode, min_delta: see `Monitor`.
        factor: what the rate is multiplied by.
        patience: epochs without improvement before that.
        verbose: 1 tells when.
        cooldown: epochs after a change in which none is made.
        min_lr: the lowest rate.

    >>> import kerata, numpy as np
    >>> model = kerata.Sequential([kerata.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(kerata.optimizers.SGD(0.5), "mse")
    >>> lower = kerata.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
    >>> history = model.fit(np.zeros((4, 2)), np.zeros((4, 1)), epochs=4, verbose=0, callbacks=[lower])  # the loss stays 0
    >>> float(model.optimizer.learning_rate)
    0.25
    """

    factor: Number = Number(0.1, below=1)
    patience: int = 10
    verbose: int = 0
    min_delta: float = field(default=1e-4, kw_only=True)
    cooldown: int = field(default=0, kw_only=True)
    min_lr: float = field(default=0.0, kw_only=True)
    epsilon: float | None = field(default=None, kw_only=True)

    def __post_init__(self):
        self.min_delta = self.min_delta if self.epsilon is None else self.epsilon
        super().__post_init__()
        self.cooldown_counter = self.wait = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin anew."""
        self.cooldown_counter = self.wait = 0
        self.best = None

    def in_cooldown(self) -> Any:
        """Whether a change was made a short while ago."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare, and lower the rate if it is time."""
        logs = logs if logs is not None else {}
        rate = learning_rate_of(self.model)
        logs["learning_rate"] = rate
        value = self.value_in(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and rate > np.float32(self.min_lr):
                new = max(rate * self.factor, self.min_lr)
                self.model.optimizer.learning_rate = new
                self.cooldown_counter, self.wait = self.cooldown, 0
                if self.verbose:
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")


def _shown(value):
    return "None" if value is None else f"{value:.5f}"


@dataclass(after={"save_freq": "mode"})
class SavesBest(Monitor, SavesRegularly):
    """A callback that saves regularly, or when what it watches is better than before."""

    verbose: int = 0
    save_best_only: bool = False
    initial_value_threshold: float | None = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self.best, self._improvement = self.initial_value_threshold, ""

    def _is_due(self, logs, tells):
        """Whether to save now; with `save_best_only` if it is the best so far, which is noted."""
        if not self.save_best_only:
            return True
        value = self.value_in(logs)
        if value is None:
            return False
        better = self.is_better(value, self.best)
        if tells and not better:
            print(f"\nEpoch {self._epoch + 1}: {self.monitor} did not improve from {_shown(self.best)}")
        if better:
            self._improvement = f"{self.monitor} improved from {_shown(self.best)} to {_shown(value)}, "
            self.best = value
        return better


@dataclass
class _IntoFile(Callback):
    """The first argument: as the last of the bases it comes before theirs."""

    filepath: FilePath


@dataclass(unlisted=("period", "options"), kwargs=True)
class ModelCheckpoint(SavesBest, _IntoFile):
    """Save the model, or its weights, while it trains.

    Args:
        filepath: where; may hold `{epoch:02d}`, names of logs, such as `{val_loss:.3f}`, and `{batch}` where batches are
            counted.
        monitor, mode: see `Monitor`.
        verbose: 1 tells when a file is written.
        save_best_only: whether only a better model is saved.
        save_weights_only: whether only weights are saved; the name then ends in `.weights.h5`.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: a value to be better than for the first file.
        period: the number of epochs from one file to the next, as older Kerases call it.
        options: None; TensorFlow's checkpoints have some.

    >>> import kerata, numpy as np, os, tempfile
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save = kerata.callbacks.ModelCheckpoint(folder + "/{epoch:02d}.weights.h5", save_weights_only=True)
    ...     history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[save])
    ...     print(sorted(os.listdir(folder)))
    ['01.weights.h5', '02.weights.h5']
    """

    save_weights_only: bool = False
    period: int = field(default=1, kw_only=True)
    options: None = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        ending = ".weights.h5" if self.save_weights_only else ".keras"
        if not self.filepath.endswith(ending):
            raise ValueError(f"ModelCheckpoint: the file's name must end in {ending!r}; {self.filepath!r} came.")
        if self.options is not None:
            raise ValueError(
                "ModelCheckpoint: `options` are of TensorFlow's checkpoints, which kerata does not write: leave them out."
            )
        if not isinstance(self.period, int) or self.period < 1 or self.period > 1 and self.save_freq != "epoch":
            raise ValueError(
                f"ModelCheckpoint: period is a number of epochs, and goes with save_freq='epoch'; {self.period!r} came."
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if (epoch + 1) % self.period == 0:
            super().on_epoch_end(epoch, logs)

    def _save_within(self, epoch, batch, logs):
        self._save_after(epoch, {**(logs or {}), "batch": batch + 1})

    def _save_after(self, epoch, logs):
        if not self._is_due(logs, self.verbose):
            return
        path = self._path_for(epoch, logs)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: {self._improvement}saving model to {path}")
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _path_for(self, epoch, logs):
        try:
            path = self.filepath.format_map(_Entries({**(logs or {}), "epoch": epoch + 1}, self.model))
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: {self.filepath!r} names {error}, which the logs lack: {', '.join(logs or {})}."
            ) from None
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        return path


class _Entries(dict):
    """Logs, in which entries are found by other names too."""

    def __init__(self, logs, model):
        super().__init__(logs)
        self.model = model

    def __missing__(self, name):
        entry = entry_named(name, self, self.model)
        if entry is None:
            raise KeyError(name)
        return self[entry]


def learning_rate_of(model):
    """The learning rate in force, as a number."""
    return float(to_numpy(model.optimizer.learning_rate))
