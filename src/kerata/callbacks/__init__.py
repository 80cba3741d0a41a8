"""Callbacks."""

from kerata.callbacks.callback import Callback, CallbackList, History
from kerata.callbacks.progress import ProgbarLogger

__all__ = ["Callback", "CallbackList", "History", "ProgbarLogger"]
