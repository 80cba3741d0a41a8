"""What callbacks that save have in common: after each epoch, or after every so many batches."""

from kerata.callbacks.callback import Callback


class SavesRegularly(Callback):
    """A callback that saves after each epoch, or after every so many batches.

    A subclass calls `save_every(save_freq)` in its constructor, and writes `_save_after(epoch, logs)` and
    `_save_within(epoch, batch, logs)`.
    """

    def save_every(self, save_freq):
        """Raises: ValueError unless `save_freq` is "epoch" or a positive number of batches."""
        if save_freq != "epoch" and (isinstance(save_freq, bool) or not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f"{type(self).__name__}: save_freq is 'epoch' or a number of batches; {save_freq!r} came.")
        self.save_freq, self.samples_batches = save_freq, save_freq == "epoch"
        self._epoch = self._batches = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Save if it is time."""
        if self.save_freq != "epoch":
            self._batches += 1
            if self._batches % self.save_freq == 0:
                self._save_within(self._epoch, batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        """Save, unless batches are counted."""
        if self.save_freq == "epoch":
            self._save_after(epoch, logs)
