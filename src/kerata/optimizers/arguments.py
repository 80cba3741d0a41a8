"""The arguments of every optimizer."""

from collections.abc import Callable
from typing import Any, ClassVar, SupportsFloat

import numpy as np

from kerata.core.arguments import OptionalNumber, wrong_value
from kerata.core.configurable import Configurable
from kerata.core.fields import Field, dataclass, field
from kerata.core.naming import Name
from kerata.optimizers.schedules.schedule import LearningRateSchedule


class LearningRate(Field[SupportsFloat | LearningRateSchedule | Callable[[], Any] | dict[str, Any], Any]):
    """A number, a schedule or its JSON form, or a function of no arguments."""

    def __init__(self, default=Field.required, **options):
        super().__init__(default, **options | {"attribute": "_learning_rate"})


class Clip(OptionalNumber):
    """A positive number, or None."""

    above = 0


class Steps(Field[int | None, int | None]):
    """So many steps; None for never."""

    least: ClassVar[int] = 1

    def convert(self, value, name, owner):
        """Raises: ValueError for what is no whole number, and for too few."""
        if value and (not isinstance(value, (int, np.integer)) or value < self.least):
            raise wrong_value(owner, name, f"an integer of at least {self.least}, or None", value)
        return value


class SeveralSteps(Steps):
    """So many steps, two at least; None for one."""

    least = 2


@dataclass
class OptimizerArguments(Configurable):
    """What all optimizers take, after their own arguments but for the first."""

    learning_rate: LearningRate
    weight_decay: float | None = field(default=None, kw_only=True)
    clipnorm: Clip = field(default=None, kw_only=True)
    clipvalue: Clip = field(default=None, kw_only=True)
    global_clipnorm: Clip = field(default=None, kw_only=True)
    use_ema: bool = field(default=False, kw_only=True)
    ema_momentum: float = field(default=0.99, kw_only=True)
    ema_overwrite_frequency: Steps = field(default=None, kw_only=True)
    loss_scale_factor: float | None = field(default=None, kw_only=True)
    gradient_accumulation_steps: SeveralSteps = field(default=None, kw_only=True)
    name: Name = field(default=None, kw_only=True)

    def __post_init__(self):
        """Raises: ValueError for arguments that don't go together."""
        super().__post_init__()
        names = ("clipnorm", "clipvalue", "global_clipnorm")
        clips = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if len(clips) > 1:
            raise ValueError(f"{type(self).__name__}: give one of {', '.join(names)}; {clips} came.")
        if self.use_ema and not 0 <= self.ema_momentum <= 1:
            raise wrong_value(self, "ema_momentum", "from 0 to 1", self.ema_momentum)
