"""TEMPORARY (founder): helper 1 replaces this file and adds all other optimizers on the base in optimizer.py."""
from kerata import ops
from kerata.core import registry
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule as _S


class SGD(Optimizer):
    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.momentum, self.nesterov = momentum, nesterov
        self.slots = {"momentum": "zeros"} if momentum else {}

    def rule(self, g, value, rate, step, slots):
        if not self.momentum:
            return value - rate * g, {}
        m = slots["momentum"] * self.momentum - rate * g
        return (value + m * self.momentum - rate * g if self.nesterov else value + m), {"momentum": m}


class Adam(Optimizer):
    slots = {"momentum": "zeros", "velocity": "zeros"}

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def rule(self, g, value, rate, step, slots):
        rate = rate * ops.sqrt(1 - ops.power(self.beta_2, step)) / (1 - ops.power(self.beta_1, step))
        m = slots["momentum"] + (g - slots["momentum"]) * (1 - self.beta_1)
        v = slots["velocity"] + (ops.square(g) - slots["velocity"]) * (1 - self.beta_2)
        return value - m * rate / (ops.sqrt(v) + self.epsilon), {"momentum": m, "velocity": v}


RMSprop = Adam


class LossScaleOptimizer(Optimizer):
    pass


def get(identifier):
    return registry.get(identifier, "optimizers")
