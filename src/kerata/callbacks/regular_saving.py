"""What callbacks that save have in common: after each epoch, or after every so many batches."""

from kerata.callbacks.callback import Callback, batches_done


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
        self._epoch = self._since = self._seen = 0  # batches since the last saving; those of the epoch that were seen

    def on_epoch_begin(self, epoch, logs=None):
        """Note the epoch."""
        self._epoch, self._seen = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        """Save if it is time."""
        if self.save_freq != "epoch":
            done = batches_done(self, batch)
            self._since, self._seen = self._since + done - self._seen, done
            if self._since >= self.save_freq:
                self._since = 0
                self._save_within(self._epoch, batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        """Save, unless batches are counted."""
        if self.save_freq == "epoch":
            self._save_after(epoch, logs)
