"""The ways of `ways.py` on a library: `WAYS_LIBRARY` names kerata or keras.

What a data set's worker processes need is at the top of the module, since they import it anew.
"""

import importlib
import os

import programs

keras = importlib.import_module(os.environ["WAYS_LIBRARY"])


class Hook(keras.callbacks.Callback):
    """Looks at the number of the batch."""

    def on_train_batch_end(self, batch, logs=None):
        self.seen = batch


class LossHook(keras.callbacks.Callback):
    """Reads the loss after every batch."""

    def on_train_batch_end(self, batch, logs=None):
        self.seen = float(logs["loss"])


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, batch, **workers):
        super().__init__(**workers)
        self.x, self.y, self.batch = x, y, batch

    def __len__(self):
        return len(self.x) // self.batch

    def __getitem__(self, i):
        rows = slice(i * self.batch, (i + 1) * self.batch)
        return self.x[rows], self.y[rows]


def runs(x, y, batch):
    """A function for each way that goes over the rows once."""
    model = programs.model("tiny_mlp", keras)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    stream = Batches(x, y, batch)
    steps, one = len(stream), stream[0]

    def fit(*data, **options):
        model.fit(*data, verbose=0, **options)

    return {
        "arrays": lambda: fit(x, y),
        "batch_hook": lambda: fit(x, y, callbacks=[Hook()]),
        "batch_hook_logs": lambda: fit(x, y, callbacks=[LossHook()]),
        "train_on_batch": lambda: [model.train_on_batch(*one) for _ in range(steps)],
        "test_on_batch": lambda: [model.test_on_batch(*one) for _ in range(steps)],
        "predict_on_batch": lambda: [model.predict_on_batch(one[0]) for _ in range(steps)],
        "py_dataset": lambda: fit(stream),
        "py_dataset_2_threads": lambda: fit(Batches(x, y, batch, workers=2)),
        "py_dataset_2_processes": lambda: fit(Batches(x, y, batch, workers=2, use_multiprocessing=True)),
        "generator": lambda: fit((stream[i] for i in range(steps)), steps_per_epoch=steps),
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "evaluate_stream": lambda: model.evaluate(stream, verbose=0),
        "predict": lambda: model.predict(x, verbose=0),
        "predict_stream": lambda: model.predict(stream, verbose=0),
    }
