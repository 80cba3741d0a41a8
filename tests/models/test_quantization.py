"""Models quantized as a whole: filters, nesting, files here and back, and blocks calibrated on data."""

import numpy as np
import pytest

import kerata
from kerata import layers, quantizers
from kerata.layers.quantization import calibration
from tests.oracle import keras

X = np.random.default_rng(0).standard_normal((6, 5, 8)).astype("float32")


def model_of(library, attention=True):
    """A model with nested layers of all kinds that can be quantized, and others."""
    library.utils.set_random_seed(0)  # with some weights 8 bits lose more than the bounds below
    layers = library.layers
    inner = library.Sequential([layers.Dense(8, activation="relu", name="up"), layers.Dropout(0.1)], name="inner")
    inner.build((None, 5, 8))
    x = library.Input((5, 8))
    y = layers.MultiHeadAttention(2, 4, name="attention")(x, x) if attention else x
    y = inner(layers.LayerNormalization()(y))
    return library.Model(x, layers.Dense(3, name="head")(y))


def modes(model):
    return {layer.name: layer.quantization_mode for layer in model._flatten_layers() if layer.name in WATCHED}


WATCHED = ("up", "head", "query", "attention_output")


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_all_layers(engine, mode):
    mine = model_of(kerata)
    exact = np.asarray(mine(X))
    mine.quantize(mode)
    assert set(modes(mine).values()) == {mode} and len(modes(mine)) == 4
    assert np.abs(mine.predict(X, verbose=0) - exact).max() < {"int8": 0.1, "int4": 1.5, "float8": 0.5}[mode]


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_files_both_ways(tmp_path, mode):
    mine = model_of(kerata, attention=False)  # the oracle can't load its own files of quantized attention
    mine.quantize(mode)
    y = mine.predict(X, verbose=0)
    mine.save(tmp_path / "mine.keras")
    other = keras().saving.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(other(X), y, rtol=1e-4, atol=1e-4)
    other.save(tmp_path / "other.keras")
    again = kerata.saving.load_model(tmp_path / "other.keras")
    np.testing.assert_allclose(again(X), y, rtol=1e-4, atol=1e-4)
    other.save_weights(tmp_path / "other.weights.h5")
    fresh = model_of(kerata, attention=False)
    fresh.quantize(mode)
    fresh.load_weights(tmp_path / "other.weights.h5")
    np.testing.assert_allclose(fresh(X), y, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_files_of_attention(tmp_path, mode):
    x = kerata.Input((5, 8))
    model = kerata.Model(x, layers.MultiHeadAttention(2, 4)(x, x))
    model.quantize(mode)
    y = model.predict(X, verbose=0)
    model.save(tmp_path / "mine.keras")
    for library in (kerata, keras()):
        np.testing.assert_allclose(library.saving.load_model(tmp_path / "mine.keras")(X), y, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", [None, "int8"])
def test_files_of_lora(tmp_path, mode):
    mine = model_of(kerata, attention=False)
    if mode:
        mine.quantize(mode)
    mine.get_layer("head").enable_lora(2, lora_alpha=4)
    mine.get_layer("head").lora_kernel_b.assign(np.ones((2, 3)))
    y = np.asarray(mine(X))
    mine.save(tmp_path / "mine.keras")
    other = keras().saving.load_model(tmp_path / "mine.keras")
    assert other.get_layer("head").lora_rank == 2 and mine.get_layer("head").get_config()["lora_alpha"] == 4
    np.testing.assert_allclose(other(X), y, rtol=1e-4, atol=1e-4 if mode is None else 0.1)
    other.save(tmp_path / "other.keras")
    again = kerata.saving.load_model(tmp_path / "other.keras")
    np.testing.assert_allclose(again(X), other(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "filters, chosen",
    [
        ("^up$", {"up"}),
        (["head", "query"], {"head", "query"}),
        (lambda layer: layer.name == "head", {"head"}),
        (None, set(WATCHED)),
    ],
)
def test_filters(filters, chosen):
    model = model_of(kerata)
    model.quantize("int8", filters=filters)
    assert {name for name, mode in modes(model).items() if mode} == chosen


def test_errors_change_nothing():
    model = model_of(kerata)
    for arguments, text in [
        ({}, "takes a mode"),
        ({"mode": "int7"}, "no quantization mode 'int7'"),
        ({"mode": "int8", "filters": 3}, "filters must be a pattern"),
        ({"mode": "gptq"}, "needs data to calibrate with"),
        ({"config": quantizers.GPTQConfig(["a"], list)}, "needs to know the model's blocks"),
    ]:
        with pytest.raises(ValueError, match=text):
            model.quantize(**arguments)
    with pytest.raises(TypeError, match="quantize has no argument 'filter'. Did you mean 'filters'?"):
        model.quantize("int8", filter="head")
    assert set(modes(model).values()) == {None}
    model.quantize("int8", filters="head")
    with pytest.raises(ValueError, match='Layer "head" is quantized already'):
        model.quantize("int8")
    assert modes(model)["up"] is None
    with pytest.raises(ValueError, match="can't be quantized before it is built"):
        kerata.Sequential([layers.Dense(3)]).quantize("int8")
    with pytest.warns(UserWarning, match="No layer of the model"):
        kerata.Sequential([kerata.Input((3,)), layers.Dropout(0.5)]).quantize("int8")


class Own(layers.Dense):
    pass


class Subclassed(kerata.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parts = [layers.Dense(4), Own(2)]

    def call(self, x):
        return self.parts[1](self.parts[0](x))


def test_subclassed_model_and_layer():
    model = Subclassed()
    model.predict(X[:, 0], verbose=0)
    with pytest.warns(UserWarning, match="Own is a subclass"):
        model.quantize("int8")
    assert [layer.quantization_mode for layer in model.parts] == ["int8", None]
    assert model.predict(X[:, 0], verbose=0).shape == (6, 2)


# GPTQ and AWQ


class Block(layers.Layer):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.up = layers.Dense(32, activation="relu")
        self.down = layers.EinsumDense("abc,cd->abd", (None, width), bias_axes="d")

    def build(self, input_shape):
        self.up.build(input_shape)
        self.down.build((*input_shape[:-1], 32))

    def call(self, x):
        return x + self.down(self.up(x))


IDS = np.random.default_rng(1).integers(0, 20, (12, 8)).astype("int32")


def language_model():
    x = kerata.Input((8,), dtype="int32")
    table, blocks, head = layers.Embedding(20, 16), [Block(16), Block(16)], layers.Dense(20, name="head")
    y = table(x)
    for block in blocks:
        y = block(y)
    model = kerata.Model(x, head(y))
    rng = np.random.default_rng(2)
    mixing = rng.standard_normal((16, 16)) * np.linspace(0.05, 2, 16)  # inputs depend on each other, and differ in size
    model.set_weights([rng.standard_normal(w.shape).astype("float32") * 0.4 for w in model.get_weights()])
    table.embeddings.assign(table.embeddings.numpy() @ mixing)
    return model, {"pre_block_layers": [table], "sequential_blocks": blocks}


CALIBRATED = {
    "gptq": lambda **k: quantizers.GPTQConfig(IDS, None, num_samples=12, sequence_length=8, **k),
    "awq": lambda **k: quantizers.AWQConfig(IDS, None, num_samples=12, sequence_length=8, **k),
}


@pytest.mark.parametrize(
    "mode, options",
    [
        ("gptq", {}),
        ("gptq", {"weight_bits": 8, "group_size": -1}),
        ("gptq", {"weight_bits": 3, "group_size": 4, "symmetric": True}),
        ("gptq", {"group_size": 8, "activation_order": True}),
        ("awq", {"group_size": 8}),
    ],
)
def test_calibrated(engine, tmp_path, mode, options):
    model, structure = language_model()
    exact = model.predict(IDS, verbose=0)
    model.quantize(config=CALIBRATED[mode](**options, quantization_layer_structure=structure))
    block = structure["sequential_blocks"][0]
    assert (block.up.quantization_mode, block.down.quantization_mode) == (mode, mode)
    assert structure["pre_block_layers"][0].quantization_mode is None
    error = np.abs(model.predict(IDS, verbose=0) - exact).mean() / np.abs(exact).mean()
    assert error < {3: 0.4, 4: 0.2, 8: 0.02}[options.get("weight_bits", 4)]


@pytest.mark.parametrize("mode", ["gptq", "awq"])
def test_calibrated_files(tmp_path, mode):
    x = kerata.Input((8,), dtype="int32")
    parts = [layers.Embedding(20, 16), layers.Dense(6, name="up"), layers.EinsumDense("abc,cd->abd", (None, 5), name="down")]
    model = kerata.Model(x, parts[2](parts[1](parts[0](x))))
    structure = {"pre_block_layers": parts[:1], "sequential_blocks": parts[1:]}
    model.quantize(config=CALIBRATED[mode](group_size=4, quantization_layer_structure=structure))
    y = model.predict(IDS, verbose=0)
    model.save(tmp_path / "mine.keras")
    np.testing.assert_allclose(kerata.saving.load_model(tmp_path / "mine.keras")(IDS), y, rtol=1e-5, atol=1e-5)
    other = keras().saving.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(other(IDS), y, rtol=1e-4, atol=1e-4)


def loss_of(found, scales, weight, moments):
    error = calibration.dequantized(*found) / scales - weight
    return np.einsum("oi,ij,oj->", error, moments, error)


@pytest.mark.parametrize("group", [16, 40, 200])
@pytest.mark.parametrize("order", [False, True])
def test_gptq_leaves_less_error_than_rounding(group, order):
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((400, 20)) @ rng.standard_normal((20, 200)) + 0.1 * rng.standard_normal((400, 200))
    weight, moments = rng.standard_normal((8, 200)), inputs.T @ inputs
    config = quantizers.GPTQConfig(None, None, activation_order=order)
    mine = loss_of(calibration.gptq(weight, moments, config, group), 1, weight, moments)
    assert mine < 0.5 * loss_of(calibration.round_to_nearest(weight, 4, group), 1, weight, moments)


def test_gptq_of_unrelated_inputs_is_rounding():
    weight = np.random.default_rng(0).standard_normal((5, 300))
    config = quantizers.GPTQConfig(None, None)
    for a, b in zip(calibration.gptq(weight, np.eye(300), config, 100), calibration.round_to_nearest(weight, 4, 100)):
        np.testing.assert_array_equal(a, b)


def test_awq_leaves_less_error_than_rounding():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((400, 32)) * np.where(np.arange(32) < 2, 30, 1)
    weight, moments = rng.standard_normal((8, 32)), inputs.T @ inputs
    found, scales = calibration.awq(weight, moments, np.abs(inputs).mean(0), quantizers.AWQConfig(None, None), 16)
    assert loss_of(found, scales, weight, moments) < 0.7 * loss_of(
        calibration.round_to_nearest(weight, 4, 16), 1, weight, moments
    )


def test_calibration_errors_change_nothing():
    model, structure = language_model()
    for config, text in [
        (quantizers.GPTQConfig(None, None, quantization_layer_structure=structure), "has no dataset"),
        (quantizers.GPTQConfig([], None, quantization_layer_structure=structure), "have 0 integers, fewer than"),
        (quantizers.AWQConfig(["some text"], None, quantization_layer_structure=structure), "texts need a tokenizer"),
    ]:
        with pytest.raises(ValueError, match=text):
            model.quantize(config=config)
    assert {layer.quantization_mode for layer in model._flatten_layers()} == {None}
    texts = quantizers.AWQConfig(["ab", "cd"], lambda text: [ord(c) - 97 for c in text], sequence_length=4,
                                 quantization_layer_structure=structure)  # fmt: skip
    from kerata.models.calibrated_quantization import samples

    np.testing.assert_array_equal(samples(texts)[0], [[0, 1, 2, 3]])
