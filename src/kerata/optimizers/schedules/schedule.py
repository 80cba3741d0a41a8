"""Learning rates that follow the number of updates."""

import math
from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.arguments import Positive
from kerata.core.arrays import as_array, cast as _cast
from kerata.core.configurable import Configurable
from kerata.core.fields import dataclass


@dataclass
class LearningRateSchedule(Configurable):
    """The base class of schedules. A subclass writes `__call__(self, step)`, over `ops`.

    >>> class Halving(LearningRateSchedule):
    ...     def __init__(self, start):
    ...         self.start = start
    ...     def __call__(self, step):
    ...         return self.start / (step + 1)
    >>> Halving(0.1)(0), Halving(0.1).get_config()
    (0.1, {'start': 0.1})
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step).")


def _float(x):
    return _cast(as_array(x), "float32")


@dataclass
class ExponentialDecay(LearningRateSchedule):
    """initial * rate^(step / decay_steps); the exponent is a whole number if `staircase`.

    Args:
        initial_learning_rate: that of step 0.
        decay_steps: after so many steps the rate has been multiplied by `decay_rate` once.
        decay_rate: see there.
        staircase: whether the rate falls in stairs.

    Raises: ValueError unless `decay_steps` is positive.

    >>> round(float(ExponentialDecay(0.1, 10, 0.5)(10)), 4)
    0.05
    """

    initial_learning_rate: float
    decay_steps: Positive
    decay_rate: float
    staircase: bool = False
    name: str = "ExponentialDecay"

    def __call__(self, step: Any) -> Any:
        share = _float(step) / float(self.decay_steps)
        share = ops.floor(share) if self.staircase else share
        return self.initial_learning_rate * ops.power(_float(self.decay_rate), share)


@dataclass
class InverseTimeDecay(LearningRateSchedule):
    """initial / (1 + rate * step / decay_steps); the quotient is a whole number if `staircase`.

    Args:
        initial_learning_rate: that of step 0.
        decay_steps, decay_rate: after so many steps the divisor has grown by `decay_rate`.
        staircase: whether the rate falls in stairs.

    Raises: ValueError unless `decay_steps` is positive.

    >>> [round(float(InverseTimeDecay(0.1, 10, 1.0)(step)), 4) for step in (0, 10, 30)]
    [0.1, 0.05, 0.025]
    """

    initial_learning_rate: float
    decay_steps: Positive
    decay_rate: float
    staircase: bool = False
    name: str = "InverseTimeDecay"

    def __call__(self, step: Any) -> Any:
        share = _float(step) / float(self.decay_steps)
        share = ops.floor(share) if self.staircase else share
        return self.initial_learning_rate / (1.0 + self.decay_rate * share)


@dataclass
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] from just after boundaries[i - 1] up to boundaries[i].

    Raises: ValueError unless there is one value more than boundaries.

    >>> [round(float(PiecewiseConstantDecay([1, 3], [0.3, 0.2, 0.1])(s)), 1) for s in (0, 1, 2, 3, 4)]
    [0.3, 0.3, 0.2, 0.2, 0.1]
    """

    boundaries: Sequence[float]
    values: Sequence[float]
    name: str = "PiecewiseConstant"

    def __post_init__(self):
        super().__post_init__()
        if len(self.boundaries) != len(self.values) - 1:
            raise ValueError(
                f"There must be one value more than boundaries; {len(self.values)} and {len(self.boundaries)} came."
            )

    def __call__(self, step: Any) -> Any:
        step = _float(step)
        rate = _float(self.values[0])
        for boundary, value in zip(self.boundaries, self.values[1:]):
            rate = ops.where(step > float(boundary), _float(value), rate)
        return rate


@dataclass
class PolynomialDecay(LearningRateSchedule):
    """From initial to end as (1 - step / decay_steps)^power; with `cycle` it starts again over longer and longer times.

    Args:
        initial_learning_rate: that of step 0.
        decay_steps: the steps until `end_learning_rate`, where it stays unless `cycle`.
        end_learning_rate: see there.
        power: 1 for a straight line.
        cycle: whether the time is doubled, tripled, ... whenever it is over.

    Raises: ValueError unless `decay_steps` is positive.

    >>> [round(float(PolynomialDecay(0.1, 10, end_learning_rate=0.0)(step)), 4) for step in (0, 5, 10, 20)]
    [0.1, 0.05, 0.0, 0.0]
    >>> [round(float(PolynomialDecay(0.1, 10, end_learning_rate=0.0, cycle=True)(step)), 4) for step in (5, 10, 15, 20)]
    [0.05, 0.0, 0.025, 0.0]
    """

    initial_learning_rate: float
    decay_steps: Positive
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False
    name: str = "PolynomialDecay"

    def __call__(self, step: Any) -> Any:
        step, steps = _float(step), _float(self.decay_steps)
        if self.cycle:
            steps = steps * ops.where(step == 0, 1.0, ops.ceil(step / steps))
        else:
            step = ops.minimum(step, steps)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * ops.power(1.0 - step / steps, float(self.power)) + self.end_learning_rate


@dataclass
class CosineDecay(LearningRateSchedule):
    """Half a cosine from initial to `alpha` times initial, after an optional linear warm-up to `warmup_target`.

    Args:
        initial_learning_rate: that of step 0.
        decay_steps: the steps that the cosine takes, after the warm-up.
        alpha: the least rate, as a share of that at which the cosine starts.
        warmup_target: the rate that the warm-up leads to; None for no warm-up.
        warmup_steps: the steps of the warm-up.

    Raises: ValueError unless `decay_steps` is positive.

    Source: Loshchilov and Hutter 2016, arXiv:1608.03983.

    >>> round(float(CosineDecay(0.1, 10)(5)), 4)
    0.05
    """

    initial_learning_rate: float
    decay_steps: Positive
    alpha: float = 0.0
    name: str = "CosineDecay"
    warmup_target: float | None = None
    warmup_steps: float = 0

    def _cosine(self, step, start):
        share = ops.clip(step / float(self.decay_steps), 0.0, 1.0)
        return start * ((1.0 - self.alpha) * 0.5 * (1.0 + ops.cos(math.pi * share)) + self.alpha)

    def __call__(self, step: Any) -> Any:
        step = _float(step)
        if self.warmup_target is None:
            return self._cosine(step, self.initial_learning_rate)
        warm = float(self.warmup_steps)
        rising = self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * (step / max(warm, 1.0))
        return ops.where(step < warm, rising, self._cosine(step - warm, self.warmup_target))


@dataclass
class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays one after another, each `t_mul` times as long and starting at `m_mul` times the height.

    Args:
        initial_learning_rate: that of step 0.
        first_decay_steps: the steps of the first cosine.
        t_mul: how many times as long each cosine is as the one before.
        m_mul: how many times as high it starts.
        alpha: the least rate, as a share of `initial_learning_rate`.

    Raises: ValueError unless `first_decay_steps` is positive.

    Source: Loshchilov and Hutter 2016, arXiv:1608.03983.

    >>> [round(float(CosineDecayRestarts(0.1, 10)(step)), 4) for step in (0, 5, 10, 20, 30)]
    [0.1, 0.05, 0.1, 0.05, 0.1]
    """

    initial_learning_rate: float
    first_decay_steps: Positive
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0
    name: str = "SGDRDecay"

    def __call__(self, step: Any) -> Any:
        done = _float(step) / float(self.first_decay_steps)
        if self.t_mul == 1.0:
            restarts = ops.floor(done)
            share = done - restarts
        else:
            growth = float(self.t_mul)
            restarts = ops.floor(ops.log(1.0 - done * (1.0 - growth)) / math.log(growth))
            before = (1.0 - ops.power(growth, restarts)) / (1.0 - growth)
            share = (done - before) / ops.power(growth, restarts)
        height = 0.5 * ops.power(float(self.m_mul), restarts) * (1.0 + ops.cos(math.pi * share))
        return self.initial_learning_rate * ((1.0 - self.alpha) * height + self.alpha)
