"""Every code cell of the texts about Keras that is meant to run, run as it stands on kerata."""

import functools
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from tests.documents.run_cells import cells_of

CELLS = pathlib.Path(__file__).parent / "cells"

# Names that the notebook's lost cells had imported.
PRELUDE = {
    "001": "from keras.layers import Flatten, GlobalMaxPooling1D, LSTM, Lambda, MaxPooling1D\nimport numpy as np\n",
    "002": """
import numpy as np
from keras.layers import MaxPooling2D, Dropout
def data(n):
    return np.random.rand(n, 100).astype("float32"), np.eye(64, dtype="float32")[np.random.randint(0, 64, n)]
(x_train, y_train), (x_test, y_test) = data(320), data(128)
""",
    "003": "",
    "004": "",
}

# Cells that wait for other parts, or that no longer run on any Keras.
WAITING = {
    ("002", 15): "ResNet50 with ImageNet weights: joins with the applications",
    ("002", 16): "VGG16 with ImageNet weights: joins with the applications",
    ("002", 17): "InceptionV3 with ImageNet weights: joins with the applications",
    ("002", 2): "an illustration: a Conv2D on the output of a Dense fits in no Keras; its layers are tested one by one below",
    ("002", 6): "a signature, not a program",
    ("002", 7): "a signature, not a program",
    ("002", 8): "markdown's ** inside the code: not Python; tested below without it",
    ("002", 9): "a signature, not a program",
    ("002", 10): "a signature, not a program",
    ("002", 11): "one of three alternatives for the same place; tested below on a model of its own",
    ("002", 12): "one of three alternatives for the same place; tested below on a model of its own",
    ("002", 13): "one of three alternatives for the same place; tested below on a model of its own",
    ("002", 3): "goes on from cell 2; tested below",
    ("002", 4): "goes on from cell 2; tested below",
    ("002", 5): "goes on from cell 2; tested below",
}

# Cells that use TensorFlow itself: they run on its engine, after the others of their text.
OF_TENSORFLOW = {("001", 99), ("004", 1)}

# NumPy says these in other words, or no longer allows them, since the texts were written.
CHANGED_IN_NUMPY = {("001", 3): "inhomogeneous", ("001", 160): "must match exactly", ("001", 163): "must match exactly"}


def runnable(text, engine="jax"):
    numbers = [n for n, _, _ in cells_of(CELLS / f"{text}.txt") if (text, n) not in WAITING]
    return [n for n in numbers if engine == "tensorflow" or (text, n) not in OF_TENSORFLOW]


@functools.cache
def outputs(text, engine="jax"):
    only = ",".join(map(str, runnable(text, engine)))
    command = [sys.executable, str(CELLS.parent / "run_cells.py"), str(CELLS / f"{text}.txt"), only, PRELUDE[text]]
    environment = {**os.environ, "KERATA_BACKEND": engine}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return {int(n): out for n, out in json.loads(done.stdout.splitlines()[-1]).items()}


def table(summary):
    """A summary's rows as (type, shape, parameters), and its totals."""
    rows = re.findall(r"^\S+ \((\w+)\)?\s+(\(.*?\))\s+(\d+)", summary, flags=re.M)
    totals = re.findall(r"^(\S+) params: ([\d,]+)", summary, flags=re.M)
    return [(kind, shape, int(count)) for kind, shape, count in rows], totals


def connections(summary):
    """How many inputs each row of a summary is connected to."""
    return len(re.findall(r"\w+\[\d+\]\[\d+\]", summary))


ENGINES = ["jax", *["tensorflow"] * (importlib.util.find_spec("tensorflow") is not None)]
TEXTS = {"jax": ("001", "003"), "tensorflow": ("001", "004")}
CASES = [(text, n, engine) for engine in ENGINES for text in TEXTS[engine] for n in runnable(text, engine)]


@pytest.mark.parametrize(("text", "number", "engine"), CASES)
def test_cell_prints_what_the_text_prints(text, number, engine):
    expected = next(out for n, _, out in cells_of(CELLS / f"{text}.txt") if n == number).strip()
    printed = outputs(text, engine)[number].strip()
    if (text, number) in CHANGED_IN_NUMPY:
        assert CHANGED_IN_NUMPY[text, number] in printed
    elif "Layer (type)" in expected:
        rows, totals = table(printed)
        expected_rows, expected_totals = table(expected)
        for (kind, *row), (expected_kind, *expected_row) in zip(rows, expected_rows):  # the text itself may be cut off
            assert kind.startswith(expected_kind), printed  # it cuts long names off
            assert row == expected_row, printed
        assert 0 < len(expected_rows) <= len(rows)
        if expected_totals:
            assert totals == expected_totals
            assert len(rows) == len(expected_rows)
        if "Connected to" in expected:
            assert connections(printed) >= connections(expected) > 0
    elif "Negative dimension size" in expected:
        assert printed.startswith("Error Details: Negative dimension size caused by subtracting 3 from 2")
    elif "dir(keras.layers)" in {n: code for n, code, _ in cells_of(CELLS / f"{text}.txt")}[number]:
        names = set(re.findall(r"'(\w+)'", expected))
        assert names <= set(re.findall(r"'(\w+)'", printed)), names - set(re.findall(r"'(\w+)'", printed))
    elif expected == "Using TensorFlow backend.":
        assert printed == ""  # there is no TensorFlow to tell of
    else:
        assert printed.split() == expected.split()


def test_the_recurrent_program_of_text_002_runs():
    printed = outputs("002")[14]
    assert "Error" not in printed


ALTERNATIVES = {
    "the pieces of cell 2 to 5": """
model = Sequential()
model.add(Dense(units=64, activation='softmax', input_dim=100))
{3}
{4}
{5}
assert len(loss_and_metrics) == 2
""",
    "the image pieces of cells 2 and 8": """
model = Sequential()
model.add(Conv2D(filters=32, kernel_size=(3, 3), activation='relu', input_shape=(28, 28, 1)))
model.add(MaxPooling2D(pool_size=(2, 2), strides=None, padding='valid'))
model.add(Conv2D(64, (3, 3), activation='relu'))
model.add(Flatten())
model.add(Dense(256, activation='relu'))
model.add(Dropout(0.5))
assert model.output_shape == (None, 256)
""",
    "SimpleRNN, cell 11": "model = Sequential()\n{11}\nassert model(np.ones((2, 5, 3))).shape == (2, 5, 50)",
    "LSTM, cell 12": "model = Sequential()\n{12}\nassert model(np.ones((2, 5, 3))).shape == (2, 50)",
    "GRU, cell 13": "model = Sequential()\n{13}\nassert model(np.ones((2, 5, 3))).shape == (2, 50)",
    "the transposing Lambda of text 001, with ops": """
from keras import ops
from keras.layers import Input, Lambda
inp = Input(shape = (200, 400))
out = Lambda(lambda x: ops.transpose(x, (0, 2, 1)), lambda x: (x[0], x[2], x[1]))(inp)
assert out.shape == (None, 400, 200)
""",
    "MinPooling, which text 001 asks for": """
from keras.layers import MinPooling2D, GlobalMinPooling2D
x = np.arange(16.0).reshape(1, 4, 4, 1)
assert np.asarray(MinPooling2D()(x)).ravel().tolist() == [0, 2, 8, 10]
""",
    "Bidirectional and the two directions of text 001": """
from keras.layers import Bidirectional, Input, concatenate
x = Input((7, 3))
merged = concatenate([LSTM(8)(x), LSTM(8, go_backwards=True)(x)], axis=1)
assert merged.shape == (None, 16)
model = Sequential()
model.add(Bidirectional(LSTM(8), input_shape=(7, 3)))
assert model.output_shape == (None, 16)
""",
    "a layer called on a layer, text 001": """
try:
    Dense(32)(Dense(64))
    raise AssertionError("no error")
except ValueError as error:
    assert "was called on the layer" in str(error), error
""",
    "fit_on_generator, text 001": """
def keras_generator(x, y, batch_size):
    while True:
        for i in range(0, len(x), batch_size):
            yield x[i:i+batch_size], y[i:i+batch_size]
model = Sequential([Dense(64, activation='softmax', input_dim=100)])
model.compile('adam', 'categorical_crossentropy')
batch_size = 32
history = model.fit_on_generator(keras_generator(x_train, y_train, batch_size), steps_per_epoch = len(x_train)//batch_size, epochs = 2)
assert len(history.history['loss']) == 2
""",
    "fit_generator and Sequence, text 000": """
from keras.utils import Sequence
class DataGenerator(Sequence):
    def __len__(self):
        return 10
    def __getitem__(self, index):
        return x_train[index * 32 : (index + 1) * 32], y_train[index * 32 : (index + 1) * 32]
    def on_epoch_end(self):
        pass
model = Sequential([Dense(64, activation='softmax', input_dim=100)])
model.compile('adam', 'categorical_crossentropy')
history = model.fit_generator(DataGenerator(), epochs=2, workers=2, use_multiprocessing=False)
assert model.predict_generator(DataGenerator()).shape == (320, 64)
""",
}


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_pieces_of_the_texts(name, tmp_path):
    cells = {str(n): code for n, code, _ in cells_of(CELLS / "002.txt")}
    program = re.sub(r"\{(\d+)\}", lambda m: cells[m.group(1)], ALTERNATIVES[name])
    imports = "import warnings\nwarnings.simplefilter('ignore', DeprecationWarning)\nimport kerata\nkerata.install_as_keras()\n"
    imports += "from keras.models import Sequential\nfrom keras.layers import Conv2D, Dense, Flatten, GRU, LSTM, SimpleRNN\n"
    script = tmp_path / "piece.py"
    script.write_text(imports + PRELUDE["002"] + program)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_every_cell_is_run_or_listed():
    for text in PRELUDE:
        numbers = [n for n, _, _ in cells_of(CELLS / f"{text}.txt")]
        assert numbers, text
        assert all((text, n) in WAITING or n in runnable(text, "tensorflow") for n in numbers)


NETWORK_OF_TEXT_004 = """
import kerata, numpy as np
kerata.install_as_keras()
names = {{}}
exec({code!r}.replace("%tensorflow_version 2.x", ""), names)
network = names["network"]
assert type(network) is kerata.Sequential and network.count_params() == 407050
network.compile("adam", "sparse_categorical_crossentropy")
x, y = np.random.default_rng(0).random((64, 784), dtype="float32"), np.arange(64) % 10
losses = network.fit(x, y, epochs=3, verbose=0).history["loss"]
assert losses[-1] < losses[0]
"""


@pytest.mark.skipif("tensorflow" not in ENGINES, reason="it is TensorFlow's own name")
@pytest.mark.parametrize("engine", ["jax", "torch", "tensorflow"])
def test_the_network_of_text_004_trains_whichever_engine_runs_it(engine):
    ((_, code, _),) = cells_of(CELLS / "004.txt")
    program = NETWORK_OF_TEXT_004.format(code=code)
    environment = {**os.environ, "KERATA_BACKEND": engine}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
