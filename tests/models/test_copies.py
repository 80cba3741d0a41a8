"""Copies of what is trained train on as it does, and share no state with it."""

import copy
import pickle

import numpy as np
import pytest

import kerata
from kerata import callbacks, engines, layers, metrics, ops, optimizers, random

X = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(8, 1)).astype("float32")
WAYS = {"pickle": lambda x: pickle.loads(pickle.dumps(x)), "deepcopy": copy.deepcopy, "copy": copy.copy}


@pytest.fixture(params=WAYS)
def copied(request):
    """Each way to copy."""
    return WAYS[request.param]


class Subclassed(kerata.Model):
    """A model with a step and a metric of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = [layers.Dense(4, activation="tanh"), layers.Dropout(0.5)]
        self.head = layers.Dense(1)
        self.seen = metrics.Sum(name="seen")

    def call(self, inputs, training=False):
        for layer in self.hidden:
            inputs = layer(inputs, training=training)
        return self.head(inputs)

    def train_step(self, data):
        self.seen.update_state(ops.ones(()))
        return super().train_step(data) | {"seen": self.seen.result()}


class Momentum(optimizers.Optimizer):
    """An optimizer in Keras's form."""

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.velocities = self.add_optimizer_variables(variables, "velocity")

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.velocities[self._get_variable_index(variable)]
        self.assign(velocity, velocity * 0.5 - ops.cast(learning_rate, velocity.dtype) * gradient)
        self.assign_add(variable, velocity)


def plain():
    return kerata.Sequential(
        [
            kerata.Input((6,)),
            layers.Dense(4, activation="tanh", kernel_regularizer="l2", bias_constraint="non_neg"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(1),
        ]
    )


def graph():
    """A shared layer, an op, and a model inside."""
    x, shared = kerata.Input((6,)), layers.Dense(6, activation="tanh", activity_regularizer="l2")
    inner = kerata.Sequential([layers.Dense(3), layers.GaussianNoise(0.5), layers.Dense(6)])
    joined = layers.Concatenate()([shared(inner(shared(x))), ops.relu(x) * 2.0])
    return kerata.Model(x, layers.Dense(1)(joined))


def recurrent():
    return kerata.Sequential(
        [
            kerata.Input(batch_shape=(4, 6)),
            layers.Reshape((3, 2)),
            layers.LSTM(3, dropout=0.5, stateful=True, return_sequences=True),
            layers.Bidirectional(layers.GRU(2, recurrent_dropout=0.5)),
            layers.Dense(1),
        ]
    )


def adapted():
    model = kerata.Sequential([kerata.Input((6,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
    model.layers[0].enable_lora(2)
    return model


def quantized():
    model = adapted()
    model.layers[1].quantize("int8")
    return model


def normalized():
    scale = layers.Normalization()
    scale.adapt(X)
    return kerata.Sequential(
        [kerata.Input((6,)), scale, layers.SpectralNormalization(layers.Dense(3)), layers.PReLU(), layers.Dense(1)]
    )


def half():
    with_policy = dict(dtype="mixed_float16")
    x = kerata.Input((6,))
    hidden = layers.BatchNormalization(**with_policy)(layers.Dense(4, activation="tanh", **with_policy)(x))
    model = kerata.Model(x, layers.Dense(1, **with_policy)(hidden))
    model.dtype_policy = "mixed_float16"
    return model


MODELS = [plain, graph, recurrent, Subclassed, adapted, quantized, normalized, half]


def compiled(make, optimizer="adam", **kwargs):
    kerata.utils.set_random_seed(3)
    model = make()
    model.compile(optimizer, "mse", metrics=["mae", metrics.RootMeanSquaredError()], **kwargs)
    return model


def step(model):
    return model.fit(X, Y, batch_size=4, shuffle=False, verbose=0).history


def values(model):
    return [v.numpy() for v in model._compilation.variables()]


def equal(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        np.testing.assert_array_equal(a, b)


def goes_on_alike(model, twin):
    """Both take the same step, and neither changes the other."""
    before = values(model)
    equal(values(twin), before)
    losses = step(twin)
    equal(values(model), before)
    assert any((a != b).any() for a, b in zip(values(twin), before))
    assert step(model)["loss"] == pytest.approx(losses["loss"], rel=1e-5)
    for a, b in zip(values(twin), values(model)):  # one may play back a step that the other makes
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(twin.predict(X[:4], verbose=0), model.predict(X[:4], verbose=0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("copied", [WAYS["pickle"], WAYS["deepcopy"]], ids=["pickle", "deepcopy"])
@pytest.mark.parametrize("make", MODELS)
def test_copies_of_trained_models_train_on(make, copied, training_engine):
    model = compiled(make)
    step(model)
    goes_on_alike(model, copied(model))


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("shape", [None, (6,)])
def test_copies_of_untrained_models_train_alike(shape, fitted, copied, training_engine):
    """Not built yet, or built and not compiled: their weights are still to be drawn, and are the same."""
    head = [] if shape is None else [kerata.Input(shape)]
    kerata.utils.set_random_seed(4)
    model = kerata.Sequential([*head, layers.Dense(3), layers.Dropout(0.5), layers.Dense(1)])
    if fitted:
        model.compile("adam", "mse")
    twin = copied(model)
    if not fitted:
        model.compile("adam", "mse"), twin.compile("adam", "mse")
    assert twin.built == model.built == (shape is not None)
    losses = step(twin)
    assert step(model) == losses
    equal(values(twin), values(model))


def test_copies_are_made_between_all_that_a_model_does(copied, training_engine):
    model = compiled(plain)
    for do in (
        step,
        lambda m: m.evaluate(X, Y, verbose=0),
        lambda m: m.predict(X, verbose=0),
        lambda m: m.train_on_batch(X, Y),
    ):
        twin = copied(model)
        a, b = do(twin), do(model)
        assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        equal(values(twin), values(model))


# Optimizers

AVERAGED = {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}
SCHEDULE = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
WRAPPERS = (optimizers.Optimizer, optimizers.LossScaleOptimizer, optimizers.MultiOptimizer)
OPTIMIZERS = {
    **{name: x for name, x in vars(optimizers).items() if isinstance(x, type) and issubclass(x, optimizers.Optimizer) and x not in WRAPPERS},
    "SGD with momentum": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1, clipnorm=1.0),
    "Adam with averages": lambda: optimizers.Adam(0.1, amsgrad=True, **AVERAGED),
    "Adam of several steps": lambda: optimizers.Adam(0.1, gradient_accumulation_steps=2),
    "Adam on a schedule": lambda: optimizers.Adam(SCHEDULE, global_clipnorm=0.5, loss_scale_factor=4.0),
    "Keras's form": lambda: Momentum(0.1),
    "LossScaleOptimizer": lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.1, **AVERAGED), dynamic_growth_steps=1),
    "MultiOptimizer": lambda: optimizers.MultiOptimizer(
        optimizers.OptimizerMap(optimizers.Adam(0.1), {".*bias": optimizers.SGD(0.2, momentum=0.5)})
    ),
}  # fmt: skip


def trained():
    """Variables as a model has them."""
    return [kerata.Variable(x, name=name) for name, x in (("kernel", X[:, :3].T @ Y[:, :1]), ("bias", X[:4, 0]))]


def apply(optimizer, variables, times=3):
    """Updates by gradients that are the same each time; returns all that they change."""
    for i in range(times):
        optimizer.apply(
            [
                ops.convert_to_tensor(X[i, : v.shape[0]].reshape(v.shape[0], -1)[:, : v.ndim].reshape(v.shape))
                for v in variables
            ],
            variables,
        )
    return [v.numpy() for v in (*variables, *optimizer.variables)]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_copies_of_optimizers_go_on(name, copied, training_engine):
    """Together with the variables, or alone: then with those that it finds in the place of its own."""
    optimizer, variables = OPTIMIZERS[name](), trained()
    optimizer.build(variables)
    if name == "AdamW":
        optimizer.exclude_from_weight_decay(variables[1:])
    before = apply(optimizer, variables)
    together = copy.deepcopy((optimizer, variables)) if copied is copy.copy else copied((optimizer, variables))
    alone = copied(optimizer), [copied(v) for v in variables]
    found = [apply(*together), apply(*alone)]
    equal([v.numpy() for v in (*variables, *optimizer.variables)], before)
    expected = apply(optimizer, variables)
    for one in found:
        equal(one, expected)


# Clones


def test_clones_are_compiled_like_the_model_with_a_new_optimizer_and_new_weights(training_engine):
    model = compiled(graph, optimizers.Adam(SCHEDULE, clipnorm=1.0))
    step(model)
    before = values(model)
    clone = kerata.models.clone_model(model)
    assert clone.compiled and clone.optimizer.built and int(clone.optimizer.iterations) == 0
    assert clone.optimizer.get_config() == model.optimizer.get_config()
    assert not {id(v) for v in clone._compilation.variables()} & {id(v) for v in model._compilation.variables()}
    assert not np.array_equal(clone.get_weights()[0], model.get_weights()[0])
    equal(values(model), before)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(X, verbose=0), model.predict(X, verbose=0))
    assert step(clone).keys() == step(model).keys()


def test_clones_keep_what_is_frozen_and_are_built_where_the_shapes_are_known():
    model = compiled(plain)
    model.trainable = False
    clone = kerata.models.clone_model(model)
    assert clone.trainable is False and not clone.trainable_variables
    model = compiled(Subclassed)
    assert not kerata.models.clone_model(model).built
    model(X)
    clone = kerata.models.clone_model(model)
    assert clone.compiled and [v.shape for v in clone.weights] == [v.shape for v in model.weights]


class CompiledInItsOwnWay(Subclassed):
    """A model whose `compile` has an argument that nobody else knows."""

    def compile(self, factor, **kwargs):
        super().compile(**kwargs)
        self.factor = factor


def test_clones_that_cannot_be_compiled_alike_are_not_compiled():
    model = CompiledInItsOwnWay()
    model.compile(2.0, optimizer="sgd", loss="mse")
    assert not kerata.models.clone_model(model).compiled
    model = compiled(plain, optimizers.SGD(lambda: 0.1))
    with pytest.warns(UserWarning, match="clone of 'sequential.*' is not compiled, since its optimizer"):
        assert not kerata.models.clone_model(model).compiled


# Other things that hold state


class Faded(layers.Layer):
    """A layer that assigns its own weight while it is trained."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs, training=False):
        if training:
            self.scale.assign(self.scale * 0.9)
        return inputs * self.scale


def test_gradients_pass_through_what_a_layer_assigns_to_its_weights(training_engine):
    """In each step alike, whether the engine records steps or makes them one by one."""
    variable, layer = None, Faded()
    layer.build((None, 2))
    variable = layer.scale

    def loss():
        return ops.sum(layer(np.array([[1.0, 2.0]], "float32"), training=True))

    value, gradients = training_engine.value_and_grad(loss, [variable])()
    assert float(value) == pytest.approx(0.9 * 3)
    np.testing.assert_allclose(ops.convert_to_numpy(gradients[0]), [0.9, 1.8], rtol=1e-6)
    np.testing.assert_allclose(variable.numpy(), 0.9, rtol=1e-6)


@pytest.mark.parametrize("depth", [150])
def test_deep_graphs_are_copied(depth):
    x = inputs = kerata.Input((2,))
    for _ in range(depth):
        x = layers.ReLU()(x) + 1.0
    model = kerata.Sequential([kerata.Input((2,)), kerata.Model(inputs, x)])
    for way in WAYS.values():
        np.testing.assert_array_equal(way(model)(X[:, :2]), model(X[:, :2]))


def test_models_that_share_layers_share_them_in_copies(training_engine):
    x = kerata.Input((6,))
    code = layers.Dense(3, name="code")(x)
    encoder, whole = kerata.Model(x, code), kerata.Model(x, layers.Dense(6)(code))
    whole.compile("adam", "mse")
    whole.fit(X, X, verbose=0)
    for way in ("pickle", "deepcopy"):
        encoder_twin, twin = WAYS[way]((encoder, whole))
        assert encoder_twin.get_layer("code") is twin.get_layer("code") is not whole.get_layer("code")
        before = encoder.get_weights()
        twin.fit(X, X, verbose=0)
        equal(encoder.get_weights(), before)
        assert not np.array_equal(encoder_twin.get_weights()[0], before[0])
        assert twin.to_json() == whole.to_json()


def test_layers_metrics_and_seeds_are_copied_alone(copied, training_engine):
    layer, metric, seeds = layers.Dropout(0.5), metrics.Mean(), random.SeedGenerator(1)
    layer(X, training=True), metric.update_state(X), random.uniform((2,), seed=seeds)
    others = copied(layer), copied(metric), copied(seeds)
    found = [
        [layer(X, training=True), metric(X[0]), random.uniform((2,), seed=seeds)]
        for layer, metric, seeds in (others, (layer, metric, seeds))
    ]
    equal(*[[ops.convert_to_numpy(x) for x in one] for one in found])


def test_losses_of_the_last_call_are_not_copied(copied, training_engine):
    layer = layers.Dense(3, activity_regularizer="l2")
    with engines.use_engine(training_engine.name):
        layer(X)
    assert len(layer.losses) == 1 and not copied(layer).losses


def test_callbacks_go_on(copied):
    model, watch = compiled(plain), callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True)
    model.fit(X, Y, callbacks=[watch], verbose=0)
    other = copied(watch)
    assert (other.best, other.wait) == (watch.best, watch.wait)
    equal(other.best_weights, watch.best_weights)


def test_pickles_hold_values_of_the_host(training_engine):
    variable = kerata.Variable([1.0, 2.0])
    assert training_engine.is_array(variable.value)
    assert type(variable.__getstate__()["_value"]) is np.ndarray


def test_values_mapped_to_files_are_read(training_engine, tmp_path):
    """As joblib gives them."""
    variable = kerata.Variable([1.0, 2.0])
    mapped = np.memmap(tmp_path / "value", "float32", "w+", shape=(2,))
    mapped[:] = 3.0, 4.0
    state = {**variable.__getstate__(), "_value": mapped}
    variable.__setstate__(state)
    assert training_engine.is_array(variable.value) and variable.assign_add([1.0, 1.0]).numpy().tolist() == [4.0, 5.0]
    assert mapped.tolist() == [3.0, 4.0]


def test_deep_copies_stay_on_the_device_that_a_model_was_moved_to():
    with engines.use_engine("torch"):
        model = kerata.Sequential([kerata.Input((6,)), layers.Dense(1)])
        model.to("meta")
        twin = copy.deepcopy(model)
    assert twin.layers[0].kernel.stored.device.type == twin._place.type == "meta"


def test_copies_of_wrapped_modules_keep_the_modules_tensors():
    import torch

    with engines.use_engine("torch"):
        module = torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.BatchNorm1d(3))
        model = compiled(lambda: kerata.Sequential([kerata.Input((6,)), layers.TorchModuleWrapper(module), layers.Dense(1)]))
        step(model)
        for way in WAYS.values():
            twin = way(way(model))
            goes_on_alike(model, twin)
            wrapper = twin.layers[0]
            assert [v.stored for v in wrapper.trainable_variables] == list(wrapper.module.parameters())
            np.testing.assert_array_equal(wrapper.module[1].running_mean, wrapper.non_trainable_variables[0].numpy())
