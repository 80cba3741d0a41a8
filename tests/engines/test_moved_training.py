"""A model that moved to another engine does what the one that stayed does: its next step of training is the same."""

import copy
import functools
import itertools
import pickle

import numpy as np
import pytest

import kerata
from kerata import engines, layers, metrics, ops, optimizers, random

PAIRS = list(itertools.permutations([name for name in engines.names() if engines.get(name).trains], 2))
every_pair = pytest.mark.parametrize(("start", "goal"), PAIRS, ids=map("-".join, PAIRS))
X = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(8, 1)).astype("float32")


def plain():
    scale = layers.Normalization()
    scale.adapt(X)
    return kerata.Sequential(
        [
            kerata.Input((6,)),
            scale,
            layers.Dense(5, activation="tanh", kernel_regularizer="l2", activity_regularizer="l1"),
            layers.BatchNormalization(),
            layers.Dropout(0.0),
            layers.SpectralNormalization(layers.Dense(4, activation="tanh")),
            layers.Dense(1),
        ]
    )


def recurrent():
    return kerata.Sequential(
        [
            kerata.Input(batch_shape=(8, 6)),
            layers.Reshape((3, 2)),
            layers.LSTM(3, stateful=True, return_sequences=True),
            layers.GRU(2),
            layers.Dense(1),
        ]
    )


def adapted():
    """With LoRA, over weights of 8 bits and of 32."""
    model = kerata.Sequential([kerata.Input((6,)), layers.Dense(4, activation="tanh"), layers.Dense(3), layers.Dense(1)])
    model.layers[0].quantize("int8")
    model.layers[0].enable_lora(2), model.layers[1].enable_lora(2)
    return model


def half():
    x = kerata.Input((6,))
    hidden = layers.Dense(4, activation="tanh", dtype="mixed_float16")(x)
    model = kerata.Model(x, layers.Dense(1, dtype="float32")(hidden))
    model.dtype_policy = "mixed_float16"
    return model


class OwnStep(kerata.Model):
    """A model with a step, a metric, a frozen part and a counter of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.head = layers.Dense(4, activation="tanh"), layers.Dense(1)
        self.seen, self.count = metrics.Sum(name="seen"), kerata.Variable(0.0, trainable=False)

    def call(self, inputs):
        return self.head(self.hidden(inputs))

    def train_step(self, data):
        self.seen.update_state(ops.ones(()))
        self.count.assign_add(1.0)
        return super().train_step(data) | {"seen": self.seen.result()}


MODELS = [plain, recurrent, adapted, half, OwnStep]


def compiled(make, optimizer=None, **kwargs):
    kerata.utils.set_random_seed(3)
    model = make()
    model.compile(
        optimizer or optimizers.SGD(0.1, momentum=0.9), "mse", metrics=["mae", metrics.RootMeanSquaredError()], **kwargs
    )
    return model


def step(model):
    return model.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history["loss"]


def values(model):
    return [v.numpy() for v in model._compilation.variables()]


def tolerance(model):
    """Engines round otherwise, and half precision shows it."""
    return {"rel": 1e-2, "abs": 1e-2} if model.compute_dtype == "float16" else {"rel": 1e-3, "abs": 1e-5}


@functools.cache
def stayed(make, start):
    """A model after a step as bytes, and what it does then on its own engine."""
    with engines.use_engine(start):
        model = compiled(make)
        step(model)
        return pickle.dumps(model), doings(model)


def doings(model):
    """Predictions, results, the losses of a step, and all state after it."""
    return model.predict(X, verbose=0), model.evaluate(X, Y, verbose=0), step(model), values(model)


def alike(found, expected, rel, abs):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=rel, atol=abs)


@every_pair
@pytest.mark.parametrize("make", MODELS)
def test_a_step_after_moving_is_the_one_of_staying(make, start, goal):
    data, expected = stayed(make, start)
    with engines.use_engine(start):  # in force all the while: what a model does is done by the model's engine
        model = pickle.loads(data)
        assert model.to_engine(goal) is model
        for a, b in zip(doings(model), expected):
            alike(a, b, **tolerance(model))
    assert {v.engine_name for v in model._compilation.variables()} == {goal}


@every_pair
def test_models_that_are_not_built_move(start, goal):
    """Weights, optimizer, metrics and findings are all made on the new engine."""
    with engines.use_engine(start):
        expected = doings(compiled(OwnStep)) if goal == PAIRS[0][1] else None
        model = compiled(OwnStep).to_engine(goal)
        found = doings(model)
    assert {v.engine_name for v in model._compilation.variables()} == {goal}
    if expected is not None:
        for a, b in zip(found, expected):
            alike(a, b, **tolerance(model))


@every_pair
@pytest.mark.parametrize("how", [{"run_eagerly": True}, {}], ids=["eagerly", "compiled"])
def test_single_batches_train_models_that_moved(how, start, goal):
    """Also where what belongs to training is made while another engine is in force."""
    x = kerata.Input((6,))
    with engines.use_engine(start):
        kerata.utils.set_random_seed(3)
        model = kerata.Model(x, layers.Dense(1)(layers.Embedding(4, 2)(ops.cast(x[:, 0] > 0, "int32")) + x[:, :2])).to_engine(
            goal
        )
        model.compile("adam", "mse", metrics=[metrics.MeanAbsoluteError()], **how)
        before = model.predict(X, verbose=0)
        loss, error = model.train_on_batch(X, Y)
        np.testing.assert_allclose(loss, np.mean((before - Y) ** 2), rtol=1e-4)
        np.testing.assert_allclose(error, np.mean(np.abs(before - Y)), rtol=1e-4)
        assert model.train_on_batch(X, Y)[0] < loss


@every_pair
def test_optimizers_move(start, goal):
    """All that an optimizer keeps follows the variables, whatever optimizer it is."""
    for make in OPTIMIZERS:
        with engines.use_engine(start):
            variables = [kerata.Variable(Y[:4], name="kernel"), kerata.Variable(X[0], name="bias")]
            optimizer = make()
            applied(optimizer, variables)
        moved, others = copy.deepcopy((optimizer, variables))
        for v in (*moved.variables, *others):
            v.to_engine(goal)
        found = []
        for name, one in ((start, (optimizer, variables)), (goal, (moved, others))):
            with engines.use_engine(name):
                found.append(applied(*one))
        for a, b in zip(*found):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=optimizer.name)


def applied(optimizer, variables):
    """All values after three updates."""
    for i in range(3):
        optimizer.apply([ops.convert_to_tensor(X[i, : v.shape[0]].reshape(v.shape)) for v in variables], variables)
    return [v.numpy() for v in (*variables, *optimizer.variables)]


AVERAGED = {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}
OPTIMIZERS = [
    *[x for name, x in vars(optimizers).items() if name in ("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax",
      "Adafactor", "Nadam", "Ftrl", "Lion", "Lamb", "Muon", "ScheduleFreeAdamW")],
    lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), gradient_accumulation_steps=2),
    lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1, momentum=0.9, **AVERAGED), dynamic_growth_steps=1),
    lambda: optimizers.MultiOptimizer(optimizers.OptimizerMap(optimizers.Adam(0.1), {"bias": optimizers.Lion(0.2)})),
]  # fmt: skip


class Noisy(layers.Layer):
    """Noise of the generator that all who name no seed share."""

    def call(self, inputs):
        return inputs + random.normal((8, 1))


@every_pair
def test_draws_go_on_in_programs_of_another_engine(start, goal):
    """The process's generator was made on one engine, and is drawn from in programs of both."""
    kerata.utils.set_random_seed(1)
    models = []
    for name in (start, goal):
        with engines.use_engine(name):
            random.normal(())
            models.append(kerata.Sequential([kerata.Input((6,)), Noisy()]))
    drawn = [model.predict(X, verbose=0)[0, 0] for _ in range(3) for model in models]
    assert len(set(drawn)) == len(drawn)


@every_pair
def test_models_that_share_layers_with_one_that_moved(start, goal):
    """One is inside, the other beside it: both predict with the weights as they are, wherever these are."""
    with engines.use_engine(start):
        x = kerata.Input((6,))
        hidden = layers.Dense(3)
        inside, beside = kerata.Sequential([hidden]), kerata.Model(x, hidden(x))
        model = kerata.Model(x, layers.Dense(1)(inside(x)))
        model.compile("sgd", "mse")
        for name in (start, goal, start):
            model.to_engine(name).fit(X, Y, verbose=0)
            expected = X @ hidden.kernel.numpy() + hidden.bias.numpy()
            for other in (inside, beside):
                np.testing.assert_allclose(other.predict(X, verbose=0), expected, rtol=1e-4, atol=1e-5)


@every_pair
def test_what_steps_found_is_told_after_moving(start, goal):
    with engines.use_engine(start):
        model = kerata.Sequential([kerata.Input((2,)), layers.Embedding(3, 2), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(X[:, :2] * 0, Y, verbose=0)
        model.to_engine(goal)
        with pytest.raises(ValueError, match="7"):
            model.predict(X[:, :2] * 0 + 7, verbose=0)
        with pytest.raises(ValueError, match="7"):
            model.fit(X[:, :2] * 0 + 7, Y, verbose=0)


@every_pair
def test_losses_of_calls_before_moving_are_gone(start, goal):
    with engines.use_engine(start):
        model = kerata.Sequential([kerata.Input((6,)), layers.Dense(3, activity_regularizer="l2")])
        model(X)
        assert len(model.losses) == 1 and not model.to_engine(goal).losses


@every_pair
@pytest.mark.parametrize("make", [plain, OwnStep, lambda: kerata.Sequential([layers.Dense(1)])])
def test_models_stay_on_the_engine_that_they_were_built_for(make, start, goal):
    """Whatever engine is in force later, also for copies."""
    with engines.use_engine(start):
        model = compiled(make)
        step(model)
    before = kerata.config.backend()
    kerata.config.set_backend(goal)
    try:
        for one in (pickle.loads(pickle.dumps(model)), model):
            step(one)
            assert {v.engine_name for v in one._compilation.variables()} == {start}
    finally:
        kerata.config.set_backend(before)
