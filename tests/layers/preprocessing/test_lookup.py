"""Look-ups of texts and integers: the oracle's numbers, vocabularies, configs and files."""

import json

import numpy as np
import pytest

import kerata
from kerata import engines, layers

from ...oracle import keras

WORDS = np.array([["a", "b", "z", ""], ["b", "", "b", "ü"]])
NUMBERS = np.array([[3, 7, -2, 0], [7, 0, 7, 100]])
MODES = ["int", "one_hot", "multi_hot", "count", "tf_idf"]


def as_json(config):
    return json.loads(json.dumps(config))


def both(name, **arguments):
    return [getattr(module.layers, name)(**arguments, name="l") for module in (kerata, keras())]


def cases(mask):
    for mode in MODES:
        weights = {"idf_weights": [0.25, 0.5, 1.0]} if mode == "tf_idf" else {}
        for oov in (1, 3):
            yield {"output_mode": mode, "num_oov_indices": oov, "mask_token": mask} | weights
    yield {"output_mode": "count", "pad_to_max_tokens": True, "max_tokens": 9, "mask_token": mask}


@pytest.mark.parametrize("name, vocabulary, mask, data", [("StringLookup", ["a", "b", "c"], "", WORDS), ("IntegerLookup", [3, 7, 9], 0, NUMBERS)])  # fmt: skip
@pytest.mark.parametrize("masked", [False, True])
def test_look_up(name, vocabulary, mask, data, masked, engine):
    for arguments in cases(mask if masked else None):
        mine, other = both(name, vocabulary=vocabulary, **arguments)
        for x in (data, data[:, :1], data[0]):
            found, expected = mine(x), np.asarray(other(x))
            np.testing.assert_allclose(engine.to_numpy(found), expected, rtol=1e-6, err_msg=str(arguments))
            symbolic = mine(kerata.KerasTensor(x.shape, "string" if data is WORDS else "int64"))
            assert symbolic.shape == expected.shape
            assert symbolic.dtype == ("float32" if arguments["output_mode"] == "tf_idf" else "int64")
        assert mine.get_vocabulary() == list(other.get_vocabulary())
        assert mine.get_vocabulary(False) == list(other.get_vocabulary(False))
        assert mine.vocabulary_size() == other.vocabulary_size()
        assert as_json(mine.get_config()) == as_json(other.get_config())
        again = type(mine).from_config(as_json(other.get_config()))
        np.testing.assert_allclose(engine.to_numpy(again(data)), engine.to_numpy(mine(data)))


@pytest.mark.parametrize("name, vocabulary, unknown", [("StringLookup", ["a"], list("qwertyü")), ("IntegerLookup", [1], [5, 6, 7, -8, 2**40, 10**15])])  # fmt: skip
def test_unknown_tokens_are_spread(name, vocabulary, unknown, engine):
    ways = [{}] if name == "StringLookup" else [{}, {"oov_method": "farmhash"}]
    for way in [*ways, ways[-1] | {"salt": [1, 2]}, ways[-1] | {"salt": 9}]:
        for count in (2, 5):
            mine, other = both(name, vocabulary=vocabulary, num_oov_indices=count, **way)
            x = np.array(unknown)
            np.testing.assert_array_equal(engine.to_numpy(mine(x)), other(x))
            assert as_json(mine.get_config()) == as_json(other.get_config())


@pytest.mark.parametrize("mask", [None, 0])
def test_integers_from_numbers(mask, engine):
    mine, other = both("IntegerLookup", vocabulary=[12, 36], invert=True, mask_token=mask)
    x = np.array([[0, 1, 2, 3, 7, -1]])
    np.testing.assert_array_equal(engine.to_numpy(mine(x)), other(x))


def test_texts_from_numbers(engine):
    layer = layers.StringLookup(vocabulary=["a", "ü"], invert=True)
    found = layer([[0, 1, 2, 9, -1]])
    assert isinstance(found, np.ndarray) and found.tolist() == [["[UNK]", "a", "ü", "[UNK]", "[UNK]"]]
    assert layer(kerata.Input((3,), dtype="int32")).dtype == "string"


class Batches(kerata.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return WORDS[index : index + 1]


def tf_dataset():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(WORDS).batch(1)


@pytest.mark.parametrize("kind", [lambda: WORDS, WORDS.tolist, lambda: iter([WORDS[:1], WORDS[1:]]), Batches, tf_dataset])
def test_adapt(kind):
    for arguments in (
        {},
        {"mask_token": ""},
        {"max_tokens": 3},
        {"max_tokens": 5, "num_oov_indices": 2},
        {"output_mode": "tf_idf"},
    ):
        mine, other = both("StringLookup", **arguments)
        mine.adapt(kind()), other.adapt(WORDS)
        assert mine.get_vocabulary() == list(other.get_vocabulary())
        np.testing.assert_allclose(mine(WORDS), other(WORDS), rtol=1e-6)
        mine.adapt(np.array(["new"]))
        assert mine.get_vocabulary(False) == ["new"]


def test_adapt_integers():
    for data in (NUMBERS, np.array([3, 20, 100, 5, 7, -1, -1]), iter([NUMBERS[:1], NUMBERS[1:]])):
        mine, other = both("IntegerLookup")
        mine.adapt(data), other.adapt(NUMBERS if hasattr(data, "__next__") else data)
        assert mine.get_vocabulary() == list(other.get_vocabulary())


def test_vocabulary_of_a_file(tmp_path):
    path = tmp_path / "words.txt"
    for text in ("x\ny\nü\n", "x\ny\nü", "x\r\ny\r\nü\r\n"):
        path.write_text(text, encoding="utf-8", newline="")
        layer = layers.StringLookup(vocabulary=str(path))
        assert layer.get_vocabulary() == ["[UNK]", "x", "y", "ü"]
        assert layer.get_config()["vocabulary"] is None
    path.write_text("4\n6\n")
    assert layers.IntegerLookup(vocabulary=path).get_vocabulary() == [-1, 4, 6]


def test_special_tokens_in_the_vocabulary():
    for given, expected in ((["", "[UNK]", "a"], ["a"]), (["a", "[UNK]"], ["a", "[UNK]"])):
        mine, other = both("StringLookup", vocabulary=given, mask_token="")
        assert mine.get_vocabulary() == list(other.get_vocabulary())
        assert mine.get_vocabulary(include_special_tokens=False) == expected
    mine, other = both("StringLookup", output_mode="tf_idf")
    for layer in (mine, other):
        layer.set_vocabulary(["[UNK]", "a", "b"], idf_weights=[0.9, 0.25, 0.75])
    np.testing.assert_allclose(mine(WORDS), other(WORDS), rtol=1e-6)


@pytest.mark.parametrize("writer, reader", [("kerata", "keras"), ("keras", "kerata"), ("kerata", "kerata")])
def test_files(writer, reader, tmp_path):
    """Vocabularies found by `adapt` are in the file, for kerata as for the oracle."""
    modules = {"kerata": kerata, "keras": keras()}
    writer, reader = modules[writer], modules[reader]
    texts, numbers = writer.Input((4,), dtype="string"), writer.Input((4,), dtype="int64")
    outputs = []
    for cls, source, data in (("StringLookup", texts, WORDS), ("IntegerLookup", numbers, NUMBERS)):
        for arguments in ({}, {"output_mode": "multi_hot"}, {"output_mode": "tf_idf"}, {"vocabulary": data[0]}):
            layer = getattr(writer.layers, cls)(**arguments)
            if "vocabulary" not in arguments:
                layer.adapt(data)
            outputs.append(layer(source))
    model = writer.Model([texts, numbers], outputs)
    model.save(tmp_path / "model.keras")
    loaded = reader.saving.load_model(tmp_path / "model.keras")
    written = [layer for layer in model.layers if "lookup" in layer.name]
    assert len(written) == 8
    for layer in written:
        data = WORDS if "string" in layer.name else NUMBERS
        np.testing.assert_allclose(loaded.get_layer(layer.name)(data), layer(data), rtol=1e-6)


@pytest.mark.parametrize("name", ["jax", "torch", "tensorflow"])
def test_in_a_tf_data_pipeline(name):
    import tensorflow as tf

    with engines.use_engine(name):
        numbers, vectors = (
            layers.StringLookup(vocabulary=["a", "b"]),
            layers.IntegerLookup(vocabulary=[3, 7], output_mode="count"),
        )
        back = layers.StringLookup(vocabulary=["a", "b"], invert=True)
        data = tf.data.Dataset.from_tensor_slices((WORDS, NUMBERS)).batch(2)
        mapped = data.map(lambda words, integers: (numbers(words), vectors(integers), back(numbers(words))))
        (found,) = mapped.as_numpy_iterator()
    np.testing.assert_array_equal(found[0], [[1, 2, 0, 0], [2, 0, 2, 0]])
    np.testing.assert_array_equal(found[1], [[2, 1, 1], [2, 0, 2]])
    assert found[2].tolist()[0] == [b"a", b"b", b"[UNK]", b"[UNK]"]


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.StringLookup()(WORDS), "there is no vocabulary yet"),
        (lambda: layers.StringLookup(vocabulary=["a"]).adapt(WORDS), "given its vocabulary is not adapted"),
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), "some tokens twice: 'a'"),
        (lambda: layers.StringLookup(vocabulary=[]), "the vocabulary is empty"),
        (lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""), "the mask token '' stands in the midst"),
        (lambda: layers.StringLookup(vocabulary=["a", "b", "c"], max_tokens=3), "has 4 tokens, special ones counted"),
        (lambda: layers.StringLookup(vocabulary="nowhere.txt"), "There is no vocabulary file 'nowhere.txt'"),
        (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)([["z"]]), "the token 'z' is not in the vocabulary"),
        (lambda: layers.StringLookup(output_mode="x"), "output_mode must be one of int, one_hot"),
        (lambda: layers.StringLookup(invert=True, output_mode="count"), "invert=True goes with output_mode='int'"),
        (lambda: layers.StringLookup(max_tokens=1), "max_tokens must be an integer greater than 1; 1 came"),
        (lambda: layers.StringLookup(num_oov_indices=-1), "num_oov_indices must be a non-negative integer; -1 came"),
        (lambda: layers.StringLookup(pad_to_max_tokens=True, output_mode="count"), "pad_to_max_tokens=True needs max_tokens"),
        (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), "needs idf_weights"),
        (lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0]), "idf_weights go with output_mode='tf_idf'"),
        (lambda: layers.StringLookup(output_mode="tf_idf").set_vocabulary(["a"], [1.0, 2.0]), "one idf weight for each of 1"),
        (lambda: layers.IntegerLookup(mask_token=1.5), "mask_token must be an integer; 1.5 came"),
        (lambda: layers.IntegerLookup(oov_method="x"), "oov_method must be 'floormod' or 'farmhash'; 'x' came"),
        (lambda: layers.IntegerLookup(salt=3), "a salt goes with oov_method='farmhash'"),
        (lambda: layers.IntegerLookup(vocabulary_dtype="int32"), "vocabulary_dtype must be 'int64'; 'int32' came"),
        (lambda: layers.IntegerLookup(vocabulary=[1])(WORDS), "integers are expected; ['a', 'b', 'z'] came"),
    ],
)  # fmt: skip
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)


def test_a_bad_vocabulary_changes_nothing():
    layer = layers.StringLookup(vocabulary=["a", "b"])
    with pytest.raises(ValueError):
        layer.set_vocabulary(["c", "c"])
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"]


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("name, vocabulary", [("StringLookup", ["a", "b"]), ("IntegerLookup", [1, 2])])
def test_dtypes_are_the_oracles(mode, name, vocabulary):
    """On JAX, which has no 64 bits; tokens' dtypes, and whole numbers for all that is not weighted."""
    arguments = {"vocabulary": vocabulary, "output_mode": mode} | ({"idf_weights": [0.1, 0.2]} if mode == "tf_idf" else {})
    mine, other = (getattr(m.layers, name)(**arguments) for m in (kerata, keras()))
    assert mine.dtype == other.dtype and mine.compute_dtype == other.compute_dtype
    with kerata.use_engine("jax"):
        assert str(mine(np.array(vocabulary)).dtype) == str(other(np.array(vocabulary)).dtype)


def test_tensors_of_tensorflow_are_looked_up_on_every_engine(engine):
    import tensorflow as tf

    layer = layers.StringLookup(vocabulary=["a", "b"])
    assert engine.to_numpy(layer(tf.constant(["b", "a", "c"]))).tolist() == [2, 1, 0]
    found = layer(tf.ragged.constant([["a"], ["c", "b"]]))
    assert found.to_list() == [[1], [0, 2]]
    with pytest.raises(ValueError, match="Pad them"):
        layers.StringLookup(vocabulary=["a"], output_mode="multi_hot")(tf.ragged.constant([["a"], ["c", "b"]]))


@pytest.mark.parametrize(
    "make, x",
    [
        (lambda of, **kw: of.StringLookup(vocabulary=["a", "b"], **kw), "b"),
        (lambda of, **kw: of.IntegerLookup(vocabulary=[1, 2], **kw), 2),
        (lambda of, **kw: of.Discretization(bin_boundaries=[0.0, 1.0], **kw), 0.5),
        (lambda of, **kw: of.CategoryEncoding(4, **kw), 2),
    ],
)
def test_one_value_alone(make, x, engine):
    """One-hot it is a row, else a vector, as the oracle's."""
    for mode in ("one_hot", "multi_hot", "count"):
        found, expected = (
            engine.to_numpy(make(layers, output_mode=mode)(np.array(x))),
            make(keras().layers, output_mode=mode)(np.array(x)),
        )
        np.testing.assert_array_equal(found, expected)


def test_sparse_numbers_are_refused():
    makes = [lambda **kw: layers.Hashing(3, **kw), layers.StringLookup, layers.TextVectorization, layers.IntegerLookup]
    for make in (*makes, lambda **kw: layers.Discretization(bin_boundaries=[0.0], **kw)):
        with pytest.raises(ValueError, match="sparse=True goes with an output_mode of vectors"):
            make(sparse=True)


def test_what_was_given_is_an_attribute():
    text, number = layers.StringLookup(vocabulary=["a"]), layers.IntegerLookup(vocabulary=[1])
    assert (text.vocabulary_dtype, text.input_vocabulary, text.input_idf_weights) == ("string", ["a"], None)
    assert (number.vocabulary_dtype, number.input_vocabulary) == ("int64", [1])
    assert text.input_dtype == "string" and number.input_dtype == "int64"
    assert not layers.Hashing(3).strong_hash and layers.Hashing(3, salt=1).strong_hash
