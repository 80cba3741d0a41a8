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


# The short-time Fourier transform by convolutions

SOUND = np.random.default_rng(0).normal(size=(2, 40, 2)).astype("float32")
SOUND[0, :20, 0] = 0
FRAMES = {"frame_length": 8, "frame_step": 3, "fft_length": 16}


def spectrogram(arguments, x, engine):
    """Ours and the oracle's, and their layers."""
    pair = [m.layers.STFTSpectrogram(**FRAMES | arguments, name="s") for m in (kerata, keras())]
    return engine.to_numpy(pair[0](x)), np.asarray(pair[1](x)), pair


@pytest.mark.parametrize("mode", layers.STFTSpectrogram.modes)
@pytest.mark.parametrize("expand_dims", [False, True])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_stft_spectrogram(mode, expand_dims, data_format, engine):
    """The oracle's numbers, weights, shapes and config in every mode."""
    x = SOUND if data_format == "channels_last" else np.swapaxes(SOUND, 1, 2)
    arguments = {"mode": mode, "expand_dims": expand_dims, "data_format": data_format}
    found, expected, (mine, other) = spectrogram(arguments, x, engine)
    if mode == "angle":  # the same direction: -pi is pi, and silence has none
        found, expected = np.exp(1j * found), np.exp(1j * expected)
        strong = spectrogram(arguments | {"mode": "psd"}, x, engine)[1] > 1e-6
        found, expected = found * strong, expected * strong
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-4)
    assert tuple(mine.compute_output_shape(x.shape)) == expected.shape
    assert [(w.name, tuple(w.shape), w.trainable) for w in mine.weights] == [
        (w.name, tuple(w.shape), w.trainable) for w in other.weights
    ]
    assert json.loads(json.dumps(mine.get_config())) == json.loads(json.dumps(other.get_config()))


@pytest.mark.parametrize(
    "arguments",
    [
        {"padding": "same"},
        {"padding": "same", "frame_step": None, "fft_length": None, "frame_length": 7},
        {"window": "hamming", "periodic": True, "scaling": "spectrum"},
        {"window": np.linspace(0.1, 1, 8).astype("float32"), "scaling": None},
        {"window": None},
        {"frame_length": 1, "frame_step": 1, "fft_length": 2, "window": None},
    ],
)
def test_frames_and_windows(arguments, engine):
    found, expected, _ = spectrogram(arguments | {"mode": "magnitude"}, SOUND, engine)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_unknown_lengths():
    layer = layers.STFTSpectrogram(mode="stft", padding="same", expand_dims=True, **FRAMES)
    assert layer(kerata.Input((None, 2))).shape == (None, None, 18, 2)
    assert layers.STFTSpectrogram(**FRAMES)(kerata.Input((40, 2))).shape == (None, 11, 18)


def test_the_kernels_are_trained_unless_said_otherwise(training_engine):
    for trainable in (True, False):
        frozen = kerata.Sequential(
            [kerata.Input((40, 2)), layers.STFTSpectrogram(mode="psd", trainable=trainable, **FRAMES), layers.Dense(1)]
        )
        frozen.compile("sgd", "mse")
        before = frozen.layers[0].get_weights()
        frozen.fit(SOUND, np.ones((2, 11, 1), "float32"), verbose=0)
        changed = [bool((a != b).any()) for a, b in zip(before, frozen.layers[0].get_weights())]
        assert changed == [trainable] * 2
        assert len(frozen.trainable_weights) == (4 if trainable else 2)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"mode": "phase"}, "mode must be one of log, magnitude, psd, real, imag, angle, stft; 'phase' came"),
        ({"padding": "causal"}, "padding must be one of valid, same; 'causal' came"),
        ({"scaling": "max"}, "scaling must be one of None, 'density', 'spectrum'; 'max' came"),
        ({"window": "box"}, "window must be one of hann, hamming, an array or None; 'box' came"),
        ({"window": np.ones(5)}, "the window must have the shape (8,); (5,) came"),
        ({"frame_step": 9}, "frame_step must not exceed frame_length=8; 9 came"),
        ({"frame_step": 0}, "frame_step must be a positive integer; 0 came"),
        ({"frame_length": 0}, "frame_length must be a positive integer; 0 came"),
        ({"fft_length": 4}, "fft_length must be at least frame_length=8; 4 came"),
        ({"data_format": "channels"}, "channels_first"),
    ],
)
def test_bad_arguments_of_stft_spectrogram(arguments, text):
    with pytest.raises(ValueError) as error:
        layers.STFTSpectrogram(**FRAMES | arguments)
    assert text in str(error.value)


def test_bad_sound(engine):
    layer = layers.STFTSpectrogram(**FRAMES)
    with pytest.raises(TypeError, match="takes sound in floats; int32 came"):
        layer(np.ones((2, 40, 1), "int32"))
    with pytest.raises(ValueError, match="STFTSpectrogram"):
        layer(np.ones((2, 40), "float32"))


def test_errors():
    with pytest.raises(ValueError, match="fft_length must be a positive integer; 0 came"):
        layers.MelSpectrogram(fft_length=0)
    with pytest.raises(ValueError, match="must rise from 0 to half the sampling rate"):
        layers.MelSpectrogram(min_freq=300.0, max_freq=200)


def test_spectrograms_in_half_precision(engine):
    sound = np.sin(np.arange(1000.0)).astype("float32")
    layer = layers.MelSpectrogram(fft_length=128, sequence_stride=64, num_mel_bins=8, dtype="float16")
    assert engine.to_numpy(layer(sound)).dtype == "float16"
