"""`TensorBoard`: losses, metrics and weights for TensorBoard to show."""

import pathlib
import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from kerata import engines
from kerata.callbacks.callback import Callback, batches_done
from kerata.callbacks.event_files import EventWriter, histogram, image, scalar
from kerata.callbacks.monitor import learning_rate_of
from kerata.core.arguments import FilePath
from kerata.core.fields import Field, dataclass


class UpdateFrequency(Field[str | int, Literal["epoch"] | int]):
    """ "epoch", "batch", or a number of batches."""

    def convert(self, value, name, owner):
        if value not in ("epoch", "batch") and (not isinstance(value, int) or value < 1):
            raise ValueError(f"{type(owner).__name__}: {name} is 'epoch', 'batch' or a number of batches; {value!r} came.")
        return 1 if value == "batch" else value


@dataclass
class TensorBoard(Callback):
    """Write event files that TensorBoard shows (`pip install tensorboard`; `tensorboard --logdir logs`).

    Epochs' logs are scalars `epoch_loss` and so on in the folders `train` and `validation`, batches' are `batch_loss`;
    evaluations are `evaluation_loss_vs_iterations`. Nothing but NumPy is needed for writing.

    Args:
        log_dir: the folder, of this run alone.
        histogram_freq: epochs from one histogram of each weight to the next; 0 for none.
        write_graph: accepted; as in Keras 3, no graph is written (`keras.utils.plot_model` draws one).
        write_images: whether weights are shown as images too, with each histogram.
        write_steps_per_second: whether the speed is written.
        update_freq: "epoch", or "batch", or a number of batches from one entry of batches' logs to the next.
        profile_batch: a batch's number, or a pair of first and last, that the engine's profiler watches; 0 for none.
        embeddings_freq: epochs from one copy of the embedding layers' weights to the next, for the projector; 0 for none.
        embeddings_metadata: a dict from an embedding layer's name to the file that describes its rows, or one file for all.

    Raises: ValueError for a frequency that is neither a name nor a number, or embeddings of layers that are not there.

    >>> import kerata, numpy as np, os, tempfile
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     board = kerata.callbacks.TensorBoard(folder)
    ...     history = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[board])
    ...     print(os.listdir(folder))
    ['train']
    """

    log_dir: FilePath = FilePath("logs")
    histogram_freq: int = 0
    write_graph: bool = True
    write_images: bool = False
    write_steps_per_second: bool = False
    update_freq: UpdateFrequency = UpdateFrequency("epoch")
    profile_batch: int | str | Sequence[int] = 0
    embeddings_freq: int = 0
    embeddings_metadata: Mapping[str, str] | str | None = None

    def __post_init__(self):
        super().__post_init__()
        self._first_profiled, self._last_profiled = _batches_to_profile(self.profile_batch)
        self._stop_profiler = None
        self.samples_batches = self.update_freq == "epoch" and not self._last_profiled
        self._writers = {}
        self._training = False
        self._step = self._test_steps = 0

    @property
    def summary(self) -> Any:
        """The writer of the training's events, with `write(tag, value, step)`: see `kerata.callbacks.event_files`."""
        return self._writer("train")

    def _writer(self, name):
        if name not in self._writers:
            self._writers[name] = EventWriter(pathlib.Path(self.log_dir, name))
        return self._writers[name]

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.embeddings_freq:
            self._describe_embeddings()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin counting batches."""
        self._training, self._step = True, 0
        self._stop_profiler = None

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the files."""
        self._end_profile()
        self._training = False
        self._close()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Nothing is written for a batch of an evaluation."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Write the evaluation's results beside the number of updates so far."""
        optimizer = getattr(self.model, "optimizer", None)
        step = int(np.asarray(optimizer.iterations)) if optimizer is not None else 0
        for name, value in (logs or {}).items():
            self._writer("validation").write(f"evaluation_{name}_vs_iterations", scalar(_number(value)), step)
        if not self._training:
            self._close()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the time."""
        self._epoch_began, self._epoch_step = time.perf_counter(), self._step

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the profiler before its first batch."""
        self._batch_began = time.perf_counter()
        if self._step < self._first_profiled <= self._step + self.model.steps_per_execution:
            self._stop_profiler = engines.current().profile(pathlib.Path(self.log_dir))

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the batch's logs, if it is time."""
        before, self._step = self._step, self._epoch_step + batches_done(self, batch)
        if self._step >= self._last_profiled:
            self._end_profile()
        if self.update_freq == "epoch":
            return
        if self.write_steps_per_second:
            speed = 1 / max(time.perf_counter() - self._batch_began, 1e-9)
            self.summary.write("batch_steps_per_second", scalar(speed), self._step)
        if self._step // self.update_freq > before // self.update_freq:
            for name, value in (logs or {}).items():
                self.summary.write(f"batch_{name}", scalar(_number(value)), self._step)
            self.summary.flush()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's logs, and weights if it is time."""
        for name, value in (logs or {}).items():
            part = "validation" if name.startswith("val_") else "train"
            self._writer(part).write(f"epoch_{name.removeprefix('val_')}", scalar(_number(value)), epoch)
        if self.model.optimizer is not None and "learning_rate" not in (logs or {}) and _has_rate(self.model.optimizer):
            self.summary.write("epoch_learning_rate", scalar(learning_rate_of(self.model)), epoch)
        if self.write_steps_per_second:
            speed = (self._step - self._epoch_step) / max(time.perf_counter() - self._epoch_began, 1e-9)
            self.summary.write("epoch_steps_per_second", scalar(speed), epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings()
        for writer in self._writers.values():
            writer.flush()

    def _write_weights(self, epoch):
        for weight in self.model.weights:
            value, name = weight.numpy(), weight.path
            self.summary.write(f"{name}/histogram", histogram(value), epoch)
            if self.write_images and value.size:
                self.summary.write(f"{name}/image", image(as_picture(value)), epoch)

    def _embedding_layers(self):
        found = {layer.name: layer for layer in self.model._flatten_layers() if hasattr(layer, "embeddings_initializer")}
        if isinstance(self.embeddings_metadata, dict):
            unknown = set(self.embeddings_metadata) - set(found)
            if unknown:
                raise ValueError(
                    f"TensorBoard: embeddings_metadata names {', '.join(sorted(unknown))}; the model's embedding layers are "
                    f"{', '.join(found) or 'none'}."
                )
        return found

    def _describe_embeddings(self):
        """Write the file that tells the projector where the embeddings are."""
        entries = []
        for name in self._embedding_layers():
            described = self.embeddings_metadata
            metadata = described.get(name) if isinstance(described, dict) else described
            lines = [f'  tensor_name: "{name}"', f'  tensor_path: "{_embedding_file(name)}"']
            lines += [f'  metadata_path: "{metadata}"'] if metadata else []
            entries.append("embeddings {\n" + "\n".join(lines) + "\n}\n")
        pathlib.Path(self.log_dir, "train").mkdir(parents=True, exist_ok=True)
        pathlib.Path(self.log_dir, "train", "projector_config.pbtxt").write_text("".join(entries))

    def _write_embeddings(self):
        for name, layer in self._embedding_layers().items():
            path = pathlib.Path(self.log_dir, "train", _embedding_file(name))
            np.savetxt(path.with_suffix(".writing"), layer.embeddings.numpy(), delimiter="\t", fmt="%.7g")
            shutil.move(path.with_suffix(".writing"), path)

    def _end_profile(self):
        if self._stop_profiler is not None:
            self._stop_profiler()
            self._stop_profiler = None

    def _close(self):
        for writer in self._writers.values():
            writer.close()
        self._writers = {}


def as_picture(value):
    """A weight as a picture, its values stretched from black to white.

    Shapes: (n,), (n, m) or (height, width, channels, kernels), of which the first is shown -> (height, width, 1 or 3).
    """
    value = np.nan_to_num(np.asarray(value, "float32"))
    if value.ndim > 3:
        value = value[..., 0] if value.ndim == 4 else value.reshape(value.shape[0], -1)
    value = value.reshape(1, -1) if value.ndim < 2 else value
    value = value[..., None] if value.ndim == 2 else value if value.shape[-1] in (1, 3) else value[..., :1]
    low, high = value.min(), value.max()
    return ((value - low) / ((high - low) or 1) * 255).astype("uint8")


def _batches_to_profile(profile_batch):
    """The first and the last batch, counted from 1; two zeros for none."""
    parts = profile_batch.split(",") if isinstance(profile_batch, str) else profile_batch
    parts = list(parts) if isinstance(parts, (list, tuple)) else [parts, parts]
    try:
        first, last = (int(part) for part in parts)
    except (ValueError, TypeError):
        first, last = -1, -1
    if first < 0 or last < first or (first == 0) != (last == 0):
        raise ValueError(f"TensorBoard: profile_batch is a batch's number or a pair of first and last; {profile_batch!r} came.")
    return first, last


def _embedding_file(name):
    return name.replace("/", "_") + ".tsv"


def _has_rate(optimizer):
    try:
        return optimizer.learning_rate is not None
    except AttributeError:
        return False


def _number(value):
    return float(np.mean(np.asarray(value)))
