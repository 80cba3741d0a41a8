"""The trainer: custom steps, single compilation, padding, errors, NaN, precision, accumulation."""

import re

import numpy as np
import pytest

import kerata
from kerata import engines, layers, ops

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")
LABELS = np.random.default_rng(1).integers(0, 3, 50).astype("int32")


def chain(*stack, loss="mse", optimizer="sgd", **arguments):
    kerata.utils.set_random_seed(0)
    model = kerata.Sequential([kerata.Input((4,)), *stack])
    model.compile(optimizer, loss, **arguments)
    return model


def count_traces(monkeypatch, model):
    """A list that grows by one each time the model is traced (or run eagerly)."""
    traces = []
    original = type(model.layers[0]).call

    def call(self, *args, **kwargs):
        if not engines.current().is_abstract:
            traces.append(1)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(type(model.layers[0]), "call", call)
    return traces


@pytest.mark.parametrize("training_engine", ["jax"], indirect=True)
def test_one_compilation_serves_a_fit_with_a_smaller_last_batch(monkeypatch):
    model = chain(layers.Dense(1))
    traces = count_traces(monkeypatch, model)
    model.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    assert len(traces) == 1
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    assert len(traces) == 1


@pytest.mark.parametrize("training_engine", ["jax"], indirect=True)
def test_few_compilations_serve_predictions_of_all_sizes(monkeypatch):
    model = chain(layers.Dense(1))
    traces = count_traces(monkeypatch, model)
    for size in range(1, 33):
        model.predict(X[:size], verbose=0)
    assert len(traces) <= 6


def test_freezing_after_compile_takes_effect():
    model = chain(layers.Dense(3), layers.Dense(1))
    model.fit(X, Y, verbose=0)
    before = model.layers[0].get_weights()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], before[0])
    assert len(model.trainable_variables) == 2


class OwnStep(kerata.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)
        self.seen = kerata.metrics.Mean(name="seen")

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        x, y, sample_weight = kerata.utils.unpack_x_y_sample_weight(data)

        def loss_fn():
            y_pred = self(x, training=True)
            return self.compute_loss(x, y, y_pred, sample_weight), y_pred

        (loss, y_pred), grads = kerata.value_and_grad(loss_fn, self.trainable_variables, has_aux=True)
        self.optimizer.apply(grads, self.trainable_variables)
        self.seen.update_state(loss)
        return {"loss": loss, "rows": ops.shape(x)[0], **self.compute_metrics(x, y, y_pred, sample_weight)}


class StateStep(OwnStep):
    """Keras 3's form for JAX."""

    def train_step(self, state, data):
        import jax

        trainable, fixed, optimizer, metrics = state
        x, y = data

        def loss_fn(trainable):
            y_pred, updated = self.stateless_call(trainable, fixed, x, training=True)
            return self.compute_loss(x, y, y_pred), updated

        (loss, fixed), grads = jax.value_and_grad(loss_fn, has_aux=True)(trainable)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, grads, trainable)
        return {"loss": loss}, (trainable, fixed, optimizer, metrics)


def test_steps_of_ones_own_train_as_the_built_in_one():
    check_own_step(OwnStep)


@pytest.mark.parametrize("training_engine", ["jax"], indirect=True)
def test_steps_of_keras_3s_form_for_jax_train_as_the_built_in_one():
    check_own_step(StateStep)


def check_own_step(cls):
    results = []
    for make in (cls, None):
        kerata.utils.set_random_seed(0)
        model = make() if make else kerata.Sequential([layers.Dense(1)])
        model.build((None, 4))
        model.set_weights([np.full((4, 1), 0.1, "float32"), np.zeros(1, "float32")])
        model.compile("sgd", "mse")
        model.fit(X, Y, batch_size=20, epochs=2, shuffle=False, verbose=0)
        results.append(model.get_weights()[0])
    np.testing.assert_allclose(*results, atol=1e-6)


def test_logs_of_a_step_of_ones_own_reach_the_history():
    model = OwnStep()
    model.compile("sgd", "mse")
    history = model.fit(X, Y, batch_size=25, verbose=0).history
    assert history["rows"] == [25.0]
    assert set(history) == {"loss", "rows", "seen"}


def test_keras_2_steps_with_compiled_loss_and_metrics():
    class Old(kerata.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def test_step(self, data):
            x, y = data
            y_pred = self(x, training=False)
            self.compiled_loss(y, y_pred, regularization_losses=self.losses)
            self.compiled_metrics.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    model = Old()
    model.compile("sgd", "mse", metrics=["mae"])
    assert set(model.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "mae"}


def test_a_layer_that_looks_at_the_whole_batch_sees_no_padding():
    class Count(layers.Layer):
        def call(self, x):
            return x * 0 + ops.cast(ops.shape(x)[0], "float32")

    model = chain(Count(), layers.Lambda(lambda x: x[:, :1]))
    np.testing.assert_array_equal(model.predict(X[:50], batch_size=32, verbose=0)[:, 0], [32] * 32 + [18] * 18)
    assert model.evaluate(X, Y * 0, batch_size=32, verbose=0) == pytest.approx((32 * 32**2 + 18 * 18**2) / 50)


def test_a_loss_that_returns_one_number_is_given_the_true_batch():
    sizes = set()

    def loss(y_true, y_pred):
        sizes.add(y_pred.shape[0])
        return ops.mean(ops.square(y_true - y_pred))

    model = chain(layers.Dense(1), loss=loss)
    expected = float(np.mean((model.predict(X, verbose=0) - Y) ** 2))
    assert model.evaluate(X, Y, batch_size=50, verbose=0) == pytest.approx(expected, rel=1e-5)
    model.fit(X, Y, batch_size=16, verbose=0)
    assert 2 in sizes


def test_layers_losses_and_activity_regularizers_count():
    plain, regular = chain(layers.Dense(1)), chain(layers.Dense(1, activity_regularizer="l2"))
    regular.set_weights(plain.get_weights())
    out = plain.predict(X[:8], verbose=0)
    difference = regular.evaluate(X[:8], Y[:8], verbose=0) - plain.evaluate(X[:8], Y[:8], verbose=0)
    assert difference == pytest.approx(0.01 * float((out**2).sum()) / 1, rel=1e-3) or difference > 0


def test_accumulated_gradients_leave_no_remainder():
    model = chain(layers.Dense(1), optimizer=kerata.optimizers.SGD(0.1, gradient_accumulation_steps=4))
    before = model.get_weights()[0]
    model.fit(X[:48], Y[:48], batch_size=16, verbose=0)  # 3 batches
    assert not np.array_equal(model.get_weights()[0], before)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns(policy):
    kerata.utils.set_random_seed(0)
    kerata.config.set_dtype_policy(policy)
    try:
        model = kerata.Sequential(
            [kerata.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid", dtype="float32")]
        )
        model.compile(kerata.optimizers.Adam(0.02), "binary_crossentropy")
        losses = model.fit(X, Y, epochs=30, verbose=0).history["loss"]
    finally:
        kerata.config.set_dtype_policy("float32")
    assert model.layers[0].kernel.dtype == "float32"
    assert losses[-1] < 0.6 * losses[0]


def test_run_eagerly_equals_compiled():
    weights = []
    for eager in (False, True):
        kerata.utils.set_random_seed(0)
        model = chain(layers.Dense(3, activation="tanh"), layers.Dense(1), run_eagerly=eager)
        model.fit(X, Y, batch_size=20, epochs=2, verbose=0)
        weights.append(model.get_weights()[0])
    np.testing.assert_allclose(*weights, atol=1e-6)


def test_stop_training_and_initial_epoch():
    class Stop(kerata.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 3

    history = chain(layers.Dense(1)).fit(X, Y, epochs=10, initial_epoch=2, callbacks=[Stop()], verbose=0)
    assert history.epoch == [2, 3]


def test_a_stopped_training_is_evaluated_in_full():
    class Stop(kerata.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.stop_training = True

    model = chain(layers.Dense(1))
    history = model.fit(X, Y, epochs=10, callbacks=[Stop()], validation_data=(X, Y), batch_size=8, verbose=0).history
    model.stop_training = True
    expected = float(np.mean((model.predict(X, verbose=0) - Y) ** 2))
    assert history["val_loss"] == [pytest.approx(expected, rel=1e-5)]
    model.stop_training = True
    assert model.evaluate(X, Y, batch_size=8, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_steps_and_validation_options():
    history = chain(layers.Dense(1)).fit(
        X,
        Y,
        epochs=4,
        batch_size=10,
        steps_per_epoch=2,
        validation_data=(X, Y),
        validation_steps=1,
        validation_freq=2,
        verbose=0,
    )
    assert len(history.history["val_loss"]) == 2


@pytest.mark.parametrize("training_engine", ["jax"], indirect=True)
def test_numpy_engine_predicts_and_evaluates_as_jax_and_says_that_it_does_not_train():
    model = chain(layers.Dense(3, activation="gelu"), layers.Dense(1))
    expected, loss = model.predict(X, verbose=0), model.evaluate(X, Y, verbose=0)
    model.to_engine("numpy")
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, atol=1e-5)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-5)
    with pytest.raises(RuntimeError, match="can't train"):
        model.fit(X, Y, verbose=0)
    model.to_engine("jax").fit(X, Y, verbose=0)


def test_progress_is_plain_lines_in_files(capsys):
    model = chain(layers.Dense(1), metrics=["mae"])
    model.fit(X, Y, epochs=2, validation_split=0.2, batch_size=10)
    out = capsys.readouterr().out
    assert not re.search(r"[\x08\r\x1b]", out)
    lines = out.strip().splitlines()
    assert lines[0] == "Epoch 1/2"
    assert re.fullmatch(r"4/4 - .* samples/s - loss: \d.* - mae: \d.* - val_loss: .* - val_mae: .*", lines[1])
    model.fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""
    model.fit(X, Y, epochs=2, verbose=2)
    lines = capsys.readouterr().out.strip().splitlines()
    assert [*lines[::2]] == ["Epoch 1/2", "Epoch 2/2"]
    assert re.fullmatch(r"\d/\d - \d+s - .*/step - .* samples/s - loss: \d.* - mae: \d.*", lines[1])


ERRORS = {
    "uncompiled": (lambda: kerata.Sequential([layers.Dense(1)]).fit(X, Y), "is not compiled: call model.compile(optimizer='adam', loss='mse') before fit()."),
    "unknown loss": (lambda: chain(layers.Dense(1), loss="mean_squared_eror"), "There is no loss 'mean_squared_eror'. Did you mean 'mean_squared_error'?"),
    "unknown optimizer": (lambda: chain(layers.Dense(1), optimizer="adaam"), "There is no optimizer 'adaam'. Did you mean 'adam'?"),
    "unknown metric": (lambda: chain(layers.Dense(1), metrics=["acuracy"]), "There is no metric 'acuracy'. Did you mean"),
    "label out of range": (
        lambda: chain(layers.Dense(3, activation="softmax"), loss="sparse_categorical_crossentropy").fit(X, np.where(LABELS == 2, 7, LABELS), verbose=0),
        "7",
    ),
    "label out of range in a step of one's own": (
        lambda: own_labels().fit(X, Y, verbose=0),
        "label 7 is out of range for 3 classes (0 to 2). Make the model's last layer as wide as there are classes, or "
        "number the classes from 0.",
    ),
    "index out of range": (
        lambda: chain(layers.Embedding(4, 2, name="words"), layers.Flatten(), layers.Dense(1)).fit(np.full((50, 4), 5), Y, verbose=0),
        'Layer "words": index 5 is out of range for a table of 4 rows (0 to 3). input_dim must be larger than '
        "the largest index.",
    ),
    "silent broadcast": (lambda: chain(layers.Dense(10)).fit(X, Y, verbose=0), "(16, 10)|(32, 10)|(None, 10)"),
    "wrong feature count": (lambda: chain(layers.Dense(1)).predict(X[:, :3], verbose=0), 'shape (None, 4) is expected, and (32, 3)'),
    "wrong rank": (lambda: chain(layers.Dense(1)).predict(X[0], verbose=0), "expected, and"),
    "number of inputs": (
        lambda: two_inputs().predict([X], verbose=0),
        "has 2 inputs",
    ),
    "no loss": (lambda: no_loss().fit(X, Y, verbose=0), "has no loss to train with: give compile(loss=...)"),
    "loss for no output": (lambda: chain(layers.Dense(1, name="out"), loss={"uot": "mse"}).fit(X, Y, verbose=0), "Did you mean 'out'?"),
    "a layer on a layer": (lambda: layers.Dense(2)(layers.Dense(3, name="first")), 'was called on the layer "first" instead of a tensor'),
    "negative dimension": (
        lambda: kerata.Sequential([layers.Conv1D(12, 3, input_shape=(4, 3)), layers.Conv1D(32, 3)]),
        "Negative dimension size caused by subtracting 3 from 2",
    ),
    "recurrent after recurrent": (
        lambda: kerata.Sequential([layers.LSTM(3, input_shape=(5, 2)), layers.LSTM(3)]),
        "3 axes are expected, (batch, steps, features)",
    ),
    "unknown argument": (lambda: layers.Dense(3, activaton="relu"), "Dense has no argument 'activaton'. Did you mean 'activation'?"),
    "units": (lambda: layers.Dense(0), "units must be a positive integer; 0 came"),
}  # fmt: skip


@pytest.mark.parametrize("training_engine", ["jax"], indirect=True)
@pytest.mark.parametrize("name", ["label out of range in a step of one's own", "index out of range"])
def test_what_compiled_code_finds_is_told_with_the_step(name):
    with pytest.raises(ValueError, match="This was found in step 1 of epoch 1."):
        ERRORS[name][0]()


def two_inputs():
    a, b = kerata.Input((4,)), kerata.Input((4,))
    return kerata.Model([a, b], layers.add([a, b]))


def own_labels():
    class Own(kerata.Sequential):
        def train_step(self, data):
            x, y = data
            return super().train_step((x, y * 0 + 7))

    model = Own([layers.Dense(3)])
    model.compile("sgd", kerata.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def no_loss():
    model = kerata.Sequential([layers.Dense(1)])
    model.compile("sgd")
    return model


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do(name):
    act, text = ERRORS[name]
    with pytest.raises((ValueError, TypeError)) as caught:
        act()
    message = str(caught.value)
    assert any(part in message for part in text.split("|")), message


def test_an_error_names_the_layer_and_where_its_input_came_from():
    x = kerata.Input((5,))
    hidden = layers.Dense(3, name="hidden")(x)
    with pytest.raises(ValueError) as caught:
        layers.Conv2D(2, 3, name="conv")(hidden)
    assert str(caught.value) == (
        'Layer "conv" (Conv2D): input has shape (None, 3) from layer "hidden"; 4 axes are expected, (batch, height, width, channels).'
    )


def test_a_failed_add_changes_nothing():
    model = kerata.Sequential([layers.Dense(3, input_shape=(4,))])
    with pytest.raises(ValueError):
        model.add(layers.LSTM(2))
    assert len(model.layers) == 1
    model.add(layers.Dense(1))
    assert model.output_shape == (None, 1)
