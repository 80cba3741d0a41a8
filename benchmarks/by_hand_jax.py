"""The same training steps written by hand in JAX: jit, donated state, Adam."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def glorot(random, *shape):
    fan_in, fan_out = np.prod(shape[:-1]), shape[-1]
    return jnp.asarray(random.normal(size=shape).astype("float32") * np.sqrt(2 / (fan_in + fan_out)))


def parameters(name):
    r = np.random.default_rng(0)
    zeros = jnp.zeros
    if name == "tiny_mlp":
        return [glorot(r, 4, 16), zeros(16), glorot(r, 16, 3), zeros(3)]
    if name.startswith("mlp"):
        return [glorot(r, 784, 512), zeros(512), glorot(r, 512, 10), zeros(10)]
    if name == "cnn":
        return [glorot(r, 3, 3, 1, 32), zeros(32), glorot(r, 3, 3, 32, 64), zeros(64), glorot(r, 1600, 10), zeros(10)]
    if name == "lstm":
        return [glorot(r, 5000, 128), glorot(r, 128, 512), glorot(r, 128, 512), zeros(512), glorot(r, 128, 2), zeros(2)]
    blocks = []
    for _ in range(4):
        blocks.append([glorot(r, 128, 384), zeros(384), glorot(r, 128, 128), zeros(128), jnp.ones(128), zeros(128),
                       glorot(r, 128, 512), zeros(512), glorot(r, 512, 128), zeros(128), jnp.ones(128), zeros(128)])  # fmt: skip
    return [glorot(r, 5000, 128), blocks, glorot(r, 128, 2), zeros(2)]


def logits(name, p, x):
    if "mlp" in name:
        return jax.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3]
    if name == "cnn":
        for kernel, bias in ((p[0], p[1]), (p[2], p[3])):
            x = jax.nn.relu(
                lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias
            )
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return x.reshape(len(x), -1) @ p[4] + p[5]
    if name == "lstm":
        return lstm(p, x)
    return transformer(p, x)


def lstm(p, x):
    inputs = p[0][x].swapaxes(0, 1)

    def step(carry, x):
        h, c = carry
        i, f, g, o = jnp.split(x @ p[1] + h @ p[2] + p[3], 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    start = jnp.zeros((x.shape[0], 128))
    (h, _), _ = lax.scan(step, (start, start), inputs)
    return h @ p[4] + p[5]


def norm(x, scale, shift):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-3) * scale + shift


def transformer(p, x):
    x = p[0][x]
    batch, length, width = x.shape
    for wqkv, bqkv, wo, bo, s1, t1, w1, b1, w2, b2, s2, t2 in p[1]:
        q, k, v = jnp.split((x @ wqkv + bqkv).reshape(batch, length, 4, 96), 3, -1)
        weights = jax.nn.softmax(jnp.einsum("bthd,bshd->bhts", q, k) / np.sqrt(32), -1)
        attended = jnp.einsum("bhts,bshd->bthd", weights, v).reshape(batch, length, width) @ wo + bo
        x = norm(x + attended, s1, t1)
        x = norm(x + jax.nn.relu(x @ w1 + b1) @ w2 + b2, s2, t2)
    return x.mean(1) @ p[2] + p[3]


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def step(name, state, x, y):
    def loss_fn(p):
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits(name, p, x)), y[:, None], 1))

    loss, g = jax.value_and_grad(loss_fn)(state[0])
    return adam(state, g), loss


def adam(state, g):
    """The next state: parameters, both moments, steps."""
    p, m, v, t = state
    t = t + 1
    rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    m = jax.tree.map(lambda m, g: m + (g - m) * 0.1, m, g)
    v = jax.tree.map(lambda v, g: v + (g * g - v) * 0.001, v, g)
    p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), p, m, v)
    return p, m, v, t


def trainer(name, x, y, batch):
    """A function that trains one epoch, in shuffled batches, and waits."""
    p = parameters(name)
    state = (p, jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p), jnp.float32(0))

    def epoch():
        nonlocal state
        order = np.random.permutation(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            state, loss = step(name, state, x[rows], y[rows])
        jax.block_until_ready(loss)

    return epoch


def predictor():
    """A function that predicts one sample."""
    p = parameters("tiny_mlp")
    run = jax.jit(lambda p, x: jax.nn.softmax(logits("tiny_mlp", p, x)))
    return lambda x: np.asarray(run(p, x))


class Steps:
    """The tiny network's steps, with the running loss and accuracy in the state."""

    def __init__(self):
        p = parameters("tiny_mlp")
        zeros = lambda: jax.tree.map(jnp.zeros_like, p)
        self.state, self.sums = (p, zeros(), zeros(), jnp.float32(0)), np.zeros(3, "float32")

    def reset(self):
        self.sums = np.zeros(3, "float32")

    def train(self, x, y):
        self.state, self.sums = measured_step(self.state, self.sums, x, y)

    def test(self, x, y):
        self.sums = measured_test(self.state[0], self.sums, x, y)

    def predict(self, x):
        return probabilities(self.state[0], x)

    def metrics(self):
        """Loss and accuracy, read from the device."""
        loss, correct, count = np.asarray(self.sums).tolist()
        return loss / count, correct / count


def loss_and_sums(p, sums, x, y):
    """The mean loss, and the sums of losses, right answers and rows so far."""
    z = logits("tiny_mlp", p, x)
    loss = -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1))
    return loss, sums + jnp.stack([loss * len(x), (z.argmax(-1) == y).sum().astype("float32"), jnp.float32(len(x))])


@functools.partial(jax.jit, donate_argnums=(0, 1))
def measured_step(state, sums, x, y):
    (_, sums), g = jax.value_and_grad(loss_and_sums, has_aux=True)(state[0], sums, x, y)
    return adam(state, g), sums


@functools.partial(jax.jit, donate_argnums=1)
def measured_test(p, sums, x, y):
    return loss_and_sums(p, sums, x, y)[1]


@jax.jit
def probabilities(p, x):
    return jax.nn.softmax(logits("tiny_mlp", p, x))
