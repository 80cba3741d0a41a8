"""Texts to numbers: the oracle's numbers, in models, files and pipelines."""

import numpy as np
import pytest

import kerata
from kerata import engines, layers

from ...oracle import keras

TEXTS = np.array(["Foo, bar!", "bar  baz-Qux \t's", "É ünï_x İ foo", "", "x\u00a0y\u2003z\x0bd\x1ce"])


def both(**arguments):
    return [module.layers.TextVectorization(**arguments, name="t") for module in (kerata, keras())]


@pytest.mark.parametrize("standardize", [None, "lower", "strip_punctuation", "lower_and_strip_punctuation"])
@pytest.mark.parametrize("split", [None, "whitespace", "character"])
def test_standardize_and_split(standardize, split):
    mine, other = both(standardize=standardize, split=split)
    mine.adapt(TEXTS), other.adapt(TEXTS)
    assert mine.get_vocabulary() == list(other.get_vocabulary())
    for x in (TEXTS, TEXTS[:, None], TEXTS.tolist()):
        found = np.asarray(mine(x))
        if split is not None:
            np.testing.assert_array_equal(found, other(x))
        else:
            np.testing.assert_array_equal(found.ravel(), np.ravel(other(x)))
    assert mine.get_config() == dict(other.get_config())


@pytest.mark.parametrize("ngrams", [1, 2, 3, (2,), (3, 1)])
def test_ngrams(ngrams, engine):
    mine, other = both(ngrams=ngrams)
    data = np.array(["a b c d", "a b", "d"])
    mine.adapt(data), other.adapt(data)
    assert mine.get_vocabulary() == list(other.get_vocabulary())
    np.testing.assert_array_equal(engine.to_numpy(mine(data)), other(data))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"output_sequence_length": 1},
        {"output_sequence_length": 6},
        {"output_mode": "multi_hot"},
        {"output_mode": "count", "max_tokens": 9, "pad_to_max_tokens": True},
        {"output_mode": "tf_idf", "idf_weights": [1.0, 2.0]},
    ],
)
def test_output_modes(arguments, engine):
    mine, other = both(vocabulary=["foo", "bar"], **arguments)
    for x in (TEXTS, TEXTS[:, None], TEXTS[:1]):
        expected = np.asarray(other(x))
        np.testing.assert_allclose(engine.to_numpy(mine(x)), expected, rtol=1e-6)
        symbolic = mine(kerata.KerasTensor((None, *x.shape[1:]), "string")).shape
        assert len(symbolic) == expected.ndim and symbolic[1] in (None, expected.shape[1])
    assert mine.get_vocabulary() == list(other.get_vocabulary()) and mine.vocabulary_size() == other.vocabulary_size()
    again = layers.TextVectorization.from_config(other.get_config())
    np.testing.assert_allclose(engine.to_numpy(again(TEXTS)), engine.to_numpy(mine(TEXTS)))


def test_one_text():
    mine, other = both(vocabulary=["foo", "bar"])
    np.testing.assert_array_equal(mine("bar foo"), other("bar foo"))


@pytest.mark.parametrize(
    "arguments", [{}, {"max_tokens": 4}, {"max_tokens": 4, "output_mode": "count"}, {"output_mode": "tf_idf"}]
)
def test_adapt(arguments):
    import tensorflow as tf

    _, other = both(**arguments)
    other.adapt(TEXTS)
    for data in (
        TEXTS,
        TEXTS[:, None],
        TEXTS.tolist(),
        iter([TEXTS[:2], TEXTS[2:]]),
        tf.data.Dataset.from_tensor_slices(TEXTS),
    ):
        mine, _ = both(**arguments)
        mine.adapt(data)
        assert mine.get_vocabulary() == list(other.get_vocabulary())
        np.testing.assert_allclose(mine(TEXTS), other(TEXTS), rtol=1e-6)


def shouted(texts):
    return np.char.upper(texts)


def by_dashes(texts):
    return [text.split("-") for text in texts]


def test_functions_of_the_users():
    layer = layers.TextVectorization(standardize=shouted, split=by_dashes)
    layer.adapt(["a-b", "c"])
    assert layer.get_vocabulary() == ["", "[UNK]", "C", "B", "A"]
    assert np.asarray(layer(["c-a", "x"])).tolist() == [[2, 4], [1, 0]]


def test_functions_of_tensorflow():
    import tensorflow as tf

    layer = layers.TextVectorization(standardize=lambda x: tf.strings.upper(x), split=lambda x: tf.strings.split(x, "-"))
    layer.adapt(["a-b", "c"])
    assert layer.get_vocabulary() == ["", "[UNK]", "C", "B", "A"]


# In models

REVIEWS = np.array([["the film was good"], ["bad bad film"], ["good"], ["a bad one"]] * 8)
LABELS = np.array([1, 0, 1, 0] * 8)


def classifier(module, vectorize):
    inputs = module.Input((1,), dtype="string")
    x = module.layers.Embedding(vectorize.vocabulary_size(), 4)(vectorize(inputs))
    outputs = module.layers.Dense(1, activation="sigmoid")(module.layers.GlobalAveragePooling1D()(x))
    return module.Model(inputs, outputs)


def test_in_a_model(training_engine, tmp_path):
    """Training, prediction and files of a model whose inputs are texts, on each engine; the oracle reads the file."""
    vectorize = layers.TextVectorization(output_sequence_length=5)
    vectorize.adapt(REVIEWS)
    model = classifier(kerata, vectorize)
    model.compile(kerata.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(REVIEWS, LABELS, epochs=20, batch_size=6, verbose=0, validation_split=0.25)
    assert history.history["val_accuracy"][-1] == 1
    assert model.evaluate(REVIEWS, LABELS, verbose=0)[1] == 1
    expected = model.predict(REVIEWS, verbose=0)
    np.testing.assert_allclose(training_engine.to_numpy(model(REVIEWS)), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(REVIEWS[:3]), expected[:3], rtol=1e-5)
    np.testing.assert_allclose(model.predict(REVIEWS[:, 0], verbose=0), expected, rtol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = kerata.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(REVIEWS, verbose=0), expected, rtol=1e-5)
    loaded.fit(REVIEWS, LABELS, verbose=0)


def test_files_cross(tmp_path):
    for arguments in ({"output_sequence_length": 5}, {"ngrams": 2, "output_sequence_length": 7}):
        for writer, reader in ((kerata, keras()), (keras(), kerata)):
            vectorize = writer.layers.TextVectorization(**arguments)
            vectorize.adapt(REVIEWS)
            model = classifier(writer, vectorize)
            model.save(tmp_path / "model.keras")
            other = reader.saving.load_model(tmp_path / "model.keras")
            # The oracle takes no texts in compiled models: layer by layer there.
            codes = [np.asarray(m.layers[1](REVIEWS)) for m in (model, other)]
            np.testing.assert_array_equal(*codes)
            for mine, theirs in zip(model.get_weights(), other.get_weights()):
                np.testing.assert_array_equal(mine, theirs)


def test_files_with_idf_weights(tmp_path):
    for writer, reader in ((kerata, keras()), (keras(), kerata)):
        vectorize = writer.layers.TextVectorization(output_mode="tf_idf")
        vectorize.adapt(REVIEWS)
        inputs = writer.Input((1,), dtype="string")
        writer.Model(inputs, vectorize(inputs)).save(tmp_path / "model.keras")
        other = reader.saving.load_model(tmp_path / "model.keras").layers[1]
        np.testing.assert_allclose(other(REVIEWS), vectorize(REVIEWS), rtol=1e-6)


def test_data_of_other_kinds(training_engine):
    vectorize = layers.TextVectorization(output_sequence_length=5)
    vectorize.adapt(REVIEWS)
    model = kerata.Sequential([vectorize, layers.Embedding(20, 3), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(REVIEWS, LABELS, verbose=0)
    model.fit(((REVIEWS[i : i + 5], LABELS[i : i + 5]) for i in range(0, 32, 5)), verbose=0)
    assert model.predict((REVIEWS[i : i + 5] for i in range(0, 32, 5)), verbose=0).shape == (32, 1)
    import pandas

    assert model.predict(pandas.DataFrame({"text": REVIEWS[:, 0]}), verbose=0).shape == (32, 1)


def test_text_beside_numbers(training_engine):
    text, number = kerata.Input((1,), dtype="string", name="text"), kerata.Input((2,), name="number")
    hashed = layers.Hashing(8, output_mode="one_hot")(text)
    scaled = layers.Rescaling(0.5)(number)
    model = kerata.Model({"text": text, "number": number}, layers.Dense(1)(layers.Concatenate()([hashed, scaled])))
    model.compile("sgd", "mse")
    data = {"text": REVIEWS, "number": np.ones((32, 2))}
    model.fit(data, LABELS, verbose=0)
    assert model.predict(data, verbose=0).shape == (32, 1)
    before, after = model.plan.host_split
    assert [n.operation.name.split("_")[0] for n in before.nodes] == ["hashing"]
    assert len(after.nodes) == 3


def test_a_trained_model_behind_texts():
    """A trained model with the layer put before it, to be saved as one."""
    vectorize = layers.TextVectorization(output_sequence_length=5)
    vectorize.adapt(REVIEWS)
    inner = kerata.Sequential([kerata.Input((5,), dtype="int32"), layers.Embedding(20, 3), layers.Flatten(), layers.Dense(1)])
    inner.compile("sgd", "mse")
    inner.fit(np.asarray(vectorize(REVIEWS)), LABELS, verbose=0)
    whole = kerata.Sequential([kerata.Input((1,), dtype="string"), vectorize, inner])
    np.testing.assert_allclose(whole.predict(REVIEWS, verbose=0), inner.predict(np.asarray(vectorize(REVIEWS)), verbose=0))


def test_texts_deep_inside_are_refused():
    inner = kerata.Sequential([kerata.Input((1,), dtype="string"), layers.Hashing(5), layers.Embedding(5, 3)], name="inner")
    inputs = kerata.Input((1,), dtype="string")
    model = kerata.Model(inputs, layers.Flatten()(inner(inputs)))
    with pytest.raises(ValueError, match="is inside the model 'inner', which has weights to train. Call that layer before"):
        model.predict(REVIEWS, verbose=0)


def test_texts_for_a_model_of_numbers_are_refused():
    model = kerata.Sequential([kerata.Input((1,)), layers.Dense(1)])
    with pytest.raises(ValueError, match="The data holds no numbers"):
        model.predict(REVIEWS, verbose=0)


@pytest.mark.parametrize("name", ["jax", "torch", "tensorflow"])
def test_in_a_tf_data_pipeline(name):
    import tensorflow as tf

    with engines.use_engine(name):
        vectorize = layers.TextVectorization(output_sequence_length=5)
        data = tf.data.Dataset.from_tensor_slices((REVIEWS[:, 0], LABELS)).batch(8)
        vectorize.adapt(data.map(lambda x, y: x))
        mapped = data.map(lambda x, y: (vectorize(x), y))
        assert mapped.element_spec[0].shape.as_list() == [None, 5]
        found = np.concatenate([x for x, _ in mapped.as_numpy_iterator()])
        np.testing.assert_array_equal(found, np.asarray(vectorize(REVIEWS)))


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.TextVectorization()(TEXTS), "there is no vocabulary yet"),
        (
            lambda: layers.TextVectorization(vocabulary=["a"])(np.array([["a", "b"]])),
            "(batch,) or (batch, 1) are expected; (1, 2)",
        ),
        (lambda: layers.TextVectorization(vocabulary=["a"]).adapt(TEXTS), "given its vocabulary is not adapted"),
        (lambda: layers.TextVectorization(output_mode="one_hot"), "output_mode must be one of int, multi_hot, count, tf_idf"),
        (lambda: layers.TextVectorization(standardize="x"), "standardize must be one of 'lower', 'strip_punctuation'"),
        (lambda: layers.TextVectorization(split="x"), "split must be one of 'whitespace', 'character', None or a function"),
        (lambda: layers.TextVectorization(ngrams="x"), "ngrams must be a positive integer, a tuple of them, or None; 'x' came"),
        (lambda: layers.TextVectorization(output_sequence_length=0), "must be a positive integer; 0 came"),
        (lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3), "goes with output_mode='int'"),
        (lambda: layers.TextVectorization(ragged=True), "ragged=True is not available"),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)


@pytest.mark.parametrize("shape", [(), (2,), (2, 1), (1, 2), (1, 2, 1)])
def test_without_a_split_each_text_is_one_number(shape, engine):
    x = np.resize(np.array(["a b", "q"]), shape)
    mine, other = both(split=None, vocabulary=["q", "a b"])
    found = engine.to_numpy(mine(x))
    assert found.shape == shape
    np.testing.assert_array_equal(found, other(x))
    assert mine(kerata.Input(shape[1:], dtype="string")).shape == (None, *shape[1:])


def test_more_axes_before_the_texts(engine):
    mine, other = both(vocabulary=["a", "b"])
    x = np.array([[["a b"], ["b"]]])
    np.testing.assert_array_equal(engine.to_numpy(mine(x)), other(x))
    assert mine(kerata.Input((2, 1), dtype="string")).shape == (None, 2, None)
