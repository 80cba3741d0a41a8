"""Callbacks: what is done while a model trains."""

from kerata.callbacks.averages import SwapEMAWeights
from kerata.callbacks.backup import BackupAndRestore
from kerata.callbacks.callback import Callback, CallbackList, History
from kerata.callbacks.monitor import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from kerata.callbacks.orbax import OrbaxCheckpoint
from kerata.callbacks.progress import ProgbarLogger
from kerata.callbacks.remote import RemoteMonitor
from kerata.callbacks.schedule import CSVLogger, LambdaCallback, LearningRateScheduler, TerminateOnNaN
from kerata.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "OrbaxCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
