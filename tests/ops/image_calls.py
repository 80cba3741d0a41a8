"""Calls of the ops of `ops.image`."""

import numpy as np
from tests.ops.cases import between, call, floats, integers

IMAGES = between(0.1, 0.9, 2, 4, 5, 3)
TRANSFORMS = (np.array([1, 0, 0.3, 0, 1, 0.2, 0, 0]) + 0.1 * floats(2, 8) * [1, 1, 1, 1, 1, 1, 0, 0]).astype("float32")
PLACES = np.random.default_rng(3).uniform(-6, 9, (2, 3, 2)).astype("float32")
CORNERS = np.tile(np.array([[0, 0], [0, 4], [5, 0], [5, 4]], "float32"), (2, 1, 1))
MOVED = CORNERS + 0.6 * floats(2, 4, 2)
MODES = ("constant", "nearest", "wrap", "mirror", "reflect")

CALLS = [
    *[call("image.affine_transform", IMAGES, TRANSFORMS, fill_mode=mode, free=(0, 1)) for mode in MODES],
    call("image.affine_transform", IMAGES, TRANSFORMS[:1], interpolation="nearest", fill_value=0.5),
    call("image.affine_transform", IMAGES, TRANSFORMS[0], data_format="channels_first"),
    call("image.affine_transform", integers(255, 2, 4, 5, 1).astype("uint8"), TRANSFORMS, free=(0, 1)),
    call("image.perspective_transform", IMAGES, CORNERS, MOVED, free=(0, 1, 2)),
    call("image.perspective_transform", IMAGES, CORNERS[0], MOVED[0], interpolation="nearest", fill_value=0.5),
    *[call("image.map_coordinates", IMAGES[0, :, :, 0], PLACES, 1, fill_mode=mode, free=()) for mode in MODES],
    call("image.map_coordinates", IMAGES[0, :, :, 0], PLACES, 0, fill_value=2.0, free=()),
    call("image.map_coordinates", integers(9, 4, 5), PLACES, 1, free=()),
    call("image.crop_images", IMAGES, 1, 2, 1, 1),
    call("image.crop_images", IMAGES, None, 2, 1, None, 2, 3),
    call("image.crop_images", IMAGES, 1, 1, 0, 1, data_format="channels_first"),
    call("image.pad_images", IMAGES, 1, 2, 1, 0),
    call("image.pad_images", IMAGES, None, 2, 1, None, 7, 9),
    call("image.rgb_to_grayscale", IMAGES),
    call("image.rgb_to_grayscale", integers(255, 2, 4, 5, 3).astype("uint8")),
    call("image.rgb_to_hsv", IMAGES),
    call("image.hsv_to_rgb", IMAGES),
    call("image.gaussian_blur", IMAGES),
    call("image.gaussian_blur", IMAGES, (2, 3), (0.5, 2.0), data_format="channels_first"),
    call("image.sobel_edges", IMAGES),
    call("image.sobel_edges", integers(255, 2, 4, 5, 1)),
    call("image.ssim", IMAGES, IMAGES**2, filter_size=3, free=(0, 1)),
    call("image.extract_patches", IMAGES, 2),
    call("image.extract_patches", IMAGES, (3, 2), strides=1, padding="same"),
    call("image.extract_patches", IMAGES, 2, strides=1, dilation_rate=2, data_format="channels_first"),
    call("image.extract_patches_3d", floats(2, 3, 4, 3, 2), 2, strides=1),
    *[
        call("image.scale_and_translate", IMAGES, (2, 6, 3, 3), [1.3, 0.6], [0.5, -0.4], (1, 2), method, free=())
        for method in ("linear", "cubic", "lanczos3", "lanczos5")
    ],
    call("image.scale_and_translate", IMAGES, (2, 6, 3, 3), [1.3, 0.6], [0.5, -0.4], (1, 2), "linear", False, free=()),
]
