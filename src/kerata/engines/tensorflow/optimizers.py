"""TensorFlow's own updates, which read and write a weight and its slots once, in place of an optimizer's rule."""

from kerata.engines.tensorflow.library import tf

_ADAM = ("beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon")


def _fits(grads, variables):
    """Whether TensorFlow's kernels do this; in 16 bits they would compute with a decay of 0.999 that is rounded to 1."""
    wide = ("float32", "float64")
    return all(isinstance(g, tf.Tensor) and g.dtype.name == v.dtype in wide for g, v in zip(grads, variables))


def adam(optimizer, grads, variables, learning_rate, iterations, slots):
    """Adam, and AdamW, whose decay was applied before."""
    if optimizer.amsgrad or not _fits(grads, variables):
        return NotImplemented
    step = tf.cast(iterations + 1, "float32")
    powers = tf.pow(optimizer.beta_1, step), tf.pow(optimizer.beta_2, step)
    numbers = (*powers, learning_rate, optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
    for gradient, *parts in zip(grads, variables, slots["momentum"], slots["velocity"]):
        var, m, v = (part.stored.handle for part in parts)
        tf.raw_ops.ResourceApplyAdam(
            **dict(zip(_ADAM, (tf.cast(number, gradient.dtype) for number in numbers))), var=var, m=m, v=v, grad=gradient
        )
    return None


def sgd(optimizer, grads, variables, learning_rate, iterations, slots):
    """Gradient descent, with momentum or without."""
    if not _fits(grads, variables):
        return NotImplemented
    for i, (gradient, variable) in enumerate(zip(grads, variables)):
        var, rate = variable.stored.handle, tf.cast(learning_rate, gradient.dtype)
        if not optimizer.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=var, alpha=rate, delta=gradient)
            continue
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=var, accum=slots["momentum"][i].stored.handle, lr=rate, grad=gradient,
            momentum=tf.cast(optimizer.momentum, gradient.dtype), use_nesterov=optimizer.nesterov,
        )  # fmt: skip
    return None


KERNELS = {"update_by_Adam": adam, "update_by_AdamW": adam, "update_by_SGD": sgd}
