"""`ImageDataGenerator`: images changed at random and brought to a common scale."""

from typing import Any

import numpy as np

from kerata.core import config
from kerata.core.suggestions import refuse
from kerata.core.types import DType, Path, TensorLike
from kerata.engines.warning import warn
from kerata.preprocessing.image import brightness, geometry
from kerata.preprocessing.image.dataframe import DataFrameIterator
from kerata.preprocessing.image.files import with_old_names
from kerata.preprocessing.image.folders import DirectoryIterator
from kerata.preprocessing.image.iterators import NumpyArrayIterator, check_channels

_TINY = 1e-6  # added to standard deviations, as Keras does


class ImageDataGenerator:
    """Images changed at random and brought to a common scale, batch by batch.

    What is drawn is drawn from `numpy.random`, in the order that Keras 2 draws it in, so that a seed gives the same images.

    Args:
        featurewise_center, featurewise_std_normalization: whether the mean of the data is taken away, and whether it is
            divided by its standard deviation, for each channel; `fit` finds both.
        samplewise_center, samplewise_std_normalization: the same with each image's own.
        zca_whitening: whether pixels are made uncorrelated (ZCA); `fit` finds how.
        zca_epsilon: added to the variances there, so that none is near 0.
        rotation_range: images are turned by up to so many degrees.
        width_shift_range, height_shift_range: images are moved by up to a part of their size (a float below 1), by less
            than so many pixels (an int), by up to so many (a float from 1 on), or by one of a list of numbers (parts of
            the size if all are below 1), to either side.
        brightness_range: a pair: the brightness is multiplied by a number between them. Needs Pillow. As in tf.keras, values
            keep their range (Keras 2.3.1 stretches them to 0 to 255).
        shear_range: images are sheared by up to so many degrees.
        zoom_range: a pair: height and width are zoomed each by a number between them, below 1 magnifies. A number r is
            short for (1 - r, 1 + r).
        channel_shift_range: a number up to this is added to all values, or subtracted.
        fill_mode: what is shown from beyond an image's edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value there for "constant".
        horizontal_flip, vertical_flip: whether every second image, at random, is mirrored.
        rescale: what values are multiplied by after all changes and `preprocessing_function`; None or 0 for nothing.
        preprocessing_function: takes a changed image (an array of three axes) and returns one of the same shape.
        data_format: "channels_last" or "channels_first"; the default of `kerata.config` if None.
        validation_split: the part of the data that is `subset="validation"`, between 0 and 1.
        interpolation_order: of the spline between pixels, 0 to 5: 0 takes the nearest pixel, 1 is linear.
        dtype: of the images that come; `floatx` if None.

    Raises: ValueError for settings out of range. Turning, moving, shearing and zooming need SciPy.

    >>> import numpy as np
    >>> images = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True)
    >>> batches = images.flow(np.full((6, 8, 8, 3), 255.0), np.arange(6), batch_size=4)
    >>> x, y = next(batches)
    >>> x.shape, float(x.max()), len(batches)
    ((4, 8, 8, 3), 1.0, 2)

    `model.fit(images.flow(x_train, y_train), validation_data=(x_val, y_val))` trains on them.
    """

    @with_old_names()
    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Any = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: DType = None,
    ) -> None:
        self.featurewise_center, self.samplewise_center = featurewise_center, samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.brightness_range, self.channel_shift_range = brightness_range, channel_shift_range
        self.fill_mode, self.cval, self.interpolation_order = fill_mode, cval, interpolation_order
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.dtype = np.dtype(dtype or config.floatx())
        self.data_format = config.standardize_data_format(data_format)
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if self.data_format == "channels_first" else (3, 1, 2)
        if fill_mode not in ("nearest", "constant", "reflect", "wrap"):
            raise ValueError(f"fill_mode is 'nearest', 'constant', 'reflect' or 'wrap'; {fill_mode!r} came.")
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"validation_split is between 0 and 1; {validation_split!r} came.")
        self._validation_split = validation_split
        if brightness_range is not None:
            brightness.pair(brightness_range, "brightness_range")
        self.zoom_range = zoom_pair(zoom_range)
        self.mean: Any = None
        self.std: Any = None
        self.principal_components: Any = None
        self._complete()

    def _complete(self):
        """Set what other settings imply."""
        if self.zca_whitening:
            self._imply("zca_whitening", "featurewise_center", True)
            self._imply("zca_whitening", "featurewise_std_normalization", False)
        if self.featurewise_std_normalization:
            self._imply("featurewise_std_normalization", "featurewise_center", True)
        if self.samplewise_std_normalization:
            self._imply("samplewise_std_normalization", "samplewise_center", True)

    def _imply(self, setting, implied, value):
        if bool(getattr(self, implied)) != value:
            setattr(self, implied, value)
            warn(f"ImageDataGenerator({setting}=True) goes with {implied}={value}, which is what is done.")

    @property
    def zca_whitening_matrix(self) -> Any:
        """`principal_components` as later releases of Keras 2 call it."""
        return self.principal_components

    @with_old_names(X="x")
    def flow(
        self,
        x: TensorLike,
        y: TensorLike = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: TensorLike = None,
        seed: int | None = None,
        save_to_dir: Path = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
    ) -> NumpyArrayIterator:
        """Batches of changed images from an array: a `NumpyArrayIterator`, whose arguments these are.

        Shapes: x (samples, height, width, channels), or with channels first.
        """
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            dtype=self.dtype,
            ignore_class_split=ignore_class_split,
        )

    def flow_from_directory(
        self,
        directory: Path,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Path = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Batches of changed images from a folder of folders: a `DirectoryIterator`, whose arguments these are."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            dtype=self.dtype,
            keep_aspect_ratio=keep_aspect_ratio,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Path = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Path = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Batches of changed images that a pandas `DataFrame` names: a `DataFrameIterator`, whose arguments these are.

        Args:
            **kwargs: `drop_duplicates=True` leaves out rows that name a file again; `has_ext=True` and `sort` are of older
                releases and change nothing, rows come as they are in the table; `class_mode="other"` is "raw".

        Raises: ValueError for `has_ext=False`: names are those of the files, with their endings.
        """
        return DataFrameIterator(
            _older(dataframe, x_col, kwargs),
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode="raw" if class_mode == "other" else class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
            keep_aspect_ratio=keep_aspect_ratio,
        )

    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """How an image is to be changed, drawn at random: what `apply_transform` takes.

        Args:
            img_shape: of one image.
            seed: for `numpy.random.seed`; None goes on with what is drawn next.
        """
        if seed is not None:
            np.random.seed(seed)
        drawn = lambda reach: np.random.uniform(-reach, reach) if reach else 0
        return {
            "theta": drawn(self.rotation_range),
            "tx": drawn_shift(self.height_shift_range, img_shape[self.row_axis - 1]),
            "ty": drawn_shift(self.width_shift_range, img_shape[self.col_axis - 1]),
            "shear": drawn(self.shear_range),
            **dict(zip(("zx", "zy"), geometry.drawn_zoom(self.zoom_range))),
            "flip_horizontal": bool((np.random.random() < 0.5) * self.horizontal_flip),
            "flip_vertical": bool((np.random.random() < 0.5) * self.vertical_flip),
            "channel_shift_intensity": drawn(self.channel_shift_range) if self.channel_shift_range else None,
            "brightness": None if self.brightness_range is None else np.random.uniform(*self.brightness_range),
        }

    def apply_transform(self, x: TensorLike, transform_parameters: dict[str, Any]) -> Any:
        """An image changed as told.

        Args:
            x: one image.
            transform_parameters: any of `theta`, `tx`, `ty`, `shear`, `zx`, `zy` (see `apply_affine_transform`),
                `flip_horizontal`, `flip_vertical`, `channel_shift_intensity` and `brightness`.

        Shapes: (height, width, channels), or with channels first -> the same.

        Raises: ValueError for other names.
        """
        affine = {name: transform_parameters[name] for name in _AFFINE if name in transform_parameters}
        unknown = set(transform_parameters) - set(affine) - set(_OTHER_CHANGES)
        if unknown:
            raise ValueError(f"apply_transform knows {', '.join((*_AFFINE, *_OTHER_CHANGES))}; {sorted(unknown)} came.")
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        filling: dict[str, Any] = {"fill_mode": self.fill_mode, "cval": self.cval, "order": self.interpolation_order}
        x = geometry.apply_affine_transform(x, **affine, row_axis=rows, col_axis=columns, channel_axis=channels, **filling)
        shift, horizontal, vertical, factor = map(transform_parameters.get, _OTHER_CHANGES)
        if shift is not None:
            x = brightness.apply_channel_shift(x, shift, channels)
        if horizontal:
            x = geometry.flip_axis(x, columns)
        if vertical:
            x = geometry.flip_axis(x, rows)
        return x if factor is None else brightness.shifted(x, factor, self.data_format, scale=False)

    def random_transform(self, x: TensorLike, seed: int | None = None) -> Any:
        """An image changed at random: `apply_transform` of what `get_random_transform` draws."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def standardize(self, x: Any) -> Any:
        """An image, or a batch, brought to the common scale.

        As in Keras, an array of floats is changed in place (and returned).

        Warns if something is wanted that `fit` finds, and `fit` was not called.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        x = np.asarray(x)
        x = x if np.issubdtype(x.dtype, np.floating) else x.astype(self.dtype)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _TINY
        if self.featurewise_center and self._is_fitted("mean", "featurewise_center"):
            x -= self.mean
        if self.featurewise_std_normalization and self._is_fitted("std", "featurewise_std_normalization"):
            x /= self.std + _TINY
        if self.zca_whitening and self._is_fitted("principal_components", "zca_whitening"):
            flat = x.reshape(-1, np.prod(x.shape[-3:]))
            x = (flat @ self.principal_components).reshape(x.shape)
        return x

    def _is_fitted(self, found, setting):
        if getattr(self, found) is None:
            warn(f"ImageDataGenerator({setting}=True) does nothing yet: call fit(x) with the training data first.")
        return getattr(self, found) is not None

    def fit(self, x: TensorLike, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find what `featurewise_center`, `featurewise_std_normalization` and `zca_whitening` need.

        Args:
            x: the training data.
            augment: whether it is changed at random first.
            rounds: how many times it is then gone through.
            seed: for `numpy.random.seed`; None goes on with what is drawn next.

        Shapes: (samples, height, width, channels), or with channels first.

        Raises: ValueError for another number of axes.
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(f"fit takes a batch of images with 4 axes; shape {x.shape} came.")
        check_channels(x.shape, self.data_format)
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.stack([self.random_transform(image) for _ in range(rounds) for image in x]).astype(self.dtype)
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = np.mean(x, axes, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, axes, keepdims=True)[0]
            x /= self.std + _TINY
        if self.zca_whitening:
            self.principal_components = whitening(x.reshape(len(x), -1), self.zca_epsilon)


_AFFINE = ("theta", "tx", "ty", "shear", "zx", "zy")
_OTHER_CHANGES = ("channel_shift_intensity", "flip_horizontal", "flip_vertical", "brightness")


def zoom_pair(zoom_range):
    """The lowest and the highest zoom.

    Raises: ValueError for what is neither a number nor a pair.
    """
    if isinstance(zoom_range, (int, float, np.number)):
        return [1 - zoom_range, 1 + zoom_range]
    if not hasattr(zoom_range, "__len__") or len(zoom_range) != 2 or isinstance(zoom_range, str):
        raise ValueError(f"zoom_range is a number, or a pair: the lowest and the highest zoom; {zoom_range!r} came.")
    return list(zoom_range)


def drawn_shift(reach, size):
    """By how many pixels an image of this size is moved along an axis."""
    if not np.any(reach):
        return 0
    if np.ndim(reach) or isinstance(reach, (int, np.integer)):
        shift = np.random.choice(reach) * np.random.choice([-1, 1])
    else:
        shift = np.random.uniform(-reach, reach)
    return shift * size if np.max(reach) < 1 else shift


def whitening(flat, epsilon):
    """The matrix of ZCA: it makes the columns of centred data uncorrelated and changes them as little as that allows.

    Shapes: (samples, features) -> (features, features).
    """
    u, variances, _ = np.linalg.svd(flat.T @ flat / len(flat))
    return (u / np.sqrt(variances + epsilon)) @ u.T


def _older(dataframe, x_col, kwargs):
    """The table after the arguments of older releases.

    Raises: TypeError for names that no release has, ValueError for names without endings.
    """
    refuse(ImageDataGenerator.flow_from_dataframe, kwargs, ("has_ext", "sort", "drop_duplicates"))
    if not kwargs.get("has_ext", True):
        raise ValueError("has_ext=False is no more: give the files' names with their endings, such as df[x_col] + '.png'.")
    return dataframe.drop_duplicates(x_col) if kwargs.get("drop_duplicates") else dataframe
