"""The optimizers of Keras 1 and 2: their rules are those of Keras 1.2.2."""

import json
import pathlib
import types

import numpy as np
import pytest

import kerata
from kerata.compat.generations import GENERATIONS
from tests.compat import optimizer_programs

EXPECTED = json.loads((pathlib.Path(__file__).parent / "expected/optimizers.json").read_text())
NAMES = ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam")


def namespace(generation, home, *names):
    return types.SimpleNamespace(**{name: GENERATIONS[generation].get(home, name) for name in names})


@pytest.mark.parametrize("case", EXPECTED)
def test_steps_are_those_of_keras_1(case, training_engine):
    optimizer = optimizer_programs.optimizers(namespace("keras1", "optimizers", *NAMES))[case]
    models, layers = namespace("keras1", "models", "Sequential"), namespace("keras1", "layers", "Dense")
    found = optimizer_programs.weights_after(optimizer, models, layers)
    np.testing.assert_allclose(found, EXPECTED[case], rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_saved_and_found_again(name, tmp_path):
    made = namespace("keras2", "optimizers", name)
    optimizer = getattr(made, name)(lr=0.25, decay=0.5)
    assert isinstance(optimizer, getattr(kerata.optimizers, name)) or name in ("RMSprop", "Adagrad", "Adadelta")
    assert isinstance(optimizer, getattr(made, name)) and optimizer.get_config()["decay"] == 0.5
    model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    model.compile(optimizer, "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kerata.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.decay == 0.5
    for m in (model, loaded):
        m.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    for a, b in zip(model.get_weights(), loaded.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_the_learning_rate_is_read_and_set():
    sgd = GENERATIONS["keras2"].get("optimizers", "SGD")(lr=0.5, decay=1.0)
    assert float(sgd.lr.numpy()) == 0.5
    sgd.lr = 0.25
    w = kerata.Variable([1.0])
    for expected in (0.75, 0.625):  # 1 - 0.25, then - 0.25 / (1 + 1)
        sgd.apply([[1.0]], [w])
        assert float(w.numpy()[0]) == expected


def test_optimizers_of_tensorflow_1_are_refused():
    with pytest.raises(TypeError, match="keras.optimizers"):
        GENERATIONS["keras2"].get("optimizers", "TFOptimizer")(object())
    with pytest.raises(TypeError, match="Did you mean|no argument"):
        GENERATIONS["keras2"].get("optimizers", "SGD")(momentums=0.5)


def test_tf_keras_has_todays():
    adam = GENERATIONS["tf_keras"].get("optimizers", "Adam")(0.5, jit_compile=True)
    assert "decay" not in adam.get_config() and type(adam).rule is kerata.optimizers.Adam.rule
