"""`BackupAndRestore`: go on where a run was cut off."""

import json
import os
import pathlib
import shutil
from typing import Any

import numpy as np

from kerata.callbacks.regular_saving import SavesRegularly
from kerata.core.arguments import FilePath
from kerata.core.fields import dataclass, field
from kerata.engines.warning import warn


class BackupFolder(FilePath):
    """A folder for one run's backup."""

    def convert(self, value, name, owner):
        """Raises: ValueError for an empty name."""
        if not value:
            raise ValueError(f"{type(owner).__name__}: {name} is empty.")
        return super().convert(value, name, owner)


@dataclass
class BackupAndRestore(SavesRegularly):
    """Keep a backup while training, and go on from it when `fit` is run again after a break.

    Args:
        backup_dir: a folder for this run's backup alone.
        save_freq: "epoch", or a number of batches.
        double_checkpoint: whether the backup before the last one is kept too, in case the last was cut off.
        delete_checkpoint: whether the backup is deleted when training ends.

    Weights, the optimizer's state, the states of random generators and the epoch's number are kept.

    >>> import kerata, numpy as np, tempfile
    >>> def fitted(epochs, folder, **kwargs):
    ...     model = kerata.Sequential([kerata.layers.Dense(1)])
    ...     model.compile("sgd", "mse")
    ...     backup = kerata.callbacks.BackupAndRestore(folder, **kwargs)
    ...     return model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=epochs, verbose=0, callbacks=[backup])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     broken_off = fitted(2, folder, delete_checkpoint=False)
    ...     print(fitted(4, folder).epoch)
    [2, 3]
    """

    backup_dir: BackupFolder
    double_checkpoint: bool = field(default=False, kw_only=True)
    delete_checkpoint: bool = field(default=True, kw_only=True)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Go back to the backup, if there is one."""
        for folder in (pathlib.Path(self.backup_dir, "latest"), pathlib.Path(self.backup_dir, "previous")):
            if (folder / "state.json").exists():
                self._restore(folder)
                return

    def _restore(self, folder):
        state = json.loads((folder / "state.json").read_text())
        with np.load(folder / "variables.npz", allow_pickle=False) as stored:
            values = [stored[f"{i}"] for i in range(len(stored.files))]
        variables = self._variables()
        if len(values) != len(variables):
            raise ValueError(
                f"The backup in {self.backup_dir!r} holds {len(values)} variables, the model has {len(variables)}: it is of "
                "another model. Delete it or give another folder."
            )
        for variable, value in zip(variables, values):
            variable.assign(value)
        self.model._compilation.initial_epoch = state["epoch"]
        if state["batch"]:
            warn(f"The run goes on at the beginning of epoch {state['epoch'] + 1}, which was cut off.")

    def _variables(self):
        model = self.model
        if model.optimizer is not None and not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        return [v for v in model._compilation.variables() if v.dtype != "string"]

    def _save_within(self, epoch, batch, logs):
        self._save(epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep a backup after an epoch."""
        self._save(epoch + 1, 0)

    def _save(self, epoch, batch):
        fresh, latest, previous = (pathlib.Path(self.backup_dir, name) for name in ("writing", "latest", "previous"))
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        np.savez(fresh / "variables.npz", **{f"{i}": v.numpy() for i, v in enumerate(self._variables())})
        (fresh / "state.json").write_text(json.dumps({"epoch": epoch, "batch": batch}))
        shutil.rmtree(previous, ignore_errors=True)
        if latest.exists():
            os.replace(latest, previous)
        os.replace(fresh, latest)
        if not self.double_checkpoint:
            shutil.rmtree(previous, ignore_errors=True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Delete the backup: the run is complete."""
        if self.delete_checkpoint:
            shutil.rmtree(self.backup_dir, ignore_errors=True)
