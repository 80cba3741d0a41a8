"""Vocabularies: tokens in order, found on data by frequency, read from lists and files."""

import collections
import os
from typing import Any

import numpy as np


class TokenCounts:
    """How often tokens, and documents with them, were seen."""

    def __init__(self):
        self.tokens: collections.Counter[Any] = collections.Counter()
        self.documents: collections.Counter[Any] = collections.Counter()
        self.number_of_documents = 0

    def update(self, documents):
        """Count the tokens of documents, which are lists."""
        for document in documents:
            self.tokens.update(document)
            self.documents.update(set(document))
        self.number_of_documents += len(documents)

    def most_frequent(self, limit, without=()):
        """The tokens by falling frequency, those of one frequency in reverse order; `limit` at most."""
        found = [(count, token) for token, count in self.tokens.items() if token not in without]
        return [token for _, token in sorted(found, reverse=True)[:limit]]

    def inverse_document_frequencies(self, tokens):
        """`log(1 + documents / (1 + documents with the token))` for each token."""
        counts = np.array([self.documents[token] for token in tokens], "float64")
        return np.log1p(self.number_of_documents / (1 + counts)).astype("float32")


def read(path, kind, encoding="utf-8"):
    """The tokens in a file, one a line; `kind` makes each of a text.

    Raises: ValueError if there is no such file.
    """
    if not os.path.isfile(path):
        raise ValueError(f"There is no vocabulary file {str(path)!r}.")
    with open(path, encoding=encoding, newline="\n") as file:
        lines = file.read().split("\n")
    return [kind(line.removesuffix("\r")) for line in (lines[:-1] if lines[-1] == "" and len(lines) > 1 else lines)]


def write(path, tokens):
    """Write tokens to a file, one a line.

    Raises: ValueError for a token that is more than one line.
    """
    for token in tokens:
        if "\n" in str(token):
            raise ValueError(f"The token {token!r} can't be saved: a vocabulary file has a line for each token.")
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(map(str, tokens)))


def without_repetition(tokens, name):
    """Raises: ValueError if a token is there twice, or there is none."""
    if not tokens:
        raise ValueError(f"{name}: the vocabulary is empty.")
    repeated = [token for token, count in collections.Counter(tokens).items() if count > 1]
    if repeated:
        raise ValueError(f"{name}: the vocabulary has some tokens twice: {', '.join(map(repr, repeated[:5]))}.")
    return tokens
