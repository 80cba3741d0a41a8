"""Texts to numbers of words, or to vectors that say which words are in them."""

import re
import string

import numpy as np

from kerata.core import registry
from kerata.layers.preprocessing.base import HostLayer, batches, texts
from kerata.layers.preprocessing.encoding import checked_mode
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
_SPLIT = {"whitespace": _WORD.findall, "character": list}


class TextVectorization(HostLayer):
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
        sparse, ragged: only False, as the engines have no such tensors.
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

    def __init__(
        self,
        max_tokens=None,
        standardize="lower_and_strip_punctuation",
        split="whitespace",
        ngrams=None,
        output_mode="int",
        output_sequence_length=None,
        pad_to_max_tokens=False,
        vocabulary=None,
        idf_weights=None,
        sparse=False,
        ragged=False,
        encoding="utf-8",
        name=None,
        **kwargs,
    ):
        size = kwargs.pop("vocabulary_size", None)
        super().__init__(name=name, **kwargs)
        self.standardize, self.split = _step(standardize, _STANDARDIZE, "standardize"), _step(split, _SPLIT, "split")
        self.output_mode = checked_mode(output_mode, ("int", "multi_hot", "count", "tf_idf"), self)
        self.ngrams, self._lengths = ngrams, _lengths(ngrams)
        if output_sequence_length is not None:
            if output_mode != "int":
                raise ValueError(
                    f"TextVectorization: output_sequence_length goes with output_mode='int'; {output_mode!r} came."
                )
            if not isinstance(output_sequence_length, (int, np.integer)) or output_sequence_length < 1:
                raise ValueError(
                    f"TextVectorization: output_sequence_length must be a positive integer; {output_sequence_length!r} came."
                )
        if ragged:
            raise ValueError("TextVectorization: ragged=True is not available, the engines in use have no ragged tensors.")
        self.output_sequence_length, self.ragged, self.encoding = output_sequence_length, False, encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            mask_token="" if output_mode == "int" else None,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            sparse=sparse,
            encoding=encoding,
            vocabulary_size=size,
            dtype=kwargs.get("dtype"),
        )
        self.max_tokens, self.pad_to_max_tokens, self.sparse = max_tokens, pad_to_max_tokens, False

    compute_dtype = variable_dtype = property(lambda self: "string", doc="The dtype of the texts that come in.")

    def build(self, input_shape=None):
        """Nothing to make; the vocabulary comes from `adapt`."""

    # The vocabulary

    def get_vocabulary(self, include_special_tokens=True):
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: whether the padding's and the unknown words' are in the list.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self):
        """How many tokens there are, special ones among them."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary, idf_weights=None):
        """Set the tokens, from a list, an array or a file; see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def adapt(self, data, batch_size=None, steps=None):
        """Make the vocabulary of the most frequent words in data.

        Args:
            data: an array or a list of texts, or what gives batches of them: a generator, a `PyDataset`, a
                `tf.data.Dataset`.
            batch_size: accepted; arrays are read at once, and words are counted alike in any batches.
            steps: the most batches that are read.

        Raises: ValueError if the layer was given its vocabulary.
        """
        self._lookup_layer._check_adaptable()
        self.reset_state()
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data):
        """Count the words of a batch of texts, each of them a document."""
        self._lookup_layer._check_adaptable()
        self._lookup_layer.count_documents(self._documents(np.asarray(data)))

    def finalize_state(self):
        """Make the vocabulary from the words counted so far."""
        self._lookup_layer.finalize_state()

    def reset_state(self):
        """Forget the words counted so far, and the vocabulary made of them."""
        self._lookup_layer.reset_state()

    # The work

    def _documents(self, array):
        """The tokens of each text, as lists."""
        plain = texts(array, self.encoding)
        if self.split is not None:
            if plain.ndim > 1 and plain.shape[-1] != 1 or plain.ndim > 2:
                raise ValueError(f"TextVectorization: texts of shape (batch,) or (batch, 1) are expected; {plain.shape} came.")
            plain = plain.reshape(-1)
        plain = self._standardized(plain)
        if self.split is None:
            parts = [row if isinstance(row, list) else [row] for row in (plain.tolist() if plain.ndim else [plain.item()])]
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

    def on_host(self, inputs):
        """The numbers of the words, or the vectors."""
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
        return result.reshape(_leading(np.shape(inputs), self.split, self.output_mode) + result.shape[1:])

    def output_form(self, shapes):
        """The output's shape and dtype."""
        if self.output_mode != "int":
            return (*(shapes[:1] if len(shapes) else ()), self._lookup_layer._depth()), self._lookup_layer._vector_dtype()
        plain = self.split is None and self._lengths is None and self.output_sequence_length is None
        return tuple(shapes) if plain and len(shapes) > 1 else (*shapes[:1], self.output_sequence_length), "int64"

    # Saving

    def save_assets(self, dir_path):
        """Write the vocabulary into a folder, unless the config holds it."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path):
        """Read the vocabulary that `save_assets` wrote."""
        self._lookup_layer.load_assets(dir_path)

    def save_own_variables(self, store):
        """Put the idf weights, if there are any, into a dict-like store."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store):
        """Read back what `save_own_variables` wrote."""
        self._lookup_layer.load_own_variables(store)

    def get_config(self):
        """The constructor's arguments, and the vocabulary's size."""
        vocabulary, idf_weights = self._lookup_layer._given
        return super().get_config() | {
            "vocabulary": vocabulary,
            "idf_weights": idf_weights,
            "vocabulary_size": self.vocabulary_size(),
        }

    @classmethod
    def from_config(cls, config):
        """A layer from its config."""
        config = dict(config)
        for name in ("standardize", "split"):
            if isinstance(config.get(name), dict):
                config[name] = registry.deserialize_keras_object(config[name])
        if isinstance(config.get("ngrams"), list):
            config["ngrams"] = tuple(config["ngrams"])
        return cls(**config)


def _step(value, known, name):
    """Raises: ValueError if a step is neither known nor a function."""
    if value is not None and not callable(value) and value not in known:
        raise ValueError(
            f"TextVectorization: {name} must be one of {', '.join(map(repr, known))}, None or a function; {value!r} came."
        )
    return value


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


def _leading(shape, split, mode):
    """The axes of the output that the texts had; one text alone has none."""
    return shape[:1] if split is not None or mode != "int" or len(shape) < 2 else shape[:-1]
