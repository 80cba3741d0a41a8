"""Old names and arguments."""

import importlib
import subprocess
import sys
import warnings

import numpy as np
import pytest

import kerata
from kerata.compat import tables, translate
from kerata.compat.generations import GENERATIONS


@pytest.fixture(autouse=True)
def forget_what_was_told():
    translate._told.clear()


def test_old_arguments_work_and_name_their_replacement_once():
    with pytest.warns(DeprecationWarning, match=r"SGD\(lr=\) is now SGD\(learning_rate=\)"):
        assert float(kerata.optimizers.SGD(lr=0.25).learning_rate) == 0.25
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kerata.optimizers.SGD(lr=0.5)
    with pytest.warns(DeprecationWarning):
        layer = kerata.layers.Dense(output_dim=3, init="normal", bias=False)
    assert (layer.units, layer.use_bias, type(layer.kernel_initializer).__name__) == (3, False, "RandomNormal")


def test_old_methods():
    x, y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")

    def batches():
        while True:
            yield x, y

    model = kerata.Sequential([kerata.layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    with pytest.warns(DeprecationWarning, match=r"fit_generator\(\) is now fit\(\)"):
        history = model.fit_generator(batches(), 3, 2, workers=4, verbose=0)
    assert len(history.epoch) == 2
    with pytest.warns(DeprecationWarning):
        assert model.predict_generator(batches(), steps=2, verbose=0).shape == (16, 1)
    with pytest.raises(AttributeError, match="no attribute 'fit_generatr'"):
        _ = model.fit_generatr


def test_the_tables_name_what_exists():
    for new, _ in tables.METHODS.values():
        assert hasattr(kerata.Model, new)
    for new in tables.LAYERS.values():
        home, _, name = f"kerata.layers.{new}".rpartition(".")
        assert getattr(importlib.import_module(home), name)
    for path in tables.MODULES:
        for generation in GENERATIONS.values():
            assert generation.has_module(path)


ALIAS = """
import kerata
kerata.install_as_keras()
import keras, keras.backend
from keras import layers
from keras.layers import Dense
from keras.layers.core import Dropout
from keras.layers.convolutional import Conv2D
from keras.models import Sequential
from keras.utils.np_utils import get_uid
import keras.optimizers as optimizers
assert keras.layers.Dense is Dense is kerata.layers.Dense and layers.Dropout is Dropout
assert isinstance(keras.layers.CuDNNLSTM(3), kerata.layers.LSTM)
assert keras.layers.ConvLSTM2DCell(3, 2).kernel_size == (2, 2)
try:
    import keras.no_such_module
    raise AssertionError
except ModuleNotFoundError:
    pass
"""


def test_the_alias():
    done = subprocess.run([sys.executable, "-c", ALIAS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_paths_of_kerass_own_files_lead_to_the_public_names():
    """Its documented examples import from there."""
    code = """
import kerata
kerata.install_as_keras()
from keras.src import dtype_policies, ops
from keras.src.initializers import Ones
from keras.src.layers import Dense
assert Dense is kerata.layers.Dense and Ones is kerata.initializers.Ones and ops.diff is kerata.ops.diff
try:
    import keras.srcs
except ModuleNotFoundError:
    pass
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_alias_does_not_replace_a_package_in_use():
    code = "import sys, types; sys.modules['keras'] = types.ModuleType('keras')\nimport kerata\nkerata.install_as_keras()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "was imported before" in done.stderr


TENSORFLOW_KERAS = """
import sys
import kerata
kerata.install_as_keras()
kerata.install_as_keras()
{before}
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.layers import Dense
from tensorflow.keras.layers import *
from tensorflow.keras.utils import to_categorical
import tensorflow as tf
import tensorflow.keras.models as models
assert tf.keras is keras and keras.__version__ == kerata.__version__
assert tf.keras.layers.Dense is layers.Dense is Dense is kerata.layers.Dense
assert LSTM is kerata.layers.LSTM and issubclass(CuDNNLSTM, LSTM)
assert models.Sequential is tf.keras.Sequential is kerata.Sequential
assert all(type(m).__module__ == "kerata.compat.alias" for name, m in sys.modules.items() if name.startswith("keras"))
"""


@pytest.mark.parametrize("before", ["", "kerata.config.set_backend('tensorflow')"])
def test_keras_of_tensorflow_is_keratas_and_tensorflow_itself_is_not(before):
    pytest.importorskip("tensorflow")
    program = TENSORFLOW_KERAS.format(before=before) + "assert tf.reduce_sum(tf.constant([1.0, 2.0])).numpy() == 3.0"
    program += "\nassert tf.__spec__.origin and tf.__loader__ is tf.__spec__.loader\nimport tensorflow.nn"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_alias_can_come_after_the_tensorflow_engine():
    pytest.importorskip("tensorflow")
    program = "import kerata\nkerata.config.set_backend('tensorflow')\n" + TENSORFLOW_KERAS.format(before="")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_keras_of_tensorflow_without_tensorflow():
    hide = "import importlib.machinery as m\nfind = m.PathFinder.find_spec\n"
    hide += "m.PathFinder.find_spec = lambda name, *rest: None if name == 'tensorflow' else find(name, *rest)\n"
    program = (
        hide
        + TENSORFLOW_KERAS.format(before="")
        + (
            "assert not kerata.engines._is_installed('tensorflow')\n"
            "try:\n    tf.transpose\nexcept AttributeError as error:\n    print(error)"
        )
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tensorflow.transpose: TensorFlow isn't installed; only tensorflow.keras")
