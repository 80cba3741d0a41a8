"""LoRA: frozen weights, merged readings, training, and files, held against the oracle."""

import json

import numpy as np
import pytest

import kerata
from kerata import layers, ops, quantizers
from tests.layers.quantization import CONFIGS, IDS, PRODUCTS, TABLES, close, inputs_of, made, name_of, pair, saved
from tests.oracle import keras

CONVOLUTIONS = [
    ("Conv1D", {"filters": 4, "kernel_size": 3}, (2, 7, 3)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "use_bias": False, "groups": 2}, (2, 6, 5, 4)),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "activation": "tanh"}, (2, 4, 3, 3, 2)),
]
MODES = [None, "int8", "int4", "int4-outputs"]


def name_of_weight(layer):
    return "embeddings" if hasattr(layer, "output_dim") else "kernel"


def adapted(case, mode):
    """A layer and the oracle's with LoRA of the same matrices, on top of a mode."""
    mine, other = pair(case)
    if mode is not None and case in CONVOLUTIONS:
        pytest.skip("convolutions are not quantized, in Keras neither")
    if mode is not None:
        mine.quantize(config=CONFIGS[mode](quantizers)), other.quantize(config=CONFIGS[mode](keras().quantizers))
    for layer in (mine, other):
        layer.enable_lora(2, lora_alpha=3.0)
        rng = np.random.default_rng(5)
        for part in "ab":
            variable = getattr(layer, f"lora_{name_of_weight(mine)}_{part}")
            variable.assign(rng.standard_normal(variable.shape).astype("float32"))
    return mine, other


def product(layer, name):
    a, b = (getattr(layer, f"lora_{name}_{part}").numpy() for part in "ab")
    return a @ b


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", [PRODUCTS[0], PRODUCTS[3], TABLES[0], *CONVOLUTIONS], ids=name_of)
def test_equal_to_the_oracle(case, mode):
    mine, other = adapted(case, mode)
    x = IDS if case in TABLES else inputs_of(case)
    close(mine(x), other(x), 1e-4)
    name = name_of_weight(mine)
    if mode is None:
        close(getattr(mine, name), getattr(other, name), 1e-4)
    else:  # the oracle adds the matrices' product to the integers
        transform = mine._transforms[name]
        close(getattr(mine, name), np.asarray(transform.floats()) + 1.5 * product(mine, name))
    ours, theirs = saved(mine), saved(other)
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}
    for key, value in ours.items():
        if value.dtype != "int8" or "int4" not in str(mode):  # a rounding may fall to the other side
            np.testing.assert_allclose(value.astype("float32"), theirs[key].astype("float32"), rtol=1e-3, atol=1.01)
    keys = ("lora_rank", "lora_alpha", "dtype")
    assert {k: mine.get_config()[k] for k in keys} == {k: other.get_config()[k] for k in keys}


@pytest.mark.parametrize("mode", MODES)
def test_files_hold_the_sum(engine, mode):
    mine = made(kerata, PRODUCTS[0])
    if mode is not None:
        mine.quantize(config=CONFIGS[mode](quantizers))
    mine.enable_lora(2)
    mine.lora_kernel_b.assign(np.random.default_rng(0).standard_normal((2, 6)))
    x = inputs_of(PRODUCTS[0])
    expected, steps = np.asarray(mine(x)), 1e-5 if mode is None else 0.1 if mode == "int8" else 3.0
    again = layers.Dense.from_config(json.loads(json.dumps(mine.get_config())))
    again.build(x.shape)
    again.load_own_variables(saved(mine))
    close(again(x), expected, steps)
    assert not again.lora_kernel_b.numpy().any() and again.lora_kernel_a.numpy().any()


@pytest.mark.parametrize("mode", [None, "int8"])
def test_only_the_matrices_are_trained(training_engine, mode):
    x, y = digits()
    model = kerata.Sequential([kerata.Input((64,)), layers.Dense(16, activation="relu"), layers.Dense(10)])
    if mode is not None:
        model.quantize(mode)
    for layer in model.layers:
        layer.enable_lora(4)
    base = [layer._base("kernel").numpy() for layer in model.layers]
    assert [v.name for v in model.layers[0].trainable_variables] == ["bias", "lora_kernel_a", "lora_kernel_b"]
    loss = kerata.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(kerata.optimizers.Adam(0.02), loss)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=4, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 0.5 * before
    for layer, kernel in zip(model.layers, base):
        np.testing.assert_array_equal(layer._base("kernel").numpy(), kernel)
        assert layer.lora_kernel_b.numpy().any()


def digits():
    (x, y), _ = kerata.datasets.digits.load_data()
    return x.reshape(len(x), -1)[:500].astype("float32") / 16, y[:500]


def test_kernel_reads_as_the_sum(engine):
    layer = made(kerata, PRODUCTS[0])
    kernel = layer.kernel.numpy()
    layer.enable_lora(2, lora_alpha=6)
    layer.lora_kernel_b.assign(np.ones((2, 6)))
    close(layer.kernel, kernel + 3 * layer.lora_kernel_a.numpy() @ np.ones((2, 6)))


def test_begins_as_it_was_and_counts_regularization():
    layer = layers.Dense(3, kernel_regularizer="l2", lora_rank=2)
    x = np.ones((1, 4), "float32")
    close(layer(x), x @ layer._base("kernel").numpy())
    assert float(sum(layer.losses)) == pytest.approx(0.01 * np.square(layer.lora_kernel_a.numpy()).sum(), rel=1e-5)


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=name_of)
def test_convolutions(engine, case):
    cls, arguments, shape = case
    layer = getattr(layers, cls)(**arguments, lora_rank=2, lora_alpha=3)
    assert not layer.built and (layer.lora_rank, layer.lora_alpha, layer.lora_enabled) == (2, 3, False)
    x = np.random.default_rng(1).standard_normal(shape).astype("float32")
    layer(x)
    assert layer.lora_enabled and "kernel" not in [v.name for v in layer.trainable_variables]
    layer.lora_kernel_b.assign(np.ones(layer.lora_kernel_b.shape))
    expected = ops.convert_to_numpy(layer(x))
    again = getattr(layers, cls).from_config(json.loads(json.dumps(layer.get_config())))
    again.build(shape)
    again.load_own_variables(saved(layer))
    close(again(x), expected, 1e-5)


def test_untied_table_made_with_lora():
    layer = layers.ReversibleEmbedding(7, 5, tie_weights=False, lora_rank=2)
    assert layer(IDS).shape == (2, 3, 5) and layer(np.ones((2, 5), "float32"), reverse=True).shape == (2, 7)


@pytest.mark.parametrize("mode", [None, "int8"])
def test_tied_table_is_adapted_both_ways(mode):
    layer = layers.ReversibleEmbedding(7, 5)
    layer.build()
    if mode:
        layer.quantize(mode)
    layer.enable_lora(2)
    layer.lora_embeddings_b.assign(np.ones((2, 5)))
    x = np.ones((2, 5), "float32")
    close(layer(x, reverse=True), x @ np.asarray(layer.embeddings).T, 1e-4 if mode is None else 0.02)
    close(layer(IDS), np.asarray(layer.embeddings)[IDS])


def test_errors():
    with pytest.raises(ValueError, match="can't take LoRA before it is built"):
        layers.Dense(3).enable_lora(2)
    layer = made(kerata, PRODUCTS[0])
    for rank in (0, -1, 2.5, "2", True, None):
        with pytest.raises(ValueError, match="the rank of LoRA must be a positive integer"):
            layer.enable_lora(rank)
    layer.enable_lora(2)
    with pytest.raises(ValueError, match="has LoRA already, of rank 2"):
        layer.enable_lora(2)
    with pytest.raises(ValueError, match="LoRA can't be joined with quantization 'float8'"):
        layer.quantize("float8")
    with pytest.raises(ValueError, match="LoRA must be a positive integer; 0 came"):
        layers.Dense(3, lora_rank=0)
    other = layers.Dense(3, kernel_constraint="non_neg")
    other.build((None, 2))
    with pytest.raises(ValueError, match="LoRA can't be joined with a constraint"):
        other.enable_lora(2)
    eight = made(kerata, PRODUCTS[0])
    eight.quantize("float8")
    with pytest.raises(ValueError, match="LoRA can't be joined with quantization 'float8'"):
        eight.enable_lora(2)
    assert eight.lora_enabled is False and ops.shape(eight.kernel) == (5, 6)
