"""Tokens to numbers by a vocabulary, and back."""

import os
from typing import Any, ClassVar

import numpy as np

from kerata.core import dtypes
from kerata.core.fields import dataclass, field
from kerata.core.types import Path, Tree
from kerata.layers.arguments import OneOf
from kerata.layers.preprocessing import vocabulary as vocabularies
from kerata.layers.preprocessing.base import VocabularyLayer, texts
from kerata.layers.preprocessing.encoding import MODES, Sparse, encoded_on_host, encoded_shape
from kerata.layers.preprocessing.hashing import Salt, as_bytes, hashed

LOOKUP_MODES = ("int", *MODES, "tf_idf")
ASSET = "vocabulary.txt"


@dataclass(unlisted=("oov_method",))
class IndexLookup(VocabularyLayer):
    """What the look-ups of texts and of integers share."""

    kind: ClassVar[type] = str  # what a token is made by

    max_tokens: int | None = None
    num_oov_indices: int = 1
    mask_token: Any = None
    oov_token: Any = None
    vocabulary: Any = field(default=None, attribute="input_vocabulary")  # what the config repeats: that of a file is an asset
    idf_weights: Any = field(default=None, attribute="input_idf_weights")
    invert: bool = False
    output_mode: OneOf = OneOf("int", *LOOKUP_MODES)
    pad_to_max_tokens: bool = False
    sparse: Sparse = Sparse(False)
    oov_method: str = field(default="floormod", kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self._check_arguments()
        self._tokens, self._indices, self.idf_weights, self._counts = [], {}, None, None
        self._fixed = False  # whether the vocabulary is the user's
        given, weights = self.input_vocabulary, self.input_idf_weights
        self.input_vocabulary: Any = None
        self.input_idf_weights: Any = None
        if given is not None:
            self.set_vocabulary(given, weights)
            if not isinstance(given, (str, os.PathLike)):
                self.input_vocabulary = self._plain(given)
                self.input_idf_weights = None if weights is None else np.asarray(weights).tolist()

    def _check_arguments(self):
        name, mode, max_tokens, oov = type(self).__name__, self.output_mode, self.max_tokens, self.num_oov_indices
        if max_tokens is not None and (not isinstance(max_tokens, (int, np.integer)) or max_tokens <= 1):
            raise ValueError(f"{name}: max_tokens must be an integer greater than 1; {max_tokens!r} came.")
        if self.pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{name}: pad_to_max_tokens=True needs max_tokens.")
        if not isinstance(oov, (int, np.integer)) or oov < 0:
            raise ValueError(f"{name}: num_oov_indices must be a non-negative integer; {oov!r} came.")
        if self.invert and mode != "int":
            raise ValueError(f"{name}: invert=True goes with output_mode='int'; {mode!r} came.")
        if self.input_idf_weights is not None and mode != "tf_idf":
            raise ValueError(f"{name}: idf_weights go with output_mode='tf_idf'; {mode!r} came.")
        if self.input_vocabulary is not None and mode == "tf_idf" and self.input_idf_weights is None:
            raise ValueError(f"{name}: with a vocabulary, output_mode='tf_idf' needs idf_weights.")

    def _plain(self, tokens):
        """Tokens of any kind as a list of Python's."""
        values = tokens.numpy() if hasattr(tokens, "numpy") else np.asarray(tokens, object)
        return self._as_tokens(values).ravel().tolist()

    def _as_tokens(self, values):
        """An array's elements as tokens, in an array of objects."""
        return texts(values)

    compute_dtype = variable_dtype = property(
        lambda self: "string" if self.kind is str else "int64", doc="The dtype of the tokens."
    )

    # The vocabulary

    def _special_tokens(self):
        mask = [self.mask_token] if self.mask_token is not None and self.output_mode == "int" else []
        return mask + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> Any:
        """The tokens in the order of their numbers; the mask's and the unknown tokens' come first.

        Args:
            include_special_tokens: whether those are in the list.
        """
        return self._special_tokens() + self._tokens if include_special_tokens else list(self._tokens)

    def vocabulary_size(self) -> Any:  # type: ignore[misc, override]  # the argument of the name is kept under another one
        """How many tokens there are, the mask's and the unknown tokens' among them."""
        if not self._tokens and self._expected_size is not None:
            return self._expected_size
        return len(self._special_tokens()) + len(self._tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the tokens.

        Args:
            vocabulary: an array, a list, or the path of a file with a token a line. The special tokens may be in it, all
                of them and at the beginning.
            idf_weights: for "tf_idf", each token's weight; the unknown tokens' is the average if they are not in the list.

        Raises: ValueError for tokens that are there twice, too many of them, or weights that do not fit.
        """
        if isinstance(vocabulary, (str, os.PathLike)):
            tokens = vocabularies.read(vocabulary, self.kind, getattr(self, "encoding", "utf-8"))
        else:
            tokens = self._plain(vocabulary)
        if (idf_weights is None) != (self.output_mode != "tf_idf"):
            wanted = "needs idf_weights" if idf_weights is None else "takes no idf_weights"
            raise ValueError(f"{type(self).__name__}: with output_mode={self.output_mode!r} set_vocabulary {wanted}.")
        weights = None if idf_weights is None else np.asarray(idf_weights, "float32")
        if weights is not None and weights.shape != (len(tokens),):
            raise ValueError(
                f"{type(self).__name__}: there must be one idf weight for each of {len(tokens)} tokens; "
                f"an array of shape {weights.shape} came."
            )
        self._set_tokens(tokens, weights)
        self._fixed = True

    def _set_tokens(self, tokens, weights=None):
        name, special = type(self).__name__, self._special_tokens()
        count = len(special)
        has_special = bool(special) and tokens[:count] == special
        rest = vocabularies.without_repetition(tokens[count:] if has_special else tokens, name)
        if self.mask_token is not None and self.mask_token in rest:
            raise ValueError(
                f"{name}: the mask token {self.mask_token!r} stands in the midst of the vocabulary. Leave special tokens out, "
                f"or put all of them at the beginning: {special}."
            )
        if self.max_tokens is not None and len(rest) + count > self.max_tokens:
            raise ValueError(
                f"{name}: the vocabulary has {len(rest) + count} tokens, special ones counted; max_tokens={self.max_tokens}."
            )
        self._tokens, self._indices = list(rest), {token: i + count for i, token in enumerate(rest)}
        if weights is not None:
            before = weights[:count] if has_special else np.full(count, weights.mean(), "float32")
            self.idf_weights = np.concatenate([before, weights[count:] if has_special else weights])

    # Adapting

    def _check_adaptable(self):
        if self._fixed:
            raise ValueError(f"{type(self).__name__}: a layer that was given its vocabulary is not adapted.")

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch; with "tf_idf", each row is a document."""
        self._check_adaptable()
        values = self._as_tokens(np.asarray(data))
        self.count_documents([[x] for x in values.tolist()] if values.ndim == 1 else values.reshape(len(values), -1).tolist()
                             if values.ndim else [[values.item()]])  # fmt: skip

    def count_documents(self, documents: Any) -> None:
        """Count the tokens of documents, which are lists of tokens."""
        self._counts = self._counts or vocabularies.TokenCounts()
        self._counts.update(documents)

    def finalize_state(self) -> None:
        """Make the vocabulary from the tokens counted so far."""
        if self._counts is None:
            return
        special = self._special_tokens()
        limit = None if self.max_tokens is None else self.max_tokens - len(special)
        tokens = self._counts.most_frequent(limit, {*special, self.mask_token, self.oov_token})
        self._tokens, self._indices = tokens, {token: i + len(special) for i, token in enumerate(tokens)}
        setattr(self, "_expected_size", None)
        if self.output_mode == "tf_idf":
            weights = self._counts.inverse_document_frequencies(tokens)
            average = weights.mean() if len(weights) else 0.0
            self.idf_weights = np.concatenate([np.full(len(special), average, "float32"), weights])

    def reset_state(self) -> None:
        """Forget the tokens counted so far, and the vocabulary made of them."""
        if not self._fixed:
            self._tokens, self._indices, self.idf_weights, self._counts = [], {}, None, None

    # Looking up

    def _depth(self):
        return self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()

    def output_form(self, shapes: Any) -> Any:
        if self.invert:
            return tuple(shapes), "string" if self.kind is str else "int64"
        if self.output_mode == "int":
            return tuple(shapes), "int64"
        return encoded_shape(tuple(shapes), self._depth(), self.output_mode), self._vector_dtype()

    def _vector_dtype(self):
        """That of whole numbers, as of the tokens' own, but for weighted counts."""
        if self.output_mode != "tf_idf":
            return "int64"
        dtype = self._policy.compute_dtype
        return dtype if dtypes.is_float_dtype(dtype) else "float32"

    def on_host(self, inputs: Tree) -> Any:
        if not self._tokens:
            raise ValueError(
                f"{type(self).__name__}: there is no vocabulary yet. Call adapt(data) or set_vocabulary(tokens), or give "
                "vocabulary= when making the layer."
            )
        return self._inverted(inputs) if self.invert else self.encoded(self.numbers(self._as_tokens(inputs)))

    def numbers(self, tokens: Any) -> Any:
        """The numbers of tokens in an array of objects; -1 for masked ones where the vocabulary has no place for the mask."""
        find = self._indices.get
        found = np.array([find(token, -2) for token in tokens.ravel().tolist()], "int64")
        if self.mask_token is not None:
            masked = np.array([token == self.mask_token for token in tokens.ravel().tolist()], bool)
            found = np.where(masked, 0 if self.output_mode == "int" else -1, found)
        unknown = found == -2
        if unknown.any():
            found[unknown] = self._unknown(tokens.ravel()[unknown])
        return found.reshape(tokens.shape)

    def _unknown(self, tokens):
        if self.num_oov_indices == 0:
            raise ValueError(
                f"{type(self).__name__}: the token {tokens[0]!r} is not in the vocabulary, and num_oov_indices=0 leaves no "
                "number for such tokens."
            )
        first = len(self._special_tokens()) - self.num_oov_indices
        return first + (0 if self.num_oov_indices == 1 else self._bucket(tokens))

    def _bucket(self, tokens):
        return hashed(as_bytes(tokens), self.num_oov_indices, getattr(self, "salt", None))

    def encoded(self, numbers: Any) -> Any:
        """Numbers of tokens as the output mode has it."""
        if self.output_mode == "int":
            return numbers
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        factors = None
        if self.output_mode == "tf_idf":
            factors = np.zeros(self._depth(), "float32")
            factors[: len(self.idf_weights)] = self.idf_weights
        return encoded_on_host(numbers, self._depth(), mode, self._vector_dtype(), factors)

    def _inverted(self, numbers):
        known = self.get_vocabulary()
        get = lambda i: known[i] if 0 <= i < len(known) else self.oov_token
        flat = np.empty(np.size(numbers), object)
        flat[:] = [get(int(i)) for i in np.ravel(numbers).tolist()]
        return (flat if self.kind is str else flat.astype("int64")).reshape(np.shape(numbers))

    # Saving

    def save_assets(self, dir_path: Path) -> None:
        """Write the vocabulary into a folder, unless the config holds it."""
        if self.input_vocabulary is None and self._tokens:
            vocabularies.write(os.path.join(dir_path, ASSET), self.get_vocabulary())

    def load_assets(self, dir_path: Path) -> None:
        path = os.path.join(dir_path, ASSET)
        if self.input_vocabulary is None and os.path.exists(path):
            self._set_tokens(vocabularies.read(path, self.kind))

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the idf weights, if there are any, into a dict-like store."""
        if self.idf_weights is not None:
            store["idf_weights"] = self.idf_weights

    def load_own_variables(self, store: dict[str, Any]) -> None:
        if self.output_mode == "tf_idf" and "idf_weights" in store:
            self.idf_weights = np.asarray(store["idf_weights"], "float32")


@dataclass(after={"name": "encoding"})
class StringLookup(IndexLookup):
    """The numbers of texts in a vocabulary.

    Shapes: "int" (batch, n) -> the same; "one_hot" (batch, n) -> (batch, n, tokens); "multi_hot", "count" and "tf_idf"
    (batch, n) -> (batch, tokens).

    Args:
        max_tokens: the most tokens that `adapt` takes up, special ones counted.
        num_oov_indices: how many numbers there are for unknown texts, which are hashed among them; with 0 they are errors.
        mask_token: a text that stands for nothing: number 0 with "int", otherwise left out.
        oov_token: what unknown texts are in the vocabulary.
        vocabulary: the tokens in a list or an array, or the path of a file with one a line, in place of `adapt`.
        idf_weights: with "tf_idf" and a vocabulary, what each token's count is multiplied by.
        invert: whether the layer does the opposite: from numbers to texts.
        output_mode: "int" for numbers, or the vectors of `CategoryEncoding`; "tf_idf" are weighted counts.
        pad_to_max_tokens: whether vectors have `max_tokens` elements even if the vocabulary is smaller.
        sparse: whether vectors are a sparse tensor.
        encoding: in which bytes, such as those of TensorFlow's texts and of files, are read.
        salt: an integer or a pair of them, the key by which unknown texts are hashed.

    Raises: ValueError for tokens without a number, or without a vocabulary.

    >>> import kerata
    >>> layer = kerata.layers.StringLookup(vocabulary=["a", "b"])
    >>> layer([["b", "z", "a"]]).tolist()
    [[2, 0, 1]]
    >>> kerata.layers.StringLookup(vocabulary=["a", "b"], invert=True)([[2, 0, 1]]).tolist()
    [['b', '[UNK]', 'a']]
    """

    mask_token: str | None = None
    oov_token: str = "[UNK]"
    encoding: str = "utf-8"
    salt: Salt = Salt(None)

    vocabulary_dtype: ClassVar[str] = "string"

    def _as_tokens(self, values):
        return texts(values, self.encoding)


@dataclass(
    after={"vocabulary_dtype": "vocabulary", "pad_to_max_tokens": "sparse", "oov_method": "pad_to_max_tokens", "name": "salt"}
)
class IntegerLookup(IndexLookup):
    """The numbers, from 0 on, of integers in a vocabulary.

    Shapes: those of `StringLookup`.

    Args:
        max_tokens: the most tokens that `adapt` takes up, special ones counted.
        num_oov_indices: how many numbers there are for unknown integers; with 0 they are errors.
        mask_token: an integer that stands for nothing: number 0 with "int", otherwise left out.
        oov_token: what unknown integers are in the vocabulary.
        vocabulary: the tokens in a list or an array, or the path of a file with one a line, in place of `adapt`.
        vocabulary_dtype: only "int64".
        idf_weights: with "tf_idf" and a vocabulary, what each token's count is multiplied by.
        invert: whether the layer does the opposite: from numbers to integers of the vocabulary.
        output_mode: "int" for numbers, or the vectors of `CategoryEncoding`; "tf_idf" are weighted counts.
        sparse: whether vectors are a sparse tensor.
        pad_to_max_tokens: whether vectors have `max_tokens` elements even if the vocabulary is smaller.
        oov_method: how unknown integers are spread over several numbers: by "floormod", or hashed by "farmhash".
        salt: with "farmhash", an integer or a pair of them, the key by which they are hashed.

    >>> import kerata
    >>> layer = kerata.layers.IntegerLookup(vocabulary=[12, 36, 1138])
    >>> layer([[1138, 7, 12]]).tolist()
    [[3, 0, 1]]
    """

    kind = int

    mask_token: int | None = None
    oov_token: int = -1
    vocabulary_dtype: str = "int64"
    salt: Salt = Salt(None)

    def _check_arguments(self):
        super()._check_arguments()
        if self.vocabulary_dtype != "int64":
            raise ValueError(f"IntegerLookup: vocabulary_dtype must be 'int64'; {self.vocabulary_dtype!r} came.")
        for name in ("mask_token", "oov_token"):
            token = getattr(self, name)
            if token is not None and not hasattr(token, "__index__"):
                raise ValueError(f"IntegerLookup: {name} must be an integer; {token!r} came.")
        if self.oov_method not in ("floormod", "farmhash"):
            raise ValueError(f"IntegerLookup: oov_method must be 'floormod' or 'farmhash'; {self.oov_method!r} came.")
        if self.salt is not None and self.oov_method != "farmhash":
            raise ValueError(f"IntegerLookup: a salt goes with oov_method='farmhash'; {self.oov_method!r} came.")

    def _as_tokens(self, values):
        array = np.asarray(values)
        try:
            whole = array.astype("int64")
        except (ValueError, TypeError):
            raise ValueError(f"IntegerLookup: integers are expected; {array.ravel()[:3].tolist()} came.") from None
        return whole.astype(object)

    def _bucket(self, tokens):
        return tokens.astype("int64") % self.num_oov_indices if self.oov_method == "floormod" else super()._bucket(tokens)
