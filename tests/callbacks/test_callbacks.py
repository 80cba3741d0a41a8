"""Callbacks: when they are called, and what each does."""

import csv

import numpy as np
import pytest

import kerata
from kerata import callbacks, layers

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(1, keepdims=True).astype("float32")


def model(optimizer="sgd"):
    kerata.utils.set_random_seed(0)
    m = kerata.Sequential([layers.Dense(1, input_shape=(3,))])
    m.compile(optimizer, "mse")
    return m


class Feed(callbacks.Callback):
    """Puts given numbers into the logs."""

    def __init__(self, name, values):
        super().__init__()
        self.name, self.values = name, values

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]


class Record(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *args, **kwargs: self.calls.append((name, *args[:1]))
        return super().__getattribute__(name)

    def on_train_batch_begin(self, batch, logs=None):
        """Overridden, so that batches are told."""

    def on_test_batch_begin(self, batch, logs=None):
        """Overridden, so that batches are told."""


def test_hooks_are_called_in_order():
    record = Record()
    model().fit(X, Y, batch_size=20, validation_data=(X[:20], Y[:20]), callbacks=[record], verbose=0)
    assert [c[0] for c in record.calls] == [
        "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_train_batch_begin", "on_train_batch_end",
        "on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end", "on_epoch_end", "on_train_end",
    ]  # fmt: skip
    assert [c[1] for c in record.calls if c[0] == "on_train_batch_end"] == [0, 1]


def test_batch_hooks_get_the_logs_of_every_batch():
    losses = []
    hook = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]))
    history = model().fit(X, Y, batch_size=8, callbacks=[hook], verbose=0).history
    assert len(losses) == 5
    assert losses[-1] == pytest.approx(history["loss"][0])


def test_early_stopping_puts_the_best_weights_back():
    m = model()
    kept = []
    stop = callbacks.EarlyStopping("score", patience=2, mode="max", restore_best_weights=True)
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(m.get_weights()))
    history = m.fit(X, Y, epochs=10, callbacks=[Feed("score", [1, 3, 2, 2, 9] * 2), keep, stop], verbose=0)
    assert history.epoch == [0, 1, 2, 3]
    assert (stop.stopped_epoch, stop.best_epoch, stop.best) == (3, 1, 3)
    np.testing.assert_array_equal(m.get_weights()[0], kept[1][0])


def test_early_stopping_without_the_number_says_so():
    with pytest.warns(UserWarning, match="'val_loss', which is not in the logs.*validation_data"):
        model().fit(X, Y, callbacks=[callbacks.EarlyStopping()], verbose=0)


@pytest.mark.parametrize(("name", "larger"), [("val_accuracy", True), ("val_loss", False), ("auc", True), ("mae", False)])
def test_the_direction_of_a_number_is_known(name, larger):
    monitor = callbacks.EarlyStopping(name)
    monitor.set_model(model())
    assert monitor.is_better(2.0, 1.0) is larger


def test_reduce_on_plateau():
    m = model()
    slower = callbacks.ReduceLROnPlateau("score", factor=0.5, patience=2, min_lr=0.003, cooldown=1, mode="min")
    history = m.fit(X, Y, epochs=8, callbacks=[Feed("score", [1.0] * 8), slower], verbose=0).history
    np.testing.assert_allclose(history["learning_rate"], [0.01, 0.01, 0.01, 0.005, 0.005, 0.003, 0.003, 0.003], rtol=1e-5)
    with pytest.raises(ValueError, match="factor must be below 1"):
        callbacks.ReduceLROnPlateau(factor=2.0)


def test_learning_rate_scheduler_compiles_nothing_anew():
    m = model()
    history = m.fit(
        X, Y, epochs=3, callbacks=[callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)], verbose=0
    ).history
    np.testing.assert_allclose(history["learning_rate"], [0.005, 0.0025, 0.00125], rtol=1e-6)
    with pytest.raises(ValueError, match="must return a float"):
        m.fit(X, Y, callbacks=[callbacks.LearningRateScheduler(lambda epoch: "fast")], verbose=0)


def test_checkpoints(tmp_path):
    m = model()
    best = callbacks.ModelCheckpoint(tmp_path / "best.keras", "score", save_best_only=True, mode="min")
    each = callbacks.ModelCheckpoint(str(tmp_path / "w{epoch:02d}-{score:.1f}.weights.h5"), save_weights_only=True)
    m.fit(X, Y, epochs=3, callbacks=[Feed("score", [2.0, 1.0, 3.0]), best, each], verbose=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "best.keras",
        "w01-2.0.weights.h5",
        "w02-1.0.weights.h5",
        "w03-3.0.weights.h5",
    ]
    second = kerata.models.load_model(tmp_path / "best.keras")
    m.load_weights(tmp_path / "w02-1.0.weights.h5")
    np.testing.assert_array_equal(second.get_weights()[0], m.get_weights()[0])
    with pytest.raises(ValueError, match=r"must end in '.keras'"):
        callbacks.ModelCheckpoint("m.h5")


def test_checkpoints_every_few_epochs(tmp_path):
    save = callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras", period=2)
    model().fit(X, Y, epochs=5, verbose=0, callbacks=[save])
    assert sorted(f.name for f in tmp_path.iterdir()) == ["2.keras", "4.keras"]
    with pytest.raises(ValueError, match="goes with save_freq='epoch'; 2 came"):
        callbacks.ModelCheckpoint("m.keras", period=2, save_freq=3)
    with pytest.raises(ValueError, match="of TensorFlow's checkpoints"):
        callbacks.ModelCheckpoint("m.keras", options=object())


def test_checkpoints_every_few_batches(tmp_path):
    model().fit(X, Y, batch_size=8, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "m.keras", save_freq=2)])
    assert kerata.models.load_model(tmp_path / "m.keras").optimizer.iterations.numpy() == 4


def test_csv_logger(tmp_path):
    m, path = model(), tmp_path / "log.csv"
    m.fit(X, Y, epochs=2, callbacks=[callbacks.CSVLogger(path)], verbose=0)
    history = m.fit(X, Y, epochs=3, initial_epoch=2, callbacks=[callbacks.CSVLogger(path, append=True)], verbose=0).history
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [r["epoch"] for r in rows] == ["0", "1", "2"]
    assert float(rows[2]["loss"]) == pytest.approx(history["loss"][0])


@pytest.mark.filterwarnings("ignore:The loss")
def test_terminate_on_nan(capsys):
    bad = np.full_like(Y, np.nan)
    history = model().fit(X, bad, epochs=5, callbacks=[callbacks.TerminateOnNaN()], verbose=0)
    assert history.epoch == [0]
    assert "Invalid loss" in capsys.readouterr().out


def test_backup_and_restore_go_on_where_a_run_broke_off(tmp_path):
    class Broken(Exception):
        pass

    class Break(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise Broken

    whole = model("adam")
    whole.fit(X, Y, batch_size=16, epochs=4, verbose=0)
    first = model("adam")
    with pytest.raises(Broken):
        first.fit(X, Y, batch_size=16, epochs=4, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path / "b"), Break()])
    second = model("adam")
    history = second.fit(X, Y, batch_size=16, epochs=4, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path / "b")])
    assert history.epoch == [2, 3]
    np.testing.assert_array_equal(second.get_weights()[0], whole.get_weights()[0])
    assert not (tmp_path / "b").exists()


def test_unknown_hooks_and_callbacks_are_refused():
    with pytest.raises(TypeError, match="no hook 'on_epoch_finish'"):
        callbacks.LambdaCallback(on_epoch_finish=print)
    with pytest.raises(TypeError, match="which is no Callback"):
        model().fit(X, Y, callbacks=[print], verbose=0)


@pytest.mark.parametrize("save_freq", [0, -1, True, "batch", 1.5])
def test_how_often_is_checked(save_freq, tmp_path):
    with pytest.raises(ValueError, match="ModelCheckpoint: save_freq is 'epoch' or a number of batches"):
        callbacks.ModelCheckpoint(tmp_path / "m.keras", save_freq=save_freq)
    with pytest.raises(ValueError, match="BackupAndRestore: save_freq is 'epoch' or a number of batches"):
        callbacks.BackupAndRestore(tmp_path, save_freq=save_freq)
