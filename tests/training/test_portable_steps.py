"""One `train_step` for every engine: a GAN, a VAE, distillation, and WGAN-GP with its second-order gradients."""

import numpy as np
import pytest

import kerata as keras
from kerata import engines, layers, ops

X = (np.random.default_rng(0).normal(size=(64, 4)) * [1.0, 0.5, 0.2, 0.1] + [1.0, -1.0, 0.5, 0.0]).astype("float32")
Y = X[:, :3].argmax(-1).astype("int32")
BATCH = 16


def network(outputs, *, hidden=8, inputs=4):
    return keras.Sequential([keras.Input((inputs,)), layers.Dense(hidden, activation="tanh"), layers.Dense(outputs)])


def train(loss_fn, part, optimizer):
    """One step down the gradient of `loss_fn` for the variables of a part of a model."""
    loss, gradients = keras.value_and_grad(loss_fn, part.trainable_variables)
    optimizer.apply(gradients, part.trainable_variables)
    return loss


class Adversarial(keras.Model):
    """A generator and a critic, trained in turn; `noise` is drawn, or made of the batch for runs without chance."""

    def __init__(self, chance=True):
        super().__init__()
        self.generator, self.critic = network(4, inputs=2), network(1)
        self.seeds = keras.random.SeedGenerator(7) if chance else None

    def call(self, x):
        return self.critic(x)

    def compile(self, rates=(0.02, 0.004)):
        super().compile()
        self.optimizers = [keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates]

    def fake(self, real):
        noise = ops.sin(5.0 * real[:, :2])
        if self.seeds:
            noise = keras.random.normal((ops.shape(real)[0], 2), seed=self.seeds)
        return self.generator(noise)

    def train_step(self, real):
        return {
            "critic_loss": train(lambda: self.critic_loss(real), self.critic, self.optimizers[0]),
            "generator_loss": train(lambda: self.generator_loss(real), self.generator, self.optimizers[1]),
        }


class GAN(Adversarial):
    def critic_loss(self, real):
        ones = ops.ones((ops.shape(real)[0], 1))
        judged = self.critic(ops.concatenate([real, ops.stop_gradient(self.fake(real))]))
        return ops.mean(keras.losses.binary_crossentropy(ops.concatenate([ones, 0 * ones]), judged, from_logits=True))

    def generator_loss(self, real):
        ones = ops.ones((ops.shape(real)[0], 1))
        return ops.mean(keras.losses.binary_crossentropy(ones, self.critic(self.fake(real)), from_logits=True))


class WGAN(Adversarial):
    """Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028)."""

    def critic_loss(self, real):
        fake = ops.stop_gradient(self.fake(real))
        share = 0.3
        if self.seeds:
            share = keras.random.uniform((ops.shape(real)[0], 1), seed=self.seeds)
        between = share * real + (1.0 - share) * fake
        return ops.mean(self.critic(fake)) - ops.mean(self.critic(real)) + 10.0 * gradient_penalty(self.critic, between)

    def generator_loss(self, real):
        return -ops.mean(self.critic(self.fake(real)))


def gradient_penalty(critic, x):
    """The mean of `(|gradient of the critic by x| - 1) ** 2`."""
    _, (gradient,) = keras.value_and_grad(lambda x: ops.sum(critic(x)), [x])
    axes = tuple(range(1, len(gradient.shape)))
    return ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(gradient), axis=axes)) - 1.0))


class VAE(keras.Model):
    """Variational autoencoder (Kingma and Welling 2013, arXiv:1312.6114)."""

    def __init__(self, chance=True):
        super().__init__()
        self.encoder, self.decoder = network(4), network(4, inputs=2)
        self.seeds = keras.random.SeedGenerator(7) if chance else None
        self.loss_tracker = keras.metrics.Mean("loss")

    def train_step(self, x):
        self.loss_tracker.update_state(train(lambda: self.negative_bound(x), self, self.optimizer))
        return {"loss": self.loss_tracker.result()}

    def negative_bound(self, x):
        mean, log_variance = ops.split(self.encoder(x), 2, axis=1)
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds) if self.seeds else ops.cos(9.0 * x[:, :2])
        rebuilt = self.decoder(mean + ops.exp(0.5 * log_variance) * noise)
        divergence = -0.5 * ops.sum(1.0 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=1)
        return ops.mean(ops.sum(ops.square(x - rebuilt), axis=1) + divergence)


class Distiller(keras.Model):
    """A student that learns the labels and its teacher's softened answers (Hinton et al. 2015, arXiv:1503.02531)."""

    def __init__(self, temperature=3.0):
        super().__init__()
        self.teacher, self.student = network(3, hidden=16), network(3, hidden=4)
        self.teacher.trainable = False
        self.temperature = temperature

    def call(self, x):
        return self.student(x)

    def train_step(self, data):
        x, y = data
        taught = ops.softmax(self.teacher(x) / self.temperature)

        def loss():
            logits = self.student(x, training=True)
            soft = ops.mean(keras.losses.kl_divergence(taught, ops.softmax(logits / self.temperature)))
            return 0.5 * self.compute_loss(y=y, y_pred=logits) + 0.5 * self.temperature**2 * soft, logits

        weights = self.student.trainable_variables
        (value, logits), gradients = keras.value_and_grad(loss, weights, has_aux=True)
        self.optimizer.apply(gradients, weights)
        return {"distillation": value, **self.compute_metrics(x, y, logits)}


def make(cls, **arguments):
    keras.utils.set_random_seed(1)
    model = cls(**arguments)
    if isinstance(model, Adversarial):
        model.compile()
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if cls is Distiller else None
        model.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss, metrics=["accuracy"] if loss else None)
    return model


def fit(model, epochs, **options):
    data = (X, Y) if isinstance(model, Distiller) else (X,)
    return model.fit(*data, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, **options).history


WITHOUT_CHANCE = [(GAN, {"chance": False}), (WGAN, {"chance": False}), (VAE, {"chance": False}), (Distiller, {})]


@pytest.mark.parametrize(("cls", "arguments"), WITHOUT_CHANCE, ids=lambda v: getattr(v, "__name__", ""))
def test_engines_agree_epoch_by_epoch(cls, arguments):
    histories = []
    for name in ("jax", "torch", "tensorflow"):
        with engines.use_engine(name):
            model = make(cls, **arguments)
            histories.append([*fit(model, 4).values(), *[w.ravel() for w in model.get_weights()]])
    for other in histories[1:]:
        for mine, expected in zip(other, histories[0], strict=True):
            np.testing.assert_allclose(mine, expected, rtol=2e-4, atol=2e-4)


def spread(samples):
    return np.abs(np.mean(samples, 0) - X.mean(0)).max()


@pytest.mark.parametrize("cls", [GAN, WGAN])
def test_an_adversarial_pair_comes_nearer_to_the_data(cls, training_engine):
    model = make(cls)
    made = [ops.convert_to_numpy(model.fake(X))]
    history = fit(model, 60)
    made.append(ops.convert_to_numpy(model.fake(X)))
    assert spread(made[1]) < 0.6 * spread(made[0])
    assert np.isfinite([*history["critic_loss"], *history["generator_loss"]]).all()
    assert [int(optimizer.iterations) for optimizer in model.optimizers] == [240, 240]


@pytest.mark.parametrize("cls", [VAE, Distiller])
def test_the_loss_goes_down(cls, training_engine):
    losses = fit(make(cls), 15)["loss" if cls is VAE else "distillation"]
    assert losses[-1] < 0.8 * losses[0]


def test_the_teacher_stays_as_it_is(training_engine):
    model = make(Distiller)
    before = model.teacher.get_weights()
    fit(model, 1)
    for mine, other in zip(model.teacher.get_weights(), before):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_penalty_of_a_linear_critic_has_a_closed_form(training_engine, compiled):
    """The gradient of `w x` is w: the penalty is (|w| - 1)^2, and its own gradient 2 (|w| - 1) w / |w|."""
    critic = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    weights = critic.trainable_variables

    def step(x):
        return keras.value_and_grad(lambda: gradient_penalty(critic, x), weights)

    value, gradients = (training_engine.compile(step, weights) if compiled else step)(training_engine.asarray(X))
    w = weights[0].numpy()
    length = np.linalg.norm(w)
    np.testing.assert_allclose(ops.convert_to_numpy(value), (length - 1) ** 2, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(gradients[0]), 2 * (length - 1) * w / length, rtol=1e-4)
    np.testing.assert_array_equal(ops.convert_to_numpy(gradients[1]), [0.0])


def penalty_and_gradients(critic, x):
    weights = critic.trainable_variables
    step = engines.current().compile(lambda x: keras.value_and_grad(lambda: gradient_penalty(critic, x), weights), weights)
    value, gradients = step(engines.current().asarray(x))
    return float(value), [ops.convert_to_numpy(g) for g in gradients]


def dense_critic():
    return [keras.Input((6, 6, 2)), layers.Flatten(), layers.LayerNormalization(), layers.Dense(5, "softplus"), layers.Dense(1)]


def convolutional_critic():
    return [
        keras.Input((6, 6, 2)), layers.Conv2D(3, 3, padding="same", activation="tanh"), layers.AveragePooling2D(2),
        layers.Conv2D(4, 2, strides=2), layers.LeakyReLU(0.2), layers.Flatten(), layers.Dense(1),
    ]  # fmt: skip


@pytest.mark.parametrize("make_layers", [dense_critic, convolutional_critic])
def test_gradients_of_the_penalty_are_its_differences(training_engine, make_layers):
    x = np.random.default_rng(1).normal(size=(3, 6, 6, 2)).astype("float32")
    keras.utils.set_random_seed(2)
    critic = keras.Sequential(make_layers())
    _, gradients = penalty_and_gradients(critic, x)
    directions = [np.random.default_rng(i).normal(size=g.shape).astype("float32") for i, g in enumerate(gradients)]
    start, step, values = critic.get_weights(), 5e-3, []
    for sign in (1, -1):
        critic.set_weights([w + sign * step * d for w, d in zip(start, directions)])
        values.append(penalty_and_gradients(critic, x)[0])
    slope = sum(float((g * d).sum()) for g, d in zip(gradients, directions))
    np.testing.assert_allclose((values[0] - values[1]) / (2 * step), slope, rtol=2e-2, atol=1e-3)


def test_gradients_by_tensors_and_variables_together(training_engine):
    v, seen = keras.Variable([2.0, 3.0]), keras.Variable(0.0, trainable=False)

    def loss(x, y):
        seen.assign_add(1.0)
        return ops.sum(v * x * y)

    value, gradients = keras.value_and_grad(loss, [ops.array([1.0, 2.0]), v, ops.array([4.0, 5.0])])
    assert float(value) == 38.0
    expected = [[8.0, 15.0], [4.0, 10.0], [2.0, 6.0]]
    for gradient, other in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(gradient), other)
    assert float(seen) == 1.0
