"""The names of Keras 2's older optimizers: the same optimizers here."""

from kerata.optimizers.adam import Adam
from kerata.optimizers.adaptive import Adagrad, Ftrl, RMSprop
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.sgd import SGD

__all__ = ["Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop", "SGD"]
