"""The losses and metrics given to `compile`, matched with the model's outputs."""

import functools
from typing import Any

import numpy as np
import optree

from kerata import losses as losses_module, metrics as metrics_module, ops
from kerata.core import batch
from kerata.core.arrays import static_shape
from kerata.losses.labels import check_labels
from kerata.losses.loss import LossFunctionWrapper
from kerata.metrics import Mean, Metric
from kerata.metrics.group import MetricGroup
from kerata.training.structures import Outputs

_ACCURACIES = ("accuracy", "acc", "Accuracy", "categorical_accuracy_auto")
_CROSSENTROPIES = ("crossentropy", "ce")


class CompiledLoss:
    """The loss of a model: for each output its loss, weighted and added up."""

    def __init__(self, loss, loss_weights=None, output_names=None):
        self.loss, self.loss_weights = loss, loss_weights
        self.output_names = output_names
        self.by_output: Any = None
        self.trackers = []

    def build(self, y_pred):
        """Resolve names to losses, for these outputs."""
        outputs = Outputs(y_pred, self.output_names)
        by_output = {n: _as_loss(x, n) for n, x in outputs.matched("loss", self.loss).items()}
        self.weights = outputs.matched("loss_weights", self.loss_weights) if self.loss_weights is not None else {}
        if isinstance(self.loss, dict):  # as Keras shows them
            by_output = {n: by_output[n] for n in self.loss if n in by_output} | by_output
        with_loss = [n for n, loss in by_output.items() if loss is not None]
        self.trackers = [Mean(name=f"{n}_loss") for n in with_loss] if len(with_loss) > 1 else []
        self.by_output = by_output  # last: what can't be matched is told again

    @functools.cached_property
    def takes_labels(self):
        """Whether one of the losses takes class numbers."""
        return any(_takes_labels(losses_module.get(x)) for x in optree.tree_leaves(self.loss))

    def check_labels(self, y_true, y_pred):
        """Raises: ValueError for labels that are no class of the model's outputs, which are arrays or their specs."""
        outputs = Outputs(y_pred, self.output_names)
        if self.by_output is None:
            self.build(y_pred)
        targets = outputs.targets(y_true)
        for name, output in outputs.items.items():
            loss, labels = self.by_output.get(name), targets[name]
            if _takes_labels(loss) and labels is not None and output.shape[-1:] not in ((None,), ()):
                check_labels(np.asarray(labels), output.shape[-1], f"output {name!r}", getattr(loss, "ignore_class", None))

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The weighted sum of the outputs' losses, a scalar; None if no output has one."""
        if self.by_output is None:
            self.build(y_pred)
        outputs = Outputs(y_pred, self.output_names)
        targets, weights = outputs.targets(y_true), outputs.targets(sample_weight, "sample_weight")
        trackers, total = iter(self.trackers), None
        for name, loss in self.by_output.items():
            y = outputs.items[name]
            if loss is None:
                continue
            if targets[name] is None:
                raise ValueError(f"The output {name!r} has a loss but no target: y has none for it.")
            value = ops.cast(loss(targets[name], y, weights[name]), "float32")
            if static_shape(value):
                raise ValueError(
                    f"The loss of the output {name!r} gives {static_shape(value)} values, not one: its reduction is none. Give it "
                    'reduction="sum_over_batch_size", or reduce it yourself.'
                )
            if self.trackers:
                track(next(trackers), value, y)
            weight = self.weights.get(name)
            value = value if weight is None else ops.multiply(value, weight)
            total = value if total is None else ops.add(total, value)
        return total


def track(tracker, value, like):
    """Add a batch's scalar to a running mean, weighted by the number of rows that count."""
    valid = batch.context.valid
    count = static_shape(like)[0] if valid is None and static_shape(like) else ops.sum(valid) if valid is not None else 1
    count = 1.0 if count is None else ops.cast(count, "float32") if hasattr(count, "dtype") else float(count)
    tracker.total.assign_add(ops.multiply(ops.cast(value, "float32"), count))
    tracker.count.assign_add(count)


def _takes_labels(loss):
    return (
        isinstance(loss, losses_module.SparseCategoricalCrossentropy)
        or getattr(loss, "fn", loss) is losses_module.sparse_categorical_crossentropy
    )


def _as_loss(given, name):
    if given is None:
        return None
    loss = losses_module.get(given)
    if isinstance(loss, losses_module.Loss):
        return loss
    if callable(loss):
        return LossFunctionWrapper(loss, name=getattr(loss, "__name__", name))
    raise ValueError(f"loss for the output {name!r}: {given!r} is neither a name nor a function.")


class CompileMetrics(MetricGroup):
    """The metrics given to `compile`, as one: for each output a list, made when the outputs' shapes are known."""

    def __init__(self, metrics, weighted_metrics, output_names=None):
        super().__init__(
            [m for m in optree.tree_leaves((metrics, weighted_metrics)) if isinstance(m, Metric)], "compile_metrics"
        )
        self.given = (metrics, weighted_metrics)
        self.output_names = output_names
        self.by_output: Any = None

    def build(self, y_true, y_pred):
        """Resolve names to metrics, for these outputs."""
        outputs = Outputs(y_pred, self.output_names)
        targets, several = outputs.targets(y_true), len(outputs.items) > 1
        by_output: dict[str, Any] = {}
        found: list[Metric] = []
        for i, given in enumerate(self.given):
            for name, entry in _matched_metrics(given, outputs).items():
                output = outputs.short[name] if several else None
                for item in entry:
                    metric, shown = _as_metric(item, targets[name], outputs.items[name])
                    metric.shown_name = _name_in_logs(shown or metric.name, output, found, bool(i))
                    if metric is not item:  # made here; the user's own keep their names
                        metric.name = metric.shown_name
                    found.append(metric)
                    by_output.setdefault(name, []).append((metric, bool(i)))
        self.by_output, self.metrics = by_output, found

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Give a batch to the metrics; the weighted ones with the weights."""
        if self.by_output is None:
            self.build(y_true, y_pred)
        outputs = Outputs(y_pred, self.output_names)
        targets, weights = outputs.targets(y_true), outputs.targets(sample_weight, "sample_weight")
        for name, entries in self.by_output.items():
            for metric, weighted in entries:
                if targets[name] is None:
                    continue
                if weighted and weights[name] is not None:
                    metric.update_state(targets[name], outputs.items[name], sample_weight=weights[name])
                else:
                    metric.update_state(targets[name], outputs.items[name])


def _matched_metrics(given, outputs):
    """For each output its list of metrics: all that are given, where they are not in the outputs' structure."""
    if given is None:
        return {}
    names = list(outputs.items)
    given = given if isinstance(given, (list, tuple, dict)) else [given]
    parts = outputs.structure if isinstance(outputs.structure, (list, tuple, dict)) else names
    inner = not isinstance(given, dict) and any(isinstance(x, (list, tuple, dict)) for x in given)
    if len(names) == 1 and inner and len(given) == 1:
        given, inner = given[0], False
    if isinstance(given, dict) or len(names) > 1 and len(given) == len(parts):
        given = outputs.matched("metrics", given)
    elif inner:
        raise ValueError(f"metrics has {len(given)} entries for {len(names)} outputs ({', '.join(map(str, names))}).")
    given = given if isinstance(given, dict) else dict.fromkeys(names, given)
    return {n: list(x) if isinstance(x, (list, tuple)) else [] if x is None else [x] for n, x in given.items()}


def _as_metric(item, y_true, y_pred):
    """A metric, and the name under which it is shown."""
    if isinstance(item, Metric):
        return item, None
    if item in _ACCURACIES or item in _CROSSENTROPIES:
        kind = _kind(y_true, y_pred)
        family = {
            "binary": (metrics_module.BinaryAccuracy, metrics_module.BinaryCrossentropy),
            "sparse": (metrics_module.SparseCategoricalAccuracy, metrics_module.SparseCategoricalCrossentropy),
            "categorical": (metrics_module.CategoricalAccuracy, metrics_module.CategoricalCrossentropy),
        }[kind]
        return family[item in _CROSSENTROPIES](name=item), item
    metric = metrics_module.get(item)
    if isinstance(metric, Metric):
        return metric, item if isinstance(item, str) else None
    if isinstance(metric, losses_module.Loss):
        name = metric.name
        return metrics_module.MeanMetricWrapper(metric.call, name=name), name
    name = item if isinstance(item, str) else getattr(metric, "__name__", type(metric).__name__)
    return metrics_module.MeanMetricWrapper(metric, name=name), name


def _kind(y_true, y_pred):
    """What an accuracy is meant: "binary", "sparse" (labels are numbers) or "categorical" (one-hot)."""
    true_shape, pred_shape = static_shape(y_true), static_shape(y_pred)
    if not pred_shape or pred_shape[-1] == 1 or len(pred_shape) == 1:
        return "binary"
    sparse = len(true_shape) < len(pred_shape) or true_shape[-1] == 1
    return "sparse" if sparse else "categorical"


def _name_in_logs(name, output, found, weighted):
    """The name that logs show a metric by, unique among those found; the metric's own stays what it is."""
    taken = {m.shown_name for m in found}
    whole = name if output is None else f"{output}_{name}"
    if weighted and whole in taken:
        name = f"weighted_{name}"
    name = name if output is None else f"{output}_{name}"
    unique, i = name, 1
    while unique in taken:
        unique, i = f"{name}_{i}", i + 1
    return unique
