"""`Loss`: a function of targets and predictions, weighted and reduced."""

import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar

import optree

from kerata import ops
from kerata.core import batch, masks, serialization
from kerata.core.arguments import OneOf, compute_dtype
from kerata.core.arrays import as_array
from kerata.core.config import settings
from kerata.core.configurable import Configurable
from kerata.core.fields import Field, dataclass, field
from kerata.core.graph import abstract_call, symbolic_leaves, symbolic_outputs
from kerata.core.naming import Name
from kerata.core.signatures import parameters_of
from kerata.core.structure import Structure
from kerata.core.types import TensorLike
from kerata.losses.shapes import squeeze_or_expand


class Reduction(OneOf[str | None, str | None]):
    """How the values of a loss become one number."""

    values = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None)


@dataclass
class _Arguments(Configurable):
    """What all losses take."""

    reduction: Reduction = field(default="sum_over_batch_size", kw_only=True)
    name: Name = field(default=None, kw_only=True)
    dtype: Field[Any, str] = field(default=None, kw_only=True)


@dataclass(after={"name": None})
class Loss(_Arguments):
    """The base class of losses. A subclass writes `call(self, y_true, y_pred)`, one value for each sample.

    Args:
        name: shown in logs.
        reduction: "sum_over_batch_size" or "mean" (the sum divided by the number of values), "sum",
            "mean_with_sample_weight" (divided by the sum of the weights), "none" or None.
        dtype: that of the computation; `floatx()` for None.

    Raises: ValueError for another reduction.

    >>> from kerata import ops
    >>> class Distance(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.abs(y_true - y_pred), axis=-1)
    >>> float(Distance()([[1.0], [2.0]], [[2.0], [4.0]]))
    1.5
    """

    _targets_are_classes = False  # whole numbers, which are taken as they are

    def __setattr__(self, name, value):
        Structure.note(self, name, value)
        super().__setattr__(name, value)

    @property  # type: ignore[misc]  # the argument of the name is kept under another one
    def dtype(self) -> Any:
        """The dtype of the computation."""
        return self._dtype

    @dtype.setter
    def dtype(self, value: Any) -> None:
        self._given_dtype, self._dtype = value, compute_dtype(value)

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Any:
        """One value for each sample: (batch, ...) -> (batch,) or (batch, ...)."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred).")

    def __call__(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> Any:
        """The weighted, reduced loss.

        Args:
            y_true: targets.
            y_pred: predictions. A mask that they carry takes what it leaves out off the loss.
            sample_weight: one weight for each sample, or for each value of the loss.

        Returns: a tensor; for symbolic tensors a symbolic one, of the shape that there will be.
        """
        if symbolic_leaves((y_true, y_pred, sample_weight)):
            return symbolic_outputs(abstract_call(self.__call__, (y_true, y_pred, sample_weight), {}))
        mask = masks.get_mask(y_pred)
        y_true = as_tensors(y_true, None if self._targets_are_classes else self._dtype)
        y_pred = as_tensors(y_pred, self._dtype)
        values = self.call(y_true, y_pred)
        own = masks.get_mask(values)
        mask = own if mask is None else mask if own is None or own is mask else ops.logical_and(mask, own)
        return reduce_weighted(values, sample_weight, mask, self.reduction, self._dtype, self.name)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the dtype only where one was given."""
        config = super().get_config()
        if self._given_dtype is None:
            config.pop("dtype", None)
        elif "dtype" in config:
            config["dtype"] = self._dtype
        return config


def as_tensors(y, dtype):
    """The leaves of a structure as tensors of a dtype; a nested list of numbers is one tensor."""
    if isinstance(y, (list, tuple)) and all(isinstance(x, (bool, int, float)) for x in optree.tree_leaves(y)):
        return as_array(y, dtype)
    return optree.tree_map(lambda x: as_array(x, dtype), y)


def reduce_weighted(values, sample_weight, mask, reduction, dtype, name):
    """Values of a loss, weighted and reduced; padded rows and what the mask leaves out count for nothing."""
    values = as_array(values, dtype)
    weights = None if sample_weight is None else as_array(sample_weight, dtype)
    if weights is not None and len(values.shape) == 1 and len(weights.shape) == 2 and weights.shape[1] == 1:
        values = ops.expand_dims(values, 1)  # as Keras shows them where nothing is reduced
    valid = _valid_weights(values, dtype)
    if weights is not None and len(values.shape):
        weights = aligned_weights(weights, values, name)
    if mask is not None:
        mask = _mask_weights(as_array(mask, dtype), values, valid, reduction, name)
        weights = mask if weights is None else weights * mask
    if weights is not None:
        values = values * weights
    if valid is not None:
        # A padded row may hold anything, NaN too: it is replaced, not multiplied away.
        values = ops.where(valid > 0, values, 0.0)
        weights = valid if weights is None else weights * valid
    if reduction in ("none", None):
        return values
    if reduction == "sum":
        return ops.sum(values)
    total = ops.sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        return divide_no_nan(total, ops.sum(weights + ops.zeros_like(values)))
    if valid is not None:
        return divide_no_nan(total, ops.sum(valid + ops.zeros_like(values)))
    return total / _size(values)


def _valid_weights(values, dtype):
    if batch.context.valid is None:
        return None
    return ops.reshape(as_array(batch.context.valid, dtype), (-1,) + (1,) * (len(values.shape) - 1))


def _size(values):
    """The number of values; it may be unknown while a model is being built."""
    if None in values.shape:
        return ops.sum(ops.ones_like(values))
    return float(max(1, math.prod(values.shape)))


def _mask_weights(mask, values, valid, reduction, name):
    """The mask as weights; those of a mean are scaled up so that the mean is over what the mask leaves."""
    if len(mask.shape) > len(values.shape):
        return ops.ones_like(values)
    mask = aligned_weights(mask, values, name)
    if reduction not in ("mean", "sum_over_batch_size"):
        return mask
    rows = mask if valid is None else mask * valid
    everything = ops.ones_like(mask) if valid is None else ops.ones_like(mask) * valid
    return mask * (ops.sum(everything) / (ops.sum(rows) + settings.epsilon))


def aligned_weights(weights, values, name):
    """Weights in a shape that broadcasts to the values: one for each sample is taken along the first axes.

    Raises: ValueError if the shape fits neither the first axes nor all.
    """
    while len(weights.shape) > max(1, len(values.shape)) and weights.shape[-1] == 1:
        weights = ops.squeeze(weights, -1)
    shape, target = tuple(weights.shape), tuple(values.shape)
    if len(shape) > len(target) or any(None not in (w, v) and w not in (1, v) for w, v in zip(shape, target)):
        raise ValueError(
            f"{name}: sample_weight of shape {shape} doesn't fit losses of shape {target}. Give one weight for each sample, "
            f"{target[:1]}, or one for each value, {target}."
        )
    return ops.reshape(weights, (*shape, *(1,) * (len(target) - len(shape)))) if 0 < len(shape) < len(target) else weights


def divide_no_nan(a, b):
    """a / b, and 0 where b is 0."""
    safe = ops.where(b == 0, 1.0, b)
    return ops.where(b == 0, 0.0, a / safe)


class _OfFunction(Loss):
    """A loss that is a function `fn(y_true, y_pred, **_fn_kwargs)`."""

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Any:
        if not isinstance(y_true, (list, tuple, dict)) and not isinstance(y_pred, (list, tuple, dict)) and y_true is not None:
            y_true, y_pred = squeeze_or_expand(y_true, y_pred)
        own: Any = self  # both are in the instance in one subclass, in the class in the other
        return own.fn(y_true, y_pred, **own._fn_kwargs)

    def __repr__(self):
        own: Any = self
        return f"<LossFunctionWrapper({own.fn}, kwargs={own._fn_kwargs})>"


class LossFunctionWrapper(_OfFunction):
    """A function `(y_true, y_pred)` as a loss.

    Args:
        fn: the function.
        reduction, name, dtype: see `Loss`.
        kwargs: further arguments of `fn`.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reduction=reduction, name=name, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        self._targets_are_classes = getattr(fn, "targets_are_classes", False)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if type(self) is LossFunctionWrapper:
            config["fn"] = serialization.serialize_keras_object(self.fn)
            config.update(serialization.serialize_dict(self._fn_kwargs))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        if "fn" in config:
            config = config | {"fn": serialization.deserialize_keras_object(config["fn"])}
        return cls(**config)


@dataclass(after={"name": "reduction"})
class FunctionLoss(_OfFunction):
    """A loss that is a function of kerata's; its arguments are the function's."""

    fn: ClassVar[Callable[..., Any]]

    @property
    def _fn_kwargs(self):
        return own_arguments(self.fn, self)


def own_arguments(function, owner):
    """Those of a function's arguments, after the first two, that an object has as attributes: name -> value."""
    return {name: vars(owner)[name] for name in _further_arguments(function) if name in vars(owner)}


@functools.cache
def _further_arguments(function):
    return tuple(parameters_of(function))[2:]


LossFunctionWrapper.register(FunctionLoss)  # as in Keras, where each is one
