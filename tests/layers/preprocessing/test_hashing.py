"""Hashes: equal to TensorFlow's ops and to the oracle."""

import json

import numpy as np
import pytest

import kerata
from kerata import engines, layers
from kerata.layers.preprocessing import fingerprints

from ...oracle import keras

WORDS = np.array([["A", "bee"], ["", "a longer text, of more than thirty-two bytes"], ["ünïcode ☃", "x" * 200]])
MESSAGES = np.array([np.random.default_rng(n).bytes(n) for n in [*range(150), 191, 192, 193, 255, 256, 257, 1000]], object)


def test_hashes_are_those_of_tensorflow():
    import tensorflow as tf

    count = 2**62
    np.testing.assert_array_equal(
        fingerprints.fingerprints(MESSAGES) % np.uint64(count), tf.strings.to_hash_bucket_fast(MESSAGES, count).numpy()
    )
    np.testing.assert_array_equal(
        fingerprints.keyed_hashes(MESSAGES, (133, 2**40)) % np.uint64(count),
        tf.strings.to_hash_bucket_strong(MESSAGES, count, [133, 2**40]).numpy(),
    )


@pytest.mark.parametrize("salt", [None, 133, [133, 137]])
@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_hashing(salt, mode, engine):
    mine, other = (m.layers.Hashing(7, salt=salt, output_mode=mode, name="h") for m in (kerata, keras()))
    for x in (WORDS, WORDS[:, :1], WORDS[:, 0], np.array([[3, -4], [10**6, 0]])):
        found = mine(x)
        expected = np.asarray(other(x))
        np.testing.assert_array_equal(engine.to_numpy(found), expected)
        assert engine.is_array(found)
        if x.ndim == 2:
            symbolic = mine(kerata.Input(x.shape[1:], dtype="string" if x.dtype.kind == "U" else "int64"))
            assert symbolic.shape == (None, *expected.shape[1:])
    assert json.loads(json.dumps(mine.get_config())) == json.loads(json.dumps(other.get_config()))


def test_hashing_with_a_mask(engine):
    for x, mask in ((WORDS, ""), (np.array([[1, 2], [3, 2]]), 2)):
        mine, other = (m.layers.Hashing(5, mask_value=mask) for m in (kerata, keras()))
        np.testing.assert_array_equal(engine.to_numpy(mine(x)), other(x))


def test_hashing_of_large_numbers():
    with engines.use_engine("numpy"):
        found = layers.Hashing(10**6)(np.array([2**62 + 1, 2**62]))
    import tensorflow as tf

    np.testing.assert_array_equal(found, tf.strings.to_hash_bucket_fast([str(2**62 + 1), str(2**62)], 10**6).numpy())


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")  # the oracle's own
@pytest.mark.parametrize("mode", ["int", "one_hot"])
def test_hashed_crossing(mode, engine):
    mine, other = (m.layers.HashedCrossing(10, output_mode=mode, name="h") for m in (kerata, keras()))
    words, numbers = np.array(["A", "B", "A", "B", "Ccc"]), np.array([101, 101, -102, 102, 102])
    for features in ((words, numbers), (numbers, words), (words, words, numbers), (words[:, None], numbers[:, None])):
        expected = np.asarray(other(features))
        np.testing.assert_array_equal(engine.to_numpy(mine(features)), expected)
        shapes = [x.shape for x in features]
        assert mine.compute_output_shape(shapes) == expected.shape
    theirs = json.loads(json.dumps(other.get_config()))
    assert json.loads(json.dumps(mine.get_config())) == theirs
    assert layers.HashedCrossing.from_config(theirs).get_config() == theirs


@pytest.mark.parametrize("name", ["jax", "torch", "tensorflow"])
def test_in_a_tf_data_pipeline(name):
    import tensorflow as tf

    numbers = np.arange(6).reshape(3, 2)
    with engines.use_engine(name):
        hashing, crossing = layers.Hashing(9), layers.HashedCrossing(9)
        data = tf.data.Dataset.from_tensor_slices((WORDS, numbers)).batch(2)
        mapped = data.map(lambda words, numbers: (hashing(words), crossing((words[:, 0], numbers[:, 0]))))
        assert [spec.shape.as_list() for spec in mapped.element_spec] == [[None, 2], [None]]
        hashes, crossings = (np.concatenate(x) for x in zip(*mapped.as_numpy_iterator()))
    np.testing.assert_array_equal(hashes, layers.Hashing(9)(WORDS))
    np.testing.assert_array_equal(crossings, layers.HashedCrossing(9)((WORDS[:, 0], numbers[:, 0])))


def test_inside_a_compiled_function(training_engine):
    layer = layers.Hashing(9)
    step = engines.current().compile(lambda x: layer(x))
    for x in (np.array([[1, 2], [3, 4]], "int32"), np.array([[5, 6], [7, 8]], "int32")):
        for _ in range(3):
            np.testing.assert_array_equal(training_engine.to_numpy(step(x)), keras().layers.Hashing(9)(x))


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.Hashing(0), "num_bins must be a positive integer; 0 came"),
        (lambda: layers.Hashing(1, mask_value=""), "num_bins must be at least 2"),
        (lambda: layers.Hashing(3, salt="a"), "salt must be a non-negative integer or a pair of them; 'a' came"),
        (lambda: layers.Hashing(3, salt=[1]), "salt must be a non-negative integer or a pair of them; [1] came"),
        (lambda: layers.Hashing(3, dtype="float32"), "the dtype is that of integers; 'float32' came"),
        (lambda: layers.Hashing(3, output_mode="x"), "output_mode must be one of int, one_hot, multi_hot, count; 'x' came"),
        (lambda: layers.HashedCrossing(3, output_mode="count"), "output_mode must be one of int, one_hot; 'count' came"),
        (lambda: layers.HashedCrossing(3)(WORDS), "a list of two or more features is expected"),
        (lambda: layers.HashedCrossing(3)([WORDS[0], WORDS[:, 0]]), "the features must have one shape; (2,), (3,) came"),
        (lambda: layers.HashedCrossing(3)([WORDS, WORDS]), "features have the shape (), (batch,) or (batch, 1); (3, 2) came"),
        (lambda: layers.HashedCrossing(3)([np.ones(3), WORDS[:, 0]]), "one of dtype float64 came"),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)
