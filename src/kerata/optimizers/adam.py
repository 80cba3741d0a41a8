"""Adam and its kin."""

from kerata.core.arrays import as_array
from kerata.core.arrays import cast as _cast
from kerata.ops import numpy as knp
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.updates import in_dtype_of

_BETAS = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


class Adam(Optimizer):
    """Steps by the mean of the gradients over the root of the mean of their squares. Source: arXiv:1412.6980.

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: how much of the mean stays in each step.
        beta_2: how much of the mean square stays.
        epsilon: added to the root.
        amsgrad: whether the largest mean square so far is taken (Reddi et al. 2018).

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> Adam(0.1).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    defaults = {"learning_rate": 0.001, **_BETAS, "amsgrad": False}
    elementwise = True

    def slot_groups(self):
        hat = (("velocity_hat",),) if self.amsgrad else ()
        return (("momentum", "velocity"), *hat)

    def rule(self, gradient, value, learning_rate, step, slots):
        rate = learning_rate * knp.sqrt(1.0 - knp.power(self.beta_2, step)) / (1.0 - knp.power(self.beta_1, step))
        momentum, velocity = _moments(self, gradient, slots)
        new = {"momentum": momentum, "velocity": velocity}
        if self.amsgrad:
            velocity = new["velocity_hat"] = knp.maximum(slots["velocity_hat"], velocity)
        return value - momentum * rate / (knp.sqrt(velocity) + self.epsilon), new


def _moments(self, gradient, slots):
    """The running means of the gradient and of its square."""
    momentum = slots["momentum"] + (gradient - slots["momentum"]) * (1.0 - self.beta_1)
    velocity = slots["velocity"] + (knp.square(gradient) - slots["velocity"]) * (1.0 - self.beta_2)
    return momentum, velocity


class AdamW(Adam):
    """Adam with weight decay. Source: Loshchilov and Hutter 2017, arXiv:1711.05101.

    Args:
        weight_decay: the share, times the learning rate, that weights lose in each step.

    The other arguments are those of `Adam` and `Optimizer`.

    >>> AdamW(weight_decay=0.01).weight_decay
    0.01
    """

    defaults = {"learning_rate": 0.001, "weight_decay": 0.004, **_BETAS, "amsgrad": False}

    def _check_arguments(self):
        super()._check_arguments()
        if self.weight_decay is None:
            raise ValueError("AdamW needs a weight_decay; None came. Use Adam for none.")


class Adamax(Optimizer):
    """Adam with the largest gradient so far in the place of the root of the mean square. Source: arXiv:1412.6980.

    Arguments as for `Adam`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> Adamax(0.1).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    defaults = {"learning_rate": 0.001, **_BETAS}
    slots = (("momentum", "norm"),)
    elementwise = True

    def rule(self, gradient, value, learning_rate, step, slots):
        momentum = slots["momentum"] + (gradient - slots["momentum"]) * (1.0 - self.beta_1)
        norm = knp.maximum(self.beta_2 * slots["norm"], knp.absolute(gradient))
        new = value - learning_rate * momentum / ((1.0 - knp.power(self.beta_1, step)) * (norm + self.epsilon))
        return new, {"momentum": momentum, "norm": norm}


class Nadam(Optimizer):
    """Adam with Nesterov's momentum. Source: Dozat 2015. Arguments as for `Adam`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> Nadam(0.1).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.8937
    """

    defaults = {"learning_rate": 0.001, **_BETAS}
    slots = (("momentum", "velocity"),)
    elementwise = True

    def build(self, var_list):
        """Make the state for the model's variables."""
        if self.built:
            return
        super().build(var_list)
        # The product of the momentum's schedule so far.
        self._product = self.add_variable((), "ones", "float32", name="u_product")

    def _schedule(self, step):
        return self.beta_1 * (1.0 - 0.5 * knp.power(0.96, step))

    def _update(self, grads, variables):
        self._product.assign(self._product.value * self._schedule(self.step()))
        super()._update(grads, variables)

    def rule(self, gradient, value, learning_rate, step, slots):
        product = in_dtype_of(value, as_array(self._product))
        now, ahead = self._schedule(step), self._schedule(step + 1.0)
        momentum, velocity = _moments(self, gradient, slots)
        mean = ahead * momentum / (1.0 - product * ahead) + (1.0 - now) * gradient / (1.0 - product)
        square = velocity / (1.0 - knp.power(self.beta_2, step))
        new = value - mean * learning_rate / (knp.sqrt(square) + self.epsilon)
        return new, {"momentum": momentum, "velocity": velocity}


class Lamb(Optimizer):
    """Adam's step, as long as the weight's norm. Source: You et al. 2019, arXiv:1904.00962. Arguments as for `Adam`.

    >>> import kerata
    >>> w = kerata.Variable([3.0, 4.0])  # of norm 5: a step is 5 times the learning rate long
    >>> Lamb(0.1).apply([[1.0, 0.0]], [w])
    >>> [round(x, 4) for x in w.numpy().tolist()]
    [2.5, 4.0]
    """

    defaults = {"learning_rate": 0.001, **_BETAS}
    slots = (("momentum", "velocity"),)

    def rule(self, gradient, value, learning_rate, step, slots):
        momentum, velocity = _moments(self, gradient, slots)
        mean = momentum / (1.0 - knp.power(self.beta_1, step))
        root = knp.sqrt(velocity / (1.0 - knp.power(self.beta_2, step)))
        direction = mean / (root + self.epsilon)
        size, length = (knp.sqrt(knp.sum(knp.square(x))) for x in (value, direction))
        both = knp.logical_and(size > 0, length > 0)
        trust = knp.where(both, size / knp.where(length > 0, length, 1.0), 1.0)
        return value - trust * learning_rate * direction, {"momentum": momentum, "velocity": velocity}


class Lion(Optimizer):
    """Steps of one length, by the sign of the momentum. Source: Chen et al. 2023, arXiv:2302.06675.

    Args:
        learning_rate: a number, a schedule or a function; about a tenth of that for Adam, as all steps are of full length.
        beta_1: how much of the momentum, against the gradient, the sign is taken of.
        beta_2: how much of the momentum stays in each step.

    The other arguments are those of `Optimizer`.

    Raises: ValueError unless `beta_1` is above 0 and at most 1.

    >>> import kerata
    >>> w = kerata.Variable([1.0, 1.0])
    >>> Lion(0.1).apply([[3.0, -0.01]], [w])
    >>> [round(x, 4) for x in w.numpy().tolist()]
    [0.9, 1.1]
    """

    defaults = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99}
    slots = (("momentum",),)
    elementwise = True

    def _check_arguments(self):
        super()._check_arguments()
        if not 0 < self.beta_1 <= 1:
            raise ValueError(f"beta_1 must be above 0 and at most 1; {self.beta_1!r} came.")

    def rule(self, gradient, value, learning_rate, step, slots):
        mixed = slots["momentum"] * self.beta_1 + gradient * (1.0 - self.beta_1)
        momentum = slots["momentum"] * self.beta_2 + gradient * (1.0 - self.beta_2)
        return value - learning_rate * knp.sign(mixed), {"momentum": momentum}


class ScheduleFreeAdamW(Optimizer):
    """AdamW that needs no schedule, by averaging its iterates. Source: Defazio et al. 2024, arXiv:2405.15682.

    Args:
        learning_rate: a number.
        beta_1: where, between the fast iterate and the average, gradients are taken.
        beta_2: how much of the mean square stays.
        epsilon: added to its root.
        warmup_steps: over so many updates the learning rate rises to its value.

    The other arguments are those of `Optimizer`.

    >>> import kerata
    >>> w = kerata.Variable([1.0])
    >>> ScheduleFreeAdamW(0.1).apply([[3.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    defaults = {"learning_rate": 0.0025, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "warmup_steps": 0}
    slots = (("momentum", "velocity"),)
    elementwise = True

    def build(self, var_list):
        """Make the state for the model's variables; the fast iterate starts where the weights are."""
        if self.built:
            return
        super().build(var_list)
        for variable, fast in zip(self._trainable_variables, self._slots["momentum"]):
            if fast is not None:
                fast.assign(_cast(variable.value + 0.0, fast.dtype))  # a buffer of its own

    def rule(self, gradient, value, learning_rate, step, slots):
        if self.warmup_steps:
            learning_rate = learning_rate * knp.minimum(step / float(self.warmup_steps), 1.0)
        velocity = self.beta_2 * slots["velocity"] + (1.0 - self.beta_2) * knp.square(gradient)
        root = knp.sqrt(velocity / (1.0 - knp.power(self.beta_2, step))) + self.epsilon
        direction = gradient / root
        share = 1.0 / step
        fast = slots["momentum"]
        new = value + (fast - value) * share + direction * (learning_rate * (self.beta_1 * (1.0 - share) - 1.0))
        return new, {"momentum": fast - learning_rate * direction, "velocity": velocity}
