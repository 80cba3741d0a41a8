"""The batches in which the CIFAR archives hold their images.

Source: A. Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
"""

import pathlib

import numpy as np

from kerata.core.config import image_data_format
from kerata.datasets.files import unpickled


def read_batches(folder, names, label_key):
    """The images and labels of some batches.

    Shapes: x (samples, 32, 32, 3), or with channels first where that is the default; y (samples, 1).

    Raises: ValueError for a batch that holds something else.
    """
    images, labels = [], []
    for name in names:
        with (pathlib.Path(folder) / name).open("rb") as file:
            batch = unpickled(file)
        batch = {k.decode() if isinstance(k, bytes) else k: v for k, v in batch.items()}
        if not {"data", label_key} <= set(batch):
            raise ValueError(f"{name!r} holds {', '.join(batch)} instead of data and {label_key}.")
        images.append(np.asarray(batch["data"], "uint8").reshape(-1, 3, 32, 32))
        labels += list(batch[label_key])
    x = np.concatenate(images)
    return x if image_data_format() == "channels_first" else np.moveaxis(x, 1, -1).copy(), np.asarray(labels).reshape(-1, 1)
