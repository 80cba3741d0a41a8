"""`keras.preprocessing.text`: texts as lists of numbers, as Keras 1 and 2 have them.

New programs use `kerata.layers.TextVectorization`, which is part of a model and of its file.
"""

import collections
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from kerata.compat.translate import tell
from kerata.core.suggestions import refuse

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(input_text: str, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """A text's words.

    Args:
        input_text: the text.
        filters: characters that stand for `split`; punctuation, tabs and line ends by default.
        lower: whether words become lower case.
        split: what stands between words.

    >>> text_to_word_sequence("Well, well: a text!")
    ['well', 'well', 'a', 'text']
    """
    text = input_text.lower() if lower else input_text
    text = text.translate({ord(character): split for character in filters})
    return [word for word in text.split(split) if word]


def one_hot(
    input_text: str,
    n: int,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[str]] | None = None,
) -> list[int]:
    """A text's words as numbers from 1 to n - 1, by Python's `hash`: `hashing_trick(input_text, n, hash, ...)`.

    Python's `hash` of texts is another one in each process unless the variable PYTHONHASHSEED is set.
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[str]] | None = None,
) -> list[int]:
    """A text's words as numbers from 1 to n - 1; different words may have the same.

    Args:
        text: the text.
        n: one more than there are numbers; 0 is left for padding.
        hash_function: takes a word and returns an integer; "md5" for one that is the same in every process; Python's `hash`
            if None, which is not.
        filters, lower, split: see `text_to_word_sequence`.
        analyzer: takes a text and returns its words, in place of `text_to_word_sequence`.

    Raises: ValueError if n is below 2.

    >>> hashing_trick("the cat and the dog", 100, "md5")
    [51, 3, 69, 51, 33]
    """
    if n < 2:
        raise ValueError(f"n is at least 2, for one number; {n!r} came.")
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    hashed = {None: hash, "md5": _md5}.get(hash_function, hash_function)
    return [hashed(word) % (n - 1) + 1 for word in words]


def _md5(word):
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Texts as lists of numbers, or as rows of a matrix.

    `fit_on_texts` numbers the words from 1 on, the most frequent first; 0 is left for padding.

    Args:
        num_words: only the `num_words - 1` most frequent words are used (so that numbers are below `num_words`); all of
            them if None. Keras 1's name is `nb_words`.
        filters: characters that are left out; punctuation, tabs and line ends by default, not the apostrophe.
        lower: whether words become lower case.
        split: what stands between words.
        char_level: whether each character is a word.
        oov_token: a word, numbered 1, that stands for those that aren't known or not used; these are left out if None.
        analyzer: takes a text and returns its words, in place of `text_to_word_sequence`.
        **kwargs: `document_count`, how many texts were counted before; `nb_words`.

    Attributes: `word_index` (word -> number), `index_word` (number -> word), `word_counts` (word -> how often, in the order
    in which they came), `word_docs` (word -> in how many texts), `index_docs` (number -> in how many texts),
    `document_count`.

    A text may be a list of words, which is taken as it is but for `lower`.

    >>> tokenizer = Tokenizer(oov_token="<unknown>")
    >>> tokenizer.fit_on_texts(["The cat sat on the mat.", "The dog sat."])
    >>> tokenizer.texts_to_sequences(["the cat met the dog"])
    [[2, 4, 1, 2, 7]]
    >>> tokenizer.sequences_to_texts([[2, 7, 3]])
    ['the dog sat']
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = _FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], Iterable[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        if "nb_words" in kwargs:
            tell("Tokenizer(nb_words=)", "Tokenizer(num_words=)")
            num_words = kwargs.pop("nb_words")
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.document_count: int = kwargs.pop("document_count", 0)
        refuse(Tokenizer, kwargs, ("nb_words", "document_count"))
        self.word_counts: collections.OrderedDict[str, int] = collections.OrderedDict()
        self.word_docs: dict[str, int] = collections.defaultdict(int)
        self.index_docs: dict[int, int] = collections.defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text):
        """The words of a text."""
        if self.char_level or isinstance(text, list):
            if not self.lower:
                return text
            return [word.lower() for word in text] if isinstance(text, list) else text.lower()
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts, beside those counted before, and number them.

        Args:
            texts: texts, or lists of words.
        """
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        ordered = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        if self.oov_token is not None:
            ordered.insert(0, self.oov_token)
        self.word_index = {word: number for number, word in enumerate(ordered, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Iterable[Iterable[int]]) -> None:
        """Count in how many lists of numbers each number is, for `sequences_to_matrix` without `fit_on_texts`."""
        for sequence in sequences:
            self.document_count += 1
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Texts as lists of their words' numbers."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """The lists of `texts_to_sequences`, one after another."""
        unknown = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        for text in texts:
            numbers = (self.word_index.get(word) for word in self._words(text))
            known = (number if number is not None and self._is_used(number) else unknown for number in numbers)
            yield [number for number in known if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Lists of numbers as texts, with blanks between the words."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """The texts of `sequences_to_texts`, one after another."""
        unknown = self.oov_token if self.oov_token in self.word_index else None
        for sequence in sequences:
            words = (self.index_word.get(number) if self._is_used(number) else None for number in sequence)
            yield " ".join(word for word in (unknown if word is None else word for word in words) if word is not None)

    def _is_used(self, number):
        return not self.num_words or number < self.num_words

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """Texts as rows of a matrix: `sequences_to_matrix` of their words' numbers."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> np.ndarray:
        """Lists of numbers as rows of a matrix, with a column for each number.

        Args:
            sequences: lists of numbers, below `num_words` if that is given, else of known words.
            mode: "binary" (1 where a number is in the list), "count" (how often), "freq" (the part of the list that it is)
                or "tfidf" (`(1 + log(count)) * log(1 + texts / (1 + texts that have it))`).

        Shapes: a list of (length,) -> (lists, columns), with `num_words` columns, or one more than there are words.

        Raises: ValueError for an unknown mode, or for what `fit_on_texts` is to find first.
        """
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise ValueError(f"mode is 'binary', 'count', 'freq' or 'tfidf'; {mode!r} came.")
        if not self.num_words and not self.word_index:
            raise ValueError("How many columns are there? Give Tokenizer num_words, or call fit_on_texts first.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("mode='tfidf' needs to know how many texts have a word: call fit_on_texts or fit_on_sequences.")
        matrix = np.zeros((len(sequences), self.num_words or len(self.word_index) + 1))
        for row, sequence in zip(matrix, sequences):
            for number, count in collections.Counter(sequence).items():
                if number < len(row):
                    row[number] = self._entry(mode, number, count, len(sequence))
        return matrix

    def _entry(self, mode, number, count, length):
        if mode == "tfidf":
            return (1 + np.log(count)) * np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))
        return {"binary": 1, "count": count, "freq": count / length}[mode]

    def get_config(self) -> dict[str, Any]:
        """The settings, and what was counted, each as JSON."""
        config: dict[str, Any] = {name: getattr(self, name) for name in _SETTINGS}
        return config | {name: json.dumps(getattr(self, name)) for name in _COUNTED}

    def to_json(self, **kwargs: Any) -> str:
        """The tokenizer as JSON, which `tokenizer_from_json` reads.

        Args:
            **kwargs: for `json.dumps`.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


_SETTINGS = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
_COUNTED = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """A tokenizer from what `to_json` gave, of this or of Keras 2.

    >>> tokenizer = Tokenizer(num_words=10)
    >>> tokenizer.fit_on_texts(["a b b"])
    >>> tokenizer_from_json(tokenizer.to_json()).texts_to_sequences(["b a c"])
    [[1, 2]]

    Raises: ValueError for JSON of something else.
    """
    content = json.loads(json_string)
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        raise ValueError(f"The JSON of a Tokenizer has a 'config'; this is {json_string[:60]!r}.")
    config = dict(content["config"])
    counted = {name: json.loads(config.pop(name)) for name in _COUNTED if name in config}
    tokenizer = Tokenizer(**config)
    for name, value in counted.items():
        if name.startswith("index_"):
            value = {int(number): entry for number, entry in value.items()}
        getattr(tokenizer, name).update(value)
    return tokenizer
