"""Texts as numbers: what the comparison with Keras 2 (`test_keras2.py`) does not hold."""

import subprocess
import sys

import numpy as np
import pytest

from kerata.compat import translate
from kerata.preprocessing import text
from kerata.preprocessing.text import Tokenizer

TEXTS = ["the cat sat on the mat", "the dog sat"]


@pytest.fixture
def tokenizer():
    """One that knows the texts."""
    result = Tokenizer()
    result.fit_on_texts(TEXTS)
    return result


def test_texts_come_back(tokenizer):
    assert tokenizer.sequences_to_texts(tokenizer.texts_to_sequences(TEXTS)) == TEXTS
    assert list(tokenizer.sequences_to_texts_generator(tokenizer.texts_to_sequences_generator(TEXTS))) == TEXTS


def test_rows_are_counts_and_their_parts(tokenizer):
    counts = tokenizer.texts_to_matrix(TEXTS, "count")
    assert counts.shape == (2, 7) and counts.sum(1).tolist() == [6, 3]
    np.testing.assert_allclose(tokenizer.texts_to_matrix(TEXTS, "freq"), counts / counts.sum(1, keepdims=True))
    np.testing.assert_array_equal(tokenizer.texts_to_matrix(TEXTS), counts > 0)
    docs = np.array([tokenizer.index_docs.get(i, 0) for i in range(7)])
    with np.errstate(divide="ignore"):
        expected = np.where(counts > 0, (1 + np.log(counts)) * np.log(1 + 2 / (1 + docs)), 0)
    np.testing.assert_allclose(tokenizer.texts_to_matrix(TEXTS, "tfidf"), expected)


def test_an_analyzer_finds_the_words():
    tokenizer = Tokenizer(analyzer=lambda value: value.split("|"))
    tokenizer.fit_on_texts(["A|b c", "b c"])
    assert tokenizer.word_index == {"b c": 1, "A": 2}
    assert text.hashing_trick("ab|c", 10, len, analyzer=lambda value: value.split("|")) == [3, 2]


def test_one_hot_is_pythons_hash():
    assert text.one_hot("A b, a", 50) == [hash(word) % 49 + 1 for word in ("a", "b", "a")]
    assert text.one_hot("A b", 50, lower=False) == [hash(word) % 49 + 1 for word in ("A", "b")]


def test_names_of_keras_1_are_taken(monkeypatch):
    monkeypatch.setattr(translate, "_told", set())
    with pytest.warns(DeprecationWarning, match="nb_words"):
        assert Tokenizer(nb_words=7).num_words == 7


@pytest.mark.parametrize(
    "act, error, message",
    [
        (lambda: Tokenizer(num_word=3), TypeError, "Did you mean 'num_words'"),
        (lambda: Tokenizer().texts_to_matrix(TEXTS), ValueError, "Give Tokenizer num_words, or call fit_on_texts first"),
        (lambda: Tokenizer(5).sequences_to_matrix([[1]], "tfidf"), ValueError, "mode='tfidf' needs to know"),
        (lambda: Tokenizer(5).sequences_to_matrix([[1]], "counts"), ValueError, "mode is 'binary', .*'counts' came"),
        (lambda: text.hashing_trick("a", 1), ValueError, "n is at least 2"),
        (lambda: text.tokenizer_from_json("[1]"), ValueError, "The JSON of a Tokenizer has a 'config'"),
    ],
)
def test_what_can_not_be_done_is_told(act, error, message):
    with pytest.raises(error, match=message):
        act()


def test_texts_need_no_engine():
    code = "import sys; from kerata.preprocessing.text import Tokenizer; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"jax", "tensorflow", "torch"} & {name.split(".")[0] for name in loaded}
