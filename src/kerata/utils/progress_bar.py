"""`Progbar`: progress of a loop of one's own."""

import logging
import sys
import time
from typing import Any

import numpy as np

from kerata.callbacks.progress import _duration, _format, _is_live
from kerata.core.config import is_interactive_logging_enabled
from kerata.core.configurable import NamedArguments
from kerata.core.types import TensorLike


def tell(text, end="\n"):
    """Print, or write to the log `kerata` if interactive logging is off."""
    if is_interactive_logging_enabled():
        print(text, end=end, flush=True)
    elif text.strip():
        logging.getLogger("kerata").info(text.strip())


class Progbar(metaclass=NamedArguments):
    """A progress bar.

    In a terminal or a notebook one line is kept up to date; elsewhere a line is printed at the end.

    Args:
        target: the number of steps, None if unknown.
        width: of the bar, in characters.
        verbose: 0 shows nothing, 1 a bar, 2 a line at the end.
        interval: the least number of seconds between two changes.
        stateful_metrics: names of values that are shown as they are; others are averaged over the steps.
        stateless_metrics: names of values that are averaged; others are shown as they are. Give one of the two.
        unit_name: what a step is called.

    Raises: ValueError if both kinds of names are given.

    >>> bar = Progbar(3, verbose=2)
    >>> for step in range(3):
    ...     bar.update(step + 1, [("loss", 1.0)])
    3/3 - ... - loss: 1.0000
    """

    def __init__(
        self,
        target: TensorLike,
        width: int = 20,
        verbose: Any = 1,
        interval: float = 0.05,
        stateful_metrics: Any = None,
        stateless_metrics: Any = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar takes stateful_metrics or stateless_metrics, not both.")
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.unit_name = unit_name
        self._seen = 0
        self._sums: dict[str, Any] = {}
        self._steps: dict[str, int] = {}
        self._started = time.perf_counter()
        self._shown_at, self._shown_length = 0.0, 0

    def update(self, current: Any, values: TensorLike = None, finalize: Any = None) -> None:
        """Show that `current` steps are done.

        Args:
            current: the number of steps done.
            values: a list of pairs `(name, value of the last step)`.
            finalize: whether this is the last update; by default when `current` reaches the target. It shows the values as
                they are.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or []:
            new_steps = current - self._seen
            value = np.asarray(value) if isinstance(value, (list, tuple)) else value
            if self._is_averaged(name) and not finalize:
                self._sums[name] = self._sums.get(name, 0.0) + value * new_steps
                self._steps[name] = self._steps.get(name, 0) + new_steps
            else:
                self._sums[name], self._steps[name] = value, 1
        self._seen = current
        now = time.perf_counter()
        if not self.verbose or not finalize and (self.verbose == 2 or now - self._shown_at < self.interval):
            return
        self._shown_at = now
        self._show(now - self._started, finalize)

    def add(self, n: int, values: TensorLike = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._seen + n, values)

    def _is_averaged(self, name):
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return name not in self.stateful_metrics

    def _show(self, seconds, finalize):
        live = self.verbose == 1 and is_interactive_logging_enabled() and _is_live()
        if not live and not finalize:
            return
        done = f"{self._seen}/{'Unknown' if self.target is None else self.target}"
        if live and self.target:
            filled = min(self.width, int(self.width * self._seen / self.target))
            done += f" {'━' * filled}{'─' * (self.width - filled)}"
        rate = seconds / max(self._seen, 1)
        if finalize or self.target is None:
            clock = _duration(seconds)
        else:
            clock = f"{_duration(rate * (self.target - self._seen))} left"
        text = f"{done} - {clock} - {_duration(rate)}/{self.unit_name}"
        averages = {name: self._sums[name] / max(self._steps[name], 1) for name in self._sums}
        text += f" - {_format(averages)}" if averages else ""
        if not live:
            tell(text)
            return
        sys.stdout.write("\r" + text.ljust(self._shown_length) + ("\n" if finalize else ""))
        sys.stdout.flush()
        self._shown_length = len(text)
