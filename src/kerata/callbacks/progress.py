"""Progress of `fit`, `evaluate` and `predict`: a live bar in terminals and notebooks, plain lines elsewhere."""

import sys
import time
from typing import Any

import numpy as np

from kerata.callbacks.callback import Callback, batches_done
from kerata.core.fields import dataclass


@dataclass
class ProgbarLogger(Callback):
    """Shows how far a run is, how fast it goes and what its losses and metrics are.

    In a terminal or a notebook a bar (made by rich) is kept up to date, ten times a second at most. Elsewhere (files,
    pipes, CI) one plain line is printed for each epoch, without control characters.

    `fit`, `evaluate` and `predict` add one by themselves unless `verbose=0`.

    >>> import kerata, numpy as np
    >>> model = kerata.Sequential([kerata.layers.Dense(1, kernel_initializer="ones")])
    >>> model.compile(kerata.optimizers.SGD(0.0), "mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=2)
    Epoch 1/2
    1/1 - ... - loss: 1.0000
    Epoch 2/2
    1/1 - ... - loss: 1.0000
    """

    samples_batches = True  # called after blocks of batches; need not see each one

    _bar = _task = _target = None
    _training = False

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        self.verbose = params.get("verbose", 1)
        self.epochs = params.get("epochs", 1)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A run of training begins."""
        self._training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """A run of training is over."""
        self._stop()
        self._training = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the epoch's number and begin a bar."""
        if self.epochs > 1 and self.verbose:
            _write(f"Epoch {epoch + 1}/{self.epochs}")
        self._epoch = epoch
        self._begin()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the epoch's results."""
        self._finish(logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin a bar for an evaluation of its own."""
        if not self._training:
            self._begin()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Show the evaluation's results."""
        if not self._training:
            self._finish(logs)

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin a bar for a prediction."""
        self._begin()

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """The prediction is over."""
        self._finish({})

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar."""
        self._move(batches_done(self, batch), logs)

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar of an evaluation of its own."""
        if not self._training:
            self._move(batches_done(self, batch), logs)

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar."""
        self._move(batches_done(self, batch), None)

    def _begin(self):
        self._stop()
        self._target = self.params.get("steps")
        self._started = time.perf_counter()
        self._done = 0
        self._running = True
        if self.verbose == 1 and _is_live():
            self._bar = _bar()
            self._task = self._bar.add_task("", total=self._target, logs="")
            self._bar.start()

    def _move(self, done, logs):
        self._done = done
        if self._bar is not None:
            shown = _format(logs) if logs else None
            self._bar.update(self._task, completed=done, **({"logs": shown} if shown else {}))

    def _finish(self, logs):
        if not getattr(self, "_running", False):
            return
        self._running = False
        steps = self.params.get("steps") or self._done
        seconds = time.perf_counter() - self._started
        if self._bar is not None:
            self._bar.update(self._task, visible=False)
        self._stop()
        if not self.verbose:
            return
        rate = f"{_duration(seconds / max(steps, 1))}/step"
        batch_size = getattr(getattr(self.model, "_compilation", None), "batch_size", None)
        if batch_size and seconds > 0:
            rate += f" - {_count(steps * batch_size / seconds)} samples/s"
        parts = [
            f"{steps}/{steps}",
            f"{seconds:.0f}s{' ' if self.verbose == 1 else ' - '}{rate}",
            *([_format(logs)] if logs else []),
        ]
        _write(" - ".join(parts))

    def _stop(self):
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _write(text):
    print(text, flush=True)


def _is_live():
    """Whether somebody watches: a terminal, or a notebook."""
    if "ipykernel" in sys.modules and "IPython" in sys.modules:
        return True
    return hasattr(sys.stdout, "isatty") and sys.stdout.isatty()


def _bar():
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        MofNCompleteColumn(),
        BarColumn(bar_width=24),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[logs]}", markup=False),
        transient=True,
        refresh_per_second=10,
    )


def _format(logs):
    parts = []
    for name, value in logs.items():
        if name == "outputs":
            continue
        mean = float(np.mean(value))
        parts.append(f"{name}: {mean:.4f}" if abs(mean) > 1e-3 else f"{name}: {mean:.4e}")
    return " - ".join(parts)


def _duration(seconds):
    if seconds >= 1:
        return f"{seconds:.0f}s" if seconds < 600 else f"{seconds / 60:.0f}min"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _count(value):
    return f"{value:,.0f}"
