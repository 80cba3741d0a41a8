"""`keras.preprocessing`: older names of what is in `keras.utils`."""

from kerata.preprocessing import image, sequence
from kerata.utils.folder_datasets import image_dataset_from_directory, text_dataset_from_directory
from kerata.utils.timeseries import timeseries_dataset_from_array

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
