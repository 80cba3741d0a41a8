"""Layers on sparse tensors, and layers that make them."""

import jax.experimental.sparse as jax_sparse
import jax.numpy as jnp
import numpy as np
import optree
import pytest
import tensorflow as tf

import kerata
from kerata import engines, layers, ops
from kerata.core.sparse import is_sparse
from tests.layers.cases import CASES

WITHOUT = ()

A = np.array([[0, 1, 0], [2, 0, 3]], "float32")
B = np.array([[0, 5, 0], [0, 0, 7]], "float32")


@pytest.fixture(params=["jax", "tensorflow"])
def engine(request):
    with engines.use_engine(request.param) as current, current.no_gradients():
        yield current


STAYS = {
    "Flatten": lambda: layers.Flatten(),
    "Reshape": lambda: layers.Reshape((3, 1)),
    "Permute": lambda: layers.Permute((1,)),
    "Dropout": lambda: layers.Dropout(0.5),
    "Identity": lambda: layers.Identity(),
}
BECOMES = {
    "Dense": lambda: layers.Dense(4, activation="tanh"),
    "Dense without bias": lambda: layers.Dense(4, use_bias=False, dtype="mixed_bfloat16"),
    "EinsumDense": lambda: layers.EinsumDense("ab,bc->ac", 4),
    "Embedding": lambda: layers.Embedding(5, 2),
    "Activation": lambda: layers.Activation("relu"),
    "LayerNormalization": lambda: layers.LayerNormalization(),
    "BatchNormalization": lambda: layers.BatchNormalization(),
    "Rescaling": lambda: layers.Rescaling(2.0, 1.0),
    "RepeatVector": lambda: layers.RepeatVector(2),
}
MERGES = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]


@pytest.mark.parametrize("name", [*STAYS, *BECOMES])
def test_on_a_sparse_tensor(engine, name):
    layer, dense = (STAYS | BECOMES)[name](), ops.convert_to_tensor(A)
    expected = layer(dense)
    result = layer(engine.sparse.from_dense(dense))
    assert is_sparse(result) == (name in STAYS)
    np.testing.assert_allclose(
        np.asarray(ops.convert_to_numpy(result), "float32"),
        np.asarray(ops.convert_to_numpy(expected), "float32"),
        rtol=1e-2 if "bfloat16" in str(layer.dtype_policy) else 1e-5,
    )
    symbolic = layer(kerata.Input((3,), sparse=True))
    assert symbolic.sparse == (name in STAYS) and symbolic.dtype == ops.dtype(expected)


@pytest.mark.parametrize("name", MERGES)
def test_merging(engine, name):
    layer, both = getattr(layers, name)(), [ops.convert_to_tensor(x) for x in (A, B)]
    expected = ops.convert_to_numpy(layer(both))
    one, other = map(engine.sparse.from_dense, both)
    result = layer([one, other])
    assert is_sparse(result) and layer([kerata.Input((3,), sparse=True), kerata.Input((3,), sparse=True)]).sparse
    np.testing.assert_allclose(ops.convert_to_numpy(result), expected)
    mixed = layer([one, both[1]])
    assert is_sparse(mixed) == (name == "Multiply")
    np.testing.assert_allclose(ops.convert_to_numpy(mixed), expected)


CODES = {
    "CategoryEncoding": lambda mode, s: layers.CategoryEncoding(4, output_mode=mode, sparse=s),
    "Discretization": lambda mode, s: layers.Discretization([0.5, 1.5, 2.5], output_mode=mode, sparse=s),
    "Hashing": lambda mode, s: layers.Hashing(4, output_mode=mode, sparse=s),
    "IntegerLookup": lambda mode, s: layers.IntegerLookup(vocabulary=[1, 2, 3], output_mode=mode, sparse=s),
    "StringLookup": lambda mode, s: layers.StringLookup(vocabulary=["1", "2", "3"], output_mode=mode, sparse=s),
    "TextVectorization": lambda mode, s: layers.TextVectorization(vocabulary=["1", "2", "3"], output_mode=mode, sparse=s),
}


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("name", CODES)
def test_codes(engine, name, mode):
    if name == "TextVectorization" and mode == "one_hot":
        return
    x = {"StringLookup": np.array([["1", "2"], ["3", "3"]]), "TextVectorization": np.array(["1 2", "3 3"])}.get(
        name, np.array([[1, 2], [3, 3]])
    )
    expected = ops.convert_to_numpy(CODES[name](mode, False)(x))
    layer = CODES[name](mode, True)
    result = layer(x)
    assert is_sparse(result)
    np.testing.assert_allclose(ops.convert_to_numpy(result), expected)
    kind = "string" if x.dtype.kind == "U" else "int64"
    assert layer(kerata.Input(x.shape[1:], dtype=kind)).sparse
    assert type(layer).from_config(layer.get_config()).sparse is True
    inputs = kerata.Input(x.shape[1:], dtype=kind)
    outputs = layers.Dense(2, kernel_initializer="ones")(layers.Flatten()(layer(inputs)))
    got = kerata.Model(inputs, outputs).predict(x, verbose=0)
    np.testing.assert_allclose(got[:, 0], expected.reshape(2, -1).sum(1))


def test_codes_without_sparse_tensors():
    with engines.use_engine("torch"):
        for make in CODES.values():
            with pytest.raises(ValueError, match="no sparse tensors"):
                make("multi_hot", True)


def test_ragged_sequences():
    with engines.use_engine("tensorflow"):
        layer = layers.TextVectorization(vocabulary=["a", "b"], ragged=True)
        assert layer(["a b a", "b"]).to_list() == [[2, 3, 2], [3]]
        assert layers.Embedding(5, 2)(layer(["a b a", "b"])).shape.as_list() == [2, None, 2]
    with engines.use_engine("jax"), pytest.raises(ValueError, match="no ragged tensors"):
        layers.TextVectorization(ragged=True)


OPTIMIZERS = "SGD Adam AdamW Adamax Nadam RMSprop Adagrad Adadelta Ftrl Lion Lamb Adafactor Muon".split()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_sparse_gradients(engine, name):
    start, gradient = np.ones((4, 2), "float32"), np.float32([[0, 0], [1, -2], [0, 0], [0.5, 3]])
    found = []
    for sparse in (False, True):
        variable, optimizer = kerata.Variable(start), getattr(kerata.optimizers, name)(0.1)
        for _ in range(2):
            given = gradient
            if sparse and engine.name == "jax":
                given = jax_sparse.BCOO.fromdense(jnp.asarray(gradient), n_dense=1)
            elif sparse:
                given = tf.IndexedSlices(tf.constant(gradient[[1, 3, 3]] * [[1], [0.25], [0.75]]), [1, 3, 3], [4, 2])
            optimizer.apply_gradients([(given, variable)])
        found.append(variable.numpy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)


@pytest.mark.parametrize("case", [c for c in CASES if not c.integers and c.cls not in WITHOUT], ids=lambda c: c.name)
def test_every_layer_takes_sparse_tensors(case):
    """The numbers are those of dense tensors, whatever a layer does with them."""
    with engines.use_engine("jax") as engine, engine.no_gradients():
        kerata.utils.set_random_seed(0)
        layer = getattr(layers, case.cls)(**case.args)
        inputs = optree.tree_map(lambda x: ops.convert_to_tensor(np.where(x > 0, x, 0)), case.inputs())
        expected = layer(inputs)
        result = layer(optree.tree_map(engine.sparse.from_dense, inputs))
        for got, wanted in zip(optree.tree_leaves(result), optree.tree_leaves(expected)):
            np.testing.assert_allclose(*map(ops.convert_to_numpy, (got, wanted)), rtol=1e-4, atol=1e-5)
