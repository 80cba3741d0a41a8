"""The tiny network's steps written by hand in TensorFlow: `tf.function`, variables, the library's fused Adam."""

import numpy as np
import tensorflow as tf


def glorot(random, *shape):
    return tf.Variable((random.normal(size=shape) * np.sqrt(2 / sum(shape))).astype("float32"))


def zeros(*shape):
    return tf.Variable(tf.zeros(shape))


class Steps:
    """The tiny network's steps, with the running loss and accuracy in a variable."""

    def __init__(self):
        r = np.random.default_rng(0)
        self.p = [glorot(r, 4, 16), zeros(16), glorot(r, 16, 3), zeros(3)]
        self.slots = [(zeros(*p.shape), zeros(*p.shape)) for p in self.p]
        self.powers = [tf.Variable(1.0), tf.Variable(1.0)]  # of the moments' rates
        self.sums, self.start = zeros(3), tf.zeros(3)
        # Concrete functions called with tensors skip most of the Python between the call and the graph.
        x, y = tf.TensorSpec((None, 4)), tf.TensorSpec((None,), "int64")
        self.train_graph = tf.function(self._train).get_concrete_function(x, y)
        self.test_graph = tf.function(self._test).get_concrete_function(x, y)
        self.predict_graph = tf.function(self._predict).get_concrete_function(x)

    def reset(self):
        self.sums.assign(self.start)

    def logits(self, x):
        hidden, hidden_bias, out, out_bias = self.p
        return tf.nn.relu(x @ hidden + hidden_bias) @ out + out_bias

    def measured_loss(self, x, y):
        """The mean loss of a batch, which counts in the sums."""
        z = self.logits(x)
        loss, count = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, z)), tf.cast(tf.shape(x)[0], "float32")
        correct = tf.reduce_sum(tf.cast(tf.argmax(z, -1) == y, "float32"))
        self.sums.assign_add(tf.stack([loss * count, correct, count]))
        return loss

    def train(self, x, y):
        self.train_graph(tf.constant(x), tf.constant(y))

    def test(self, x, y):
        self.test_graph(tf.constant(x), tf.constant(y))

    def predict(self, x):
        return self.predict_graph(tf.constant(x))

    def _train(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.measured_loss(x, y)
        for power, rate in zip(self.powers, (0.9, 0.999)):
            power.assign(power * rate)
        b1, b2 = self.powers
        for p, g, (m, v) in zip(self.p, tape.gradient(loss, self.p), self.slots):
            tf.raw_ops.ResourceApplyAdam(
                var=p.handle, m=m.handle, v=v.handle, beta1_power=b1, beta2_power=b2, lr=1e-3, beta1=0.9, beta2=0.999,
                epsilon=1e-7, grad=g,
            )  # fmt: skip

    def _test(self, x, y):
        self.measured_loss(x, y)

    def _predict(self, x):
        return tf.nn.softmax(self.logits(x))

    def metrics(self):
        """Loss and accuracy, as floats."""
        loss, correct, count = self.sums.numpy().tolist()
        return loss / count, correct / count
