"""Sound as pictures of its frequencies."""

import math

import numpy as np

from kerata import ops
from kerata.core.arrays import as_array
from kerata.layers.arguments import positive_integer
from kerata.layers.preprocessing.base import DataLayer


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

    def __init__(
        self,
        fft_length=2048,
        sequence_stride=512,
        sequence_length=None,
        window="hann",
        sampling_rate=16000,
        num_mel_bins=128,
        min_freq=20.0,
        max_freq=None,
        power_to_db=True,
        top_db=80.0,
        mag_exp=2.0,
        min_power=1e-10,
        ref_power=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.fft_length = positive_integer(fft_length, "fft_length", self)
        self.sequence_stride = positive_integer(sequence_stride, "sequence_stride", self)
        self.sequence_length = sequence_length or fft_length
        self.window, self.sampling_rate = window, positive_integer(sampling_rate, "sampling_rate", self)
        self.num_mel_bins = positive_integer(num_mel_bins, "num_mel_bins", self)
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        if not 0 <= self.min_freq < self.max_freq <= sampling_rate / 2:
            raise ValueError(
                f"MelSpectrogram: min_freq and max_freq must rise from 0 to half the sampling rate; {min_freq!r}, {max_freq!r} "
                f"and {sampling_rate!r} came."
            )
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power

    def call(self, inputs):
        """The spectrogram."""
        x = ops.cast(as_array(inputs), self.compute_dtype)
        single = len(x.shape) == 1
        x = ops.expand_dims(x, 0) if single else x
        real, imaginary = ops.stft(x, self.sequence_length, self.sequence_stride, self.fft_length, self.window)
        power = ops.add(ops.square(real), ops.square(imaginary))
        strength = power if self.mag_exp == 2 else ops.power(ops.sqrt(power), self.mag_exp)
        bands = ops.matmul(strength, ops.cast(self._bands(), self.compute_dtype))
        result = ops.swapaxes(self._decibels(bands) if self.power_to_db else bands, -1, -2)
        return ops.squeeze(result, 0) if single else result

    def _decibels(self, power):
        loudness = ops.multiply(ops.log10(ops.maximum(power, self.min_power)), 10.0)
        loudness = ops.subtract(loudness, 10.0 * math.log10(max(self.min_power, self.ref_power)))
        return ops.maximum(loudness, ops.subtract(ops.max(loudness), self.top_db))

    def _bands(self):
        return self.linear_to_mel_weight_matrix(
            self.num_mel_bins, self.fft_length // 2 + 1, self.sampling_rate, self.min_freq, self.max_freq
        )

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins=20,
        num_spectrogram_bins=129,
        sampling_rate=8000,
        lower_edge_hertz=125.0,
        upper_edge_hertz=3800.0,
        dtype="float32",
    ):
        """What each frequency counts in each band: (num_spectrogram_bins, num_mel_bins), triangles on the mel scale."""
        mel = lambda hertz: 1127.0 * np.log1p(np.asarray(hertz, "float64") / 700.0)
        frequencies = mel(np.linspace(0.0, sampling_rate / 2, num_spectrogram_bins)[1:])[:, None]
        edges = np.linspace(mel(lower_edge_hertz), mel(upper_edge_hertz), num_mel_bins + 2)
        low, middle, high = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
        weights = np.maximum(0, np.minimum(rising, falling))
        return np.pad(weights, [(1, 0), (0, 0)]).astype(dtype)  # what does not swing has no pitch

    def compute_output_shape(self, input_shape):
        """The output's shape for inputs of this shape."""
        samples = input_shape[-1]
        times = None if samples is None else 1 + samples // self.sequence_stride
        return (*input_shape[:-1], self.num_mel_bins, times)
