"""`keras.preprocessing.sequence`."""

from kerata.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]
