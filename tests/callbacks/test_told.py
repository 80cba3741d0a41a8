"""What callbacks tell, in the words of Keras 3, and how they know which way is better."""

import csv

import numpy as np
import pytest

import kerata
from kerata import callbacks, layers, metrics, ops

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.arange(24, dtype="float32").reshape(12, 2) / 24
Y = X.sum(1, keepdims=True)


class Feed(callbacks.Callback):
    """Gives the logs values of the test's."""

    def __init__(self, **values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs.update({name: values[epoch] for name, values in self.values.items()})


def fit(*given, epochs=4, **options):
    model = kerata.Sequential([kerata.Input((2,)), layers.Dense(1)])
    model.compile(kerata.optimizers.SGD(0.5), "mse", metrics=options.pop("metrics", None))
    return model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[*given], **options)


def test_rates_are_told_on_lines_of_their_own(capsys):
    fit(callbacks.LearningRateScheduler(lambda epoch: 0.25, verbose=1), epochs=1)
    assert capsys.readouterr().out == "\nEpoch 1: LearningRateScheduler setting learning rate to 0.25.\n"
    fit(Feed(val_loss=[1.0] * 4), callbacks.ReduceLROnPlateau(factor=0.5, patience=2, verbose=1))
    assert capsys.readouterr().out == "\nEpoch 3: ReduceLROnPlateau reducing learning rate to 0.25.\n"


def test_checkpoints_are_told_before_and_after(tmp_path, capsys):
    path = tmp_path / "m.weights.h5"
    options = dict(save_weights_only=True, verbose=1)
    fit(callbacks.ModelCheckpoint(path, **options), epochs=1)
    assert capsys.readouterr().out == f"\nEpoch 1: saving model to {path}\n\nEpoch 1: finished saving model to {path}\n"
    fit(Feed(val_loss=[0.5, 0.75]), callbacks.ModelCheckpoint(path, save_best_only=True, **options), epochs=2)
    told = capsys.readouterr().out.split("\n\n")
    assert told[0] == f"\nEpoch 1: val_loss improved from None to 0.50000, saving model to {path}"
    assert told[2] == "Epoch 2: val_loss did not improve from 0.50000\n"


def test_checkpoints_within_an_epoch_are_named_by_batch(tmp_path):
    save = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=2)
    fit(save, epochs=2, batch_size=4)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1-2.weights.h5", "2-1.weights.h5", "2-3.weights.h5"]


@pytest.mark.parametrize(
    "name, mode, better", [("val_loss", "auto", "less"), ("val_loss", "max", "greater"), ("x", "min", "less")]
)
def test_the_op_that_compares(name, mode, better):
    assert callbacks.EarlyStopping(name, mode=mode).monitor_op is getattr(ops, better)
    assert callbacks.EarlyStopping("whatever").monitor_op is None


def test_metrics_say_which_way_is_better():
    given = [
        metrics.SensitivityAtSpecificity(0.5, name="x"),
        metrics.MeanAbsoluteError(name="y"),
        metrics.CosineSimilarity(name="z"),
    ]
    for name, better in (("x", "greater"), ("y", "less"), ("val_z", "greater")):
        stop = callbacks.EarlyStopping(name, patience=9)
        fit(stop, metrics=given, epochs=1, validation_data=(X, Y))
        assert stop.monitor_op is getattr(ops, better)


@pytest.mark.parametrize("make", [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau])
def test_a_number_of_which_nothing_says_what_is_better(make):
    with pytest.raises(ValueError, match="mode='max' or mode='min'"):
        fit(Feed(score=[1.0] * 4), make("score"))
    fit(Feed(score=[1.0] * 4), make("score", mode="max"))


def test_improvement_short_of_the_baseline_does_not_stop():
    """It waits on, as in Keras, until an epoch is no better than those before."""
    stop = callbacks.EarlyStopping(baseline=0.4, patience=1)
    history = fit(Feed(val_loss=[1.0, 0.9, 0.95, 0.5]), stop)
    assert history.epoch == [0, 1, 2] and stop.wait == 3 and stop.best == 0.9


def test_tables_have_a_place_for_what_comes_later(tmp_path):
    path = tmp_path / "log.csv"
    fit(callbacks.CSVLogger(path), epochs=2, validation_data=(X, Y), validation_freq=2)
    rows = [*csv.DictReader(path.read_text().splitlines())]
    assert [*rows[0]] == ["epoch", "loss", "val_loss"]
    assert rows[0]["val_loss"] == "NA" and float(rows[1]["val_loss"]) >= 0


def test_tables_hold_lists(tmp_path):
    path = tmp_path / "log.csv"
    fit(Feed(several=[[1, 2]], more=[np.array([0.5])]), callbacks.CSVLogger(path), epochs=1)
    (row,) = csv.DictReader(path.read_text().splitlines())
    assert row["several"] == '"[1, 2]"' and row["more"] == '"[0.5]"'


def test_paths_are_shown_as_texts(tmp_path):
    assert callbacks.CSVLogger(tmp_path / "a").filename == str(tmp_path / "a")
    assert callbacks.BackupAndRestore(tmp_path).backup_dir == callbacks.TensorBoard(tmp_path).log_dir == str(tmp_path)


def test_progress_of_values_in_lists(capsys):
    bar = kerata.utils.Progbar(2, verbose=2)
    bar.update(1, [("a", [1.0, 3.0])])
    bar.update(2, [("a", [3.0, 5.0]), ("small", 0.0)], finalize=False)
    bar.update(2, finalize=True)
    assert bar.stateful_metrics == set()
    assert capsys.readouterr().out.endswith("a: 3.0000 - small: 0.0000e+00\n")
