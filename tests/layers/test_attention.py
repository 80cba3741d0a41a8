"""Attention layers against the oracle, with masks of all kinds."""

import numpy as np
import pytest

import kerata
from kerata import engines, layers, ops
from kerata.core import masks

from .against_oracle import (
    build_both,
    check_compiled,
    check_config,
    check_equal,
    check_shapes,
    close,
    flat,
    random_arrays,
    same_weights,
)

Q, V, K = random_arrays([(2, 4, 3), (2, 5, 6), (2, 5, 3)])
Q_MASK = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)
V_MASK = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0]], bool)  # the second row lets nothing count
FIRST = np.arange(5) == 0
PAIRS = np.random.default_rng(5).random((2, 4, 5)) < 0.7


@pytest.fixture
def numpy_engine():
    with kerata.use_engine("numpy") as engine:
        yield engine


def oracle_layers():
    import keras

    return keras.layers


def listed(layer, xs, **options):
    return layer(list(xs), **options)


def build_list(layer, arrays):
    layer.build([x.shape for x in arrays])


@pytest.mark.parametrize(
    "cls, options",
    [
        ("Attention", {}),
        ("Attention", {"use_scale": True, "score_mode": "concat"}),
        ("AdditiveAttention", {}),
    ],
    ids=str,
)
def test_simple_attention_equals_the_oracle(cls, options):
    ours, theirs = (getattr(of, cls)(**options) for of in (layers, oracle_layers()))
    call = {"mask": [Q_MASK, V_MASK | FIRST], "return_attention_scores": True, "use_causal_mask": True}
    check_equal(ours, theirs, [Q, V, K], listed, build_list, **call)


def test_simple_attention_variants():
    for cls, options in (("Attention", {"use_scale": True}), ("AdditiveAttention", {"use_scale": False})):
        ours, theirs = (getattr(of, cls)(**options) for of in (layers, oracle_layers()))
        build_list(ours, [Q, K]), build_list(theirs, [Q, K])
        same_weights(ours, theirs)
        for call in ({}, {"mask": [None, V_MASK]}, {"mask": [Q_MASK, None]}, {"use_causal_mask": True}):
            close(ours([Q, K], **call), theirs([Q, K], **call))


@pytest.mark.parametrize(
    "options, call",
    [
        ({"value_dim": 5, "use_gate": True}, {"return_attention_scores": True, "attention_mask": PAIRS}),
        ({"output_shape": (7, 2), "use_bias": False}, {"use_causal_mask": True, "value_mask": V_MASK | FIRST}),
    ],
    ids=str,
)
def test_multi_head_attention_equals_the_oracle(options, call):
    ours, theirs = (of.MultiHeadAttention(2, 3, **options) for of in (layers, oracle_layers()))
    check_equal(ours, theirs, [Q, V], build=build_both, **call)


def test_group_query_attention_equals_the_oracle():
    ours, theirs = (of.GroupQueryAttention(3, 4, 2, use_gate=True, sliding_window=2) for of in (layers, oracle_layers()))
    check_equal(ours, theirs, [Q, V], build=build_both, value_mask=V_MASK)


MASKS = [
    {},
    {"query_mask": Q_MASK},
    {"query_mask": Q_MASK, "value_mask": V_MASK, "key_mask": np.roll(V_MASK, 1)},
    {"attention_mask": PAIRS, "use_causal_mask": True},
]


@pytest.mark.parametrize("cls, arguments", [("MultiHeadAttention", (2, 3)), ("GroupQueryAttention", (3, 2, 1))])
@pytest.mark.parametrize("scores", [False, True])
def test_masks(cls, arguments, scores, numpy_engine):
    for window in (None, 2):
        ours, theirs = (getattr(of, cls)(*arguments, sliding_window=window) for of in (layers, oracle_layers()))
        build_both(ours, [Q, V]), build_both(theirs, [Q, V])
        same_weights(ours, theirs)
        for mask in MASKS:
            options = {**mask, "return_attention_scores": scores}
            close(ours(Q, V, **options), theirs(Q, V, **options))


@pytest.mark.parametrize("axes", [None, 1, (2,), (1, 2)])
def test_more_axes(axes, numpy_engine):
    query, value = random_arrays([(2, 3, 4, 5), (2, 3, 6, 5)])
    value = value if axes != 1 else random_arrays([(2, 6, 4, 5)])[0]
    ours, theirs = (of.MultiHeadAttention(2, 3, attention_axes=axes) for of in (layers, oracle_layers()))
    build_both(ours, [query, value]), build_both(theirs, [query, value])
    same_weights(ours, theirs)
    close(ours(query, value, return_attention_scores=True), theirs(query, value, return_attention_scores=True))
    check_shapes(ours, [query, value], unknown=(0,))


def test_fast_and_slow_path_agree(engine):
    layer = layers.MultiHeadAttention(2, 3)
    close(layer(Q, V, K, attention_mask=PAIRS), layer(Q, V, K, attention_mask=PAIRS, return_attention_scores=True)[0])
    layer = layers.GroupQueryAttention(3, 4, 2)
    close(layer(Q, V, K), layer(Q, V, K, return_attention_scores=True)[0])


def test_compiled():
    check_compiled(layers.MultiHeadAttention(2, 3), [Q, V], attention_mask=PAIRS)
    check_compiled(layers.Attention(), [Q, K], listed, use_causal_mask=True)


def test_static_shapes():
    for layer in (layers.MultiHeadAttention(2, 3), layers.GroupQueryAttention(3, 2, 1)):
        for options in ({}, {"return_attention_scores": True, "use_causal_mask": True}):
            check_shapes(layer, [Q, V], unknown=(0, 1), **options)
    for layer in (layers.Attention(score_mode="concat"), layers.AdditiveAttention()):
        check_shapes(layer, [Q, V, K], listed, unknown=(0, 1), return_attention_scores=True, use_causal_mask=True)
    assert layers.MultiHeadAttention(2, 3, output_shape=(7, 2)).compute_output_shape((2, 5, 4), (2, 6, 4)) == (2, 5, 7, 2)
    assert layers.Attention().compute_output_shape([(2, 3, 4), (2, 5, 6), (2, 5, 4)]) == (2, 3, 6)


def test_configs():
    check_config(lambda of: of.Attention(use_scale=True, score_mode="concat", dropout=0.1, seed=2, name="a"))
    check_config(lambda of: of.AdditiveAttention(dropout=0.1, seed=2, name="a"))
    check_config(lambda of: of.MultiHeadAttention(2, 3, name="a", activity_regularizer="l2", kernel_constraint="non_neg"))
    options = {"value_dim": 4, "output_shape": 5, "attention_axes": 1, "sliding_window": 3, "use_gate": True, "seed": 1}
    check_config(lambda of: of.MultiHeadAttention(2, 3, name="a", flash_attention=False, dropout=0.1, **options))
    check_config(lambda of: of.GroupQueryAttention(4, 4, 2, name="a", bias_regularizer="l2", use_gate=True))
    kerata.core.naming.reset_names()
    assert layers.GroupQueryAttention(4, 4, 2).name == "grouped_query_attention"


def test_weights():
    for cls, arguments in (("MultiHeadAttention", (2, 3)), ("GroupQueryAttention", (3, 2, 1))):
        ours, theirs = (getattr(of, cls)(*arguments, use_gate=True, name="a") for of in (layers, oracle_layers()))
        build_both(ours, [Q, V]), build_both(theirs, [Q, V])
        assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    layer = layers.MultiHeadAttention(1, 3, kernel_initializer=kerata.initializers.GlorotUniform())
    layer.build((2, 4, 3), (2, 5, 3))
    assert np.abs(layer.query_dense.kernel.numpy() - layer.key_dense.kernel.numpy()).max() > 1e-3


def test_activity_regularizers_are_of_the_projections():
    for cls, arguments in (("MultiHeadAttention", (2, 3)), ("GroupQueryAttention", (3, 2, 1))):
        ours, theirs = (getattr(of, cls)(*arguments, activity_regularizer="l2") for of in (layers, oracle_layers()))
        build_both(ours, [Q, V]), build_both(theirs, [Q, V])
        same_weights(ours, theirs)
        ours(Q, V), theirs(Q, V)
        close([sum(map(float, ours.losses))], [sum(map(float, theirs.losses))])


def test_masks_of_embeddings(numpy_engine):
    ids, others = np.array([[1, 2, 0], [3, 0, 0]]), np.array([[4, 1, 1, 0], [2, 0, 0, 0]])
    table = layers.Embedding(5, 4, mask_zero=True)
    query, value = table(ids), table(others)
    plain, other = np.asarray(query).copy(), np.asarray(value).copy()
    layer = layers.MultiHeadAttention(2, 3)
    y = layer(query, value)
    close(y, layer(plain, other, query_mask=ids != 0, value_mask=others != 0))
    assert masks.get_mask(y).tolist() == (ids != 0).tolist()
    simple = layers.Attention()
    y = simple([query, value])
    close(y, simple([plain, other], mask=[ids != 0, others != 0]))
    assert masks.get_mask(y).tolist() == (ids != 0).tolist()


def test_dropout(engine):
    for layer, call in (
        (layers.Attention(dropout=0.5, seed=1), lambda layer, **k: layer([Q, K], **k)),
        (layers.MultiHeadAttention(2, 3, dropout=0.5, seed=1), lambda layer, **k: layer(Q, V, **k)),
        (layers.GroupQueryAttention(3, 2, 1, dropout=0.5, seed=1), lambda layer, **k: layer(Q, V, **k)),
    ):
        still = flat(call(layer))[0]
        first, second = flat(call(layer, training=True))[0], flat(call(layer, training=True))[0]
        assert np.abs(first - second).max() > 1e-4 and np.abs(first - still).max() > 1e-4
        close(call(layer, training=False), still)


def test_mixed_precision():
    layer = layers.MultiHeadAttention(2, 3, dtype="mixed_bfloat16")
    assert str(layer(Q, V).dtype) == "bfloat16" and layer.query_dense.kernel.dtype == "float32"


def bad(run, *parts):
    with pytest.raises(ValueError) as caught:
        run()
    for part in parts:
        assert part in str(caught.value), caught.value


def test_bad_inputs():
    bad(lambda: layers.Attention(score_mode="x"), "Attention: score_mode must be 'dot' or 'concat'; 'x' came.")
    bad(lambda: layers.Attention()(Q), "Attention is called on a list [query, value] or [query, value, key]; one tensor came.")
    bad(lambda: layers.AdditiveAttention()([Q]), "AdditiveAttention is called on a list", "a list of 1 came.")
    bad(
        lambda: layers.Attention()([Q, K], mask=Q_MASK),
        "mask is a list [query_mask, value_mask], None for none; one tensor came.",
    )
    bad(lambda: layers.Attention()([Q, K], mask=[Q_MASK]), "a list of 1 came.")
    bad(lambda: layers.MultiHeadAttention(0, 3), "MultiHeadAttention: num_heads must be a positive integer; 0 came.")
    bad(lambda: layers.MultiHeadAttention(2, 3)(Q, V[0]), "query, value and key must have the same number of axes")
    bad(lambda: layers.GroupQueryAttention(4, 3, 2), "num_query_heads must be a multiple of num_key_value_heads; 3 and 2 came.")
    with engines.use_engine("numpy"):
        bad(lambda: layers.MultiHeadAttention(2, 3, sliding_window=0), "sliding_window must be a positive integer; 0 came.")


@pytest.mark.parametrize("axes, same", [((-2,), (2,)), (-2, 2), ((-3, -2), (1, 2))])
def test_axes_counted_from_the_end(engine, axes, same):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    layer, other = (layers.MultiHeadAttention(2, 3, attention_axes=a) for a in (axes, same))
    layer(x, x), other(x, x)
    other.set_weights(layer.get_weights())
    for got, wanted in zip(layer(x, x, return_attention_scores=True), other(x, x, return_attention_scores=True)):
        np.testing.assert_allclose(*map(ops.convert_to_numpy, (got, wanted)), rtol=1e-5)
    assert layer(kerata.Input((3, 4, 5)), kerata.Input((3, 4, 5))).shape == (None, 3, 4, 5)


def test_arguments_that_do_not_go():
    x = np.ones((2, 4, 3), "float32")
    for arguments in (
        {"value_dim": 0},
        {"output_shape": 1.5},
        {"output_shape": "a"},
        {"dropout": 0.1, "flash_attention": True},
    ):
        with pytest.raises(ValueError):
            layers.MultiHeadAttention(2, 3, **arguments)
    with pytest.raises(ValueError, match="makes no scores"):
        layers.MultiHeadAttention(2, 3, flash_attention=True)(x, x, return_attention_scores=True)
    with pytest.raises(ValueError, match="must broadcast"):
        layers.Softmax()(x, mask=np.ones((2, 1, 4, 3), bool))


def test_masks_for_a_key_that_is_the_value(engine):
    x = np.ones((2, 4, 3), "float32")
    mask = np.array([[True, True, False, False]] * 2)
    for layer in (layers.Attention(), layers.AdditiveAttention(use_scale=False)):
        expected = layer([x, x], mask=[None, mask])
        got = layer([x, x], mask=[None, mask, mask])
        np.testing.assert_array_equal(*map(ops.convert_to_numpy, (got, expected)))


def test_each_value_has_a_key(engine):
    query, value, key = (np.ones((2, n, 3), "float32") for n in (4, 5, 6))
    layer = layers.MultiHeadAttention(2, 3)
    for _ in range(2):  # where the layer is built, and later
        with pytest.raises(ValueError, match="same steps"):
            layer(query, value, key)
    for layer in (layers.Attention(), layers.AdditiveAttention(use_scale=False)):
        with pytest.raises(ValueError):
            layer([query, value, key])


def test_heads_know_their_axes_and_features_once_built():
    """As the oracle's do."""
    import keras

    x = np.ones((2, 3, 5, 4), "float32")
    for axes in (None, 2, (1, 2)):
        both = [of.layers.MultiHeadAttention(2, 3, attention_axes=axes, name="m") for of in (kerata, keras)]
        for layer in both:
            layer(x, x)
        mine, other = both
        assert mine.attention_axes == other.attention_axes
        assert list(mine.get_config()["attention_axes"]) == list(other.get_config()["attention_axes"])
    grouped = layers.GroupQueryAttention(4, 6, 2)
    grouped(x[:, 0], x[:, 0])
    assert (grouped.num_repeats, grouped.feature_dim) == (3, 4)
