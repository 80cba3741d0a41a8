"""What is TensorFlow's own: its functions on kerata's tensors and variables, tapes, data sets, graphs of open lengths."""

import functools
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import kerata
from kerata import engines, layers, ops
from kerata.core.op import OPS

tf = pytest.importorskip("tensorflow")


@pytest.fixture(autouse=True)
def tensorflow():
    with engines.use_engine("tensorflow") as engine:
        yield engine


def data(rows=64, features=4, classes=3):
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, features)).astype("float32")
    return x, x[:, :classes].argmax(-1).astype("int32")


def small_model(cls=kerata.Model):
    inputs = kerata.Input((4,))
    return cls(inputs, layers.Dense(3)(layers.Dense(8, activation="relu")(inputs)))


LOSS = "sparse_categorical_crossentropy"


class TapeModel(kerata.Model):
    """Keras 3's form of a custom step on TensorFlow."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def compiled(model, **kwargs):
    model.compile(kwargs.pop("optimizer", "adam"), kerata.losses.SparseCategoricalCrossentropy(from_logits=True), **kwargs)
    return model


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_a_step_with_a_tape_trains(run_eagerly):
    kerata.utils.set_random_seed(1)
    model = compiled(small_model(TapeModel), run_eagerly=run_eagerly, optimizer=kerata.optimizers.Adam(0.02))
    history = model.fit(*data(), epochs=3 if run_eagerly else 10, batch_size=16, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_a_step_with_a_tape_equals_keratas_own():
    results = []
    for cls in (kerata.Model, TapeModel):
        kerata.utils.set_random_seed(1)
        model = compiled(small_model(cls))
        results.append(model.fit(*data(), epochs=3, batch_size=16, verbose=0).history["loss"])
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_a_tape_takes_variables_and_their_arithmetic():
    v = kerata.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(v) * v + tf.constant([1.0, 1.0]) * v)
    np.testing.assert_allclose(tape.gradient(loss, v), 3 * np.array([1.0, 4.0]) + 1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v)
    (gradient,) = tape.gradient(loss, [v])
    np.testing.assert_allclose(gradient, [2.0, 4.0])
    assert tf.convert_to_tensor(v).dtype == tf.float32
    with pytest.raises(ValueError, match="cast it"):
        tf.convert_to_tensor(v, tf.int32)


def test_sparse_gradients_of_look_ups_are_applied():
    table = kerata.Variable(np.ones((5, 2), "float32"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.gather(table, [0, 3, 3]))
    gradient = tape.gradient(loss, table)
    assert isinstance(gradient, tf.IndexedSlices)
    kerata.optimizers.SGD(1.0).apply_gradients([(gradient, table)])
    np.testing.assert_allclose(table.numpy()[:, 0], [0, 1, 1, -1, 1])


def test_a_tf_function_of_ones_own_trains():
    kerata.utils.set_random_seed(0)
    model, optimizer = small_model(), kerata.optimizers.Adam(0.05)
    loss_fn = kerata.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    x, y = data()
    first = float(step(x, y))
    assert float([step(x, y) for _ in range(30)][-1]) < first
    assert int(optimizer.iterations) == 31


class Gan(kerata.Model):
    """A generator and a discriminator, trained in turn."""

    def __init__(self):
        super().__init__()
        self.generator = kerata.Sequential([layers.Input((2,)), layers.Dense(8, activation="relu"), layers.Dense(4)])
        self.discriminator = kerata.Sequential(
            [layers.Input((4,)), layers.Dense(8, "relu"), layers.Dropout(0.1), layers.Dense(1)]
        )
        self.seeds = kerata.random.SeedGenerator(3)
        self.g_loss, self.d_loss = kerata.metrics.Mean(name="g_loss"), kerata.metrics.Mean(name="d_loss")

    def call(self, x):
        return self.discriminator(x)

    def compile(self, g_optimizer, d_optimizer, loss_fn):
        super().compile()
        self.g_optimizer, self.d_optimizer, self.loss_fn = g_optimizer, d_optimizer, loss_fn

    @property
    def metrics(self):
        return [self.g_loss, self.d_loss]

    def train_step(self, real):
        rows = tf.shape(real)[0]
        fake = self.generator(tf.random.normal((rows, 2)))
        images, labels = tf.concat([fake, real], 0), tf.concat([tf.ones((rows, 1)), tf.zeros((rows, 1))], 0)
        with tf.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(images, training=True))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights))
        noise = kerata.random.normal((real.shape[0], 2), seed=self.seeds)
        with tf.GradientTape() as tape:
            g_loss = self.loss_fn(tf.zeros((rows, 1)), self.discriminator(self.generator(noise)))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights))
        self.g_loss.update_state(g_loss)
        self.d_loss.update_state(d_loss)
        return {"g_loss": self.g_loss.result(), "d_loss": self.d_loss.result()}


def test_a_gan_trains():
    gan = Gan()
    gan.compile(kerata.optimizers.Adam(0.01), kerata.optimizers.Adam(0.01), kerata.losses.BinaryCrossentropy(from_logits=True))
    before = [v.numpy() for v in gan.generator.trainable_variables]
    history = gan.fit(data()[0], epochs=2, batch_size=16, verbose=0).history
    assert np.isfinite(history["g_loss"]).all()
    assert not np.allclose(before[0], gan.generator.trainable_variables[0].numpy())
    assert int(gan.g_optimizer.iterations) == 8


def test_data_sets(tensorflow):
    x, y = data(50)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(50).batch(16)
    model = compiled(small_model(), metrics=["accuracy"])
    history = model.fit(batches, epochs=2, verbose=0, validation_data=batches).history
    assert len(history["val_loss"]) == 2
    assert np.isfinite(model.evaluate(batches, verbose=0)).all()
    assert model.predict(tf.data.Dataset.from_tensor_slices(x).batch(16), verbose=0).shape == (50, 3)


@pytest.mark.parametrize("name", engines.names())
def test_tensors_are_taken_by_every_engine(name):
    x, y = data()
    with engines.use_engine(name) as engine:
        model = compiled(small_model())
        if engine.trains:
            model.fit(tf.constant(x), tf.constant(y), verbose=0)
        assert model.predict(tf.constant(x), verbose=0).shape == (64, 3)
        assert engine.is_array(model(tf.constant(x)))


def test_lambda_of_tensorflows_own_functions():
    inputs = kerata.Input((3, 5))
    x = layers.Lambda(lambda x: tf.transpose(x, (0, 2, 1)))(inputs)
    x = layers.Lambda(lambda x: tf.reshape(x, (tf.shape(x)[0], x.shape[1] * x.shape[2])))(x)
    assert x.shape == (None, 15)
    model = kerata.Model(inputs, layers.Dense(2)(x))
    model.compile("sgd", "mse")
    random = np.random.default_rng(0)
    model.fit(random.normal(size=(8, 3, 5)), np.zeros((8, 2)), verbose=0)
    value = random.normal(size=(2, 3, 5)).astype("float32")
    expected = value.transpose(0, 2, 1).reshape(2, 15) @ model.layers[-1].kernel.numpy() + model.layers[-1].bias.numpy()
    np.testing.assert_allclose(model.predict(value, verbose=0), expected, rtol=1e-5)


def test_layers_that_call_tensorflow():
    class Scaled(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")

        def call(self, x):
            return tf.nn.relu(x * self.scale) + tf.reduce_mean(self.scale)

    model = kerata.Sequential([layers.Input((4,)), Scaled(), layers.Dense(3)])
    assert model.output_shape == (None, 3)
    before = model.layers[0].scale.numpy()
    compiled(model).fit(*data(), verbose=0)
    assert not np.allclose(before, model.layers[0].scale.numpy())


def test_saved_and_loaded(tmp_path):
    x, y = data()
    model = compiled(small_model())
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = kerata.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
    for one in (model, again):
        one.fit(x, y, shuffle=False, verbose=0)
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-6)
    with engines.use_engine("jax"):
        other = kerata.models.load_model(tmp_path / "model.keras")
        assert other.predict(x, verbose=0).shape == (64, 3)


def dense_model():
    return [layers.Input((12,)), layers.Dense(16, activation="relu"), layers.BatchNormalization(), layers.Dense(3)]


def conv_model():
    return [
        layers.Input((12,)), layers.Reshape((4, 3, 1)), layers.Conv2D(4, 2, padding="same", activation="relu"),
        layers.MaxPooling2D((2, 1)), layers.Flatten(), layers.Dense(3),
    ]  # fmt: skip


def lstm_model():
    return [layers.Input((12,)), layers.Reshape((6, 2)), layers.LSTM(5, return_sequences=True), layers.GRU(4), layers.Dense(3)]


@pytest.mark.parametrize("make", [dense_model, conv_model, lstm_model])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_same_losses_as_jax_for_the_same_seed(make, optimizer):
    histories = []
    for name in ("tensorflow", "jax"):
        with engines.use_engine(name):
            kerata.utils.set_random_seed(5)
            model = compiled(kerata.Sequential(make()), optimizer=optimizer)
            histories.append(model.fit(*data(70, 12), epochs=3, batch_size=16, verbose=0).history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-5, atol=1e-5)


def test_the_last_batch_and_weights_count_as_on_jax():
    x, y = data(50)
    results = []
    for name in ("tensorflow", "jax"):
        with engines.use_engine(name):
            kerata.utils.set_random_seed(5)
            model = compiled(small_model(), metrics=["accuracy"])
            model.fit(x, y, sample_weight=np.linspace(0, 1, 50), batch_size=16, verbose=0, shuffle=False)
            results.append([*model.evaluate(x, y, batch_size=16, verbose=0), *model.predict(x[:5], verbose=0).ravel()])
    np.testing.assert_allclose(*results, rtol=1e-4)


def test_a_graph_with_open_lengths():
    inputs = kerata.Input((None, 4))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(inputs)
    x = layers.TimeDistributed(layers.Dense(5))(layers.Dropout(0.5)(x))
    model = kerata.Model(inputs, layers.GlobalAveragePooling1D()(x))

    @tf.function(input_signature=[tf.TensorSpec((None, None, 4))])
    def run(x):
        return model(x, training=False)

    for shape in ((2, 3, 4), (1, 7, 4)):
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_allclose(run(x), model(x), rtol=1e-5, atol=1e-6)


def image_layers():
    for cls, size in ((layers.AdaptiveAveragePooling2D, (2, 3)), (layers.AdaptiveMaxPooling2D, (3, 2))):
        yield cls(size), (None, None, 3)
        yield cls(size, data_format="channels_first"), (3, None, None)
    yield layers.AdaptiveMaxPooling1D(4), (None, 3)
    yield layers.AdaptiveAveragePooling3D(2), (None, None, None, 3)
    for interpolation in ("nearest", "bilinear", "bicubic", "lanczos5"):
        yield layers.UpSampling2D((2, 3), interpolation=interpolation), (None, None, 3)
        yield layers.UpSampling2D((2, 3), interpolation=interpolation), (None, 7, 3)
        for size in ((4, 9), (9, 4)):
            for options in ({}, {"antialias": True}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True}):
                resize = functools.partial(ops.image.resize, size=size, interpolation=interpolation, **options)
                yield layers.Lambda(resize), (None, None, 3)
    yield layers.GroupNormalization(2, axis=1), (4, None, None)
    yield layers.GroupNormalization(3), (None, None, 3)
    yield layers.TimeDistributed(layers.Conv2D(2, 3)), (None, None, None, 3)
    yield layers.ConvLSTM2D(2, 3, strides=2, padding="same"), (None, None, None, 3)
    yield layers.ConvLSTM1D(2, 3, data_format="channels_first"), (None, 3, None)


@pytest.mark.parametrize("index", range(len(list(image_layers()))))
def test_layers_of_images_whose_size_a_graph_leaves_open(index):
    layer, shape = list(image_layers())[index]
    inputs = kerata.Input(shape)
    model = kerata.Model(inputs, layer(inputs))
    run = tf.function(lambda x: model(x), input_signature=[tf.TensorSpec((None, *shape))], autograph=False)
    random = np.random.default_rng(index)
    for size in (6, 11):  # to a smaller and to a larger image
        x = random.normal(size=(2, *[size + i if n is None else n for i, n in enumerate(shape)])).astype("float32")
        with engines.use_engine("numpy"):
            expected = layer(x)
        found = run(x)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(x := tf.constant(x))
        y = run(x)
    assert np.abs(tape.gradient(y, x)).max() > 0 or isinstance(layer, layers.GroupNormalization)


def test_layers_in_a_data_sets_map():
    layer = layers.Rescaling(2.0)
    found = list(tf.data.Dataset.from_tensor_slices(np.ones((4, 3), "float32")).batch(2).map(layer))
    np.testing.assert_array_equal(found[0], 2 * np.ones((2, 3)))


def test_state_in_graphs():
    total, seeds = kerata.Variable(0.0), kerata.random.SeedGenerator(1)

    @tf.function
    def step(x):
        total.assign_add(tf.reduce_sum(x))
        total.assign(np.float32(1.0) + total)
        return kerata.random.uniform((2,), seed=seeds)

    first, second = step(tf.ones(3)), step(tf.ones(3))
    assert float(total) == 8.0
    assert not np.array_equal(first, second)
    total.assign(np.zeros((), "float32"))  # from the host, into the storage that the graph holds
    step(tf.ones(3))
    assert float(total) == 4.0
    np.testing.assert_array_equal(seeds.state.numpy(), [1, 3])


def test_what_a_branch_assigns_is_differentiated(tensorflow):
    x, kept = kerata.Variable(3.0), kerata.Variable(0.0, trainable=False)

    def loss(flag):
        def yes():
            kept.assign(x * x)
            return x * 2.0

        return ops.cond(flag, yes, lambda: x * 1.0) + kept.value

    run = tensorflow.compile(lambda flag: ops.value_and_grad(lambda: loss(flag), [x]))
    value, (gradient,) = run(np.array(True))
    assert (float(value), float(gradient), float(kept)) == (15.0, 8.0, 9.0)
    value, (gradient,) = run(np.array(False))
    assert (float(value), float(gradient)) == (12.0, 1.0)


def test_remat_computes_again_and_assigns_once(tensorflow):
    weight, count = kerata.Variable(2.0), kerata.Variable(0.0, trainable=False)

    def inner(x):
        count.assign_add(1.0)
        return ops.sin(weight * x)

    def step():
        return ops.value_and_grad(lambda: tensorflow.remat(inner)(tf.constant(0.5)) * 3.0, [weight])

    for run in (step, tensorflow.compile(step)):
        value, (gradient,) = run()
        np.testing.assert_allclose([value, gradient], [3 * np.sin(1.0), 1.5 * np.cos(1.0)], rtol=1e-6)
    assert float(count) == 2.0


def test_compile_traces_once_for_a_shape(tensorflow):
    traces = []
    double = tensorflow.compile(lambda x, n: traces.append(1) or x * n)
    for n in range(4):
        assert float(double(np.float32(2.0), float(n))) == 2.0 * n
    assert len(traces) == 1


def test_numbers_of_a_graph_are_no_values(tensorflow):
    seen = []
    tensorflow.compile(lambda x: seen.append(tensorflow.is_concrete(x)))(np.ones(2, "float32"))
    assert seen == [False]
    assert tensorflow.is_concrete(tf.ones(2))


def test_tensorflow_is_imported_when_it_is_asked_for_and_is_quiet():
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    code = (
        "import sys, kerata; assert 'tensorflow' not in sys.modules\n"
        "with kerata.use_engine('tensorflow'): print(float(kerata.ops.sum(kerata.ops.ones((3,)))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "3.0"
    assert done.stderr == ""


def test_an_engine_whose_library_is_missing_says_what_to_install(monkeypatch):
    monkeypatch.delitem(engines._instances, "tensorflow", raising=False)
    monkeypatch.setattr(engines, "_is_installed", lambda library: False)
    with pytest.raises(ImportError, match=r"pip install kerata\[tensorflow\]"):
        engines.get("tensorflow")
    assert engines._first_installed() == "numpy"


def test_a_model_moves_between_engines():
    x, y = data()
    with engines.use_engine("jax"):
        model = compiled(small_model(), metrics=["accuracy"])
        model.fit(x, y, verbose=0)
    for name in ("tensorflow", "jax", "tensorflow"):
        model.to_engine(name)
        model.fit(x, y, verbose=0)
    assert int(model.optimizer.iterations) == 8


def test_a_model_compiled_where_another_engine_is_in_force():
    model = small_model()
    with engines.use_engine("jax"):
        compiled(model, metrics=["accuracy"])
    model.fit(*data(), verbose=0)
    assert type(model.optimizer.iterations.stored).__module__.startswith("tensorflow")


VALUES = np.array([[-7.5, -1.0, 0.0, 0.5], [2.0, 6.0, 6.5, 30.0], [1.0, 1.0, -1.0, 1.0]], "float32")
INSIDE = np.array([-0.9, -0.2, 0.0, 0.3, 0.99], "float32")
IMAGE = np.random.default_rng(3).normal(size=(2, 5, 6, 3)).astype("float32")
KERNELS = [
    ("relu", VALUES, {}),
    ("relu6", VALUES, {}),
    ("softplus", VALUES, {}),
    ("softmax", VALUES, {}),
    ("softmax", VALUES, {"axis": 0}),
    ("log_softmax", VALUES, {}),
    ("rsqrt", np.abs(VALUES) + 0.1, {}),
    ("erf_of_float", VALUES / 10, {}),
    ("erfinv_of_float", INSIDE, {}),
    ("logistic_of_float", VALUES, {}),
    ("top_k_of_array", VALUES, {"k": 2}),
    ("average_pool", IMAGE, {"pool_size": 2, "padding": "same"}),
    ("average_pool", IMAGE, {"pool_size": (3, 2), "strides": 1, "padding": "same"}),
]


@pytest.mark.parametrize("compiles", [False, True])
@pytest.mark.parametrize(("name", "value", "arguments"), KERNELS)
def test_a_kernel_equals_its_ops_body(tensorflow, name, value, arguments, compiles):
    x = kerata.Variable(value)
    results = []
    for fn in (tensorflow.kernels[name], OPS[name].body):

        def loss(fn=fn):
            y = fn(x.value, **arguments)
            y = y[0] if isinstance(y, tuple) else y
            return ops.sum(y * np.random.default_rng(0).normal(size=y.shape).astype("float32")), y

        step = lambda loss=loss: ops.value_and_grad(loss, [x], has_aux=True)
        (_, y), (gradient,) = tensorflow.compile(step)() if compiles else step()
        results.append((y, gradient))
    for kernel, body in zip(*results):
        np.testing.assert_allclose(kernel, body, rtol=2e-4, atol=1e-5)


SEQUENCES = np.random.default_rng(4).normal(3.0, 2.0, size=(4, 3, 5)).astype("float32")
VOLUMES = np.random.default_rng(5).normal(-1.0, 2.0, size=(2, 3, 2, 2, 4)).astype("float32")
ONES, ROWS = np.ones((4, 1, 1), "float32"), np.array([1.0, 1.0, 1.0, 0.0], "float32")[:, None, None]


def normalized(x, epsilon, weights=1.0):
    """Batch normalization in NumPy, in float64: the outputs, the mean, the variance."""
    x = x.astype("float64")
    axes, weights = tuple(range(x.ndim - 1)), np.broadcast_to(weights, x.shape)
    mean = np.average(x, axes, weights)
    variance = np.average((x - mean) ** 2, axes, weights)
    return (x - mean) / np.sqrt(variance + epsilon), mean, variance


@pytest.mark.parametrize("compiles", [False, True])
@pytest.mark.parametrize(
    ("x", "weights"),
    [(IMAGE, None), (SEQUENCES, None), (VOLUMES, None), (SEQUENCES, ONES), (SEQUENCES, ROWS), (IMAGE + 1e3, None)],
)
def test_fused_batch_normalization_equals_its_body(tensorflow, x, weights, compiles):
    channels = x.shape[-1]
    given = [kerata.Variable(v) for v in (x, np.linspace(-1, 1, channels, dtype="float32"), np.linspace(1, 2, channels))]
    upstream = np.random.default_rng(6).normal(size=x.shape).astype("float32")
    results = []
    for fn in (tensorflow.kernels["normalize_by_batch"], OPS["normalize_by_batch"].body):

        def loss(fn=fn):
            y, mean, variance = fn(
                given[0].value, -1, given[1], given[2], 1e-2, weights if weights is None else tf.constant(weights)
            )
            return ops.sum(y * upstream) + 100 * ops.sum(mean + variance), (y, mean, variance)

        step = lambda loss=loss: ops.value_and_grad(loss, given, has_aux=True)
        (_, found), gradients = tensorflow.compile(step)() if compiles else step()
        results.append([*found, *gradients])
    for kernel, body in zip(*results):
        np.testing.assert_allclose(kernel, body, rtol=2e-4, atol=2e-3 if x.max() > 100 else 2e-5)
    y, mean, variance = normalized(x, 1e-2, 1.0 if weights is None else weights)
    offset, scale = (v.numpy() for v in given[1:])
    for found, expected in zip(results[0], (y * scale + offset, mean, variance)):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_batch_normalization_of_one_place_and_of_halves(tensorflow):
    fused = tensorflow.kernels["normalize_by_batch"]
    _, mean, variance = fused(tf.constant([[[[2.0, -3.0]]]]))
    np.testing.assert_array_equal([mean, variance], [[2.0, -3.0], [0.0, 0.0]])
    y, mean, variance = fused(tf.cast(IMAGE, "float16"))
    assert (y.dtype, mean.dtype, variance.dtype) == (tf.float16, tf.float32, tf.float32)
    for found, expected in zip((y, mean, variance), normalized(IMAGE.astype("float16"), 1e-3)):
        np.testing.assert_allclose(found, expected, rtol=1e-2, atol=2e-3)


def test_the_fused_batch_normalization_declines_what_it_does_not_do(tensorflow):
    fused, image = tensorflow.kernels["normalize_by_batch"], tf.constant(IMAGE)
    declined = [
        fused(image, axis=1), fused(image, epsilon=0.0), fused(tf.cast(image, "float64")), fused(tf.constant(VALUES)),
        fused(image, synchronized=True), fused(tf.cast(image, "int32")),
    ]  # fmt: skip
    assert all(result is NotImplemented for result in declined)


def test_totals_at_equals_its_body(tensorflow):
    index, values = tf.constant([0, 2, 2, -1, 7]), tf.constant([1.0, 2.0, 3.0, 4.0, 5.0])
    expected = OPS["totals_at"].body(index, values, 4)
    np.testing.assert_array_equal(tensorflow.kernels["totals_at"](index, values, 4), expected)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "uint32", "int64"])
def test_ops_of_dtypes_that_tensorflow_lacks(dtype):
    x = np.array([[1, 0], [3, 2]]).astype(dtype)
    for name in ("max", "min", "sum", "prod", "cumsum", "sort", "argsort", "sign", "tile"):
        arguments = {"tile": {"repeats": (2, 1)}, "cumsum": {"axis": 0}}.get(name, {})
        expected = {"tile": np.tile(x, (2, 1)), "cumsum": x.cumsum(0)}.get(name)
        if expected is None:
            expected = np.sign(x.astype("int64")) if name == "sign" else getattr(np, name)(x)
            expected = np.argsort(x, -1, kind="stable") if name == "argsort" else np.sort(x, -1) if name == "sort" else expected
        np.testing.assert_array_equal(np.asarray(getattr(ops, name)(x, **arguments)).astype("int64"), expected)
    np.testing.assert_array_equal(np.asarray(ops.matmul(x, x)).astype("int64"), (x @ x).astype("int64"))


@pytest.mark.parametrize(
    "key",
    [
        0, -1, (slice(None), 1), (Ellipsis, slice(None, None, -1)), (None, slice(1, 3)), [2, 0], (slice(None), [1, -1]),
        ([0, 1], [2, -1]), (slice(0, 2), [0, 1], [1, 2]), (Ellipsis, [0, 2]), (0, slice(None), [1, 1]), ([[0, 1], [2, 2]],),
        np.arange(36).reshape(3, 4, 3) % 5 == 0, np.array([True, False, True]), ([1, 2], 0, [0, 1]),
    ],
)  # fmt: skip
def test_indices_are_numpys(tensorflow, key):
    x = np.arange(36.0, dtype="float32").reshape(3, 4, 3)
    np.testing.assert_array_equal(ops.get_item(x, key), x[key])


def _image_model():
    """Its convolution has no bias: the normalization would make that a gradient of rounding errors alone."""
    convolution = layers.Conv2D(4, 2, use_bias=False)
    return [layers.Input((12,)), layers.Reshape((4, 3, 1)), convolution, layers.BatchNormalization(), layers.Flatten()]


@pytest.mark.parametrize("make", [dense_model, _image_model, lstm_model])
def test_what_xla_compiles_trains_alike(tensorflow, make):
    x, y = data(32, 12)
    results = []
    for optimize in (True, None):
        kerata.utils.set_random_seed(5)
        model = compiled(kerata.Sequential([*make(), layers.Dense(3)]))

        def step(i, x, y, model=model):
            loss = lambda: model.compute_loss(y=y, y_pred=model(x, training=True))
            value, gradients = ops.value_and_grad(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            total.assign(value)

        total = kerata.Variable(0.0, trainable=False)
        model.optimizer.build(model.trainable_variables)
        loop = tensorflow.compile_loop(step, optimize=optimize)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loop(0, 4, x, y)
        results.append([total.numpy(), *[v.numpy() for v in model.variables]])
    for found, expected in zip(*results):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_what_xla_lacks_runs_without_it_and_is_told_once(tensorflow):
    count = kerata.Variable(0.0)

    def step(x):
        count.assign_add(1.0)
        return tf.numpy_function(np.cumsum, [x * 2.0], tf.float32)

    run = tensorflow.compile(step, [count], optimize=True)
    with pytest.warns(UserWarning, match="XLA can't compile this step, which runs as a plain TensorFlow graph") as told:
        np.testing.assert_array_equal(run(np.ones(3, "float32")), [2, 4, 6])
    np.testing.assert_array_equal(run(np.ones(4, "float32")), [2, 4, 6, 8])
    assert len(told) == 1
    assert float(count) == 2.0


def test_programs_are_xlas_where_it_is_asked_for(tensorflow):
    for optimize in (True, False, None):
        run = tensorflow.compile(lambda x: x * 2.0, optimize=optimize)
        run(np.ones(3, "float32"))
        (graph,) = run.graphs.values()
        assert graph.concrete.function_def.attr["_XlaMustCompile"].b is (optimize is True)


def test_an_error_of_the_step_itself_is_raised_with_and_without_xla(tensorflow):
    for optimize in (True, None):
        run = tensorflow.compile(lambda x, n: tf.reshape(x, [n, -1]), optimize=optimize)
        with pytest.raises(tf.errors.InvalidArgumentError, match="reshape"):
            run(np.ones(3, "float32"), np.int32(2))
