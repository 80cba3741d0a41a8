"""The examples, run short."""

import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parent.parent / "examples"
EXAMPLES = sorted(f.stem for f in FOLDER.glob("*.py") if f.stem != "common")


@pytest.mark.parametrize("engine", ["jax", "torch", "tensorflow"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_on_every_engine(name, engine):
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py")],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "KERATA_SHORT": "1", "KERATA_BACKEND": engine},
    )
    assert done.returncode == 0, done.stderr
    assert "nan" not in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_tells_its_measured_result(name):
    text = (FOLDER / f"{name}.py").read_text()
    assert "Measured: " in text.split('"""')[1]
    assert "RESULT" not in text.split('"""')[1]
