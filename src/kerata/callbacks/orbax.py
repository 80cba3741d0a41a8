"""`OrbaxCheckpoint`: the model's state saved beside training, in the form of Orbax."""

import pathlib
from typing import Any

from kerata import engines
from kerata.callbacks import orbax_files
from kerata.callbacks.callback import Callback
from kerata.callbacks.monitor import SavesBest
from kerata.core.arguments import FilePath, OptionalNumber
from kerata.core.fields import dataclass, field


class Kept(OptionalNumber):
    """How many are kept; all for None."""

    least = 1


@dataclass
class _IntoFolder(Callback):
    """The first argument: as the last of the bases it comes before theirs."""

    directory: FilePath


@dataclass
class OrbaxCheckpoint(SavesBest, _IntoFolder):
    """Save the whole state of training, or the weights, by Orbax: in a thread of its own, while training goes on.

    A folder holds a checkpoint for each step, with the model's config, weights, metrics and the optimizer's state.
    `keras.models.load_model(directory)` gives the model of the last one, to go on training; `model.load_weights(directory)`
    the weights alone. A path of one step, `directory/7`, gives that one.

    Args:
        directory: the folder, of this run's checkpoints alone.
        monitor, mode: see `Monitor`.
        verbose: 1 tells when a checkpoint is saved.
        save_best_only: whether only a better model is saved.
        save_freq: "epoch", where a checkpoint's number is that of the epoch, from 0 on; or a number of batches, where it is
            the optimizer's number of steps. In a folder that has later ones, numbers go on from there.
        initial_value_threshold: a value to be better than for the first checkpoint.
        max_to_keep: how many of the last checkpoints are kept; all if None.
        save_on_background: False waits for each checkpoint.
        save_weights_only: whether only the weights are saved.

    Raises: ImportError without the library `orbax-checkpoint`; ValueError for wrong numbers.

    Source: Gaffney et al., Orbax, https://orbax.readthedocs.io.

    >>> import kerata, numpy as np, tempfile
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save = kerata.callbacks.OrbaxCheckpoint(folder, save_on_background=False)
    ...     history = model.fit(x, y, verbose=0, callbacks=[save])
    ...     copy = kerata.models.load_model(folder)
    >>> bool((copy.predict(x, verbose=0) == model.predict(x, verbose=0)).all())
    True
    """

    max_to_keep: Kept = field(default=1, kw_only=True)
    save_on_background: bool = field(default=True, kw_only=True)
    save_weights_only: bool = field(default=False, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        orbax_files.orbax()
        self._checkpointer = None

    def _save_within(self, epoch, batch, logs):
        self._save_after(int(self.model.optimizer.iterations.numpy()), logs)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Wait until all is written."""
        self.wait_until_finished()
        if self._checkpointer is not None:
            self._checkpointer.close()
            self._checkpointer = None

    def wait_until_finished(self) -> None:
        """Wait until the checkpoints that are being saved are written."""
        if self._checkpointer is not None:
            self._checkpointer.wait()

    def is_multihost_enabled(self) -> bool:
        """Whether several processes train together; each then saves its part."""
        return engines.get(engines.concrete_name()).process()[1] > 1

    def is_primary_host(self) -> bool:
        """Whether this process is the first of those that train together; True if there is one only."""
        return engines.get(engines.concrete_name()).process()[0] == 0

    def _save_after(self, step, logs):
        if not self._is_due(logs, self.verbose and self.is_primary_host()):
            return
        self.wait_until_finished()
        step = max(step, self._last_step() + 1)
        parts = orbax_files.parts_of(self.model, self.save_weights_only)
        saver = self._saver()
        save = saver.save_checkpointables_async if self.save_on_background else saver.save_checkpointables
        save(step, parts)
        if self.verbose and self.is_primary_host():
            print(f"Epoch {self._epoch + 1}: {self._improvement}checkpoint {step} is saved to {self.directory}")

    def _last_step(self):
        folder = orbax_files.folder_of(self.directory)
        return -1 if folder is None or not folder.name.isdigit() else int(folder.name)

    def _saver(self):
        """Orbax's writer, made when it is first needed."""
        if self._checkpointer is None:
            training = orbax_files.orbax().training
            policies = training.preservation_policies
            keep = policies.PreserveAll() if self.max_to_keep is None else policies.LatestN(self.max_to_keep)
            self._checkpointer = training.Checkpointer(pathlib.Path(self.directory).absolute(), preservation_policy=keep)
        return self._checkpointer
