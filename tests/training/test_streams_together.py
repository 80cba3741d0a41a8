"""Small batches of a stream that one call of a compiled program runs, and steps whose hooks are called one by one."""

import threading
import time

import jax
import numpy as np
import pytest

import kerata
from kerata.training import parts

layers = kerata.layers
RNG = np.random.default_rng(5)
X = RNG.normal(size=(180, 4)).astype("float32")
Y = RNG.integers(0, 3, 180)


@pytest.fixture(autouse=True)
def programs_as_users_have_them():
    """With XLA's optimizations: see `test_blocks`."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


def made():
    kerata.utils.set_random_seed(2)
    hidden = [layers.Dense(6, "relu"), layers.Dropout(0.1), layers.BatchNormalization()]
    model = kerata.Sequential([kerata.Input((4,)), *hidden, layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def batches(size=16, pause=0.0):
    for start in range(0, len(X), size):
        time.sleep(pause)
        yield X[start : start + size], Y[start : start + size]


def values_of(model, history):
    return [*model.get_weights(), *[np.asarray(v) for v in history.history.values()]]


def test_when_batches_come_decides_no_number(training_engine):
    def trained(pause):
        model = made()
        return values_of(model, model.fit(batches(pause=pause), steps_per_epoch=12, verbose=0))

    for at_once, slowly in zip(trained(0.0), trained(0.015)):  # the second one by one, read ahead by a thread
        np.testing.assert_array_equal(at_once, slowly)


def test_streams_give_what_arrays_give(training_engine):
    def trained(*data, **arguments):
        model = made()
        return [*values_of(model, model.fit(*data, verbose=0, **arguments)), np.asarray(model.evaluate(*data[:2], verbose=0))]

    class Batches(kerata.utils.PyDataset):
        def __len__(self):
            return 12

        def __getitem__(self, i):
            return X[i * 16 : (i + 1) * 16], Y[i * 16 : (i + 1) * 16]

    for a, b in zip(trained(X, Y, batch_size=16, shuffle=False, epochs=2), trained(Batches(), shuffle=False, epochs=2)):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_hooks_see_each_step_and_change_no_number(training_engine):
    class Hook(kerata.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append((batch, logs["loss"], int(self.model.optimizer.iterations.numpy())))

    for data in ((X, Y), (list(batches()),)):
        histories, hook = [], Hook()
        for callbacks in ([], [hook]):
            model = made()
            given = data if len(data) == 2 else (iter(data[0]),)
            more = {"batch_size": 16, "shuffle": False} if len(data) == 2 else {"steps_per_epoch": 12}
            histories.append(values_of(model, model.fit(*given, verbose=0, callbacks=callbacks, **more)))
        for a, b in zip(*histories):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        assert [x[0] for x in hook.seen] == list(range(12)) and [x[2] for x in hook.seen] == list(range(1, 13))
        assert hook.seen[-1][1] == pytest.approx(float(histories[1][-1][0]), rel=1e-6)


def test_batches_of_other_sizes_and_forms_go_apart(training_engine):
    def sizes():
        for i, size in enumerate([16, 16, 8, 8, 8, 20, 16, 5]):
            x, y = X[:size], Y[:size]
            yield (x, y, np.ones(size, "float32")) if i % 3 == 2 else (x, y)

    model = made()
    model.fit(sizes(), steps_per_epoch=8, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 8
    assert model.metrics[0].count.numpy() == 97


def test_an_error_in_a_stream_comes_after_the_steps_before_it(training_engine):
    def broken():
        yield from list(batches())[:5]
        raise OSError("the disk is gone")

    model = made()
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(broken(), steps_per_epoch=12, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 5


@pytest.mark.parametrize("pause", [0.0, 0.002])  # the second is read by a thread
def test_memory_that_is_filled_again_and_again(pause, training_engine):
    class Batches(kerata.utils.PyDataset):
        x, y = np.empty((16, 4), "float32"), np.empty(16, "int64")

        def __len__(self):
            return 11

        def __getitem__(self, i):
            time.sleep(pause)
            self.x[:], self.y[:] = X[i * 16 : (i + 1) * 16], Y[i * 16 : (i + 1) * 16]
            return self.x, self.y

    x, y = X[: 11 * 16], Y[: 11 * 16]
    found = []
    for data, arguments in (((x, y), {"batch_size": 16}), ((Batches(),), {})):
        model = made()
        history = model.fit(*data, shuffle=False, verbose=0, **arguments)
        found.append([*values_of(model, history), model.evaluate(*data, verbose=0), model.predict(data[0], verbose=0)])
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_a_layer_that_is_made_in_the_first_call_loses_no_step(training_engine):
    class Late(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = []

        def call(self, x):
            if not self.inner:
                self.inner.append(layers.Dense(5))
            return self.inner[0](x)

    for eagerly in (False, True):
        model = kerata.Sequential([Late(), layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=eagerly)
        model.fit(batches(), steps_per_epoch=12, verbose=0)
        assert int(model.optimizer.iterations.numpy()) == 12
        assert len(model.trainable_variables) == 4


@pytest.mark.parametrize("way", ["value", "call", "predict", "weights"])
def test_another_thread_that_reads_changes_nothing(way, training_engine):
    read = {
        "value": lambda model: [v.value for v in model.variables],
        "call": lambda model: model(X[:4]),
        "predict": lambda model: model.predict(X[:4], verbose=0),
        "weights": lambda model: model.get_weights(),
    }[way]

    def trained(reads):
        model, done, errors = made(), [], []
        model.predict(X[:4], verbose=0)

        def loop():
            try:
                with kerata.use_engine(training_engine.name):
                    while not done:
                        read(model)
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=loop)
        if reads:
            thread.start()
        for _ in range(20):
            for x, y in batches():
                model.train_on_batch(x, y)
        done.append(True)
        if reads:
            thread.join()
        assert not errors
        return [model.optimizer.iterations.numpy(), *model.get_weights()]

    for a, b in zip(trained(False), trained(True)):
        np.testing.assert_array_equal(a, b)


def test_large_batches_are_not_copied_together():
    small, large = (X[:4], Y[:4], None), (np.zeros((4, 1 << 20), "float32"), Y[:4], None)
    assert parts._fit_together(small) == parts.TOGETHER and parts._fit_together(large) == 1


def test_predictions_are_those_of_each_batch(training_engine):
    model = made()
    model.fit(X, Y, verbose=0)
    together = model.predict(X, batch_size=8, verbose=0)
    one_by_one = np.concatenate([model.predict_on_batch(X[i : i + 8]) for i in range(0, len(X), 8)])
    np.testing.assert_allclose(together, one_by_one, rtol=1e-6, atol=1e-7)
    several = kerata.Model(model.inputs, {"a": model.outputs[0], "b": layers.Dense(2)(model.outputs[0])})
    found = several.predict(X, batch_size=8, verbose=0)
    assert {k: v.shape for k, v in found.items()} == {"a": (180, 3), "b": (180, 2)}
