"""An engine's library that isn't there is not missed by the others, and one that isn't needed is not imported."""

import os
import pathlib
import subprocess
import sys
import sysconfig

import pytest

SOURCE = pathlib.Path(__file__).parents[2] / "src"
LIBRARIES = {"jax": ("jax", "jaxlib"), "torch": ("torch", "functorch", "torchgen"), "tensorflow": ("tensorflow",)}
TRAIN = """
import sys
import numpy as np
import kerata
from kerata import layers

model = kerata.Sequential([kerata.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(2)])
model.compile("adam", "mse", metrics=["mae"])
x, y = np.ones((8, 8, 8, 1), "float32"), np.ones((8, 2), "float32")
model.fit(x, y, verbose=0)
model.save(sys.argv[1])
assert np.allclose(kerata.models.load_model(sys.argv[1]).predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)
print(kerata.config.backend(), *[name for name in ("jax", "torch", "tensorflow") if name in sys.modules])
"""


def run(program, folder, installed, **environment):
    """Run a program where, of the engines' libraries, only some are installed; what it prints last."""
    packages = folder / "packages"
    packages.mkdir()
    hidden = {package for name, names in LIBRARIES.items() if name not in installed for package in names}
    for entry in pathlib.Path(sysconfig.get_paths()["purelib"]).iterdir():
        if entry.name not in hidden and entry.suffix != ".pth":
            (packages / entry.name).symlink_to(entry)
    kept = {k: v for k, v in os.environ.items() if k not in ("KERAS_BACKEND", "KERATA_BACKEND")}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, str(folder / "model.keras")],
        capture_output=True,
        text=True,
        env={**kept, "PYTHONPATH": os.pathsep.join((str(SOURCE), str(packages))), "HOME": str(folder), **environment},
    )
    return done.stdout.strip().splitlines()[-1:] or [done.stderr.strip().splitlines()[-1]]


@pytest.mark.parametrize("name", LIBRARIES)
def test_each_engine_alone_trains_saves_and_loads(name, tmp_path):
    assert run(TRAIN, tmp_path, [name]) == [f"{name} {name}"]


def test_where_all_are_installed_only_the_default_is_imported(tmp_path):
    assert run(TRAIN, tmp_path, LIBRARIES) == ["jax jax"]


def test_asking_for_what_is_not_installed_says_what_to_install(tmp_path):
    (message,) = run("import kerata; kerata.config.set_backend('torch')", tmp_path, ["jax"])
    assert message.endswith("The engine 'torch' needs a library that isn't installed: pip install kerata[torch]")


def test_without_any_numpy_is_the_engine_and_training_says_so(tmp_path):
    (message,) = run(TRAIN, tmp_path, [])
    assert message.startswith("RuntimeError: The NumPy engine runs models but can't train them")


@pytest.mark.parametrize(("configured", "expected"), [("tensorflow", "torch"), ("numpy", "numpy"), ("theano", "torch")])
def test_a_configured_engine_that_is_not_installed_is_passed_over(configured, expected, tmp_path):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(f'{{"backend": "{configured}"}}')
    assert run("import kerata; print(kerata.config.backend())", tmp_path, ["torch"]) == [expected]
