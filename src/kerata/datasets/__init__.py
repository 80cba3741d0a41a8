"""Data sets."""

from kerata.datasets import digits

__all__ = ["digits"]
