"""Spectrograms: the oracle's numbers."""

import json

import numpy as np
import pytest

import kerata
from kerata import engines, layers

from ...oracle import keras

X = np.sin(np.arange(2 * 1500).reshape(2, 1500) * 0.3 + np.arange(1500) ** 1.5 / 300).astype("float32")
CASES = [
    {"fft_length": 256, "sequence_stride": 64, "num_mel_bins": 20},
    {"fft_length": 256, "sequence_stride": 100, "sequence_length": 200, "num_mel_bins": 16, "power_to_db": False},
    {"fft_length": 128, "sequence_stride": 64, "num_mel_bins": 8, "mag_exp": 1.0, "power_to_db": False, "window": "hamming"},
    {"fft_length": 128, "sequence_stride": 64, "num_mel_bins": 8, "min_freq": 100.0, "max_freq": 3000, "top_db": 20.0},
]


@pytest.mark.parametrize("arguments", CASES)
def test_mel_spectrogram(arguments, engine):
    mine, other = (m.layers.MelSpectrogram(**arguments, name="m") for m in (kerata, keras()))
    expected = np.asarray(other(X))
    np.testing.assert_allclose(engine.to_numpy(mine(X)), expected, rtol=1e-3, atol=1e-3)
    assert mine.compute_output_shape(X.shape) == expected.shape
    np.testing.assert_allclose(engine.to_numpy(mine(X[0])), np.asarray(other(X[0])), rtol=1e-3, atol=1e-3)
    configs = [json.loads(json.dumps(layer.get_config())) for layer in (mine, other)]
    assert configs[0] == configs[1]


def test_bands():
    mine, other = (m.layers.MelSpectrogram() for m in (kerata, keras()))
    np.testing.assert_allclose(mine.linear_to_mel_weight_matrix(), other.linear_to_mel_weight_matrix(), atol=1e-5)


@pytest.mark.parametrize("name", ["jax", "torch", "tensorflow"])
def test_in_a_tf_data_pipeline(name):
    import tensorflow as tf

    with engines.use_engine(name):
        layer = layers.MelSpectrogram(**CASES[0])
        (found,) = tf.data.Dataset.from_tensor_slices(X).batch(2).map(layer).as_numpy_iterator()
    np.testing.assert_allclose(found, np.asarray(keras().layers.MelSpectrogram(**CASES[0])(X)), rtol=1e-3, atol=1e-3)


def test_errors():
    with pytest.raises(ValueError, match="fft_length must be a positive integer; 0 came"):
        layers.MelSpectrogram(fft_length=0)
    with pytest.raises(ValueError, match="must rise from 0 to half the sampling rate"):
        layers.MelSpectrogram(min_freq=300.0, max_freq=200)
