"""`keras.preprocessing.image`: images from arrays, folders and tables, changed at random, as Keras 1 and 2 have them."""

from kerata.preprocessing.image.brightness import (
    apply_brightness_shift as apply_brightness_shift,
    apply_channel_shift as apply_channel_shift,
    random_brightness as random_brightness,
    random_channel_shift as random_channel_shift,
)
from kerata.preprocessing.image.dataframe import DataFrameIterator as DataFrameIterator
from kerata.preprocessing.image.files import (
    array_to_img as array_to_img,
    img_to_array as img_to_array,
    list_pictures as list_pictures,
    load_img as load_img,
    save_img as save_img,
)
from kerata.preprocessing.image.folders import DirectoryIterator as DirectoryIterator
from kerata.preprocessing.image.generator import ImageDataGenerator as ImageDataGenerator
from kerata.preprocessing.image.geometry import (
    apply_affine_transform as apply_affine_transform,
    apply_transform as apply_transform,
    flip_axis as flip_axis,
    random_rotation as random_rotation,
    random_shear as random_shear,
    random_shift as random_shift,
    random_zoom as random_zoom,
    transform_matrix_offset_center as transform_matrix_offset_center,
)
from kerata.preprocessing.image.iterators import Iterator as Iterator, NumpyArrayIterator as NumpyArrayIterator
from kerata.utils.images import smart_resize as smart_resize
