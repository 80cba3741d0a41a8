"""The names that callbacks watch: those of older versions, other names of one metric, and names that are wrong."""

import numpy as np
import pytest

import kerata
from kerata import callbacks, layers, metrics
from kerata.callbacks.log_names import entry_named

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")


def fitted(callback, given, **options):
    kerata.utils.set_random_seed(0)
    m = kerata.Sequential([kerata.Input((3,)), layers.Dense(1, activation="sigmoid")])
    m.compile("sgd", "binary_crossentropy", metrics=given)
    options = {"validation_data": (X, Y), "epochs": 3, "verbose": 0} | options
    return m.fit(X, Y, callbacks=[callback], **options).history


SAME = [
    ("val_acc", "accuracy", "val_accuracy"),
    ("val_accuracy", "acc", "val_acc"),
    ("acc", "accuracy", "accuracy"),
    ("accuracy", "acc", "acc"),
    ("val_binary_accuracy", "accuracy", "val_accuracy"),
    ("val_mean_absolute_error", "mae", "val_mae"),
    ("mae", "mean_absolute_error", "mean_absolute_error"),
    ("val_auc", lambda: metrics.AUC(name="auc_3"), "val_auc_3"),
    ("val_precision", lambda: metrics.Precision(name="p"), "val_p"),
]


@pytest.mark.parametrize("name, given, shown", SAME)
def test_other_names_of_the_same_number(name, given, shown):
    stop = callbacks.EarlyStopping(name, patience=9)
    history = fitted(stop, [given() if callable(given) else given])
    best = min if shown.endswith(("mae", "error")) else max
    assert stop.best == best(history[shown])


def test_checkpoints_are_written_under_old_names(tmp_path):
    save = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{val_acc:.2f}.keras", monitor="val_acc", save_best_only=True)
    history = fitted(save, ["accuracy"])
    best = [max(history["val_accuracy"][: i + 1]) for i in range(3)]
    expected = [f"{i + 1}-{b:.2f}.keras" for i, b in enumerate(best) if i == 0 or b > best[i - 1]]
    assert sorted(p.name for p in tmp_path.iterdir()) == expected


def test_rates_are_lowered_under_old_names():
    slower = callbacks.ReduceLROnPlateau("val_acc", patience=1, min_delta=1.0)
    history = fitted(slower, ["accuracy"])["learning_rate"]
    np.testing.assert_allclose(history, [0.01, 0.01, 0.001], rtol=1e-5)


@pytest.mark.parametrize(
    "name, given, options, message",
    [
        (
            "val_acc",
            ["binary_accuracy"],
            {},
            "'val_acc', .*they have .*val_binary_accuracy.*Did you mean 'val_binary_accuracy'",
        ),
        ("val_los", [], {}, "Did you mean 'val_loss'"),
        ("accurracy", ["accuracy"], {}, "Did you mean 'accuracy'"),
        ("val_acc", ["accuracy"], {"validation_data": None}, "they have accuracy, loss.* Give fit validation_data"),
        ("val_precision", lambda: [metrics.Precision(thresholds=0.9, name="p")], {}, "they have .*val_p.*"),
        ("val_auc", lambda: [metrics.AUC(name="auc_1"), metrics.AUC(name="auc_2")], {}, "Did you mean 'val_auc_"),
    ],
)
def test_a_name_that_is_not_there_is_told_once(name, given, options, message, tmp_path):
    """One warning for each run, which gives no false cure."""
    for make in (
        lambda: callbacks.EarlyStopping(name),
        lambda: callbacks.ReduceLROnPlateau(name),
        lambda: callbacks.ModelCheckpoint(tmp_path / "m.keras", name, save_best_only=True),
    ):
        with pytest.warns(UserWarning, match=message) as told:
            history = fitted(make(), given() if callable(given) else given, **options)
        assert len(told) == 1
        assert len(history["loss"]) == 3
        assert ("Give fit validation_data" in str(told[0].message)) == (options != {})
    assert not [*tmp_path.iterdir()]


def test_each_run_is_told():
    stop = callbacks.EarlyStopping("val_nothing")
    for _ in range(2):
        with pytest.warns(UserWarning, match="val_nothing"):
            fitted(stop, [])


def test_outputs_have_accuracies_of_their_own():
    logs = {"a_accuracy": 0.1, "b_acc": 0.2, "val_a_accuracy": 0.3}
    assert entry_named("val_a_acc", logs) == "val_a_accuracy"
    assert entry_named("b_accuracy", logs) == "b_acc"
    assert entry_named("acc", logs) is None
    assert entry_named("val_b_acc", logs) is None
