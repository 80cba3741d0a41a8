"""Programs of older generations give the numbers that their Keras gave."""

import json
import pathlib

import numpy as np
import pytest

from tests.compat.layers import programs
from tests.compat.layers.era import keras

EXPECTED = {
    generation: json.loads((pathlib.Path(__file__).parent / "expected" / f"{generation}.json").read_text())
    for generation in programs.PROGRAMS
}


@pytest.mark.parametrize("generation", programs.PROGRAMS)
def test_layers_compute_what_they_did(generation, engine):
    found = {}
    for name, layer, shape in programs.PROGRAMS[generation](keras(generation)):
        if engine.name == "numpy" or engine.name == "jax" or name[-1] in "mDds":  # all on two engines, some on the others
            found[name] = programs.run(keras(generation), layer, shape)
    wrong = [name for name, (shapes, values) in found.items() if not _equal(EXPECTED[generation][name], shapes, values)]
    assert not wrong


def _equal(expected, shapes, values):
    return expected[0] == shapes and np.allclose(expected[1], values, atol=2e-4, equal_nan=True)


def test_merge_computes_what_it_did(engine):
    found = programs.merged(keras("keras1"))
    assert found.keys() == EXPECTED["keras1"]["merge"].keys()
    for name, values in found.items():
        np.testing.assert_allclose(values, EXPECTED["keras1"]["merge"][name], atol=2e-4, err_msg=name)
