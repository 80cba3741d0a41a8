"""Texts as sequences of words' numbers: what is left out, and what is put in its place."""

import numpy as np


def selected(sequences, labels, num_words, skip_top, maxlen, start_char, oov_char, index_from):
    """The sequences with their first mark, without rare and very frequent words; too long ones are left out.

    Args:
        sequences: lists of words' numbers, by how frequent they are.
        num_words: numbers from here on are replaced; the highest one alone if None, as in Keras's data.
        skip_top: numbers below are replaced.
        maxlen: only shorter sequences are kept; None for all.
        start_char: put before each sequence; None for none.
        oov_char: what replaces; None leaves the words out.
        index_from: added to all numbers.

    Raises: ValueError if no sequence is short enough.
    """
    start = [] if start_char is None else [start_char]
    sequences = [[*start, *(word + (index_from or 0) for word in words)] for words in sequences]
    if maxlen:
        kept = [i for i, words in enumerate(sequences) if len(words) < maxlen]
        sequences, labels = [sequences[i] for i in kept], labels[kept]
        if not kept:
            raise ValueError(f"No sequence is shorter than maxlen={maxlen}.")
    limit = num_words or max((max(words, default=0) for words in sequences), default=0)  # the rarest word is left out, too
    known = lambda word: skip_top <= word < limit
    if oov_char is None:
        sequences = [[word for word in words if known(word)] for words in sequences]
    else:
        sequences = [[word if known(word) else oov_char for word in words] for words in sequences]
    result = np.empty(len(sequences), object)
    result[:] = sequences
    return result, labels
