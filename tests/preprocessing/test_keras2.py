"""The data tools against those of Keras 2, whose results `expected/programs.py` wrote."""

import importlib
import json
import pathlib

import numpy as np
import pytest

from tests.preprocessing.expected import programs

FOLDER = pathlib.Path(programs.__file__).parent
CASES = [
    (oracle, module, program)
    for oracle, modules in programs.PROGRAMS.items()
    for module, several in modules.items()
    for program in several
]


def compare(found, expected, where):
    """Equal but for rounding."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        for name, value in expected.items():
            compare(found[name], value, f"{where}: {name}")
    elif is_numbers(expected):
        np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), 2e-4, 2e-4, err_msg=where)
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), where
        for i, (one, other) in enumerate(zip(found, expected)):
            compare(one, other, f"{where}[{i}]")
    else:
        assert found == expected, where


def is_numbers(value):
    """Whether this is a number or an array of numbers."""
    try:
        return np.asarray(value).dtype.kind in "if" and np.size(value) > 0
    except ValueError:
        return False


@pytest.mark.filterwarnings("ignore:.*are left out")
@pytest.mark.parametrize("oracle, module, program", CASES, ids=lambda v: getattr(v, "__name__", v))
def test_programs_give_what_they_gave(oracle, module, program):
    expected = json.loads((FOLDER / f"{oracle}.json").read_text())[program.__name__]
    found = programs.results(program, importlib.import_module(f"kerata.preprocessing.{module}"))
    assert list(found) == list(expected)
    for name, value in expected.items():
        compare(json.loads(json.dumps(found[name])), value, name)
