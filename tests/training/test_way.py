"""The way of one batch: from `fit` to an optimizer's rule in few frames, each room entered once; who reads what of a model."""

import ast
import pathlib
import traceback

import numpy as np
import pytest

import kerata
from kerata.optimizers import Adamax

ROOT = pathlib.Path(kerata.__file__).parent
MOST = {"jax": 12, "torch": 12, "tensorflow": 14}


@pytest.fixture
def frames(monkeypatch):
    """The frames of kerata's, as (file, function), when a rule is first called."""
    found, rule = [], Adamax.rule

    def noting(self, *arguments):
        if not found:
            found.extend(
                (f.filename, f.name) for f in traceback.extract_stack() if pathlib.Path(f.filename).is_relative_to(ROOT)
            )
        return rule(self, *arguments)

    monkeypatch.setattr(Adamax, "rule", noting)
    return found


def test_few_frames_and_no_room_entered_twice(frames, training_engine):
    model = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(3)])
    model.compile(Adamax(), "mse")
    model.fit(np.ones((64, 4), "float32"), np.ones((64, 3), "float32"), verbose=0)
    way = frames[[name for _, name in frames].index("fit") :]
    assert len(way) + 1 <= MOST[training_engine.name], way
    rooms = [file for i, (file, _) in enumerate(way) if i == 0 or file != way[i - 1][0]]
    if training_engine.name != "tensorflow":  # its graphs' file calls back into the engine's while it traces
        assert len(rooms) == len(set(rooms)), rooms


@pytest.mark.parametrize("name", ["run", "program", "parts", "predictor", "padding", "anomaly", "data", "prefetch"])
def test_runs_and_programs_read_nothing_private_of_a_model(name):
    for node in ast.walk(ast.parse((ROOT / "training" / f"{name}.py").read_text())):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            owner = ast.unparse(node.value)
            assert owner != "model" and not owner.endswith((".model", "compilation")), f"{owner}.{node.attr} in {name}.py"


def test_fit_hands_on_what_it_was_given_by_name():
    source = (ROOT / "training" / "trainer.py").read_text()
    assert "locals()" not in source


def test_one_number_says_whether_a_layer_holds_something_else():
    class Holds(kerata.layers.Layer):
        def __init__(self):
            super().__init__()
            self.blocks, self.named = [], {"a": None}

        def call(self, x):
            return x

    layer, dense = Holds(), kerata.layers.Dense(2)
    dense.build((None, 3))
    assert layer.weights == []
    layer.blocks.append([dense])  # changed in place, two deep
    assert len(layer.weights) == 2
    layer.blocks[0].append(kerata.layers.Dense(1))
    layer.blocks[0][1].build((None, 2))
    assert len(layer.weights) == 4
    layer.blocks.clear()
    assert layer.weights == []
    layer.named["a"] = dense  # the dict is as long as before
    assert len(layer.weights) == 2
    layer.named = {}
    assert layer.weights == []
    layer.own = dense
    assert [x is dense for x in layer._flatten_layers(include_self=False)] == [True]
    del layer.own
    assert layer.weights == [] and layer.metrics == []
    layer.metric = kerata.metrics.Mean()
    assert len(layer.metrics) == 1
    outer = Holds()
    outer.inner = layer
    assert len(outer.metrics) == 1
    layer.metric = None
    assert outer.metrics == []
