"""What is done with one batch: the methods of a model that users override for ways of training of their own."""

from typing import TYPE_CHECKING, Any

import optree

from kerata import ops
from kerata.core import findings, masks
from kerata.core.types import TensorLike
from kerata.metrics.group import reset, results_by_name
from kerata.training import checks
from kerata.training.compiled import track
from kerata.training.data import unpack_x_y_sample_weight

if TYPE_CHECKING:
    from kerata.layers.layer import Layer as _Base
    from kerata.training.compilation import Compilation
else:
    _Base = object


class TrainingSteps(_Base):
    """The steps of training, evaluation and prediction, the loss and the metrics. `Trainer` is the one class below."""

    if TYPE_CHECKING:
        _compilation: Compilation
    optimizer: Any = None

    @checks.also_on_state
    def train_step(self, data: Any) -> Any:
        """One step of training. Override it for another way of training.

        Args:
            data: the batch. Or two arguments, the values of the trainable variables, the others, the optimizer's and the
                metrics', and the batch: as Keras's steps on JAX are called.

        Returns: the logs; with values given the pair of the logs and the values after the step.
        """
        return self._all_logs(self._train_quietly(data))

    def _train_quietly(self, data):
        """The step without the logs, which nobody reads after every step, but those of an overridden `compute_metrics`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)

        def loss_fn():
            y_pred = self(x, training=True)
            loss = self._loss_of(x, y, y_pred, sample_weight, training=True)
            return self.optimizer.scale_loss(loss), (loss, y_pred, _masks_of(y_pred))

        variables = self.trainable_variables
        if variables:
            (_, (loss, y_pred, found)), gradients = ops.value_and_grad(loss_fn, variables, has_aux=True)
            self.optimizer.apply(gradients, variables)
        else:
            _, (loss, y_pred, found) = loss_fn()
        for place, mask in found.items():
            masks.set_mask(optree.tree_leaves(y_pred)[place], mask)
        self._track_loss(loss, y_pred)
        return self._update_metrics(x, y, y_pred, sample_weight)

    @checks.also_on_state
    def test_step(self, data: Any) -> Any:
        """One step of evaluation on a batch, or on values and a batch, as in `train_step`, without the optimizer's."""
        return self._all_logs(self._test_quietly(data))

    def _test_quietly(self, data):
        return self._run_on_batch(data, training=False)

    def _run_on_batch(self, data, training):
        """A batch through the model, its loss and its metrics: a step of training without the update, or one of evaluation."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=training)
        loss = self._loss_of(x, y, y_pred, sample_weight, training)
        self._track_loss(loss, y_pred)
        return self._update_metrics(x, y, y_pred, sample_weight)

    def _all_logs(self, logs):
        return self.get_metrics_result() if logs is None else logs

    @checks.also_on_state
    def predict_step(self, data: Any) -> Any:
        """The predictions for a batch; for values and a batch, with those of the variables that are not trained."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    def compute_loss(
        self,
        x: TensorLike = None,
        y: TensorLike = None,
        y_pred: TensorLike = None,
        sample_weight: TensorLike | None = None,
        training: bool | None = True,
    ) -> Any:
        """The loss of a batch, a scalar: that of `compile` and those of the layers. The inputs `x` are there for overriding."""
        parts = []
        if self._compilation.loss is not None:
            value = self._compilation.loss(y, y_pred, sample_weight)
            if value is not None:
                parts.append(value)
        parts.extend(ops.sum(ops.cast(value, "float32")) for value in self.losses)
        if not parts:
            if self._compilation.loss is None and training:
                raise ValueError(checks.no_loss(self))
            return ops.zeros(())
        total = parts[0]
        for part in parts[1:]:
            total = ops.add(total, part)
        return total

    def _loss_of(self, x, y, y_pred, sample_weight, training):
        given = dict(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
        if self._compilation.overrides("compute_loss"):
            return checks.as_written(self.compute_loss, given)
        return self.compute_loss(**given)

    def compute_metrics(self, x: TensorLike, y: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> Any:
        """Give a batch to the metrics; returns the logs so far. Override it for logs of your own, which may need `x`."""
        if self._compilation.metrics is not None:
            self._compilation.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _update_metrics(self, x, y, y_pred, sample_weight):
        if self._compilation.overrides("compute_metrics"):
            given = dict(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
            return checks.as_written(self.compute_metrics, given)
        if self._compilation.metrics is not None:
            self._compilation.metrics.update_state(y, y_pred, sample_weight)
        return None

    def get_metrics_result(self) -> Any:
        """The metrics' values as a dict."""
        return self._results(lambda metric: metric.result())

    def _results(self, result_of):
        return results_by_name(self.metrics, result_of)

    def _track_loss(self, loss, y_pred):
        findings.note_not_finite("the loss", loss)
        leaves = optree.tree_leaves(y_pred)
        if self._compilation.tracker is not None:
            track(self._compilation.tracker, loss, leaves[0] if leaves else loss)

    # Keras 2's names, for overridden steps

    def compiled_loss(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None, regularization_losses: Any = None
    ) -> Any:
        """The loss given to `compile`, with losses added; Keras 2's name."""
        parts = [self._compilation.loss(y_true, y_pred, sample_weight), *(regularization_losses or [])]
        total = parts[0]
        for part in parts[1:]:
            total = ops.add(total, part)
        self._track_loss(total, y_pred)
        return total

    @property
    def compiled_metrics(self) -> Any:
        """The metrics given to `compile`; Keras 2's name."""
        return self._compilation.metrics

    # Metrics

    @property
    def metrics(self) -> Any:
        """The metrics: the loss, those given to `compile` as one, the losses of several outputs, and those that layers hold."""
        return self._compilation.all_metrics()

    @property
    def metrics_names(self) -> Any:
        """The names of `metrics`. Those of the numbers that `evaluate` gives are in its dict (`return_dict=True`)."""
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Set all metrics back to the beginning."""
        for metric in self.metrics:
            reset(metric)


def _masks_of(outputs):
    """The masks of outputs by their place among the leaves: what leaves a function that is differentiated is without them."""
    found = {i: masks.get_mask(x) for i, x in enumerate(optree.tree_leaves(outputs))}
    return {i: mask for i, mask in found.items() if mask is not None}
