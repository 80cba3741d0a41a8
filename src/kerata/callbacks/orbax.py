"""`OrbaxCheckpoint`: the model's state saved beside training, in the form of Orbax."""

import pathlib

from kerata import engines
from kerata.callbacks import orbax_files
from kerata.callbacks.monitor import Monitor
from kerata.callbacks.regular_saving import SavesRegularly


class OrbaxCheckpoint(Monitor, SavesRegularly):
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

    def __init__(self, directory, monitor="val_loss", verbose=0, save_best_only=False, mode="auto", save_freq="epoch",
                 initial_value_threshold=None, max_to_keep=1, save_on_background=True, save_weights_only=False):  # fmt: skip
        orbax_files.orbax()
        super().__init__(monitor, mode)
        self.save_every(save_freq)
        if max_to_keep is not None and max_to_keep < 1:
            raise ValueError(f"OrbaxCheckpoint: max_to_keep is at least 1, or None for all; {max_to_keep!r} came.")
        self.directory, self.verbose = str(directory), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.max_to_keep, self.save_on_background = max_to_keep, save_on_background
        self.best = initial_value_threshold
        self._checkpointer = None

    def _save_within(self, epoch, batch, logs):
        self._save_after(int(self.model.optimizer.iterations.numpy()), logs)

    def on_train_end(self, logs=None):
        """Wait until all is written."""
        self.wait_until_finished()
        if self._checkpointer is not None:
            self._checkpointer.close()
            self._checkpointer = None

    def wait_until_finished(self):
        """Wait until the checkpoints that are being saved are written."""
        if self._checkpointer is not None:
            self._checkpointer.wait()

    def is_multihost_enabled(self):
        """Whether several processes train together; each then saves its part."""
        return engines.get(engines.concrete_name()).process()[1] > 1

    def is_primary_host(self):
        """Whether this process is the first of those that train together; True if there is one only."""
        return engines.get(engines.concrete_name()).process()[0] == 0

    def _save_after(self, step, logs):
        if self.save_best_only:
            value = self.value_in(logs)
            if value is None or not self.is_better(value, self.best):
                return
            if self.verbose and self.is_primary_host():
                print(f"Epoch {self._epoch + 1}: {self.monitor} improved from {self.best} to {value}")
            self.best = value
        self.wait_until_finished()
        step = max(step, self._last_step() + 1)
        parts = orbax_files.parts_of(self.model, self.save_weights_only)
        saver = self._saver()
        save = saver.save_checkpointables_async if self.save_on_background else saver.save_checkpointables
        save(step, parts)
        if self.verbose and self.is_primary_host():
            print(f"Epoch {self._epoch + 1}: checkpoint {step} is saved to {self.directory}")

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
