"""Callbacks: what is done while a model trains."""

from kerata.callbacks.averages import SwapEMAWeights as SwapEMAWeights
from kerata.callbacks.backup import BackupAndRestore as BackupAndRestore
from kerata.callbacks.callback import Callback as Callback, CallbackList as CallbackList, History as History
from kerata.callbacks.monitor import (
    EarlyStopping as EarlyStopping,
    ModelCheckpoint as ModelCheckpoint,
    ReduceLROnPlateau as ReduceLROnPlateau,
)
from kerata.callbacks.orbax import OrbaxCheckpoint as OrbaxCheckpoint
from kerata.callbacks.progress import ProgbarLogger as ProgbarLogger
from kerata.callbacks.remote import RemoteMonitor as RemoteMonitor
from kerata.callbacks.schedule import (
    CSVLogger as CSVLogger,
    LambdaCallback as LambdaCallback,
    LearningRateScheduler as LearningRateScheduler,
    TerminateOnNaN as TerminateOnNaN,
)
from kerata.callbacks.tensorboard import TensorBoard as TensorBoard
