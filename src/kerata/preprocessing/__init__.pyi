"""`keras.preprocessing`: the data tools of Keras 1 and 2, and older names of what is in `keras.utils`."""

from kerata.preprocessing import image as image, sequence as sequence, text as text
from kerata.utils.folder_datasets import (
    image_dataset_from_directory as image_dataset_from_directory,
    text_dataset_from_directory as text_dataset_from_directory,
)
from kerata.utils.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
