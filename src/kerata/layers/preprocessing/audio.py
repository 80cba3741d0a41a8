"""Sound as pictures of its frequencies."""

import math
from typing import Any

import numpy as np

from kerata import initializers, ops
from kerata.core.arrays import as_array, dtype_of
from kerata.core.config import epsilon
from kerata.core.fields import dataclass
from kerata.core.types import DType, Shape, Tree
from kerata.layers.arguments import DataFormat, OneOf, OptionalPositiveInt, PositiveInt
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.base import DataLayer


@dataclass
class MelSpectrogram(DataLayer):
    """How strong each band of pitches is in each moment of sound.

    Shapes: (batch, samples) or (samples,) -> (batch, num_mel_bins, times) or (num_mel_bins, times).

    Args:
        fft_length: how many samples are transformed at once.
        sequence_stride: how many samples lie between two moments.
        sequence_length: how long the window is; `fft_length` if None.
        window: "hann", "hamming", an array, or None.
        sampling_rate: samples in a second.
        num_mel_bins: how many bands there are, of equal width on the mel scale.
        min_freq: where the lowest begins, in Hertz.
        max_freq: where the highest ends; half the sampling rate if None.
        power_to_db: whether the result is in decibels.
        top_db: how far below the loudest values are cut off, in decibels.
        mag_exp: 1 for magnitudes, 2 for powers.
        min_power: the least power that is told apart from silence.
        ref_power: the power of 0 decibels.

    Source: the mel scale of Stevens, Volkmann and Newman 1937, in the form of O'Shaughnessy 1987.

    >>> import kerata, numpy as np
    >>> kerata.layers.MelSpectrogram(fft_length=64, sequence_stride=32, num_mel_bins=10)(np.ones((2, 256))).shape
    (2, 10, 9)
    """

    fft_length: PositiveInt = PositiveInt(2048)
    sequence_stride: PositiveInt = PositiveInt(512)
    sequence_length: OptionalPositiveInt = OptionalPositiveInt(None)
    window: Any = "hann"
    sampling_rate: PositiveInt = PositiveInt(16000)
    num_mel_bins: PositiveInt = PositiveInt(128)
    min_freq: float = 20.0
    max_freq: float | None = None
    power_to_db: bool = True
    top_db: float = 80.0
    mag_exp: float = 2.0
    min_power: float = 1e-10
    ref_power: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        self.sequence_length = self.sequence_length or self.fft_length
        self.max_freq = self.max_freq or int(self.sampling_rate / 2)
        if not 0 <= self.min_freq < self.max_freq <= self.sampling_rate / 2:
            raise ValueError(
                "MelSpectrogram: min_freq and max_freq must rise from 0 to half the sampling rate; "
                f"{self.min_freq!r}, {self.max_freq!r} and {self.sampling_rate!r} came."
            )

    def call(self, inputs: Tree) -> Any:
        x = ops.cast(as_array(inputs), self.compute_dtype)
        single = len(x.shape) == 1
        x = ops.expand_dims(x, 0) if single else x
        length: Any = self.sequence_length
        real, imaginary = ops.stft(x, length, self.sequence_stride, self.fft_length, self.window)
        power = ops.square(real) + ops.square(imaginary)
        strength = power if self.mag_exp == 2 else ops.power(ops.sqrt(power), self.mag_exp)
        bands = ops.matmul(strength, ops.cast(self._bands(), self.compute_dtype))
        result = ops.swapaxes(self._decibels(bands) if self.power_to_db else bands, -1, -2)
        result = ops.cast(result, self.compute_dtype)
        return ops.squeeze(result, 0) if single else result

    def _decibels(self, power):
        loudness = ops.log10(ops.maximum(power, self.min_power)) * 10.0
        loudness = loudness - 10.0 * math.log10(max(self.min_power, self.ref_power))
        return ops.maximum(loudness, ops.max(loudness) - self.top_db)

    def _bands(self):
        highest: Any = self.max_freq
        return self.linear_to_mel_weight_matrix(
            self.num_mel_bins, self.fft_length // 2 + 1, self.sampling_rate, self.min_freq, highest
        )

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: int = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: DType = "float32",
    ) -> Any:
        """What each frequency counts in each band: (num_spectrogram_bins, num_mel_bins), triangles on the mel scale."""
        mel = lambda hertz: 1127.0 * np.log1p(np.asarray(hertz, "float64") / 700.0)
        frequencies = mel(np.linspace(0.0, sampling_rate / 2, num_spectrogram_bins)[1:])[:, None]
        edges = np.linspace(mel(lower_edge_hertz), mel(upper_edge_hertz), num_mel_bins + 2)
        low, middle, high = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
        weights = np.maximum(0, np.minimum(rising, falling))
        return np.pad(weights, [(1, 0), (0, 0)]).astype(dtype)  # what does not swing has no pitch

    def compute_output_shape(self, input_shape: Shape) -> Any:
        samples = input_shape[-1]
        times = None if samples is None else 1 + samples // self.sequence_stride
        return (*input_shape[:-1], self.num_mel_bins, times)


@dataclass
class STFTSpectrogram(Layer):
    """The short-time Fourier transform of sound, by convolutions whose kernels can be trained.

    Shapes: (batch, samples, channels) -> (batch, times, channels * frequencies), or (batch, times, frequencies, channels)
    with `expand_dims`; with channels first, (batch, channels, samples) -> (batch, channels * frequencies, times) or
    (batch, channels, times, frequencies). There are `fft_length // 2 + 1` frequencies; "stft" has twice as many.

    Args:
        mode: what comes out: "log" for the logarithm of "magnitude", "psd" for its square, where frequencies stand for
            their negative ones too, "real", "imag", "angle", or "stft" for the real parts and, after them, the imaginary
            ones.
        frame_length: how many samples are transformed at once.
        frame_step: how many samples lie between two moments; half a frame if None.
        fft_length: the length of the transform; the least power of two that holds a frame if None.
        window: "hann", "hamming", an array (frame_length,), or None for none.
        periodic: whether the window is periodic rather than symmetric.
        scaling: "density" for a window whose squares sum to 1, "spectrum" for one that itself does, or None.
        padding: "valid" for whole frames only, "same" for zeros at both ends.
        expand_dims: whether the output is an image.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Raises: ValueError for an argument that is none of these; TypeError for inputs that are no floats.

    Source: Allen and Rabiner 1977, "A unified approach to short-time Fourier analysis and synthesis".

    >>> import kerata, numpy as np
    >>> kerata.layers.STFTSpectrogram(frame_length=64, fft_length=128)(np.ones((2, 256, 1), "float32")).shape
    (2, 7, 65)
    """

    modes = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")

    mode: OneOf = OneOf("log", *modes)
    frame_length: PositiveInt = PositiveInt(256)
    frame_step: OptionalPositiveInt = OptionalPositiveInt(None)
    fft_length: OptionalPositiveInt = OptionalPositiveInt(None)
    window: Any = "hann"
    periodic: bool = False
    scaling: str | None = "density"
    padding: OneOf = OneOf("valid", "valid", "same")
    expand_dims: bool = False
    data_format: DataFormat = DataFormat(None)

    input_spec = InputSpec(ndim=3)

    def __post_init__(self):
        super().__post_init__()
        frame, window = self.frame_length, self.window
        self._step = self.frame_step or max(1, frame // 2)
        self._fft_length = self.fft_length or 1 << (frame - 1).bit_length()
        if self._step > frame:
            raise ValueError(f"STFTSpectrogram: frame_step must not exceed frame_length={frame}; {self._step!r} came.")
        if self._fft_length < frame:
            raise ValueError(f"STFTSpectrogram: fft_length must be at least frame_length={frame}; {self._fft_length!r} came.")
        if not (window is None or isinstance(window, str) or np.shape(window) == (frame,)):
            raise ValueError(f"STFTSpectrogram: the window must have the shape ({frame},); {np.shape(window)} came.")
        self._parts = ("real", "imag") if self.mode not in ("real", "imag") else (self.mode,)
        self._starts = [initializers.STFT(part, window, self.scaling, self.periodic) for part in self._parts]

    def build(self, input_shape: Shape) -> None:
        """Make the kernels (frame_length, 1, frequencies) that the mode needs, `real_kernel` and `imag_kernel`."""
        shape = (self.frame_length, 1, self._fft_length // 2 + 1)
        self.real_kernel = self.imag_kernel = None
        for part, start in zip(self._parts, self._starts):
            setattr(self, f"{part}_kernel", self.add_weight(name=f"{part}_kernel", shape=shape, initializer=start))

    def call(self, inputs: Tree) -> Any:
        x = as_array(inputs)
        if not dtype_of(x).startswith(("float", "bfloat")):
            raise TypeError(f"STFTSpectrogram takes sound in floats; {dtype_of(x)} came.")
        first = self.data_format == "channels_first"
        x = ops.swapaxes(x, 1, 2) if first else x
        y = self._of_mode(x)  # (batch, times, channels * frequencies)
        if self.expand_dims:
            return ops.stack(ops.split(y, x.shape[2], 2), 1 if first else 3)
        return ops.swapaxes(y, 1, 2) if first else y

    def _of_mode(self, x):
        kernels = [kernel for kernel in (self.real_kernel, self.imag_kernel) if kernel is not None]
        if self.mode in ("real", "imag", "stft"):
            return self._convolved(x, kernels[0] if len(kernels) == 1 else ops.concatenate(kernels, 2))
        real, imaginary = (self._convolved(x, kernel) for kernel in kernels)
        if self.mode == "angle":
            return ops.arctan2(imaginary, real)
        power = ops.square(real) + ops.square(imaginary)
        if self.mode == "psd":
            return ops.multiply(power, self._sides(x.shape[2]))
        magnitude = ops.sqrt(ops.maximum(power, epsilon()))
        return ops.log(magnitude) if self.mode == "log" else magnitude

    def _sides(self, channels):
        """How often a frequency is there: those in the middle stand for their negative ones too."""
        bins = self._fft_length // 2 + 1
        return np.tile([1.0, *[2.0] * (bins - 2), 1.0][:bins], channels).astype("float32")

    def _convolved(self, x, kernel):
        """Each channel convolved with the same kernel."""
        return ops.conv(x, ops.tile(kernel, (1, 1, x.shape[2])), self._step, self.padding, "channels_last")
