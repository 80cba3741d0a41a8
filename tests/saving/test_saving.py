"""Files: here and back, to the oracle and from it; and files from strangers."""

import io
import json
import sys
import zipfile

import h5py
import numpy as np
import pytest
from tests.oracle import keras as oracle

import kerata
from kerata import layers

pytestmark = pytest.mark.usefixtures("training_engine")


def image_model(keras):
    layers = keras.layers
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(4, 3, activation="relu", padding="same")(x)
    y = layers.BatchNormalization()(y)
    y = layers.SeparableConv2D(3, 3)(layers.MaxPooling2D()(y))
    z = layers.Dense(3)(layers.GlobalAveragePooling2D()(x))
    y = layers.Add()([layers.GlobalMaxPooling2D()(y), z])
    return keras.Model(x, layers.Dense(2, activation="softmax")(layers.Dropout(0.3)(y))), (8, 8, 3), 2


def text_model(keras):
    layers = keras.layers
    inner = keras.Sequential([layers.Dense(6, activation="gelu"), layers.Dense(5)])
    x = keras.Input((7,))
    y = layers.Reshape((7, 1))(x)
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    y = layers.LayerNormalization()(layers.MultiHeadAttention(2, 3)(y, y))
    y = layers.TimeDistributed(layers.Dense(4))(y)
    y = layers.GRU(5)(y)
    return keras.Model(x, layers.Dense(1)(inner(y))), (7,), 1


def arithmetic_model(keras):
    x = keras.Input((4,))
    y = keras.layers.Dense(4)(x)
    return keras.Model(x, keras.ops.mean(y * 2.0 + x, axis=-1, keepdims=True) - keras.ops.exp(x[:, :1])), (4,), 1


MODELS = [image_model, text_model, arithmetic_model]


def trained(build, keras, optimizer="adam"):
    model, shape, width = build(keras)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(8, *shape)).astype("float32"), random.normal(size=(8, width)).astype("float32")
    model.compile(optimizer, "mse", metrics=["mae"])
    model.fit(x, y, batch_size=4, epochs=1, verbose=0, shuffle=False)
    return model, x, y


@pytest.mark.parametrize("build", MODELS)
def test_saved_here_loads_here_with_the_optimizers_state(build, tmp_path):
    model, x, y = trained(build, kerata)
    model.save(tmp_path / "m.keras")
    copy = kerata.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))
    if build is not image_model:  # dropout draws anew
        for m in (model, copy):
            m.fit(x, y, batch_size=4, verbose=0, shuffle=False)
        for a, b in zip(copy.get_weights(), model.get_weights()):
            np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("direction", ["from the oracle", "to the oracle"])
def test_files_cross_between_kerata_and_the_oracle(build, direction, tmp_path):
    writer, reader = (oracle(), kerata) if direction == "from the oracle" else (kerata, oracle())
    model, x, _ = trained(build, writer)
    model.save(tmp_path / "m.keras")
    copy = reader.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(copy.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5)
    for a, b in zip(copy.optimizer.variables, model.optimizer.variables):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=1e-6)
    model.save_weights(tmp_path / "m.weights.h5")
    fresh = build(reader)[0]
    fresh.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(fresh.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5)


class Own(kerata.Model):
    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.blocks = [layers.Dense(width), layers.Dense(width)]
        self._hidden = layers.Dense(2)
        self.scale = None

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(2,), name="scale")

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self._hidden(x) * self.scale


def test_a_class_of_ones_own(tmp_path):
    model = Own(4)
    x = np.ones((2, 3), "float32")
    expected = model(x)
    model.save(tmp_path / "own.keras")
    with pytest.raises(ValueError, match=r"custom_objects=\{'Own': Own\}"):
        kerata.models.load_model(tmp_path / "own.keras")
    copy = kerata.models.load_model(tmp_path / "own.keras", custom_objects={"Own": Own})
    if not copy.blocks[0].built:
        copy(x)
        copy.load_weights(tmp_path / "own.keras")
    np.testing.assert_array_equal(copy(x), expected)


def test_weights_that_do_not_fit_are_told_and_change_nothing(tmp_path):
    one = kerata.Sequential([layers.Dense(3, input_shape=(4,)), layers.Dense(2)])
    one.save_weights(tmp_path / "w.weights.h5")
    other = kerata.Sequential([layers.Dense(3, input_shape=(4,)), layers.Dense(5, name="wide")])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r'"wide".*has shape \(3, 5\), in the file \(3, 2\)'):
        other.load_weights(tmp_path / "w.weights.h5")
    for a, b in zip(other.get_weights(), before):
        np.testing.assert_array_equal(a, b)
    with pytest.warns(UserWarning, match="Skipped"):
        other.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[0], one.get_weights()[0])
    deeper = kerata.Sequential([layers.Dense(3, input_shape=(4,)), layers.Dense(2), layers.Dense(1)])
    with pytest.raises(ValueError, match="has 2 weights, the file 0"):
        deeper.load_weights(tmp_path / "w.weights.h5")


def test_names_and_places_of_files(tmp_path):
    model = kerata.Sequential([layers.Dense(1, input_shape=(2,))])
    with pytest.raises(ValueError, match="ends in .keras"):
        model.save(tmp_path / "m.zip")
    with pytest.raises(ValueError, match="ends in .weights.h5"):
        model.save_weights(tmp_path / "m.keras")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        kerata.models.load_model(tmp_path / "none.keras")
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "m.keras", overwrite=False)


def test_a_failed_save_leaves_the_old_file_and_no_other(tmp_path):
    model = kerata.Sequential([layers.Dense(1, input_shape=(2,))])
    model.save(tmp_path / "m.keras")
    content = (tmp_path / "m.keras").read_bytes()

    class NoConfig(layers.Layer):
        def __init__(self, thing, **kwargs):
            super().__init__(**kwargs)
            self.thing = thing

        def call(self, x):
            return x

    bad = kerata.Sequential([kerata.Input((2,)), NoConfig(object())])
    with pytest.raises(TypeError, match="get_config"):
        bad.save(tmp_path / "m.keras")
    assert (tmp_path / "m.keras").read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


# Files from strangers


@pytest.fixture
def saved(tmp_path):
    kerata.Sequential([layers.Dense(2, input_shape=(3,))]).save(tmp_path / "good.keras")
    return tmp_path / "good.keras"


def rewritten(path, change=None, extra=None, weights=None):
    """A copy of a file with its config or its weights changed, or members added."""
    with zipfile.ZipFile(path) as source:
        members = {name: source.read(name) for name in source.namelist()}
    if change:
        config = json.loads(members["config.json"])
        change(config)
        members["config.json"] = json.dumps(config).encode()
    if weights:
        buffer = io.BytesIO(members["model.weights.h5"])
        with h5py.File(buffer, "r+") as file:
            weights(file)
        members["model.weights.h5"] = buffer.getvalue()
    target = path.with_name("bad.keras")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
        for name, content in extra or []:
            out.writestr(name, content)
    return target


def layer_config(config):
    return config["config"]["layers"][1]


def external_link(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense/vars/1")


def external_storage(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", (3, 2), "float32", external=[("/etc/passwd", 0, 24)])


ATTACKS = {
    "a module to import": dict(change=lambda c: layer_config(c).update(module="os", class_name="system")),
    "a function of another module": dict(change=lambda c: layer_config(c)["config"].update(activation={"module": "os", "class_name": "function", "config": "system", "registered_name": "function"})),
    "byte code": dict(change=lambda c: layer_config(c).update(class_name="Lambda", config={"name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None, "closure": None}}}, build_config=None)),
    "a loader as a function": dict(change=lambda c: layer_config(c)["config"].update(activation={"module": "keras.models", "class_name": "function", "config": "load_model", "registered_name": "function"})),
    "another member": dict(extra=[("../evil.py", "")]),
    "a double member": dict(extra=[("config.json", "{}")]),
    "a bomb": dict(extra=[("assets/zeros", b"\0" * 10_000_000)]),
    "an external link": dict(weights=external_link),
    "a soft link": dict(weights=soft_link),
    "external storage": dict(weights=external_storage),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_refused(name, saved):
    with pytest.raises(ValueError):
        kerata.models.load_model(rewritten(saved, **ATTACKS[name]))


def test_loading_opens_no_other_file_and_runs_nothing(saved):
    kerata.models.load_model(saved)  # everything is imported by now
    opened, active = [], True

    def watch(event, arguments):
        if active and event in ("os.system", "subprocess.Popen", "socket.connect", "exec") or active and event == "open":
            opened.append((event, arguments[0] if arguments else None))

    sys.addaudithook(watch)
    try:
        kerata.models.load_model(saved)
    finally:
        active = False
    assert {str(path) for event, path in opened if event == "open"} <= {str(saved)}
    assert not [event for event, _ in opened if event != "open"]


def test_no_zip_at_all(tmp_path):
    (tmp_path / "x.keras").write_bytes(b"not a zip")
    with pytest.raises(ValueError, match="is no .keras file"):
        kerata.models.load_model(tmp_path / "x.keras")
