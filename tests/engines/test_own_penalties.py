"""Keras 3's engine-specific forms of WGAN-GP's critic step, unmodified: gradients of gradients by each library's own means."""

import numpy as np
import pytest

import kerata as keras
from kerata import engines, layers

X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")


class Critic(keras.Model):
    """A linear critic that learns only that its gradient should have length 1."""

    def __init__(self):
        super().__init__()
        self.network = keras.Sequential([keras.Input((4,)), layers.Dense(1, use_bias=False)])
        self.loss_tracker = keras.metrics.Mean("penalty")

    def call(self, x, training=False):
        return self.network(x, training=training)

    @property
    def metrics(self):
        return [self.loss_tracker]


class TorchCritic(Critic):
    def train_step(self, x):
        import torch

        self.zero_grad()
        x = x.clone().detach().requires_grad_(True)
        judged = self(x, training=True)
        (gradient,) = torch.autograd.grad(judged, x, grad_outputs=torch.ones_like(judged), create_graph=True, retain_graph=True)
        penalty = ((gradient.norm(2, dim=1) - 1) ** 2).mean()
        penalty.backward()
        gradients = [v.value.grad for v in self.trainable_weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_weights)
        self.loss_tracker.update_state(penalty)
        return {m.name: m.result() for m in self.metrics}


class TensorflowCritic(Critic):
    def train_step(self, x):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(x)
                judged = self(x, training=True)
            gradient = inner.gradient(judged, [x])[0]
            norm = tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=1))
            penalty = tf.reduce_mean((norm - 1.0) ** 2)
        gradients = tape.gradient(penalty, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.loss_tracker.update_state(penalty)
        return {m.name: m.result() for m in self.metrics}


class JaxCritic(Critic):
    def penalty(self, trainable, fixed, x):
        import jax

        def judged(x):
            y, updated = self.stateless_call(trainable, fixed, x, training=True)
            return jax.numpy.sum(y), updated

        gradient, updated = jax.grad(judged, has_aux=True)(x)
        return jax.numpy.mean((jax.numpy.linalg.norm(gradient, axis=1) - 1.0) ** 2), updated

    def train_step(self, state, x):
        import jax

        trainable, fixed, slots, metrics = state
        (penalty, fixed), gradients = jax.value_and_grad(self.penalty, has_aux=True)(trainable, fixed, x)
        trainable, slots = self.optimizer.stateless_apply(slots, gradients, trainable)
        metrics = self.loss_tracker.stateless_update_state(metrics, penalty)
        logs = {"penalty": self.loss_tracker.stateless_result(metrics)}
        return logs, (trainable, fixed, slots, metrics)


@pytest.mark.parametrize(("name", "cls"), [("torch", TorchCritic), ("tensorflow", TensorflowCritic), ("jax", JaxCritic)])
def test_a_step_of_the_librarys_own_follows_the_closed_form(name, cls):
    """The penalty of a linear critic is (|w| - 1)^2, its gradient 2 (|w| - 1) w / |w|."""
    with engines.use_engine(name):
        model = cls()
        model.network.set_weights([np.array([[1.0], [2.0], [-2.0], [0.5]], "float32")])
        model.compile(optimizer=keras.optimizers.SGD(0.1))
        history = model.fit(X, batch_size=16, epochs=3, shuffle=False, verbose=0).history["penalty"]
        found = model.network.get_weights()[0]
    w, expected = np.array([[1.0], [2.0], [-2.0], [0.5]]), []
    for _ in range(6):
        length = np.linalg.norm(w)
        expected.append((length - 1) ** 2)
        w = w - 0.1 * 2 * (length - 1) * w / length
    np.testing.assert_allclose(history, np.reshape(expected, (3, 2)).mean(1), rtol=1e-4)
    np.testing.assert_allclose(found, w, rtol=1e-5)
