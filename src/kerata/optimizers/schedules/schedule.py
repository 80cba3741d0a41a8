"""Learning rates that follow the number of updates."""

import math

from kerata.core.arrays import as_array
from kerata.core.arrays import cast as _cast
from kerata.core.configurable import Configurable
from kerata.ops import numpy as knp


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

    def __init__(self):
        """No arguments."""

    def __call__(self, step):
        """The learning rate at a step, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step).")


def _float(x):
    return _cast(as_array(x), "float32")


def _positive(name, value, zero=False):
    if value < 0 or value == 0 and not zero:
        raise ValueError(f"{name} must be {'at least 0' if zero else 'positive'}; {value!r} came.")


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

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="ExponentialDecay"):
        _positive("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        share = _float(step) / float(self.decay_steps)
        share = knp.floor(share) if self.staircase else share
        return self.initial_learning_rate * knp.power(_float(self.decay_rate), share)


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

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="InverseTimeDecay"):
        _positive("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        share = _float(step) / float(self.decay_steps)
        share = knp.floor(share) if self.staircase else share
        return self.initial_learning_rate / (1.0 + self.decay_rate * share)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] from just after boundaries[i - 1] up to boundaries[i].

    Raises: ValueError unless there is one value more than boundaries.

    >>> [round(float(PiecewiseConstantDecay([1, 3], [0.3, 0.2, 0.1])(s)), 1) for s in (0, 1, 2, 3, 4)]
    [0.3, 0.3, 0.2, 0.2, 0.1]
    """

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise ValueError(f"There must be one value more than boundaries; {len(values)} and {len(boundaries)} came.")
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step):
        step = _float(step)
        rate = _float(self.values[0])
        for boundary, value in zip(self.boundaries, self.values[1:]):
            rate = knp.where(step > float(boundary), _float(value), rate)
        return rate


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

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        end_learning_rate=0.0001,
        power=1.0,
        cycle=False,
        name="PolynomialDecay",
    ):
        _positive("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.end_learning_rate = (
            initial_learning_rate,
            decay_steps,
            end_learning_rate,
        )
        self.power, self.cycle, self.name = power, cycle, name

    def __call__(self, step):
        step, steps = _float(step), _float(self.decay_steps)
        if self.cycle:
            steps = steps * knp.where(step == 0, 1.0, knp.ceil(step / steps))
        else:
            step = knp.minimum(step, steps)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * knp.power(1.0 - step / steps, float(self.power)) + self.end_learning_rate


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

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0):
        _positive("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.alpha, self.name = initial_learning_rate, decay_steps, alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def _cosine(self, step, start):
        share = knp.clip(step / float(self.decay_steps), 0.0, 1.0)
        return start * ((1.0 - self.alpha) * 0.5 * (1.0 + knp.cos(math.pi * share)) + self.alpha)

    def __call__(self, step):
        step = _float(step)
        if self.warmup_target is None:
            return self._cosine(step, self.initial_learning_rate)
        warm = float(self.warmup_steps)
        rising = self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * (step / max(warm, 1.0))
        return knp.where(step < warm, rising, self._cosine(step - warm, self.warmup_target))


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

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"):
        _positive("first_decay_steps", first_decay_steps)
        self.initial_learning_rate, self.first_decay_steps, self.t_mul = initial_learning_rate, first_decay_steps, t_mul
        self.m_mul, self.alpha, self.name = m_mul, alpha, name

    def __call__(self, step):
        done = _float(step) / float(self.first_decay_steps)
        if self.t_mul == 1.0:
            restarts = knp.floor(done)
            share = done - restarts
        else:
            growth = float(self.t_mul)
            restarts = knp.floor(knp.log(1.0 - done * (1.0 - growth)) / math.log(growth))
            before = (1.0 - knp.power(growth, restarts)) / (1.0 - growth)
            share = (done - before) / knp.power(growth, restarts)
        height = 0.5 * knp.power(float(self.m_mul), restarts) * (1.0 + knp.cos(math.pi * share))
        return self.initial_learning_rate * ((1.0 - self.alpha) * height + self.alpha)
