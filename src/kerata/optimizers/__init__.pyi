"""Optimizers."""

from kerata.optimizers import legacy as legacy, schedules as schedules
from kerata.optimizers.adam import (
    Adam as Adam,
    Adamax as Adamax,
    AdamW as AdamW,
    Lamb as Lamb,
    Lion as Lion,
    Nadam as Nadam,
    ScheduleFreeAdamW as ScheduleFreeAdamW,
)
from kerata.optimizers.adaptive import (
    Adadelta as Adadelta,
    Adafactor as Adafactor,
    Adagrad as Adagrad,
    Ftrl as Ftrl,
    RMSprop as RMSprop,
)
from kerata.optimizers.lookup import deserialize as deserialize, get as get, serialize as serialize
from kerata.optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer
from kerata.optimizers.multi import MultiOptimizer as MultiOptimizer, OptimizerMap as OptimizerMap
from kerata.optimizers.muon import Muon as Muon
from kerata.optimizers.optimizer import Optimizer as Optimizer
from kerata.optimizers.sgd import SGD as SGD
