"""Sparse and ragged data in `fit`, `evaluate` and `predict`: the numbers of dense data, on every engine."""

import numpy as np
import pytest
import scipy.sparse

import kerata
from kerata import engines, layers, ops
from kerata.core.sparse import is_sparse


def rows(count=10, features=6):
    x = np.random.default_rng(3).normal(size=(count, features)).astype("float32")
    return np.where(x > 0.3, x, 0).astype("float32")


X, Y = rows(), np.random.default_rng(4).normal(size=(10, 1)).astype("float32")


def forms(engine):
    """The data in each form that the engine takes."""
    yield scipy.sparse.csr_matrix(X)
    yield scipy.sparse.coo_array(X)
    if engine.sparse is not None:
        yield ops.convert_to_tensor(scipy.sparse.csr_matrix(X))


def model(kind, seen):
    class Spy(layers.Layer):
        def call(self, x):
            seen.add(is_sparse(x))
            return ops.matmul(x, ops.ones((6, 3)))

    kerata.utils.set_random_seed(1)
    if kind == "sequential":
        made = kerata.Sequential([Spy(), layers.Dense(1)])
    else:
        inputs = kerata.Input((6,), sparse=kind == "sparse")
        made = kerata.Model(inputs, layers.Dense(1)(ops.concatenate([Spy()(inputs), layers.Dense(2)(inputs)], axis=1)))
    made.compile("sgd", "mse")
    return made


def numbers(kind, x, y, seen):
    made = model(kind, seen)
    history = made.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
    seen_in_training = set(seen)
    found = [*history, made.evaluate(x, y, batch_size=4, verbose=0), made.train_on_batch(x, y)]
    return np.array(found), made.predict(x, batch_size=4, verbose=0), seen_in_training


@pytest.mark.parametrize("kind", ["sequential", "dense", "sparse"])
def test_is_what_dense_data_is(training_engine, kind):
    if kind == "sparse" and training_engine.sparse is None:
        with pytest.raises(ValueError, match="no sparse tensors"):
            model(kind, set())
        return
    expected = numbers(kind, X, Y, set())
    for x in forms(training_engine):
        seen = set()
        got = numbers(kind, x, Y, seen)
        np.testing.assert_allclose(got[0], expected[0], rtol=1e-5)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-4, atol=1e-6)
        assert (True in got[2]) == (kind == "sparse")


def test_streams(training_engine):
    made = model("dense", set())
    batches = [(X[:4], Y[:4]), (X[4:8], Y[4:8]), (X[8:], Y[8:])]
    expected = made.evaluate(iter(batches), steps=3, verbose=0)
    got = made.evaluate(((scipy.sparse.csr_matrix(x), y) for x, y in batches), steps=3, verbose=0)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_sparse_data_set_of_tensorflow(training_engine):
    import tensorflow as tf

    made = model("dense", set())
    data = tf.data.Dataset.from_tensor_slices((tf.sparse.from_dense(X), Y)).batch(4)
    np.testing.assert_allclose(made.evaluate(data, verbose=0), made.evaluate(X, Y, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(made.predict(data, verbose=0), made.predict(X, verbose=0), rtol=1e-4, atol=1e-6)


def test_several_axes(training_engine):
    x = np.where(np.random.default_rng(0).normal(size=(5, 3, 4)) > 0.5, 1.0, 0).astype("float32")
    made = kerata.Sequential([layers.Flatten(), layers.Dense(2)])
    expected = made.predict(x, verbose=0)
    if training_engine.sparse is not None:
        got = made.predict(training_engine.sparse.from_dense(ops.convert_to_tensor(x)), verbose=0)
        np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_validation_and_shuffles(training_engine):
    x, made = scipy.sparse.csr_matrix(X), model("sequential", set())
    history = made.fit(x, Y, epochs=2, validation_split=0.3, verbose=0, validation_data=None).history
    assert set(history) == {"loss", "val_loss"}
    made.fit(x, Y, validation_data=(x, Y), sample_weight=np.ones(10), verbose=0)


def test_ragged_data():
    import tensorflow as tf

    x = tf.ragged.constant([[1.0, 2.0], [3.0], [4.0, 5.0, 6.0]])
    seen = []

    class Total(layers.Layer):
        def call(self, x):
            seen.append(type(x).__name__)
            return tf.reshape(tf.reduce_sum(x, axis=1), (-1, 1))

        def compute_output_shape(self, shape):
            return (shape[0], 1)

    with engines.use_engine("tensorflow"):
        inputs = kerata.Input((None,), ragged=True)
        assert inputs.ragged
        made = kerata.Model(inputs, Total()(inputs))
        assert made(x).numpy().tolist() == [[3], [3], [15]]
        assert made.predict(x, verbose=0).tolist() == [[3], [3], [15]]
        made.compile(loss="mse")
        np.testing.assert_allclose(made.evaluate(x, np.array([[3.0], [3], [14]]), batch_size=2, verbose=0), 1 / 3)
        assert set(seen) == {"RaggedTensor"}
    with engines.use_engine("jax"), pytest.raises(ValueError, match="no ragged tensors"):
        kerata.Sequential([layers.Dense(1)]).predict(x)
