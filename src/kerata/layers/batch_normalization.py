"""Batch normalization, and batch renormalization."""

from collections.abc import Sequence
from typing import Any, SupportsIndex

from kerata import ops
from kerata.core import batch
from kerata.core.arrays import dtype_of
from kerata.core.fields import Field, dataclass
from kerata.core.types import Shape, TensorLike, Tree
from kerata.layers.arguments import Constraint, Initializer, Regularizer, make_weight
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.ops.normalization import batch_normalization, channel_moments, normalize_by_batch
from kerata.ops.promotion import widened


class Axis(Field[SupportsIndex | Sequence[SupportsIndex], int]):
    """An axis, or a list of one."""

    def convert(self, value, name, owner):
        """An integer."""
        return int(value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value)


@dataclass
class BatchNormalization(Layer):
    """Each channel with mean 0 and variance 1 over the batch, then scaled and shifted.

    While training, mean and variance are the batch's, and their moving averages are updated; otherwise the averages are
    used. With `trainable = False` the layer always uses the averages. Both are kept and computed in float32. Steps that
    the mask leaves out, and rows that only fill up a batch, count for nothing.

    Shapes: any -> the same.

    Args:
        axis: the axis of the channels.
        momentum: how much of a moving average stays at an update.
        epsilon: added to the variance.
        center: whether `beta` is added.
        scale: whether `gamma` is multiplied by.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: how the weights start.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        beta_constraint, gamma_constraint: applied after each update.
        renorm: whether the batch's statistics are corrected towards the moving ones while training, which helps small
            batches (Ioffe 2017, arXiv:1702.03275).
        renorm_clipping: a dict with bounds "rmin" and "rmax" of the correction of the deviation, and "dmax" of the mean's.
        renorm_momentum: the momentum of the averages that the correction uses.
        synchronized: whether replicas share their statistics; a model is on one device, where the batch is whole.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.

    >>> import kerata, numpy as np
    >>> layer = kerata.layers.BatchNormalization(epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]]), training=True).tolist()
    [[-1.0], [1.0]]
    """

    supports_masking = True
    computes_wide = True
    mixes_batch = True

    axis: Axis = Axis(-1)
    momentum: float = 0.99
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer = Initializer("zeros")
    gamma_initializer: Initializer = Initializer("ones")
    moving_mean_initializer: Initializer = Initializer("zeros")
    moving_variance_initializer: Initializer = Initializer("ones")
    beta_regularizer: Regularizer = Regularizer(None)
    gamma_regularizer: Regularizer = Regularizer(None)
    beta_constraint: Constraint = Constraint(None)
    gamma_constraint: Constraint = Constraint(None)
    renorm: bool = False
    renorm_clipping: dict[str, float] | None = None
    renorm_momentum: float = 0.99
    synchronized: bool = False

    def __post_init__(self):
        super().__post_init__()
        self.gamma = self.beta = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None
        self.momentum = float(self.momentum)
        unknown = set(self.renorm_clipping or ()) - {"rmin", "rmax", "dmax"}
        if unknown:
            raise ValueError(f"BatchNormalization: renorm_clipping has keys rmin, rmax and dmax; {sorted(unknown)} came.")
        if self.renorm and self.renorm_clipping is None:
            self.renorm_clipping = {}

    def build(self, input_shape: Shape) -> None:
        """Make gamma, beta and the moving statistics, one number a channel."""
        rank = len(input_shape)
        if not -rank <= self.axis < rank:
            raise ValueError(f"BatchNormalization: axis {self.axis} is out of range for inputs of shape {tuple(input_shape)}.")
        shape = (input_shape[self.axis],)
        self.gamma = make_weight(self, "gamma", shape, autocast=False) if self.scale else None
        self.beta = make_weight(self, "beta", shape, autocast=False) if self.center else None
        self.moving_mean = self._statistic("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self._statistic("moving_variance", shape, self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = self._statistic("moving_stddev", shape, self._initial_deviation)
            self.renorm_mean = self._statistic("renorm_mean", shape, self.moving_mean_initializer)
            self.renorm_stddev = self._statistic("renorm_stddev", shape, self._initial_deviation)
        self.input_spec = InputSpec(ndim=rank, axes={self.axis: shape[0]})

    def _statistic(self, name, shape, initializer):
        return self.add_weight(name=name, shape=shape, initializer=initializer, trainable=False, autocast=False)

    def _initial_deviation(self, shape, dtype=None):
        return ops.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def call(self, inputs: Tree, training: bool | None = None, mask: TensorLike | None = None) -> Any:
        """The normalized inputs."""
        dtype = dtype_of(inputs)
        if not (training and self.trainable):
            y = self._normalized(widened(inputs), self.moving_mean, self.moving_variance, self.beta, self.gamma)
        elif self.renorm:
            x = widened(inputs)
            mean, variance = channel_moments(x, self.axis, _weights(x, mask), self.synchronized)
            gamma, beta = self._corrected(mean, variance)
            self._update(mean, variance)
            y = self._normalized(x, mean, variance, beta, gamma)
        else:
            x = inputs if dtype == self.compute_dtype else widened(inputs)
            y, mean, variance = normalize_by_batch(
                x, self.axis, self.beta, self.gamma, self.epsilon, _weights(x, mask), self.synchronized
            )
            self._update(mean, variance)
        return ops.cast(y, self.compute_dtype)

    def _normalized(self, x, mean, variance, beta, gamma):
        return batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)

    def _corrected(self, mean, variance):
        """Gamma and beta such that the batch's statistics act as the moving ones, within bounds."""
        r = ops.sqrt(variance + self.epsilon) / self.renorm_stddev
        d = (mean - self.renorm_mean) / self.renorm_stddev
        clip: Any = self.renorm_clipping
        if "rmin" in clip:
            r = ops.maximum(r, clip["rmin"])
        if "rmax" in clip:
            r = ops.minimum(r, clip["rmax"])
        if "dmax" in clip:
            d = ops.clip(d, -clip["dmax"], clip["dmax"])
        r, d = ops.stop_gradient(r), ops.stop_gradient(d)
        if self.gamma is not None:
            r, d = r * self.gamma, d * self.gamma
        return r, d if self.beta is None else d + self.beta

    def _update(self, mean, variance):
        """Move the moving statistics towards the batch's."""
        _move(self.moving_mean, mean, self.momentum)
        if not self.renorm:
            _move(self.moving_variance, variance, self.momentum)
            return
        deviation = ops.sqrt(variance + self.epsilon)
        _move(self.moving_stddev, deviation, self.momentum)
        self.moving_variance.assign(ops.maximum(ops.square(self.moving_stddev) - self.epsilon, 0.0))
        _move(self.renorm_mean, mean, self.renorm_momentum)
        _move(self.renorm_stddev, deviation, self.renorm_momentum)


def _move(average, value, momentum):
    average.assign(ops.add(average * momentum, value * (1.0 - momentum)))


def _weights(x, mask):
    """How much each place counts, broadcast to `x`: by the mask, and by which rows are real; None if all count."""
    found = [m for m in (mask, batch.context.valid) if m is not None]
    if not found:
        return None
    weights = 1.0
    for m in found:
        missing = len(x.shape) - len(m.shape)
        m = ops.expand_dims(m, tuple(range(-missing, 0))) if missing else m
        weights = ops.multiply(ops.cast(m, "float32"), weights)
    return weights
