"""Checkpoints by Orbax: which are kept, what comes back, on each engine, from Keras and when something is wrong."""

import importlib
import json
import pathlib
import sys
import warnings

import numpy as np
import pytest

import kerata
from kerata import layers
from kerata.callbacks import OrbaxCheckpoint
from tests.oracle import keras

pytest.importorskip("orbax.checkpoint", reason="the optional library orbax-checkpoint is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning:orbax", "ignore::ResourceWarning")

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(8, 3)).astype("float32"), RANDOM.normal(size=(8, 2)).astype("float32")


def network(module=kerata, compiled=True):
    x = module.Input((3,))
    y = module.layers.BatchNormalization(name="normal")(module.layers.Dense(4, name="first")(x))
    y = module.layers.Dropout(0.1)(module.layers.Dropout(0.2)(y))
    model = module.Model(x, module.layers.Dense(2, name="last")(y))
    if compiled:
        model.compile("adam", "mse", metrics=["mae"])
    return model


def train(model, callback, **options):
    return model.fit(X, Y, callbacks=[callback], verbose=0, **({"epochs": 3, "batch_size": 4} | options))


def steps(folder):
    return sorted(int(p.name) for p in pathlib.Path(folder).iterdir() if p.name.isdigit())


def assert_equal(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("background", [True, False])
def test_training_goes_on_from_a_checkpoint(training_engine, tmp_path, background):
    model = network()
    train(model, OrbaxCheckpoint(tmp_path / "run", save_on_background=background))
    assert steps(tmp_path / "run") == [2]
    again = kerata.models.load_model(tmp_path / "run")
    assert_equal(model.get_weights(), again.get_weights())
    assert_equal([v.numpy() for v in model.optimizer.variables], [v.numpy() for v in again.optimizer.variables])
    assert_equal(*([v.numpy() for v in m._state_groups()["non_trainable_variables"]] for m in (model, again)))
    np.testing.assert_allclose(*(m.evaluate(X, Y, verbose=0) for m in (model, again)), rtol=1e-6)
    further = [train(m, kerata.callbacks.Callback(), shuffle=False).history["loss"] for m in (model, again)]
    np.testing.assert_allclose(further[0], further[1], rtol=1e-5)


def test_a_checkpoint_moves_between_engines(tmp_path):
    with kerata.use_engine("torch"):
        model = network()
        train(model, OrbaxCheckpoint(tmp_path / "run"))
        weights = model.get_weights()
    for name in ("jax", "tensorflow", "numpy"):
        with kerata.use_engine(name):
            assert_equal(weights, kerata.models.load_model(tmp_path / "run", compile=False).get_weights())


@pytest.mark.parametrize("kept, expected", [(1, [3]), (2, [2, 3]), (None, [0, 1, 2, 3])])
def test_how_many_are_kept(tmp_path, kept, expected):
    train(network(), OrbaxCheckpoint(tmp_path / "run", max_to_keep=kept), epochs=4)
    assert steps(tmp_path / "run") == expected


def test_every_so_many_batches(tmp_path):
    train(network(), OrbaxCheckpoint(tmp_path / "run", save_freq=2, max_to_keep=None), epochs=3, batch_size=2)
    assert steps(tmp_path / "run") == [2, 4, 6, 8, 10, 12]
    model = kerata.models.load_model(tmp_path / "run" / "4")
    assert int(model.optimizer.iterations.numpy()) == 4


def test_weights_alone(training_engine, tmp_path):
    model = network()
    train(model, OrbaxCheckpoint(tmp_path / "run", save_weights_only=True))
    fresh = network(compiled=False)
    fresh.load_weights(tmp_path / "run")
    assert_equal(model.get_weights(), fresh.get_weights())
    with pytest.raises(ValueError, match="holds weights alone"):
        kerata.models.load_model(tmp_path / "run")


def test_only_better_models_are_saved(tmp_path, capsys):
    class Rates(kerata.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["score"] = [0.5, 0.4, 0.7, 0.6][epoch]

    callback = OrbaxCheckpoint(tmp_path / "run", "score", verbose=1, save_best_only=True, mode="max", max_to_keep=None)
    network().fit(X, Y, epochs=4, callbacks=[Rates(), callback], verbose=0)
    assert steps(tmp_path / "run") == [0, 2] and callback.best == 0.7
    assert "Epoch 3: score improved from 0.50000 to 0.70000" in capsys.readouterr().out
    callback = OrbaxCheckpoint(tmp_path / "other", "score", save_best_only=True, mode="max", initial_value_threshold=0.9)
    network().fit(X, Y, epochs=4, callbacks=[Rates(), callback], verbose=0)
    assert not (tmp_path / "other").exists()


def test_a_second_run_in_the_same_folder_goes_on_counting(tmp_path):
    model, callback = network(), OrbaxCheckpoint(tmp_path / "run", max_to_keep=2)
    train(model, callback, epochs=2)
    train(model, callback, epochs=2)
    assert steps(tmp_path / "run") == [2, 3]
    assert_equal(model.get_weights(), kerata.models.load_model(tmp_path / "run").get_weights())


def test_models_built_when_first_called(tmp_path):
    model = kerata.Sequential([layers.Dense(3, name="one"), layers.Dense(2, name="two")])
    model.compile("adam", "mse")
    train(model, OrbaxCheckpoint(tmp_path / "run"))
    again = kerata.models.load_model(tmp_path / "run")
    assert_equal(model.get_weights(), again.get_weights())
    assert_equal([v.numpy() for v in model.optimizer.variables], [v.numpy() for v in again.optimizer.variables])


def test_checkpoints_of_keras(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = network(keras())
        callback = keras().callbacks.OrbaxCheckpoint(str(tmp_path / "run"))
        model.fit(X, Y, epochs=2, callbacks=[callback], verbose=0)
        callback.wait_until_finished()
        expected = model.get_weights()
        moments = [np.asarray(v) for v in model.optimizer.variables]
    found = kerata.models.load_model(tmp_path / "run")
    assert_equal(expected, found.get_weights())
    assert_equal(moments, [v.numpy() for v in found.optimizer.variables])


def test_keras_reads_the_checkpoints(tmp_path):
    model = network()
    train(model, OrbaxCheckpoint(tmp_path / "run"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = keras().saving.load_model(str(tmp_path / "run"))
        np.testing.assert_allclose(np.asarray(theirs(X)), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_one_process_is_the_first():
    callback = OrbaxCheckpoint("run")
    assert callback.is_primary_host() and not callback.is_multihost_enabled()
    callback.wait_until_finished()


def test_variables_of_one_name(tmp_path):
    x = kerata.Input((3,))
    inner = [kerata.Sequential([kerata.Input((3,)), layers.Dense(3, name="same")], name=name) for name in ("a", "b")]
    model = kerata.Model(x, inner[1](inner[0](x)))
    model.compile("sgd", "mse")
    model.fit(X, X, callbacks=[OrbaxCheckpoint(tmp_path / "run")], verbose=0)
    assert_equal(model.get_weights(), kerata.models.load_model(tmp_path / "run").get_weights())


def test_checkpoints_that_do_not_fit_change_nothing(tmp_path):
    train(network(), OrbaxCheckpoint(tmp_path / "run"))
    x = kerata.Input((3,))
    other = kerata.Model(x, layers.Dense(2, name="last")(layers.Dense(5, name="first")(x)))
    before = other.get_weights()
    with pytest.raises(ValueError, match="'first/kernel' has shape \\(3, 5\\), in the checkpoint \\(3, 4\\)") as caught:
        other.load_weights(tmp_path / "run")
    assert "the model lacks 'normal/gamma'" in str(caught.value)
    assert_equal(before, other.get_weights())


def test_folders_without_checkpoints(tmp_path):
    with pytest.raises(ValueError, match="no .keras file"):
        kerata.models.load_model(tmp_path)


def test_nothing_that_a_stranger_wrote_into_a_checkpoint_runs(tmp_path, monkeypatch):
    x = kerata.Input((3,))
    model = kerata.Model(x, layers.Dense(2)(x))
    model.compile("sgd", "mse")
    train(model, OrbaxCheckpoint(tmp_path / "run"), epochs=1)
    (tmp_path / "handler_of_a_stranger.py").write_text("raise SystemExit('it was imported')")
    monkeypatch.syspath_prepend(tmp_path)
    about = tmp_path / "run" / "0" / "_CHECKPOINT_METADATA"
    described = json.loads(about.read_text())
    described["item_handlers"] = dict.fromkeys(described["item_handlers"], "handler_of_a_stranger.Handler")
    about.write_text(json.dumps(described))
    assert_equal(model.get_weights(), kerata.models.load_model(tmp_path / "run").get_weights())
    texts = tmp_path / "run" / "0" / "model_config" / "_strings.json"
    config = json.loads(json.loads(texts.read_text())["config"])
    code = {"class_name": "__lambda__", "config": {"code": "4wE=", "defaults": None, "closure": None}}
    config["config"]["layers"][1] |= {"class_name": "Lambda", "config": {"name": "dense", "function": code}}
    texts.write_text(json.dumps({"config": json.dumps(config)}))
    with pytest.raises(ValueError, match="byte code"):
        kerata.models.load_model(tmp_path / "run")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"save_freq": "batch"}, "'epoch' or a number of batches; 'batch' came"),
        ({"save_freq": 0}, "0 came"),
        ({"max_to_keep": 0}, "at least 1, or None"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        OrbaxCheckpoint("run", **arguments)


def test_orbax_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setattr(importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    with pytest.raises(ImportError, match="pip install orbax-checkpoint"):
        OrbaxCheckpoint("run")
    assert "kerata.callbacks.orbax" in sys.modules
