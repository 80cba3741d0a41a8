"""`Callback`, the list that calls them, and `History`."""

from collections.abc import Sequence
from typing import Any

from kerata.callbacks.log_names import Logs
from kerata.core import tree
from kerata.core.fields import dataclass

# The hooks called once a batch: a callback that overrides one makes the loop stop after every batch.
BATCH_HOOKS = {
    "train": ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class _Told:
    """What a callback knows of the run."""

    params: Any = None
    validation_data: Any = None
    _model: Any = None


@dataclass
class Callback(_Told):
    """Something to be told of what happens in `fit`, `evaluate` and `predict`: override the hooks of interest.

    Attributes:
        model: the model.
        params: a dict with "verbose", "epochs" and "steps".

    `logs` is a dict from name to number: losses and metrics so far, with the prefix `val_` for validation; empty before
    there are any. All callbacks of a run get the same one, and see what those before them put in.

    >>> import kerata, numpy as np
    >>> class Count(kerata.callbacks.Callback):
    ...     epochs = 0
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.epochs += 1
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> count = Count()
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[count])
    >>> count.epochs
    2
    """

    def __post_init__(self):
        """What is left to do once the fields of a `dataclass` are set."""

    def set_params(self, params: dict[str, Any]) -> None:
        """Given the run's parameters."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Given the model."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model that is being run."""
        return self._model

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a training batch; the older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a training batch; the older name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before an epoch of training."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch of training and its validation."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a training batch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a training batch."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of evaluation."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of evaluation."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of prediction."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before training."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After training."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before evaluation."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """After evaluation."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before prediction."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """After prediction."""


def batches_done(callback, batch):
    """How many batches of the epoch, of the evaluation or of the prediction are done after the hook for this one.

    Where several steps are one execution, the last hook's number may lie beyond the data.
    """
    steps = (callback.params or {}).get("steps")
    several = getattr(callback.model, "steps_per_execution", 1) > 1
    return min(batch + 1, steps) if several and steps else batch + 1


def watches_batches(callback, mode):
    """Whether a callback overrides a batch hook of `mode`."""
    return any(
        getattr(type(callback), name, None) is not getattr(Callback, name) or name in vars(callback)
        for name in BATCH_HOOKS[mode]
    )


@dataclass
class History(Callback):
    """What every epoch's logs were; `fit` returns it.

    Attributes:
        epoch: the epochs' numbers.
        history: a dict from name to the list of values, one an epoch.

    >>> import kerata, numpy as np
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.epoch, list(history.history), len(history.history["loss"])
    ([0, 1], ['loss'], 2)
    """

    def __post_init__(self):
        super().__post_init__()
        self.history = Logs()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin a new list of epochs."""
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self


class CallbackList(Callback):
    """Several callbacks as one.

    Args:
        callbacks: a list of them, or one.
        add_history: whether a `History` is added.
        add_progbar: whether a progress display is added.
        model: given to them all.
        params: given to them all.

    >>> import kerata
    >>> tell = [kerata.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs, i=i: print(i, logs)) for i in (1, 2)]
    >>> CallbackList(tell).on_epoch_end(0, {"loss": 0.5})
    1 {'loss': 0.5}
    2 {'loss': 0.5}
    """

    def __init__(
        self,
        callbacks: Callback | Sequence[Callback | None] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = [c for c in tree.flatten(callbacks or []) if c is not None]
        for c in self.callbacks:
            if not hasattr(c, "on_epoch_end"):
                raise TypeError(f"callbacks holds {c!r}, which is no Callback. Subclass keras.callbacks.Callback.")
        if add_progbar:
            from kerata.callbacks.progress import ProgbarLogger

            if not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
                self.callbacks.append(ProgbarLogger())
        self.history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        if model is not None:
            self.set_model(model)
        self.set_params(params)
        self.by_batch = {mode: [c for c in self.callbacks if watches_batches(c, mode)] for mode in BATCH_HOOKS}

    def append(self, callback: Any) -> None:
        """Add one more."""
        self.callbacks.append(callback)
        self.by_batch = {mode: [c for c in self.callbacks if watches_batches(c, mode)] for mode in BATCH_HOOKS}

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def each_batch(self, mode: Any) -> Any:
        """Whether a callback wants to be called at every batch (those for display need not be)."""
        return any(not getattr(c, "samples_batches", False) for c in self.by_batch[mode])


def _forward(name):
    def hook(self, logs=None):
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, name)(logs)

    hook.__name__ = name
    hook.__doc__ = getattr(Callback, name).__doc__
    return hook


def _forward_epoch(name):
    def hook(self, epoch, logs=None):
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, name)(epoch, logs)

    hook.__name__ = name
    hook.__doc__ = getattr(Callback, name).__doc__
    return hook


def _forward_batch(name, mode):
    def hook(self, batch, logs=None):
        logs = {} if logs is None else logs
        for callback in self.by_batch[mode]:
            getattr(callback, name)(batch, logs=logs)

    hook.__name__ = name
    hook.__doc__ = getattr(Callback, name).__doc__
    return hook


for _when in ("begin", "end"):
    setattr(CallbackList, f"on_epoch_{_when}", _forward_epoch(f"on_epoch_{_when}"))
    for _what in ("train", "test", "predict"):
        setattr(CallbackList, f"on_{_what}_{_when}", _forward(f"on_{_what}_{_when}"))
    for _mode in BATCH_HOOKS:
        setattr(CallbackList, f"on_{_mode}_batch_{_when}", _forward_batch(f"on_{_mode}_batch_{_when}", _mode))
    setattr(CallbackList, f"on_batch_{_when}", _forward_batch(f"on_train_batch_{_when}", "train"))
