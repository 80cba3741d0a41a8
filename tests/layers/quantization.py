"""Layers to quantize, and the same ones of the oracle's with the same weights."""

import numpy as np

import kerata
from tests.oracle import keras

IDS = np.array([[1, 2, 0], [6, 5, 5]])

# The class, its arguments, and the input's shape.
PRODUCTS = [
    ("Dense", {"units": 6}, (2, 3, 5)),
    ("Dense", {"units": 3, "use_bias": False, "activation": "tanh"}, (4, 5)),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"}, (2, 3, 6)),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 4, 3), "bias_axes": "de"}, (2, 3, 6)),
    ("EinsumDense", {"equation": "abcd,cde->abe", "output_shape": (None, 5), "bias_axes": "e"}, (2, 3, 4, 6)),
    ("EinsumDense", {"equation": "abc,bcd->ad", "output_shape": 4}, (2, 3, 6)),
    ("EinsumDense", {"equation": "abc,cd->adb", "output_shape": (4, None)}, (2, 3, 6)),
    ("EinsumDense", {"equation": "abc,bd->adc", "output_shape": (5, 6)}, (2, 3, 6)),
    ("EinsumDense", {"equation": "abc,dec->abde", "output_shape": (None, 4, 3), "bias_axes": "de"}, (2, 3, 6)),
    ("EinsumDense", {"equation": "abcd,ced->abe", "output_shape": (None, 5)}, (2, 3, 4, 6)),
    ("EinsumDense", {"equation": "bti,bio->bto", "output_shape": (3, 5)}, (2, 3, 6)),
]
TABLES = [
    ("Embedding", {"input_dim": 7, "output_dim": 5}, IDS.shape),
    ("ReversibleEmbedding", {"input_dim": 7, "output_dim": 5}, IDS.shape),
    ("ReversibleEmbedding", {"input_dim": 7, "output_dim": 5, "tie_weights": False}, IDS.shape),
]
CONFIGS = {
    "int8": lambda q: q.Int8QuantizationConfig(),
    "int8-weights": lambda q: q.Int8QuantizationConfig(None, None),
    "int8-63": lambda q: q.Int8QuantizationConfig(q.AbsMaxQuantizer(axis=0, value_range=(-63, 63)), q.AbsMaxQuantizer()),
    "int4": lambda q: q.Int4QuantizationConfig(),
    "int4/2": lambda q: q.Int4QuantizationConfig(block_size=2),
    "int4/4": lambda q: q.Int4QuantizationConfig(block_size=4),
    "int4-outputs": lambda q: q.Int4QuantizationConfig(block_size=None),
    "int4-inputs": lambda q: q.Int4QuantizationConfig(None, q.AbsMaxQuantizer(), block_size=-1),
}


def name_of(case):
    cls, arguments, _ = case
    return cls + "".join(f"-{v}" for v in arguments.values() if not isinstance(v, tuple))


def made(library, case, **more):
    """A layer of kerata's or of the oracle's, built, its weights random and the same each time."""
    cls, arguments, shape = case
    layer = getattr(library.layers, cls)(**arguments, **more)
    layer.build(shape)
    rng = np.random.default_rng(3)
    for variable in layer.weights:
        variable.assign(rng.standard_normal(variable.shape).astype("float32"))
    return layer


def pair(case, **more):
    """The layer and the oracle's."""
    return made(kerata, case, **more), made(keras(), case, **more)


_oracles: dict = {}


def oracle(case, name, **more):
    """The oracle's layer, quantized; made once."""
    key = name_of(case), name, str(more)
    if key not in _oracles:
        layer = made(keras(), case, **more)
        layer.quantize(config=CONFIGS[name](keras().quantizers))
        _oracles[key] = layer
    return _oracles[key]


def inputs_of(case):
    rng = np.random.default_rng(4)
    return rng.standard_normal(case[2]).astype("float32")


def saved(layer):
    """What a file would hold of a layer."""
    store = {}
    layer.save_own_variables(store)
    return {key: np.asarray(value) for key, value in store.items()}


def same_files(mine, other, tolerance=1e-5):
    mine, other = saved(mine), saved(other)
    assert mine.keys() == other.keys()
    for key in mine:
        assert (mine[key].shape, mine[key].dtype) == (other[key].shape, other[key].dtype)
        np.testing.assert_allclose(mine[key].astype("float32"), other[key].astype("float32"), rtol=tolerance, atol=tolerance)


def close(mine, other, tolerance=2e-5):
    np.testing.assert_allclose(np.asarray(mine, "float32"), np.asarray(other, "float32"), rtol=tolerance, atol=tolerance)
