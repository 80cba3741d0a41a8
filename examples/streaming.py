"""Data streamed from disk by a `PyDataset`: the images stay in a file, and several threads read batches from it.

Measured: 95.9 % of 2,000 digits never seen, after 8 epochs from disk.
"""

import math
import pathlib
import tempfile

import numpy as np
from common import SHORT, mnist

import kerata as keras
from kerata import layers


class FromDisk(keras.utils.PyDataset):
    """Batches of images and labels kept in two .npy files."""

    def __init__(self, folder, batch_size, **kwargs):
        super().__init__(**kwargs)
        self.x = np.load(folder / "x.npy", mmap_mode="r")
        self.y = np.load(folder / "y.npy", mmap_mode="r")
        self.batch_size = batch_size

    def __len__(self):
        return math.ceil(len(self.x) / self.batch_size)

    def __getitem__(self, index):
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.x[rows].astype("float32") / 255, self.y[rows]


def main():
    keras.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = mnist()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        np.save(folder / "x.npy", (x_train * 255).round().astype("uint8"))
        np.save(folder / "y.npy", y_train)
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Flatten(),
                layers.Dense(256, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(FromDisk(folder, 64, workers=4), epochs=1 if SHORT else 8)
    return model.evaluate(x_test, y_test, return_dict=True)


if __name__ == "__main__":
    print(main())
