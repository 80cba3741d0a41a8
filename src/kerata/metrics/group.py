"""Several metrics as one, and what is done with lists of metrics."""

from typing import Any

from kerata.core.configurable import is_own
from kerata.metrics.metric import Metric


class MetricGroup(Metric):
    """Metrics as one: its variables are theirs, its result is a dict of theirs by the names that logs show.

    Args:
        metrics: a list, which may become another one later.

    >>> from kerata.metrics import Mean, Sum
    >>> group = MetricGroup([Mean(name="mean"), Sum(name="sum")], "both")
    >>> for metric in group.metrics:
    ...     metric.update_state([1.0, 3.0])
    >>> {name: float(value) for name, value in group.result().items()}
    {'mean': 2.0, 'sum': 4.0}
    """

    def __init__(self, metrics, name):
        super().__init__(name=name)
        self.metrics = list(metrics)

    @property
    def variables(self) -> Any:
        """Those of all the metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    def result(self) -> Any:
        """The metrics' results by their names in logs."""
        return results_by_name(self.metrics, lambda metric: metric.result())

    def result_on_host(self) -> Any:
        """As `result`, computed by NumPy."""
        return results_by_name(self.metrics, lambda metric: metric.result_on_host())

    def reset_state(self) -> None:
        """Set the metrics back to the beginning."""
        for metric in self.metrics:
            reset(metric)


def single_metrics(metrics):
    """The metrics one by one: in place of a group each of its metrics."""
    return [each for metric in metrics for each in (metric.metrics if isinstance(metric, MetricGroup) else [metric])]


def results_by_name(metrics, result_of):
    """The metrics' results as a dict, by the names that logs show; those that are dicts are taken apart."""
    logs = {}
    for metric in metrics:
        value = result_of(metric)
        logs.update(value if isinstance(value, dict) else {metric.shown_name or metric.name: value})
    return logs


def reset(metric):
    """Set a metric back; by `reset_states`, as it was called in Keras 2, where the user wrote that."""
    classes = type(metric).__mro__
    old = next((c for c in classes if "reset_states" in vars(c)), None)
    new = next(c for c in classes if "reset_state" in vars(c))
    if old is not None and not is_own(old) and classes.index(old) <= classes.index(new):
        metric.reset_states()
    else:
        metric.reset_state()
