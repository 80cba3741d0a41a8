"""Arrays that do not go to the device at once: the same numbers, in blocks of rows."""

import os
import subprocess
import sys

import jax
import numpy as np
import pytest

import kerata
from kerata import engines
from kerata.training import data as training_data

layers = kerata.layers
RNG = np.random.default_rng(3)
ROWS = 150
X = RNG.normal(size=(ROWS, 4)).astype("float32")
Z = RNG.normal(size=(ROWS, 2)).astype("float32")
Y = (X.sum(-1, keepdims=True) + Z[:, :1]).astype("float32")
WEIGHTS = RNG.random(ROWS).astype("float32")


@pytest.fixture(autouse=True)
def programs_as_users_have_them():
    """With XLA's optimizations: without them it rounds the last bit by how many rows there are to take from."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few rows, whatever the engine's room."""

    def use(some):
        monkeypatch.setattr(training_data.MemoryData, "fits", lambda self: not some)
        monkeypatch.setattr(training_data, "BLOCK_BYTES", 1000)

    return use


def two_inputs():
    first, second = kerata.Input((4,)), kerata.Input((2,))
    hidden = layers.BatchNormalization()(layers.Dense(5, activation="tanh")(layers.Concatenate()([first, second])))
    return kerata.Model([first, second], layers.Dense(1)(layers.Dropout(0.2)(hidden)))


def trained(inputs=(X, Z), y=Y, **arguments):
    kerata.utils.set_random_seed(4)
    model = two_inputs()
    model.compile("adam", "mse", metrics=["mae"], weighted_metrics=["mse"])
    history = model.fit(list(inputs), y, batch_size=16, epochs=3, verbose=0, **arguments).history
    return [*model.get_weights(), *map(np.asarray, history.values()), model.predict(list(inputs), verbose=0)]


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize(
    "arguments", [{}, {"sample_weight": WEIGHTS}, {"validation_split": 0.3}, {"steps_per_epoch": 4}], ids=lambda a: str(list(a))
)
def test_blocks_give_the_same_numbers_bit_for_bit(shuffle, arguments, small_blocks, training_engine):
    small_blocks(False)
    at_once = trained(shuffle=shuffle, **arguments)
    small_blocks(True)
    in_blocks = trained(shuffle=shuffle, **arguments)
    assert len(at_once) == len(in_blocks)
    for a, b in zip(at_once, in_blocks):
        np.testing.assert_array_equal(a, b)


def test_batches_that_can_not_be_padded(small_blocks, training_engine):
    class Own(layers.Layer):  # not said to be row-wise
        def call(self, x):
            return x * 2.0

    def run(some):
        small_blocks(some)
        kerata.utils.set_random_seed(4)
        model = kerata.Sequential([kerata.Input((4,)), Own(), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
        return [*model.get_weights(), model.evaluate(X, Y, verbose=0)]

    for a, b in zip(run(False), run(True)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
def test_dtypes_that_are_converted_by_the_block(dtype, small_blocks, monkeypatch, training_engine):
    x = (X * 10).astype(dtype) if dtype != "uint8" else np.abs(X * 10).astype(dtype)
    small_blocks(False)
    at_once = trained((x, Z))
    small_blocks(True)
    monkeypatch.setattr(training_data, "_LARGE", 10)
    for a, b in zip(at_once, trained((x, Z))):
        np.testing.assert_array_equal(a, b)


def test_files_mapped_to_memory(tmp_path, training_engine):
    for name, array in (("x", X), ("z", Z), ("y", Y.astype("float64"))):
        np.save(tmp_path / f"{name}.npy", array)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xzy"]
    for a, b in zip(trained(shuffle=True), trained(mapped[:2], mapped[2], shuffle=True)):
        np.testing.assert_array_equal(a, b)


def test_large_integers_that_do_not_fit_are_refused_before_training(monkeypatch):
    monkeypatch.setattr(training_data, "_LARGE", 10)
    model = kerata.Sequential([kerata.Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with engines.use_engine("jax"), pytest.raises(OverflowError, match="don't fit int32"):
        model.fit(np.full((40, 1), 2**40), np.zeros((40, 1), "float32"), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_what_is_found_wrong_names_the_step(small_blocks, training_engine):
    small_blocks(True)
    y = Y.copy()
    y[100] = np.nan
    model = kerata.Sequential([kerata.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", detect_anomaly=True)
    with pytest.raises(FloatingPointError, match="Step 7 of epoch 1"):
        model.fit(X, y, batch_size=16, shuffle=False, verbose=0)


def test_stopping_within_a_block_and_going_on(small_blocks, training_engine):
    class Stop(kerata.callbacks.Callback):
        seen = 0

        def on_train_batch_end(self, batch, logs=None):
            self.seen += 1
            self.model.stop_training = batch == 2

    small_blocks(True)
    model = kerata.Sequential([kerata.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    stop = Stop()
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=[stop])
    assert stop.seen == 3 and int(model.optimizer.iterations.numpy()) == 3
    model.fit(X, Y, batch_size=16, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 13


GROWTH = """
import resource, sys
import numpy as np
import kerata
model = kerata.Sequential([kerata.Input((1000,)), kerata.layers.Dense(8), kerata.layers.Dense(1)])
model.compile("sgd", "mse", metrics=["mae"])
small = np.ones((512, 1000), "float32")
run = {{"fit": lambda x, y: model.fit(x, y, batch_size=256, verbose=0), "evaluate": lambda x, y: model.evaluate(x, y, batch_size=256, verbose=0)}}["{way}"]
run(small, small[:, :1])
x = np.ones((100_000, 1000), "{dtype}")
y = x[:, :1].copy()
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (300 << 20),) * 2)
run(x, y)
print("done")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit on a process's memory is Linux's")
@pytest.mark.parametrize(("engine_name", "way", "dtype"), [
    ("jax", "fit", "float32"), ("jax", "evaluate", "float64"), ("tensorflow", "fit", "float64"), ("torch", "fit", "float64"),
])  # fmt: skip
def test_memory_grows_by_less_than_300_mib_above_the_arrays(engine_name, way, dtype):
    environment = {**os.environ, "KERATA_BACKEND": engine_name, "OMP_NUM_THREADS": "1"}
    code = GROWTH.format(way=way, dtype=dtype)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.split()[-1:] == ["done"], done.stderr[-2000:]
