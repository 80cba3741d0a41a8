"""`_keras_mask` on tensors: as the masking guide reads it, on values and on symbolic tensors."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops

IDS = np.array([[1, 2, 0], [3, 0, 0]])
MASK = [[True, True, False], [True, False, False]]


@pytest.fixture(params=["jax", "torch", "tensorflow"])
def engine(request):
    with kerata.engines.use_engine(request.param) as current, current.no_gradients():
        yield current


def embedded():
    return layers.Embedding(5, 4, mask_zero=True)(IDS)


def mask_of(x):
    mask = getattr(x, "_keras_mask", None)
    return None if mask is None else ops.convert_to_numpy(mask).tolist()


KEEPS = {
    "Dense": lambda: layers.Dense(2),
    "LSTM": lambda: layers.LSTM(2, return_sequences=True),
    "Dropout": lambda: layers.Dropout(0.5),
    "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(2)),
    "Bidirectional": lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True)),
    "LayerNormalization": lambda: layers.LayerNormalization(),
    "Activation": lambda: layers.Activation("tanh"),
    "Identity": lambda: layers.Identity(),
    "mixed precision": lambda: layers.Dense(2, dtype="mixed_bfloat16"),
}
ENDS = {
    "LSTM": lambda: layers.LSTM(2),
    "GlobalAveragePooling1D": lambda: layers.GlobalAveragePooling1D(),
    "Flatten": lambda: layers.Flatten(),
}


@pytest.mark.parametrize("name", KEEPS)
def test_layers_that_keep_the_steps(engine, name):
    layer = KEEPS[name]()
    for _ in range(2):  # the second call is a short one
        assert mask_of(layer(embedded())) == MASK
    symbolic = layer(layers.Embedding(5, 4, mask_zero=True)(kerata.Input((3,), dtype="int32")))
    assert (symbolic._keras_mask.shape, symbolic._keras_mask.dtype) == ((None, 3), "bool")


@pytest.mark.filterwarnings("ignore:Layer:UserWarning")
@pytest.mark.parametrize("name", ENDS)
def test_layers_that_end_it(engine, name):
    layer = ENDS[name]()
    assert mask_of(layer(embedded())) is None
    symbolic = layer(layers.Embedding(5, 4, mask_zero=True)(kerata.Input((3,), dtype="int32")))
    assert not hasattr(symbolic, "_keras_mask")


def test_where_masks_begin(engine):
    assert mask_of(embedded()) == MASK
    assert mask_of(layers.Masking()(np.array([[[1.0], [0]]]))) == [[True, False]]
    assert mask_of(layers.ReversibleEmbedding(5, 4, mask_zero=True)(IDS)) == MASK
    assert ops.convert_to_numpy(layers.Embedding(5, 4, mask_zero=True).compute_mask(IDS)).tolist() == MASK
    assert layers.Embedding(5, 4).compute_mask(IDS) is None
    assert not hasattr(kerata.Input((3,)), "_keras_mask")


@pytest.mark.parametrize("name", ["Add", "Multiply", "Average", "Maximum", "Subtract", "Concatenate"])
def test_merging(engine, name):
    layer = getattr(layers, name)()
    assert mask_of(layer([embedded(), embedded()])) == MASK
    assert mask_of(layer([embedded(), np.ones((2, 3, 4), "float32")])) == ([[True] * 3] * 2 if name == "Concatenate" else None)


def test_attention(engine):
    x = embedded()
    assert mask_of(layers.MultiHeadAttention(2, 2)(x, x)) == MASK
    assert mask_of(layers.GroupQueryAttention(2, 2, 1)(x, x)) == MASK
    assert mask_of(layers.Attention()([x, x])) == MASK


def test_models(engine):
    inputs = kerata.Input((3,), dtype="int32")
    model = kerata.Model(inputs, layers.Dense(2)(layers.Embedding(5, 4, mask_zero=True)(inputs)))
    assert mask_of(model(IDS)) == MASK
    assert mask_of(kerata.Sequential([layers.Embedding(5, 4, mask_zero=True), layers.Dense(2)])(IDS)) == MASK


def test_set_by_the_user(engine):
    class Seen(layers.Layer):
        supports_masking = True

        def call(self, x, mask=None):
            self.mask = mask
            return x * 1.0

    layer = Seen()
    plain = ops.ones((2, 3, 4))
    layer(plain), layer(plain)
    marked = ops.ones((2, 3, 4))
    marked._keras_mask = ops.convert_to_tensor(MASK)
    assert mask_of(layer(marked)) == MASK and layer.mask is not None
    layer(plain)
    assert layer.mask is None
    assert mask_of(layer(plain, mask=ops.convert_to_tensor(MASK))) == MASK


def test_explicit_symbolic_masks(engine):
    inputs = kerata.Input((3,), dtype="int32")
    embedding = layers.Embedding(5, 4, mask_zero=True)
    x = embedding(inputs)
    summed = layers.Lambda(lambda x, mask: ops.sum(x * ops.cast(mask, "float32")[..., None], 1))
    model = kerata.Model(inputs, summed(x, mask=x._keras_mask))
    expected = (ops.convert_to_numpy(embedding(IDS)) * np.array(MASK)[..., None]).sum(1)
    np.testing.assert_allclose(model.predict(IDS, verbose=0), expected, rtol=1e-5)
