"""Texts to numbers of words, or to vectors that say which words are in them."""

import math
import re
import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerata.core import serialization
from kerata.core.fields import Field, dataclass, field
from kerata.core.sparse import check_available
from kerata.core.types import Path, Shape, Tree
from kerata.layers.arguments import OneOf
from kerata.layers.preprocessing.base import VocabularyLayer, texts
from kerata.layers.preprocessing.encoding import Sparse
from kerata.layers.preprocessing.lookup import StringLookup

# As TensorFlow's text ops have it: letters and white space of ASCII alone.
_LOWER = {ord(upper): ord(lower) for upper, lower in zip(string.ascii_uppercase, string.ascii_lowercase)}
_NOTHING = dict.fromkeys(map(ord, string.punctuation))
_STANDARDIZE = {
    "lower": _LOWER,
    "strip_punctuation": _NOTHING,
    "lower_and_strip_punctuation": {**_LOWER, **_NOTHING},
}
_WORD = re.compile("[^ \t\n\r\f\v]+")
_SPLIT: dict[str, Any] = {"whitespace": _WORD.findall, "character": list}


class Step(Field[str | Callable[..., Any] | None, str | Callable[..., Any] | None]):
    """One of the known steps by its name, None for none, or a function.

    Args:
        known: the names.
    """

    def __init__(self, default, known, **options):
        super().__init__(default, **options)
        self.known = known

    def convert(self, value, name, owner):
        if value is not None and not callable(value) and value not in self.known:
            known = ", ".join(map(repr, self.known))
            raise ValueError(f"{type(owner).__name__}: {name} must be one of {known}, None or a function; {value!r} came.")
        return value


@dataclass(after={"name": "encoding"})
class TextVectorization(VocabularyLayer):
    """Texts as the numbers of their words, or as vectors that say which words are in them.

    Each text is standardized, split, its parts joined to n-grams, and those looked up in a vocabulary.

    Shapes: texts (batch,) or (batch, 1) -> "int" (batch, words), padded with 0; otherwise (batch, tokens).

    Args:
        max_tokens: the most tokens that `adapt` takes up, special ones counted.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation", None, or a function from an array of
            texts to another.
        split: "whitespace", "character", None for texts that are tokens, or a function from an array of texts to a list
            of lists.
        ngrams: an integer for sequences of up to that many parts, a tuple for those of these lengths; None for none.
        output_mode: "int", "multi_hot", "count" or "tf_idf".
        output_sequence_length: with "int", the length to which all are cut or padded; the longest text's if None.
        pad_to_max_tokens: whether vectors have `max_tokens` elements even if the vocabulary is smaller.
        vocabulary: the tokens in a list or an array, or the path of a file with one a line, in place of `adapt`.
        idf_weights: with "tf_idf" and a vocabulary, what each token's count is multiplied by.
        sparse: whether vectors are a sparse tensor.
        ragged: whether sequences are a ragged tensor, on TensorFlow.
        encoding: in which bytes, such as those of TensorFlow's texts and of files, are read.

    In a model made from a graph, the layer works on the host, before the compiled step.

    >>> import kerata
    >>> layer = kerata.layers.TextVectorization()
    >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'baz', 'bar', 'foo', 'boom', 'bada']
    >>> layer([["Foo qux, bar!"], ["baz"]]).tolist()
    [[4, 1, 3], [2, 0, 0]]
    """

    max_tokens: int | None = None
    standardize: Step = Step("lower_and_strip_punctuation", _STANDARDIZE)
    split: Step = Step("whitespace", _SPLIT)
    ngrams: int | Sequence[int] | None = None
    output_mode: OneOf = OneOf("int", "int", "multi_hot", "count", "tf_idf")
    output_sequence_length: int | None = None
    pad_to_max_tokens: bool = False
    vocabulary: Any = field(default=None, attribute="input_vocabulary")
    idf_weights: Any = field(default=None, attribute="input_idf_weights")
    sparse: Sparse = Sparse(False)
    ragged: bool = False
    encoding: str = "utf-8"

    def __post_init__(self):
        super().__post_init__()
        self._lengths, length, mode = _lengths(self.ngrams), self.output_sequence_length, self.output_mode
        if length is not None and mode != "int":
            raise ValueError(f"TextVectorization: output_sequence_length goes with output_mode='int'; {mode!r} came.")
        if length is not None and (not isinstance(length, (int, np.integer)) or length < 1):
            raise ValueError(f"TextVectorization: output_sequence_length must be a positive integer; {length!r} came.")
        check_available("TextVectorization", self.ragged, ragged=True)
        if self.ragged and mode != "int":
            raise ValueError(f"TextVectorization: ragged=True goes with output_mode='int'; {mode!r} came.")
        self._lookup_layer = look_up = StringLookup(
            max_tokens=self.max_tokens,
            mask_token="" if mode == "int" else None,
            output_mode=mode,
            pad_to_max_tokens=self.pad_to_max_tokens,
            vocabulary=self.input_vocabulary,
            idf_weights=self.input_idf_weights,
            encoding=self.encoding,
            vocabulary_size=self._expected_size,
            dtype=self.dtype_policy,
        )
        self.input_vocabulary: Any = look_up.input_vocabulary
        self.input_idf_weights: Any = look_up.input_idf_weights

    compute_dtype = variable_dtype = property(lambda self: "string", doc="The dtype of the texts that come in.")

    def build(self, input_shape: Shape | None = None) -> None:
        """Nothing to make; the vocabulary comes from `adapt`."""

    # The vocabulary

    def get_vocabulary(self, include_special_tokens: bool = True) -> Any:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: whether the padding's and the unknown words' are in the list.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> Any:  # type: ignore[misc, override]  # the argument of the name is kept under another one
        """How many tokens there are, special ones among them."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the tokens, from a list, an array or a file; see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def adapt(  # type: ignore[override]
        self, data: Any, batch_size: int | None = None, steps: int | None = None
    ) -> None:
        """Make the vocabulary of the most frequent words in data.

        Args:
            data: an array or a list of texts, or what gives batches of them: a generator, a `PyDataset`, a
                `tf.data.Dataset`.
            batch_size: accepted; arrays are read at once, and words are counted alike in any batches.
            steps: the most batches that are read.

        Raises: ValueError if the layer was given its vocabulary.
        """
        super().adapt(data, steps)

    def _check_adaptable(self):
        self._lookup_layer._check_adaptable()

    def update_state(self, data: Any) -> None:
        """Count the words of a batch of texts, each of them a document."""
        self._check_adaptable()
        self._lookup_layer.count_documents(self._documents(np.asarray(data)))

    def finalize_state(self) -> None:
        """Make the vocabulary from the words counted so far."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forget the words counted so far, and the vocabulary made of them."""
        self._lookup_layer.reset_state()

    # The work

    def _documents(self, array):
        """The tokens of each text, as lists."""
        plain = texts(array, self.encoding)
        if self.split is not None:
            if plain.ndim > 1 and plain.shape[-1] != 1:
                raise ValueError(f"TextVectorization: texts of shape (batch,) or (batch, 1) are expected; {plain.shape} came.")
            plain = plain.reshape(-1)
        plain = self._standardized(plain)
        if self.split is None:
            parts = plain.reshape(math.prod(_leading(plain.shape)), -1).tolist()
        elif callable(self.split):
            parts = _listed(self.split(plain.astype(str)), self.encoding)
        else:
            parts = [_SPLIT[self.split](text) for text in plain.tolist()]
        return parts if self._lengths is None else [_joined(tokens, self._lengths) for tokens in parts]

    def _standardized(self, plain):
        if self.standardize is None:
            return plain
        if callable(self.standardize):
            return texts(_on_host(self.standardize(plain.astype(str))), self.encoding)
        table = _STANDARDIZE[self.standardize]
        found = np.empty(plain.size, object)
        found[:] = [text.translate(table) for text in plain.ravel().tolist()]
        return found.reshape(plain.shape)

    def on_host(self, inputs: Tree) -> Any:
        look_up, documents = self._lookup_layer, self._documents(np.asarray(inputs))
        if not look_up._tokens:
            look_up.on_host(np.asarray(["a"]))  # says that there is no vocabulary
        flat = np.empty(sum(map(len, documents)), object)
        flat[:] = [token for tokens in documents for token in tokens]
        numbers = look_up.numbers(flat)
        lengths = np.fromiter(map(len, documents), "int64", len(documents))
        wanted = self.output_sequence_length or int(lengths.max(initial=0))
        rows = np.full((len(documents), max(wanted, int(lengths.max(initial=0)))), 0 if self.output_mode == "int" else -1)
        rows[np.arange(rows.shape[1]) < lengths[:, None]] = numbers
        result = look_up.encoded(rows[:, :wanted])
        shape = np.shape(inputs)
        return result.reshape(shape if self._keeps_shape else _leading(shape) + result.shape[1:])

    @property
    def _keeps_shape(self):
        """Whether each text becomes one number."""
        return self.output_mode == "int" and self.split is self._lengths is self.output_sequence_length is None

    def output_form(self, shapes: Any) -> Any:
        leading = _leading(tuple(shapes))
        if self.output_mode != "int":
            return (*leading, self._lookup_layer._depth()), self._lookup_layer._vector_dtype()
        return tuple(shapes) if self._keeps_shape else (*leading, self.output_sequence_length), "int64"

    # Saving

    def save_assets(self, dir_path: Path) -> None:
        """Write the vocabulary into a folder, unless the config holds it."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: Path) -> None:
        self._lookup_layer.load_assets(dir_path)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the idf weights, if there are any, into a dict-like store."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: dict[str, Any]) -> None:
        self._lookup_layer.load_own_variables(store)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        config = dict(config)
        for name in ("standardize", "split"):
            if isinstance(config.get(name), dict):
                config[name] = serialization.deserialize_keras_object(config[name])
        if isinstance(config.get("ngrams"), list):
            config["ngrams"] = tuple(config["ngrams"])
        return cls(**config)


def _lengths(ngrams):
    if ngrams is None:
        return None
    lengths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
    if not isinstance(lengths, (tuple, list)) or not lengths or not all(isinstance(n, int) and n > 0 for n in lengths):
        raise ValueError(f"TextVectorization: ngrams must be a positive integer, a tuple of them, or None; {ngrams!r} came.")
    return tuple(lengths)


def _joined(tokens, lengths):
    """All sequences of tokens of these lengths, joined by spaces."""
    return [" ".join(tokens[i : i + n]) for n in lengths for i in range(len(tokens) - n + 1)]


def _on_host(x):
    return x.numpy() if hasattr(x, "numpy") else x


def _listed(parts, encoding):
    """What a user's split returned, lists or an array or ragged tensor of TensorFlow's, as lists of texts."""
    parts = parts.to_list() if hasattr(parts, "to_list") else _on_host(parts)
    return [texts(np.asarray(list(part), object), encoding).ravel().tolist() for part in parts]


def _leading(shape):
    """The axes of documents: all but the last, that of a document's parts, if there are several."""
    return shape[:-1] if len(shape) > 1 else shape
