"""Metrics that add up or average values."""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from kerata import ops
from kerata.core import batch, masks, serialization
from kerata.core.arguments import ComputeDtype
from kerata.core.arrays import as_array
from kerata.core.fields import dataclass
from kerata.core.naming import Name
from kerata.core.types import TensorLike
from kerata.losses.loss import divide_no_nan, own_arguments
from kerata.losses.shapes import squeeze_or_expand
from kerata.metrics.metric import Metric


def weighted_values(values, sample_weight, dtype, name):
    """Values for each sample times their weights, and the weights, broadcast; the weights are None if all count alike.

    Weights for the first axes go with values that are averaged over the others. Padded rows have weight 0.
    """
    mask = masks.get_mask(values)
    values = as_array(values, dtype)
    weights = None if sample_weight is None else as_array(sample_weight, dtype)
    if mask is not None:
        mask = as_array(mask, dtype)
        weights = mask if weights is None else _filled(weights, mask) * mask
    valid = batch.context.valid
    if valid is not None:
        valid = as_array(valid, dtype)
        if weights is None:
            weights = _filled(valid, values) + ops.zeros_like(values)
        else:
            weights = weights * _filled(valid, weights)
        values = ops.where(_filled(valid, values) > 0, values, 0.0)
    if weights is None:
        return values, None
    while len(weights.shape) > 1 and weights.shape[-1] == 1:
        weights = ops.squeeze(weights, -1)
    rank = len(weights.shape)
    if rank > len(values.shape) or any(None not in (w, v) and w not in (1, v) for w, v in zip(weights.shape, values.shape)):
        raise ValueError(
            f"{name}: sample_weight of shape {tuple(weights.shape)} doesn't fit values of shape {tuple(values.shape)}."
        )
    inner = tuple(range(rank, len(values.shape)))
    values = ops.mean(values, inner) if inner else values
    return values * weights, weights + ops.zeros_like(values)


def masked_weights(sample_weight, y_pred, like, dtype):
    """Weights that are 0 where the mask of predictions leaves them out; `sample_weight` itself if they have none.

    `like` is what the weights are for: a mask whose axes are not its first ones says nothing of it.
    """
    mask = masks.get_mask(y_pred)
    if mask is None or not _leads(tuple(mask.shape), tuple(like.shape)):
        return sample_weight
    mask = as_array(mask, dtype)
    if sample_weight is None:
        return mask
    weights = as_array(sample_weight, dtype)
    return _filled(weights, mask) * _filled(mask, weights)


def _leads(shape, whole):
    return len(shape) <= len(whole) and all(None in (n, m) or n in (1, m) for n, m in zip(shape, whole))


def _filled(x, like):
    """`x` with axes of length 1 added at the end, up to the rank of `like`."""
    return ops.reshape(x, (*x.shape, *(1,) * (len(like.shape) - len(x.shape)))) if len(x.shape) < len(like.shape) else x


@dataclass(after={"dtype": "name"})
class Sum(Metric):
    """The weighted sum of values.

    >>> metric = Sum()
    >>> metric.update_state([1.0, 2.0], sample_weight=[1.0, 0.5])
    >>> float(metric.result())
    2.0
    """

    name: Name = Name("sum")
    dtype: ComputeDtype = ComputeDtype(None)

    def __post_init__(self):
        super().__post_init__()
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values."""
        values, weights = weighted_sums(values, sample_weight, self.dtype, self.name)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Any:
        """The sum so far."""
        return as_array(self.total)


def weighted_sums(values, sample_weight, dtype, name):
    """Like `weighted_values`, but added up, not averaged, over the axes that the weights do not have."""
    values = as_array(values, dtype)
    whole = values
    values, weights = weighted_values(values, sample_weight, dtype, name)
    if weights is not None and len(weights.shape) < len(whole.shape):
        values = values * float(math.prod(whole.shape[len(weights.shape) :]))
    return values, weights


@dataclass(after={"dtype": "name"})
class Mean(Metric):
    """The weighted mean of values.

    >>> metric = Mean()
    >>> metric.update_state([1.0, 2.0], sample_weight=[3.0, 1.0])
    >>> float(metric.result())
    1.25
    """

    name: Name = Name("mean")
    dtype: ComputeDtype = ComputeDtype(None)

    def __post_init__(self):
        super().__post_init__()
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Take values in: (batch,) or (batch, ...)."""
        values, weights = weighted_values(values, sample_weight, self.dtype, self.name)
        inner = tuple(range(1, len(values.shape)))  # a sample counts as one, however many values it has
        values = ops.mean(values, inner) if inner else values
        self.total.assign_add(ops.sum(values))
        if weights is not None:
            self.count.assign_add(ops.sum(ops.mean(weights, inner) if inner else weights))
        elif None in values.shape:
            self.count.assign_add(ops.sum(ops.ones_like(values)))
        else:
            self.count.assign_add(float(math.prod(values.shape)))

    def result(self) -> Any:
        """The mean so far, 0 before any value."""
        return divide_no_nan(as_array(self.total), as_array(self.count))

    def result_on_host(self) -> Any:
        """The mean so far, in a few numbers of NumPy's: after each batch where a callback has a hook for it."""
        if type(self).result is not Mean.result:
            return super().result_on_host()
        total, count = self.total.numpy(), self.count.numpy()
        return total / count if count else np.zeros_like(total)


class _MeanOfFunction(Mean):
    """The mean of a function `_fn(y_true, y_pred, **_fn_kwargs)`."""

    def update_state(  # type: ignore[override]
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> Any:
        own: Any = self  # `_fn` and `_fn_kwargs` are in the instance in one subclass, in the class in the other
        values = as_array(own._fn(*self._inputs(y_true, y_pred), **own._fn_kwargs), self.dtype)
        return super().update_state(values, sample_weight=masked_weights(sample_weight, y_pred, values, self.dtype))

    def _inputs(self, y_true, y_pred):
        """Targets and predictions as float tensors."""
        return as_array(y_true, self.dtype), as_array(y_pred, self.dtype)


class MeanMetricWrapper(_MeanOfFunction):
    """The mean of a function of targets and predictions.

    Args:
        fn: a function `(y_true, y_pred)` that returns one value for each sample.
        name: shown in logs.
        dtype: that of the computation.
        kwargs: further arguments of `fn`.

    >>> import kerata
    >>> metric = MeanMetricWrapper(kerata.losses.huber, delta=2.0)
    >>> metric.update_state([[0.0], [0.0]], [[1.0], [3.0]])
    >>> float(metric.result())
    2.25
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name, dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        for key, value in kwargs.items():
            if not hasattr(type(self), key):
                setattr(self, key, value)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if type(self) is MeanMetricWrapper:
            config["fn"] = serialization.serialize_keras_object(self._fn)
            config.update(serialization.serialize_dict(self._fn_kwargs))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        if "fn" in config:
            config = config | {"fn": serialization.deserialize_keras_object(config["fn"])}
        return cls(**config)


@dataclass
class FunctionMetric(_MeanOfFunction):
    """The mean of a function of kerata's; its arguments are the function's."""

    _fn: ClassVar[Callable[..., Any]]

    @property
    def _fn_kwargs(self):
        return own_arguments(self._fn, self)


MeanMetricWrapper.register(FunctionMetric)  # as in Keras, where each is one


@dataclass
class RootMeanSquaredError(Mean):
    """sqrt of the mean of (y_true - y_pred)^2.

    >>> metric = RootMeanSquaredError()
    >>> metric.update_state([0.0, 0.0], [3.0, 3.0])
    >>> float(metric.result())
    3.0
    """

    _direction = "down"

    name: Name = Name("root_mean_squared_error")

    def update_state(  # type: ignore[override]
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> Any:
        true, pred = squeeze_or_expand(as_array(y_true, self.dtype), as_array(y_pred, self.dtype))
        values = ops.square(pred - true)
        return super().update_state(values, sample_weight=masked_weights(sample_weight, y_pred, values, self.dtype))

    def result(self) -> Any:
        """The root so far."""
        return ops.sqrt(super().result())
